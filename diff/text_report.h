/* text_report.h -- what the parts of the text report share.
 *
 * With several candidates the parts are written once for each.
 */
#ifndef MIRRORCTL_DIFF_TEXT_REPORT_H
#define MIRRORCTL_DIFF_TEXT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diff/change.h"
#include "diff/page.h"
#include "diff/report.h"

struct text_report {
    struct page page;
    const struct report *r;
    const struct finding *about; /* the candidate at hand */
    size_t *order;               /* endpoints, the worst first */
    size_t n;
};

/* The table of endpoints. */
void text_endpoints(struct text_report *t);

/* What changed, with examples; what is noise; what is ignored. Returns 0, or -1
 * when memory is out. */
int text_changes(struct text_report *t);

/* "v2", and what it is compared with: "v1", or "rec" for the recorded answers. */
const char *text_candidate(const struct text_report *t);
const char *text_baseline(const struct text_report *t);

/* The i-th of the order, and its name: "GET /movies/{id}". */
const struct tally_endpoint *text_endpoint_at(const struct text_report *t, size_t i);
struct str text_endpoint_label(const struct text_report *t, size_t i, char text[ENDPOINT_LABEL]);

#endif
