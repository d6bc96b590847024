load ../support/helpers

setup() {
  common_setup
  chmod 755 .
}
teardown() { common_teardown; }

need_root() { [ "$(id -u)" -eq 0 ] || skip "only root may become another user"; }

# as_nobody COMMAND...: without root, groups or capabilities.
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

# A copy that others may run: the build folder may be closed to them.
copy_for_all() {
  chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "${BATS_TEST_TMPDIR%/*}" 2>/dev/null || :
  cp "$MIRRORCTL" copy && chmod 755 copy
  as_nobody ./copy --version >/dev/null 2>&1 || skip "another user cannot reach $BATS_TEST_TMPDIR"
}

@test "acceptance 42: with -Z a capture is nobody, can do nothing, and keeps its record to itself" {
  need_root
  need_capture
  start log "$MIRRORCTL" capture -i lo -p 1 -Z nobody -o o.mrec
  wait_for log "listening on lo"
  grep -q "^Uid:[[:space:]]65534[[:space:]]65534[[:space:]]65534[[:space:]]65534" "/proc/$PID/status"
  [ "$(awk '$1 ~ /^Cap(Eff|Prm|Inh|Amb):/ && $2 !~ /^0+$/' "/proc/$PID/status")" = "" ]
  grep -q "^NoNewPrivs:[[:space:]]1" "/proc/$PID/status"
  # Every thread is filtered, not only the first.
  if grep -q "^Seccomp:" "/proc/$PID/status"; then
    [ "$(cat /proc/"$PID"/task/*/status | grep -c "^Seccomp:[[:space:]]2")" -eq \
      "$(cat /proc/"$PID"/task/*/status | grep -c '^Seccomp:')" ]
  fi
  [ "$(stat -c %a o.mrec)" = 600 ]
  kill -INT "$PID"
  end_of "$PID"
  [ "$status" -eq 0 ]
  mirrorctl show o.mrec
}

@test "with -Z a live capture finds what it finds without" {
  need_root
  need_capture
  start_movies m --as v1
  start log "$MIRRORCTL" capture -i lo -p "$m_port" -n 20 -Z nobody -o o.mrec
  wait_for log "listening on lo"
  local capture=$PID i
  for i in $(seq 20); do
    curl -s -o /dev/null "http://127.0.0.1:$m_port/movies/$i"
  done
  end_of "$capture"
  [ "$status" -eq 0 ]
  [ "$(mirrorctl show o.mrec | wc -l)" -eq 20 ]
}

@test "with -Z files are read and written, compressed too, to the same bytes" {
  need_root
  movies_pcap m.pcap
  mirrorctl capture -q -r m.pcap -z zstd -o plain.mrec
  mirrorctl capture -q -r m.pcap -z zstd -Z nobody -o dropped.mrec
  cmp plain.mrec dropped.mrec
}

@test "-Z refuses who is not there, who has it all, and who one may not become" {
  movies_pcap m.pcap
  run --separate-stderr mirrorctl capture -r m.pcap -Z no-such-user -o o.mrec
  [ "$status" -eq 2 ]
  [ "$stderr" = "mirrorctl: --user: no such user: no-such-user" ]
  run --separate-stderr mirrorctl capture -r m.pcap -Z root -o o.mrec
  [ "$status" -eq 2 ]
  [[ $stderr == "mirrorctl: --user: root has all privileges"* ]]
  [ ! -e o.mrec ]
  need_root
  copy_for_all
  chmod 644 m.pcap
  run --separate-stderr as_nobody ./copy capture -r m.pcap -Z daemon -o /dev/null
  [ "$status" -eq 2 ]
  [ "$stderr" = "mirrorctl: --user: only root may become daemon" ]
}

@test "who may not capture is told what allows it, and then it is allowed" {
  need_root
  need_capture
  copy_for_all
  run --separate-stderr as_nobody ./copy capture -i lo -o /dev/null
  [ "$status" -eq 2 ]
  [[ $stderr == *"setcap cap_net_raw+ep"* ]]
  [ "$(wc -l <<<"$stderr")" -eq 1 ]
  setcap cap_net_raw+ep copy || skip "this file system keeps no capabilities"
  run --separate-stderr as_nobody ./copy capture -i lo -d 1ms -Z nobody -o /dev/null
  [ "$status" -eq 0 ]
}

@test "an interface is made promiscuous only when asked to" {
  need_root
  need_capture
  command -v ip >/dev/null || skip "no ip command"
  unshare -n true 2>/dev/null || skip "no network namespaces here"
  unshare -n sh -c "
    ip link add name v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up || exit 77
    \"$MIRRORCTL\" capture -i v0 -o /dev/null 2>log & pid=\$!
    until grep -q listening log; do :; done
    ip -d link show v0 | grep -o 'promiscuity [0-9]*'
    kill -INT \$pid; wait \$pid
    \"$MIRRORCTL\" capture -i v0 --promisc -o /dev/null 2>log2 & pid=\$!
    until grep -q listening log2; do :; done
    ip -d link show v0 | grep -o 'promiscuity [0-9]*'
    kill -INT \$pid; wait \$pid" >seen || { [ $? -ne 77 ] || skip "no veth here"; false; }
  [ "$(cat seen)" = "$(printf 'promiscuity 0\npromiscuity 1')" ]
}

@test "with -Z a live mirror is nobody too, in every thread, and mirrors what it mirrors without" {
  need_root
  need_capture
  start_movies v1 --as v1
  start_movies v2 --as v1
  start log bash -c 'exec "$0" mirror "$@" >report' "$MIRRORCTL" -i lo -p "$v1_port" -n 5 -Z nobody \
    --v1 "http://localhost:$v1_port" --v2 "http://localhost:$v2_port" --metrics 0 -o m.mres
  wait_for log "listening on lo"
  local mirror=$PID i
  [ "$(cat /proc/"$PID"/task/*/status | grep "^Uid:" | sort -u)" = "$(printf 'Uid:\t65534\t65534\t65534\t65534')" ]
  [ "$(cat /proc/"$PID"/task/*/status | awk '$1 ~ /^Cap(Eff|Prm|Inh|Amb):/ && $2 !~ /^0+$/')" = "" ]
  [ "$(cat /proc/"$PID"/task/*/status | grep "^NoNewPrivs:" | sort -u)" = "$(printf 'NoNewPrivs:\t1')" ]
  for i in $(seq 5); do
    curl -s -o /dev/null "http://127.0.0.1:$v1_port/movies/$i"
  done
  end_of "$mirror"
  cat log report
  [ "$status" -ne 4 ] && [ "$status" -ne 2 ]
  grep -q '5 selected = 5 paired' log
  [ "$(mirrorctl show m.mres | wc -l)" -eq 5 ]
}
