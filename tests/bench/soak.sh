#!/usr/bin/env bash
# A long replay leaks nothing: `make soak`. Pairs are sent at SOAK_RATE a second
# for SOAK_SECONDS, and the result goes through a pipe to a reader that throws it
# away. Every ten seconds the resident memory of the replay and its open
# descriptors are looked at: after the first minute (or the first third, if that
# is less) neither may grow. Ends with 1 if one does, or if something that was
# sent was not answered.
#
# What is used again is kept for that, up to a ceiling, and how much of it there is
# tells of the longest time for which the machine let the replay wait so far. So
# at first it is made to wait so long that its queues are full and it leaves some
# out: it never needs more than then, and what grows later is a leak.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
SOAK_SECONDS=${SOAK_SECONDS:-600}
SOAK_RATE=${SOAK_RATE:-5000}
SETTLED=$((SOAK_SECONDS < 180 ? SOAK_SECONDS / 3 : 60))
EVERY=10           # seconds from one look to the next
STALL=0.6          # seconds for which it is made to wait, now and then until half of SETTLED
MAY_GROW_PERCENT=5 # malloc keeps some more now and then
shm=$(mktemp -d /dev/shm/mirrorctl-soak.XXXXXX)
pids=
trap 'kill $pids 2>/dev/null || :; rm -rf "$shm"' EXIT

server() { # server NAME: its port is in the file NAME
  : >"$shm/$1"
  "$BUILD/tests/tools/fast_server" >"$shm/$1" &
  pids="$pids $!"
  until [ -s "$shm/$1" ]; do :; done
}

# The requests of a minute, so often that they last: each copy is a section of
# its own, as of another capture, and the schedule takes no notice.
requests() {
  local minute=$((SOAK_RATE * 60)) left=$((SOAK_SECONDS * SOAK_RATE)) n
  while [ "$left" -gt 0 ]; do
    n=$((left < minute ? left : minute))
    [ "$n" -eq "${made:-0}" ] || {
      "$BUILD/tests/tools/make_requests" plain "$n" 1000 "$shm/some.pcap"
      "$BUILD/mirrorctl" capture -q -r "$shm/some.pcap" -o "$shm/some.mrec"
      rm "$shm/some.pcap"
      made=$n
    }
    cat "$shm/some.mrec"
    left=$((left - n))
  done
}

# look PID: second, resident KiB and descriptors, a line each EVERY seconds.
look() {
  local from=$SECONDS
  while sleep "$EVERY" && [ -e "/proc/$1/fd" ]; do
    printf '%d %d %d\n' $((SECONDS - from)) "$(awk '/VmRSS/ { print $2 }' "/proc/$1/status")" \
      "$(find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l)"
  done
}

# shake PID
shake() {
  local from=$SECONDS
  while [ $((SECONDS - from)) -lt $((SETTLED / 2)) ] && sleep 2 && kill -STOP "$1"; do
    sleep "$STALL"
    kill -CONT "$1"
  done
}

server v1
server v2
mkfifo "$shm/in" "$shm/out"
requests >"$shm/in" &
pids="$pids $!"
cat "$shm/out" >/dev/null &
"$BUILD/mirrorctl" replay - --v1 "http://127.0.0.1:$(head -n 1 "$shm/v1")" \
  --v2 "http://127.0.0.1:$(head -n 1 "$shm/v2")" --control none --rate "$SOAK_RATE" -o "$shm/out" \
  <"$shm/in" 2>"$shm/summary" &
replay=$!
pids="$pids $replay"
shake "$replay" &
look "$replay" | tee "$shm/looks"
wait "$replay" || { cat "$shm/summary" >&2 && exit 1; }
cat "$shm/summary"
awk -v settled="$SETTLED" -v percent="$MAY_GROW_PERCENT" '
  $1 >= settled && !n++ { rss = $2; descriptors = $3 }
  $1 >= settled { rss_end = $2; descriptors_end = $3 }
  END {
    if (n < 2) { print "soak: too short to tell"; exit 1 }
    printf "soak: RSS %d to %d KiB, descriptors %d to %d, from second %d on\n",
      rss, rss_end, descriptors, descriptors_end, settled
    exit rss_end > rss * (1 + percent / 100) || descriptors_end > descriptors
  }' "$shm/looks"
for target in v1 v2; do
  grep -q "$target: [1-9][0-9]* sent = [0-9]* answered + 0 failed" "$shm/summary" ||
    { echo "soak: not all that was sent to $target was answered" && exit 1; }
done
