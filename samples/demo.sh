#!/bin/sh
# A dark launch from end to end: record what a live service is asked, send it
# again to v1 and v2 of that service as the YAML of a mesh says, and compare their
# answers.
#
# `make demo` runs this. It needs no root, takes some seconds, leaves its files
# in DEMO_DIR and no process behind. Exit status 0 means that the report holds
# the three differences planted in v2 (samples/movies/README.md) and no other.
#
#   MIRRORCTL, MOVIESD, MAKE_PCAP   the programs, default in build/
#   DEMO_DIR                        where files go, default build/demo
#   DEMO_V2_ARGS                    for v2, such as `--without slow`
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mirrorctl=${MIRRORCTL:-build/mirrorctl}
moviesd=${MOVIESD:-build/moviesd}
make_pcap=${MAKE_PCAP:-build/make_pcap}
dir=${DEMO_DIR:-build/demo}
count=50
loops=20 # that often each is sent, so that the slower endpoint is proven
pids=

say() {
  printf '%s\n' "$*"
}

step() {
  printf '\n== %s\n' "$*"
}

# Text from a log, set off from what the demo says itself.
indent() {
  sed 's/^/   | /'
}

fail() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

# A program failed: say so and show what it said.
fail_with_log() {
  indent <"$2" >&2
  fail "$1"
}

stop_all() {
  for pid in $pids; do
    kill "$pid" 2>/dev/null || :
  done
  for pid in $pids; do
    wait "$pid" 2>/dev/null || :
  done
  pids=
}

# Wait up to 10 s until process PID has written TEXT to FILE. Fails as soon as
# the process is gone without it.
wait_for() {
  tries=0
  while [ "$tries" -lt 500 ]; do
    alive=yes
    kill -0 "$1" 2>/dev/null || alive=
    if grep -q "$3" "$2" 2>/dev/null; then
      return 0
    fi
    [ "$alive" ] || return 1
    sleep 0.02
    tries=$((tries + 1))
  done
  return 1
}

# Start a movies service as NAME; its log and port go to files of that name.
start() {
  name=$1
  shift
  "$moviesd" --port 0 --port-file "$dir/$name.port" "$@" >"$dir/$name.log" 2>&1 &
  pids="$pids $!"
  wait_for $! "$dir/$name.log" 'listening on' ||
    fail_with_log "moviesd did not start" "$dir/$name.log"
}

url() {
  echo "http://127.0.0.1:$(cat "$dir/$1.port")"
}

copies() {
  grep -c ' copy$' "$dir/$1.log" || :
}

capture_live() {
  "$mirrorctl" capture -i lo -p "$live_port" -n "$count" -d 20s -o "$dir/movies.mrec" \
    2>"$dir/capture.log" &
  capture=$!
  pids="$pids $capture"
  if ! wait_for "$capture" "$dir/capture.log" 'listening on lo'; then
    ! kill -0 "$capture" 2>/dev/null || fail_with_log "capture is not ready" "$dir/capture.log"
    ! wait "$capture" || fail_with_log "capture ended before it began" "$dir/capture.log"
    return 1
  fi
  "$here/movies/traffic.sh" "$live_port" "$count" || fail "the live service did not answer"
  wait "$capture" || fail_with_log "capture failed" "$dir/capture.log"
}

capture_from_pcap() {
  made=$("$here/movies/traffic.sh" --list "$count" |
    "$make_pcap" "$live_port" "$dir/movies.pcap") || fail "no pcap was made"
  say "$made" | indent
  timeout 20 "$mirrorctl" capture -r "$dir/movies.pcap" -p "$live_port" \
    -o "$dir/movies.mrec" 2>"$dir/capture.log" || fail_with_log "capture failed" "$dir/capture.log"
}

for program in "$mirrorctl" "$moviesd" "$make_pcap"; do
  [ -x "$program" ] || fail "$program is not there; run make first"
done
command -v jq >/dev/null || fail "jq is needed to check the report; run make deps"

mkdir -p "$dir"
for name in live v1 v2; do
  rm -f "$dir/$name.log" "$dir/$name.port"
done
rm -f "$dir/movies.mrec" "$dir/movies.mres" "$dir/movies.pcap" "$dir/report.json" \
  "$dir/capture.log" "$dir/replay.log" "$dir/plan.yaml" "$dir/plan.log" "$dir/explain.log"
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step "A service is live in v1; its next version, v2, waits in the dark"
start live --as v1
start v1 --as v1
# shellcheck disable=SC2086 # several words on purpose
start v2 --as v2 ${DEMO_V2_ARGS:-}
live_port=$(cat "$dir/live.port")
say "   live $(url live)   what users talk to"
say "   v1   $(url v1)   the same version, to compare with"
say "   v2   $(url v2)   the candidate"

step "Record $count requests to the live service: mirrorctl capture -i lo -p $live_port -n $count"
if ! capture_live; then
  indent <"$dir/capture.log"
  say "   Capturing on lo is not permitted here, so a pcap is made on the spot and read instead:"
  say "   mirrorctl capture -r $dir/movies.pcap"
  rm -f "$dir/movies.mrec"
  capture_from_pcap
fi
indent <"$dir/capture.log"

yaml=$here/movies/movies-mirror.yaml
key=movies-api-service
step "See what the mesh's YAML would mirror: mirrorctl plan movies-mirror.yaml --endpoint $key/v1=URL ..."
"$mirrorctl" plan "$yaml" --endpoint "$key/v1=$(url v1)" --endpoint "$key/v2=$(url v2)" \
  >"$dir/plan.yaml" 2>"$dir/plan.log" || fail_with_log "plan failed" "$dir/plan.log"
indent <"$dir/plan.yaml"
indent <"$dir/plan.log"
say "   And for one request: mirrorctl plan movies-mirror.yaml --explain 'GET /movies/7'"
"$mirrorctl" plan -q "$yaml" --endpoint "$key/v1=$(url v1)" --endpoint "$key/v2=$(url v2)" \
  --explain 'GET /movies/7' >"$dir/explain.log" || fail "plan --explain failed"
indent <"$dir/explain.log"

step "Send $loops copies of each to v1 and to v2, as it says: mirrorctl replay -c movies-mirror.yaml --endpoint ... --loop $loops --rate 200"
timeout 60 "$mirrorctl" replay "$dir/movies.mrec" -c "$yaml" --endpoint "$key/v1=$(url v1)" \
  --endpoint "$key/v2=$(url v2)" --loop "$loops" --rate 200 -o "$dir/movies.mres" 2>"$dir/replay.log" ||
  fail_with_log "replay failed" "$dir/replay.log"
indent <"$dir/replay.log"
for name in v1 v2; do
  say "   $name answered $(copies $name) copies, for example:"
  grep ' copy$' "$dir/$name.log" | head -n 3 | indent
done
say "   (v1 is asked twice: what differs between its own two answers is noise.)"
say "   The live service got $(copies live) of them."

step "Compare the answers: mirrorctl diff"
status=0
timeout 20 "$mirrorctl" diff "$dir/movies.mres" --report "$dir/report.json" --report "$dir/report.html" ||
  status=$?
[ "$status" -eq 1 ] || fail "diff ended with status $status, not with 1: v2 differs"

complaints=$(jq -r --argjson pairs "$((count * loops))" -f "$here/movies/planted.jq" "$dir/report.json") ||
  fail "$dir/report.json cannot be checked"
if [ "$complaints" ]; then
  printf '%s\n' "$complaints" | indent >&2
  fail "$dir/report.json does not hold exactly what was planted"
fi

step "v2 is not ready, and mirrorctl found all of it"
cat <<END
   A field renamed, a status changed, an endpoint slower: these three were planted
   in v2, and nothing else was reported. The greeting, which tells the time, differs
   in every answer; v1 differs from itself there, so it counts as noise.

   Left in $dir:
     movies.mrec           the recorded requests
     movies.mres           the answers of v1 and v2
     report.html           the report, as a page for a browser
     report.json           the report, for programs
     plan.yaml             what movies-mirror.yaml decides, in mirrorctl's own form
     live.log v1.log v2.log   what each service was asked

   To go on:
     $mirrorctl show $dir/movies.mrec
     $mirrorctl show $dir/movies.mres 4
     $mirrorctl diff $dir/movies.mres --gate body=off --gate status=off
END
