#!/usr/bin/env bash
# conformance.sh CORPUS -- capture a folder of real captures and compare what is
# found with answers that do not come from us.
#
# CORPUS (or its folder pcap) holds the files and MANIFEST.tsv. Its columns
# h1_requests, h1_responses and sha_uri are what another reader finds; they count
# where agree=Y and there is no note. For the rest, and where the other reader is
# wrong, tests/conformance/answers.txt has the answer worked out by hand.
#
# Of every file: exit status 0 or 4, at most 64 MiB of memory, and the same bytes
# from a second run and from a pipe. Prints a line for each deviation, then what
# is not reached and so has not passed, then `N passed, N failed`; any deviation fails.
set -u
corpus=${1:-}
[ ! -f "$corpus/pcap/MANIFEST.tsv" ] || corpus=$corpus/pcap
if [ -z "$corpus" ] || [ ! -f "$corpus/MANIFEST.tsv" ]; then
  echo "usage: $0 CORPUS (a folder with MANIFEST.tsv)" >&2
  exit 2
fi
mirrorctl=${MIRRORCTL:-${BUILD:-build}/mirrorctl}
facts=${BUILD:-build}/tests/tools/record_facts
answers=$(dirname "$0")/../conformance/answers.txt
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
passed=0 failed=0 unreached=()
max_rss=65536 # KiB

# Sanitizers need much memory of their own.
! grep -q __asan_init "$mirrorctl" || max_rss=
measure=()
if [ -x /usr/bin/time ] && [ -n "$max_rss" ]; then
  measure=(/usr/bin/time -q -f %M -o "$work/rss")
else
  echo "memory is not measured: $([ -n "$max_rss" ] && echo "no /usr/bin/time" || echo "a sanitizer needs its own")"
fi

deviation=
deviates() {
  deviation=yes
  printf '%s: %s\n' "$file" "$1"
}

# What stands in $work/record, a fact a line.
read_facts() {
  "$facts" "$work/record" >"$work/facts" 2>"$work/err" || return 1
  sed -n 's/^uri //p' "$work/facts" | sort >"$work/uris"
  {
    grep -av '^uri ' "$work/facts"
    echo "uris $(wc -l <"$work/uris")"
    echo "sha_uri $(sha256sum <"$work/uris" | cut -d ' ' -f 1)"
  } >"$work/all"
}

# The lines of an answer; nothing if the file has none.
answer_of() {
  awk -v file="$1" '
    $1 == "file" { here = $2 == file; next }
    here && NF && $1 !~ /^#/ && $1 != "why"' "$answers"
}

# An answer may ask for another status; then there is no record.
capture_once() {
  "${measure[@]}" "$mirrorctl" capture -q -r "$corpus/$file" -o "$work/record" 2>"$work/err"
  status=$?
  if grep -q '^status ' "$work/answer"; then
    grep -qx "status $status" "$work/answer" || deviates "capture exits $status"
  elif [ $status -ne 0 ] && [ $status -ne 4 ]; then
    deviates "capture exits $status: $(head -n 1 "$work/err")"
  elif [ ${#measure[@]} -gt 0 ] && [ "$(tail -n 1 "$work/rss")" -gt "$max_rss" ]; then
    deviates "$(tail -n 1 "$work/rss") KiB of memory"
  fi
}

# same HOW COMMAND...: it ends as the first run did and writes the same bytes.
same() {
  local how=$1
  shift
  "$@" >"$work/again" 2>/dev/null
  if [ $? -ne $status ] || ! cmp -s "$work/record" "$work/again"; then
    deviates "$how differs"
  fi
}

# Every key of the answer must have exactly the values that stand there.
compare() {
  awk 'NR == FNR { key[$1]; next } $1 in key' "$work/answer" "$work/all" | sort >"$work/have"
  sort "$work/answer" | diff - "$work/have" >"$work/diff" && return
  deviates "$(sed -n 's/^< /expected /p; s/^> /found /p' "$work/diff" | cut -c 1-200 | head -n 20 |
    paste -sd ';' | sed 's/;/; /g')"
}

compare_all() {
  [ -e "$work/record" ] || return # the answer asked for the status, and got it
  same "a second run" "$mirrorctl" capture -q -r "$corpus/$file" -o -
  same "what comes through a pipe" "$mirrorctl" capture -q -r - -o - < <(cat "$corpus/$file")
  read_facts || deviates "$(head -n 1 "$work/err")"
  [ -n "$deviation" ] || compare
}

# A column may be empty, so blanks do not separate.
while IFS=$'\x1f' read -r file n responses hash agree note; do
  deviation='' reached=yes
  answer_of "$file" >"$work/answer"
  if grep -q '^unreached ' "$work/answer"; then
    reached=
    unreached+=("$file: $(sed -n 's/^unreached //p' "$work/answer")")
    sed -i '/^unreached /d' "$work/answer"
  elif [ ! -s "$work/answer" ] && [ "$agree" = Y ] && [ -z "$note" ]; then
    printf 'uris %s\nresponses %s\nsha_uri %s\n' "$n" "$responses" "$hash" >"$work/answer"
  elif [ ! -s "$work/answer" ]; then
    deviates "there is no answer to compare with"
  fi
  capture_once
  [ -n "$deviation" ] || compare_all
  if [ -n "$deviation" ]; then
    failed=$((failed + 1))
  elif [ "$reached" ]; then
    passed=$((passed + 1))
  fi
  rm -f "$work/record"
done < <(awk -F'\t' -v OFS='\x1f' '
  NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
  { print $column["file"], $column["h1_requests"], $column["h1_responses"], $column["sha_uri"],
          $column["agree"], $column["note"] }' "$corpus/MANIFEST.tsv")

for line in "${unreached[@]}"; do echo "not reached: $line"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
