#!/usr/bin/env bats
# The demo is a test of itself: it must fail when v2 is better than it claims.

load ../support/helpers

setup() {
  export MAKE_PCAP="$BUILD/make_pcap" DEMO_DIR="$BATS_TEST_TMPDIR/demo"
}

@test "the demo finds the three planted differences and nothing else" {
  run "$ROOT/samples/demo.sh"
  [ "$status" -eq 0 ]
  [[ "$output" == *"mirrorctl found all of it"* ]]
}

@test "the demo fails when one planted difference is taken away" {
  DEMO_V2_ARGS="--without rename" run "$ROOT/samples/demo.sh"
  [ "$status" -ne 0 ]
  [[ "$output" == *"does not hold exactly what was planted"* ]]
}

@test "the demo fails when the slow endpoint is not slow" {
  DEMO_V2_ARGS="--without slow" run "$ROOT/samples/demo.sh"
  [ "$status" -ne 0 ]
  [[ "$output" == *"does not hold exactly what was planted"* ]]
}
