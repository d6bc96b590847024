load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# A record with everything `show` has to show.
odd_record() {
  pcap_of odd.pcap <<'END'
>>> GET /search?q=caf\xc3\xa9&token=abc HTTP/1.1\r\nHost: movies\r\nCookie: sid=secret\r\nAuthorization: Basic c2VjcmV0\r\n\r\n
<<< HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n
<<< HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: sid=secret\r\nContent-Length: 36\r\n\r\n{"password":"secret","a":"\\u003cb>"}
>>> POST /upload/\xff\x1b[2J HTTP/1.1\r\nHost: movies\r\nX-Latin: caf\xe9\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\x00\x01\x02\xff\r\n0\r\nX-Sum: 7\r\n\r\n
<<< HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Check: ok\r\n\r\n
---
>>> GET /gone HTTP/1.1\r\nHost: movies\r\n\r\n
END
  mirrorctl capture -q -r odd.pcap -o odd.mrec
}

@test "text: one line for each exchange" {
  odd_record
  mirrorctl show odd.mrec >out
  diff "$GOLDEN/show/list.txt" out
}

@test "text: with a number, that exchange in full" {
  odd_record
  mirrorctl show odd.mrec 1 2 >out
  diff "$GOLDEN/show/full.txt" out
}

@test "text: with --show-secrets nothing is hidden" {
  odd_record
  mirrorctl show odd.mrec 1 --show-secrets >out
  diff "$GOLDEN/show/secrets.txt" out
}

@test "jsonl: entries have the agreed members" {
  odd_record
  mirrorctl show odd.mrec --format jsonl | jq . >out
  diff "$GOLDEN/show/entries.json" out
}

@test "jsonl: a request whose answer was not seen has null for it" {
  odd_record
  [ "$(mirrorctl show odd.mrec 3 --format jsonl | jq -c '[.response, ._complete]')" = "[null,false]" ]
}

@test "jsonl: what is not UTF-8 can be had back exactly" {
  odd_record
  mirrorctl show odd.mrec 2 --format jsonl >2.json
  [ "$(jq -r .request._target_base64 2.json | base64 -d | od -An -tx1 | tr -d ' \n')" = \
    2f75706c6f61642fff1b5b324a ]
  [ "$(jq -r '.request.headers[] | select(.name == "X-Latin")._value_base64' 2.json | base64 -d |
    od -An -tx1 | tr -d ' \n')" = 636166e9 ]
  [ "$(jq -r .request.postData._encoding 2.json)" = base64 ]
  [ "$(jq -r .request.postData.text 2.json | base64 -d | od -An -tx1 | tr -d ' \n')" = 000102ff ]
}

@test "credentials are shown by no format unless asked for" {
  odd_record
  for format in text jsonl; do
    run mirrorctl show odd.mrec 1 --format $format
    [ "$status" -eq 0 ]
    [[ $output != *secret* ]]
    [[ $output != *c2VjcmV0* ]]
    [[ $output != *abc* ]]
    run mirrorctl show odd.mrec 1 --format $format --show-secrets
    [[ $output == *sid=secret* ]]
    [[ $output == *c2VjcmV0* ]]
    [[ $output == *token=abc* ]]
  done
}

@test "no control character of the network reaches the terminal" {
  odd_record
  mirrorctl show odd.mrec >out
  mirrorctl show odd.mrec 1 2 3 >>out
  [ "$(LC_ALL=C tr -d '\n\t' <out | LC_ALL=C grep -c '[[:cntrl:]]')" -eq 0 ]
}

@test "a number that is not there is told with 2" {
  odd_record
  run --separate-stderr mirrorctl show odd.mrec 99
  [ "$status" -eq 2 ]
  [ "$stderr" = "mirrorctl: odd.mrec: no exchange 99" ]
  run --separate-stderr mirrorctl show odd.mrec first
  [ "$status" -eq 2 ]
}

@test "a torn tail: everything before is printed, then 4 and how much was left" {
  movies_record m.mrec 3000
  head -c -1000 m.mrec >torn.mrec
  run --separate-stderr mirrorctl show torn.mrec
  [ "$status" -eq 4 ]
  [ "${#lines[@]}" -ge 1 ]
  [ "${#lines[@]}" -lt 3000 ]
  [[ $stderr == *"torn.mrec: "*" bytes were left"* ]]
  [ "$(wc -l <<<"$stderr")" -eq 1 ]
}

@test "every cut of a record is told, and never makes up an exchange" {
  movies_record m.mrec 3
  mirrorctl show m.mrec >whole
  size=$(stat -c %s m.mrec)
  for ((n = 1; n < size; n += 37)); do
    head -c "$n" m.mrec >torn.mrec
    status=0
    mirrorctl show torn.mrec >part 2>err || status=$?
    [ "$status" -eq 2 ] || [ "$status" -eq 4 ]
    [ "$(wc -l <err)" -eq 1 ]
    cmp -n "$(stat -c %s part)" part whole
  done
}

@test "--recover reads on past damage and says how much was skipped" {
  movies_record m.mrec 4000
  size=$(stat -c %s m.mrec)
  printf 'damage' | dd of=m.mrec bs=1 seek=$((size / 2)) conv=notrunc status=none
  run --separate-stderr mirrorctl show m.mrec
  [ "$status" -eq 4 ]
  before=${#lines[@]}
  run --separate-stderr mirrorctl show --recover m.mrec
  [ "$status" -eq 4 ]
  [ "${#lines[@]}" -gt "$before" ]
  [ "${#lines[@]}" -lt 4000 ]
  [[ $stderr == *"damaged bytes were skipped"* ]]
}

@test "a record whose writer was killed between two blocks is told of in front of another, and by --recover" {
  movies_record whole.mrec 3000
  # From block to block: 72 bytes and what the 32 bits at 20 say. The last has the summary.
  local at=64
  while [ "$at" -lt "$(stat -c %s whole.mrec)" ]; do
    last=$at
    at=$((at + 72 + $(od -An -tu4 -j $((at + 20)) -N 4 whole.mrec)))
  done
  head -c "$last" whole.mrec >killed.mrec
  run --separate-stderr mirrorctl show killed.mrec
  [ "$status" -eq 4 ]
  n=${#lines[@]}
  movies_record other.mrec 7
  cat killed.mrec other.mrec >joined.mrec
  run --separate-stderr mirrorctl show joined.mrec
  [ "$status" -eq 4 ] && [ "${#lines[@]}" -eq $((n + 7)) ]
  [[ $stderr == "mirrorctl: joined.mrec: of what was joined 1 ends without summary"* ]]
  run --separate-stderr mirrorctl show --recover killed.mrec
  [ "$status" -eq 4 ] && [ "${#lines[@]}" -eq "$n" ]
  [ "$stderr" = "mirrorctl: the end of 1 section is missing" ]
  run --separate-stderr mirrorctl replay joined.mrec --dry-run --v1 http://a --v2 http://b --max
  [ "$status" -eq 4 ]
  [[ $stderr == *"$((n + 7)) recorded"* ]]
}

@test "two records joined with cat are one, with numbers that go on" {
  movies_record a.mrec 20
  movies_pcap b.pcap 7
  mirrorctl capture -q -p 3000 -r b.pcap -o b.mrec
  cat a.mrec b.mrec >ab.mrec
  mirrorctl show ab.mrec --format jsonl | jq ._id >ids
  cmp ids <(seq 27)
}

@test "a reader that has seen enough ends it quietly" {
  movies_record m.mrec 4000
  mirrorctl show m.mrec 2>err | head -n 1 >out
  [ "${PIPESTATUS[0]}" -eq 0 ]
  [ ! -s err ]
  [ "$(wc -l <out)" -eq 1 ]
}

@test "har: one document of all entries" {
  odd_record
  mirrorctl show odd.mrec --format har >all.har
  [ "$(jq -c '[.log.version, .log.creator.name, (.log.entries | length)]' all.har)" = '["1.2","mirrorctl",3]' ]
  mirrorctl show odd.mrec 2 --format har | jq -e '.log.entries[0]._id == 2'
}

@test "har: every entry of the document is one that readers of HAR take" {
  odd_record
  mirrorctl show odd.mrec --format har >record.har
  "$TOOLS/make_result" >r.mres
  mirrorctl show r.mres --format har >result.har
  for file in record.har result.har; do
    [ "$(jq '[.log.entries[] | select((.response | type) != "object" or (.request | type) != "object" or .time < 0
      or (.response | [.status, .statusText, .httpVersion, .cookies, .headers, .content.size, .content.mimeType,
        .redirectURL, .headersSize, .bodySize] | any(. == null)))] | length' $file)" -eq 0 ]
  done
  [ "$(jq .log.entries[2].response.status record.har)" -eq 0 ]
}

@test "-v tells all of META, however long" {
  movies_record m.mrec 2
  {
    printf 'apiVersion: mirrorctl/v1\nkind: Mirror\nname: m\nbaseline: http://127.0.0.1:1\n'
    printf 'candidate: http://127.0.0.1:2\nrules:\n'
    printf -- '- {name: a-rule-with-a-name-%d, match: {path: /%d}, candidate: http://127.0.0.1:3}\n' {1..80}{,}
  } >long.yaml
  mirrorctl replay -q m.mrec -c long.yaml --dry-run -o r.mres
  mirrorctl show -v --log json r.mres 2>log >/dev/null
  [ "$(jq -sr '.[0].message | fromjson.plan.rules | length' log)" -ge 80 ]
  mirrorctl show -v r.mres 2>log >/dev/null
  sed -n '1s/^mirrorctl: //p' log | jq -e .plan
}

@test "curl: what it prints sends the request again" {
  start_movies one --as v1
  start_movies two --as v2
  movies_record m.mrec 3
  mirrorctl replay -q m.mrec --v1 "http://127.0.0.1:$one_port" --v2 "http://127.0.0.1:$two_port" --max -o r.mres
  mirrorctl show r.mres 2 --format curl >lines
  [ "$(sed 's/.*# //' lines | paste -sd ' ')" = "v1 v2" ]
  sed 's/^curl/curl -s/' lines | bash >answers
  [ "$(jq -c .id answers | paste -sd ' ')" = "3 3" ]
}

@test "curl: credentials are hidden, and that is said" {
  odd_record
  mirrorctl show odd.mrec 1 --format curl >hidden
  ! grep -q secret hidden
  grep -q '^# credentials are hidden' hidden
  mirrorctl show odd.mrec 1 --format curl --show-secrets | grep -q 'Authorization: Basic c2VjcmV0'
}

@test "text: a pair in full ends with what differs, and whether v1 does it too" {
  "$TOOLS/make_result" --candidates 2 >r.mres
  mirrorctl show r.mres 1 >out
  sed -n '/^-- v3 and v1/,$p' out >tail
  diff - tail <<'END'
-- v3 and v1: what differs
   body $.at  value
      v1      0
      v3      3
      v1 differs from itself there, too: noise in this pair
   body $.rating  missing
      v1      8.30
      v3      (nothing)
      v1 agreed with itself there
   body $.score  extra
      v1      (nothing)
      v3      8.30
      v1 agreed with itself there
END
}
