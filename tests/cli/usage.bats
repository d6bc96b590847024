load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

@test "without a command the overview goes to stderr and the status is 2" {
  run --separate-stderr mirrorctl
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [[ $stderr == *"usage: mirrorctl COMMAND"* ]]
}

@test "--help and --version go to stdout and end with 0" {
  run --separate-stderr mirrorctl --help
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  [[ $output == *"capture"* ]]
  run --separate-stderr mirrorctl -V
  [ "$status" -eq 0 ]
  [[ $output == "mirrorctl "[0-9]* ]]
  for command in capture replay diff show; do
    run --separate-stderr mirrorctl $command -h
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [[ $output == "usage: mirrorctl $command"* ]]
    run --separate-stderr mirrorctl $command --version
    [ "$status" -eq 0 ]
    [[ $output == "mirrorctl "[0-9]* ]]
  done
}

@test "help and version that cannot be written are status 4, and that is said" {
  for words in --help -V "replay --help" "diff -V"; do
    status=0
    mirrorctl $words >/dev/full 2>err || status=$?
    [ "$status" -eq 4 ]
    [ "$(cat err)" = "mirrorctl: standard output: No space left on device" ]
  done
  mirrorctl replay --help 2>err | head -n 1
  [ ! -s err ]
}

@test "a control that nobody could answer is refused, and one that was not asked for is none" {
  run --separate-stderr mirrorctl replay x --baseline recorded --v2 http://127.0.0.1:1 --control v1
  [ "$status" -eq 2 ]
  [ "$stderr" = "mirrorctl: --control v1 is a second call to v1: --v1 is missing, say where it runs" ]
  run --separate-stderr mirrorctl replay x --baseline recorded --v2 http://127.0.0.1:1 -o y
  [[ $stderr == *"No such file or directory"* ]]
}

@test "a wrong value is one line that names the option and what it takes" {
  run --separate-stderr mirrorctl replay --percent abc x
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [ "$stderr" = 'mirrorctl: --percent: "abc" is not a number from 0 to 100' ]
  run --separate-stderr mirrorctl capture --max-body=huge
  [ "$status" -eq 2 ]
  [ "$stderr" = 'mirrorctl: --max-body: "huge" is not a size such as 16MiB or 64k' ]
  run --separate-stderr mirrorctl replay --timeout 10 x
  [ "$status" -eq 2 ]
  [ "$stderr" = 'mirrorctl: --timeout: "10" is not a time such as 500ms, 30s or 5m' ]
}

@test "--speed and --rate name the numbers that they take" {
  for option in --speed --rate; do
    for number in 0 0.0000001 10000001 1e3; do
      run mirrorctl replay x.mrec --v1 http://a --v2 http://b -o y "$option" "$number"
      [ "$status" -eq 2 ]
      [[ $output == *"$option: \"$number\" is not a number from 0.000001 to 10000000"* ]]
    done
  done
}

@test "--percent takes fractions down to 0.0001 and no finer" {
  run --separate-stderr mirrorctl replay --percent 0.00001 x
  [ "$status" -eq 2 ]
  [[ $stderr == *"in steps of 0.0001" ]]
  for wrong in 100.0001 -1 1e1 ''; do
    run --separate-stderr mirrorctl replay "--percent=$wrong" x
    [ "$status" -eq 2 ]
  done
}

@test "an unknown option or command suggests the nearest name" {
  run --separate-stderr mirrorctl replay --percnt=3 x
  [ "$status" -eq 2 ]
  [ "$stderr" = "mirrorctl: --percnt: no such option; did you mean --percent?" ]
  run --separate-stderr mirrorctl shwo
  [ "$status" -eq 2 ]
  [ "$stderr" = "mirrorctl: shwo: no such command; did you mean show?" ]
}

@test "an option may be cut short as long as it is one, and else those are named" {
  run --separate-stderr mirrorctl capture --co=5
  [ "$status" -eq 2 ]
  [ "$stderr" = "mirrorctl: --co: begins several options: --count, --compress" ]
  run --separate-stderr mirrorctl capture --cou=x
  [[ $stderr == 'mirrorctl: --count: "x" is not'* ]]
}

@test "no control character of a command line reaches the terminal" {
  run --separate-stderr mirrorctl show $'\x1b[2J\xc2\x9b2J\xff\xc3\xa9'
  [ "$stderr" = $'mirrorctl: \\x1b[2J\\xc2\\x9b2J\\xff\xc3\xa9: No such file or directory' ]
}

@test "what is missing is told with what to say" {
  run --separate-stderr mirrorctl capture
  [ "$status" -eq 2 ]
  [[ $stderr == *"-i IF, or -r FILE"* ]]
  run --separate-stderr mirrorctl capture -r x.pcap
  [ "$status" -eq 2 ]
  [[ $stderr == *"--output is missing"* ]]
  run --separate-stderr mirrorctl replay x.mrec --v1 http://127.0.0.1:1 -o x
  [ "$status" -eq 2 ]
  [[ $stderr == *"--v2 is missing"* ]]
  run --separate-stderr mirrorctl replay x.mrec --v1 http://127.0.0.1:1 --v2 http://127.0.0.1:1
  [ "$status" -eq 2 ]
  [[ $stderr == *"--output is missing"* ]]
  run --separate-stderr mirrorctl diff
  [ "$status" -eq 2 ]
  [[ $stderr == *"FILE is missing"* ]]
  run --separate-stderr mirrorctl show
  [ "$status" -eq 2 ]
  [[ $stderr == *"FILE is missing"* ]]
}

@test "a file that is not there or is something else is refused with 2" {
  echo "hello, this is a text file" >text
  movies_record m.mrec
  targets=(--v1 http://127.0.0.1:1 --v2 http://127.0.0.1:1 -o out)
  for command in "capture -o out -r" "show" "diff" "replay ${targets[*]}"; do
    for file in missing text; do
      run --separate-stderr mirrorctl $command $file
      [ "$status" -eq 2 ]
      [[ $stderr == *$file* ]]
      [ ! -e out ]
    done
  done
  run --separate-stderr mirrorctl diff m.mrec
  [ "$status" -eq 2 ]
  [[ $stderr == *"a record, not a result"* ]]
}

@test "an input that is empty is called that, by whichever command reads it" {
  : >empty
  for words in "show empty" "diff empty" "replay empty --v1 http://a --v2 http://b -o out"; do
    run --separate-stderr mirrorctl $words
    [ "$status" -eq 2 ]
    [ "$stderr" = "mirrorctl: empty: is empty" ]
    run --separate-stderr mirrorctl ${words/empty/-} </dev/null
    [ "$status" -eq 2 ]
    [ "$stderr" = "mirrorctl: standard input: is empty" ]
  done
}

@test "--methods get is GET, which changes nothing" {
  movies_record m.mrec
  run --separate-stderr mirrorctl replay m.mrec --v1 http://a --v2 http://b --dry-run --max --methods get,post
  [ "$status" -eq 0 ]
  [[ $stderr == "mirrorctl: post: such requests may change"*"20 recorded = 20 eligible"* ]]
}

@test "--log json makes every line on stderr an object" {
  movies_pcap m.pcap
  run --separate-stderr mirrorctl capture --log json -r m.pcap -o m.mrec
  [ "$status" -eq 0 ]
  [ "$(jq -r .level <<<"$stderr" | sort -u)" = info ]
  run --separate-stderr mirrorctl show --log json missing
  [ "$(jq -r .level <<<"$stderr")" = error ]
}

@test "options may follow operands and -- ends them" {
  movies_record m.mrec
  run mirrorctl show m.mrec --format jsonl
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 20 ]
  cp m.mrec ./--odd
  run mirrorctl show -- --odd
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 20 ]
}
