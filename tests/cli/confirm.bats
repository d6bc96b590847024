# `replay --confirm`: what a result could not decide is sent again.

load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

@test "a request with an undecided difference is sent again, five times to both" {
  "$TOOLS/make_result" --rare >run.mres
  start_movies one --as v1
  start_movies two --as v1
  mirrorctl replay -q --confirm run.mres --v1 "http://127.0.0.1:$one_port" \
    --v2 "http://127.0.0.1:$two_port" -o again.mres
  mirrorctl show again.mres --format jsonl | jq -c '[._id, .request._target]' | sort | uniq -c >sent
  [ "$(sed 's/^ *//' sent)" = '5 [61,"/movies/60"]' ]
  mirrorctl show -v again.mres 2>&1 | grep -q '"confirm":{"of":"run.mres","times":5}'
}

@test "what does not come again is noise, and the verdict is no longer open" {
  "$TOOLS/make_result" --rare >run.mres
  status=0
  mirrorctl diff run.mres >before || status=$?
  [ "$status" -eq 3 ]
  grep -q 'mirrorctl replay --confirm run.mres' before
  start_movies one --as v1
  start_movies two --as v1
  mirrorctl replay -q --confirm run.mres --v1 "http://127.0.0.1:$one_port" \
    --v2 "http://127.0.0.1:$two_port" -o again.mres
  mirrorctl diff run.mres again.mres >after
  grep -q '^PASS' after
  grep -q 'sent again: not reproduced' after
}

@test "where nothing is undecided nothing is sent" {
  "$TOOLS/make_result" >run.mres
  mirrorctl replay --confirm run.mres -o again.mres 2>err
  grep -q 'nothing is undecided' err
  [ ! -e again.mres ]
}

@test "a record is no result: one line, and nothing is sent" {
  movies_record m.mrec
  run -2 mirrorctl replay --confirm m.mrec -o again.mres
  [ "${#lines[@]}" -eq 1 ]
  [ ! -e again.mres ]
}

@test "what --confirm decides by itself nobody else can: one line, and nothing is sent" {
  "$TOOLS/make_result" --rare >run.mres
  for said in "--percent 10" "--loop 3" "--shard 1/2" "--speed 2" "--ramp 1s" "--control v1" \
    "--baseline recorded"; do
    # shellcheck disable=SC2086
    run -2 mirrorctl replay --confirm run.mres $said -o again.mres
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *"${said%% *}"*"does not go with it"* ]]
  done
  run -2 mirrorctl replay --times 9 run.mres --v1 http://127.0.0.1:1 --v2 http://127.0.0.1:1 -o again.mres
  [ "$output" = "mirrorctl: --times is how often --confirm sends, which is missing" ]
  [ ! -e again.mres ]
}
