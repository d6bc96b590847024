# shellcheck disable=SC2016 # $ begins paths of JSON here
# What has misled tools like this one: answers in, verdict and differences out. The
# pitfalls of JSON are in tests/unit/diff/numbers_and_text.c.
load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

json='| Content-Type: application/json'
plain='| Content-Type: text/plain'
html='| Content-Type: text/html'
events='| Content-Type: text/event-stream'
bytes='| Content-Type: application/octet-stream'

# answer LINE...: a status, then fields and body as make_pairs reads them.
answer() { printf '%s\n' "$@"; }

# pairs N V1 V2 [CONTROL] [METHOD]: in row.mres; the control is as V1 unless given.
pairs() {
  { echo "=== $1 ${5:-GET} /thing/{n}"
    echo "--- v1 $2"
    echo "--- v2 $3"
    echo "--- control ${4:-$2}"; } | "$TOOLS/make_pairs" >row.mres
}

# tells FILE: the verdict, what differs (in parentheses what does not count), and
# the codes of warnings after a !.
tells() {
  jq -r '
    def name: if .where == "status" or .where == "outcome" then .where
              else "\(.where) \(.path) \(.kind)" end;
    [.verdict,
     (.endpoints[].differences[] | if .verdict == "ignored" then "(\(name))" else name end),
     (.warnings[].code | "!" + .)] | join(", ")' "$1"
}

# says EXPECTED V1 V2 [CONTROL] [METHOD]: what ten such pairs tell.
says() {
  local expected=$1 got
  shift
  pairs 10 "$@"
  mirrorctl diff row.mres --format json >row.json || [ $? -ne 2 ]
  got=$(tells row.json)
  [ "$got" = "$expected" ] || {
    printf 'got:  %s\nwant: %s\n' "$got" "$expected"
    return 1
  }
}

@test "content codings: what is in them is compared, the coding itself is shown" {
  printf '{"a":1}' | gzip -n >a.gzip
  printf '\x78\x01\x01\x07\x00\xf8\xff{"a":1}\x08\x2a\x02\x09' >a.deflate
  printf '\x0b\x03\x80{"a":1}\x03' >a.br
  printf '\x28\xb5\x2f\xfd\x20\x07\x39\x00\x00{"a":1}' >a.zstd
  for coding in gzip deflate br zstd; do
    coded=$(answer 200 "$json" "| Content-Encoding: $coding" "@ a.$coding")
    says 'pass, (header content-encoding encoding)' "$coded" "$(answer 200 "$json" ': {"a": 1}')"
    says 'fail, (header content-encoding encoding), body $.a value' "$coded" \
      "$(answer 200 "$json" ': {"a": 2}')"
  done
}

@test "a coding that is corrupt, or decodes to no end, is told and never equal to what is whole" {
  printf '{"a":1}' | gzip -n >a.gz
  head -c 70000000 /dev/zero | gzip -n >bomb.gz
  whole=$(answer 200 "$json" '| Content-Encoding: gzip' '@ a.gz')
  says 'fail, body $ type, !corrupt' "$whole" "$(answer 200 "$json" '| Content-Encoding: gzip' ': x')"
  says 'fail, body $ type, !corrupt' "$whole" \
    "$(answer 200 "$json" '| Content-Encoding: gzip' '@ bomb.gz')"
  says 'fail, (header content-encoding encoding), body $ type, !coding_unknown' "$whole" \
    "$(answer 200 "$json" '| Content-Encoding: x-odd' '@ a.gz')"
}

@test "chunks or Content-Length: how an answer is framed says nothing" {
  says 'pass, (header content-length extra), (header transfer-encoding missing)' \
    "$(answer 200 "$json" '| Transfer-Encoding: chunked' ': {"a":1}')" \
    "$(answer 200 "$json" '| Content-Length: 7' ': {"a":1}')"
}

@test "a body that broke off is an outcome, not a body that differs" {
  whole=$(answer 200 "$json" '| Content-Length: 7' ': {"a":1}')
  cut=$(answer '200 cut' "$json" '| Content-Length: 7' ': {"a"')
  says 'fail, outcome' "$whole" "$cut"
  [ "$(jq -r '.endpoints[0].differences[0].examples[0].v2' row.json)" = \
    'incomplete: the answer broke off' ]
  says 'inconclusive' "$cut" "$whole"
}

@test "charsets: text is compared as what it says, by bytes where nobody knows the charset" {
  utf8=$(answer 200 '| Content-Type: text/plain; charset=utf-8' ': caf\xc3\xa9')
  says 'pass, (header content-type form)' "$utf8" \
    "$(answer 200 '| Content-Type: text/plain; charset=latin1' ': caf\xe9')"
  says 'fail, (header content-type form), body line 1 value, !charset' "$utf8" \
    "$(answer 200 '| Content-Type: text/plain; charset=x-none' ': caf\xe9')"
}

@test "JSON and an HTML page with the same status: type and body" {
  says 'fail, header content-type value, body $ type' "$(answer 200 "$json" ': {"a":1}')" \
    "$(answer 200 "$html" ': <html><body>Oops</body></html>')"
}

@test "JSON without its Content-Type is compared as JSON, and that is said" {
  says 'pass, !sniffed' "$(answer 200 ': {"a":1,"b":2}')" "$(answer 200 ': {"b":2,"a":1}')"
  says 'pass, !sniffed' "$(answer 200 "$plain" ': [1, 2]')" "$(answer 200 "$plain" ': [1,2]')"
  says 'fail, header content-type extra, !sniffed' "$(answer 200 ': {"a":1,"b":2}')" \
    "$(answer 200 "$json" ': {"b":2,"a":1}')"
}

@test "types that end in +json are JSON" {
  for type in application/problem+json application/vnd.api+json 'application/hal+json; charset=utf-8'; do
    says 'fail, body $.b value' "$(answer 200 "| Content-Type: $type" ': {"a":1,"b":2}')" \
      "$(answer 200 "| Content-Type: $type" ': {"b":3,"a":1}')"
  done
}

@test "text and CSV are compared by line; past the ceiling they still differ" {
  for type in text/plain text/css text/csv; do
    says 'fail, body after line 3 extra, body line 2 value' \
      "$(answer 200 "| Content-Type: $type" ': a,b\n1,2\n3,4\n')" \
      "$(answer 200 "| Content-Type: $type" ': a,b\n1,5\n3,4\n6,7\n')"
  done
  seq 1 40000 >one
  { seq 1 39999; echo last; } >two
  says 'fail, body line 40000 value' "$(answer 200 "$plain" '@ one')" "$(answer 200 "$plain" '@ two')"
  seq 50001 90000 >two
  pairs 10 "$(answer 200 "$plain" '@ one')" "$(answer 200 "$plain" '@ two')"
  run mirrorctl diff row.mres
  [ "$status" -eq 1 ]
}

@test "HTML: white space and the order of attributes say nothing, text does" {
  says 'pass' "$(answer 200 "$html" ': <p class=a id=b>Hello,\n  world</p>')" \
    "$(answer 200 "$html" ': <p id="b" class="a">Hello, world</p>')"
  says 'fail, body p value' "$(answer 200 "$html" ': <p>a</p>')" "$(answer 200 "$html" ': <p>b</p>')"
}

@test "XML and SOAP: indentation and the order of attributes say nothing, text does" {
  for type in text/xml application/xml application/soap+xml; do
    says 'pass' "$(answer 200 "| Content-Type: $type" ": <a x='1' y='2'><b>t</b></a>")" \
      "$(answer 200 "| Content-Type: $type" ': <a y="2" x="1">\n  <b>t</b>\n</a>\n')"
    says 'fail, body a/b value' "$(answer 200 "| Content-Type: $type" ': <a><b>t</b></a>')" \
      "$(answer 200 "| Content-Type: $type" ': <a><b>u</b></a>')"
  done
}

@test "forms are names with values, in any order of names" {
  form='| Content-Type: application/x-www-form-urlencoded'
  says 'pass' "$(answer 200 "$form" ': a=1&b=x+y')" "$(answer 200 "$form" ': b=x%20y&a=1')"
  says 'fail, body $.b value' "$(answer 200 "$form" ': a=1&b=2')" "$(answer 200 "$form" ': b=3&a=1')"
}

@test "multipart: parts are compared, the boundary is not" {
  says 'pass, (header content-type form)' \
    "$(answer 200 '| Content-Type: multipart/mixed; boundary=x' ': --x\r\n\r\nhello\r\n--x--\r\n')" \
    "$(answer 200 '| Content-Type: multipart/mixed; boundary=yy' ': --yy\r\n\r\nhello\r\n--yy--\r\n')"
  says 'fail, (header content-type form), body $[*].content value' \
    "$(answer 200 '| Content-Type: multipart/mixed; boundary=x' ': --x\r\n\r\nhello\r\n--x--\r\n')" \
    "$(answer 200 '| Content-Type: multipart/mixed; boundary=yy' ': --yy\r\n\r\nother\r\n--yy--\r\n')"
}

@test "binary: bodies of one length differ where their bytes do, at an offset that is told" {
  for type in image/png application/x-protobuf application/octet-stream; do
    says 'fail, body $ value' "$(answer 200 "| Content-Type: $type" ': \x89PNG\x00\x01')" \
      "$(answer 200 "| Content-Type: $type" ': \x89PNG\x00\x02')"
    [[ $(jq -r '.endpoints[0].differences[0].examples[0].v1' row.json) == 'offset 5: 01 (6 bytes)' ]]
  done
  says 'fail, body $ length' "$(answer 200 "$bytes" ': \x00\x01')" \
    "$(answer 200 "$bytes" ': \x00\x01\x02')"
}

@test "server-sent events are compared one by one" {
  says 'pass' "$(answer 200 "$events" ': : hi\n\ndata: 1\n\n')" \
    "$(answer 200 "$events" ': retry: 5\ndata: 1\r\n\r\n')"
  says 'fail, body $[*].data value' "$(answer 200 "$events" ': data: 1\n\ndata: 2\n\n')" \
    "$(answer 200 "$events" ': data: 1\n\ndata: 3\n\n')"
}

@test "streams that both went on are compared as far as both came, by their first byte's time" {
  long=$(answer '200 timeout' "$events" ': data: 1\n\ndata: 2\n\ndata: 3\n\nda')
  short=$(answer '200 timeout' "$events" ': data: 1\n\ndata: 2\n\ndat')
  says 'pass, !stream_cut' "$long" "$short"
  [ "$(jq '.totals.outcome' row.json)" -eq 0 ]
  says 'fail, body $[*].data value, !stream_cut' "$long" \
    "$(answer '200 timeout' "$events" ': data: 1\n\ndata: 9\n\n')"
  says 'fail, body $ missing, !stream_cut' "$long" "$(answer '200 timeout' "$events")"
  # One that ends where the other goes on is not the same.
  says 'fail, outcome' "$(answer 200 "$events" ': data: 1\n\n')" "$short"
  says 'inconclusive' "$short" "$(answer 200 "$events" ': data: 1\n\n')"
  # Other answers that did not end in time have timed out.
  says 'fail, outcome' "$(answer 200 "$json" ': {}')" "$(answer '200 timeout' "$json" ': {')"
}

@test "204, 304 and HEAD have no body to compare" {
  says 'pass' 204 204
  says 'fail, header content-type extra, body $ type' 204 "$(answer 204 "$json" ': {}')"
  head=$(answer 200 "$json" '| Content-Length: 7' '| X-A: 1')
  says 'pass, (header content-length missing)' "$head" "$(answer 200 "$json" '| X-A: 1')" "$head" HEAD
  says 'fail, header x-a value' "$head" "$(answer 200 "$json" '| Content-Length: 7' '| X-A: 2')" \
    "$head" HEAD
  says 'inconclusive, !vacuous, !not_modified' 304 304
}

@test "304 on one side is another status, with what to do about it" {
  says 'fail, status, !not_modified' 304 "$(answer 200 "$json" ': {}')"
  run mirrorctl diff row.mres
  [[ $output == *"--remove-header If-None-Match"* ]]
}

@test "redirects: each target's own address is one, wherever it stands" {
  says 'pass' \
    "$(answer 302 '| Location: http://one.test/in' '| Set-Cookie: a=b; Domain=one.test' "$plain" ': http://one.test/in')" \
    "$(answer 302 '| Location: http://two.test/in' '| Set-Cookie: a=b; Domain=two.test' "$plain" ': http://two.test/in')"
  says 'pass, !sniffed' "$(answer 200 ': {"next":"http://one.test/2"}')" \
    "$(answer 200 ': {"next": "http://two.test/2"}')"
  says 'pass' "$(answer 200 "$bytes" ': see http://one.test/2')" \
    "$(answer 200 "$bytes" ': see http://two.test/2')"
  says 'fail, body $ value' "$(answer 200 "$bytes" ': \x00http://one.test/2')" \
    "$(answer 200 "$bytes" ': \x00http://two.test/2')"
  says 'fail, header location value' "$(answer 302 '| Location: http://one.test/in')" \
    "$(answer 302 '| Location: http://two.test/out')"
}

@test "206: which part it is of how much is compared" {
  says 'fail, header content-range value' \
    "$(answer 206 '| Content-Range: bytes 0-3/10' "$bytes" ': abcd')" \
    "$(answer 206 '| Content-Range: bytes 0-3/11' "$bytes" ': abcd')"
}

@test "whatever keeps v2 from answering is an outcome of its own" {
  for outcome in resolve connect tls timeout reset protocol too_large; do
    says 'fail, outcome' "$(answer 200 "$json" ': {"a":1}')" "$outcome"
    [[ $(jq -r '.endpoints[0].differences[0].examples[0].v2' row.json) == "$outcome"* ]]
    [ "$(jq '.totals.pairs' row.json)" -eq 10 ]
  done
}

@test "both fail in one way: no difference, but nothing compared either" {
  says 'inconclusive' timeout timeout
  run mirrorctl diff row.mres
  [ "$status" -eq 3 ]
}

@test "v1 failed: no evidence against v2, counted, and above 5 % no verdict" {
  good=$(answer 200 "$json" ': {"a":1}')
  { printf '=== 95 GET /\n--- v1 %s\n--- v2 %s\n--- control %s\n' "$good" "$good" "$good"
    printf '=== 5 GET /\n--- v1 reset\n--- v2 %s\n--- control %s\n' "$good" "$good"; } >five
  "$TOOLS/make_pairs" <five >five.mres
  run mirrorctl diff five.mres
  [ "$status" -eq 0 ]
  [[ $output == *"v1 failed 5"* ]]
  { cat five; printf '=== 1 GET /\n--- v1 reset\n--- v2 %s\n' "$good"; } | "$TOOLS/make_pairs" >six.mres
  run mirrorctl diff six.mres
  [ "$status" -eq 3 ]
  [[ $output == *"v1 failed"* ]]
}

@test "429, and 503 with Retry-After, are no evidence: replay more slowly" {
  good=$(answer 200 "$json" ': {"a":1}')
  says 'inconclusive, !rate_limited' "$good" 429
  says 'inconclusive, !rate_limited' "$good" "$(answer 503 '| Retry-After: 5')"
  says 'inconclusive, !rate_limited' 429 429
  says 'fail, status' "$good" 503
}

@test "401 or 403 from both: equal for no good reason" {
  for status in 401 403; do
    says 'inconclusive, !refused' "$(answer $status "$json" ': {"e":1}')" \
      "$(answer $status "$json" ': {"e":1}')"
    run mirrorctl diff row.mres
    [[ $output == *"because both refused"*"check credentials"* ]]
  done
  says 'inconclusive, !vacuous' "$(answer 500 "$json" ': {}')" "$(answer 500 "$json" ': {}')"
  says 'inconclusive, !vacuous' 200 200
}

@test "header names in any case and order; lists by item, Vary and Allow in any order" {
  says 'pass' "$(answer 200 '| A: 1' '| B: 2' '| Vary: Accept, Origin' "$json" ': {}')" \
    "$(answer 200 '| b: 2' '| a: 1' '| Vary: origin' '| Vary: accept' "$json" ': {}')"
  says 'fail, header allow value' "$(answer 200 '| Allow: GET, HEAD' "$json" ': {}')" \
    "$(answer 200 '| Allow: GET' "$json" ': {}')"
  says 'fail, header cache-control order' \
    "$(answer 200 '| Cache-Control: no-store, private' "$json" ': {}')" \
    "$(answer 200 '| Cache-Control: private, no-store' "$json" ': {}')"
}

@test "Set-Cookie: each cookie by its name, values are new each time, attributes count" {
  says 'pass, (header set-cookie[a] value), (header set-cookie[a].expires value)' \
    "$(answer 200 '| Set-Cookie: a=1; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT' '| Set-Cookie: b=2' "$json" ': {}')" \
    "$(answer 200 '| Set-Cookie: b=2' '| Set-Cookie: a=3; path=/; Expires=Wed, 21 Oct 2026 07:29:00 GMT' "$json" ': {}')"
  says 'fail, header set-cookie[a].httponly missing' \
    "$(answer 200 '| Set-Cookie: a=1; HttpOnly; Secure' "$json" ': {}')" \
    "$(answer 200 '| Set-Cookie: a=1; Secure' "$json" ': {}')"
}

@test "headers that are ignored by default are those of --print-default-rules" {
  mirrorctl diff --print-default-rules >rules
  for name in date age server via x-request-id x-correlation-id traceparent tracestate \
    x-amzn-trace-id x-b3-traceid cf-ray x-runtime x-response-time server-timing connection \
    keep-alive transfer-encoding content-length alt-svc nel report-to; do
    says "pass, (header $name value)" "$(answer 200 "| $name: 1" "$json" ': {}')" \
      "$(answer 200 "| $name: 2" "$json" ': {}')"
    grep -qF "path: header:${name/%b3-traceid/b3-*}" rules
  done
  for name in etag expires last-modified; do
    says "pass, (header $name value)" \
      "$(answer 200 "| $name: Sun, 06 Nov 1994 08:49:37 GMT" "$json" ': {}')" \
      "$(answer 200 "| $name: Sun, 06 Nov 1994 08:49:38 GMT" "$json" ': {}')"
    says "fail, header $name missing" \
      "$(answer 200 "| $name: Sun, 06 Nov 1994 08:49:37 GMT" "$json" ': {}')" \
      "$(answer 200 "$json" ': {}')"
  done
}

@test "security headers that vanish count" {
  for name in content-security-policy strict-transport-security access-control-allow-origin \
    x-frame-options x-content-type-options; do
    says "fail, header $name missing" "$(answer 200 "| $name: a" "$json" ': {}')" \
      "$(answer 200 "$json" ': {}')"
  done
}

@test "one database behind both: that the second was refused with 409 is told" {
  says 'fail, status, !conflict' "$(answer 201 "$json" ': {"id":1}')" "$(answer 409 "$json" ': {}')"
}

@test "out of a cache on one side only: told, and no times compared" {
  says 'fail, header x-cache value, !cache' "$(answer 200 '| X-Cache: HIT' "$json" ': {}')" \
    "$(answer 200 '| X-Cache: Miss from front' "$json" ': {}')"
  [ "$(jq '.endpoints[0].latency | "\(.n) \(.excluded.cache)"' row.json)" = '"0 10"' ]
  says 'pass' "$(answer 200 '| X-Cache: HIT' "$json" ': {}')" "$(answer 200 '| X-Cache: HIT' "$json" ': {}')"
  [ "$(jq '.endpoints[0].latency.n' row.json)" -eq 10 ]
}

@test "secrets are in no report, wherever they stand, unless asked for" {
  xml='| Content-Type: text/xml'
  rows=(
    "$json|: {\"token\":\"SECRETn\"}" "$json|: {\"u\":\"https://h/?token=SECRETn\"}"
    "$json|: {\"password\":\"SECRETn\"" "$json|: {\"a\":{\"secret\":{\"x\":\"SECRETn\"}}}"
    "$xml|: <a><password>SECRETn</password></a>" "$xml|: <a token='SECRETn'/>"
    "$html|: <input type=password value=SECRETn>" "$html|: <meta name=csrf-token content=SECRETn>"
    "$html|: <a href='/x?token=SECRETn'>y</a>" "$plain|: password: SECRETn"
    "$plain|: Authorization: Bearer SECRETn" "$events|: data: {\"token\":\"SECRETn\"}\\n\\n"
    "| Content-Type: application/x-www-form-urlencoded|: password=SECRETn"
    "| X-Api-Key: SECRETn|: x" "| Location: /x?token=SECRETn|: x"
  )
  for row in "${rows[@]}"; do
    fields=${row%|:*} body=:${row#*|:}
    pairs 10 "$(answer 200 "$fields" "${body/SECRETn/SECRET1}" | sed s/SECRETn/SECRET1/)" \
      "$(answer 200 "$fields" "${body/SECRETn/SECRET2}" | sed s/SECRETn/SECRET2/)"
    for format in text json jsonl html junit markdown; do
      status=0
      mirrorctl diff row.mres --format $format >out || status=$?
      [ "$status" -eq 1 ]
      ! grep -q SECRET out || { echo "$row in $format"; return 1; }
    done
    mirrorctl diff row.mres --show-secrets >out || true
    grep -q SECRET out
  done
}

@test "hostile answers are inert in every format" {
  evil='</script><img src=x onerror=alert(1)>\x1b]0;x\x07\r::error::x %0A ##[y]'
  body="$(printf ': {"a":"%s' "$evil" | sed 's/\\x1b/\\\\u001b/; s/\\x07/\\\\u0007/; s/\\r/\\\\r/')"
  pairs 10 "$(answer 200 "$json" "$body 1\"}")" "$(answer 200 "$json" "$body 2\"}")"
  for format in text json jsonl html junit markdown; do
    mirrorctl diff row.mres --format $format >"out.$format" || [ $? -eq 1 ]
    [ "$(LC_ALL=C tr -d '\n\t\040-\377' <"out.$format" | wc -c)" -eq 0 ]
    [ "$(grep -c '^ *::' "out.$format")" -eq 0 ]
  done
  [ "$(grep -c '<img src=x' out.html out.junit out.markdown | grep -vc ':0$')" -eq 0 ]
  xmllint --noout out.junit
  jq . out.json out.jsonl >/dev/null
}
