#!/usr/bin/env bash
# Line coverage a folder, from a build with --coverage: cover.sh build/cover
set -eu
build=$1
for folder in core capture replay diff cli; do
  find "$build/obj/$folder" -name '*.gcda' -exec gcov -n {} + 2>/dev/null |
    awk -v folder="$folder" '
      /^File / { mine = index($0, "\x27" folder "/") == 6 }
      mine && /^Lines executed:/ {
        split($0, part, /[:% ]/); lines = $NF; total += lines; hit += lines * part[3] / 100; mine = 0
      }
      END { if (total) printf "%-10s %5.1f %% of %d lines\n", folder, 100 * hit / total, total }'
done
