#!/usr/bin/env bash
# Run the built tests and sum them up: run.sh [unit|fuzz|torture|lint|cli|honesty|corpus ...]
# Every test prints TAP; the last line is `N passed, N failed`, before it every
# failure with the command that runs it alone, and every skip with its reason.
set -u
cd "$(dirname "$0")/.." || exit 2
BUILD=${BUILD:-build}
export BUILD CORPUS="${CORPUS:-}"
[ -z "$CORPUS" ] || export CORPUS_JSON="$CORPUS/json"
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export MIRRORCTL="$BUILD/mirrorctl" MOVIESD="$BUILD/moviesd"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1}
export CMOCKA_MESSAGE_OUTPUT=TAP LC_ALL=C
kinds=${*:-unit fuzz torture lint cli honesty corpus}

passed=0 failed=0
failures=() skips=()
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run NAME COMMAND...: count its TAP lines; an exit status without a failing
# line (a crash, a sanitizer) is a failure too.
run() {
  local name=$1 status=0 ok bad line
  shift
  "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
  # bats writes `ok N name # skip why`; cmocka `# why`, then `not ok N # SKIP name`.
  awk '/^# / { why = substr($0, 3) }
       /^(not )?ok .*# *(skip|SKIP)/ {
         line = $0; sub(/^(not )?ok [0-9]+ *(- *)?/, "", line)
         if (line ~ /^# *SKIP/) { sub(/^# *SKIP */, "", line); line = line ": " why }
         print line
       }' "$work/out" >"$work/skips"
  grep -vE '^(not )?ok .*# *(skip|SKIP)' "$work/out" >"$work/results"
  ok=$(grep -c '^ok ' "$work/results")
  bad=$(grep -c '^not ok ' "$work/results")
  while IFS= read -r line; do
    skips+=("$name: $line")
  done <"$work/skips"
  if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || { [ "$ok" -eq 0 ] && [ ! -s "$work/skips" ]; }; }; then
    bad=1
    echo "not ok $name ended with status $status" >>"$work/out"
  fi
  passed=$((passed + ok)) failed=$((failed + bad))
  if [ "$bad" -eq 0 ]; then
    printf '%-44s %5d passed\n' "$name" "$ok"
    sed -nE 's/^# (rule [0-9]+|measured|left out): /    &/p' "$work/out"
    return
  fi
  printf '%-44s %5d passed, %d FAILED\n' "$name" "$ok" "$bad"
  sed 's/^/    /' "$work/out" "$work/err" | tail -n 200
  failures+=("$name, alone: $*")
}

# The corpus as one test, in which nothing may deviate.
conformance() {
  local verdict=ok
  tests/support/conformance.sh "$CORPUS" >"$work/conformance" || verdict="not ok"
  sed 's/^/# /' "$work/conformance"
  echo "$verdict 1 $(tail -n 1 "$work/conformance")"
}

for kind in $kinds; do
  case $kind in
  unit)
    while IFS= read -r t; do
      run "${t#"$BUILD"/tests/}" "$t"
    done < <(find "$BUILD/tests/unit" -type f | sort)
    ;;
  fuzz)
    for t in "$BUILD"/tests/fuzz/*; do
      [ -x "$t" ] && run "fuzz corpus ${t##*/}" "$t" "tests/fuzz/corpus/${t##*/}"
    done
    ;;
  torture)
    for t in "$BUILD"/tests/torture/*; do
      [ -x "$t" ] && run "${t#"$BUILD"/tests/}" "$t"
    done
    ;;
  lint)
    for t in tests/lint/*.sh; do
      [ "$t" = tests/lint/all.sh ] || run "${t#tests/}" "$t"
    done
    echo "Where the acceptance tests of capture are, by number:"
    tests/lint/acceptance.sh --list | sed 's/^/  /'
    ;;
  cli)
    for t in tests/cli/*.bats; do
      [ -e "$t" ] && run "${t#tests/}" bats --tap "$t"
    done
    ;;
  honesty) # the same seeds each time, so it cannot fail by chance
    run "how often verdicts are right" tests/honesty/honesty.sh 20
    ;;
  corpus)
    if [ -n "$CORPUS" ]; then
      run "acceptance 1, 2, 3: real captures" conformance
    else
      skips+=("acceptance 1, 2, 3: real captures: CORPUS is not set: a folder with pcap/MANIFEST.tsv")
    fi
    ;;
  *)
    echo "run.sh: unknown kind '$kind'" >&2
    exit 2
    ;;
  esac
done

echo
for line in ${skips[@]+"${skips[@]}"}; do echo "skipped: $line"; done
for line in ${failures[@]+"${failures[@]}"}; do echo "failed: $line"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
