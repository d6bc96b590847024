#!/usr/bin/env bash
# The acceptance tests of configuration, by number: each has a test.
#
# A C test of replay is called config_7_..., or has its number in a comment of
# its own in front of it; a bats test of plan or replay -c is called
# "acceptance 7: ..." or "config 7: ...".
set -u
cd "$(dirname "$0")/../.." || exit 2

numbered() {
  grep -hoE '^static void config_[0-9]+_' tests/unit/replay/plan_*.c
  grep -hE '^/\* [0-9]+(, [0-9]+)* \*/$' tests/unit/replay/plan_*.c
  grep -hoE '@test "(acceptance|config) [0-9]+(, [0-9]+)*:' tests/cli/plan*.bats tests/cli/config*.bats
}

numbers=$(numbered | grep -oE '[0-9]+' | sed 's/^0//' | sort -nu)
n=0 failed=0
for number in {1..59}; do
  n=$((n + 1))
  if grep -qx "$number" <<<"$numbers"; then
    echo "ok $n configuration $number is in the suite"
  else
    echo "not ok $n configuration $number is in the suite"
    failed=1
  fi
done
echo "1..$n"
exit $failed
