/* report.h -- what was found, for people and for programs.
 *
 * A format is a row in a table: a name, the ending of files that hold it, and
 * a function that appends the report to a buffer. The same evidence gives the
 * same bytes: no time of writing, no order that chance made.
 */
#ifndef MIRRORCTL_DIFF_REPORT_H
#define MIRRORCTL_DIFF_REPORT_H

#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "diff/change.h"
#include "diff/finding.h"

struct report {
    const char *file; /* the result's name, or NULL */
    const struct run_info *run;
    struct findings findings;
    struct report_style style;
};

struct report_format {
    const char *name;
    const char *extension; /* with its dot */
    int (*write)(const struct report *r, struct buf *out, struct err *e);
};

extern const struct report_format report_text, report_json, report_jsonl, report_html, report_junit,
    report_markdown;

/* Lines that GitHub's workflows show beside a pull request: no format, since they
 * are meant for a runner and not for a file. */
int report_github(const struct report *r, struct buf *out, struct err *e);

/* The format of that name; NULL with *e set to "unknown format, try one of". */
const struct report_format *report_find(const char *name, struct err *e);

/* Names of all formats, and what files of them end with, ended by NULL. */
const char *const *report_names(void);
const char *const *report_extensions(void);

/* The format whose extension `path` ends with, or NULL. */
const struct report_format *report_of_path(const char *path);

/* Indices of the endpoints that were seen, by path, then method, as an array of
 * *n the caller frees with mem_free(). NULL with *e set. */
size_t *report_endpoints(const struct evidence *ev, size_t *n, struct err *e);

/* Put the worst first: what differs most, then what is slower, then what is
 * busiest. */
void report_sort_endpoints(const struct evidence *ev, const struct endpoint_order *order);

/* True where the latency gate is not off and calls this endpoint slower. */
bool report_is_slower(const struct evidence *ev, const struct tally_endpoint *ep);

#endif
