load ../support/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# Results of runs that never were: what passes, what fails, several candidates,
# a recorded baseline, nothing at all.
results() {
  "$TOOLS/make_result" >pass.mres
  "$TOOLS/make_result" --candidates 3 >fail.mres
  "$TOOLS/make_result" --recorded --candidates 2 >recorded.mres
  "$TOOLS/make_result" --shard 2/2 | head -c -100 >torn.mres
  RESULTS=(pass fail recorded torn)
}

# report FILE OPTION...: to standard output, whatever the verdict.
report() { mirrorctl diff "$@" 2>/dev/null || [ $? -ne 2 ]; }

# valid_json SCHEMA FILE
valid_json() {
  python3 - "$@" <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
kind = jsonschema.Draft201909Validator
kind.check_schema(schema)
errors = list(kind(schema).iter_errors(json.load(open(sys.argv[2]))))
for error in errors:
    print("/".join(map(str, error.absolute_path)), error.message)
sys.exit(len(errors) > 0)
END
}

@test "JSON: every report is what docs/diff.schema.json says, and a broken one is not" {
  results
  for name in "${RESULTS[@]}"; do
    report $name.mres --format json >$name.json
    valid_json "$ROOT/docs/diff.schema.json" $name.json
  done
  for name in "$GOLDEN"/diff/*/report.json; do
    valid_json "$ROOT/docs/diff.schema.json" "$name"
  done
  report fail.mres --format json --ignore '$.rating' --ignore '$.nope' >rules.json
  valid_json "$ROOT/docs/diff.schema.json" rules.json
  [ "$(jq -c '[.rules[].hits > 0]' rules.json)" = '[true,false]' ]
  jq '.endpoints[0].latency.v1.p50 = 5' fail.json >broken.json
  run valid_json "$ROOT/docs/diff.schema.json" broken.json
  [ "$status" -eq 1 ]
  jq '.verdict = "ok"' fail.json >broken.json
  run valid_json "$ROOT/docs/diff.schema.json" broken.json
  [ "$status" -eq 1 ]
}

@test "JUnit: every report is what docs/junit.xsd says; failures go with the verdict" {
  results
  for name in "${RESULTS[@]}"; do
    report $name.mres --format junit >$name.xml
    xmllint --noout --schema "$ROOT/docs/junit.xsd" $name.xml
  done
  for name in "$GOLDEN"/diff/*/report.xml; do
    xmllint --noout --schema "$ROOT/docs/junit.xsd" "$name"
  done
  [ "$(xmllint --xpath 'string(/testsuites/@failures)' pass.xml)" = 0 ]
  [ "$(xmllint --xpath 'string(/testsuites/@failures)' fail.xml)" -gt 0 ]
  [ "$(xmllint --xpath 'count(//testsuite[@name="v3 GET /movies/{id}"]/testcase[@name="$.rating"]/failure[@type="body.missing"])' \
    fail.xml)" = 1 ]
  # an undecided run fails nothing, and does not pass either
  [ "$(xmllint --xpath 'string(/testsuites/@failures)' torn.xml)" = 0 ]
  [ "$(xmllint --xpath 'count(//testcase[@name="verdict"]/skipped)' torn.xml)" = 1 ]
  # counts are those of the cases
  for name in "${RESULTS[@]}"; do
    [ "$(xmllint --xpath '/testsuites/@tests = count(//testcase) and
      /testsuites/@failures = count(//failure) and /testsuites/@skipped = count(//skipped)' \
      $name.xml)" = true ]
  done
}

@test "JUnit: a limit that is not reached fails nothing" {
  results
  report fail.mres --format junit --gate status=off --gate body=50 --gate outcome=10 >limit.xml
  [ "$(xmllint --xpath 'string(/testsuites/@failures)' limit.xml)" = 0 ]
  [ "$(xmllint --xpath 'count(//testcase[@name="$.rating"])' limit.xml)" = 2 ]
}

@test "jsonl: a line for each pair that differs, as many as the JSON report counts" {
  results
  report fail.mres --format jsonl >lines.jsonl
  report fail.mres --format json >report.json
  [ "$(wc -l <lines.jsonl)" -eq "$(jq .totals.different report.json)" ]
  [ "$(jq -s '[.[] | select(.candidate == "v3" and .path == "/movies/{id}")
    | .differences[] | select(.path == "$.rating")] | length' lines.jsonl)" -eq \
    "$(jq '.endpoints[] | select(.candidate == "v3" and .path == "/movies/{id}").differences[]
    | select(.path == "$.rating").count' report.json)" ]
  [ -z "$(report pass.mres --format jsonl)" ]
}

@test "every format: the same bytes whatever the threads, by --format and by --report" {
  results
  for format in json:json jsonl:jsonl junit:xml markdown:md; do
    report fail.mres --format ${format%:*} --threads 1 >one
    report fail.mres --format ${format%:*} --threads 7 >seven
    report fail.mres --format ${format%:*} --report out.${format#*:} >/dev/null
    [ -s one ]
    cmp one seven
    cmp one out.${format#*:}
  done
}

# A service whose every word wants to be something else.
hostile() {
  "$TOOLS/make_result" --hostile >hostile.mres
}

@test "Markdown: what is foreign is neither markup nor mention nor link" {
  hostile
  report hostile.mres --format markdown >report.md
  # outside of code spans there is nothing of it
  sed -E 's/`[^`]*`//g; s/<code>[^<]*(<!-- -->[^<]*)*<\/code>//g' report.md >bare.md
  run grep -nE '<script|<img|@octocat|https?:|javascript:|\]\(|onerror' bare.md
  [ "$status" -eq 1 ]
  run grep -cE '`[^`]*<script' report.md
  [ "$output" = 0 ]
  # every row of a table has as many cells as its head
  awk -F'|' '/^\|/ { if (!n) n = NF; if (NF != n) exit 1; next } { n = 0 }' bare.md
  [ "$(wc -c <report.md)" -lt 65536 ]
}

@test "GitHub: ten lines at most, on standard error, only where asked or there" {
  results
  run --separate-stderr mirrorctl diff fail.mres
  [ -z "$stderr" ]
  GITHUB_ACTIONS=true run --separate-stderr mirrorctl diff fail.mres --format json
  jq -e . <<<"$output" >/dev/null
  [ "${#stderr_lines[@]}" -le 10 ]
  [ "${stderr_lines[0]}" = "::error title=mirrorctl%3A FAIL::v3 does not answer as v1 does; v2 PASS, v4 FAIL" ]
  hostile
  run --separate-stderr mirrorctl diff hostile.mres --annotate --format json
  [ "${#stderr_lines[@]}" -le 10 ]
  for line in "${stderr_lines[@]}"; do
    [[ $line == ::error\ title=* ]]
    [[ ${line#::error title=} != *title=*::*title=* ]]
  done
}

@test "GitHub: no line of a text report begins like a command" {
  hostile
  report hostile.mres >report.txt
  run grep -nE '^[[:space:]]*::|##\[' report.txt
  [ "$status" -eq 1 ]
}
