/* student.h -- chances that tests of few numbers need. */
#ifndef MIRRORCTL_DIFF_STUDENT_H
#define MIRRORCTL_DIFF_STUDENT_H

#include <stddef.h>

/* P[T >= t] for Student's t with `df` degrees of freedom, df at least 1; t may
 * be infinite. */
double student_tail(double t, double df);

/* The t that is exceeded with chance p, 0 < p < 0.5. */
double student_quantile(double p, double df);

/* Ranks (1 to n) of the order statistics between which the `quantile` of what n
 * values were drawn from lies, in at least 95 of 100 cases. A rank that n is too
 * small for is 0 (*low) or n + 1 (*high). */
void quantile_ranks(size_t n, double quantile, size_t *low, size_t *high);

#endif
