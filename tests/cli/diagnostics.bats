load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

page=$ROOT/docs/diagnostics.md

# codes_of_page: the headings, in order.
codes_of_page() { sed -nE 's/^### ([EWN][0-9]{3}) .*/\1/p' "$page"; }

# example CODE: its first block of YAML, as a whole file.
example() {
  local lines
  lines=$(awk -v code="$1" '
    /^### / { here = $2 == code; next }
    here && /^```yaml/ { inside = 1; next }
    inside && /^```/ { exit }
    inside { print }' "$page")
  case $lines in
  apiVersion:* | '#'* | gateways:*) printf '%s\n' "$lines" ;;
  *)
    printf 'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: x}\n'
    printf 'spec:\n  hosts: ["*"]\n  http:\n  -\n'
    sed 's/^/    /' <<<"$lines"
    ;;
  esac
}

options() { awk -v code="$1" '/^### / { here = $2 == code } here && /^Options: / { print }' "$page" | sed -E 's/.*`(.*)`/\1/'; }

@test "the page lists the codes that are in the program, each once, and no other" {
  grep -hoE '"[EWN][0-9]{3}[":]' "$ROOT"/core/*.c "$ROOT"/replay/*.c "$ROOT"/cli/*.c | tr -d '":' | sort -u >program
  codes_of_page | sort >listed
  diff program listed
}

@test "every example of the page tells what it is an example of" {
  failed=0
  for code in $(codes_of_page); do
    case $code in E100 | E102 | E416 | E510 | W506) continue ;; esac # not by `plan` of a few lines
    example "$code" >example.yaml
    # shellcheck disable=SC2046 # flags are words
    "$MIRRORCTL" plan example.yaml $(options "$code") >out 2>err || [ $? -eq 2 ]
    grep -qE "(error|warning|note)\[$code\]" err || {
      echo "$code:" && cat example.yaml err
      failed=1
    }
  done
  [ "$failed" -eq 0 ]
}
