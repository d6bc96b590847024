#!/usr/bin/env bash
# What a live capture costs the service it watches, and what it misses: `make
# bench-live`. On lo of a network of its own, so that lo's counters are of this
# traffic only; server and client pinned to a core each, the capture not. Rounds
# take turns between no capture, mirrorctl and tcpdump, each round's order
# another; ratios are taken within a round, and the median of the rounds counts.
# Rows are appended to $BUILD/bench.csv. This is no test: nothing can fail.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
ROUNDS=${ROUNDS:-5}
SECONDS_EACH=${SECONDS_EACH:-3}
RATE=${RATE:-40000}
export BUILD ROUNDS SECONDS_EACH RATE
if [ -z "${OWN_NETWORK:-}" ]; then
  unshare -n true 2>/dev/null || { echo "bench-live: needs the right to make a network (root)" >&2 && exit 2; }
  exec unshare -n env OWN_NETWORK=1 "$0"
fi
. tests/bench/common.sh
ip link set lo up
dir=$BUILD/bench/live
mkdir -p "$dir"
pids=
trap 'kill $pids 2>/dev/null || :' EXIT

# until_line FILE PATTERN
until_line() { timeout 10 tail -n +1 -s 0.05 -f "$1" 2>/dev/null | grep -m 1 -q "$2"; }

# Packets that crossed lo so far.
on_lo() { awk '/lo:/ { print $3 }' /proc/net/dev; }

: >"$dir/server"
taskset -c 0 "$BUILD/tests/tools/fast_server" >"$dir/server" &
pids=$!
until_line "$dir/server" .
port=$(head -n 1 "$dir/server")

with_none() { capture_pid=; }
with_mirrorctl() {
  : >"$dir/capture.log"
  "$BUILD/mirrorctl" capture -i lo -p "$port" -o "$dir/live.mrec" 2>"$dir/capture.log" &
  capture_pid=$!
  until_line "$dir/capture.log" "listening on"
}
with_tcpdump() {
  : >"$dir/capture.log"
  tcpdump -Z root -B 65536 -i lo -w "$dir/live.pcap" "tcp port $port" 2>"$dir/capture.log" &
  capture_pid=$!
  until_line "$dir/capture.log" "listening on"
}

# round LOAD WHO: run LOAD under WHO's capture; its number goes to LOAD.WHO.
round() {
  local before
  before=$(on_lo)
  "with_$2"
  pids="$pids $capture_pid"
  "$1" >>"$dir/$1.$2"
  [ -n "$capture_pid" ] || return 0
  awk '{ print $14 + $15 }' "/proc/$capture_pid/stat" >>"$dir/$1.$2.ticks"
  kill -INT "$capture_pid"
  wait "$capture_pid" || :
  [ "$2" = mirrorctl ] || return 0
  "$BUILD/tests/tools/record_facts" "$dir/live.mrec" | grep -v '^exchange \|^uri ' |
    awk -v lo="$(($(on_lo) - before))" '{ n[$1] = $2 } END {
      print lo, n["kernel_received"], n["packets"], n["kernel_dropped"] + n["queue_dropped"], n["complete"] }' \
      >>"$dir/$1.packets"
}

# ratio LOAD WHO: of each round's number to the one without capture; the median.
ratio() { paste "$dir/$1.$2" "$dir/$1.none" | awk '{ printf "%.3f\n", $1 / $2 }' | median; }

rounds() {
  local order=(none mirrorctl tcpdump) i
  rm -f "$dir/$1".*
  for ((i = 0; i < ROUNDS; i++)); do
    round "$1" "${order[0]}" && round "$1" "${order[1]}" && round "$1" "${order[2]}"
    order=("${order[1]}" "${order[2]}" "${order[0]}")
  done
}

tell() {
  local load=$1 unit=$2 who
  for who in none mirrorctl tcpdump; do
    report "$load, $who: $unit" "$(median <"$dir/$load.$who")"
  done
  for who in mirrorctl tcpdump; do
    report "$load, $who : none" "$(ratio "$load" $who)"
    report "$load, $who: seconds of processor in a round of $SECONDS_EACH" \
      "$(median <"$dir/$load.$who.ticks" | awk -v hz="$(getconf CLK_TCK)" '{ print $1 / hz }')"
  done
  report "$load: packets on lo, of all rounds" "$(awk '{ n += $1 } END { print n }' "$dir/$load.packets")"
  report "$load: read by mirrorctl + dropped and counted" \
    "$(awk '{ read += $3; dropped += $4 } END { print read " + " dropped }' "$dir/$load.packets")"
  report "$load: complete exchanges" "$(awk '{ n += $5 } END { print n }' "$dir/$load.packets")"
}

# The service's median time in ns, of requests that come when they come.
open_loop() {
  taskset -c 1 "$BUILD/tests/tools/open_loop" "$port" "$RATE" $((SECONDS_EACH * 1000)) |
    tee -a "$dir/answered" | awk '/^answered/ { print $4 }'
}

# The service's rate when it is asked for all it can do.
saturated() {
  taskset -c 1 wrk -t1 -c64 -d"${SECONDS_EACH}s" "http://127.0.0.1:$port/" |
    awk '/^Requests\/sec/ { print $2 }'
}

echo "== $RATE requests a second, open loop ($ROUNDS rounds of $SECONDS_EACH s)"
rounds open_loop
tell open_loop "p50 in ns"
echo "== saturated by wrk ($ROUNDS rounds of $SECONDS_EACH s)"
rounds saturated
tell saturated "requests a second"
