# shellcheck shell=bash disable=SC2154
# diff.sh -- how fast answers are compared. run.sh sets dir, shm, mirrorctl, BUILD, ROUNDS.

bench_json() {
  echo "== diff of JSON bodies"
  "$BUILD/tests/bench/bench_compare" | tee "$dir/compare"
  cat "$dir/compare" >>"$BUILD/bench.csv"
  if ! command -v node >/dev/null; then
    echo "node is not here: no comparison with JSON.parse"
    return
  fi
  "$BUILD/tests/bench/bench_compare" "$dir/body"
  for i in 1 2 3; do
    local ours peer name
    name=$(sed -n "$((i + 1))s/ \{2,\}.*//p" "$dir/compare")
    ours=$(sed -n "$((i + 1))s|.* \([0-9.]*\) us/pair.*|\1|p" "$dir/compare")
    peer=$(node tests/bench/json_peer.js "$dir/body-0.json" "$dir/body-$i.json" "$ROUNDS" 1000)
    report "JSON, $name: Node's JSON.parse and deep equal : ours (above 1 is wanted)" \
      "$(awk "BEGIN { printf \"%.2f (%s : %s us)\", $peer / $ours, $peer, $ours }")"
  done
}

# Bodies that are equal need no more than a look, which cmp has too.
bench_equal() {
  local ours peer
  echo "== diff of equal bodies beside cmp: 4000 pairs of 64 KiB, one thread, $ROUNDS rounds"
  "$BUILD/tests/tools/make_equal" 4000 65536 "$shm/equal.mres" "$shm/v1" "$shm/v2"
  rm -f "$dir"/{ours,peer}
  for _ in $(seq "$ROUNDS"); do
    seconds "$mirrorctl" diff --threads 1 "$shm/equal.mres" >>"$dir/ours"
    seconds cmp "$shm/v1" "$shm/v2" >>"$dir/peer"
  done
  ours=$(median <"$dir/ours") peer=$(median <"$dir/peer")
  report "diff of equal bodies : cmp, MB/s (at least 0.5 is wanted)" \
    "$(awk "BEGIN { printf \"%.2f (%s : %s s)\", $peer / $ours, $peer, $ours }")"
  rm -f "$shm"/{equal.mres,v1,v2}
}

bench_million() {
  local threads
  echo "== a million pairs of a noisy service"
  "$BUILD/tests/tools/make_noisy" --requests 1000000 >"$dir/million.mres"
  for threads in 1 "$(nproc)"; do
    /usr/bin/time -f '%e %M' -o "$dir/time" "$mirrorctl" diff --threads "$threads" "$dir/million.mres" >/dev/null || :
    report "a million pairs, $threads threads: seconds" "$(awk '{ print $1 }' "$dir/time")"
    report "a million pairs, $threads threads: MiB (below 256 is wanted)" \
      "$(awk '{ printf "%.0f", $2 / 1024 }' "$dir/time")"
  done
  rm -f "$dir/million.mres"
}

bench_diff() {
  bench_json
  bench_equal
  bench_million
}
