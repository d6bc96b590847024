#!/usr/bin/env bash
# Everything that finds fault without running the program: `make lint`.
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
passed=0 failed=0

check() {
  local name=$1
  shift
  if "$@" >"$BUILD/lint.log" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    grep -v 'warnings\? generated' "$BUILD/lint.log" | sed 's/^/    /' | head -n 60
  fi
}

mapfile -t sources < <(git ls-files '*.c' '*.h')
mapfile -t code < <(git ls-files 'core/*.c' 'capture/*.c' 'replay/*.c' 'diff/*.c' 'cli/*.c')
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)

check "clang-format" clang-format --dry-run --Werror "${sources[@]}"
check "shellcheck" shellcheck "${scripts[@]}"
check "mandoc" mandoc -Tlint -Wwarning docs/*.[1-9]
check "cppcheck" cppcheck --quiet --error-exitcode=1 --std=c11 -I. -D_GNU_SOURCE \
  --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem "${code[@]}"
# A file on every core at a time: one after the other they take half an hour.
tidy() {
  local flags
  read -ra flags <<<"$(pkg-config --cflags libcjson)"
  printf '%s\0' "${code[@]}" | xargs -0 -P "$(nproc)" -I{} clang-tidy --quiet --warnings-as-errors='*' {} -- \
    -std=c11 -D_GNU_SOURCE -I. "-I$BUILD/gen" -DMIRRORCTL_VERSION='"lint"' "${flags[@]}"
}
check "clang-tidy" tidy
for script in tests/lint/*.sh; do
  [ "$script" = tests/lint/all.sh ] || check "$script" "$script"
done
echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
