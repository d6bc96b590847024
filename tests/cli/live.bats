# Capturing live: acceptance tests 37 to 41 and 43, and what surrounds them.

load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# A server whose answers echo the number of their request; sets SERVER_PORT.
start_fast_server() {
  start server.log "$TOOLS/fast_server" 0 "${1:-1024}"
  wait_for server.log ""
  SERVER_PID=$PID SERVER_PORT=$(head -n 1 server.log)
}

# How many requests the server answered; ends it.
answered_by_server() {
  kill "$SERVER_PID"
  end_of "$SERVER_PID"
  sed -n 's/^answered //p' server.log
}

# start_capture IF [ARG...]: into live.mrec; sets CAPTURE_PID.
start_capture() {
  start capture.log "$MIRRORCTL" capture -i "$@" -o live.mrec
  wait_for capture.log "listening on"
  CAPTURE_PID=$PID
}

# Ask the capture to stop; its exit status is in $status.
stop_capture() {
  kill -INT "$CAPTURE_PID"
  end_of "$CAPTURE_PID"
  cat capture.log
}

load_of() { "$TOOLS/open_loop" "$SERVER_PORT" "$@" >load.log; }

# fact NAME: a number of the record's accounting.
fact() { "$TOOLS/record_facts" live.mrec | sed -n "s/^$1 //p"; }

# The kernel's count of packets, and ours: none may be unaccounted for.
packets_add_up() {
  [ "$(fact kernel_received)" -eq $(($(fact packets) + $(fact kernel_dropped) + $(fact queue_dropped))) ]
}

# Numbers of the complete exchanges, sorted. Fails if one of them has another's
# answer, or one put together from two.
complete_numbers() {
  mirrorctl show "$1" --format jsonl >all.jsonl || true
  jq -r 'select(._complete)
    | [.request.headers, .response.headers | map(select(.name == "X-Id"))[].value]
      + [.response.content.text[7:23], .response.content.text[-19:-3]]
    | if (unique | length) == 1 then .[0] else "mixed: \(join(" "))" end' all.jsonl | sort >numbers
  ! grep mixed numbers
}

# in_netns <<SCRIPT: run it, with these functions, in a network of its own.
in_netns() {
  local map=
  [ "$(id -u)" -eq 0 ] || map=-r
  unshare $map -n true 2>why || skip "no network namespaces here: $(cat why)"
  command -v ip >/dev/null || skip "ip is missing"
  {
    declare -f
    declare -p MIRRORCTL MOVIESD TOOLS ROOT
    echo 'STARTED=(); trap common_teardown EXIT; set -eu; ip link set lo up'
    cat
  } >netns.sh
  unshare $map -n bash netns.sh 3>&- </dev/null
}

# make_veth A B: both up and silent.
make_veth() {
  ip link add "$1" type veth peer name "$2"
  for i in "$1" "$2"; do
    echo 1 >"/proc/sys/net/ipv6/conf/$i/disable_ipv6"
    ip link set "$i" up
  done
}

@test "37: what an open-loop client asks for at 20,000 a second is all captured, nothing dropped" {
  need_capture
  # A capture gives way to all other work: where a busy machine made it lose
  # something it may try again, but what it lost has to be counted each time.
  for _ in 1 2 3; do
    start_fast_server
    start_capture lo -p "$SERVER_PORT" --strict
    load_of 20000 2000
    stop_capture
    [ "$(answered_by_server)" -eq 40000 ]
    packets_add_up
    complete_numbers live.mrec
    [ "$(fact kernel_dropped)" -gt 0 ] || break
    [ "$status" -eq 4 ]
  done
  [ "$status" -eq 0 ]
  [ "$(fact exchanges)" -eq 40000 ]
  [ "$(fact complete)" -eq 40000 ]
  [ "$(uniq numbers | wc -l)" -eq 40000 ]
}

@test "38: SIGINT in the middle of a load completes the file with all that came before" {
  need_capture
  start_fast_server
  mkfifo out
  start seen.log bash -c 'tee live.mrec <out | "$0" show -' "$MIRRORCTL"
  start capture.log bash -c 'exec "$0" capture -i lo -p "$1" -o - >out' "$MIRRORCTL" "$SERVER_PORT"
  wait_for capture.log "listening on"
  CAPTURE_PID=$PID
  start load.log "$TOOLS/open_loop" "$SERVER_PORT" 2000 60000
  wait_for seen.log "/items/1000"
  stop_capture
  [ "$status" -eq 0 ]
  grep "exchanges: " capture.log
  end_of "${STARTED[1]}"
  run mirrorctl show live.mrec
  [ "$status" -eq 0 ]
  packets_add_up
  complete_numbers live.mrec
  # Only what was under way at the end, 64 at most, may be missing.
  n=$(wc -l <numbers) last=$(tail -n 1 numbers)
  [ "$n" -gt 1000 ]
  [ "$n" -ge $((10#$last + 1 - 64)) ]
  [ "$(fact exchanges)" -ge "$n" ]
}

@test "where Ctrl-C ends all of a pipe, the capture tells what it counted though its reader is gone" {
  need_capture
  start_fast_server
  mkfifo out
  start capture.log bash -c 'exec "$0" capture -i lo -p "$1" -o - >out' "$MIRRORCTL" "$SERVER_PORT"
  exec {fd}<out
  wait_for capture.log "listening on"
  curl -sf "http://127.0.0.1:$SERVER_PORT/items/[1-3]" -o /dev/null
  kill -STOP "$PID"
  kill -INT "$PID"
  exec {fd}<&-
  kill -CONT "$PID"
  end_of "$PID"
  [ "$status" -eq 4 ]
  grep "3 exchanges: 3 complete" capture.log
  grep -E "[0-9]+ packets passed the filter = [0-9]+ read \+ 0 dropped" capture.log
}

@test "38: after SIGKILL in the middle of a load the file is readable up to its last block" {
  need_capture
  start_fast_server
  mkfifo out
  start seen.log bash -c 'tee live.mrec <out | "$0" show - 2>&1 | cat' "$MIRRORCTL"
  start capture.log bash -c 'exec "$0" capture -i lo -p "$1" -o - >out' "$MIRRORCTL" "$SERVER_PORT"
  wait_for capture.log "listening on"
  CAPTURE_PID=$PID
  start load.log "$TOOLS/open_loop" "$SERVER_PORT" 2000 60000
  wait_for seen.log "/items/1000"
  kill -KILL "$CAPTURE_PID"
  end_of "$CAPTURE_PID"
  end_of "${STARTED[1]}"
  run mirrorctl show live.mrec
  [ "$status" -eq 4 ]
  complete_numbers live.mrec
  [ "$(wc -l <numbers)" -gt 1000 ]
}

@test "39: what a stopped capture could not take is counted, --strict exits with 4, nothing false is complete" {
  need_capture
  start_fast_server
  start_capture lo -p "$SERVER_PORT" --strict --buffer 256KiB
  start load.log "$TOOLS/open_loop" "$SERVER_PORT" 5000 4000
  load_pid=$PID
  "$TOOLS/open_loop" "$SERVER_PORT" 100 500 4
  kill -STOP "$CAPTURE_PID"
  "$TOOLS/open_loop" "$SERVER_PORT" 100 2000 4
  kill -CONT "$CAPTURE_PID"
  end_of "$load_pid"
  stop_capture
  [ "$status" -eq 4 ]
  [ "$(fact kernel_dropped)" -gt 0 ]
  packets_add_up
  grep "lost: $(fact kernel_dropped) packets dropped{kernel $(fact kernel_dropped)}" capture.log
  grep -e "--buffer" capture.log
  complete_numbers live.mrec
  [ "$(wc -l <numbers)" -eq "$(fact complete)" ]
  [ "$(wc -l <numbers)" -gt 1000 ]
  [ "$(wc -l <numbers)" -lt 20000 ]
}

@test "40: -i any has each exchange of lo once, and counts its packets once" {
  need_capture
  start_fast_server
  start_capture any -p "$SERVER_PORT" --strict
  load_of 2000 500
  stop_capture
  [ "$status" -eq 0 ]
  [ "$(fact exchanges)" -eq 1000 ]
  [ "$(fact complete)" -eq 1000 ]
  [ "$(fact retransmitted_bytes)" -eq 0 ]
  packets_add_up
}

@test "40: across a bridge -i any sees packets on each port, and has each exchange once" {
  need_capture
  in_netns <<'END'
# client -- c0 [br0] s0 -- server
ip link add br0 type bridge
for side in c s; do
  start $side.ns unshare -n sh -c 'echo ready; exec tail -f /dev/null'
  wait_for $side.ns ready
  printf -v $side '%s' "$PID"
  ip link add ${side}0 type veth peer name e0 netns "$PID"
  ip link set ${side}0 master br0
  ip link set ${side}0 up
done
ip link set br0 up
for side in "$c 10.9.0.1" "$s 10.9.0.2"; do
  nsenter -n -t "${side% *}" sh -c "ip addr add ${side#* }/24 dev e0; ip link set e0 up"
done
start movies.log nsenter -n -t "$s" "$MOVIESD" --port 3000 --as v1 --listen 10.9.0.2
wait_for movies.log "listening on"
start_capture any -p 3000
nsenter -n -t "$c" curl -sf --retry 5 --retry-connrefused "http://10.9.0.2:3000/movies/[1-5]" >/dev/null
stop_capture
END
  [ "$(fact exchanges)" -eq 5 ]
  [ "$(fact complete)" -eq 5 ]
  [ "$(fact conflicts)" -eq 0 ]
  # Each byte was seen at two ports at least, and was used once.
  [ "$(fact retransmitted_bytes)" -gt 0 ]
}

@test "41: answers of 1 MiB, in segments of up to 64 KiB, are complete" {
  need_capture
  start_fast_server 1048576
  start_capture lo -p "$SERVER_PORT" --strict
  load_of 40 500 4
  stop_capture
  [ "$status" -eq 0 ]
  [ "$(fact complete)" -eq 20 ]
  # There were some: with an Ethernet's packets it would take 700 for an answer.
  [ "$(fact packets)" -lt 4000 ]
  complete_numbers live.mrec
  [ "$(wc -l <numbers)" -eq 20 ]
  [ "$(jq -s 'map(.response.content.size) | unique == [1048576]' all.jsonl)" = true ]
}

@test "43: a replay into the port that is captured is not captured again" {
  need_capture
  start_fast_server
  start_capture lo -p "$SERVER_PORT"
  load_of 1000 20
  stop_capture
  mv live.mrec first.mrec
  start_capture lo -p "$SERVER_PORT"
  url=http://127.0.0.1:$SERVER_PORT
  mirrorctl replay -q first.mrec --v1 "$url" --v2 "$url" --control none --max -o first.mres
  stop_capture
  [ "$status" -eq 0 ]
  [ "$(fact exchanges)" -eq 0 ]
  [ "$(fact own_copies)" -eq 40 ]
  [ "$(answered_by_server)" -eq 60 ]
}

@test "-p finds live what it finds in a file: tags, tunnels and fragments on both ends of a link" {
  need_capture
  command -v tcpreplay >/dev/null || skip "tcpreplay is missing"
  "$TOOLS/wrapped_pcap" 80 wrapped.pcap
  mirrorctl capture -q -r wrapped.pcap -p 80 -o file.mrec
  exchanges_of() { "$TOOLS/record_facts" "$1" | grep '^exchange ' | sort; }
  exchanges_of file.mrec >want
  [ "$(wc -l <want)" -eq 36 ]
  ! grep other want
  # Leaving v0 a tag is in the packet; arriving at v1 the kernel has taken it out.
  for interface in v0 v1 any; do
    export interface
    in_netns <<'END'
make_veth v0 v1
start_capture "$interface" -p 80
tcpreplay -q -t -i v0 wrapped.pcap
stop_capture
END
    echo "$interface"
    exchanges_of live.mrec | diff want -
  done
}

@test "fragments of other services are no loss" {
  need_capture
  in_netns <<'END'
ip link set lo mtu 1500
start_capture lo -p 80 --strict
head -c 4000 /dev/zero >big
for _ in 1 2 3; do dd if=big bs=4000 status=none >/dev/udp/127.0.0.1/9999 || true; done
stop_capture
[ "$status" -eq 0 ]
[ "$(fact fragments)" -ge 3 ]
[ "$(fact fragments_dropped)" -eq 0 ]
END
}

@test "a filter of one's own works on lo and any, and what is wrong with it is said" {
  need_capture
  start_fast_server
  for interface in lo any; do
    start_capture "$interface" -f "tcp port $SERVER_PORT or tcp port 1"
    load_of 1000 20
    stop_capture
    [ "$(fact complete)" -eq 20 ]
    packets_add_up
    run --separate-stderr mirrorctl capture -i "$interface" -f "tcp prt 1" -o x.mrec
    [ "$status" -eq 2 ]
    [[ $stderr == *"filter 'tcp prt 1': $interface: "*"syntax error"* ]]
  done
}

@test "a filter of one's own does not widen what --port asks for, and the first line says both" {
  need_capture
  start_fast_server
  start_capture lo -f "tcp port $SERVER_PORT" -p 1
  load_of 1000 20
  stop_capture
  grep "listening on lo, port 1, own filter$" capture.log
  [ "$(fact exchanges)" -eq 0 ]
  [ "$(fact other_port)" -eq "$(fact packets)" ]
  start_capture lo -f "tcp port $SERVER_PORT"
  stop_capture
  grep "listening on lo, every port, own filter$" capture.log
}

@test "a filter that asks for the direction loses nothing of what comes first" {
  need_capture
  start_fast_server
  for interface in lo any; do
    start_capture "$interface" -f "tcp port $SERVER_PORT and inbound" --strict
    load_of 1000 20
    stop_capture
    [ "$status" -eq 0 ]
    [ "$(fact complete)" -eq 20 ]
    packets_add_up
  done
}

@test "a link without traffic can be stopped at once, by one signal or by two" {
  need_capture
  for signals in INT TERM "INT INT"; do
    start_capture lo -p 9
    since=${EPOCHREALTIME/./}
    for signal in $signals; do
      kill -"$signal" "$CAPTURE_PID"
    done
    end_of "$CAPTURE_PID"
    [ "$status" -eq 0 ]
    [ $((${EPOCHREALTIME/./} - since)) -lt 2000000 ]
    run mirrorctl show live.mrec
    [ "$status" -eq 0 ]
  done
}

@test "-n under load keeps so many exchanges, and is no loss" {
  need_capture
  start_fast_server
  start_capture lo -p "$SERVER_PORT" -n 100 --strict
  load_of 5000 500
  end_of "$CAPTURE_PID"
  cat capture.log
  [ "$status" -eq 0 ]
  [ "$(fact exchanges)" -eq 100 ]
  [ "$(fact kernel_received)" -eq $(($(fact packets) + $(fact not_read))) ]
}

@test "what was dropped before -n had enough, or before the disk was full, is counted" {
  need_capture
  start_fast_server
  start_capture lo -p "$SERVER_PORT" -n 3 --strict --buffer 256KiB
  kill -STOP "$CAPTURE_PID"
  load_of 5000 1000
  kill -CONT "$CAPTURE_PID"
  load_of 5000 100
  end_of "$CAPTURE_PID"
  cat capture.log
  [ "$status" -eq 4 ]
  [ "$(fact exchanges)" -eq 3 ]
  [ "$(fact kernel_dropped)" -gt 0 ]
  [ "$(fact kernel_received)" -eq $(($(fact packets) + $(fact kernel_dropped) + $(fact not_read))) ]
  start capture.log bash -c 'ulimit -f 100; exec "$@"' - "$MIRRORCTL" capture -i lo -p "$SERVER_PORT" -o live.mrec
  wait_for capture.log "listening on"
  CAPTURE_PID=$PID
  load_of 2000 500
  end_of "$CAPTURE_PID"
  cat capture.log
  [ "$status" -eq 4 ]
  [ "$(fact kernel_received)" -gt 0 ]
  [ "$(fact kernel_received)" -eq $(($(fact packets) + $(fact kernel_dropped) + $(fact not_read))) ]
}

@test "an interface that goes down, or away, ends the capture with 4 and a complete file" {
  need_capture
  in_netns <<'END'
for end in "ip link set v0 down" "ip link del v0"; do
  make_veth v0 v1
  start_capture v0 -d 30s # would end with 0
  $end
  end_of "$CAPTURE_PID"
  cat capture.log
  [ "$status" -eq 4 ]
  [ "$(grep -c 'v0: the interface went down or away' capture.log)" -eq 1 ]
  "$MIRRORCTL" show live.mrec
  ip link del v0 2>/dev/null || true
done
END
}

@test "an interface that is down, missing or oddly named is told by its name" {
  need_capture
  in_netns <<'END'
odd='v"$(x)\é'
ip link add "$odd" type veth peer name v1
for interface in "$odd" v1 "no such"; do
  status=0
  "$MIRRORCTL" capture -i "$interface" -o x.mrec 2>err || status=$?
  cat err
  [ "$status" -eq 2 ]
  grep -F "mirrorctl: $interface: " err
  [ ! -e x.mrec ]
done
grep -F "no such interface (have: lo" err
ip link set "$odd" up
"$MIRRORCTL" capture -i "$odd" -d 10ms -o x.mrec
END
}

@test "the progress line shows exchanges, their rate and drops, on a terminal only, and leaves nothing behind" {
  need_capture
  script -qec true /dev/null >/dev/null 2>&1 || skip "script(1) is missing or has no terminal to give"
  start_fast_server
  start load.log "$TOOLS/open_loop" "$SERVER_PORT" 500 60000
  capture="$MIRRORCTL capture -i lo -p $SERVER_PORT -d 2500ms -o"
  start shown script -qec "$capture shown.mrec" /dev/null
  start quiet script -qec "$capture quiet.mrec -q" /dev/null
  start json script -qec "$capture json.mrec --log json" /dev/null
  start plain bash -c "$capture plain.mrec"
  for pid in "${STARTED[@]:2}"; do
    end_of "$pid"
    [ "$status" -eq 0 ]
  done
  cat -v shown
  line=$(grep -ao $'[0-9]* exchanges, [0-9]*/s, 0 packets dropped\r\e\\[K' shown | head -n 1)
  [[ $line =~ ^([0-9]+)\ exchanges,\ ([0-9]+)/s ]]
  [ "${BASH_REMATCH[1]}" -gt 100 ]
  [ "${BASH_REMATCH[2]}" -gt 100 ]
  # Redrawn about once a second, each time taken away first, the last one too.
  n=$(grep -ao '/s, 0 packets dropped' shown | wc -l)
  [ "$n" -ge 1 ] && [ "$n" -le 3 ]
  [ "$n" -eq "$(grep -ao $'\r\e\\[K' shown | wc -l)" ]
  [ ! -s quiet ]
  grep -a listening json
  ! grep -a "/s, " json plain
}
