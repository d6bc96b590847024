/* plan.h -- which requests are mirrored, from where to where, and how much.
 *
 * Istio's, the Gateway API's and our own files, and --v1 with --v2, all become
 * one plan: an ordered list of rules. What is always true of it:
 *
 * - Of all hosts that its rules name, the most specific that fits a request's
 *   Host decides: exact names before *.suffixes, long ones before short ones,
 *   "*" last. Rules of that host are asked in the order of the list, together
 *   with those that name no host at all. The first whose match fits decides.
 * - What only our own kind can say, PLAN_DENY and PLAN_PERCENT, takes no host from
 *   other rules: it is asked wherever one of its hosts fits.
 * - An overlay (PLAN_PERCENT) does not decide: it replaces the share of the rule
 *   behind it that does.
 * - A destination is a HOST[:PORT][/SUBSET] as the files name it. Where it runs
 *   is an address, a URL that was given for it; no name is ever looked up.
 * - Everything knows where it was written.
 *
 * It lives in an arena, does not change once it is made, and is shared by
 * threads. Whoever finds something wrong with the input says so in a struct
 * diags (core/diag.h); with errors there the plan may be printed, not run.
 */
#ifndef MIRRORCTL_REPLAY_PLAN_H
#define MIRRORCTL_REPLAY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/diag.h"
#include "core/err.h"
#include "core/exchange.h"
#include "core/str.h"

enum {
    PLAN_MEMORY = 256 * 1024 * 1024,
    PLAN_MAX_RULES = 16384,
    PLAN_MAX_CANDIDATES = 8,      /* of a rule: v2 to v9 */
    PLAN_MAX_DESTINATIONS = 1024, /* of a plan */
    PLAN_MAX_ADDRESSES = 64,      /* of a destination */
    PLAN_MILLION = 1000000,
};

struct regex; /* regex.h */

/* ---- what a request must be ---------------------------------------------------- */

enum plan_how {
    PLAN_PRESENT,  /* there, whatever it is */
    PLAN_EXACT,    /* equal */
    PLAN_PREFIX,   /* begins so: /foo fits /foobar (Istio) */
    PLAN_SEGMENTS, /* begins with these path segments: /foo fits /foo/x, not /foobar (Gateway API) */
    PLAN_GLOB,     /* core/pattern.h: one segment is {name} or a star (our own) */
    PLAN_REGEX,    /* all of it, RE2's language as far as regex.h knows it */
};

struct plan_text {
    enum plan_how how;
    bool any_case;       /* PLAN_EXACT, PLAN_PREFIX, PLAN_SEGMENTS */
    struct str text;     /* of a regex its source */
    struct regex *regex; /* PLAN_REGEX; lives as long as the plan */
};

/* A header field or a query parameter. */
struct plan_field {
    struct plan_field *next;
    struct str name;
    struct plan_text value;
    bool not_so; /* Istio's withoutHeaders: fits where this does not */
};

/* All of it must fit. NULL and 0 fit anything. */
struct plan_match {
    struct plan_match *next; /* another one that would do as well */
    struct place at;
    struct plan_text *path; /* raw, without query and fragment */
    struct plan_text *method, *authority, *scheme;
    struct plan_field *headers, *queries;
    uint16_t port; /* that the request came to */
    /* What it asks that no capture knows, such as "sourceLabels"; then it does
     * not fit. NULL: nothing, or it was to be assumed. */
    const char *unknowable;
};

/* ---- what is done with it ------------------------------------------------------ */

/* Where a destination runs. */
struct plan_address {
    struct plan_address *next;
    struct str url;
    struct str from; /* for people: "--endpoint", "ServiceEntry movies-local, movies.yaml:41" */
};

struct plan_destination {
    struct plan_destination *next;
    struct str name; /* HOST[:PORT][/SUBSET], unique in the plan */
    struct str host; /* as written; `full` is with its namespace and domain */
    struct str full;
    struct str subset;
    uint16_t port;                  /* 0: not said */
    struct plan_address *addresses; /* NULL: none is known, which was told */
    unsigned n_addresses;
};

/* A change to the fields of a copy. REMOVE goes before SET, SET before ADD. Of a rule none is about
 * Host, which is rewrite.authority; of an arrow a SET may be. */
enum plan_change_kind { PLAN_REMOVE, PLAN_SET, PLAN_ADD };
struct plan_change {
    struct plan_change *next;
    enum plan_change_kind kind;
    struct str name, value;
};

/* An arrow from a rule to a destination. */
struct plan_arrow {
    struct plan_arrow *next;
    const struct plan_destination *to;
    struct place at;
    uint32_t weight;             /* of a baseline, among all of the rule */
    uint32_t ppm;                /* of a candidate: its share, 0 is off */
    const struct plan_arrow *of; /* a candidate of that baseline only; NULL: of any */
    struct plan_change *changes; /* for copies that go here, behind the rule's */
};

enum plan_path_rewrite {
    PLAN_PATH_KEPT,
    PLAN_PATH_PREFIX, /* what the match's path says is replaced, "/" where it says nothing; all of
                         it where that is a regex */
    PLAN_PATH_WHOLE,  /* all of the path; the query stays */
    PLAN_PATH_REGEX,  /* where `pattern` fits, by its groups: \0 to \9 */
};

struct plan_rewrite {
    enum plan_path_rewrite path;
    bool segments; /* PLAN_PATH_PREFIX by segments: one slash where they meet */
    struct str to;
    struct plan_text *pattern; /* PLAN_PATH_REGEX */
    struct str authority;      /* what Host says; data NULL: nothing about it */
};

enum plan_action {
    PLAN_MIRROR,   /* baseline and candidates; with none of them on, nothing is sent */
    PLAN_REDIRECT, /* answered by the mesh itself: nobody to ask */
    PLAN_DENY,     /* mirror: false */
    PLAN_PERCENT,  /* an overlay */
};

struct plan_rule {
    struct plan_rule *next;
    uint32_t index;    /* its place, from 0 */
    struct str name;   /* "movies-api-vservice/0", or as the file calls it */
    struct str source; /* "movies-mirror.yaml:18" */
    struct place at;
    struct str *hosts; /* "a.example", "*.example", "*"; n_hosts 0: any, and asked first to last */
    size_t n_hosts;
    struct plan_match *matches; /* one of them; NULL: everything */
    enum plan_action action;
    uint32_t ppm; /* PLAN_PERCENT */
    struct plan_arrow *baselines;
    struct plan_arrow *candidates; /* at most PLAN_MAX_CANDIDATES */
    struct plan_change *changes;   /* for all copies */
    struct plan_rewrite rewrite;
    int64_t timeout_ns; /* 0: not said */
};

/* What only our own kind, Mirror, can say about a whole run. Texts have data
 * NULL where nothing was said. The command line goes before them. */
struct plan_settings {
    struct str name;
    struct str seed, key; /* of the draw; key as --sample-key takes it */
    struct str *methods;
    size_t n_methods;
    struct plan_change *changes;
    struct str host; /* as --host takes it */
    struct plan_limits {
        double rate; /* requests a second; 0: not said, as for all of these */
        uint64_t concurrency, body, queue;
        int64_t timeout_ns;
        uint32_t max_error_ppm;
        bool has_max_error;
    } limits;
};

struct plan {
    struct arena mem;
    struct plan_rule *rules, *last_rule;
    size_t n_rules;
    struct plan_destination *destinations;
    size_t n_destinations;
    struct plan_settings settings;
    struct plan_regex *regexes; /* all that were compiled: plan_free() frees them */
};

/* ---- making one ---------------------------------------------------------------- */

/* A text of the input; `name` is what diagnostics call it. */
struct plan_input {
    struct str text;
    const char *name;
};

struct plan_options {
    const struct plan_input *inputs; /* YAML, in order */
    size_t n_inputs;
    const char *const *endpoints; /* KEY=URL */
    size_t n_endpoints;
    const struct plan_input *endpoint_files; /* YAML maps of KEY: URL or [URL, ...] */
    size_t n_endpoint_files;
    const char *namespace; /* of objects that name none; NULL: default */
    bool lenient;          /* fields that are not known are warnings */
    bool assume_source_labels;

    /* URLs of --v1, --v2, ...: they stand for the baselines and the candidates of all
     * rules, so that none of those needs an address. NULL, 0: not given. */
    const char *v1;
    const char *const *candidates;
    size_t n_candidates;
    bool v1_is_not_asked; /* so that no baseline needs an address either */

    /* Read the file that `name` imports from `importer`, into `text`. NULL: imports
     * are refused. Returns 0, or -1 with *e set. */
    int (*import)(void *ctx, const char *importer, struct str name, struct buf *text,
                  const char **shown_as, struct err *e);
    void *ctx;
};

/* Make the plan of these files. What is wrong with them goes to *diags, all of it;
 * the plan is then what could be made of the rest. NULL with *e set only where there
 * is no memory. */
struct plan *plan_read(const struct plan_options *options, struct diags *diags, struct err *e);

/* The plan of --v1 and --v2: one rule for everything. `v1` may be NULL. NULL with *e set. */
struct plan *plan_of_urls(const char *v1, const char *const *candidates, size_t n, uint32_t ppm,
                          struct err *e);

/* Free it. NULL is fine. */
void plan_free(struct plan *p);

/* ---- asking it ------------------------------------------------------------------ */

/* What of a request decides. Views. */
struct plan_request {
    struct str method, path, query; /* path raw; query without its question mark */
    struct str authority;           /* Host as captured, or the target's; with its port */
    struct str scheme;
    struct str head; /* for its fields */
    uint16_t port;   /* that it came to; 0: not known */
};

/* Read one out of a head. False: it has no request line. */
bool plan_request_of_head(struct plan_request *r, struct str head);

/* The same of an exchange whose request line and Host (data NULL: none) are known. */
void plan_request_of(struct plan_request *r, const struct exchange *x,
                     const struct http_request_line *line, struct str host);

enum plan_answer {
    PLAN_SENT,       /* its rule mirrors: baseline and candidates are to be drawn */
    PLAN_NO_RULE,    /* none fits */
    PLAN_NO_MIRROR,  /* the rule that fits has no mirror, or all are off, or denies */
    PLAN_REDIRECTED, /* ... answers by itself */
    PLAN_UNDECIDED,  /* none fits, but one may if what no capture knows were so; or a
                        regular expression ran into its limits */
};

struct plan_decision {
    enum plan_answer answer;
    const struct plan_rule *rule;    /* that decided, or NULL */
    const struct plan_match *match;  /* of it, that fits; NULL: it matches everything */
    const struct plan_rule *overlay; /* whose share counts instead, or NULL */
};

struct plan_router;

/* Make a plan ready to be asked fast. NULL with *e set. One thread uses it at a time;
 * the plan must stay. */
struct plan_router *plan_router_new(const struct plan *p, struct err *e);
void plan_router_free(struct plan_router *r);
void plan_router_decide(struct plan_router *r, const struct plan_request *request,
                        struct plan_decision *d);

/* The share of a candidate under a decision: the overlay's, but off stays off. */
uint32_t plan_share(const struct plan_decision *d, const struct plan_arrow *candidate);

/* ---- showing it ------------------------------------------------------------------ */

/* Append it in native form, which plan_read() makes the same plan of. */
int plan_print(const struct plan *p, struct buf *out, struct err *e);

/* Append contract.md's JSON, with the diagnostics. */
int plan_print_json(const struct plan *p, const struct diags *diags, struct buf *out,
                    struct err *e);

/* Append, for people, which rule decides about a request, what is done with it, and
 * what each earlier rule asked that it lacks. */
int plan_explain(const struct plan *p, const struct plan_request *request, struct buf *out,
                 struct err *e);

#endif
