/* html_report.h -- what the parts of the HTML report share.
 *
 * One file that needs nothing and asks for nothing: no address is loaded, its
 * one script and one style are allowed by their hashes, and everything can be
 * read without the script. Drawings are SVG, made here. The page has a ceiling;
 * each part stops at its own and says what it left out.
 */
#ifndef MIRRORCTL_DIFF_HTML_REPORT_H
#define MIRRORCTL_DIFF_HTML_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "diff/change.h"
#include "diff/marked.h"
#include "diff/markup.h"
#include "diff/report.h"

struct html {
    struct markup m;
    const struct report *r;
    const struct finding *about; /* the candidate at hand */
    struct endpoint_order order; /* its endpoints, the worst first */
    size_t begin, share;         /* where it began, and its bytes of the page */
    struct marker *marker;
    size_t fields_left_out, examples_left_out; /* of the candidate */
};

/* True while the candidate has used less than that much of its share. */
bool html_has_room(const struct html *h, unsigned percent);

/* "v2", and its number in identifiers of the page. */
const char *html_candidate(const struct html *h);

/* "3 fields in the JSON report are not shown here", where there are some. */
void html_left_out(struct html *h, size_t n, const char *of);

/* The table of endpoints with its forest of ratios. */
void html_endpoints(struct html *h);

/* Percentiles, curves and the course of the run, of all endpoints and of each. */
void html_latency(struct html *h);

/* How often which outcome of v1 met which one of the candidate. */
void html_outcomes(struct html *h);

/* The tree of fields, with examples. Returns 0, or -1 when memory is out. */
int html_fields(struct html *h);

/* An example: its values beside each other, and how to see it again, which is
 * folded where it is not the first. */
void html_example(struct html *h, const struct example *x, bool is_first);

/* A line for a shell, to be copied. */
void html_shell(struct html *h, struct str line);

/* Warnings, about the candidate; and about the run and how it was made. */
void html_warnings(struct html *h);
void html_run(struct html *h);

/* A cell of a table with a number, quiet where it is 0. */
void html_count(struct html *h, const char *label, uint64_t n, bool is_bad);

/* True for what v2 did that counts or may: different, rare, suspect. */
bool html_is_change(const struct tally_field *f);

#endif
