load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# Two rules: one movie goes to one candidate, everything else to two, of which the second
# differs and gets a half.
plan() {
  cat >plan.yaml <<'END'
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: movies}
spec:
  hosts: ["*"]
  http:
  - match: [{uri: {exact: /movies/1}}]
    route: [{destination: {host: m, subset: v1}}]
    mirror: {host: m, subset: same}
  - route: [{destination: {host: m, subset: v1}}]
    mirrors:
    - {destination: {host: m, subset: same}, percentage: {value: 100}}
    - {destination: {host: m, subset: other}, percentage: {value: 50}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: m}
spec: {host: m, subsets: [{name: v1, labels: {v: a}}, {name: same, labels: {v: b}}, {name: other, labels: {v: c}}]}
END
}

services() {
  start_movies v1 --as v1
  start_movies same --as v1
  start_movies other --as v2
  # shellcheck disable=SC2154 # set by start_movies
  endpoints=(--endpoint "m/v1=http://127.0.0.1:$v1_port" --endpoint "m/same=http://127.0.0.1:$same_port"
    --endpoint "m/other=http://127.0.0.1:$other_port")
}

@test "several candidates: each is compared by what it was sent, from the result file on" {
  plan
  services
  movies_record movies.mrec 60
  mirrorctl replay movies.mrec --max -c plan.yaml "${endpoints[@]}" -o run.mres 2>log
  grep -q '60 selected = 60 paired + 0 unpaired' log
  sent=$(copies_in other.log)
  ((sent > 10 && sent < 45))
  [ "$(copies_in same.log)" -eq 60 ]
  grep -q "^mirrorctl: v3: $sent sent = $sent answered + 0 failed + $((60 - sent)) not_sent{off $((60 - sent))}" log
  mirrorctl diff run.mres --format json --gate latency=off >report.json || [ $? -eq 1 ]
  [ "$(jq -r .verdict report.json)" = fail ]
  jq -r '.gates[] | select(.candidate == "v2") | .verdict' report.json >v2
  run -1 grep -qE 'fail|inconclusive' v2
  jq -r '.gates[] | select(.candidate == "v3" and .name == "body") | .verdict' report.json | grep -qx fail
  # What v3 was not sent is missing nowhere.
  jq -r '.gates[] | select(.name == "coverage") | .verdict' report.json >coverage
  [ "$(sort -u coverage)" = pass ]
  [ "$(jq '[.endpoints[] | select(.candidate == "v3") | .pairs] | add' report.json)" -eq "$sent" ]
  [ "$(jq '[.endpoints[] | select(.candidate == "v2") | .pairs] | add' report.json)" -eq 60 ]
}

# What a result begins with.
meta() { strings -n 100 "$1" | grep -om1 '{"schema":"mirrorctl.result/1".*}'; }

@test "META: roles by where they run, the rules with their shares, no percentage for all" {
  plan
  services
  movies_record movies.mrec 5
  mirrorctl replay -q movies.mrec --max -c plan.yaml "${endpoints[@]}" -o run.mres
  meta run.mres >meta.json
  [ "$(jq -c '[.percent, .names]' meta.json)" = '[null,["v1","v2","v3","control"]]' ]
  [ "$(jq -r .targets.v3 meta.json)" = "http://127.0.0.1:$other_port" ]
  [ "$(jq -c '.plan.rules[1].candidates' meta.json)" = \
    '[{"destination":"m/same","ppm":1000000},{"destination":"m/other","ppm":500000}]' ]
  [ "$(jq -c '.plan.rules[0] | [.name, .baseline[0].destination]' meta.json)" = '["movies/0","m/v1"]' ]
  mirrorctl replay -q movies.mrec --max -c plan.yaml "${endpoints[@]}" --percent 20 \
    --endpoint m/other=http://127.0.0.1:1 --dry-run -o all.mres
  meta all.mres >meta.json
  [ "$(jq -c '[.percent, .targets.v3, .plan.rules[1].candidates[1].ppm]' meta.json)" = '[20,"m/other",200000]' ]
}

@test "an address of several that is down is named, and costs only its share" {
  plan
  services
  movies_record movies.mrec 400
  mirrorctl replay movies.mrec --max -c plan.yaml "${endpoints[@]}" --endpoint m/same=http://127.0.0.1:1 \
    --control none --percent 100 -o run.mres 2>log
  grep -q 'v2 at 127.0.0.1:1: breaker opened' log
  [ "$(copies_in v1.log)" -eq 400 ]
  sent=$(copies_in same.log)
  ((sent > 140 && sent < 260))
}

@test "a live mirror refuses a plan whose copies would not carry their mark" {
  cat >plan.yaml <<'END'
apiVersion: mirrorctl/v1
kind: Mirror
name: movies
baseline: http://127.0.0.1:1
candidate: http://127.0.0.1:2
headers: {remove: [X-Mirrorctl]}
END
  run -2 --separate-stderr mirrorctl mirror -i lo -c plan.yaml
  [[ $stderr == *'E510: without X-Mirrorctl copies could be captured and mirrored for ever'* ]]
  run -2 --separate-stderr mirrorctl mirror -i lo --v1 http://127.0.0.1:1 --v2 http://127.0.0.1:2 \
    --remove-header x-mirrorctl
  [[ $stderr == *E510* ]]
}
