# What is wrong with the JSON report of a demo, one complaint a line; nothing
# if it holds the three planted differences and no other.
#
#   jq -r --argjson pairs 1000 -f planted.jq report.json

def number: if . == null then null else tonumber end;

# Paths as people write them: $['rating'] becomes $.rating.
def short: tostring | gsub("\\['(?<key>[A-Za-z_][A-Za-z0-9_]*)'\\]"; ".\(.key)");

def endpoint: "\(.method) \(.path | sub("^/movies/[^/]+"; "/movies/{id}"))";

# Every difference that counts against v2: noise and what rules ignore do not.
def found:
  [ .endpoints[]? | endpoint as $endpoint | .differences[]?
    | select(.verdict == "noise" or .verdict == "ignored" | not)
    | "\($endpoint): \(.where) \(.kind)"
      + (if .where == "status" then "" else " \(.path | short)" end)
      + " is \(.verdict)" ] | unique;

# Slower by half and by 5 ms where 15 ms are planted. Elsewhere a few medians of
# a busy machine may stray, so there it takes 10 ms, and half as much again even
# at the low end of the interval.
def slower:
  [ .endpoints[]?
    | endpoint as $endpoint
    | (.latency.ratio.estimate | number) as $ratio
    | (.latency.ratio.low | number) as $low
    | ((.latency.v2.p50 // 0 | number) - (.latency.v1.p50 // 0 | number)) as $more
    | select(if $ratio == null then false
        elif $endpoint == "GET /movies" then $ratio > 1.5 and $more >= 5000000
        else ($low // $ratio) > 1.5 and $more >= 10000000 end)
    | "\($endpoint): is slower" ] | unique;

# Where the statistics are sure of it.
def proven:
  [ .endpoints[]? | select(.latency.verdict == "slower") | "\(endpoint): is surely slower" ];

def planted: [
  "GET /movies/{id}: body missing $.rating is different",
  "GET /movies/{id}: body extra $.score is different",
  "GET /movies/{id}/reviews: status status is different",
  "GET /movies: is slower",
  "GET /movies: is surely slower"
];

def complain($ok; $text): if $ok then empty else $text end;

(found + slower + proven) as $have
| complain(.schema == "mirrorctl.diff/1"; "schema is \(.schema), not mirrorctl.diff/1"),
  complain(.verdict == "fail"; "verdict is \(.verdict), not fail"),
  complain(.totals.pairs == $pairs; "\(.totals.pairs) pairs were compared, not \($pairs)"),
  (planted - $have | .[] | "planted but not found: \(.)"),
  ($have - planted | .[] | "found but not planted: \(.)")
