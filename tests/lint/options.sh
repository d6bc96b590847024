#!/usr/bin/env bash
# The man page, --help and the option tables name the same options.
set -u
cd "$(dirname "$0")/../.." || exit 2
MIRRORCTL=${MIRRORCTL:-${BUILD:-build}/mirrorctl}
page=docs/mirrorctl.1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 failed=0

result() { # NAME STATUS FILE: a TAP line, and FILE's lines when it failed
  n=$((n + 1))
  if [ "$2" -eq 0 ]; then
    echo "ok $n $1"
  else
    echo "not ok $n $1"
    sed 's/^/# /' "$3"
    failed=1
  fi
}

# rows FILE TABLE: its lines between the braces.
rows() { sed -n "/option_spec $2\[\]/,/OPT_END/p" "$1"; }

# Long options of a table: the names in its OPT_ rows.
names() {
  tr '\n' ' ' | grep -oE 'OPT_[A-Z_]+\((0|'"'.'"'), *"[a-z0-9-]+"' |
    sed -E "s/.*\(0, *\"(.*)\"/-- \1/; s/.*\('(.)', *\"(.*)\"/-\1 \2/"
}

# parts COMMAND: the tables it has in common with others.
parts() { rows "cli/cmd_$1.c" table | sed -nE 's/.*OPT_PART\([a-z_]+, ([a-z_]+)\).*/\1/p'; }

# Options of a command's table and of its parts. In the man page a part stands
# where the command stands that its name begins with.
of_table() { # COMMAND [PATTERN of the parts]
  {
    rows "cli/cmd_$1.c" table | names
    for part in $(parts "$1" | grep -x "${2:-.*}"); do
      rows "cli/$part.c" "$part" | names
    done
  } | sort
}

# The same of the output of --help: lines that start with an option.
of_help() {
  "$MIRRORCTL" "$1" --help | sed -nE \
    's/^  -(.), --([a-z0-9-]+).*/-\1 \2/p; s/^      --([a-z0-9-]+).*/-- \1/p' | sort
}

# The same of a section of the man page: `.It Fl o , -output Ar FILE`.
of_page() {
  sed -n "/^\.$1\$/,/^\.S[sh] /p" "$page" | sed -nE \
    's/^\.It Fl (.) , -([a-z0-9-]+).*/-\1 \2/p; s/^\.It Fl -([a-z0-9-]+).*/-- \1/p' | sort
}

of_page 'Sh DESCRIPTION' >"$work/common"
commands=$("$MIRRORCTL" --help | sed -nE 's/^  ([a-z]+) .*/\1/p')
for file in cli/cmd_*.c; do
  name=${file#cli/cmd_}
  grep -qx "${name%.c}" <<<"$commands"
  result "${name%.c} stands in the overview" $? /dev/null
done

for command in $commands; do
  of_table "$command" >"$work/table"
  sort "$work/table" "$work/common" >"$work/expected"
  [ -s "$work/table" ] && of_help "$command" | diff "$work/expected" - >"$work/diff"
  result "$command: --help lists the options of the table" $? "$work/diff"
  uniq -d "$work/expected" >"$work/twice"
  [ ! -s "$work/twice" ]
  result "$command: no option stands there twice" $? "$work/twice"
  of_table "$command" "${command}_.*" | diff - <(of_page "Ss mirrorctl $command") >"$work/diff"
  result "$command: the man page has the options of the table" $? "$work/diff"
  "$MIRRORCTL" "$command" --help | awk 'length > 80' >"$work/long"
  [ ! -s "$work/long" ]
  result "$command: --help fits 80 columns" $? "$work/long"
done

for page in docs/*.[1-9]; do
  mandoc -Tlint -Wwarning "$page" >"$work/mandoc" 2>&1
  result "$page is well-formed mdoc" $? "$work/mandoc"
done

echo "1..$n"
exit $failed
