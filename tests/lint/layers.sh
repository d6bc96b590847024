#!/usr/bin/env bash
# Who may include whom (docs/design.md): stages never include each other, core
# includes no stage, and each outside library is seen by the files it is for.
set -u
shopt -s lastpipe # the end of a pipe counts in this shell
cd "$(dirname "$0")/../.." || exit 2
n=0 failed=0

# expect NAME: passes if nothing comes in on standard input.
expect_none() {
  local found
  found=$(cat)
  n=$((n + 1))
  if [ -z "$found" ]; then
    echo "ok $n $1"
  else
    echo "not ok $n $1"
    while IFS= read -r line; do echo "# $line"; done <<<"$found"
    failed=1
  fi
}

includes() { grep -nE "^ *# *include *[<\"]$1" "${@:2}" /dev/null; }

includes '(capture|replay|diff|cli)/' core/*.[ch] | expect_none "core includes no stage"
for stage in capture replay diff; do
  others=$(printf '%s\n' capture replay diff cli | grep -vx $stage | paste -sd '|')
  includes "($others)/" "$stage"/*.[ch] | expect_none "$stage includes no other stage"
done
includes '(capture|replay|diff)/' cli/*.[ch] |
  grep -vE '"(capture/capture|replay/replay|replay/plan|diff/diff)\.h"' |
  expect_none "cli sees the stages by their public headers"
grep -nE '^ *# *include *"' ./*/*.[ch] | grep -vE '"(core|capture|replay|diff|cli)/[a-z0-9_]+\.h"' |
  grep -E '^\./(core|capture|replay|diff|cli)/' | expect_none "our headers are included by their path"

# library HEADER FILES: included by no file of the program but these.
library() {
  includes "$1" {core,capture,replay,diff,cli}/*.[ch] | grep -vE "^($2):" |
    expect_none "<$3> is seen only by $(tr '|' ' ' <<<"${2//\\/}")"
}
library 'pcap' 'capture/source[a-z_]*\.[ch]' pcap.h
library 'curl/' 'replay/connection\.c' curl/curl.h
library '(cjson/)?cJSON' 'core/json\.c' cJSON.h
library 'zstd' 'core/coding\.c|core/record[a-z_]*\.c' zstd.h
library 'brotli/' 'core/coding\.c' brotli/decode.h
library 'iconv' 'diff/charset\.c' iconv.h
library 'zlib' 'core/coding\.c' zlib.h
library 'yaml' 'core/yaml\.c' yaml.h
library 'pcre2' 'replay/regex\.c' pcre2.h
library 'microhttpd' 'nothing' microhttpd.h

grep -nE '\b(f?printf|puts|fputs|perror|exit|_exit|abort)\(' {core,capture,replay,diff}/*.c |
  grep -vE '^core/log\.c:' | grep -vE '^[^:]*:[0-9]+: *(\*|/\*)' |
  expect_none "core and the stages neither print nor exit"
grep -nE '\b(malloc|calloc|realloc|free|strdup|strndup|asprintf)\(' {core,capture,replay,diff,cli}/*.c |
  grep -vE '^core/mem\.c:' | grep -vE '^[^:]*:[0-9]+: *(\*|/\*)' |
  expect_none "all memory comes through core/mem.h"

echo "1..$n"
exit $failed
