/* finding.h -- what was found about each candidate, and so about all of them. */
#ifndef MIRRORCTL_DIFF_FINDING_H
#define MIRRORCTL_DIFF_FINDING_H

#include <stddef.h>

#include "diff/candidate.h"
#include "diff/verdict.h"

struct finding {
    struct evidence evidence;
    struct judgement judgement;
};

struct findings {
    struct finding of[CANDIDATES_MAX]; /* in the order of the candidates */
    size_t n;                          /* at least one */
    enum verdict verdict;              /* the worst: FAIL, then INCONCLUSIVE, then PASS */
    char reason[600];                  /* one sentence; may hold bytes of the network */
};

/* Judge the evidence about each, and all of them. Cannot fail. */
void findings_judge(struct findings *f);

#endif
