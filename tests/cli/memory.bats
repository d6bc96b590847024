#!/usr/bin/env bats
# A flood of connections that lead nowhere and of data behind holes: --memory
# holds, what was given up is counted, and what comes after it is captured.

setup() {
  load ../support/helpers
  common_setup
}

teardown() {
  common_teardown
}

# Sanitizers keep freed memory for a while, and have shadows of it.
is_sanitized() {
  nm "$MIRRORCTL" | grep -qE '__(asan|tsan|msan)_init'
}

@test "--redact of a large JSON body needs little more than the body" {
  is_sanitized && skip "a sanitizer has shadows of all memory"
  local numbers
  printf -v numbers ',1%.0s' {1..16384}
  {
    printf '>>> GET / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n\n<<< HTTP/1.1 200 OK\\r\\n'
    printf 'Content-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n[{"card":5}\n' \
      $((480 * 32768 + 12))
    for _ in {1..480}; do echo "<<< $numbers"; done
    echo '<<< ]'
  } | "$TOOLS/dialogue_pcap" 80 >big.pcap
  (ulimit -v $((256 * 1024)) && mirrorctl capture -r big.pcap --redact '$[*].card' -o out.mrec)
  mirrorctl show out.mrec --format jsonl >all.jsonl
  [ "$(jq -r '._complete, ._redacted, .response.content.text[:23]' all.jsonl)" = \
    $'true\n$[*].card\n[{"card":"REDACTED"},1,' ]
}

@test "acceptance 34: 200,000 half-open connections and a gigabyte behind holes stay within --memory 128M" {
  local half_open=200000 megabytes=1000 good=100
  if is_sanitized; then half_open=20000 megabytes=100 good=100; fi

  "$TOOLS/flood" $half_open $megabytes $good \
    "$MIRRORCTL" capture -r - --memory 128M -o out.mrec 2>log
  cat log
  grep -q 'status 0$' log
  grep -q "^mirrorctl: $good exchanges: $good complete" log
  [ "$(mirrorctl show out.mrec --format jsonl | jq -r 'select(._complete) | .request._target' |
    sort -u | grep -c '^/good/')" -eq $good ]

  # Under a sanitizer it may all fit.
  is_sanitized && return
  [ "$(sed -nE 's/.*[ ,]([0-9]+) connections given up at --memory.*/\1/p' log)" -gt 1000 ]
  [ "$(sed -nE 's/^flood: rss ([0-9]+) KiB.*/\1/p' log)" -lt $((160 * 1024)) ]
  sed -nE 's/^flood: /# measured: flood of 1.0 GB at --memory 128M: /p' log >&3
}

@test "what is given up at --memory is the same in each run" {
  "$TOOLS/make_traffic" 20 whole.pcap
  "$TOOLS/rewrite_pcap" --drop 50 1 --shuffle 6 1 whole.pcap lossy.pcap
  for run in 1 2 3; do
    mirrorctl capture -r lossy.pcap --memory 1M -o $run.mrec 2>$run.log
    mirrorctl show $run.mrec --format jsonl | grep -v '"_meta"' >$run.jsonl
  done
  grep -E '[1-9][0-9]* connections given up at --memory' 1.log
  for run in 2 3; do
    diff 1.log $run.log
    cmp 1.jsonl $run.jsonl
  done
}
