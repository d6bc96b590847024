# The acceptance tests of the capture command that name real captures, by their
# numbers; what they show is shown by packets of our own in
# tests/unit/capture/acceptance.c. Answers: tests/conformance.

load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# real NAME: the path of a real capture is in $pcap; skips where there is none.
real() {
  [ -n "${CORPUS:-}" ] || skip "CORPUS is not set: a folder of captures"
  case $CORPUS in /*) pcap=$CORPUS ;; *) pcap=$ROOT/$CORPUS ;; esac
  [ ! -d "$pcap/pcap" ] || pcap=$pcap/pcap
  pcap=$pcap/$1
  [ -f "$pcap" ]
}

# capture_facts FILE: what a capture of it finds, a fact a line, in the file facts.
capture_facts() {
  mirrorctl capture -q -r "$1" -o facts.mrec
  "$TOOLS/record_facts" facts.mrec >facts
}

real_facts() {
  real "$1"
  capture_facts "$pcap"
}

# fact LINE...: each is there.
fact() {
  local line
  for line in "$@"; do
    grep -qxF -- "$line" facts || {
      echo "no line \"$line\" in:" >&2
      grep -v '^uri ' facts | head -n 60 >&2
      return 1
    }
  done
}

# exchanges: those that were found, as METHOD TARGET STATUS.
exchanges() { awk '$1 == "exchange" { print $2, $3, $4 }' facts; }

# hostile PCAP: a replay sends none of its requests unless it is asked to.
hostile() {
  mirrorctl capture -q -r "$1" -o hostile.mrec
  run --separate-stderr mirrorctl replay hostile.mrec --dry-run --methods all \
    --v1 http://127.0.0.1:1 --v2 http://127.0.0.1:1 -o hostile.mres
  [ "$status" -eq 0 ]
  [[ $stderr == *" = 0 eligible + "* ]]
}

@test "acceptance 6: five pipelined requests get their five answers in order" {
  real_facts zeek__http__pipelined-requests.pcap
  diff - <(grep '^exchange ' facts) <<'END'
exchange GET /style/enhanced.css 200 0+946 complete
exchange GET /script/urchin.js 200 0+6716 complete
exchange GET /images/template/screen/bullet_utility.png 200 0+94 complete
exchange GET /images/template/screen/key-point-top.png 200 0+2349 complete
exchange GET /projects/calendar/images/header-sunbird.png 200 0+27579 complete
END
}

@test "acceptance 7: 100 Continue stands beside the final answer of its request" {
  real_facts zeek__http__100-continue.pcap
  fact "exchanges 1" "exchange POST / 100,200 2001+60731 complete"
  mirrorctl show facts.mrec --format jsonl >facts.jsonl
  [ "$(jq -c '[.response.status, [.response._informational[].status]]' facts.jsonl)" = '[200,[100]]' ]
}

@test "acceptance 8: of a thousand exchanges one answer is lost, and none is shifted" {
  real_facts zeek__http__1000-requests-one-dropped-response.pcap
  fact "requests 1000" "responses 999" "complete 999" "gaps 1" "orphan_responses 0"
  [ "$(grep -c '^exchange GET / 200 0+615 complete$' facts)" -eq 999 ]
  # The first is the one without: it says why, and the second has its own answer.
  mirrorctl show facts.mrec --format jsonl >facts.jsonl
  [ "$(head -n 1 facts.jsonl | jq -c '[.response, ._complete, ._flags]')" = '[null,false,["gap"]]' ]
  [ "$(jq -s 'map(select(.response and .timings.wait < 0)) | length' facts.jsonl)" -eq 0 ]
}

@test "acceptance 9: requests are found without a handshake, and without answers" {
  real_facts zeek__http__get_nosyn.pcap
  [ "$(exchanges)" = "GET /download/CHANGES.bro-aux.txt 200" ]
  fact "complete 1"
  real_facts sv__bug-2491-02__simple_http_download.onesided.nosyn.pcap
  fact "exchanges 3" "unanswered 3"
  [ "$(mirrorctl show facts.mrec --format jsonl | jq -c .response | sort | uniq -c | xargs)" = "3 null" ]
}

@test "acceptance 10: an answer at the beginning is not that of the request behind it" {
  real_facts sv__tcp-stream-after-swap__http-start-from-response.pcap
  fact "requests 1" "responses 2" "complete 1" "orphan_responses 1"
  [ "$(exchanges)" = "GET /favicon.ico 404" ]
}

@test "acceptance 11: a handshake out of order, ranges over many connections, one copy of each" {
  real_facts zeek__tcp__handshake-reorder.pcap
  fact "exchanges 1" "complete 1"
  real_facts sv__http-range-multiflows__input.pcap
  fact "exchanges 41" "complete 41"
  real_facts sv__http-protocol-nodup__input.pcap
  fact "exchanges 40" "complete 40"
}

@test "acceptance 12: VLAN tags and virtual networks keep connections apart" {
  local file
  for file in zeek__http-vlan-0.pcap zeek__http-qinq-0.pcap; do
    real_facts "$file"
    fact "exchanges 1" "complete 1"
  done
  for file in zeek__vlan-collisions.pcap \
    zeek__doc__advanced__devel__plugins__connkey-vxlan-fivetuple-plugin-src__Traces__vxlan-overlapping-http-get.pcap; do
    real_facts "$file"
    fact "connections 3" "exchanges 3" "complete 3"
  done
}

@test "acceptance 13: PPPoE, C-HDLC, and GRE with Geneve are looked through" {
  local file
  for file in sv__bug-4810__pppoe-session-http.pcap sv__decode-chdlc-01__hdlc-http_1tx.pcap \
    sv__bug-6402-01__input.pcap; do
    real_facts "$file"
    fact "exchanges 1" "complete 1"
  done
}

@test "acceptance 14: a request in IP fragments is one" {
  real_facts PcapPlusPlus__Tests__Pcap++Test__PcapExamples__frag_http_req.pcap
  fact "requests 1" "fragments_dropped 0" "uri GET /convert_data.js?partner_id=29"
}

@test "acceptance 15: what is sent four times is there once" {
  real_facts arkime__wireshark-retrans.pcap
  fact "requests 4" "responses 4" "complete 4" "conflicts 0"
}

@test "acceptance 16: the answer to HEAD has no content, whatever its length says" {
  real_facts arkime__http-500-head.pcap
  fact "exchange HEAD /UpdataConfig.dat 500 0+0 complete"
}

@test "acceptance 18: methods nobody knows are kept as they are" {
  real_facts zeek__http__query-method.pcap
  fact "exchange QUERY /users 200 57+58 complete"
  real_facts zeek__http__methods.pcap
  fact "http 49" "requests 49" "responses 49" "unanswered 0"
}

@test "acceptance 19: messages that readers differ about are flagged, and not sent again by default" {
  local framing
  for framing in 'Transfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n0\r\n\r\n' \
    'Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n' \
    'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n' \
    'Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n' \
    'Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'; do
    printf '>>> POST / HTTP/1.1\\r\\nHost: h\\r\\n%s\n' "$framing" | pcap_of hostile.pcap
    hostile hostile.pcap
  done
}

@test "acceptance 19: so are those of the wild" {
  local n
  for n in 01-chunk_2pow64_overflow 04-te_cl_desync 09-te_obs_fold 10-multi_value_te; do
    real "zeek__http__261__variant-$n.pcap"
    hostile "$pcap"
    [ "$(mirrorctl show hostile.mrec --format jsonl | jq -c 'select(._flags == [])' | wc -l)" -eq 0 ]
  done
}

@test "acceptance 20: content that looks like a request is none, and surplus answers shift nothing" {
  real_facts zeek__http__smuggle-http-request.pcap
  fact "requests 2" "complete 2" "exchange POST /first 200 80+35 complete"
  real_facts zeek__http__http-desync-request-response-5.pcap
  fact "requests 5" "responses 7" "complete 5" "orphan_responses 2"
  # No answer began before its request.
  mirrorctl show facts.mrec --format jsonl >facts.jsonl
  [ "$(jq -s 'map(.timings.wait >= 0) | all' facts.jsonl)" = true ]
}

@test "acceptance 23: cut at 96 bytes, requests are found and nothing is complete that is not" {
  movies_pcap whole.pcap
  "$TOOLS/rewrite_pcap" --snaplen 96 whole.pcap cut.pcap
  capture_facts cut.pcap
  fact "requests 20" "complete 0"
  real zeek__http__entity_gap.pcap
  "$TOOLS/rewrite_pcap" --snaplen 120 "${pcap%/*}/zeek__http__pipelined-requests.pcap" cut.pcap
  capture_facts cut.pcap
  fact "complete 0"
  ! grep -q '^exchange.* complete' facts
}

@test "acceptance 27: wrong checksums change nothing" {
  # The packets of pcap_of have zero for a checksum, as with offloading.
  movies_pcap zero.pcap
  capture_facts zero.pcap
  fact "complete 20" "malformed 0"
}

@test "acceptance 30: RST and FIN with made-up numbers do not hide the exchange behind them" {
  local file
  for file in sv__bug-3286-02-linux-evasion__with_evasion_linux.pcap \
    sv__bug-3286-03-windows-evasion__with_evasion_windows.pcap; do
    real_facts "$file"
    fact "exchanges 1" "exchange GET / 200 0+14 complete"
  done
}
