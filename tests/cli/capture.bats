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
  [[ $stderr == *"is an input"* ]]
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

@test "packets that the snap length cut are named, with what helps" {
  movies_pcap whole.pcap
  "$TOOLS/rewrite_pcap" --snaplen 96 whole.pcap cut.pcap
  run --separate-stderr mirrorctl capture --strict -r cut.pcap -o cut.mrec
  [ "$status" -eq 4 ]
  cut=$(sed -nE 's/.* gaps, ([0-9]+) packets cut by the snap length$/\1/p' <<<"$stderr")
  [ "$cut" -ge 20 ]
  [[ $stderr == *"tcpdump -s 0; of a mirror, raise"* ]]
  "$TOOLS/record_facts" cut.mrec >facts
  grep -x "cut $cut" facts
}

@test "directions in different VLANs are told of, with what brings them together" {
  command -v tcprewrite >/dev/null || skip "tcprewrite is missing"
  movies_pcap plain.pcap
  "$TOOLS/rewrite_pcap" --vlan 3000 10 20 plain.pcap both.pcap
  run --separate-stderr mirrorctl capture -r both.pcap -o both.mrec
  [[ $stderr == *"20 exchanges: 0 complete, 20 unanswered; 20 answers without a request"* ]]
  [[ $stderr == *"requests and answers of 4 connections had different VLAN tags"* ]]
  tcprewrite --enet-vlan=del -i both.pcap -o one.pcap || skip "this tcprewrite cannot"
  run --separate-stderr mirrorctl capture -r one.pcap -o one.mrec
  [[ $stderr == *"20 exchanges: 20 complete"* ]]
  [[ $stderr != *VLAN* ]]
}

@test "an empty record says why it is empty" {
  pcap_of tls.pcap 443 <<'END'
>>> \x16\x03\x01\x00\x05\x01\x00\x00\x01\x00
<<< \x16\x03\x03\x00\x05\x02\x00\x00\x01\x00
END
  run --separate-stderr mirrorctl capture -r tls.pcap -o tls.mrec
  [ "$status" -eq 0 ]
  [[ $stderr == *"1 connection to port 443 was TLS: capture behind the terminator"* ]]
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

# ids_of FILE: what `cat` would make of several files is their sequence.
ids_of() { mirrorctl show "$1" --format jsonl | jq ._id; }

@test "--rotate SIZE: no file is larger, each is valid alone, together they are the record" {
  "$TOOLS/make_traffic" --keep-alive 2 m.pcap
  mirrorctl capture -q -r m.pcap -o whole.mrec
  run --separate-stderr mirrorctl capture -r m.pcap -o t.mrec --rotate 512KiB
  [ "$status" -eq 0 ]
  [[ $stderr == *" files: t-0001.mrec to t-000"* ]]
  [ ! -e t.mrec ]
  for f in t-*.mrec; do
    [ "$(stat -c %s "$f")" -le $((512 * 1024)) ]
    [ "$(stat -c %a "$f")" = 600 ]
    run mirrorctl show "$f"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -gt 10 ]
  done
  cat t-*.mrec >joined.mrec
  cmp <(ids_of whole.mrec) <(ids_of joined.mrec)
  mirrorctl capture -q -r m.pcap -o u --rotate 512KiB
  for f in t-*.mrec; do cmp "$f" "${f/t-/u-}"; done
}

@test "--rotate TIME follows the packets' time" {
  movies_pcap m.pcap 1200 # a packet a millisecond
  mirrorctl capture -q -r m.pcap -o t --rotate 1s
  ids_of t-0001.mrec >first
  ids_of t-0002.mrec >second
  [ "$(tail -n 1 first)" -eq $(($(head -n 1 second) - 1)) ]
  [ "$(mirrorctl show t-0002.mrec --format jsonl | head -n 1 | jq -r .startedDateTime)" '>' \
    2026-01-01T00:00:00.9 ]
  cat t-*.mrec >joined.mrec
  [ "$(ids_of joined.mrec | wc -l)" -eq 1200 ]
}

@test "--keep leaves the newest files of this run, and nothing else is touched" {
  "$TOOLS/make_traffic" --keep-alive 2 m.pcap
  echo mine >t-0041.mrec
  echo mine >t-9.mrec
  echo mine >tt-0050.mrec
  run --separate-stderr mirrorctl capture -r m.pcap -o t.mrec --rotate 256KiB --keep 3
  [ "$status" -eq 0 ]
  [[ $stderr == *"of which --keep left 3: "* ]]
  [ "$(cat t-0041.mrec t-9.mrec tt-0050.mrec | sort -u)" = mine ]
  files=(t-00[4-9]?.mrec)
  [ "${#files[@]}" -eq 4 ]
  [[ ${files[1]} > t-0042.mrec ]]
  mirrorctl capture -q -r m.pcap -o whole.mrec
  [ "$(ids_of "${files[3]}" | tail -n 1)" -eq "$(ids_of whole.mrec | wc -l)" ]
}

@test "--rotate and --keep where they cannot work are refused, with what to do" {
  movies_pcap m.pcap
  refused() {
    run --separate-stderr mirrorctl capture -r m.pcap "$@"
    [ "$status" -eq 2 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
  }
  refused -o - --rotate 1MiB
  [[ $stderr == *"say -o FILE"* ]]
  refused -o t --keep 3
  [[ $stderr == *"--rotate"*"missing"* ]]
  refused -o t --rotate 10
  refused -o t --rotate 999ms
  refused -o t --rotate often
  [[ $stderr == *"neither a size"*"nor a time"* ]]
  refused -o t --rotate 1h --keep 0
  refused -o nowhere/t --rotate 1h
  [[ $stderr == *"nowhere: No such file or directory"* ]]
  [ -z "$(ls t* 2>/dev/null)" ]
}

# is_cut FILE: a valid record that says itself how many exchanges it lacks;
# what capture said is in $stderr.
is_cut() {
  local total unwritten held
  run mirrorctl show "$1"
  [ "$status" -eq 0 ]
  held=${#lines[@]}
  total=$(sed -n 's/.* \([0-9]*\) exchanges: .*/\1/p' <<<"$stderr")
  unwritten=$(sed -n 's/.*; \([0-9]*\) exchanges* w.* not written, .*complete up to there/\1/p' <<<"$stderr")
  echo "$held in the file, $unwritten not written, $total in all"
  [ "$held" -gt 0 ] && [ "$unwritten" -gt 0 ]
  [ $((held + unwritten)) -eq "$total" ]
}

@test "a disk that fills up ends the run with 4 and leaves a valid record" {
  mkdir disk
  mount -t tmpfs -o size=1m tmpfs disk 2>why || skip "cannot mount a small disk here: $(cat why)"
  "$TOOLS/make_traffic" --keep-alive 3 m.pcap
  run --separate-stderr mirrorctl capture -r m.pcap -o disk/m.mrec
  saved=$stderr
  [ "$status" -eq 4 ]
  [[ $stderr == *"disk/m.mrec: No space left on device; "* ]]
  cp disk/m.mrec .
  rm disk/m.mrec
  run --separate-stderr mirrorctl capture -r m.pcap -o disk/r --rotate 300KiB
  [ "$status" -eq 4 ]
  mkdir rotated
  cp disk/r-* rotated/
  umount disk
  stderr=$saved
  is_cut m.mrec
  [ "$(ls rotated | wc -l)" -ge 3 ]
  for f in rotated/*; do mirrorctl show "$f" >/dev/null; done
}

@test "a file that may not grow (ulimit -f) ends the run in the same way" {
  "$TOOLS/make_traffic" --keep-alive 3 m.pcap
  capped() { (ulimit -f 1500 && exec "$MIRRORCTL" "$@"); }
  run --separate-stderr capped capture -r m.pcap -o m.mrec
  [ "$status" -eq 4 ]
  [[ $stderr == *"m.mrec: File too large; "* ]]
  is_cut m.mrec
  # Nothing at all: an error, not a death by SIGXFSZ.
  run bash -c '(ulimit -f 0; exec "$0" capture -r m.pcap -o m.mrec) 2>&1 | cat
    exit "${PIPESTATUS[0]}"' "$MIRRORCTL"
  [ "$status" -eq 4 ]
  [ "$output" = "mirrorctl: m.mrec: File too large" ]
}

@test "live: a file whose time is over is complete while the capture goes on" {
  need_capture
  start_movies live --as v1
  start capture.log "$MIRRORCTL" capture -v -i lo -p "$live_port" -o live --rotate 1s --keep 100
  capture_pid=$PID
  wait_for capture.log "listening on lo, port $live_port"
  "$ROOT/samples/movies/traffic.sh" "$live_port" 10
  wait_for capture.log "live-0001.mrec is complete"
  run mirrorctl show live-0001.mrec
  [ "$status" -eq 0 ]
  kill -INT "$capture_pid"
  end_of "$capture_pid"
  [ "$status" -eq 0 ]
  cat live-*.mrec >joined.mrec
  [ "$(mirrorctl show joined.mrec | wc -l)" -eq 10 ]
}
