#!/usr/bin/env bash
# The 45 acceptance tests of capture, by number: each has a test whose name
# begins with it. `acceptance.sh --list` says where.
#
# A bats test is called "acceptance 7: ..." or "7: ...", a C test
# acceptance_7_..., a script says "acceptance 7:" in the line that runs it.
set -u
cd "$(dirname "$0")/../.." || exit 2

# absent NUMBER REASON: deliberately without a test.
absent() { return 1; }

numbered() {
  {
    grep -noE '@test "(acceptance )?[0-9]+(, [0-9]+)*:' tests/cli/*.bats
    grep -noE '^static void acceptance_[0-9]+_' tests/unit/capture/*.c
    grep -noE '"acceptance [0-9]+(, [0-9]+)*:' tests/run.sh tests/bench/*.sh
  } | awk -F: '{
    file = $1; line = $2; sub(/^[^:]*:[^:]*:/, "")
    while (match($0, /[0-9]+/)) {
      print substr($0, RSTART, RLENGTH), file ":" line
      $0 = substr($0, RSTART + RLENGTH)
    }
  }' | sort -u | sort -n
}

places=$(numbered) n=0 failed=0
if [ "${1:-}" = --list ]; then
  awk '{ sub(/:.*/, "", $2); if (!seen[$0 = $1 " " $2]++) files[$2] = files[$2] " " $1 }
       END { for (f in files) print f ":" files[f] }' <<<"$places" | sort
  exit
fi
for number in {1..45}; do
  n=$((n + 1))
  if grep -q "^$number " <<<"$places" || absent "$number"; then
    echo "ok $n acceptance test $number is in the suite"
  else
    echo "not ok $n acceptance test $number is in the suite"
    failed=1
  fi
done
exit $failed
