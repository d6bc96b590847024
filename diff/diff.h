/* diff.h -- pairs in, verdict and report out: the third stage.
 *
 * Compares what v1 and v2 answered to the same request: outcome, status,
 * headers, body, latency. Where v1 was asked twice, what it also does to itself
 * is noise. There may be more candidates, v3 to v9, each compared with v1 and
 * judged by itself, and the recorded answer may stand in v1's place. Never sends
 * anything; the same pairs and rules give the same bytes.
 */
#ifndef MIRRORCTL_DIFF_DIFF_H
#define MIRRORCTL_DIFF_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/diag.h"
#include "core/err.h"
#include "core/exchange.h"
#include "core/str.h"

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_INCONCLUSIVE };

/* A file that somebody wrote, read by the caller. */
struct diff_file {
    const char *name;
    struct str text;
};

struct diff_config {
    const char *file;         /* the result's name, for the report and its hints */
    const char *const *gates; /* NAME=LIMIT */
    size_t n_gates;
    const char *const *patterns; /* "GET /users/{id}" */
    size_t n_patterns;
    const struct diff_file *openapi; /* descriptions whose paths are endpoints */
    size_t n_openapi;
    const struct diff_file *rules; /* YAML */
    size_t n_rules;
    const char *const *ignores; /* paths: "$.meta.ts", "/meta/ts", "header:etag" */
    size_t n_ignores;
    const struct diff_file *noises; /* profiles of v1's noise, where v1 was not asked twice */
    size_t n_noises;
    bool additive;       /* members and headers that v2 added are no difference */
    struct diags *diags; /* where mistakes in such files go; needed where there are any */
    unsigned threads;    /* comparers; 0 chooses; the output does not depend on it */
    bool show_secrets;
    bool list_pairs; /* keep what the format "jsonl" lists */
    bool live;       /* compare each pair as it comes, and have diff_glance() */
};

/* How a text report may look. */
struct report_style {
    bool colour;
    bool ascii;     /* nothing beyond ASCII */
    unsigned width; /* columns, at least 40 */
};

struct diff;

/* Check the configuration. NULL with *e set; what is wrong in files is in
 * config->diags, one by one, and *e (ERR_USAGE) says how much there is. */
struct diff *diff_open(const struct diff_config *config, struct err *e);

/* The META of a section of the result file, before its pairs, and the STATS
 * (accounting) behind them; the source of diff_run() may call both as it comes
 * to them. What they need of `json` is copied. Fields that are missing are shown
 * as unknown. Return 0, or -1 with *e set (ERR_INPUT). */
int diff_meta(struct diff *d, struct str json, struct err *e);
int diff_stats(struct diff *d, struct str json, struct err *e);

/* Compare all pairs of the source. Returns 0, or -1 with *e set; with
 * ERR_DAMAGED from the source all that was read before is compared. */
int diff_run(struct diff *d, const struct pair_source *source, struct err *e);

/* What can be said of an endpoint while pairs still come. */
enum { DIFF_GLANCE_METHOD = 20, DIFF_GLANCE_PATH = 100 };
struct diff_glance {
    char name[512];            /* "GET /movies/{id}", in ASCII and fit for a terminal */
    uint64_t pairs, differing; /* differing: where v1 did not differ from itself */
};

/* Fill in the weightiest endpoints, those with most that differ first, and the
 * sums of all. Returns how many there are, at most `max`. From any thread, also
 * during diff_run(); nothing without config.live. */
size_t diff_glance(struct diff *d, struct diff_glance *rows, size_t max, struct diff_glance *all);

/* Judge what was compared: the worst of all candidates. */
enum verdict diff_verdict(const struct diff *d);

/* Write the report in a format of diff_formats() to `out`. */
int diff_report(const struct diff *d, const char *format, const struct report_style *style,
                struct buf *out, struct err *e);

/* Append commands for GitHub's workflows, at most ten lines: the verdict, and what
 * made it FAIL. Returns 0, or -1 with *e set. */
int diff_annotate(const struct diff *d, struct buf *out, struct err *e);

/* The rules that hold for headers unless others are given, as a file of rules. */
int diff_default_rules(struct buf *out, struct err *e);
/* The requests to send again, as an array of *n ordinals, sorted, that the caller frees
 * with mem_free(): those with a difference too rare or too weak to tell from noise. After
 * diff_run(). NULL with *e set. */
uint64_t *diff_undecided(const struct diff *d, size_t *n, struct err *e);

/* Append what differs in one pair, candidate by candidate and field by field, for
 * people. Of the section whose META was given last; without rules. Returns 0, or -1 with *e set. */
int diff_pair(const struct diff *d, const struct pair *p, const struct report_style *style,
              struct buf *out, struct err *e);

/* Append a profile of noise as config.noises takes it: of a run in which v2 is v1. */
int diff_learn_noise(const struct diff *d, struct buf *out, struct err *e);

/* Names for messages and help: "text", "json"; and ".txt", ".json"; NULL at the end. */
const char *const *diff_formats(void);
const char *const *diff_extensions(void);

/* The format a file name ends with (".json"), or NULL. */
const char *diff_format_of(const char *path);

/* Free it. NULL is fine. */
void diff_close(struct diff *d);

#endif
