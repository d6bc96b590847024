#!/usr/bin/env bash
# How often is the verdict right? honesty.sh [SEEDS [SOCKET_SEEDS]]
#
# SEEDS runs (100) of a noisy service whose v2 is its v1, and as many with each
# planted change, are judged; a verdict is right if it is PASS for the first, and
# for the others FAIL naming what was planted and nothing else. Pairs of these
# are written straight into result files; SOCKET_SEEDS (0) more of each go over
# real sockets, through replay. Prints TAP, and the counts behind each line.
#
# shellcheck disable=SC2317 # functions are called by name
set -eu
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
seeds=${1:-100} socket_seeds=${2:-0}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=0 failed=0

# What a report says, as `verdict | failing gates | fields that differ`.
said() {
  jq -r '[.verdict,
          ([.gates[] | select(.verdict == "fail") | .name] | join(",")),
          ([.endpoints[].differences[] | select(.verdict == "different")
            | select(.where == "header" or .where == "body") | .path] | unique | join(","))]
         | join(" | ")' "$1"
}

# plant: requests, further options of diff, what is said when it is right.
requests_of() { if [ "$1" = excess ]; then echo 10000; else echo 2000; fi; }
options_of() { if [ "$1" = slow ]; then echo "--gate latency=1.10,2ms"; fi; }
right_of() {
  case $1 in
  none) echo 'pass |  | ' ;;
  value) echo 'fail | body | $.price' ;;
  excess) echo 'fail | body | $.often' ;;
  status) echo 'fail | status | ' ;;
  slow) echo 'fail | latency | ' ;;
  header) echo 'fail | headers | X-Frame-Options' ;;
  esac
}

# judge PLANT RESULT: is what diff says about it right?
judge() {
  local status=0
  # shellcheck disable=SC2046 # options are words
  "$BUILD/mirrorctl" diff $(options_of "$1") --format json "$2" >"$work/report.json" || status=$?
  [ "$status" -le 3 ] || return 1
  said "$work/report.json" >>"$work/said"
  [ "$(tail -n 1 "$work/said" | tr '[:upper:]' '[:lower:]')" = "$(right_of "$1" | tr '[:upper:]' '[:lower:]')" ]
}

written() {
  "$BUILD/tests/tools/make_noisy" --seed "$1" --plant "$2" --requests "$(requests_of "$2")" >"$work/run.mres"
}

# Start a server, and wait for its port.
start() {
  "$BUILD/tests/tools/noisy_server" --seed "$1" --plant "$2" >"$work/$3.port" &
  servers+=($!)
  for _ in $(seq 500); do
    [ -s "$work/$3.port" ] && return
    read -rt 0.02 <> <(:) || :
  done
  return 1
}

sent() {
  local status=0
  servers=()
  start "$((2 * $1))" none one
  start "$((2 * $1 + 1))" "$2" two
  "$BUILD/mirrorctl" replay -q "$work/traffic-$(requests_of "$2").mrec" --rate 400 --seed "seed-$1" \
    --v1 "http://127.0.0.1:$(cat "$work/one.port")" --v2 "http://127.0.0.1:$(cat "$work/two.port")" \
    -o "$work/run.mres" || status=$?
  kill "${servers[@]}"
  wait "${servers[@]}" 2>/dev/null || :
  rm -f "$work/one.port" "$work/two.port"
  return "$status"
}

# try HOW PLANT SEEDS: at least 95 of 100 verdicts are right.
try() {
  local right=0 seed least=$((95 * $3 / 100)) verdict=ok
  : >"$work/said"
  for seed in $(seq "$3"); do
    if "$1" "$seed" "$2" && judge "$2" "$work/run.mres"; then right=$((right + 1)); fi
  done
  tests=$((tests + 1))
  if [ "$right" -lt "$least" ]; then verdict="not ok" failed=1; fi
  echo "$verdict $tests $1, $2 planted: $right of $3 verdicts are right (at least $least)"
  sort "$work/said" | uniq -c | sort -rn | sed 's/^ */#   /'
}

for plant in none value excess status slow header; do
  try written "$plant" "$seeds"
done
if [ "$socket_seeds" -gt 0 ]; then
  for n in 2000 10000; do
    "$BUILD/tests/tools/make_noisy" --requests "$n" --traffic >"$work/traffic-$n.mrec"
  done
  for plant in none value excess status slow header; do
    try sent "$plant" "$socket_seeds"
  done
fi
echo "1..$tests"
exit "$failed"
