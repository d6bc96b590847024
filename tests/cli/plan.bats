load ../support/helpers

setup() {
  common_setup
  cat >movies.yaml <<'END'
apiVersion: mirrorctl/v1
kind: Mirror
name: movies
baseline: http://127.0.0.1:3001
candidate: http://127.0.0.1:3002
percent: 12.5
END
}
teardown() { common_teardown; }

# A Mirror that denies /$2, in file $1.
denies() { printf 'apiVersion: mirrorctl/v1\nkind: Mirror\nrules: [{match: {path: /%s}, mirror: false}]\n' "$2" >"$1"; }

@test "the plan is printed in our own form, which reads back to the same bytes" {
  mirrorctl plan movies.yaml >once 2>err
  mirrorctl plan once >twice 2>>err
  cmp once twice
  [ ! -s err ]
  grep -qx '  percent: 12.5' once
  grep -qx '  source: movies.yaml:1' once
}

@test "json: the schema of the contract" {
  mirrorctl plan movies.yaml --format json >out
  [ "$(jq -c '[.schema, .rules[0].name, .rules[0].source, .diagnostics]' out)" = \
    '["mirrorctl.plan/1","movies/0","movies.yaml:1",[]]' ]
  [ "$(jq -c '.rules[0] | [.match, .baseline, .candidates]' out)" = \
    '[[],[{"destination":"http://127.0.0.1:3001","url":"http://127.0.0.1:3001","weight":1}],[{"destination":"http://127.0.0.1:3002","url":"http://127.0.0.1:3002","ppm":125000}]]' ]
}

@test "all errors are told at once, and what can be printed is printed" {
  cat >bad.yaml <<'END'
apiVersion: mirrorctl/v1
kind: Mirror
baseline: http://127.0.0.1:3001
candidate: ftp://127.0.0.1:3002
rules:
- {match: {path: /a, methd: GET}, percent: 101}
- {match: {path: /b}, mirror: false}
END
  run -2 --separate-stderr mirrorctl plan bad.yaml
  [ "${#stderr_lines[@]}" -eq 3 ]
  [[ $stderr == *'bad.yaml:6:22: error[E201]: unknown field "methd" in match; did you mean "method"?'* ]]
  [[ $stderr == *'bad.yaml:6:44: error[E405]: percent must be a number from 0 to 100'* ]]
  [[ $stderr == *'bad.yaml:4:12: error[E505]: '* ]]
  [[ $output == *'mirror: false'* ]]
}

@test "json: errors stand in the output as well" {
  printf 'apiVersion: mirrorctl/v1\nkind: Mirror\npercent: 101\n' >bad.yaml
  run -2 --separate-stderr mirrorctl plan bad.yaml --format json
  [ "$(jq -c '.diagnostics[0]' <<<"$output")" = \
    '{"severity":"error","code":"E405","file":"bad.yaml","line":3,"column":10,"message":"percent must be a number from 0 to 100"}' ]
}

@test "fifty errors are shown, the others counted" {
  { printf 'apiVersion: mirrorctl/v1\nkind: Mirror\nrules:\n'; yes -- '- {percent: 101}' | head -n 70; } >bad.yaml
  run -2 --separate-stderr mirrorctl plan bad.yaml
  [ "$(grep -c 'error\[E405\]' <<<"$stderr")" -eq 50 ]
  [[ $stderr == *'20 more errors are not shown'* ]]
}

@test "--namespace is the name of one" {
  run -2 --separate-stderr mirrorctl plan movies.yaml --namespace 'a b'
  [[ $stderr == *'--namespace: error[E408]: "a b" cannot be the name of a namespace'* ]]
}

@test "--lenient: unknown fields are warnings" {
  echo 'colour: dark' >>movies.yaml
  run -2 mirrorctl plan movies.yaml
  run -0 --separate-stderr mirrorctl plan movies.yaml --lenient
  [[ $stderr == *'movies.yaml:7:1: warning[W203]: unknown field "colour" in Mirror'* ]]
}

@test "what is hostile in a file cannot reach the terminal, or pass for a message" {
  printf 'apiVersion: mirrorctl/v1\nkind: Mirror\n"\\e[2J\\nevil.yaml:1:1: error": 1\n' >bad.yaml
  run -2 --separate-stderr mirrorctl plan bad.yaml
  [[ $stderr != *$'\e'* ]]
  run -1 grep '^evil' <<<"$stderr"
  printf 'apiVersion: mirrorctl/v1\nkind: Mirror\nname: "\\e[2J\\u202Ex"\nbaseline: http://a\ncandidate: http://b\n' >odd.yaml
  run -0 mirrorctl plan odd.yaml
  [[ $output == *'name: "\x1B[2J\u202Ex"'* ]]
}

@test "--log json: a diagnostic is one object" {
  printf 'apiVersion: mirrorctl/v1\nkind: Mirror\npercent: 101\n' >bad.yaml
  run -2 --separate-stderr mirrorctl plan bad.yaml --log json
  [ "$(head -n 1 <<<"$stderr" | jq -r '.level + " " + .message')" = \
    'error bad.yaml:3:10: error[E405]: percent must be a number from 0 to 100' ]
}

# ---- inputs -------------------------------------------------------------------------

@test "config 53: nothing to read is E303" {
  : >empty.yaml
  printf '# nothing\n---\n# at all\n' >comments.yaml
  mkdir none
  echo 'no YAML' >none/README
  for input in empty.yaml comments.yaml none; do
    run -2 --separate-stderr mirrorctl plan "$input"
    [[ $stderr == *"$input"*'error[E303]'* ]]
  done
}

@test "config 53: a file that cannot be read is E100, with the reason" {
  run -2 --separate-stderr mirrorctl plan nowhere.yaml movies.yaml
  [[ $stderr == 'nowhere.yaml: error[E100]: No such file or directory' ]]
  [[ $output == *'name: movies/0'* ]]
}

@test "config 53: standard input and a FIFO are files like others" {
  mirrorctl plan movies.yaml | grep -v source: >want
  mirrorctl plan - <movies.yaml | grep -v source: >got
  sed -i 's/from: movies.yaml:/from: -:/' want
  diff <(sed 's/"-:/-:/; s/"}/}/' got) want
  mkfifo pipe
  cat movies.yaml >pipe &
  mirrorctl plan pipe | grep -qx 'name: movies'
}

@test "config 54: a heredoc that was pasted whole is told for what it is" {
  { echo 'kubectl apply -f - <<EOF'; cat movies.yaml; echo EOF; } >pasted.yaml
  run -2 --separate-stderr mirrorctl plan pasted.yaml
  [[ $stderr == *'pasted.yaml:2:'*'error[E101]'*'line 1 looks like a shell command'* ]]
}

@test "a directory is read by the names of its files, and only YAML of it" {
  mkdir -p dir/sub.yaml
  denies dir/b.yml two
  denies dir/a.yaml one
  printf '{"apiVersion": "mirrorctl/v1", "kind": "Mirror", "baseline": "http://a", "candidate": "http://b"}' >dir/c.json
  denies dir/.hidden.yaml three
  denies dir/notes.txt four
  mirrorctl plan dir --format json >out
  [ "$(jq -c '[.rules[].source]' out)" = '["dir/a.yaml:3","dir/b.yml:3","dir/c.json:1"]' ]
}

@test "config 47: 17 MiB in all are too much, whatever they hold" {
  head -c 17M /dev/zero | tr '\0' '#' >large.yaml
  run -2 --separate-stderr mirrorctl plan large.yaml movies.yaml
  [[ $stderr == *'large.yaml: error[E102]: more than 16777216 bytes'* ]]
}

@test "config 49: a List of kubectl's is the objects in it" {
  cat >list.json <<'END'
{"apiVersion": "v1", "kind": "List", "items": [
 {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": "m"},
  "spec": {"host": "m", "subsets": [{"name": "v1", "labels": {"version": "v1"}}, {"name": "v2", "labels": {"version": "v2"}}]}},
 {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "x"},
  "spec": {"hosts": ["*"], "http": [{"route": [{"destination": {"host": "m", "subset": "v1"}}],
   "mirror": {"host": "m", "subset": "v2"}}]}}]}
END
  mirrorctl plan list.json --format json --endpoint m/v1=http://127.0.0.1:3001 \
    --endpoint m/v2=http://127.0.0.1:3002 >out
  [ "$(jq -c '.rules[0] | [.name, .baseline[0].destination, .candidates[0].destination, .candidates[0].ppm]' out)" = \
    '["x/0","m/v1","m/v2",1000000]' ]
}

# ---- imports --------------------------------------------------------------------------

@test "an import is read from beside the file that names it" {
  mkdir -p conf/more
  denies conf/more/deny.yaml x
  printf 'apiVersion: mirrorctl/v1\nkind: Mirror\nimport: [more/deny.yaml]\nbaseline: http://a\ncandidate: http://b\n' >conf/main.yaml
  mirrorctl plan conf/main.yaml --format json >out
  [ "$(jq -c '[.rules[].action]' out)" = '["mirror","deny"]' ]
  [[ $(jq -r '.rules[1].source' out) == conf/more/deny.yaml:* ]]
}

@test "no import leaves the directory, by no way" {
  mkdir -p conf
  denies outside.yaml x
  ln -s ../outside.yaml conf/link.yaml
  mkfifo conf/pipe.yaml
  for name in ../outside.yaml "$PWD/outside.yaml" sub/../../outside.yaml link.yaml; do
    printf 'apiVersion: mirrorctl/v1\nkind: Mirror\nimport: %s\n' "$name" >conf/main.yaml
    run -2 --separate-stderr mirrorctl plan conf/main.yaml
    [[ $stderr == *'conf/main.yaml:3:9: error[E601]: import: '*'is not in the directory'* ]]
  done
  for name in nowhere.yaml pipe.yaml .; do
    printf 'apiVersion: mirrorctl/v1\nkind: Mirror\nimport: %s\n' "$name" >conf/main.yaml
    run -2 --separate-stderr mirrorctl plan conf/main.yaml
    [[ $stderr == *'conf/main.yaml:3:9: error[E'* ]]
  done
}

# ---- one request ---------------------------------------------------------------------

deny_x() {
  cat >>movies.yaml <<'END'
rules:
- {match: {path: /internal/*}, mirror: false}
- {match: {path: /movies/*, header: {x-env: prod}}, percent: 1}
END
}

@test "--explain: which rule decides, and what those before it lack" {
  deny_x
  mirrorctl plan movies.yaml --explain 'GET /movies/7' >out
  grep -q 'movies/2' out
  grep -q 'movies/0' out
  grep -q '12.5' out
  mirrorctl plan movies.yaml --explain 'GET /movies/7' -H 'X-Env: prod' >with
  run -1 cmp -s out with
  mirrorctl plan movies.yaml --explain 'GET http://movies.example/internal/x?y=z' >denied
  run -1 cmp -s out denied
}

@test "--explain: a URL tells the scheme and the port" {
  printf '%s\n' 'apiVersion: mirrorctl/v1' 'kind: Mirror' 'baseline: http://a' 'candidate: http://b' \
    'rules:' '- {name: tls, match: {scheme: https}, mirror: false}' \
    '- {name: odd, match: {port: 8080}, mirror: false}' >m.yaml
  for row in 'https://h:1/x tls' 'http://h:8080/x odd' 'http://[::1]:8080 odd' 'http://h:80/x:8080 mirror/2'; do
    mirrorctl plan m.yaml --explain "GET ${row% *}" | grep -q "^rule ${row#* } "
  done
  mirrorctl plan m.yaml --explain 'GET http://h/x' | grep -q 'port must be 8080, and is not known'
}

@test "--explain: what is no request is a mistake" {
  for request in GET '/movies' 'GET ' ' /x' 'G ET /x'; do
    run -2 --separate-stderr mirrorctl plan movies.yaml --explain "$request"
    [[ $stderr == *"is not a request like 'GET /movies/7'"* ]]
  done
  run -2 --separate-stderr mirrorctl plan movies.yaml --explain 'GET /' -H nothing
  [[ $stderr == *"is not 'Name: value'"* ]]
  run -2 --separate-stderr mirrorctl plan movies.yaml -H 'A: b'
  [[ $stderr == *'--header is of the request that --explain is about'* ]]
}

# ---- a record ------------------------------------------------------------------------

@test "--traffic: what each rule takes, and the numbers of a dry run" {
  deny_x
  movies_record movies.mrec 60
  mirrorctl plan movies.yaml --traffic movies.mrec --format json >out 2>summary
  [ "$(jq -c '[.schema, .no_rule, ([.rules[] | [.name, .requests, .eligible]])]' out)" = \
    '["mirrorctl.traffic/1",0,[["movies/0",0,0],["movies/2",60,60]]]' ]
  mirrorctl replay movies.mrec -c movies.yaml --dry-run 2>dry
  mirrored=$(jq '.rules[1].candidates[0].mirrored' out)
  [ "$mirrored" -gt 0 ] && [ "$mirrored" -lt 60 ]
  grep -q "60 eligible = $mirrored selected" dry
  diff <(grep -E 'recorded =|selected' summary) <(grep -E 'recorded =|selected' dry)
  mirrorctl plan movies.yaml --traffic movies.mrec >table 2>/dev/null
  grep -qE "^movies/2 +60 +60  v2 $mirrored\$" table
}

@test "--traffic: what no rule takes, what may not be sent, and several mirrors, nested" {
  cat >vs.yaml <<'END'
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: x}
spec:
  hosts: ["*"]
  http:
  - match: [{uri: {prefix: /movies}}]
    route: [{destination: {host: m}}]
    mirrors:
    - {destination: {host: m2}, percentage: {value: 20}}
    - {destination: {host: m3}, percentage: {value: 50}}
END
  for ((i = 0; i < 200; i++)); do
    printf '>>> GET /movies?%d HTTP/1.1\\r\\nHost: movies\\r\\n\\r\\n\n<<< HTTP/1.1 204 No Content\\r\\n\\r\\n\n' "$i"
  done >dialogue
  for request in 'POST /movies' 'GET /other'; do
    printf '>>> %s HTTP/1.1\\r\\nHost: movies\\r\\nContent-Length: 0\\r\\n\\r\\n\n<<< HTTP/1.1 204 No Content\\r\\n\\r\\n\n' "$request"
  done >>dialogue
  pcap_of movies.pcap <dialogue
  run -2 --separate-stderr mirrorctl plan vs.yaml --traffic movies.pcap --format json
  [[ $stderr == *'error[E501]'* ]] # where it runs does not matter to a count
  [ "$(jq -c '[.no_rule, .rules[0].requests, .rules[0].eligible]' <<<"$output")" = '[1,201,200]' ]
  v2=$(jq '.rules[0].candidates[0].mirrored' <<<"$output")
  v3=$(jq '.rules[0].candidates[1].mirrored' <<<"$output")
  [ "$v2" -ge 14 ] && [ "$v2" -le 70 ] && [ "$v3" -ge 65 ] && [ "$v3" -le 135 ]
}

@test "--traffic: a damaged record is counted up to there" {
  movies_record movies.mrec 20
  head -c -40 movies.mrec >torn.mrec
  run -4 --separate-stderr mirrorctl plan movies.yaml --traffic torn.mrec
  [[ $output == *'movies/0'* ]]
  run -2 --separate-stderr mirrorctl plan movies.yaml --traffic nowhere.mrec
}

# ---- the page --------------------------------------------------------------------------

@test "the examples of mirrorctl.yaml(5) are plans" {
  awk '/^\.Bd/ { n++; inside = 1; next } /^\.Ed/ { inside = 0 } inside { print > ("example" n ".yaml") }' \
    "$ROOT/docs/mirrorctl.yaml.5"
  cp "$ROOT/samples/movies/movies-mirror.yaml" .
  mirrorctl plan example1.yaml >out
  grep -qx '  percent: 12.5' out
  mirrorctl plan example2.yaml >out
  [ "$(grep -c '^- name: .*/[0-9]*$' out)" -eq 3 ]
  grep -q 'max-error-rate: 50%' out
  [ ! -e example3.yaml ]
}

# ---- the corpus -------------------------------------------------------------------------

@test "round trip: whatever plan comes of a file of the corpus, it prints to the same bytes" {
  [ -n "${CORPUS:-}" ] && [ -d "$CORPUS/istio" ] || skip "CORPUS is not set: a folder with istio/*.yaml"
  files=0
  for file in "$CORPUS"/istio/*.yaml; do
    "$MIRRORCTL" plan -q "$file" >once 2>/dev/null || [ $? -eq 2 ]
    "$MIRRORCTL" plan -q once >twice 2>/dev/null || [ $? -eq 2 ]
    cmp once twice || { echo "$file" && false; }
    files=$((files + 1))
  done
  [ "$files" -ge 15 ]
}

# ---- usage ----------------------------------------------------------------------------------

@test "without a file it says what it wants" {
  run -2 --separate-stderr mirrorctl plan
  [[ $stderr == *'FILE is missing: YAML of Istio, the Gateway API or mirrorctl, a directory of it, or -'* ]]
}
