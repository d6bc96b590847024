# shellcheck shell=bash
# replay.sh -- the speed of replay and how well it keeps a schedule, beside peers
# and beside what bare sockets and timers can do. Sourced by run.sh, which sets
# mirrorctl, and shm to a folder in memory.
#
# The clients are pinned to one core and the servers to another. Every round runs
# all clients in turn; a ratio is taken within a round and the median of the rounds
# counts. mirrorctl replays a record of 1000 connections, reads and writes files
# included; its result, with all answers, goes to /dev/shm, so that no disk is
# measured. All clients send the same request but for the number in its target.
# Beside the rates stand those of a processor second, which say the same
# where something else takes turns on the core.
#
# What a machine allows is told by clients that do as little as can be: bare sockets,
# which keep nothing, others that only keep the bytes of the answers too, and a
# client that sends as a bare timer's moments come.

REPLAY_REQUESTS=${REPLAY_REQUESTS:-300000}
REPLAY_SECONDS=${REPLAY_SECONDS:-3}
REPLAY_CONNECTIONS=1000
SERVER_CORE=0 CLIENT_CORE=1
fields=(-H 'Host: movies.example:3000' -H 'User-Agent: bench/1.0' -H 'Accept: application/json'
  -H 'X-Mirrorctl: 1')

# start_server LOG: a fast_server on its core; the port is in $port.
start_server() {
  : >"${shm:?}/$1"
  taskset -c $SERVER_CORE "$BUILD/tests/tools/fast_server" >"$shm/$1" &
  pids="$pids $!"
  until [ -s "$shm/$1" ]; do :; done
  port=$(head -n 1 "$shm/$1")
}

# Both servers, once.
start_servers() {
  [ -z "${v1_port:-}" ] || return 0
  ulimit -n "$(ulimit -H -n)"
  start_server v1
  v1_port=$port v1=http://127.0.0.1:$port
  start_server v2
  v2_port=$port v2=http://127.0.0.1:$port
}

# make_record REQUESTS NAME
make_record() {
  "$BUILD/tests/tools/make_requests" plain "$1" $REPLAY_CONNECTIONS "$shm/$2.pcap"
  "${mirrorctl:?}" capture -q -r "$shm/$2.pcap" -o "$shm/$2.mrec"
  rm "$shm/$2.pcap"
}

# timed COUNT COMMAND...: on the client's core; prints requests a second of wall
# time and of processor time, where COMMAND makes COUNT requests. With - the
# count is the last number of the line `N requests in ...` (wrk) or of hey's.
timed() {
  local count=$1
  shift
  /usr/bin/time -f '%e %U %S %M' -o "$shm/time" taskset -c $CLIENT_CORE "$@" >"$shm/out" 2>"$shm/err" ||
    { cat "$shm/err" >&2 && return 1; }
  [ "$count" != - ] || count=$(awk '/requests in/ { print $1 } /\[200\]/ { print $2 }' "$shm/out")
  awk -v n="$count" '{ print n / $1, n / ($2 + $3 + 1e-9) }' "$shm/time"
}

# The clients, a function each: PLACES in flight.
one_target() {
  timed "$REPLAY_REQUESTS" "$mirrorctl" replay -q "$shm/all.mrec" --baseline recorded --v2 "$v2" --max \
    --threads "${2:-1}" --concurrency "$1" -o "$shm/all.mres"
}
pairs() {
  timed "$REPLAY_REQUESTS" "$mirrorctl" replay -q "$shm/all.mrec" --v1 "$v1" --v2 "$v2" --control none \
    --max --threads 1 --concurrency "$1" -o "$shm/all.mres"
}
wrk_one_thread() { timed - wrk -t1 -c"$1" -d"${REPLAY_SECONDS}s" "${fields[@]}" "$v2/movies/17?id=123456"; }
hey_one_core() { timed - hey -z "${REPLAY_SECONDS}s" -c "$1" -cpus 1 "${fields[@]}" "$v2/movies/17?id=123456"; }
bare() {
  timed 1 "$BUILD/tests/tools/bare_pairs" "$2" "$1" $((REPLAY_SECONDS * 1000)) "${@:3}" >/dev/null
  awk '{ print $4, 1e6 / $5 }' "$shm/out"
}
bare_one() { bare "$1" "$v2_port"; }
keeping_one() { bare "$1" "$v2_port" "$shm/kept"; }
keeping_both() { bare "$1" "$v1_port,$v2_port" "$shm/kept"; }
bare_both() { bare "$1" "$v1_port,$v2_port"; }
two_workers() { one_target "$1" 2; }
one_worker() { one_target "$1" 1; }

# interleaved PLACES CLIENT...: rounds of all; CLIENT's numbers go to CLIENT.PLACES.
interleaved() {
  local places=$1 client i
  shift
  for client in "$@"; do rm -f "$shm/$client.$places"; done
  for ((i = 0; i < ROUNDS; i++)); do
    for client in "$@"; do "$client" "$places" >>"$shm/$client.$places"; done
  done
}

# per_second CLIENT PLACES WHAT
per_second() {
  report "${1//_/ }, $2 in flight: $3 a second (of processor time)" \
    "$(awk '{ print $1 }' "$shm/$1.$2" | median | xargs printf '%.0f') ($(awk '{ print $2 }' "$shm/$1.$2" | median | xargs printf '%.0f'))"
}

# beside CLIENT PEER PLACES WANTED
beside() {
  local of
  for of in 1 2; do
    paste "$shm/$1.$3" "$shm/$2.$3" | awk -v of=$of '{ printf "%.2f\n", $of / $(2 + of) }' | median
  done | xargs printf '%s (%s of processor time), wanted: '"$4" |
    { report "${1//_/ } : ${2//_/ }, $3 in flight" "$(cat)"; }
}

peak_rss() {
  one_target 1000 >/dev/null
  report "one target, 1000 in flight: peak RSS in MiB" \
    "$(awk '{ printf "%.1f", $4 / 1024 }' "$shm/time"), wanted: below 48 and bodies"
}

bench_replay() {
  local places
  start_servers
  make_record "$REPLAY_REQUESTS" all
  echo "== replay --max beside peers (1 KB JSON, kept alive, $REPLAY_CONNECTIONS recorded connections, $ROUNDS rounds)"
  interleaved 64 one_target wrk_one_thread hey_one_core bare_one keeping_one
  interleaved 1000 one_target wrk_one_thread
  interleaved 32 pairs bare_both keeping_both
  for places in 64 1000; do
    per_second one_target $places requests
    per_second wrk_one_thread $places requests
  done
  per_second hey_one_core 64 requests
  per_second bare_one 64 requests
  per_second keeping_one 64 requests
  per_second pairs 32 pairs
  per_second bare_both 32 pairs
  per_second keeping_both 32 pairs
  beside one_target wrk_one_thread 64 1.2
  beside one_target wrk_one_thread 1000 1.0
  beside one_target hey_one_core 64 4
  beside one_target bare_one 64 "as near to 1 as can be"
  beside keeping_one wrk_one_thread 64 "nothing, it tells what can be had"
  beside pairs bare_both 32 0.8
  beside keeping_both bare_both 32 "nothing, it tells what can be had"
  if [ "$(nproc)" -ge 4 ]; then
    CLIENT_CORE=1-3
    interleaved 64 two_workers one_worker
    CLIENT_CORE=1
    beside two_workers one_worker 64 1.5
  else
    report "two workers : one" "not measured: $(nproc) cores"
  fi
  peak_rss
}

# late RATE: how late a round's calls were, and a bare timer's moments.
late() {
  taskset -c $CLIENT_CORE "$mirrorctl" replay -q "$shm/some.mrec" --baseline recorded --v2 "$v2" \
    --rate "$1" --threads 1 -o "$shm/some.mres"
  "$BUILD/tests/tools/lateness" "$shm/some.mres" >>"$shm/late.$1"
  taskset -c $CLIENT_CORE "$BUILD/tests/tools/bare_timer" "$1" $((REPLAY_SECONDS * 1000)) >>"$shm/bare.$1"
  taskset -c $CLIENT_CORE "$BUILD/tests/tools/open_loop" "$v2_port" "$1" $((REPLAY_SECONDS * 1000)) |
    sed -n 's/^sent //p' >>"$shm/sending.$1"
}

# in_us FILE COLUMN: the median of the rounds.
in_us() { awk -v c="$2" '{ printf "%.1f\n", $c / 1000 }' "$1" | median; }

# late_in_us RATE COLUMN: of all three.
late_in_us() { echo "$(in_us "$shm/late.$1" "$2"), $(in_us "$shm/bare.$1" "$2"), $(in_us "$shm/sending.$1" "$2")"; }

bench_lateness() {
  local rate i
  start_servers
  echo "== lateness of a schedule beside a bare timerfd and epoll loop, in us ($ROUNDS rounds of $REPLAY_SECONDS s)"
  for rate in 1000 5000 10000; do
    make_record $((rate * REPLAY_SECONDS)) some
    for ((i = 0; i < ROUNDS; i++)); do late $rate; done
    report "$rate a second: p50 of replay, a bare timer, a bare client" "$(
      late_in_us "$rate" 3), wanted: at most 30"
    report "$rate a second: p99 of replay, a bare timer, a bare client" "$(
      late_in_us "$rate" 5), wanted: at most 1.5 times the timer's, and it is $(
      paste "$shm/late.$rate" "$shm/bare.$rate" | awk '{ printf "%.2f\n", $5 / $14 }' | median)"
    report "$rate a second: p99.9 of replay, a bare timer, a bare client" "$(late_in_us "$rate" 7)"
  done
}
