# What a replay keeps to itself, and whom it does not ask.
load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# A request with a secret in every place where one stands, whose answers hold more.
secrets_record() {
  pcap_of secrets.pcap <<'END'
>>> GET /movies/1?token=hush-query HTTP/1.1\r\nHost: movies\r\nCookie: sid=hush-cookie\r\nAuthorization: Bearer hush-bearer\r\n\r\n
<<< HTTP/1.1 200 OK\r\nSet-Cookie: sid=hush-answer\r\nContent-Length: 11\r\n\r\n"hush-body"
END
  mirrorctl capture -q -r secrets.pcap -o "$1"
}

@test "secrets of requests and answers are in no log, whatever happens" {
  secrets_record s.mrec
  start_movies v1 --as v1
  free_port
  for format in text json; do
    # v2: not there, not speaking HTTP to us (TLS to a plain port), and sound.
    for v2 in "http://127.0.0.1:$FREE_PORT" "https://127.0.0.1:$v1_port" "http://127.0.0.1:$v1_port"; do
      run --separate-stderr mirrorctl replay -v --log $format s.mrec --max \
        --v1 "http://127.0.0.1:$v1_port" --v2 "$v2" -o s.mres
      [ "$status" -eq 0 ]
      [[ $stderr == *"1 sent"* || $stderr == *'"sent":1'* ]]
      [[ $stderr != *hush* ]]
    done
  done
}

@test "a header from a file is in no process title, log or result's description" {
  movies_record m.mrec
  start_movies v1 --as v1
  printf 'Authorization: Bearer hush-file\n' >header
  mkfifo in
  start replay.log bash -c 'exec "$0" "$@" <in' "$MIRRORCTL" replay - -v --max --header @header \
    --v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v1_port" -o m.mres
  replay_pid=$PID
  exec {fd}>in
  cat m.mrec >&"$fd"
  PID=$v1_pid wait_for v1.log " copy"
  # Exactly what was typed, and no more.
  tr '\0' ' ' <"/proc/$replay_pid/cmdline" >title
  [[ $(cat title) == "$MIRRORCTL replay - -v --max --header @header --v1 "*" -o m.mres " ]]
  exec {fd}>&-
  end_of "$replay_pid"
  [ "$status" -eq 0 ]
  run ! grep -q hush title replay.log
  run ! grep -q hush m.mres
}

@test "a proxy in the environment is not asked" {
  movies_record m.mrec
  start_movies v1 --as v1
  free_port
  export http_proxy="http://127.0.0.1:$FREE_PORT" all_proxy="http://127.0.0.1:$FREE_PORT"
  run --separate-stderr mirrorctl replay m.mrec --max \
    --v1 "http://127.0.0.1:$v1_port" --v2 "http://127.0.0.1:$v1_port" -o m.mres
  [ "$status" -eq 0 ]
  [[ $stderr == *"v2: 20 sent = 20 answered + 0 failed"* ]]
}
