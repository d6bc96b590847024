/* candidate.h -- the versions under test: v2, v3, ...
 *
 * Each is compared with the same baseline and judged by itself, so most of this
 * folder knows of one candidate only and calls it v2; and the baseline v1, be
 * it v1's answer or the recorded one. Their number is their place: v2 is 0.
 */
#ifndef MIRRORCTL_DIFF_CANDIDATE_H
#define MIRRORCTL_DIFF_CANDIDATE_H

enum { CANDIDATES_MAX = 8 };

/* "v2" to "v9". */
const char *candidate_name(unsigned candidate);

#endif
