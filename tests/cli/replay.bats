load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

both() { # v1 and v2, and the options that name them
  start_movies v1 --as v1
  start_movies v2 --as v2
  targets=(--v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v2_port")
}

@test "every request reaches v1, v2 and v1 again, marked as a copy" {
  movies_record m.mrec
  both
  run --separate-stderr mirrorctl replay m.mrec "${targets[@]}" -o m.mres
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  [[ $stderr == *"20 recorded = 20 eligible + 0 not_eligible"* ]]
  [[ $stderr == *"20 selected = 20 paired + 0 unpaired"* ]]
  [[ $stderr == *"control: 20 sent = 20 answered + 0 failed"* ]]
  stop_movies "$v1_pid"
  stop_movies "$v2_pid"
  [ "$(copies_in v1.log)" -eq 40 ]
  [ "$(requests_in v1.log)" -eq 40 ]
  [ "$(copies_in v2.log)" -eq 20 ]
  [ "$(requests_in v2.log)" -eq 20 ]
  [ "$(stat -c %a m.mres)" = 600 ]
  cmp <(targets_of m.mrec) <(targets_of m.mres)
}

@test "--control none asks v1 once" {
  movies_record m.mrec
  both
  mirrorctl replay -q m.mrec "${targets[@]}" --control none -o m.mres
  stop_movies "$v1_pid"
  [ "$(copies_in v1.log)" -eq 20 ]
  [ "$(mirrorctl show m.mres --format jsonl | jq -c 'has("_control")' | sort -u)" = false ]
}

@test "the same seed draws the same requests, and 40 % are inside 60 %" {
  movies_record m.mrec 200
  both
  for run in 40:a 40:b 60:c; do
    mirrorctl replay -q m.mrec "${targets[@]}" --max --percent "${run%:*}" -o "${run#*:}.mres"
    targets_of "${run#*:}.mres" >"${run#*:}"
  done
  cmp a b
  [ "$(wc -l <a)" -gt 40 ]
  [ "$(wc -l <a)" -lt 120 ]
  [ "$(wc -l <c)" -gt "$(wc -l <a)" ]
  [ -z "$(comm -23 a c)" ]
  mirrorctl replay -q m.mrec "${targets[@]}" --max --percent 40 --seed other -o d.mres
  targets_of d.mres >d
  run ! cmp -s a d
}

@test "a pcap is replayed as its record is, from a file and from a pipe" {
  movies_record m.mrec
  both
  mirrorctl replay -q m.mrec "${targets[@]}" --max -o record.mres
  mirrorctl replay -q m.mrec.pcap "${targets[@]}" --max -o file.mres
  cat m.mrec.pcap | mirrorctl replay -q - "${targets[@]}" --max -o pipe.mres
  cat m.mrec | mirrorctl replay -q - "${targets[@]}" --max -o pipe-record.mres
  for other in file pipe pipe-record; do
    cmp <(targets_of record.mres) <(targets_of $other.mres)
  done
}

@test "what was not sent is counted, and the option that sends it is named" {
  pcap_of post.pcap <<'END'
>>> POST /movies HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}
<<< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
>>> GET /movies HTTP/1.1\r\nHost: h\r\n\r\n
<<< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
END
  both
  run --separate-stderr mirrorctl replay post.pcap "${targets[@]}" -o post.mres
  [ "$status" -eq 0 ]
  [[ $stderr == *"2 recorded = 1 eligible + 1 not_eligible{method 1}"* ]]
  [[ $stderr == *"1 request used POST and was not sent; --methods all sends them"* ]]
  run --separate-stderr mirrorctl replay post.pcap "${targets[@]}" --methods all -o post.mres
  [ "$status" -eq 0 ]
  stop_movies "$v2_pid"
  [ "$(grep -c 'POST /movies' v2.log)" -eq 1 ]
  # A control call only where the method promises to change nothing.
  [[ $stderr == *"control: 1 sent = 1 answered + 0 failed + 1 not_sent{unsafe 1}"* ]]
}

@test "of requests that were not captured whole those beyond --max-body are told apart" {
  pcap_of posts.pcap <<'END'
>>> POST /large HTTP/1.1\r\nHost: m\r\nContent-Length: 11\r\n\r\n01234567890
<<< HTTP/1.1 204 No Content\r\n\r\n
>>> POST /cut HTTP/1.1\r\nHost: m\r\nContent-Length: 11\r\n\r\n01
END
  mirrorctl capture -q -r posts.pcap --max-body 10B -o posts.mrec
  run mirrorctl replay posts.mrec --v1 http://127.0.0.1:1 --v2 http://127.0.0.1:2 --methods all --dry-run
  [[ $output == *"2 requests were not captured whole and are not sent"* ]]
  [[ $output == *"1 of them had more content than was kept; --max-body of the capture raises that"* ]]
}

@test "--include-anomalous is not said to send what has no request line" {
  pcap_of odd.pcap <<'END'
>>> GET /folded HTTP/1.1\r\nHost: m\r\nX-A: b\r\n c\r\n\r\n
<<< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
---
>>> POST/nowhere HTTP/1.1\r\nHost: m\r\n\r\n
<<< HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n
END
  replay_odd() {
    run mirrorctl replay odd.pcap --v1 http://127.0.0.1:1 --v2 http://127.0.0.1:2 --dry-run "$@"
    [ "$status" -eq 0 ]
    [[ $output == *"1 request has no readable request line and is never sent"* ]]
  }
  replay_odd
  [[ $output == *"not_eligible{anomalous 2}"* ]]
  [[ $output == *"1 request could be read in two ways and was not sent; --include-anomalous sends"* ]]
  replay_odd --include-anomalous --methods all
  [[ $output == *"2 recorded = 1 eligible + 1 not_eligible{anomalous 1}"* ]]
  [[ $output != *"two ways"* ]]
}

@test "--dry-run sends nothing and accounts for everything" {
  movies_record m.mrec 200
  both
  run --separate-stderr mirrorctl replay m.mrec "${targets[@]}" --percent 50 --dry-run
  [ "$status" -eq 0 ]
  [[ $stderr == *"200 recorded = 200 eligible"* ]]
  stop_movies "$v1_pid"
  [ "$(requests_in v1.log)" -eq 0 ]
}

@test "v2 not listening: v1's results are untouched, each request has its outcome" {
  movies_record m.mrec
  free_port
  start_movies v1 --as v1
  run --separate-stderr mirrorctl replay m.mrec --v1 "http://127.0.0.1:$v1_port" \
    --v2 "http://127.0.0.1:$FREE_PORT" -o m.mres
  [ "$status" -eq 0 ]
  [[ $stderr == *"v2: 20 sent = 0 answered + 20 failed{connect 20}"* ]]
  [[ $stderr == *"v1: 20 sent = 20 answered + 0 failed"* ]]
  mirrorctl show m.mres --format jsonl | jq -r '[._v1.outcome, ._v2.outcome] | @csv' |
    sort | uniq -c | tr -s ' ' >outcomes
  [ "$(cat outcomes)" = ' 20 "answered","connect"' ]
}

@test "a torn record: all before it is replayed, then 4 and the line" {
  movies_record m.mrec 3000
  head -c -1000 m.mrec >torn.mrec
  n=$(mirrorctl show -q torn.mrec 2>/dev/null | wc -l || true)
  both
  run --separate-stderr mirrorctl replay torn.mrec "${targets[@]}" --max -o torn.mres
  [ "$status" -eq 4 ]
  [[ $stderr == *"torn.mrec: "*"bytes were left"* ]]
  [ "$(mirrorctl show torn.mres | wc -l)" -eq "$n" ]
}

ends_in_order() { # SIGNAL
  movies_record m.mrec 2000
  both
  mkfifo in
  start replay.log bash -c 'exec "$0" replay - "${@}" -o m.mres <in' "$MIRRORCTL" "${targets[@]}" \
    --max -v
  exec {fd}>in
  cat m.mrec >&"$fd"
  # The pipe stays open: the run would wait for more for ever.
  wait_for_copy
  kill -"$1" "$PID"
  end_of "$PID"
  exec {fd}>&-
  [ "$status" -eq 4 ]
  grep -q "stopped before the end" replay.log
  mirrorctl show m.mres >list
  [ "$(wc -l <list)" -ge 1 ]
}

@test "SIGINT ends it in order: what was sent is kept, status 4" { ends_in_order INT; }

@test "so does SIGHUP, when a terminal goes away" { ends_in_order HUP; }

@test "under nohup SIGHUP ends nothing" {
  movies_record m.mrec 20
  both
  mkfifo in
  start replay.log bash -c 'exec nohup "$0" replay - "${@}" -o m.mres <in' "$MIRRORCTL" \
    "${targets[@]}" --max
  exec {fd}>in
  cat m.mrec >&"$fd"
  wait_for_copy
  kill -HUP "$PID"
  exec {fd}>&-
  end_of "$PID"
  [ "$status" -eq 0 ]
  grep "20 recorded = 20 eligible" replay.log
}

@test "one that was stopped before it read anything does not say that there was nothing" {
  movies_record m.mrec
  both
  mkfifo in
  start replay.log bash -c 'exec "$0" replay - "${@}" -o m.mres <in' "$MIRRORCTL" "${targets[@]}" \
    --metrics 127.0.0.1:0
  exec {fd}>in
  head -c 1000 m.mrec >&"$fd" # not all of the first exchanges
  wait_for replay.log "metrics at"
  kill -INT "$PID"
  end_of "$PID"
  exec {fd}>&-
  [ "$status" -eq 4 ]
  grep -q "stopped before the end" replay.log
  ! grep -q "nothing to replay" replay.log
}

wait_for_copy() {
  local replay_pid=$PID
  wait_for v2.log " copy"
  PID=$replay_pid
}

@test "after kill -9 what was done is in the result, and diff says so" {
  movies_record m.mrec 4000
  both
  start replay.log "$MIRRORCTL" replay m.mrec "${targets[@]}" --rate 500 -o m.mres
  # Pairs go out about once a second: a second's worth and more is done here.
  wait_for v2.log " copy" 1500
  kill -9 "$PID"
  end_of "$PID"
  run --separate-stderr mirrorctl show m.mres
  [ "$status" -eq 4 ]
  [ "${#lines[@]}" -ge 100 ]
  [[ $stderr == *"bytes were left"* ]]
  run --separate-stderr mirrorctl diff m.mres
  [ "$status" -eq 4 ]
  [[ $stderr == *"m.mres: "*"bytes were left"* ]]
  [[ $output == *"v2"* ]]
}

@test "binary is not written to a terminal" {
  script -qec true /dev/null >/dev/null 2>&1 || skip "script(1) is missing or has no terminal to give"
  movies_record m.mrec
  run script -qec "$MIRRORCTL replay m.mrec --v1 http://127.0.0.1:1 --v2 http://127.0.0.1:1 -o -" \
    /dev/null
  [ "$status" -eq 2 ]
  [[ $output == *"will not write binary to a terminal"* ]]
}

@test "a result is not replayed, and its file not overwritten by itself" {
  movies_record m.mrec
  both
  mirrorctl replay -q m.mrec "${targets[@]}" -o m.mres
  run --separate-stderr mirrorctl replay m.mres "${targets[@]}" -o other.mres
  [ "$status" -eq 2 ]
  [[ $stderr == *"a result, not a record"* ]]
  [ ! -e other.mres ]
  cp m.mrec before
  run --separate-stderr mirrorctl replay m.mrec "${targets[@]}" -o m.mrec
  [ "$status" -eq 2 ]
  [[ $stderr == *"is an input"* ]]
  cmp m.mrec before
}

@test "a v2 that is down is left alone, said once, counted, and is a FAIL" {
  movies_record m.mrec 300
  free_port
  start_movies v1 --as v1
  run --separate-stderr mirrorctl replay m.mrec --v1 "http://127.0.0.1:$v1_port" \
    --v2 "http://127.0.0.1:$FREE_PORT" --max --concurrency 1 -o m.mres
  [ "$status" -eq 0 ]
  [[ $stderr == *"v2: breaker opened: 20 of 20 calls failed in 10s (connect: Connection refused); next probe in 5s"* ]]
  [ "$(grep -c "breaker opened:" <<<"$stderr")" -eq 1 ]
  [[ $stderr == *"v1: 300 sent = 300 answered + 0 failed"* ]]
  [[ $stderr == *"v2: 20 sent = 0 answered + 20 failed{connect 20} + 280 not_sent{breaker 280}; breaker: opened 1 time, 280 not sent"* ]]
  run mirrorctl diff m.mres
  [ "$status" -eq 1 ]
  [[ ${lines[0]} == *FAIL* ]]
  [[ $output == *refused* ]]
  run --separate-stderr mirrorctl replay m.mrec --v1 "http://127.0.0.1:$v1_port" \
    --v2 "http://127.0.0.1:$FREE_PORT" --max --max-error-rate off -o m.mres
  [[ $stderr == *"v2: 300 sent = 0 answered + 300 failed{connect 300}"* ]]
}

@test "a v1 that is down is left alone too, and nothing can be concluded" {
  movies_record m.mrec 300
  free_port
  start_movies v2 --as v2
  mirrorctl replay -q m.mrec --v1 "http://127.0.0.1:$FREE_PORT" \
    --v2 "http://127.0.0.1:$v2_port" --max --concurrency 1 -o m.mres
  run mirrorctl diff m.mres
  [ "$status" -eq 3 ]
  [ "$(grep -c "127.0.0.1:$FREE_PORT.*[Rr]efused" <<<"$output")" -ge 1 ]
}

@test "--max-error-rate is a percentage above 0, or off" {
  for wrong in 0 101 -1 50.00001 none ''; do
    run --separate-stderr mirrorctl replay m.mrec --v1 http://a --v2 http://b -o m.mres \
      --max-error-rate "$wrong"
    [ "$status" -eq 2 ]
    [[ $stderr == *max-error-rate* ]]
  done
}

@test "who reads the result has gone before it begins: status 4, and nothing is sent" {
  movies_record m.mrec
  start_movies v1 --as v1
  mkfifo pipe
  exec 5<>pipe 6>pipe 5>&- # for a moment it had a reader
  status=0
  mirrorctl replay -q m.mrec --v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v1_port" \
    --max -o - >&6 2>err || status=$?
  exec 6>&-
  [ "$status" -eq 4 ]
  [ ! -s err ]
  [ "$(requests_in v1.log)" -eq 0 ]
}

@test "who reads the result goes, and the input is quiet: it does not wait for more" {
  movies_record m.mrec
  both
  mkfifo in out
  start replay.log bash -c 'exec "$0" replay - "${@}" -o - <in >out' "$MIRRORCTL" "${targets[@]}" \
    --max
  exec {more}>in {reader}<out
  cat m.mrec >&"$more"
  head -c 100 <&"$reader" >/dev/null # into META: the run has begun
  exec {reader}<&-
  cat m.mrec >&"$more"
  end_of "$PID"
  exec {more}>&-
  [ "$status" -eq 4 ]
  [ ! -s replay.log ]
}

@test "a file that may not grow holds what had room, and an accounting that says what had not" {
  movies_record m.mrec 400
  both
  capped() { (ulimit -f "$1" && exec "$MIRRORCTL" replay m.mrec "${targets[@]}" --max --control none -o m.mres); }
  run --separate-stderr capped 300
  [ "$status" -eq 4 ]
  [ "$(grep -c "m.mres: File too large" <<<"$stderr")" -eq 1 ]
  [[ $stderr == *" pairs were not written, the result is complete up to there"* ]]
  mirrorctl show m.mres --format jsonl >pairs # whole, so 0
  mirrorctl diff m.mres --format json >report || true
  unwritten=$(jq .accounting.unwritten report)
  [ "$unwritten" -gt 0 ]
  [ "$(wc -l <pairs)" -gt 0 ]
  [ "$(jq .accounting.selected report)" -eq $((unwritten + $(wc -l <pairs))) ]
  jq -r '.gates[] | select(.name == "coverage").message' report | grep ", $unwritten not written to the result"
  # Nothing but META had room.
  run --separate-stderr capped 20
  [ "$status" -eq 4 ]
  run mirrorctl diff m.mres
  [ "$status" -eq 3 ]
  [[ $output == *"no pairs: "*" could not be written to the result"* ]]
}
