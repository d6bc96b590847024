load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

@test "a pcap becomes a record of its exchanges, with a summary that adds up" {
  movies_pcap m.pcap
  run --separate-stderr mirrorctl capture -r m.pcap -o m.mrec
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  [[ $stderr == *"20 exchanges: 20 complete"* ]]
  [[ $stderr == *"64 packets = 64 decoded + 0 ignored + 0 bad"* ]]
  [[ $stderr == *"4 connections = 4 http + 0 tls + 0 http2 + 0 other"* ]]
  [ "$(mirrorctl show m.mrec | wc -l)" -eq 20 ]
}

@test "-q says nothing" {
  movies_pcap m.pcap
  run --separate-stderr mirrorctl capture -q -r m.pcap -o m.mrec
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
}

@test "the same packets give the same bytes, wherever they come from" {
  mkdir a b
  movies_pcap a/m.pcap
  cp a/m.pcap b/
  mirrorctl capture -q -r a/m.pcap -o 1.mrec
  mirrorctl capture -q -r "$PWD/b/m.pcap" -o 2.mrec
  cmp 1.mrec 2.mrec
  mirrorctl capture -q -r a/m.pcap -o - >3.mrec
  cmp 1.mrec 3.mrec
  mirrorctl capture -q -r - -o 4.mrec <a/m.pcap
  cmp 1.mrec 4.mrec
}

@test "packets may come through a pipe" {
  movies_pcap m.pcap
  mirrorctl capture -q -r - -o m.mrec <m.pcap
  [ "$(mirrorctl show m.mrec | wc -l)" -eq 20 ]
  cat m.pcap | mirrorctl capture -q -r - -o - | mirrorctl show - >list
  [ "$(wc -l <list)" -eq 20 ]
}

@test "-n stops after so many exchanges, -p leaves other ports out" {
  movies_pcap m.pcap
  mirrorctl capture -q -r m.pcap -n 7 -o m.mrec
  [ "$(mirrorctl show m.mrec | wc -l)" -eq 7 ]
  run --separate-stderr mirrorctl capture -r m.pcap -p 81 -o m.mrec
  [ "$status" -eq 0 ]
  [[ $stderr == *"0 exchanges"* ]]
  [[ $stderr == *"64 packets = 0 decoded + 64 ignored{other_port 64}"* ]]
}

@test "a compressed record holds the same and is smaller" {
  movies_pcap m.pcap 200
  mirrorctl capture -q -r m.pcap -o plain.mrec
  mirrorctl capture -q -z zstd -r m.pcap -o packed.mrec
  cmp <(mirrorctl show plain.mrec --format jsonl) <(mirrorctl show packed.mrec --format jsonl)
  [ "$(stat -c %s packed.mrec)" -lt "$(stat -c %s plain.mrec)" ]
  mirrorctl capture -q --compress=none -r m.pcap -o none.mrec
  cmp plain.mrec none.mrec
  run mirrorctl capture -q -z gzip -r m.pcap -o other.mrec
  [ "$status" -eq 2 ]
}

@test "records are readable by their owner only, also where a file was before" {
  movies_pcap m.pcap
  umask 000
  mirrorctl capture -q -r m.pcap -o new.mrec
  [ "$(stat -c %a new.mrec)" = 600 ]
  echo old >old.mrec
  [ "$(stat -c %a old.mrec)" = 666 ]
  mirrorctl capture -q -r m.pcap -o old.mrec
  [ "$(stat -c %a old.mrec)" = 600 ]
}

@test "an old record stays as it is when the run cannot start" {
  movies_record m.mrec
  cp m.mrec before
  echo "no packets" >bad.pcap
  run mirrorctl capture -r bad.pcap -o m.mrec
  [ "$status" -eq 2 ]
  run mirrorctl capture -i nosuchif0 -o m.mrec
  [ "$status" -eq 2 ]
  cmp m.mrec before
}

@test "the output may not be the input" {
  movies_pcap m.pcap
  cp m.pcap before
  ln m.pcap other-name
  run --separate-stderr mirrorctl capture -r m.pcap -o other-name
  [ "$status" -eq 2 ]
  [[ $stderr == *"is the input"* ]]
  run --separate-stderr mirrorctl capture -r m.pcap -o - >>m.pcap
  cmp m.pcap before
}

@test "binary is not written to a terminal" {
  script -qec true /dev/null >/dev/null 2>&1 || skip "script(1) is missing or has no terminal to give"
  movies_pcap m.pcap
  run script -qec "$MIRRORCTL capture -r m.pcap -o -" /dev/null
  [ "$status" -eq 2 ]
  [[ $output == *"will not write binary to a terminal"* ]]
}

@test "a pcap that ends inside a packet keeps all before it and exits with 4" {
  movies_pcap m.pcap
  head -c -100 m.pcap >cut.pcap
  run --separate-stderr mirrorctl capture -r cut.pcap -o m.mrec
  [ "$status" -eq 4 ]
  [[ $stderr == *"cut.pcap"* ]]
  run mirrorctl show m.mrec
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -ge 19 ]
}

@test "--strict exits with 4 when bytes are missing, and only then" {
  pcap_of gap.pcap <<'END'
>>> GET / HTTP/1.1\r\nHost: h\r\n\r\n
<<< HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab
!!! 5
<<< xyz
END
  run mirrorctl capture -r gap.pcap -o gap.mrec
  [ "$status" -eq 0 ]
  run --separate-stderr mirrorctl capture --strict -r gap.pcap -o gap.mrec
  [ "$status" -eq 4 ]
  [[ $stderr == *"5 bytes in 1 gap"* ]]
  [ "$(mirrorctl show gap.mrec --format jsonl | jq -c '[._complete, ._flags]')" = '[false,["gap"]]' ]
  movies_pcap m.pcap
  run mirrorctl capture --strict -r m.pcap -o m.mrec
  [ "$status" -eq 0 ]
}

@test "an empty record says why it is empty" {
  pcap_of tls.pcap 443 <<'END'
>>> \x16\x03\x01\x00\x05\x01\x00\x00\x01\x00
<<< \x16\x03\x03\x00\x05\x02\x00\x00\x01\x00
END
  run --separate-stderr mirrorctl capture -r tls.pcap -o tls.mrec
  [ "$status" -eq 0 ]
  [[ $stderr == *"1 connection was TLS: capture behind the terminator"* ]]
  run mirrorctl show tls.mrec
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "a full disk ends the run with 4 and says so" {
  [ -e /dev/full ] || skip "there is no /dev/full"
  movies_pcap m.pcap
  run --separate-stderr mirrorctl capture -r m.pcap -o /dev/full
  [ "$status" -eq 4 ]
  [[ $stderr == *"No space left on device"* ]]
}

@test "a reader that goes away ends the run quietly" {
  movies_pcap m.pcap 4000
  mirrorctl capture -q -r m.pcap -o - 2>err | head -c 100 >/dev/null
  [ "${PIPESTATUS[0]}" -eq 4 ]
  [ ! -s err ]
}

@test "live: 50 requests of curl on lo are exactly 50 complete exchanges" {
  need_capture
  start_movies live --as v1
  start capture.log "$MIRRORCTL" capture -i lo -p "$live_port" -o live.mrec
  wait_for capture.log "listening on lo, port $live_port"
  "$ROOT/samples/movies/traffic.sh" "$live_port" 50
  kill -INT "$PID"
  end_of "$PID"
  [ "$status" -eq 0 ]
  cat capture.log
  grep -q "50 exchanges: 50 complete" capture.log
  [ "$(mirrorctl show live.mrec --format jsonl | jq -c ._complete | sort | uniq -c | tr -s ' ')" = " 50 true" ]
}

@test "live: -d ends the run by itself, -n after so many exchanges" {
  need_capture
  run timeout 20 "$MIRRORCTL" capture -i lo -p 9 -d 50ms -o quiet.mrec
  [ "$status" -eq 0 ]
  [[ $output == *"0 exchanges; no packet arrived"* ]]
  start_movies live --as v1
  start capture.log "$MIRRORCTL" capture -i lo -p "$live_port" -n 3 -o live.mrec
  wait_for capture.log "listening on lo"
  capture_pid=$PID
  "$ROOT/samples/movies/traffic.sh" "$live_port" 10
  end_of "$capture_pid"
  [ "$status" -eq 0 ]
  [ "$(mirrorctl show live.mrec | wc -l)" -eq 3 ]
}

@test "live: after kill -9 what was written is readable, and what is missing is told" {
  need_capture
  start_movies live --as v1
  mkfifo out
  start seen.log bash -c 'tee live.mrec <out | "$0" show - 2>&1 | cat' "$MIRRORCTL"
  start capture.log bash -c 'exec "$0" capture -i lo -p "$1" -o - >out' "$MIRRORCTL" "$live_port"
  wait_for capture.log "listening on lo"
  "$ROOT/samples/movies/traffic.sh" "$live_port" 20
  # What is captured goes out about once a second.
  wait_for seen.log "GET /movies"
  kill -9 "$PID"
  end_of "$PID"
  wait_for seen.log "bytes were left"
  run --separate-stderr mirrorctl show live.mrec
  [ "$status" -eq 4 ]
  [ "${#lines[@]}" -ge 1 ]
  [[ $stderr == *"bytes were left"* ]]
}
