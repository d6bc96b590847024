#!/usr/bin/env bash
# Write reports and open them in Chromium: run.sh, with BUILD. The pages and their
# screenshots stay in $BUILD/browser.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$root/$BUILD ;; esac
out=$BUILD/browser

rm -rf "$out"
mkdir -p "$out"

# page NAME COMMAND...: what the command writes, as NAME.html.
page() {
  local name=$1
  shift
  "$@" >"$out/$name.mres"
  "$BUILD/mirrorctl" diff -q "$out/$name.mres" --report "$out/$name.html" >/dev/null || [ $? -le 3 ]
}

result=$BUILD/tests/tools/make_result
page pass "$result"
page fail "$result" --candidates 2
page hostile "$result" --hostile
page recorded "$result" --recorded
page large "$result" --large
page slow "$BUILD/tests/tools/make_noisy" --requests 3000 --plant slow

[ -d node_modules/playwright-core ] || npm ci --ignore-scripts --no-audit --no-fund --silent
node report.mjs "$out" | tee "$out/tap"
passed=$(grep -c '^ok ' "$out/tap" || true)
failed=$(grep -c '^not ok ' "$out/tap" || true)
tail -n 1 "$out/tap" | grep -q '^1\.\.' || failed=$((failed + 1))
echo "browser: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
