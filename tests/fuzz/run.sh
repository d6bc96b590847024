#!/usr/bin/env bash
# Search with libFuzzer for FUZZ_SECONDS a target; new inputs go to
# build/fuzz/corpus/NAME, crashes to build/fuzz/crashes/. CORPUS may name a
# folder with more to start from.
set -eu
cd "$(dirname "$0")/../.."
failed=0
for name in "$@"; do
  mkdir -p "$BUILD/corpus/$name" "$BUILD/crashes"
  seeds=("tests/fuzz/corpus/$name")
  [ "$name" != plan ] || [ -z "${CORPUS:-}" ] || seeds+=("$CORPUS/istio")
  echo "fuzzing $name for ${FUZZ_SECONDS} s"
  "$BUILD/tests/fuzz/$name" -max_total_time="$FUZZ_SECONDS" -print_final_stats=1 -timeout=10 \
    -rss_limit_mb=2048 -artifact_prefix="$BUILD/crashes/$name-" \
    "$BUILD/corpus/$name" "${seeds[@]}" >"$BUILD/$name.log" 2>&1 || {
    tail -n 40 "$BUILD/$name.log"
    failed=$((failed + 1))
  }
  grep -E 'number_of_executed_units|slowest_unit' "$BUILD/$name.log" || true
done
echo "$# targets fuzzed, $failed found something"
[ "$failed" -eq 0 ]
