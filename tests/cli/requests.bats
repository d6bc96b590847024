# Which requests of a record are sent, when, and with which bytes.
load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

both() { # v1 and v2, and the options that name them
  start_movies v1 --as v1
  start_movies v2 --as v2
  targets=(--v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v2_port")
}

nowhere=(--v1 http://127.0.0.1:1 --v2 http://127.0.0.1:2)

@test "--only and --skip say which paths are sent, and skip wins" {
  movies_record m.mrec 12 # /movies/2 to /movies/12 and /movies/1
  both
  run --separate-stderr mirrorctl replay m.mrec "${targets[@]}" --max --only 'GET /movies/{id}' \
    --skip /movies/7 --skip '/movies/1' -o m.mres
  [ "$status" -eq 0 ]
  [[ $stderr == *"12 recorded = 10 eligible + 2 not_eligible{no_rule 2}"* ]]
  [[ $stderr == *"2 requests were left out by --only and --skip"* ]]
  stop_movies "$v2_pid"
  [ "$(requests_in v2.log)" -eq 10 ]
  ! grep -q '/movies/7?' v2.log
  run mirrorctl replay m.mrec "${nowhere[@]}" --dry-run --skip movies
  [ "$status" -eq 2 ]
  [[ $output == *"--skip: \"movies\" is not a path like \"GET /users/{id}\""* ]]
}
