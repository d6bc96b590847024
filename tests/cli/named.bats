load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

need_corpus() { [ -n "${CORPUS:-}" ] || skip "no CORPUS"; }

# capture_of FILE: its summary in $stderr, its STATS in $stats.
capture_of() {
  run --separate-stderr mirrorctl capture -r "$1" -o o.mrec
  [ "$status" -eq 0 ]
}

@test "acceptance 17: after 101 nothing is HTTP any more, and the tunnel's bytes are counted" {
  pcap_of m.pcap 3000 <<'TEXT'
>>> GET /chat HTTP/1.1\r\nHost: m\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n
<<< HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n
>>> GET /not-a-request HTTP/1.1\r\n\r\n
<<< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
TEXT
  capture_of m.pcap
  [[ $stderr == *"1 exchange: 1 complete; 1 tunnel"* ]]
  [[ $stderr == *"1 connection to port 3000 was WebSocket"* ]]
  mirrorctl show --format jsonl o.mrec >o.jsonl
  [ "$(jq -r '.response.status' o.jsonl)" = 101 ]
  [ "$(jq '._tunnel_bytes' o.jsonl)" -eq 69 ]
}

@test "acceptance 17: CONNECT that was agreed to is a tunnel, and HTTP goes on after a refusal" {
  pcap_of m.pcap 3128 <<'TEXT'
>>> CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n
<<< HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n
>>> CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nProxy-Authorization: Basic eDp5\r\n\r\n
<<< HTTP/1.1 200 OK\r\n\r\n
>>> GET /not-a-request HTTP/1.1\r\n\r\n
<<< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
TEXT
  capture_of m.pcap
  [[ $stderr == *"2 exchanges: 2 complete; 1 tunnel"* ]]
  [[ $stderr == *"1 connection to port 3128 was tunnelled by CONNECT"* ]]
}

@test "acceptance 17: a websocket of the wild" {
  need_corpus
  capture_of "$CORPUS/pcap/zeek__http__websocket.pcap"
  [[ $stderr == *"1 exchange: 1 complete; 1 tunnel"* ]]
  mirrorctl show --format jsonl o.mrec >o.jsonl
  [ "$(jq -r '.response.status' o.jsonl)" = 101 ]
  [ "$(jq '._tunnel_bytes > 0' o.jsonl)" = true ]
}

@test "acceptance 21: HTTP/2 by preface is counted, and nothing wrong comes of it" {
  need_corpus
  local name
  for name in sv__dns-over-http2-post__dns_over_https_POST sv__http2-continuation__input; do
    capture_of "$CORPUS/pcap/$name.pcap"
    [[ $stderr == *"0 exchanges; 1 connection to port "*" was HTTP/2"* ]]
    [[ $stderr == *"1 connection = 0 http + 0 tls + 1 http2 + 0 other"* ]]
  done
}

@test "acceptance 22: HTTP/2 without its beginning is counted, and nothing wrong comes of it" {
  need_corpus
  capture_of "$CORPUS/pcap/deepflow__http__grpc-segmented.pcap"
  [[ $stderr == *"0 exchanges; 1 connection to port 20035 was HTTP/2"* ]]
}

@test "acceptance 21: after h2c was agreed on, the rest is HTTP/2 and no exchange" {
  pcap_of m.pcap 3000 <<'TEXT'
>>> GET /a HTTP/1.1\r\nHost: m\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n
<<< HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n
>>> PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n
TEXT
  capture_of m.pcap
  [[ $stderr == *"1 exchange: 1 complete; 1 tunnel"* ]]
  [[ $stderr == *"1 connection to port 3000 was HTTP/2 after an upgrade"* ]]
}

@test "acceptance 44: TLS is counted under its port, and the empty record explains itself" {
  local i
  for i in 1 2 3; do
    printf '>>> \\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xfc\\x03\\x03\n<<< \\x16\\x03\\x03\\x00\\x7a\\x02\n---\n'
  done | pcap_of m.pcap 443
  capture_of m.pcap
  [[ $stderr == *"0 exchanges; 3 connections to port 443 were TLS: capture behind the terminator"* ]]
  [[ $stderr == *"3 connections = 0 http + 3 tls + 0 http2 + 0 other"* ]]
  [ -z "$(mirrorctl show o.mrec --format jsonl)" ]
}

@test "what else was there is named beside the exchanges" {
  {
    printf '>>> GET / HTTP/1.1\\r\\nHost: m\\r\\n\\r\\n\n<<< HTTP/1.1 204 No Content\\r\\n\\r\\n\n---\n'
    printf '>>> SSH-2.0-x\\r\\n\n<<< SSH-2.0-y\\r\\n\n'
  } | pcap_of m.pcap 3000
  capture_of m.pcap
  [[ $stderr == *"1 exchange: 1 complete"* ]]
  [[ $stderr == *"1 connection to port 3000 was no protocol that is known here"* ]]
}

@test "packets of other ports than those asked for are named by port" {
  movies_pcap m.pcap
  run --separate-stderr mirrorctl capture -r m.pcap -p 80 -p 8080 -o o.mrec
  [ "$status" -eq 0 ]
  [[ $stderr == *"0 exchanges; no packet was of a port that was asked for, but of port 3000 (64)"* ]]
}
