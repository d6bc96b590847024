#!/usr/bin/env bash
# Speed as ratios to peers, measured side by side: `make bench`, or some of it:
#
#     tests/bench/run.sh [capture|replay|lateness|diff|plan ...]
#
# Rounds alternate between mirrorctl and the peer, and the median counts, since
# machines are noisy. Rows are appended to $BUILD/bench.csv. These are no tests:
# nothing can fail.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
ROUNDS=${ROUNDS:-5}
MEGABYTES=${MEGABYTES:-1000}
dir=$BUILD/bench
mkdir -p "$dir"
mirrorctl=$BUILD/mirrorctl
pids=
shm=$(mktemp -d /dev/shm/mirrorctl-bench.XXXXXX)
trap 'kill $pids 2>/dev/null || :; rm -rf "$shm"' EXIT

. tests/bench/common.sh
. tests/bench/replay.sh
. tests/bench/diff.sh

# Seconds of wall time of a command whose output does not matter.
seconds() {
  local from to
  from=$(date +%s%N)
  "$@" >/dev/null 2>&1 || :
  to=$(date +%s%N)
  echo $(((to - from) / 1000)) | awk '{ print $1 / 1e6 }'
}

# Seconds of a capture of the bench's file into another.
capture_into() { seconds "$mirrorctl" capture -r "$dir/keep-alive.pcap" -o "$1"; }

bench_capture() {
  local ours peer
  echo "acceptance 45: speed of capture"
  echo "== capture -r into a file beside tcpdump -r -w /dev/null ($MEGABYTES MB, $ROUNDS rounds)"
  [ -s "$dir/keep-alive.pcap" ] ||
    "$BUILD/tests/tools/make_traffic" --keep-alive "$MEGABYTES" "$dir/keep-alive.pcap"
  cat "$dir/keep-alive.pcap" >/dev/null
  rm -f "$dir"/{ours,peer,nowhere,memory,cp}
  for _ in $(seq "$ROUNDS"); do
    rm -f "$dir/keep-alive.mrec"
    capture_into "$dir/keep-alive.mrec" >>"$dir/ours"
    seconds tcpdump -r "$dir/keep-alive.pcap" -w /dev/null >>"$dir/peer"
    capture_into /dev/null >>"$dir/nowhere"
    capture_into "$shm/keep-alive.mrec" >>"$dir/memory"
    seconds cp "$dir/keep-alive.mrec" "$dir/copy" >>"$dir/cp"
    rm -f "$shm/keep-alive.mrec" "$dir/copy"
  done
  /usr/bin/time -f %M -o "$dir/rss" "$mirrorctl" capture -q -r "$dir/keep-alive.pcap" -o "$dir/keep-alive.mrec"
  ours=$(median <"$dir/ours") peer=$(median <"$dir/peer")
  report "capture -r into a file, seconds" "$ours"
  report "tcpdump -r -w /dev/null, seconds" "$peer"
  report "capture : tcpdump, MB/s (2.0 is wanted)" "$(awk "BEGIN { printf \"%.2f\", $peer / $ours }")"
  # What of it is the disk's: tcpdump writes nothing, and nobody writes a file
  # faster than cp does.
  report "capture -r into /dev/null, seconds" "$(median <"$dir/nowhere")"
  report "capture -r into memory (/dev/shm), seconds" "$(median <"$dir/memory")"
  report "cp of the record to the same disk, seconds" "$(median <"$dir/cp")"
  report "capture -r, peak RSS in MiB" "$(awk '{ printf "%.1f", $1 / 1024 }' "$dir/rss")"
  report "capture -r, exchanges found" \
    "$("$mirrorctl" capture -r "$dir/keep-alive.pcap" -o /dev/null 2>&1 | sed -n 's/^mirrorctl: \([0-9]* exchanges: .*\)/\1/p')"
}

bench_plan() {
  echo "== deciding by a plan (1000 rules: 1,000,000 decisions/s are wanted)"
  "$BUILD/tests/bench/bench_plan" | tee -a "$BUILD/bench.csv"
}

[ $# -gt 0 ] || set -- capture replay lateness diff plan
for part; do
  "bench_$part"
done
