# shellcheck shell=bash
# common.sh -- what the benches share. BUILD is set before.

# The middle one of numbers, one a line on standard input.
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# report WHAT VALUE: print it and keep it.
report() {
  printf '%-58s %s\n' "$1" "$2"
  printf '%s,%s,%s\n' "$(date -u +%FT%TZ)" "$1" "$2" >>"$BUILD/bench.csv"
}
