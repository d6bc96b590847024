#!/usr/bin/env bash
# What this code does not do, and why.
set -u
cd "$(dirname "$0")/../.." || exit 2
n=0 failed=0

# banned PATTERN WHY: no line of ours matches.
banned() {
  local found
  found=$(grep -nE "$1" {core,capture,replay,diff,cli}/*.[ch] samples/movies/*.c \
    tests/{support,tools,unit/*,fuzz,torture,bench}/*.[ch] 2>/dev/null)
  n=$((n + 1))
  if [ -z "$found" ]; then
    echo "ok $n $2"
  else
    echo "not ok $n $2"
    while IFS= read -r line; do echo "# $line"; done <<<"$found"
    failed=1
  fi
}

banned '\b(sprintf|vsprintf|strcpy|strcat|stpcpy|gets)\(' "nothing writes without knowing the room"
banned '\b(strncpy|strncat)\(' "nothing cuts text without ending it"
banned '\balloca\(' "nothing of unknown size goes on the stack"
banned '\b(atoi|atol|atoll|atof)\(' "no number is read without seeing where it ends"
banned '\bcJSON_Compare\b' "cJSON_Compare merges neighbouring numbers and is exponential in depth"
banned '\b(strtok|asctime|ctime|gmtime|localtime)\(' "nothing keeps hidden state between threads"
banned '\b(TODO|FIXME|XXX|HACK)\b' "nothing is left for later in a comment"
banned '^ *//|[;{})] *//' "comments are block comments"
banned $'\t' "no tabs"
banned '[ ]+$' "no blanks at the ends of lines"

# A number of JSON as a double loses digits: only our own small documents.
found=$(grep -nE '\bvalue(double|int)\b' {core,capture,replay,diff,cli}/*.[ch] | grep -v '^core/json\.c:')
n=$((n + 1))
if [ -z "$found" ]; then
  echo "ok $n numbers of bodies are never doubles"
else
  echo "not ok $n numbers of bodies are never doubles"
  echo "# $found"
  failed=1
fi

echo "1..$n"
exit $failed
