/* verdict.h -- PASS, FAIL or INCONCLUSIVE for one candidate, and why.
 *
 * Every gate is judged by itself. FAIL if any gate fails; else INCONCLUSIVE if
 * any has too little to go by; else PASS. "Nothing was found" is a PASS only
 * where something was compared: no pairs, a v1 that fails, and answers that
 * say nothing are INCONCLUSIVE.
 */
#ifndef MIRRORCTL_DIFF_VERDICT_H
#define MIRRORCTL_DIFF_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "diff/diff.h"
#include "diff/endpoint_name.h"
#include "diff/gate.h"
#include "diff/rules.h"
#include "diff/run_info.h"
#include "diff/tally.h"

enum gate_verdict { GATE_PASS, GATE_FAIL, GATE_INCONCLUSIVE, GATE_WARN, GATE_OFF };

/* "pass", "fail", ...: the words of the JSON report; and "PASS" for people. */
const char *verdict_name(enum verdict v);
const char *verdict_word(enum verdict v);
const char *gate_verdict_name(enum gate_verdict v);

struct gate_result {
    enum gate_verdict verdict;
    double observed;
    char limit[GATE_TEXT];
    char message[160];
};

struct warning {
    const char *code;
    bool of_run; /* not about this candidate: the others have it too */
    char message[240];
};

enum { WARNINGS_MAX = 20 };

struct totals {
    uint64_t pairs, unsent, unrecorded, compared, covered, equal, different;
    uint64_t v1_sent, v1_failed, v2_failed, both_failed, vacuous, controlled;
    uint64_t differing[WHERE_COUNT];
    uint64_t rare, rare_pairs[WHERE_COUNT]; /* of the different: with none but rare ones */
    size_t failing_fields[WHERE_COUNT], failing_endpoints[WHERE_COUNT];
    size_t rare_fields[WHERE_COUNT], suspects;
    uint64_t suspects_need;   /* pairs that would settle the first of them, or 0 */
    uint64_t other_class;     /* pairs in different status classes: compared no deeper */
    uint64_t timed;           /* pairs whose times were compared */
    size_t slower, undecided; /* endpoints */
    size_t slower_within;     /* the same within the margin, and surely slower than v1 */
    uint64_t refused, limited, v1_limited, v2_limited, off; /* as in the tally */
    bool late;            /* calls were sent so late that far percentiles tell of that */
    size_t unknown_noise; /* failing fields of which v1's own noise is not known */
    uint64_t selected;    /* requests that should have become pairs */
    uint64_t behind;      /* left out before the draw, as replay fell behind; and of */
    uint64_t missed;      /* these, so many would have been selected like the others */
    size_t endpoints;
};

struct judgement {
    enum verdict overall;
    char reason[400]; /* one sentence; may hold bytes of the network */
    struct totals totals;
    struct gate_result gates[GATE_COUNT];
    struct warning warnings[WARNINGS_MAX];
    size_t n_warnings;
};

/* What is judged. */
struct evidence {
    unsigned candidate;
    const struct tally *tally; /* finished */
    const struct run_info *run;
    const struct endpoint_names *names;
    const struct gate *gates; /* GATE_COUNT of them */
    const struct rules_use *rules;
    const struct noise_profile *profile; /* or NULL */
};

/* What is said of the far percentiles, given how the run went. */
enum latency_verdict verdict_tail(const struct totals *t, const struct latency_summary *s);

/* How a candidate should answer: "as v1 does", "as was recorded". */
const char *verdict_alike(const struct run_info *run);

/* Judge; allocates nothing and cannot fail. */
void verdict_judge(const struct evidence *ev, struct judgement *j);

#endif
