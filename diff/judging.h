/* judging.h -- the parts that verdict_judge() is made of.
 *
 * Evidence is added up (judging_totals), held against each limit (judging_gates)
 * and looked through for what a reader should know (judging_warnings).
 */
#ifndef MIRRORCTL_DIFF_JUDGING_H
#define MIRRORCTL_DIFF_JUDGING_H

#include <stdint.h>

#include "diff/verdict.h"

/* Above that share of answers that say nothing, nothing is said. */
#define JUDGING_VACUOUS 0.9

void judging_totals(const struct evidence *ev, struct totals *t);
void judging_gates(const struct evidence *ev, struct judgement *j);
void judging_warnings(const struct evidence *ev, struct judgement *j);

bool judging_is_vacuous(const struct totals *t);

/* What is said differently where the baseline is the recorded answer. */
struct judging_words {
    const char *alike, *answered, *control;
};
const struct judging_words *judging_words(const struct evidence *ev);

/* "v2" */
const char *judging_name(const struct evidence *ev);

static inline const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

#endif
