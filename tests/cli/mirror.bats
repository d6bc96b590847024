# The three stages in one process: the verdict of the pipe, live and from files.

load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

both() { # v1 and v2, and the options that name them
  start_movies v1 --as v1
  start_movies v2 --as "${1:-v2}"
  targets=(--v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v2_port")
}

# start_mirror ARG...: of what v1 is asked on lo, with its report in `report`.
start_mirror() {
  start mirror.log bash -c 'exec "$0" mirror "$@" >report' "$MIRRORCTL" -i lo -p "$v1_port" \
    "${targets[@]}" "$@"
  wait_for mirror.log "listening on"
  MIRROR_PID=$PID
}

# end_mirror: ask it to stop; its exit status is in $status.
end_mirror() {
  kill -INT "$MIRROR_PID"
  end_of "$MIRROR_PID"
  cat mirror.log report
}

# ask N: what users ask v1 for, over connections of their own.
ask() { curl -sf "http://127.0.0.1:$v1_port/movies/[1-$1]" -o /dev/null; }

# Until N requests of a service's log are copies.
wait_for_copies() {
  local mirror=$PID
  PID=${2:-$v2_pid}
  wait_for "${3:-v2.log}" " copy" "$1"
  PID=$mirror
}

@test "packets of a file give the report of the pipe, but for times" {
  movies_pcap m.pcap 60
  both
  mirrorctl capture -q -r m.pcap -o - | mirrorctl replay -q - "${targets[@]}" --max -o - |
    mirrorctl diff - --format json >pipe.json || [ "$?" -eq 1 ]
  run --separate-stderr mirrorctl mirror -r m.pcap "${targets[@]}" --max --format json -o m.mres
  [ "$status" -eq 1 ]
  [ "$(jq -r .verdict <<<"$output")" = fail ]
  [[ $stderr == *"60 exchanges: 60 complete"*"60 recorded = 60 eligible + 0 not_eligible"* ]]
  diff <(without_times <pipe.json) <(without_times <<<"$output")
  # What is kept is what was compared.
  run mirrorctl diff m.mres --format json
  [ "$status" -eq 1 ]
  diff <(without_times <pipe.json) <(without_times <<<"$output")
  [ "$(stat -c %a m.mres)" = 600 ]
}

@test "packets may come through a pipe, and the options of all three stages mean the same" {
  movies_pcap m.pcap 60
  both v1
  cat m.pcap | mirrorctl mirror -r - "${targets[@]}" --max --percent 40 --control none \
    --endpoint-pattern '/movies/{name}' --report r.json --format json >out.json 2>summary
  grep " of 60 were drawn at 40 %; 999 of 1000 draws give 12 to 37" summary
  grep "asked for as fast as 64 in flight allow, reached" summary
  cmp r.json out.json
  [ "$(jq -c '[.verdict, .endpoints[0].path, .control.kind]' r.json)" = \
    '["pass","/movies/{name}","none"]' ]
  n=$(jq .accounting.selected r.json)
  [ "$n" -gt 10 ] && [ "$n" -lt 40 ]
  stop_movies "$v2_pid"
  [ "$(copies_in v2.log)" -eq "$n" ]
}

@test "the exit status is that of diff: 0, 1, and 3 without evidence" {
  movies_pcap m.pcap
  both v1
  mirrorctl mirror -q -r m.pcap "${targets[@]}" --max
  run mirrorctl mirror -q -r m.pcap -p 81 "${targets[@]}" --max
  [ "$status" -eq 3 ]
  free_port
  run mirrorctl mirror -q -r m.pcap --v1 "http://127.0.0.1:$v1_port" \
    --v2 "http://127.0.0.1:$FREE_PORT" --max
  [ "$status" -eq 1 ]
  run mirrorctl mirror -q -r m.pcap --v1 "http://127.0.0.1:$FREE_PORT" \
    --v2 "http://127.0.0.1:$v1_port" --max
  [ "$status" -eq 3 ]
}

@test "a torn file: the verdict of what was before, and 4" {
  movies_pcap m.pcap 60
  both v1
  head -c -30 m.pcap >torn.pcap
  run --separate-stderr mirrorctl mirror -r torn.pcap "${targets[@]}" --max --format json
  [ "$status" -eq 4 ]
  [[ $stderr == *torn.pcap* ]]
  [ "$(jq .totals.pairs <<<"$output")" -ge 55 ]
}

@test "what cannot start is refused with 2, sends nothing, and leaves an old result be" {
  movies_pcap m.pcap
  both
  echo old >old.mres
  refused() { # WHAT ARG...
    run --separate-stderr mirrorctl mirror "${@:2}" -o old.mres
    echo "$stderr"
    [ "$status" -eq 2 ] && [ -z "$output" ]
    [[ $stderr == *"$1"* ]]
    [ "$(cat old.mres)" = old ]
  }
  refused "say where packets come from" "${targets[@]}"
  refused "exclude each other" -i lo -r m.pcap "${targets[@]}"
  refused "--v2 is missing" -r m.pcap --v1 http://127.0.0.1:1
  refused "mirror takes no file; say -r m.pcap" m.pcap "${targets[@]}"
  refused "gone.pcap" -r gone.pcap "${targets[@]}"
  refused "--percent" -r m.pcap "${targets[@]}" --percent 101
  refused "no such" -i "no such" "${targets[@]}" # or not permitted: it is named
  refused "mirrored for ever" -i lo "${targets[@]}" --remove-header x-mirrorctl
  refused "--speed needs a recording" -i lo "${targets[@]}" --speed 2
  refused "--rate needs a recording" -i lo "${targets[@]}" --rate 10
  for option in --loop --ramp --arrivals; do
    refused "$option" -i lo "${targets[@]}" $option x
  done
  refused "nonsense" -r m.pcap "${targets[@]}" --gate nonsense=1
  run --separate-stderr mirrorctl mirror -r m.pcap "${targets[@]}" -o -
  [ "$status" -eq 2 ]
  stop_movies "$v1_pid"
  stop_movies "$v2_pid"
  [ "$(requests_in v1.log)" -eq 0 ] && [ "$(requests_in v2.log)" -eq 0 ]
}

@test "live: what v1 is asked goes to both, own copies are left out and counted" {
  need_capture
  both
  start_mirror --format json -o live.mres
  ask 10
  wait_for_copies 10
  end_mirror
  [ "$status" -eq 1 ]
  [ "$(jq -c '[.verdict, .totals.pairs, .accounting.recorded]' report)" = '["fail",10,10]' ]
  grep "10 exchanges: 10 complete; 20 own copies left out" mirror.log
  stop_movies "$v1_pid"
  stop_movies "$v2_pid"
  [ "$(requests_in v1.log)" -eq 30 ] && [ "$(copies_in v1.log)" -eq 20 ]
  [ "$(requests_in v2.log)" -eq 10 ]
  [ "$(mirrorctl show live.mres | wc -l)" -eq 10 ]
}

@test "live: -d and -n end it, with the verdict of what there was" {
  need_capture
  both v1
  start_mirror -n 5
  ask 5
  end_of "$MIRROR_PID"
  cat mirror.log report
  [ "$status" -eq 0 ]
  grep -q "^PASS" report
  start_mirror -d 10ms
  end_of "$MIRROR_PID"
  [ "$status" -eq 3 ]
  grep "0 exchanges" mirror.log
  start_mirror -n 5 --percent 50
  ask 5
  end_of "$MIRROR_PID"
  grep " of 5 were drawn at 50 %" mirror.log
}

@test "live: when replay falls behind, the oldest copies are left out and counted; capture loses nothing" {
  need_capture
  both
  start service.log "$TOOLS/fast_server" 0 1024
  wait_for service.log ""
  service_pid=$PID v1_port=$(head -n 1 service.log)
  # While v2 stands still nothing is taken, and 4096 may wait.
  start_mirror --max --concurrency 1 --control none --format json --strict --metrics 127.0.0.1:0
  kill -STOP "$v2_pid"
  "$TOOLS/open_loop" "$v1_port" 5500 1000 64 >load.log
  # Who watches sees it while it happens.
  url=$(sed -n 's/.*metrics at //p' mirror.log)
  for i in {1..200}; do
    curl -sf "$url" >page
    ! grep -qx 'mirrorctl_requests_recorded_total 5500' page || break
    read -rt 0.05 <> <(:) || true # nobody tells when the next page is there
  done
  grep '^mirrorctl_requests_behind_total [1-9]' page
  kill -CONT "$v2_pid"
  end_mirror
  kill "$service_pid"
  [ "$status" -eq 4 ]
  [ "$(jq .accounting.recorded report)" -eq 5500 ]
  [ "$(jq -r '.gates[] | select(.name == "coverage").verdict' report)" = inconclusive ]
  [ "$(jq '.warnings | map(.code) | contains(["behind"])' report)" = true ]
  behind=$(jq .accounting.not_eligible.behind report)
  [ "$behind" -gt 500 ] && [ "$behind" -lt 1500 ]
  [ "$(jq '.accounting | .recorded == .eligible + (.not_eligible | add)' report)" = true ]
  grep "5500 exchanges: 5500 complete" mirror.log
  grep "$behind requests waited while replay fell behind and were left out" mirror.log
}

@test "a terminal shows traffic and endpoints, redrawn in place and taken away at the end; a pipe shows nothing" {
  need_capture
  script -qec true /dev/null >/dev/null 2>&1 || skip "script(1) is missing or has no terminal to give"
  both
  mirror="$MIRRORCTL mirror -i lo -p $v1_port ${targets[*]} -d 2500ms --format json >/dev/null"
  start view script -qfec "stty cols 60 rows 6; $mirror" /dev/null
  wait_for view "listening on"
  view_pid=$PID
  start plain bash -c "$mirror"
  wait_for plain "listening on"
  ask 5
  curl -sf "http://127.0.0.1:$v1_port/" "http://127.0.0.1:$v1_port/movies" >/dev/null
  end_of "$view_pid"
  end_of "$PID"
  cat -v view
  grep -aE "^lo: 7 seen, [0-9]+/s; 7 mirrored, 5 differ \(71.4 %\)" view
  grep -aE "^GET /movies/\{id\} +5 +5 100.0 %" view
  # Of five rows three are taken, so two endpoints of three are shown.
  grep -aE "^GET / +1 +0" view
  ! grep -aE "^GET /movies +1" view
  # Each picture was drawn over, and only the last one cleared: its four upper lines and the one at hand.
  n=$(grep -ac '^v1: ' view)
  [ "$n" -ge 2 ]
  [ "$(grep -ao $'\r\e\\[[0-9]*A' view | wc -l)" -eq "$n" ]
  [ "$(grep -ao $'\r\e\\[[0-9]*A\e\\[J' view | wc -l)" -eq 1 ]
  ! grep -a "seen," plain
}

@test "live: with --baseline recorded the service is asked nothing, and v2 is held to what it answered" {
  need_capture
  both v1
  targets=(--baseline recorded --v2 "http://127.0.0.1:$v2_port")
  start_mirror --format json
  ask 10
  wait_for_copies 10
  end_mirror
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.verdict, .totals.pairs]' report)" = '["pass",10]' ]
  ! grep "asked for" mirror.log # live traffic is not
  stop_movies "$v1_pid"
  [ "$(requests_in v1.log)" -eq 10 ] && [ "$(copies_in v1.log)" -eq 0 ]
}

@test "live: an answer that the service took its time for makes no copy late" {
  need_capture
  both v1
  targets=(--baseline recorded --v2 "http://127.0.0.1:$v2_port")
  start_mirror -o live.mres
  ask 3
  wait_for_copies 3
  kill -STOP "$v1_pid"
  start slow curl -sf "http://127.0.0.1:$v1_port/movies/2" -o /dev/null
  slow_pid=$PID
  run curl -m 0.4 -sf "http://127.0.0.1:$v1_port/movies/3" # gives up after that time
  [ "$status" -eq 28 ]
  kill -CONT "$v1_pid"
  end_of "$slow_pid"
  wait_for_copies 4
  end_mirror
  [ "$(grep -ao '"lateness":{[^}]*}' live.mres | jq -R '"{\(.)}" | fromjson.lateness.max | tonumber < 200000000')" = true ]
}

@test "a live mirror that is asked twice ends at once, whoever it waits for" {
  need_capture
  both v1
  start_mirror --timeout 600s --control none
  kill -STOP "$v2_pid"
  ask 3
  wait_for_copies 3 "$v1_pid" v1.log
  kill -INT "$MIRROR_PID"
  PID=$MIRROR_PID
  wait_for mirror.log "the capture has ended, and what it has is being sent; another signal ends at once"
  SECONDS=0
  kill -INT "$MIRROR_PID"
  end_of "$MIRROR_PID"
  kill -CONT "$v2_pid"
  [ "$status" -eq 3 ]
  [ "$SECONDS" -lt 60 ]
  grep -q 'v2: 0 sent = 0 answered + 0 failed + 3 not_sent{stopped 3}' mirror.log
}

@test "a live mirror that is asked twice counts what still waited in front of replay" {
  need_capture
  both
  start service.log "$TOOLS/fast_server" 0 1024
  wait_for service.log ""
  service_pid=$PID v1_port=$(head -n 1 service.log)
  start_mirror --max --concurrency 1 --control none --timeout 600s --format json
  kill -STOP "$v2_pid"
  "$TOOLS/open_loop" "$v1_port" 3000 1000 64 >load.log
  kill -INT "$MIRROR_PID"
  until grep -q '^ShdPnd:.*0000000000000000' "/proc/$MIRROR_PID/status"; do :; done
  end_mirror
  kill -CONT "$v2_pid"
  kill "$service_pid"
  [[ $(<mirror.log) =~ ([0-9]+)" exchanges: " ]]
  [ "${BASH_REMATCH[1]}" -eq "$(jq .accounting.recorded report)" ]
  [ "$(jq '.accounting | .recorded == .eligible + (.not_eligible | add)' report)" = true ]
  [ "$(jq .accounting.not_eligible.behind report)" -gt 100 ]
}

@test "a result that may not grow takes nothing from the verdict" {
  both
  movies_pcap m.pcap 400
  capped() { (ulimit -f 300 && exec "$MIRRORCTL" mirror -r m.pcap --max --format json "${targets[@]}" -o m.mres); }
  run --separate-stderr capped
  [ "$status" -eq 4 ]
  echo "$output" >report
  jq -e '.accounting.selected == .accounting.paired + .accounting.unpaired' report
  jq -e '.accounting.unwritten == 0' report
  [ "$(grep -c "m.mres: File too large" <<<"$stderr")" -eq 1 ]
  [[ $stderr == *" pairs were not written, the result is complete up to there"* ]]
}
