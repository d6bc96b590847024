# What is seen of a replay while it runs: --metrics and the line on a terminal.

load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

both() { # v1 and v2, and the options that name them
  start_movies v1 --as v1
  start_movies v2 --as v2
  targets=(--v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v2_port")
}

# start_replay ARG...: of a pipe that stays open, so that it runs until end_replay.
start_replay() {
  mkfifo in
  start replay.log bash -c 'exec "$0" replay - "$@" <in' "$MIRRORCTL" "${targets[@]}" "$@"
  exec {fd}>in
  cat m.mrec >&"$fd"
  REPLAY_PID=$PID
}

end_replay() {
  exec {fd}>&-
  end_of "$REPLAY_PID"
  cat replay.log
}

# metrics_at LOG: the page, once it tells of all N pairs.
page_with_pairs() { # LOG N
  local url i
  url=$(sed -n 's/.*metrics at //p' "$1")
  for i in {1..200}; do
    curl -sf -D head "$url" >page
    grep -qx "mirrorctl_pairs_total $2" page && return
    read -rt 0.05 <> <(:) || true # nobody tells when the next page is there
  done
  cat page
  return 1
}

@test "--metrics: the page counts what was done, by target and outcome" {
  movies_record m.mrec
  both
  start_replay --metrics 127.0.0.1:0 --max -o m.mres
  wait_for replay.log "metrics at http://127.0.0.1:"
  page_with_pairs replay.log 20
  grep -i '^content-type: text/plain; version=0.0.4' head
  for target in v1 v2 control; do
    grep -x "mirrorctl_calls_total{target=\"$target\",outcome=\"answered\"} 20" page
    grep -x "mirrorctl_calls_total{target=\"$target\",outcome=\"timeout\"} 0" page
    grep -x "mirrorctl_answers_total{target=\"$target\",class=\"2xx\"} 20" page
    grep -x "mirrorctl_call_duration_seconds_count{target=\"$target\"} 20" page
    grep -x "mirrorctl_lateness_seconds_bucket{target=\"$target\",le=\"+Inf\"} 20" page
    grep -x "mirrorctl_calls_in_flight{target=\"$target\"} 0" page
  done
  grep -x "mirrorctl_requests_recorded_total 20" page
  end_replay
  [ "$status" -eq 0 ]
}

@test "--metrics: promtool finds nothing to say about the page" {
  command -v promtool >/dev/null || skip "promtool is missing: the Debian package prometheus has it"
  movies_record m.mrec
  both
  start_replay --metrics 0 --max -o m.mres
  wait_for replay.log "metrics at"
  page_with_pairs replay.log 20
  run promtool check metrics <page
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  end_replay
}

@test "--metrics: an address that is taken, or not ours, is one line and 2, and nothing is sent" {
  movies_record m.mrec
  both
  for address in "127.0.0.1:$v1_port" 192.0.2.1:0 127.0.0.1 localhost:99999; do
    run --separate-stderr mirrorctl replay m.mrec "${targets[@]}" --metrics "$address" -o m.mres
    [ "$status" -eq 2 ]
    [ "$(wc -l <<<"$stderr")" -eq 1 ]
    [[ $stderr == "mirrorctl: --metrics: "*"$address"* ]]
    [ ! -e m.mres ]
    run mirrorctl mirror -q -r m.mrec.pcap "${targets[@]}" --metrics "$address"
    [ "$status" -eq 2 ]
  done
  stop_movies "$v1_pid"
  [ "$(copies_in v1.log)" -eq 0 ]
}

@test "--metrics: guests who say nothing do not hold up the run or its end" {
  movies_record m.mrec
  both
  start_replay --metrics 127.0.0.1:0 --max -o m.mres
  wait_for replay.log "metrics at"
  port=$(sed -n 's/.*metrics at .*:\([0-9]*\)\/metrics/\1/p' replay.log)
  for i in {1..12}; do
    exec {guest}<>"/dev/tcp/127.0.0.1/$port"
  done
  wait_for_done_copies
  end_replay
  [ "$status" -eq 0 ]
  grep "20 selected = 20 paired" replay.log
}

wait_for_done_copies() {
  PID=$v2_pid
  wait_for v2.log " copy" 20
}

@test "the progress line shows what was sent, rates, errors and time left, on a terminal only, and is taken away" {
  script -qec true /dev/null >/dev/null 2>&1 || skip "script(1) is missing or has no terminal to give"
  movies_record m.mrec 300
  both
  replay="$MIRRORCTL replay m.mrec ${targets[*]} --rate 100 --control none -o"
  start shown script -qec "$replay shown.mres" /dev/null
  start narrow script -qec "stty cols 30; $replay narrow.mres" /dev/null
  start quiet script -qec "$replay quiet.mres -q" /dev/null
  start plain bash -c "$replay plain.mres"
  start timed script -qec "cat m.mrec | ${replay/m.mrec/-} timed.mres --duration 2500ms" /dev/null
  for pid in "${STARTED[@]:2}"; do
    end_of "$pid"
    [ "$status" -eq 0 ]
  done
  cat -v shown narrow
  line=$(grep -ao $'[0-9]* sent, [^\r]*\r\e\\[K' shown | head -n 1)
  [[ $line =~ ^[0-9]+\ sent,\ [0-9]+\ in\ flight,\ [0-9]+\ of\ 100/s,\ errors:\ v1\ 0\ v2\ 0,\ p99\ late\ [0-9.]+\ ms ]]
  grep -aE '[0-9]+s left' shown
  grep -aE '[12]s left' timed # of a pipe nothing else is known
  # Each was taken away, the last one too, and none is wider than the terminal.
  [ "$(grep -ao ' sent, ' shown | wc -l)" -eq "$(grep -ao $'\r\e\\[K' shown | wc -l)" ]
  grep -ao $'[0-9]* sent, [^\r]*\r\e\\[K' narrow | sed $'s/\r.*//' | awk 'length > 29 { exit 1 }'
  [ ! -s quiet ]
  ! grep -a "in flight" plain
}
