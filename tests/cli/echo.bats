# What real and odd requests look like when they arrive: everything that was
# captured whole is replayed to a server that answers with what it got.

load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# echoed RECORD: replayed to echo_server, the odd ones too, all is as promised.
echoed() {
  local target targets=()
  "$TOOLS/check_echo" promise "$1" >promises
  for target in v1 v2; do
    start "$target.log" "$TOOLS/echo_server" promises
    wait_for "$target.log" ''
    targets+=("--$target" "http://127.0.0.1:$(head -n 1 "$target.log")")
  done
  mirrorctl replay -q "$1" "${targets[@]}" --max --control none --methods all --include-anomalous \
    --timeout 5s -o all.mres
  run "$TOOLS/check_echo" compare "$1" all.mres
  echo "$output"
  echo "# measured: $output" >&3
  [ "$status" -eq 0 ]
}

# record_all FILE...: what is captured of each, one after the other, in all.mrec.
# Of some links nothing is.
record_all() {
  local file
  for file; do
    rm -f one.mrec
    mirrorctl capture -q -r "$file" -o one.mrec 2>why || grep -q "is not supported\|bytes" why
    [ ! -e one.mrec ] || cat one.mrec
  done >all.mrec
}

# odd_requests: one a connection, each answered.
odd_requests() {
  local request
  while IFS= read -r request; do
    printf '>>> %s\n<<< HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}\n---\n' "$request"
  done <<'END'
GET / HTTP/1.1\r\nHost: a\r\n\r\n
GET / HTTP/1.1\nHost: a\nConnection: close\n\n
GET /old\r\n
GET /HTTP/1.1\r\nHost: a\r\n\r\n
GET /a b  c HTTP/1.1\r\nHost: a\r\n\r\n
GET   /blanks   HTTP/1.1\r\nHost: a\r\n\r\n
GET http://a.example?q HTTP/1.1\r\nAccept: */*\r\n\r\n
OPTIONS http://a.example:80 HTTP/1.1\r\nHost: b\r\n\r\n
GET / HTTP/1.0\r\nConnection: Keep-Alive, X-Gone\r\nX-Gone: 1\r\nX-Stays: 1\r\n\r\n
GET / HTTP/1.1\r\nHost: a\r\nX-Folded: a\r\n b\r\n\tc\r\n\r\n
GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Fold,\r\n close\r\nX-Fold: a\r\n b\r\nX-Last: 1\r\n\r\n
GET / HTTP/1.1\r\nHost : a\r\nno colon\r\n\r\n
POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n
POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n
POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc
HEAD / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n
END
}

@test "odd requests arrive as promised" {
  odd_requests | pcap_of odd.pcap
  record_all odd.pcap
  echoed all.mrec
  [ "${output%% *}" -ge 14 ]
}

@test "every whole exchange of the corpus arrives as promised" {
  [ -n "${CORPUS:-}" ] || skip "CORPUS is not set: a folder with captures in pcap/"
  record_all "$CORPUS"/pcap/*.pcap*
  echoed all.mrec
  [ "${output%% *}" -ge 1000 ]
}
