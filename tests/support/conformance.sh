#!/usr/bin/env bash
# conformance.sh CORPUS -- capture a folder of real captures and compare the
# requests found with an independent reader's.
#
# CORPUS (or its folder pcap) holds the files and MANIFEST.tsv, whose columns h1_requests and sha_uri
# say how many requests a file has and what the sorted lines `METHOD target`
# hash to. Only hard answers count: agree=Y, no note, scope=core. Prints a line
# for each deviation and `N passed, N failed`; fails below 95 %, since the other
# reader is wrong now and then too.
set -u
corpus=${1:-}
[ ! -f "$corpus/pcap/MANIFEST.tsv" ] || corpus=$corpus/pcap
if [ -z "$corpus" ] || [ ! -f "$corpus/MANIFEST.tsv" ]; then
  echo "usage: $0 CORPUS (a folder with MANIFEST.tsv)" >&2
  exit 2
fi
mirrorctl=${MIRRORCTL:-${BUILD:-build}/mirrorctl}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# Lines `METHOD target` with the target's exact bytes.
requests() {
  jq -j '.request | .method, " ", (._target_base64 // ._target | tostring),
         (if ._target_base64 then " base64\n" else "\n" end)' |
    while IFS= read -r line; do
      case $line in
      *' base64')
        line=${line% base64}
        printf '%s ' "${line%% *}"
        printf '%s' "${line#* }" | base64 -d
        echo
        ;;
      *) printf '%s\n' "$line" ;;
      esac
    done | LC_ALL=C sort
}

deviates() {
  failed=$((failed + 1))
  printf '%s: %s\n' "$file" "$1"
}

# A column may be empty, so blanks do not separate.
while IFS=$'\x1f' read -r file want_n want_hash agree note scope; do
  if [ "$agree" != Y ] || [ -n "$note" ] || [ "$scope" != core ]; then
    continue
  fi
  "$mirrorctl" capture -q -r "$corpus/$file" -o "$work/record" 2>"$work/err"
  status=$?
  if [ $status -ne 0 ] && [ $status -ne 4 ]; then
    deviates "capture exits $status: $(head -n 1 "$work/err")"
    continue
  fi
  if ! "$mirrorctl" show --format jsonl "$work/record" >"$work/jsonl" 2>"$work/err"; then
    deviates "show fails: $(head -n 1 "$work/err")"
    continue
  fi
  requests <"$work/jsonl" >"$work/requests"
  n=$(wc -l <"$work/requests")
  hash=$(sha256sum <"$work/requests")
  if [ "$n" -ne "$want_n" ]; then
    deviates "$n requests, expected $want_n"
  elif [ "${hash%% *}" != "$want_hash" ]; then
    deviates "$n requests as expected, but with other targets"
  else
    passed=$((passed + 1))
  fi
  rm -f "$work/record"
done < <(awk -F'\t' -v OFS='\x1f' '
  NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
  { print $column["file"], $column["h1_requests"], $column["sha_uri"], $column["agree"],
          $column["note"], $column["scope"] }' "$corpus/MANIFEST.tsv")

echo "$passed passed, $failed failed"
[ $((passed * 100)) -ge $(((passed + failed) * 95)) ] && [ "$passed" -gt 0 ]
