load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# refused WORDS OPTION...: exit 2, one line that says why, nothing written.
refused() {
  local words=$1
  shift
  run --separate-stderr mirrorctl replay m.mrec --v1 https://localhost:1 --v2 https://localhost:2 \
    -o m.mres "$@"
  echo "$stderr"
  [ "$status" -eq 2 ]
  [[ $stderr == *"$words"* ]]
  [ "${#stderr_lines[@]}" -eq 1 ]
  [ ! -e m.mres ]
}

certificate() { # NAME: NAME.pem and NAME.key
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj /CN=localhost -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

@test "what cannot be used for TLS is refused before anything is sent" {
  movies_record m.mrec
  echo "not a certificate" >junk
  refused "junk: there is no certificate in PEM format in it" --cacert junk
  refused "nosuch: No such file" --cacert nosuch
  refused "a key needs its certificate" --key junk
  refused "junk: there is no certificate" --cert junk
  command -v openssl >/dev/null || skip "the openssl program is not installed"
  certificate a
  certificate b
  openssl ec -in a.key -aes128 -passout pass:x -out locked.key 2>/dev/null
  refused "a.pem: there is no private key" --cert a.pem
  refused "locked.key: the private key is encrypted" --cert a.pem --key locked.key
  refused "a.pem cannot be used" --cert a.pem --key b.key
}

@test "addresses and proxies that make no sense are refused" {
  movies_record m.mrec
  refused "no target has this host and port" --resolve localhost:3:127.0.0.1
  refused "not HOST:PORT:ADDRESS" --resolve localhost:1
  refused "a proxy is written" --proxy proxy:3128
  refused "no port" --proxy http://me:secret@proxy
  [[ $stderr != *secret* ]]
  refused "nosuch: No such file" --proxy @nosuch
  refused "v3: no user or password" --v2 http://me:secret@v3
  [[ $stderr != *secret* ]]
  refused "must not be above --timeout" --timeout 1s --connect-timeout 2s
}

@test "--insecure is said at the start, at the end and in the result" {
  movies_record m.mrec 3
  start_movies v1 --as v1
  run --separate-stderr mirrorctl replay m.mrec --v1 "http://127.0.0.1:$v1_port" \
    --v2 "http://127.0.0.1:$v1_port" --insecure -o m.mres
  [ "$status" -eq 0 ]
  [[ ${stderr_lines[0]} == *"an A/A run"* ]]
  [[ ${stderr_lines[1]} == *"--insecure: certificates are not checked"* ]]
  [[ ${stderr_lines[-1]} == *"--insecure: certificates were not checked"* ]]
  grep -qa '"insecure":true' m.mres
  [ "$(mirrorctl diff --format json m.mres | jq '.warnings | map(.code) | contains(["insecure"])')" = true ]
  mirrorctl diff m.mres | grep "certificates were not checked"
}

@test "--resolve says where a target is" {
  movies_record m.mrec 3
  start_movies v1 --as v1
  mirrorctl replay -q m.mrec --v1 "http://one.invalid:$v1_port" --v2 "http://two.invalid:$v1_port" \
    --resolve "one.invalid:$v1_port:127.0.0.1" --resolve "two.invalid:$v1_port:[::1],127.0.0.1" \
    -o m.mres
  [ "$(mirrorctl show m.mres --format jsonl | jq -r '[._v1, ._v2] | .[].outcome' | sort -u)" = answered ]
  grep -qa '"resolve":\["one.invalid' m.mres
}

@test "a proxy's password is in no process list, no message and no result" {
  movies_record m.mrec 3
  free_port
  mkfifo in
  # It waits for its input, so that its arguments can be looked at.
  start log bash -c 'exec "$0" "$@" <in' "$MIRRORCTL" replay - --v1 http://v1.invalid:80 \
    --v2 http://v2.invalid:80 --proxy "http://me:secret@127.0.0.1:$FREE_PORT" -v -o m.mres
  exec {fd}>in
  head -c 64 m.mrec >&"$fd"
  until tr '\0' ' ' <"/proc/$PID/cmdline" | grep -q 'http://\*\*\*\*\*\*\*\*\*@127'; do
    kill -0 "$PID"
  done
  tail -c +65 m.mrec >&"$fd"
  exec {fd}>&-
  end_of "$PID"
  [ "$status" -eq 0 ]
  run ! grep -a secret log m.mres
  grep -qa '"proxy":"http://(hidden)@127' m.mres
  mirrorctl show m.mres --format jsonl | grep -q "proxy 127.0.0.1:$FREE_PORT: Connection refused"

  echo "http://me:secret@127.0.0.1:$FREE_PORT" >proxy
  mirrorctl replay -q m.mrec --v1 http://v1.invalid:80 --v2 http://v2.invalid:80 --proxy @proxy \
    -o file.mres
  grep -qa '"proxy":"http://(hidden)@127' file.mres
  run ! grep -a secret file.mres
}

@test "answers of every class of status are in the summary, and add up" {
  movies_record m.mrec 4
  start odd.log python3 -uc '
import http.server, itertools
statuses = itertools.cycle([200, 999])
class Odd(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(next(statuses))
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Odd)
print("listening on", server.server_port)
server.serve_forever()'
  wait_for odd.log "listening on"
  odd=http://127.0.0.1:$(sed -n 's/^listening on //p' odd.log)
  run --separate-stderr mirrorctl replay m.mrec --baseline recorded --v2 "$odd" --max -o m.mres
  [ "$status" -eq 0 ]
  [[ $stderr == *"v2: 4 sent = 4 answered + 0 failed + 0 not_sent; 2xx 2; other 2;"* ]]
}
