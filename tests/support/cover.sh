#!/usr/bin/env bash
# Line coverage a folder, from a build with --coverage that ran the tests; then
# what the seeds of a fuzz target alone reach of the file it is for: those that
# read hostile input must be reached to 85 %. cover.sh build/cover [seeds]
set -eu
cd "$(dirname "$0")/../.."
build=$1
wanted=85

folders() {
  local folder
  for folder in core capture replay diff cli; do
    find "$build/obj/$folder" -name '*.gcda' -exec gcov -n {} + 2>/dev/null |
      awk -v folder="$folder" '
        /^File / { mine = index($0, "\x27" folder "/") == 6 }
        mine && /^Lines executed:/ {
          split($0, part, /[:% ]/); lines = $NF; total += lines; hit += lines * part[3] / 100; mine = 0
        }
        END { if (total) printf "%-10s %5.1f %% of %d lines\n", folder, 100 * hit / total, total }'
  done
}

# Lines of one file that were run, in percent.
reached() {
  gcov -n "$build/obj/${1%.c}.gcda" 2>/dev/null |
    awk -v file="$1" '
      /^File / { mine = $0 == "File \x27" file "\x27" }
      mine && /^Lines executed:/ { split($0, part, /[:%]/); print part[2]; exit }'
}

seeds() {
  local failed=0 name file percent
  while read -r name file; do
    find "$build/obj" -name '*.gcda' -delete
    "$build/tests/fuzz/$name" "tests/fuzz/corpus/$name" >/dev/null
    percent=$(reached "$file")
    printf '%-24s %6s %% by the seeds of fuzz_%s' "$file" "${percent:-0}" "$name"
    if awk -v p="${percent:-0}" -v w=$wanted 'BEGIN { exit p >= w }'; then
      printf ', less than %s' "$wanted"
      failed=1
    fi
    echo
  done <<'EOT'
decode capture/decode.c
fragment capture/fragment.c
stream capture/stream.c
http1 core/http1.c
http1 core/http1_head.c
http1 core/http1_guess.c
pair capture/pair.c
pair capture/pipeline.c
pair capture/side.c
pair capture/manners.c
pair capture/doubt.c
pair capture/midstream.c
pair capture/question.c
record core/record_reader.c
record core/record_fields.c
EOT
  return $failed
}

[ "${2:-}" = seeds ] || folders
seeds
