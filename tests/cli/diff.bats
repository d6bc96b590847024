load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# result FILE V2-OPTION...: 60 requests to v1 and to a v2 with these options.
result() {
  local file=$1
  shift
  movies_record m.mrec 60
  start_movies v1 --as v1
  start_movies v2 "$@"
  mirrorctl replay -q m.mrec --v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v2_port" \
    -o "$file"
}

same_v2=(--as v2 --without rename --without status --without slow)

@test "v2 that answers as v1 does: PASS, 0" {
  result same.mres "${same_v2[@]}"
  run --separate-stderr mirrorctl diff same.mres
  [ "$status" -eq 0 ]
  [[ $output == *PASS* ]]
  [ -z "$stderr" ]
}

@test "v2 that differs: FAIL, 1, and the field is named" {
  result differs.mres --as v2
  run --separate-stderr mirrorctl diff differs.mres
  [ "$status" -eq 1 ]
  [[ $output == *FAIL* ]]
  [[ $output == *rating* ]]
  [[ $output == *score* ]]
  mirrorctl diff differs.mres --format json >report.json || true
  [ "$(jq -r .schema report.json)" = mirrorctl.diff/1 ]
  [ "$(jq -r .verdict report.json)" = fail ]
  [ "$(jq -r '.totals.pairs' report.json)" -eq 60 ]
}

@test "the same result gives the same bytes, with any number of threads" {
  result differs.mres --as v2
  for format in text json; do
    mirrorctl diff differs.mres --format $format >one || true
    mirrorctl diff differs.mres --format $format --threads 1 >two || true
    mirrorctl diff differs.mres --format $format --threads 7 >three || true
    cmp one two
    cmp one three
    [ -s one ]
  done
}

@test "--report writes by extension beside what goes to stdout" {
  result differs.mres --as v2
  run mirrorctl diff differs.mres --report out.json
  [ "$status" -eq 1 ]
  cmp out.json <(mirrorctl diff differs.mres --format json || true)
  run --separate-stderr mirrorctl diff differs.mres --report out.foo
  [ "$status" -eq 2 ]
  [ "$stderr" = 'mirrorctl: --report: "out.foo" does not end in one of .txt, .json, .jsonl, .html, .xml, .md' ]
  [ ! -e out.foo ]
}

@test "what a run ends with is no input, and is known to be writable before anything is read" {
  "$TOOLS/make_result" >r.mres
  printf 'rules: []\n' >rules.json
  cp r.mres r.json
  mkdir folder.json
  refused() { # WHAT ARG...
    run --separate-stderr mirrorctl diff "${@:2}"
    [ "$status" -eq 2 ] && [ -z "$output" ]
    [ "$stderr" = "mirrorctl: $1" ]
  }
  refused "--learn-noise: r.mres is an input" r.mres --learn-noise r.mres
  refused "--report: r.json is an input" r.json --report r.json
  refused "--report: r.json is an input" - --report r.json <r.json
  refused "--report: ./rules.json is an input" r.mres --rules rules.json --report ./rules.json
  refused "--report: a.json is written by --learn-noise as well" r.mres --report a.json --learn-noise a.json
  refused "--report: nowhere/a.json: No such file or directory" r.mres --report nowhere/a.json
  refused "--report: folder.json: Is a directory" r.mres --report folder.json
  refused "--learn-noise: the report goes to standard output; name a file" r.mres --learn-noise -
  cmp r.json <("$TOOLS/make_result")
  [ "$(cat rules.json)" = "rules: []" ]
  run mirrorctl mirror -i lo --v1 http://127.0.0.1:1 --v2 http://127.0.0.1:2 -o x.json --report x.json
  [ "$status" -eq 2 ]
  [[ $output == *"--report: x.json is written by --output as well" ]]
}

@test "rules, noise and descriptions are read from standard input as well, one of them" {
  "$TOOLS/make_result" >r.mres
  printf 'rules:\n- {path: $.at, ignore: true}\n' >rules.yaml
  mirrorctl diff r.mres --rules rules.yaml --format json >by_name
  mirrorctl diff r.mres --rules - --format json <rules.yaml >by_pipe
  cmp by_name by_pipe
  for words in "- --rules -" "r.mres --rules - --noise -"; do
    run mirrorctl diff $words <rules.yaml
    [ "$status" -eq 2 ]
    [ "$output" = "mirrorctl: standard input can be read once: more than one file is -" ]
  done
}

@test "--gate moves the limit" {
  result differs.mres --as v2
  run mirrorctl diff differs.mres --gate body=off --gate headers=off --gate status=off
  [ "$status" -eq 0 ]
  run --separate-stderr mirrorctl diff differs.mres --gate nosuch=1
  [ "$status" -eq 2 ]
  [[ $stderr == *nosuch* ]]
}

@test "v2 not listening: FAIL, 1" {
  movies_record m.mrec
  free_port
  start_movies v1 --as v1
  mirrorctl replay -q m.mrec --v1 "http://127.0.0.1:$v1_port" \
    --v2 "http://127.0.0.1:$FREE_PORT" -o m.mres
  run mirrorctl diff m.mres
  [ "$status" -eq 1 ]
  [[ $output == *FAIL* ]]
  mirrorctl diff m.mres --format json >report.json || true
  [ "$(jq -r .totals.outcome report.json)" -eq 20 ]
}

@test "v1 not listening: INCONCLUSIVE, 3, and a line with its address and the error" {
  movies_record m.mrec
  free_port
  start_movies v2 --as v2
  mirrorctl replay -q m.mrec --v1 "http://127.0.0.1:$FREE_PORT" \
    --v2 "http://127.0.0.1:$v2_port" -o m.mres
  run mirrorctl diff m.mres
  [ "$status" -eq 3 ]
  [ "$(grep -c "127.0.0.1:$FREE_PORT.*[Rr]efused" <<<"$output")" -ge 1 ]
}

@test "no pairs: INCONCLUSIVE, 3" {
  start_movies v1 --as v1
  start_movies v2 --as v2
  pcap_of empty.pcap </dev/null
  mirrorctl replay -q empty.pcap --v1 "http://127.0.0.1:$v1_port" \
    --v2 "http://127.0.0.1:$v2_port" -o empty.mres
  run mirrorctl diff empty.mres
  [ "$status" -eq 3 ]
}

@test "a torn result: the report is about what was read, then 4 and the line" {
  result same.mres "${same_v2[@]}"
  head -c -100 same.mres >torn.mres
  run --separate-stderr mirrorctl diff torn.mres
  [ "$status" -eq 4 ]
  [[ $stderr == *"torn.mres: "*"bytes were left"* ]]
  [ -n "$output" ]
}

@test "one pipe gives the same verdict and counts as files" {
  start_movies v1 --as v1
  start_movies v2 --as v2 --without slow
  targets=(--v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v2_port")
  movies_pcap m.pcap 60
  status=0
  mirrorctl capture -q -r m.pcap -o m.mrec
  mirrorctl replay -q m.mrec "${targets[@]}" -o m.mres
  mirrorctl diff m.mres --format json >files.json || status=$?
  [ "$status" -eq 1 ]
  status=0
  mirrorctl capture -q -r m.pcap -o - | mirrorctl replay -q - "${targets[@]}" -o - |
    mirrorctl diff - --format json >pipe.json || status=$?
  [ "$status" -eq 1 ]
  cmp <(without_times <files.json) <(without_times <pipe.json)
}

@test "several results are compared as one" {
  result a.mres "${same_v2[@]}"
  mirrorctl diff a.mres a.mres --format json >report.json
  [ "$(jq .totals.pairs report.json)" -eq 120 ]
  cat a.mres a.mres >aa.mres
  mirrorctl diff aa.mres --format json >joined.json
  [ "$(jq .totals.pairs joined.json)" -eq 120 ]
}

@test "credentials are not in a report unless asked for" {
  pcap_of login.pcap <<'END'
>>> GET /movies/1?token=abcdef HTTP/1.1\r\nHost: h\r\nAuthorization: Basic c2VjcmV0\r\n\r\n
<<< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
END
  start_movies v1 --as v1
  start_movies v2 --as v2
  mirrorctl replay -q login.pcap --v1 "http://127.0.0.1:$v1_port" \
    --v2 "http://127.0.0.1:$v2_port" -o login.mres
  for format in text json; do
    run mirrorctl diff login.mres --format $format
    [ "$status" -ne 2 ]
    [[ $output != *abcdef* ]]
    [[ $output != *c2VjcmV0* ]]
  done
}

@test "no colour outside a terminal, nothing but ASCII in the C locale" {
  result differs.mres --as v2
  LC_ALL=C mirrorctl diff differs.mres >out || true
  [ -s out ]
  [ "$(LC_ALL=C grep -c $'\033' out)" -eq 0 ]
  [ "$(LC_ALL=C tr -d '[:print:]\n' <out | wc -c)" -eq 0 ]
}

@test "a text report is as wide as COLUMNS says, and nothing sticks out" {
  "$TOOLS/make_result" --rare >rare.mres
  for columns in 40 60 72 100 140; do
    for name in rare fail hostile; do
      [ -e $name.mres ] || "$TOOLS/make_result" --candidates 2 "$([ $name = hostile ] && echo --hostile || echo --large)" >$name.mres
      LC_ALL=C COLUMNS=$columns mirrorctl diff $name.mres >out || true
      [ -s out ]
      [ "$(awk -v n="$columns" 'length > n' out)" = "" ]
    done
  done
  [ "$(LC_ALL=C COLUMNS=72 mirrorctl diff rare.mres | awk 'length > n { n = length } END { print n }')" -gt 60 ]
}

@test "live: a pipe from lo to the verdict ends when its capture is stopped" {
  need_capture
  start_movies live --as v1
  start_movies v1 --as v1
  start_movies v2 "${same_v2[@]}"
  mkfifo packets pairs
  start diff.log bash -c 'exec "$0" diff - <pairs' "$MIRRORCTL"
  diff_pid=$PID
  start replay.log bash -c 'exec "$0" replay - --v1 "$1" --v2 "$2" -o - <packets >pairs' \
    "$MIRRORCTL" "http://127.0.0.1:$v1_port" "http://127.0.0.1:$v2_port"
  replay_pid=$PID
  start capture.log bash -c 'exec "$0" capture -i lo -p "$1" -o - >packets' \
    "$MIRRORCTL" "$live_port"
  wait_for capture.log "listening on lo"
  capture_pid=$PID
  "$ROOT/samples/movies/traffic.sh" "$live_port" 20
  kill -INT "$capture_pid"
  end_of "$capture_pid"
  [ "$status" -eq 0 ]
  end_of "$replay_pid"
  [ "$status" -eq 0 ]
  end_of "$diff_pid"
  cat capture.log replay.log diff.log
  [ "$status" -eq 0 ]
  grep -q PASS diff.log
  grep -q "20 recorded = 20 eligible" replay.log
}

@test "the first SIGINT lets diff read its pipe to the end and give the verdict" {
  result same.mres "${same_v2[@]}"
  mkfifo pairs
  # A shell's background processes ignore SIGINT unless told otherwise.
  start diff.log env --default-signal=INT bash -c 'exec "$0" diff - <pairs' "$MIRRORCTL"
  exec {fd}>pairs
  # More than a pipe holds: once it is written, diff is reading.
  [ "$(stat -c %s same.mres)" -gt 300000 ]
  head -c 200000 same.mres >&"$fd"
  kill -INT "$PID"
  tail -c +200001 same.mres >&"$fd"
  exec {fd}>&-
  end_of "$PID"
  [ "$status" -eq 0 ]
  grep -q PASS diff.log
}

@test "--learn-noise writes what --noise reads, and a file that is none is refused" {
  movies_record m.mrec 60
  start_movies v1 --as v1
  start_movies v2 --as v2 --without status
  mirrorctl replay -q m.mrec --v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v2_port" \
    --control none -o run.mres
  run mirrorctl diff run.mres --learn-noise noise.json
  [ "$status" -eq 1 ]
  [[ $output == *"(no noise control)"* ]]
  [ "$(jq -r .schema noise.json)" = mirrorctl.noise/1 ]
  run mirrorctl diff run.mres --noise noise.json
  [ "$status" -eq 0 ]
  [[ $output == *"its noise is that of an earlier run"* ]]
  run --separate-stderr mirrorctl diff run.mres --noise m.mrec
  [ "$status" -eq 2 ]
  [[ $stderr == *"m.mrec"* ]]
}
