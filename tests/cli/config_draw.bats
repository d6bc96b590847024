load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# mesh RULE...: a VirtualService whose entries of http: these are, in flow style;
# R and M are its route to v1 and its mirror to v2.
mesh() {
  local rule
  printf '%s\n' 'apiVersion: networking.istio.io/v1' 'kind: VirtualService' 'metadata: {name: x}' \
    'spec:' '  hosts: ["*"]' '  http:'
  for rule; do
    rule=${rule//R,/route: [{destination: {host: m, subset: v1\}\}],}
    printf -- '  - {%s}\n' "${rule//M,/mirror: {host: m, subset: v2\},}"
  done
  cat <<'END'
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: m}
spec: {host: m, subsets: [{name: v1, labels: {v: a}}, {name: v2, labels: {v: b}}, {name: v3, labels: {v: c}}]}
END
}

# services NAME...: they run, and $endpoints says where.
services() {
  local name port
  endpoints=()
  for name; do
    start_movies "$name" --as v1
    port=${name}_port
    endpoints+=(--endpoint "m/$name=http://127.0.0.1:${!port}")
  done
}

# What a service was asked for, sorted.
asked() { grep ' copy$' "$1" | grep -oE '/movies/[^ ]*' | sort; }

replay() { mirrorctl replay -q movies.mrec --max --control none "$@"; }

@test "config 1: the sample's file sends 50 of 50 requests to v2" {
  start_movies v1 --as v1
  start_movies v2 --as v2
  movies_record movies.mrec 50
  mirrorctl replay movies.mrec --max -c "$ROOT/samples/movies/movies-mirror.yaml" -o run.mres \
    --endpoint "movies-api-service/v1=http://127.0.0.1:$v1_port" \
    --endpoint "movies-api-service/v2=http://127.0.0.1:$v2_port" 2>log
  grep -q 'warning\[W202\].*deprecated' log
  [ "$(copies_in v2.log)" -eq 50 ]
}

@test "config 3, 13: an off mirror copies nothing; without any there is nothing to do" {
  movies_record movies.mrec 10
  services v1 v2
  mesh 'R, M, mirrorPercentage: {value: 0}' >off.yaml
  mesh 'R, mirror_percent: 50' >none.yaml
  replay -c off.yaml "${endpoints[@]}" -o run.mres
  [ "$(copies_in v1.log)$(copies_in v2.log)" = 00 ]
  run -2 --separate-stderr mirrorctl replay movies.mrec -c none.yaml "${endpoints[@]}" -o run.mres
  [[ $stderr == *'[W404]'*'[E409]'*'nothing to do'* ]]
}

@test "config 15: every request that 5 % send to v2 is sent to v3 by 10 %" {
  movies_record movies.mrec 400
  services v1 v2 v3
  mesh 'R, mirrors: [{destination: {host: m, subset: v2}, percentage: {value: 5}},
        {destination: {host: m, subset: v3}, percentage: {value: 10}}]' >mesh.yaml
  replay -c mesh.yaml "${endpoints[@]}" -o run.mres
  asked v2.log >two
  asked v3.log >three
  [ -s two ]
  [ -z "$(comm -23 two three)" ]
  [ "$(wc -l <two)" -lt "$(wc -l <three)" ]
}

@test "config 19: the same choice whatever the concurrency, and 10 % is inside of 20 %" {
  movies_record movies.mrec 300
  mesh 'R, M, mirrorPercentage: {value: 10}' >ten.yaml
  mesh 'R, M, mirrorPercentage: {value: 20}' >twenty.yaml
  for run in "ten 1" "ten 8" "twenty 64"; do
    read -r share concurrency <<<"$run"
    services v1 v2
    replay -c "$share.yaml" --concurrency "$concurrency" "${endpoints[@]}" -o run.mres
    asked v2.log >"$share.$concurrency"
    diff "$share.$concurrency" <(asked v1.log)
    stop_movies "$v1_pid"
    stop_movies "$v2_pid"
  done
  [ -s ten.1 ]
  diff ten.1 ten.8
  [ -z "$(comm -23 ten.1 twenty.64)" ]
}

@test "config 20, 21, 29, 31: what no rule mirrors is left out, and counted for its reason" {
  movies_record movies.mrec 10
  services v1 v2
  while IFS='|' read -r reason first second; do
    mesh "$first" ${second:+"$second"} >mesh.yaml
    mirrorctl replay movies.mrec --max --dry-run -c mesh.yaml "${endpoints[@]}" >log 2>&1
    grep -qF "10 not_eligible{$reason 10}" log || { cat mesh.yaml log; return 1; }
  done <<'END'
no_mirror|match: [{method: {exact: POST}}], R, M,|R,
no_mirror|R,|match: [{uri: {prefix: /movies}}], R, M,
undecided|match: [{sourceLabels: {app: a}}], R, M,
no_rule|match: [{uri: {exact: /movies}}], R, M,
redirect|redirect: {uri: /x}, M,
END
}

@test "config 32: the baseline of a request is drawn by its weight, the same in every run" {
  movies_record movies.mrec 200
  for run in 1 2; do
    services v1 v2 v3
    mesh 'route: [{destination: {host: m, subset: v1}, weight: 90},
          {destination: {host: m, subset: v3}, weight: 10}], M,' >mesh.yaml
    replay -c mesh.yaml "${endpoints[@]}" -o run.mres
    asked v3.log >third.$run
    [ "$(($(copies_in v1.log) + $(copies_in v3.log)))" -eq 200 ]
    [ "$(copies_in v2.log)" -eq 200 ]
    for pid in "$v1_pid" "$v2_pid" "$v3_pid"; do stop_movies "$pid"; done
  done
  diff third.1 third.2
  [ "$(wc -l <third.1)" -ge 5 ]
  [ "$(wc -l <third.1)" -le 45 ]
}

@test "config 58: copies that were captured are not copied again" {
  {
    for fields in 'Host: m\r\nX-Mirrorctl: 1' 'Host: m-shadow' 'Host: m-shadow:80' 'Host: m'; do
      printf '>>> GET /movies/1 HTTP/1.1\\r\\n%s\\r\\n\\r\\n\n' "$fields"
      printf '<<< HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}\n'
    done
  } | pcap_of loop.pcap
  mirrorctl capture -q -r loop.pcap -o movies.mrec
  services v1 v2
  mesh 'R, M,' >mesh.yaml
  mirrorctl replay movies.mrec --max --dry-run -c mesh.yaml "${endpoints[@]}" >log 2>&1
  # The one that says so of itself is not even captured.
  grep -qF '3 recorded = 1 eligible + 2 not_eligible{loop 2}' log || { cat log; return 1; }
  replay -c mesh.yaml "${endpoints[@]}" -o run.mres
  [ "$(copies_in v2.log)" -eq 1 ]
}

@test "config 59: a candidate that is not there costs the baseline nothing" {
  movies_record movies.mrec 60
  free_port
  services v1
  mesh 'R, M,' >mesh.yaml
  mirrorctl replay movies.mrec --rate 2000 --control none -c mesh.yaml "${endpoints[@]}" \
    --endpoint "m/v2=http://127.0.0.1:$FREE_PORT" -o run.mres 2>log
  [ "$(copies_in v1.log)" -eq 60 ]
  grep -q 'v2: breaker opened' log
  grep -q 'not_sent{breaker' log
}
