load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# page NAME OPTION...: the report of a run that never was, as NAME.html.
page() {
  "$TOOLS/make_result" "${@:2}" >"$1.mres"
  mirrorctl diff -q "$1.mres" --report "$1.html" >/dev/null || [ $? -ne 2 ]
}

checked() { python3 "$ROOT/tests/support/check_html.py" "$@"; }

@test "HTML: pages are well-formed, load nothing, and allow their own script and style alone" {
  page pass
  page fail --candidates 3
  page recorded --recorded
  page hostile --hostile
  checked pass.html fail.html recorded.html hostile.html
  # and the checker sees what it is to see
  sed 's/<main /<img src=x><main /' pass.html >broken.html
  run checked broken.html
  [ "$status" -eq 1 ]
  sed 's/"use strict"/"use  strict"/' pass.html >broken.html
  run checked broken.html
  [ "$status" -eq 1 ]
}

@test "HTML: what wants to be markup is text" {
  page hostile --hostile
  run grep -cE '<script>alert|<img|onerror=alert\(1\)>' hostile.html
  [ "$output" = 0 ]
  grep -q '&lt;script&gt;alert(1)&lt;/script&gt;' hostile.html
  [ "$(grep -c '</script>' hostile.html)" -eq 1 ]
  [ "$(LC_ALL=C tr -d '\n\040-\176\200-\377' <hostile.html | wc -c)" -eq 0 ]
}

@test "HTML: the verdict, its gates, and what changed are there, for each candidate" {
  page fail --candidates 3
  grep -q '<strong>FAIL</strong><h1>v3 does not answer as v1 does; v2 PASS, v4 FAIL</h1>' fail.html
  for name in v2 v3 v4; do
    for part in gates endpoints fields latency outcomes; do grep -q "id=\"$name-$part\"" fail.html; done
  done
  grep -q 'data-path="$.rating"' fail.html
  grep -q '60 of 60, control 0' fail.html
  grep -q 'curl -sS -i' fail.html
  grep -q "mirrorctl show fail.mres 1" fail.html
}

@test "HTML: rules and their hits, and what settles a rare difference" {
  page rare --rare
  checked rare.html
  grep -q 'mirrorctl replay --confirm rare.mres' rare.html
  mirrorctl diff -q rare.mres --ignore '$.rating' --ignore "\$['<b>']" --report rules.html >/dev/null || [ $? -ne 2 ]
  checked rules.html
  grep -q 'id="rules"' rules.html
  grep -q '&lt;b&gt;' rules.html
  run grep -c '<b>' rules.html
  [ "$output" = 0 ]
}

@test "HTML: the same bytes whatever the threads" {
  "$TOOLS/make_result" --candidates 3 >three.mres
  for threads in 1 7; do
    mirrorctl diff three.mres --threads $threads --format html >$threads.html || [ $? -eq 1 ]
  done
  [ -s 1.html ]
  cmp 1.html 7.html
}

@test "HTML: below 2 MB whatever there is to show, and what is left out is counted" {
  page large --large --candidates 8
  checked large.html
  grep -qE '[0-9]+ more fields, in the JSON report' large.html
  [ "$(stat -c %s large.html)" -gt 500000 ]
}

@test "HTML: no verdict without pairs, and no page without its parts" {
  "$TOOLS/make_result" --shard 2/2 | head -c -100 >torn.mres
  run --separate-stderr mirrorctl diff torn.mres --report torn.html
  [ "$status" -eq 4 ]
  checked torn.html
  grep -q '<strong>INCONCLUSIVE</strong>' torn.html
}

@test "HTML: credentials are not in a page unless asked for" {
  pcap_of login.pcap <<'END'
>>> GET /movies/1?token=abcdef HTTP/1.1\r\nHost: h\r\nAuthorization: Basic c2VjcmV0\r\nCookie: sid=tasty\r\n\r\n
<<< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
END
  start_movies v1 --as v1
  start_movies v2 --as v2
  mirrorctl replay -q login.pcap --v1 "http://127.0.0.1:$v1_port" \
    --v2 "http://127.0.0.1:$v2_port" -o login.mres
  mirrorctl diff -q login.mres --report hidden.html --report hidden.jsonl >/dev/null || [ $? -ne 2 ]
  run grep -cE 'abcdef|c2VjcmV0|tasty' hidden.html hidden.jsonl
  [ "$output" = $'hidden.html:0\nhidden.jsonl:0' ]
  grep -q 'Authorization: (hidden)' hidden.html
  mirrorctl diff -q login.mres --show-secrets --report shown.html >/dev/null || [ $? -ne 2 ]
  grep -q 'Basic c2VjcmV0' shown.html
}
