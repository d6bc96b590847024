#!/bin/sh
# Ask a running moviesd for a bit of everything, always in the same order.
#
#   traffic.sh PORT [N]     send N requests (50) to 127.0.0.1:PORT
#   traffic.sh --list [N]   send nothing, print them: METHOD TARGET
#
# Ten requests share a connection, then curl starts another. Not faster than
# 25 a second, so that a replay at the recorded pace is no burst either. The
# exit status is 1 if a request was not answered.
set -eu

# Every ten requests hold two of the list, three of a movie (one of them
# unknown), two of a movie without reviews and one of a movie with some.
request() {
  case $(($1 % 10)) in
  0) echo "GET /" ;;
  1 | 5) echo "GET /movies" ;;
  2 | 6) echo "GET /movies/$((($1 * 5 + $1 / 10) % 12 + 1))" ;;
  3) echo "GET /movies/$(($1 % 4 * 3 + 3))/reviews" ;;
  4) echo "GET /movies/99" ;;
  7) echo "GET /movies/$(($1 / 10 % 4 * 3 + 1))/reviews" ;;
  8) echo "GET /movies/$(($1 / 2 % 4 * 3 + 3))/reviews" ;;
  9) echo "HEAD /" ;;
  esac
}

# Requests FIRST to LAST.
list() {
  i=$1
  while [ "$i" -le "$2" ]; do
    request "$i"
    i=$((i + 1))
  done
}

# Requests as a curl configuration; curl writes a line for each answer.
curl_config() {
  base=http://127.0.0.1:$1
  separator=
  while read -r method target; do
    [ -z "$separator" ] || echo "$separator"
    separator=next
    [ "$method" != HEAD ] || echo head
    echo "url = \"$base$target\""
    echo 'output = "/dev/null"'
    printf '%s\n' 'write-out = "%{http_code}\n"'
    echo 'max-time = 10'
  done
}

usage() {
  echo "usage: traffic.sh PORT [N]  or  traffic.sh --list [N]" >&2
  exit 2
}

case $# in 1 | 2) ;; *) usage ;; esac
count=${2:-50}
case $count in '' | *[!0-9]*) usage ;; esac
if [ "$1" = --list ]; then
  list 0 $((count - 1))
  exit
fi
case $1 in '' | *[!0-9]*) usage ;; esac

first=0
while [ "$first" -lt "$count" ]; do
  last=$((first + 9))
  [ "$last" -lt "$count" ] || last=$((count - 1))
  answers=$(list "$first" "$last" | curl_config "$1" |
    curl --disable --noproxy '*' --silent --show-error --fail-early --rate 25/s --config -) || {
    echo "traffic.sh: no answer from 127.0.0.1 port $1; is the service running?" >&2
    exit 1
  }
  answered=$(echo "$answers" | grep -c '^[1-5][0-9][0-9]$' || :)
  if [ "$answered" -ne $((last - first + 1)) ]; then
    echo "traffic.sh: 127.0.0.1 port $1 answered $answered of $((last - first + 1)) requests" >&2
    exit 1
  fi
  first=$((last + 1))
done
