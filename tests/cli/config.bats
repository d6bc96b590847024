load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# A VirtualService that mirrors all of the movies service.
mesh() {
  cat >mesh.yaml <<'END'
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: movies}
spec:
  hosts: ["*"]
  http:
  - route: [{destination: {host: movies-api, subset: v1}}]
    mirror: {host: movies-api, subset: v2}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: movies}
spec:
  host: movies-api
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
END
}

# Both versions, and $urls that say where they run.
both() {
  start_movies v1 --as v1
  start_movies v2 --as v2
  v1_url=http://127.0.0.1:$v1_port v2_url=http://127.0.0.1:$v2_port
  endpoints=(--endpoint "movies-api/v1=$v1_url" --endpoint "movies-api/v2=$v2_url")
}

# What a dry run says of the options given.
dry() { mirrorctl replay movies.mrec --dry-run "$@" 2>&1; }

@test "the YAML of a mesh is replayed as --v1 and --v2 are" {
  mesh
  both
  movies_record movies.mrec 20
  mirrorctl replay -q movies.mrec --max -c mesh.yaml "${endpoints[@]}" -o mesh.mres
  mirrorctl replay -q movies.mrec --max --v1 "$v1_url" --v2 "$v2_url" -o urls.mres
  [ "$(copies_in v2.log)" -eq 40 ]
  [ "$(copies_in v1.log)" -eq 80 ] # each is asked twice
  for run in mesh urls; do
    mirrorctl diff $run.mres --format json --gate latency=off | without_times | jq 'del(.warnings)' >$run.json || true
    mirrorctl diff $run.mres --format json >$run.whole || true
  done
  diff mesh.json urls.json
  diff <(jq -c .run.targets mesh.whole) <(jq -c .run.targets urls.whole)
}

@test "--v1 and --v2 beside YAML are where its rules send" {
  mesh
  both
  movies_record movies.mrec 20
  mirrorctl replay -q movies.mrec --max -c mesh.yaml --v1 "$v1_url" --v2 "$v2_url" -o run.mres
  [ "$(copies_in v2.log)" -eq 20 ]
}

@test "--v1 and --v2 beside a Mirror that only denies are where all else goes" {
  both
  movies_record movies.mrec 20
  printf '%s\n' 'apiVersion: mirrorctl/v1' 'kind: Mirror' 'limits: {concurrency: 2}' \
    'rules: [{match: {path: /movies/3}, mirror: false}]' >deny.yaml
  mirrorctl replay -q movies.mrec --max -c deny.yaml --v1 "$v1_url" --v2 "$v2_url" -o run.mres
  [ "$(copies_in v2.log)" -eq 18 ]
}

@test "--v1 and --v2 at one address are an A/A run, which is said, and no mistake" {
  mesh
  movies_record movies.mrec 3
  dry -c mesh.yaml --v1 http://127.0.0.1:1 --v2 http://127.0.0.1:1 >log
  grep -q 'v1 and v2 are at one address: an A/A run' log
  grep -q '3 eligible = 3 selected' log
  dry --v1 http://127.0.0.1:1 --v2 http://127.0.0.1:1 | grep -q 'an A/A run'
  run -2 mirrorctl replay movies.mrec --dry-run -c mesh.yaml --endpoint movies-api/v1=http://127.0.0.1:1 \
    --endpoint movies-api/v2=http://127.0.0.1:1
  [[ $output == *'error[E502]'* ]]
}

@test "an error in the configuration: nothing is sent, nothing written, exit status 2" {
  mesh
  both
  movies_record movies.mrec 3
  echo old >run.mres
  run -2 --separate-stderr mirrorctl replay movies.mrec -c mesh.yaml "${endpoints[0]}" "${endpoints[1]}" -o run.mres
  [[ $stderr == *'error[E501]: no address for movies-api subset v2'* ]]
  [[ $stderr == *'1 error in the configuration: nothing was sent'* ]]
  [ "$(cat run.mres)" = old ]
  [ "$(copies_in v1.log)" -eq 0 ]
}

@test "several -c, a directory, and standard input" {
  mesh
  both
  movies_record movies.mrec 5
  mkdir dir
  csplit -sz mesh.yaml '/^---/' && mv xx00 dir/a.yaml && mv xx01 dir/b.yaml
  dry -c dir "${endpoints[@]}" | grep -q '5 eligible = 5 selected'
  dry -c dir/a.yaml -c dir/b.yaml "${endpoints[@]}" | grep -q '5 eligible = 5 selected'
  dry -c - "${endpoints[@]}" <mesh.yaml | grep -q '5 eligible = 5 selected'
  run -2 --separate-stderr mirrorctl replay - --dry-run -c - "${endpoints[@]}"
  [[ $stderr == *'standard input cannot be both --config and FILE'* ]]
}

@test "--endpoint without a configuration is a mistake" {
  run -2 --separate-stderr mirrorctl replay movies.mrec --dry-run --v1 http://a --v2 http://b --endpoint a=http://c
  [[ $stderr == *'--endpoint is about YAML, and no --config is given'* ]]
  for words in --lenient "--namespace x" "--assume source-labels"; do
    run --separate-stderr mirrorctl replay m.mrec --v1 http://a --v2 http://b --dry-run $words
    [ "$status" -eq 2 ]
    [ "$stderr" = "mirrorctl: ${words% *} is about YAML, and no --config is given" ]
  done
}

@test "a result does not replace the YAML that it is of" {
  mesh
  movies_record movies.mrec 5
  endpoints=(--endpoint movies-api/v1=http://a --endpoint movies-api/v2=http://b)
  cp mesh.yaml copy.yaml
  run -2 --separate-stderr mirrorctl replay movies.mrec -c copy.yaml "${endpoints[@]}" --dry-run -o ./copy.yaml
  [ "$stderr" = "mirrorctl: --output: ./copy.yaml is an input" ]
  run -2 --separate-stderr mirrorctl mirror -i lo -c copy.yaml "${endpoints[@]}" -o copy.yaml
  [ "$stderr" = "mirrorctl: --output: copy.yaml is an input" ]
  cp copy.yaml copy.json
  run -2 --separate-stderr mirrorctl mirror -i lo -c copy.json "${endpoints[@]}" --report copy.json
  [ "$stderr" = "mirrorctl: --report: copy.json is an input" ]
  cmp mesh.yaml copy.yaml
  cmp mesh.yaml copy.json
}

# ---- what goes before what ---------------------------------------------------------------

settings() {
  cat >settings.yaml <<'END'
apiVersion: mirrorctl/v1
kind: Mirror
baseline: http://127.0.0.1:1
candidate: http://127.0.0.1:2
percent: 40
sample: {seed: movies-2024}
methods: [HEAD]
END
}

# A GET, a HEAD and a POST.
three_methods() {
  for method in GET HEAD POST; do
    printf '>>> %s / HTTP/1.1\\r\\nHost: movies\\r\\nContent-Length: 0\\r\\n\\r\\n\n' $method
    printf '<<< HTTP/1.1 204 No Content\\r\\n\\r\\n\n'
  done | pcap_of three.pcap
  mirrorctl capture -q -r three.pcap -o movies.mrec
}

@test "what the command line says goes before the settings of a Mirror, and those before the defaults" {
  settings
  three_methods
  dry -c settings.yaml | grep -q '3 recorded = 1 eligible'
  dry -c settings.yaml --methods HEAD,GET | grep -q '3 recorded = 2 eligible'
  sed -i '/methods/d' settings.yaml
  dry -c settings.yaml | grep -q '3 recorded = 2 eligible'
}

@test "config 56: POST is not among the methods unless they name it, and that is said" {
  settings
  sed -i '/methods/d; /percent/d' settings.yaml
  three_methods
  dry -c settings.yaml >log
  grep -q '1 not_eligible{method 1}' log
  run -1 grep -q 'may change what' log
  dry -c settings.yaml --methods GET,HEAD,POST >log
  grep -q '3 recorded = 3 eligible' log
  [ "$(grep -c 'POST: such requests may change what both versions keep' log)" -eq 1 ]
}

@test "--percent replaces the shares of the YAML, and turns nothing on that is off" {
  movies_record movies.mrec 20
  settings
  sed -i '/methods/d' settings.yaml
  dry -c settings.yaml --seed x >a
  dry --v1 http://127.0.0.1:1 --v2 http://127.0.0.1:2 --seed x --percent 40 >b
  [ "$(grep -o '[0-9]* selected' a | head -n 1)" = "$(grep -o '[0-9]* selected' b | head -n 1)" ]
  dry -c settings.yaml --percent 100 | grep -q '20 eligible = 20 selected'
  sed -i 's/percent: 40/percent: 0/' settings.yaml
  dry -c settings.yaml --percent 100 | grep -q '{no_mirror 20}'
}

@test "limits: a larger request is left out, and counted" {
  settings
  sed -i '/methods/d; /percent/d' settings.yaml
  printf 'methods: [POST]\nlimits: {body: 10B}\n' >>settings.yaml
  for n in 10 11; do
    printf '>>> POST / HTTP/1.1\\r\\nHost: movies\\r\\nContent-Length: %d\\r\\n\\r\\n%.*s\n' $n $n 01234567890
    printf '<<< HTTP/1.1 204 No Content\\r\\n\\r\\n\n'
  done | pcap_of posts.pcap
  mirrorctl capture -q -r posts.pcap -o movies.mrec
  dry -c settings.yaml | grep -q '2 recorded = 1 eligible + 1 not_eligible{limit 1}'
}

@test "config 57: headers of a Mirror are on all copies, and those of the command line go before them" {
  : >promises # what was not promised is answered with what came
  start echo.log "$TOOLS/echo_server" promises
  wait_for echo.log ''
  port=$(head -n 1 echo.log)
  printf '>>> GET / HTTP/1.1\\r\\nHost: movies\\r\\nAuthorization: Basic eA==\\r\\nCookie: a=b\\r\\n\\r\\n\n<<< HTTP/1.1 204 No Content\\r\\n\\r\\n\n' |
    pcap_of one.pcap
  mirrorctl capture -q -r one.pcap -o movies.mrec
  cat >m.yaml <<END
apiVersion: mirrorctl/v1
kind: Mirror
baseline: http://127.0.0.1:$port/a
candidate: http://127.0.0.1:$port/b
headers: {remove: [cookie], set: {x-env: dark, x-other: yaml}}
host: dark.example
END
  mirrorctl replay -q movies.mrec -c m.yaml --max -o run.mres --remove-header authorization \
    --header 'X-Other: line'
  for copy in _v1 _v2; do
    body=$(mirrorctl show run.mres --format jsonl --show-secrets | jq -r ".$copy.response.content.text")
    [[ $body == *'x-env: dark'* && $body == *'X-Other: line'* && $body == *'Host: dark.example'* ]]
    run -1 grep -iE 'authorization|cookie|yaml' <<<"$body"
  done
}

@test "rules of a Mirror deny in one line, and overlays take a share" {
  settings
  movies_record movies.mrec 20
  cat >>settings.yaml <<'END'
rules:
- {match: {path: /movies/3}, mirror: false}
END
  sed -i '/methods/d; /^percent/d' settings.yaml
  dry -c settings.yaml >log
  grep -q '{no_mirror 2}' log
  printf -- '- {match: {path: /movies/*}, percent: 0.0001}\n' >>settings.yaml
  dry -c settings.yaml | grep -q '18 eligible = 0 selected + 18 sampled_out'
}

@test "mirror takes a configuration as replay does" {
  mesh
  both
  movies_pcap movies.pcap 10
  run -1 mirrorctl mirror -r movies.pcap -c mesh.yaml "${endpoints[@]}" --gate latency=off --max
  [[ $output == *'10 requests'* ]]
  [ "$(copies_in v2.log)" -eq 10 ]
}

@test "--baseline recorded asks a baseline of the YAML nothing, and wants no address of it" {
  mesh
  both
  movies_pcap movies.pcap 10
  recorded() { # ARG...
    mirrorctl mirror -r movies.pcap -c mesh.yaml --baseline recorded --endpoint "movies-api/v2=$v2_url" \
      --gate latency=off --max --format json "$@" >report.json
  }
  run -1 recorded
  [ "$(copies_in v2.log)" -eq 10 ]
  [ "$(jq -c '[.totals.pairs, .control.kind, (.accounting.targets | keys)]' report.json)" = '[10,"none",["v2"]]' ]
  run -1 recorded --endpoint "movies-api/v1=$v1_url"
  [ "$(copies_in v1.log)" -eq 0 ]
  run -1 recorded --endpoint "movies-api/v1=$v1_url" --control v1
  [ "$(copies_in v1.log)" -eq 10 ]
  run -2 recorded --control v1
  [[ $output == *"E501"*"no address for movies-api subset v1"* ]]
}

@test "a live mirror refuses a rate that a configuration sets, as it refuses --rate" {
  settings
  printf 'limits: {rate: 50/s}\n' >>settings.yaml
  run -2 --separate-stderr mirrorctl mirror -i lo -c settings.yaml
  [[ $stderr == *'live traffic comes at its own pace'* ]]
}
