# shellcheck shell=bash disable=SC2034,SC2154 # used by the bats files
# helpers.bash -- what the bats files share. Nothing here sleeps: readiness is
# a line that a program writes, and `tail -f` is told of it by the kernel.

bats_require_minimum_version 1.5.0

ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
MIRRORCTL=${MIRRORCTL:-$BUILD/mirrorctl}
MOVIESD=${MOVIESD:-$BUILD/moviesd}
TOOLS=$BUILD/tests/tools
GOLDEN=$ROOT/tests/golden
STARTED=()

mirrorctl() { "$MIRRORCTL" "$@"; }

# Every file's setup and teardown: a folder of its own, no process left behind.
common_setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  unset COLUMNS NO_COLOR GITHUB_ACTIONS http_proxy HTTP_PROXY
}

common_teardown() {
  local pid
  for pid in "${STARTED[@]}"; do
    kill "$pid" 2>/dev/null || true
    kill -CONT "$pid" 2>/dev/null || true # who was stopped hears nothing
    wait "$pid" 2>/dev/null || true
  done
}

# start LOG COMMAND...: run it in the background with both outputs in LOG.
# Its process id is in $PID, and it is ended with the test.
start() {
  local log=$1
  shift
  : >"$log"
  "$@" >>"$log" 2>&1 3>&- &
  PID=$!
  STARTED+=("$PID")
}

# wait_for LOG PATTERN [N]: until N (1) lines of LOG hold PATTERN. Fails when the
# process in $PID ends, or after half a minute.
wait_for() {
  local log=$1 pattern=$2 left=${3:-1} line tail_pid fd
  exec {fd}< <(exec timeout 30 tail -n +1 -s 0.05 -f --pid="$PID" "$log" 2>/dev/null 3>&-)
  tail_pid=$!
  while [ "$left" -gt 0 ] && IFS= read -r line <&"$fd"; do
    [[ $line == *$pattern* ]] && left=$((left - 1))
  done
  kill "$tail_pid" 2>/dev/null || true
  exec {fd}<&-
  if [ "$left" -gt 0 ]; then
    echo "no line with \"$pattern\" in $log:" >&2
    cat "$log" >&2
    return 1
  fi
}

# start_movies NAME [ARG...]: moviesd with its log in NAME.log; sets NAME_port
# and NAME_pid (- becomes _).
start_movies() {
  local name=$1 var=${1//-/_}
  shift
  start "$name.log" "$MOVIESD" --port 0 --port-file "$name.port" "$@"
  wait_for "$name.log" "listening on"
  printf -v "${var}_port" '%s' "$(cat "$name.port")"
  printf -v "${var}_pid" '%s' "$PID"
}

# stop_movies PID: end it, so that its log is complete.
stop_movies() {
  kill "$1" && { wait "$1" || true; }
}

# end_of PID: wait for it; its exit status is in $status.
end_of() {
  status=0
  wait "$1" || status=$?
}

# A port on which nothing listens: moviesd had it and is gone.
free_port() {
  start_movies unused --as v1
  stop_movies "$PID"
  FREE_PORT=$unused_port
}

# Lines of a service's log that are requests; those that are copies.
requests_in() { grep -c ' GET \| HEAD \| POST ' "$1" || true; }
copies_in() { grep -c ' copy$' "$1" || true; }

# pcap_of FILE [PORT]: packets of the dialogue on standard input.
pcap_of() { "$TOOLS/dialogue_pcap" "${2:-3000}" >"$1"; }

# movies_pcap FILE [N]: a client that asks for N (20) things moviesd knows.
movies_pcap() {
  local i
  for ((i = 1; i <= ${2:-20}; i++)); do
    printf '>>> GET /movies/%d?n=%d HTTP/1.1\\r\\nHost: movies\\r\\nUser-Agent: t\\r\\n\\r\\n\n' \
      $((i % 12 + 1)) "$i"
    printf '<<< HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 2\\r\\n\\r\\n{}\n'
    [ $((i % 5)) -ne 0 ] || echo '---'
  done | pcap_of "$1"
}

# movies_record FILE [N]
movies_record() {
  movies_pcap "$1.pcap" "${2:-20}"
  mirrorctl capture -q -r "$1.pcap" -o "$1"
}

# Targets that were asked for, of a record or a result, sorted.
targets_of() { mirrorctl show "$1" --format jsonl | jq -r '.request._target' | sort; }

# Skip, loudly, where this user may not capture on lo; fail where it fails.
need_capture() {
  timeout 10 "$MIRRORCTL" capture -q -i lo -d 1ms -o /dev/null 2>why 3>&- && return
  ! grep -q "not permitted" why || skip "cannot capture on lo here: $(cat why)"
  cat why >&2
  return 1
}

# Hide from a report what depends on when it ran: times, and what is ignored by
# default, such as Date, which now and then is the same in both answers.
without_times() {
  jq 'del(.run, .control.latency_ratio, .control.quiet, .endpoints[].latency, .rules)
      | del(.accounting.targets[] | .connections, .reused, .retried)
      | del(.gates[] | select(.name == "latency"))
      | del(.warnings[] | select(.code == "late" or .code == "order"))
      | del(.endpoints[].differences[] | select(.verdict == "ignored"))
      | .endpoints[].differences[]?.examples = []'
}
