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
  # Such would fit nothing, and keep nothing out.
  run mirrorctl replay m.mrec "${nowhere[@]}" --dry-run --skip '/movies/**'
  [ "$status" -eq 2 ]
  [[ $output == *"--skip: \"/movies/**\": a star stands for a whole segment"* ]]
  run mirrorctl replay m.mrec "${nowhere[@]}" --dry-run --skip '/movies?page=2'
  [ "$status" -eq 2 ]
  [[ $output == *"--skip: \"/movies?page=2\": patterns are for the path alone"* ]]
}

@test "--host takes no URL for a host" {
  movies_record m.mrec 1
  for host in http://movies movies/x user@movies 'a b' $'a\nb' 'mövies'; do
    run mirrorctl replay m.mrec "${nowhere[@]}" --dry-run --host "$host"
    [ "$status" -eq 2 ]
    [[ $output == *" is not keep, target, shadow or a host name"* ]]
  done
  mirrorctl replay -q m.mrec "${nowhere[@]}" --dry-run --host '[::1]:8080'
}

@test "--remove-header takes the mark off copies" {
  movies_record m.mrec 3
  both
  mirrorctl replay -q m.mrec "${targets[@]}" --max --remove-header x-mirrorctl -o m.mres
  stop_movies "$v2_pid"
  [ "$(requests_in v2.log)" -eq 3 ]
  [ "$(copies_in v2.log)" -eq 0 ]
}

@test "--header is read from a file where it is secret, which no message shows" {
  movies_record m.mrec 3
  printf 'X-Env: dark\r\n\nAuthorization: Bearer s3cret\n' >good
  printf 'X-Env: dark\nBearer s3cret\n' >bad
  run mirrorctl replay m.mrec "${nowhere[@]}" --dry-run --header @good --header-v2 @good
  [ "$status" -eq 0 ]
  [[ $output != *s3cret* ]]
  run mirrorctl replay m.mrec "${nowhere[@]}" --dry-run --header-v2 @bad
  [ "$status" -eq 2 ]
  [[ $output == *"--header-v2: bad:2: not a field: want 'Name: value'"* ]]
  [[ $output != *s3cret* ]]
  run mirrorctl replay m.mrec "${nowhere[@]}" --dry-run --header @missing
  [ "$status" -eq 2 ]
  [[ $output == *"--header: missing: No such file or directory"* ]]
}

@test "--header refuses what would make another message" {
  movies_record m.mrec 1
  refuses() { # MESSAGE OPTION...
    run mirrorctl replay m.mrec "${nowhere[@]}" --dry-run "${@:2}"
    [ "$status" -eq 2 ]
    [[ $output == *"$1"* ]]
  }
  refuses "--header: Content-Length frames the content" --header 'Content-Length: 1'
  refuses "--remove-header: Host is what a request cannot be without" --remove-header host
  refuses "holds a control character" --header $'A: 1\r\nB: 2'
  refuses "there is no v3 to set a header field for" --header-v3 'A: 1'
}

# sessions_pcap FILE: 40 sessions with three requests each, and two requests without.
sessions_pcap() {
  local i
  for ((i = 0; i < 120; i++)); do
    printf '>>> GET /movies/%d HTTP/1.1\\r\\nHost: h\\r\\nCookie: a=b; sid=s%d\\r\\n\\r\\n\n' $((i % 40)) $((i % 40))
    printf '<<< HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n\n'
  done >dialogue
  for ((i = 0; i < 2; i++)); do
    printf '>>> GET /bare HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n\n'
    printf '<<< HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n\n'
  done >>dialogue
  pcap_of "$1" <dialogue
}

@test "--sample-key draws sessions whole; what has no key is left out and counted" {
  sessions_pcap s.pcap
  run --separate-stderr mirrorctl replay s.pcap "${nowhere[@]}" --dry-run --percent 50 \
    --sample-key cookie:sid -o s.mres
  [ "$status" -eq 0 ]
  [[ $stderr == *"122 recorded = 120 eligible + 2 not_eligible{no_key 2}"* ]]
  [[ $stderr == *"2 requests have not the key of the draw and were not sent; --missing-key request"* ]]
  [[ $stderr == *"the percentage is one of cookie:sid keys: 50 % of them, with all their requests"* ]]
  grep -aq '"sample_key":"cookie:sid","percent_of":"keys"' s.mres
  # Each session that is there is there three times.
  targets_of s.mres | uniq -c | awk '{ print $1 }' | sort -u >times
  [ "$(cat times)" = 3 ]
  run --separate-stderr mirrorctl replay s.pcap "${nowhere[@]}" --dry-run \
    --sample-key cookie:sid --missing-key request
  [[ $stderr == *"122 recorded = 122 eligible + 0 not_eligible"* ]]
  run mirrorctl replay s.pcap "${nowhere[@]}" --dry-run --sample-key cookie:
  [ "$status" -eq 2 ]
  [[ $output == *"--sample-key: \"cookie:\" is not auto, request, client-ip, header:NAME or cookie:NAME"* ]]
}

@test "the shards of a run add up to it, without overlap" {
  movies_record m.mrec 60 # twelve connections
  all=(--dry-run --percent 50)
  run --separate-stderr mirrorctl replay m.mrec "${nowhere[@]}" "${all[@]}" -o whole.mres
  [[ $stderr == *"60 recorded"* ]]
  for i in 1 2 3; do
    # Once from a pipe: what is read in another way is shared out alike.
    [ $i -ne 2 ] || exec <m.mrec
    mirrorctl replay $([ $i -eq 2 ] && echo - || echo m.mrec) "${nowhere[@]}" "${all[@]}" \
      --shard $i/3 -o $i.mres 2>$i.err
    grep -aq "\"shard\":\"$i/3\"" $i.mres
    mirrorctl show $i.mres --format jsonl | jq ._connection | sort -u >$i.connections
    [ -s $i.connections ]
  done
  [ "$(sed -n 's/.* \([0-9]*\) recorded = .*/\1/p' [123].err | awk '{ n += $1 } END { print n }')" -eq 60 ]
  [ -z "$(sort [123].connections | uniq -d)" ]
  cmp <(targets_of whole.mres) <(cat [123].mres | mirrorctl show - --format jsonl |
    jq -r .request._target | sort)
  mirrorctl diff --format json whole.mres 2>/dev/null | jq .accounting >one || true
  cat [123].mres >joined.mres
  mirrorctl diff --format json joined.mres 2>/dev/null | jq .accounting >three || true
  [ -s one ]
  cmp one three
  movies_record one.mrec 5 # one connection
  for i in 1 2; do
    mirrorctl replay one.mrec "${nowhere[@]}" --dry-run --shard $i/2
  done 2>both.err
  [ "$(grep -c "nothing to replay: all exchanges are of other shards" both.err)" -eq 1 ]
  run mirrorctl replay m.mrec "${nowhere[@]}" --dry-run --shard 4/3
  [ "$status" -eq 2 ]
  [[ $output == *"--shard: \"4/3\" is not a shard such as 1/4"* ]]
}

@test "connections that are closed for lack of descriptors are counted, and that is said" {
  movies_record m.mrec 300 # sixty connections
  both
  (
    ulimit -n 100
    mirrorctl replay m.mrec "${targets[@]}" --concurrency 8 --connections recorded --max \
      --control none -o m.mres
  ) 2>log
  grep -q 'v2: 300 sent = 300 answered + 0 failed' log
  grep -Eq '[0-9]+ idle connections to v2 were closed for lack of descriptors, and opened again' log
}

@test "--loop replays a file again and again, and no pipe" {
  movies_record m.mrec 20
  both
  run --separate-stderr mirrorctl replay m.mrec "${targets[@]}" --rate 500 --loop 3 -o m.mres
  [ "$status" -eq 0 ]
  [[ $stderr == *"60 recorded = 60 eligible"* ]]
  [[ $stderr == *"asked for 500 requests/s, reached "*"; pass 3 of 3"* ]]
  [ "$(mirrorctl show m.mres --format jsonl | jq ._id | sort -u | wc -l)" -eq 60 ]
  grep -aq '"loops":3' m.mres
  # The capture in front runs anew for each pass.
  run --separate-stderr mirrorctl replay m.mrec.pcap "${nowhere[@]}" --dry-run --loop 2
  [[ $stderr == *"40 recorded"* ]]
  run mirrorctl replay - "${nowhere[@]}" --dry-run --loop 2 <m.mrec
  [ "$status" -eq 2 ]
  [[ $output == *"--loop needs a file that can be read again, which standard input is not"* ]]
}

@test "--duration ends a run in order, on a pipe that has nothing to say too" {
  movies_record m.mrec 100
  both
  run --separate-stderr mirrorctl replay m.mrec "${targets[@]}" --rate 100 --duration 100ms -o m.mres
  [ "$status" -eq 0 ]
  [[ $stderr == *"10 recorded = 10 eligible"* ]]
  [[ $stderr == *"; at most 100 ms"* ]]
  mkfifo in
  start replay.log bash -c 'exec "$0" replay - "${@}" -o p.mres <in' "$MIRRORCTL" "${targets[@]}" \
    --max --duration 300ms
  exec {fd}>in
  cat m.mrec >&"$fd"
  end_of "$PID" # although the pipe is open
  exec {fd}>&-
  [ "$status" -eq 0 ]
  grep -q "100 recorded = 100 eligible" replay.log
  ! grep -q "stopped before the end" replay.log
}

@test "schedules are what META says, and what has no sense together is refused" {
  movies_record m.mrec 20
  mirrorctl replay -q m.mrec "${nowhere[@]}" --dry-run --rate 1000 --arrivals poisson --ramp 5s \
    --duration 1h -o m.mres
  grep -aq '"pace":{"rate":1000,"arrivals":"poisson","ramp":"5000000000","duration":"3600000000000","loops":1}' m.mres
  refuses() { # MESSAGE OPTION...
    run mirrorctl replay m.mrec "${nowhere[@]}" --dry-run "${@:2}"
    [ "$status" -eq 2 ]
    [[ $output == *"$1"* ]]
  }
  refuses "--arrivals poisson needs a --rate" --arrivals poisson
  refuses "--ramp needs a --rate or --speed" --ramp 1s --max
}

@test "the summary says whether a draw is one that chance makes" {
  movies_record m.mrec 100
  run mirrorctl replay m.mrec "${nowhere[@]}" --dry-run --percent 10
  [[ $output == *" of 100 were drawn at 10 %; 999 of 1000 draws give 2 to 21"* ]]
  [[ $output != *"trace id"* ]]
}

@test "shards that were sent, joined with cat, report what one run reports" {
  movies_record m.mrec 60
  start_movies v1 --as v1
  start_movies v2 --as v2
  real=(--v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v2_port" --max)
  mirrorctl replay -q m.mrec "${real[@]}" -o whole.mres
  for i in 1 2; do mirrorctl replay -q m.mrec "${real[@]}" --shard $i/2 -o $i.mres; done
  cat 2.mres 1.mres >joined.mres
  for name in whole joined; do
    status=0
    mirrorctl diff --format json $name.mres >$name.json || status=$?
    [ "$status" -eq 1 ]
  done
  [ "$(jq .totals.pairs whole.json)" -eq 60 ]
  diff <(without_times <whole.json) <(without_times <joined.json)
}
