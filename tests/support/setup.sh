#!/bin/sh
# Install what a target needs and is not there: setup.sh build|test|browser|demo|lint|fuzz|bench|all
# On Debian and Ubuntu with apt; elsewhere the packages' names are printed.
set -eu

build='gcc make pkg-config libpcap-dev libcurl4-openssl-dev libyaml-dev libcjson-dev libzstd-dev
       zlib1g-dev libbrotli-dev libxxhash-dev libpcre2-dev libmicrohttpd-dev libseccomp-dev'
demo="$build curl jq"
tests="$demo libcmocka-dev bats mandoc openssl procps libcap2-bin iproute2 tcpreplay node-llhttp time libxml2-utils
       python3-jsonschema"
browser="$build chromium"
lint="$tests clang-format clang-tidy cppcheck shellcheck"
fuzz="$build clang libclang-rt-14-dev"
bench="$demo tcpdump time wrk hey iproute2 nodejs"

case ${1:-all} in
build) want=$build ;;
demo) want=$demo ;;
test) want=$tests ;;
browser) want=$browser ;;
lint) want=$lint ;;
fuzz) want=$fuzz ;;
bench) want=$bench ;;
all) want="$lint $fuzz $bench" ;;
*)
  echo "setup.sh: unknown set '$1'" >&2
  exit 2
  ;;
esac

# Others' packages of Node bring npm with them, and conflict with Debian's.
if [ "${1:-all}" = browser ] && ! command -v npm >/dev/null 2>&1; then
  want="$want nodejs npm"
fi

others() {
  cat >&2 <<'TEXT'
This system has no apt-get. Install a C compiler, make, pkg-config, curl, jq, and
  Fedora:  libpcap-devel libcurl-devel libyaml-devel cjson-devel libzstd-devel zlib-devel brotli-devel
           xxhash-devel pcre2-devel libmicrohttpd-devel libseccomp-devel libcmocka-devel bats mandoc
  Arch:    libpcap curl libyaml cjson zstd zlib brotli xxhash pcre2 libmicrohttpd libseccomp cmocka bats mandoc
  Alpine:  libpcap-dev curl-dev yaml-dev cjson-dev zstd-dev zlib-dev brotli-dev xxhash-dev
           pcre2-dev libmicrohttpd-dev libseccomp-dev cmocka-dev bats mandoc
  macOS:   brew install libpcap curl libyaml cjson zstd zlib brotli xxhash pcre2 libmicrohttpd cmocka
           bats-core mandoc
then run the same target again.
TEXT
}

# What pkg-config and PATH can answer says whether a system without apt is ready.
ready() {
  command -v pkg-config >/dev/null 2>&1 &&
    pkg-config --exists libpcap libcurl yaml-0.1 libcjson libzstd zlib libbrotlidec libxxhash libpcre2-8 libmicrohttpd libseccomp
}

if ! command -v dpkg-query >/dev/null 2>&1; then
  ready && exit 0
  others
  exit 2
fi

missing=
for package in $want; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
  as_root=
elif command -v sudo >/dev/null 2>&1; then
  as_root=sudo
else
  echo "These packages are missing; as root, run:" >&2
  echo "  apt-get update && apt-get install -y --no-install-recommends$missing" >&2
  exit 2
fi

echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # lists of words on purpose
if ! { $as_root apt-get update -qq &&
  $as_root apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
  cat "$log" >&2
  exit 2
fi
