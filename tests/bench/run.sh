#!/usr/bin/env bash
# Speed as ratios to peers, measured side by side: `make bench`. Rounds alternate
# between mirrorctl and the peer, and the median counts, since machines are noisy.
# Rows are appended to $BUILD/bench.csv. These are no tests: nothing can fail.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
ROUNDS=${ROUNDS:-5}
MEGABYTES=${MEGABYTES:-1000}
dir=$BUILD/bench
mkdir -p "$dir"
mirrorctl=$BUILD/mirrorctl
pids=
trap 'kill $pids 2>/dev/null || :' EXIT

. tests/bench/common.sh

# Seconds of wall time of a command whose output does not matter.
seconds() {
  local from to
  from=$(date +%s%N)
  "$@" >/dev/null 2>&1 || :
  to=$(date +%s%N)
  echo $(((to - from) / 1000)) | awk '{ print $1 / 1e6 }'
}

echo "acceptance 45: speed of capture"
echo "== capture -r into a file beside tcpdump -r -w /dev/null ($MEGABYTES MB, $ROUNDS rounds)"
[ -s "$dir/keep-alive.pcap" ] ||
  "$BUILD/tests/tools/make_traffic" --keep-alive "$MEGABYTES" "$dir/keep-alive.pcap"
cat "$dir/keep-alive.pcap" >/dev/null
: >"$dir/ours" && : >"$dir/peer" && : >"$dir/rss"
for _ in $(seq "$ROUNDS"); do
  rm -f "$dir/keep-alive.mrec"
  seconds "$mirrorctl" capture -r "$dir/keep-alive.pcap" -o "$dir/keep-alive.mrec" >>"$dir/ours"
  seconds tcpdump -r "$dir/keep-alive.pcap" -w /dev/null >>"$dir/peer"
done
/usr/bin/time -f %M -o "$dir/rss" "$mirrorctl" capture -q -r "$dir/keep-alive.pcap" -o "$dir/keep-alive.mrec"
ours=$(median <"$dir/ours") peer=$(median <"$dir/peer")
report "capture -r into a file, seconds" "$ours"
report "tcpdump -r -w /dev/null, seconds" "$peer"
report "capture : tcpdump, MB/s (above 1 is faster)" "$(awk "BEGIN { printf \"%.2f\", $peer / $ours }")"
report "capture -r, peak RSS in MiB" "$(awk '{ printf "%.1f", $1 / 1024 }' "$dir/rss")"
report "capture -r, exchanges found" \
  "$("$mirrorctl" capture -r "$dir/keep-alive.pcap" -o /dev/null 2>&1 | sed -n 's/^mirrorctl: \([0-9]* exchanges: .*\)/\1/p')"
[ -s "$dir/traffic.pcap" ] || "$BUILD/tests/tools/make_traffic" 200 "$dir/traffic.pcap"

echo "== replay --max beside wrk and hey (1 KB answers, keep-alive, 64 in flight)"
"$BUILD/tests/tools/fast_server" >"$dir/server" &
pids="$pids $!"
until [ -s "$dir/server" ]; do :; done
port=$(head -n 1 "$dir/server")
url=http://127.0.0.1:$port
"$mirrorctl" capture -r "$dir/traffic.pcap" -n 100000 -o "$dir/traffic.mrec" 2>/dev/null
: >"$dir/pairs" && : >"$dir/wrk" && : >"$dir/hey" && : >"$dir/stage"
for _ in $(seq "$ROUNDS"); do
  s=$(seconds "$mirrorctl" replay "$dir/traffic.mrec" --v1 "$url" --v2 "$url" --control none --max \
    --concurrency 32 -o /dev/null)
  awk "BEGIN { print 100000 / $s }" >>"$dir/pairs"
  wrk -t1 -c64 -d3s "$url/movies/1" | awk '/^Requests\/sec/ { print $2 }' >>"$dir/wrk"
  hey -z 3s -c 64 -cpus 1 "$url/movies/1" | awk '/Requests\/sec/ { print $2 }' >>"$dir/hey"
done
pairs=$(median <"$dir/pairs") wrk=$(median <"$dir/wrk") hey=$(median <"$dir/hey")
report "replay, pairs/s (two requests each, both answers recorded)" "$pairs"
report "wrk -t1 -c64, requests/s" "$wrk"
report "hey -c 64 -cpus 1, requests/s" "$hey"
report "replay requests : wrk requests" "$(awk "BEGIN { printf \"%.2f\", 2 * $pairs / $wrk }")"
report "replay requests : hey requests" "$(awk "BEGIN { printf \"%.2f\", 2 * $pairs / $hey }")"

echo "== diff of JSON bodies"
"$BUILD/tests/bench/bench_compare" | tee -a "$BUILD/bench.csv"
