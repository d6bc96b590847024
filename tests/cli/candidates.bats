load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# made FILE OPTION...: a result of a run that never was.
made() { "$TOOLS/make_result" "${@:2}" >"$1"; }

# report FILE...: its JSON; the status of diff is in $verdict.
report() {
  verdict=0
  mirrorctl diff --format json "$@" || verdict=$?
}

@test "several candidates: each is compared with v1, the worst decides, text and JSON agree" {
  made three.mres --candidates 3
  run mirrorctl diff three.mres
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = "FAIL  v3 does not answer as v1 does; v2 PASS, v4 FAIL" ]
  report three.mres >three.json
  [ "$verdict" -eq 1 ]
  [ "$(jq -c '[.verdict, (.candidates[] | [.candidate, .verdict])]' three.json)" = \
    '["fail",["v2","pass"],["v3","fail"],["v4","fail"]]' ]
  [ "$(jq -c '[.gates, .endpoints | map(.candidate) | unique]' three.json)" = \
    '[["v2","v3","v4"],["v2","v3","v4"]]' ]
  [ "$(jq -c '[.totals.pairs, (.candidates | map(.totals.pairs) | add),
    (.endpoints | map(.pairs) | add)] | unique | length' three.json)" -eq 1 ]
  [ "$(jq -c '[.endpoints[] | select(.candidate == "v3").differences[].examples[] | keys[]]
    | unique' three.json)" = '["id","v1","v3"]' ]
}

@test "several candidates: the threads leave no trace" {
  made three.mres --candidates 8
  for format in text json; do
    mirrorctl diff three.mres --format $format --threads 1 >one || true
    mirrorctl diff three.mres --format $format --threads 7 >seven || true
    cmp one seven
    [ -s one ]
  done
}

@test "a recorded baseline: said in v1's place, what is missing is counted" {
  made recorded.mres --recorded
  run mirrorctl diff recorded.mres
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = "PASS  v2 answers as was recorded" ]
  [[ $output == *"v1 recorded"* ]]
  [[ $output == *"5 not recorded whole"* ]]
  report recorded.mres >recorded.json
  [ "$(jq -c '[.run.targets.v1, .run.targets.control, .totals.unrecorded, .totals.v1_failed]' \
    recorded.json)" = '["recorded","http://one.test",5,0]' ]
}

@test "shards joined with cat, or given one by one, report what one run does" {
  for options in "" "--candidates 2" "--recorded --candidates 2"; do
    made whole.mres $options
    for i in 1 2 3; do made $i.mres $options --shard $i/3; done
    cat 2.mres 1.mres 3.mres >joined.mres
    for format in json text; do
      mirrorctl diff --format $format - <whole.mres >whole || true
      mirrorctl diff --format $format - <joined.mres >joined || true
      [ -s whole ]
      cmp <(grep -v '"started"\|"ended"' whole) <(grep -v '"started"\|"ended"' joined)
    done
    cp 2.mres first.mres
    report first.mres 1.mres 3.mres >apart.json
    cmp <(jq 'del(.run)' apart.json) <(mirrorctl diff --format json joined.mres | jq 'del(.run)')
    [ "$(jq -r '.run | .started + " " + .ended' apart.json)" = \
      "2026-11-22T20:10:01Z 2026-11-22T20:11:03Z" ]
  done
}

@test "a shard that is missing leaves the run INCONCLUSIVE where its accounting does not" {
  made 1.mres --shard 1/2
  made 2.mres --shard 2/2
  head -c -100 2.mres >torn.mres
  run --separate-stderr mirrorctl diff 1.mres torn.mres
  [ "$status" -eq 4 ]
  [[ $output == INCONCLUSIVE*"the run was cut off"* ]]
}

@test "show: answers of all targets by their names, and the recorded one" {
  made three.mres --candidates 2
  [ "$(mirrorctl show three.mres 1 --format jsonl |
    jq -c '[._v1, ._v2, ._v3, ._control | .response.content.text | fromjson.at]')" = '[0,2,3,1]' ]
  run mirrorctl show three.mres 8
  [ "$(grep -c -- '^-- \(v1\|v2\|control\): answered' <<<"$output")" -eq 3 ]
  [[ $output == *"-- v3: timeout (no answer in 10 s)"* ]]
  made recorded.mres --recorded
  [ "$(mirrorctl show recorded.mres 1 --format jsonl |
    jq -c '[.response.status, ._v1, ._v2.response.status, ._control.response.status]')" = \
    '[200,null,200,200]' ]
  [[ "$(mirrorctl show recorded.mres | sed -n 4p)" == *" -> recorded 200 "*" | v2 200 "*" | control 200 "* ]]
  [[ "$(mirrorctl show recorded.mres 3)" != *"-- recorded"* ]]
  [[ "$(mirrorctl show recorded.mres 1)" == *"-- recorded: answered, 0.600 ms"* ]]
}

@test "a replay to two candidates: v3, which differs, is named" {
  movies_record m.mrec 40
  start_movies v1 --as v1
  start_movies v2 --as v2 --without rename --without status --without slow
  start_movies v3 --as v2 --without status --without slow
  mirrorctl replay -q m.mrec --v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v2_port" \
    --v2 "http://127.0.0.1:$v3_port" -o m.mres
  run mirrorctl diff m.mres
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = "FAIL  v3 does not answer as v1 does; v2 PASS" ]
  [[ $output == *"score"* ]]
}

# What a service answered when it was recorded, and what it answers again.
@test "a replay compared with the recorded answers: the service equals itself, and v1 gets nothing" {
  need_capture
  start_movies live --as v1
  start capture.log bash -c 'exec "$0" capture -i lo -p "$1" -o live.mrec' "$MIRRORCTL" "$live_port"
  capture_pid=$PID
  wait_for capture.log "listening on lo"
  "$ROOT/samples/movies/traffic.sh" "$live_port" 20
  kill -INT "$capture_pid"
  end_of "$capture_pid"
  mirrorctl replay -q live.mrec --baseline recorded --v2 "http://127.0.0.1:$live_port" -o m.mres
  report m.mres >report.json
  [ "$(jq -c '[.run.targets.v1, .totals.pairs, .totals.status, .totals.headers, .totals.unrecorded]' \
    report.json)" = '["recorded",20,0,0,0]' ]
}
