# What may differ, because somebody said so.
load ../support/helpers

setup() {
  common_setup
  movies_record m.mrec 60
  start_movies v1 --as v1
  start_movies v2 --as v2 --without status --without slow # rating is called score
  mirrorctl replay -q m.mrec --v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v2_port" \
    -o run.mres
}
teardown() { common_teardown; }

# report ARG...: the JSON report in r.json, and the status.
report() {
  status=0
  mirrorctl diff run.mres --format json "$@" >r.json || status=$?
}

@test "a path that is ignored counts no more, and tells its hits" {
  report
  [ "$status" -eq 1 ]
  [ "$(jq -c .rules r.json)" = "[]" ]
  report --ignore '$.rating' --ignore /score
  [ "$status" -eq 0 ]
  [ "$(jq -r '[.rules[].rule] | join(" ")' r.json)" = '$.rating /score' ]
  [ "$(jq '[.rules[].hits] | min > 0' r.json)" = true ]
  [ "$(jq '[.endpoints[].differences[] | select(.path == "$.rating")] | length' r.json)" -eq 0 ]
}

@test "a rule that matches nothing warns, and names what may be meant" {
  cat >rules.yaml <<'YAML'
rules:
  - path: $.ratinq
    ignore: true
    reason: renamed
YAML
  report --rules rules.yaml
  [ "$status" -eq 1 ]
  [ "$(jq -r '.rules[0] | "\(.rule) \(.action) \(.hits) \(.reason)"' r.json)" = '$.ratinq ignore 0 renamed' ]
  [[ $(jq -r '.warnings[] | select(.code == "rule_unused").message' r.json) == *'did you mean $.rating?'* ]]
  run mirrorctl diff run.mres --rules rules.yaml
  [[ $output == *'ignored by rules: 1 rule, 0 hits; 1 rule matched nothing: $.ratinq (typo?)'* ]]
}

@test "a rule whose limit is exceeded is not taken for one with a mistyped path" {
  cat >pairs <<'END'
=== 10 GET /
--- v1 200
| Content-Type: application/json
| X-Age: 5
: {"price": 10.10, "id": 1}
--- v2 200
| Content-Type: application/json
| X-Age: 9
: {"price": 10.12, "id": "1"}
END
  "$TOOLS/make_pairs" <pairs >run.mres
  printf 'rules:\n  - {path: $.price, abs: 0.01}\n  - {path: $.id, type_only: true}\n  - {path: "header:x-age", abs: 1}\n' >rules.yaml
  report --rules rules.yaml
  [ "$status" -eq 1 ]
  [ "$(jq -r '.warnings[] | select(.code == "rule_exceeded").message' r.json)" = \
    'the rule for $.price (abs) waived nothing: 10 differences there are beyond it
the rule for $.id (type_only) waived nothing: 10 differences there are beyond it
the rule for header:x-age (abs) waived nothing: 10 differences there are beyond it' ]
  [ "$(jq '[.warnings[] | select(.code == "rule_unused")] | length' r.json)" -eq 0 ]
  run mirrorctl diff run.mres --rules rules.yaml
  [[ $output != *typo* ]]
}

@test "mistakes are told by file, line and column, with a caret, and nothing is compared" {
  cat >rules.yaml <<'YAML'
rules:
  - path: $.items[?(@.price > 1)]
    ignore: true
  - path: $.a
    ignor: true
YAML
  run --separate-stderr mirrorctl diff run.mres --rules rules.yaml
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [[ $stderr == *'rules.yaml:2:19: error[E703]: filters are not supported'* ]]
  [[ $stderr == *$'$.items[?(@.price > 1)]\nmirrorctl:             ^'* ]]
  [[ $stderr == *'rules.yaml:5:5: error[E702]: a rule has no key "ignor"; did you mean "ignore"?'* ]]
  [[ $stderr == *'2 errors in the rules'* ]]
  run --separate-stderr mirrorctl diff run.mres --ignore '$.a[-1]'
  [ "$status" -eq 2 ]
  [[ $stderr == *'--ignore: error[E703]: counting from the end is not supported'* ]]
  run --separate-stderr mirrorctl diff run.mres --rules no-such.yaml
  [ "$status" -eq 2 ]
  [[ $stderr == *'no-such.yaml: No such file or directory'* ]]
}

@test "an expired rule counts again, by the day of the run" {
  printf 'rules:\n  - {path: $.rating, ignore: true, until: 2001-01-01}\n  - {path: $.score, ignore: true, until: 2999-01-01}\n' >rules.yaml
  report --rules rules.yaml
  [ "$status" -eq 1 ]
  [[ $(jq -r '.warnings[] | select(.code == "rule_expired").message' r.json) == *'$.rating held until 2001-01-01'* ]]
  [ "$(jq '.rules[1].hits > 0' r.json)" = true ]
}

@test "--policy additive lets v2 add a field, but not take one away" {
  report --policy additive --ignore '$.rating'
  [ "$status" -eq 0 ]
  [ "$(jq -r '[.endpoints[].differences[] | select(.path == "$.score").verdict] | unique[]' r.json)" = ignored ]
  report --policy additive --ignore '$.score'
  [ "$status" -eq 1 ]
}

@test "--print-default-rules reads back, changes nothing and warns of nothing" {
  mirrorctl diff --print-default-rules >defaults.yaml
  grep -q 'path: header:date' defaults.yaml
  report --rules defaults.yaml
  [ "$status" -eq 1 ]
  [ "$(jq '[.warnings[] | select(.code | startswith("rule"))] | length' r.json)" -eq 0 ]
}

@test "the same rules give the same bytes with any number of threads" {
  for threads in 1 2 7; do
    mirrorctl diff run.mres --ignore '$..rating' --policy additive --format json \
      --threads $threads >"$threads" || true
  done
  cmp 1 2
  cmp 1 7
  [ -s 1 ]
}

@test "an OpenAPI description names endpoints" {
  cat >api.yaml <<'YAML'
openapi: 3.0.0
paths:
  /movies/{movieId}: {get: {}}
  /movies/{movieId}/reviews: {get: {}}
YAML
  report --openapi api.yaml
  [ "$(jq '[.endpoints[] | select(.path == "/movies/{movieId}")] | length' r.json)" -eq 1 ]
  echo 'openapi: 3.0.0' >none.yaml
  run --separate-stderr mirrorctl diff run.mres --openapi none.yaml
  [ "$status" -eq 2 ]
  [[ $stderr == *'none.yaml:1:1: error[E711]'* ]]
}
