# Every selected request reaches every target, once, as it should be, and the
# account of it is that of the servers. What should arrive is known from the maker of
# the traffic, and what did arrive from logs that the targets keep themselves.
# `make exact` runs the same with 100,000 requests.

# shellcheck disable=SC2030,SC2031 # each test changes its own copy
load ../support/helpers

REQUESTS=${EXACT_REQUESTS:-1000}
CONNECTIONS=${EXACT_CONNECTIONS:-50}

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  "$BUILD/tests/tools/make_requests" pcap "$REQUESTS" "$CONNECTIONS" all.pcap
  "$MIRRORCTL" capture -q -r all.pcap -o all.mrec
  "$BUILD/tests/tools/make_requests" expected "$REQUESTS" "$CONNECTIONS" >as_recorded
}

setup() {
  common_setup
  record=$BATS_FILE_TMPDIR/all.mrec expected=$BATS_FILE_TMPDIR/as_recorded
  start v1.log "$TOOLS/log_server"
  wait_for v1.log ''
  v1_pid=$PID v1=http://127.0.0.1:$(head -n 1 v1.log)
  start v2.log "$TOOLS/log_server"
  wait_for v2.log ''
  v2_pid=$PID v2=http://127.0.0.1:$(head -n 1 v2.log)
}

teardown() { common_teardown; }

# replay OPTION...: all methods to v1 and v2, then the logs are whole, and the
# facts of the result in the file facts.
replay() {
  mirrorctl replay -q "$record" --v1 "$v1" --v2 "$v2$prefix" --methods all -o all.mres "$@"
  for PID in "$v1_pid" "$v2_pid"; do
    kill "$PID"
    wait "$PID"
  done
  "$TOOLS/record_facts" all.mres >facts
}

# fact NAME [N]: the N-th number of that name in the accounting.
fact() { awk -v name="$1" -v n="${2:-1}" '$1 == name && ++seen == n { print $2 }' facts; }

# answered N: the numbers of the requests that the N-th target answered, each with
# its own answer; else the first that is not.
answered() {
  awk -v n="$1" '$1 == "pair" {
         sub(/.*id=/, "", $3)
         if ($(3 + n) == "answered,200," $3) print $3
         else if ($(3 + n) ~ /^answered/) { print "not its answer: " $0; exit }
       }' facts | sort -n
}

# arrived LOG EXPECTED: the numbers of the requests in a server's log, sorted. A
# request that is not as expected, that overtook another one of its recorded
# connection, or that was sent before that one was answered, is told instead.
arrived() {
  awk 'NR == FNR { bytes[$1] = $5 " " $6; connection[$1] = $2; place[$1] = $3; next }
       FNR == 1 { next }
       {
         c = connection[$7]
         if ($5 " " $6 != bytes[$7]) { print "other bytes: " $0; exit }
         if (c in last && place[$7] < last[c]) { print "out of order: " $0; exit }
         if (c in done && $3 < done[c]) { print "overlaps: " $0; exit }
         last[c] = place[$7]
         done[c] = $4
         print $7
       }' "$2" "$1" | sort -n
}

# account TARGET LOG: the accounting of the target with that number says what its
# server knows.
account() {
  local n
  n=$(awk 'NR > 1' "$2" | wc -l)
  [ "$(fact sent "$1")" -eq "$n" ]
  [ "$(fact answered "$1")" -eq "$n" ]
  [ "$(fact connections "$1")" -eq "$(awk 'NR > 1 { print $1 }' "$2" | sort -u | wc -l)" ]
  [ $(($(fact reused "$1") + $(fact connections "$1"))) -eq "$n" ]
}

# same FILE FILE: or their first differences.
same() {
  cmp -s "$1" "$2" && return
  diff "$1" "$2" | head -n 5
  return 1
}

# exact SELECTED [EXPECTED-OF-V2]: both targets had, once, those of SELECTED that
# they are said to have answered.
exact() {
  local n=0 log
  sed -n 's/^pair .*id=\([0-9]*\) .*/\1/p' facts | sort -n >pairs
  same "$1" pairs
  for log in v1.log v2.log; do
    n=$((n + 1))
    [ $n -eq 1 ] || expected=${2:-$expected}
    answered $n >said
    arrived $log "$expected" >seen
    same said seen
    account $n $log
  done
  [ "$(fact recorded)" -eq "$REQUESTS" ]
  [ "$(fact selected)" -eq "$(wc -l <pairs)" ]
  [ $(($(fact paired) + $(fact unpaired))) -eq "$(fact selected)" ]
}

# And that was all of them.
nothing_left_out() {
  [ "$(fact answered 1)" -eq "$(fact selected)" ]
  [ "$(fact answered 2)" -eq "$(fact selected)" ]
}

everything() { seq "$REQUESTS" >everything; }

@test "exact: --max" {
  everything
  replay --max --control none --threads 1
  exact everything
  nothing_left_out
}

@test "exact: --max, two threads" {
  everything
  replay --max --control none --threads 2
  exact everything
  nothing_left_out
}

@test "exact: --max, as many in flight as there are connections" {
  everything
  replay --max --control none --threads 1 --concurrency "$CONNECTIONS"
  exact everything
  nothing_left_out
}

@test "exact: --max, few in flight" {
  everything
  replay --max --control none --threads 2 --concurrency 7
  exact everything
  nothing_left_out
}

@test "exact: --rate" {
  everything
  replay --rate 4000 --control none --threads 1
  exact everything
}

@test "exact: --rate, two threads" {
  everything
  replay --rate 4000 --control none --threads 2
  exact everything
}

@test "exact: the recorded pace, slowed down" {
  everything
  replay --speed 0.03 --control none
  exact everything
}

@test "exact: 37 % with --max, and the same 37 % with --rate" {
  replay --max --control none --threads 2 --percent 37
  sed -n 's/^pair .*id=\([0-9]*\) .*/\1/p' facts | sort -n >drawn
  exact drawn
  nothing_left_out
  setup
  replay --rate 4000 --control none --threads 1 --percent 37
  exact drawn
}

@test "exact: a path of the target and another Host" {
  everything
  "$TOOLS/make_requests" expected "$REQUESTS" "$CONNECTIONS" "" shop.test >v1.expected
  "$TOOLS/make_requests" expected "$REQUESTS" "$CONNECTIONS" /base shop.test >v2.expected
  expected=v1.expected prefix=/base
  replay --max --control none --threads 2 --host shop.test
  exact everything v2.expected
  nothing_left_out
}

@test "exact: v1 is asked once more for its noise, where that is safe" {
  replay --max --threads 2
  nothing_left_out
  awk '{ print $1 } $4 { print $1 }' "$expected" >once_or_twice
  awk 'NR > 1 { print $7 }' v1.log | sort -n >seen
  same once_or_twice seen
  [ $(($(fact sent 1) + $(fact sent 3))) -eq "$(wc -l <seen)" ]
}
