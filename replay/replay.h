/* replay.h -- exchanges in, pairs out: the second stage.
 *
 * Draws which requests are mirrored, decides when each is due, sends it to
 * every target at that moment, and hands on what each target answered. Targets
 * cannot hurt each other: each has its own queue, in-flight limit and circuit
 * breaker. Nothing is lost silently: struct replay_stats adds up.
 */
#ifndef MIRRORCTL_REPLAY_REPLAY_H
#define MIRRORCTL_REPLAY_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/exchange.h"
#include "core/hist.h"
#include "core/str.h"

enum replay_control { CONTROL_V1, CONTROL_RECORDED, CONTROL_NONE };
enum replay_pace { PACE_RECORDED, PACE_RATE, PACE_MAX };
/* What is drawn: requests by their trace or place (auto), by their place alone, or
 * whatever has the same header field, cookie or client address at once. */
enum replay_key { KEY_AUTO, KEY_REQUEST, KEY_HEADER, KEY_COOKIE, KEY_CLIENT_IP };
enum replay_host { HOST_KEEP, HOST_TARGET, HOST_SHADOW, HOST_NAME };

enum replay_baseline { BASELINE_V1, BASELINE_RECORDED };

enum { REPLAY_MAX_CANDIDATES = 8 };

/* A target's circuit breaker: calls go through, none does, or one to probe. */
enum replay_breaker { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

/* It changed. What follows the state is there when it opened. */
struct replay_breaker_change {
    const char *target;
    enum replay_breaker state;
    uint64_t failed, calls; /* of the last ten seconds; 0: it was a probe that failed */
    enum outcome outcome;   /* of the last that failed, and its detail */
    struct str detail;
    int64_t wait_ns; /* until the next probe */
};

/* A change to the header fields of copies: "Name: value" is set, or with
 * `remove` the fields of that name are left out. */
struct replay_field {
    struct str text;
    bool remove;
    unsigned version; /* 1: v1, and the control that is a second call to it; 2: v2, ...; 0: all */
};

/* Is it one that can be made? Returns 0, or -1 with *e (ERR_USAGE), in which no
 * value stands. */
int replay_field_check(const struct replay_field *f, struct err *e);

struct replay_progress;
struct plan; /* plan.h */
struct plan_rule;

/* What was decided about a request. */
struct replay_decided {
    const struct plan_rule *rule; /* that takes it, sent or not; NULL: none does, or it was left
                                     out before rules were asked */
    bool eligible;
    uint32_t drawn; /* bit 0: for the first of the rule's candidates, ... */
};

/* Who gets copies is said by a plan, or by URLs, which make one of a single rule. */
struct replay_config {
    const struct plan *plan; /* without errors; has to outlive the replay. NULL: the URLs */
    const char *v1;          /* URL; may be NULL with BASELINE_RECORDED */
    const char *candidates[REPLAY_MAX_CANDIDATES]; /* URLs of v2, v3, ... */
    size_t n_candidates;
    enum replay_baseline baseline; /* BASELINE_RECORDED: v1 gets no call but as control */
    uint32_t ppm;                  /* share that is mirrored, parts per million */
    bool ppm_said;    /* with a plan: it replaces the plan's shares; what is off stays off */
    const char *seed; /* of the draw; NULL is the default */
    enum replay_pace pace;
    double speed;               /* PACE_RECORDED: times the recorded pace */
    double rate;                /* PACE_RATE: requests a second */
    unsigned concurrency;       /* requests in flight per target; behind them some wait, and no
                             more where it lags, once 32 MiB of answers wait with them */
    uint64_t queue;             /* how many; 0: 1024. Each thread has its part, of one at least */
    unsigned threads;           /* event loops; 0 chooses */
    int64_t timeout_ns;         /* per request, connecting included */
    int64_t connect_timeout_ns; /* for connecting alone, TLS included; 0: no other */
    const char *methods;        /* "GET,HEAD,OPTIONS", or "all"; NULL is the default */
    enum replay_control control;
    enum replay_host host;  /* what is not HOST_KEEP goes before what rules say of Host */
    bool host_said;         /* so does HOST_KEEP */
    const char *host_name;  /* HOST_NAME */
    size_t max_body;        /* content kept of an answer */
    uint64_t max_request;   /* content of a request that is sent; 0: any */
    bool no_order;          /* requests of a recorded connection need not wait for each other */
    bool own_connections;   /* a connection for each recorded one; not with no_order */
    bool include_anomalous; /* also send requests two readers could read differently */
    bool no_marker;         /* leave out the X-Mirrorctl: 1 that copies carry */
    bool must_mark;         /* refuse to open if a copy would not carry it: they are captured */
    bool dry_run;           /* decide and account, send nothing */
    const char *ca_file;    /* PEM, or NULL for the system's */
    bool insecure;          /* no certificate checks */
    const char *cert_file;  /* PEM, for servers that want one of their clients, or NULL */
    const char *key_file;   /* PEM, of cert_file; NULL: it is in there, too */
    const char *proxy;      /* URL, see replay/proxy.h; NULL: none, whatever the environment says */
    const char *const *resolve; /* HOST:PORT:ADDRESS[,ADDRESS], instead of looking names up */
    size_t n_resolve;

    /* Share of a target's calls, parts per million, that may fail within ten
     * seconds before it is left alone for a while; 0: any. */
    uint32_t max_error_ppm;

    /* A breaker changed; may be NULL. Called by any worker, one at a time for a
     * target, and with its breaker held: not a place to linger. */
    void (*breaker)(void *ctx, const struct replay_breaker_change *change);

    /* Patterns of paths: only these, and these never. */
    const char *const *only;
    const char *const *skip;
    size_t n_only, n_skip;

    enum replay_key key;
    const char *key_name;      /* KEY_HEADER, KEY_COOKIE */
    bool missing_key_is_place; /* without its key a request is drawn by its place; else it
                                  is left out, as no_key */

    /* Changes to header fields, beside what always changes (rewrite.h). */
    const struct replay_field *fields;
    size_t n_fields;

    /* The schedule beside its pace. */
    bool poisson;        /* PACE_RATE: random gaps, seeded, as independent users leave them */
    int64_t ramp_ns;     /* not with PACE_MAX: rate or speed rises from 0 in this time */
    int64_t duration_ns; /* no request is due, or with PACE_MAX begun, later; 0: any time */
    uint64_t loops;      /* passes over the source; more than one need its rewind; 0 is 1 */

    /* Only the connections of this shard of so many, from 1 on; 0: all of them. */
    unsigned shard, shards;

    /* Called for each request, in the thread that reads the source; may be NULL. */
    void (*decided)(void *ctx, const struct replay_decided *d);

    /* Called about once a second while it runs; may be NULL. */
    void (*tick)(void *ctx, const struct replay_progress *progress);
    void *ctx;
};

/* The accounting of contract.md, per role: v1 is the baseline of whatever rule decides,
 * v2, v3, ... are its candidates in their order. What a request is not meant for, as its
 * rule has fewer, or a share left it out, is OUTCOME_OFF. */
struct replay_target_stats {
    char name[16]; /* "v1", "v2", ..., "control" */
    uint64_t outcomes[OUTCOME_COUNT];
    uint64_t sent, answered;
    uint64_t connections, retried, reused;
    uint64_t closed_early;               /* connections that were idle and one too many */
    uint64_t breaker_opened;             /* how often */
    uint64_t status_class[6];            /* answers by 1xx .. 5xx; [0] is others */
    int64_t first_sent_ns, last_sent_ns; /* wall clock; 0: nothing was sent */
    struct hist service;                 /* done - sent of answered calls, ns */
    /* ns from when a call could be sent (it was due, the one before it on its
     * connection over, a place in flight free) to when its sending was begun, if
     * only by opening a connection. */
    struct hist lateness;
};

/* How far a run is. */
struct replay_progress {
    uint64_t recorded, selected, done;         /* requests; done: pairs handed on */
    uint64_t behind;                           /* left out before: for who did to fill in */
    unsigned n_targets;                        /* roles */
    const struct replay_target_stats *targets; /* at most a second old */
    unsigned in_flight[PAIR_MAX_CALLS], waiting[PAIR_MAX_CALLS]; /* calls, by role */
};

enum { REPLAY_METHODS_TEXT = 128 };

struct replay_stats {
    uint64_t recorded;
    uint64_t eligible;
    /* not eligible */
    uint64_t method, incomplete, anomalous, tunnel, loop, no_rule, no_mirror, redirect, undecided,
        no_key, limit;
    char methods[REPLAY_METHODS_TEXT]; /* "POST, PUT": names of `method`, as far as they fit */
    uint64_t unreadable; /* of anomalous: without a request line, so that no option sends them */
    uint64_t cut_off;    /* of incomplete: content beyond what the capture keeps of it */
    uint64_t skipped;    /* of no_rule: by --only and --skip */
    uint64_t
        behind; /* also not eligible, left out before replay saw them: for who did to fill in */
    uint64_t selected, sampled_out;
    uint64_t unwritten; /* of selected: no pair in the result file, for who wrote it to fill in */
    uint64_t misplaced; /* of a file at its own pace: behind what began over a second later */
    uint64_t paired, unpaired;
    uint64_t elsewhere;           /* read, of other shards, and in none of these sums */
    uint64_t passes;              /* over the source, begun */
    int64_t started_ns, ended_ns; /* wall clock */
    bool stopped;
    unsigned n_targets; /* in the order of call.target */
    struct replay_target_stats *targets;
};

struct replay;

/* Check the configuration and resolve nothing yet. NULL with *e set. */
struct replay *replay_open(const struct replay_config *config, struct err *e);

/* Run until the source ends, or the time, the last answer or timeout is in, and the last
 * pair is with the sink. Pairs arrive from one thread, in no promised order.
 * Returns 0, or -1 with *e set; with ERR_DAMAGED from the source all that was
 * read before was sent. To be called once.
 *
 * The source is read in the calling thread, which is where signals arrive too;
 * sink and tick are called from another one, in which they are blocked. */
int replay_run(struct replay *r, const struct exchange_source *source, const struct pair_sink *sink,
               struct err *e);

/* Ask a run to stop: what is in flight ends, the rest that was read counts as
 * stopped, nothing more is read. A second call ends what is in flight too. Safe
 * in a signal handler. A source that waits for input has to end by itself. */
void replay_stop(struct replay *r);

/* Where calls to a role ("v1", "v2", ...) go: its URL, the destination's name if that
 * has several, or names. Valid as long as the replay; NULL: there is no such role. */
const char *replay_place(const struct replay *r, const char *role);

/* The plan that it runs by, NULL where that is made of URLs; and the share that all
 * candidates have which are not off, in parts per million, or -1 where shares differ. */
const struct plan *replay_plan(const struct replay *r);
int64_t replay_share(const struct replay *r);

/* The counters: while it runs only through tick, whole after replay_run(). */
const struct replay_stats *replay_stats(const struct replay *r);

/* Free it. NULL is fine. */
void replay_close(struct replay *r);

#endif
