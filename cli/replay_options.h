/* replay_options.h -- what is sent, where to, how fast: the options that
 * `replay` and `mirror` have in common.
 *
 * What a configuration can say as well has no default of its own until
 * replay_options_settle(), so that the command line goes before the configuration
 * and that before the defaults. */
#ifndef MIRRORCTL_CLI_REPLAY_OPTIONS_H
#define MIRRORCTL_CLI_REPLAY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/headers.h"
#include "cli/option.h"
#include "cli/proxy_option.h"
#include "core/clock.h"
#include "core/err.h"
#include "replay/plan.h"
#include "replay/replay.h"

enum { REPLAY_OPTIONS_VERSIONS = 9 };

struct replay_options {
    const char *v1;
    struct option_list candidates;
    struct option_list config; /* YAML */
    struct replay_share_option {
        uint64_t ppm; /* of a million */
        bool said;
    } share;
    const char *seed; /* NULL: not said, as for all pointers below */
    struct replay_key_option {
        enum replay_key kind;
        const char *name; /* of the header or cookie */
        const char *text; /* as it was given */
    } key;
    int missing_key; /* 1: drawn by its place */
    struct replay_shard_option {
        unsigned index, count; /* count 0: everything */
    } shard;
    double speed, rate;
    int arrivals; /* 1: poisson */
    int64_t ramp_ns, duration_ns;
    uint64_t loops;
    bool max;
    uint64_t concurrency;   /* 0: not said, as for the times */
    unsigned confirm_times; /* each request is one of a result, sent so often; 0: it is not */
    uint64_t queue;         /* only a configuration says it */
    uint64_t max_request;
    bool no_order;
    int connections; /* index into pooled, recorded */
    int64_t timeout_ns, connect_timeout_ns;
    struct replay_errors_option {
        uint64_t ppm; /* 0: off */
        bool said;
    } max_errors;
    const char *methods;
    char methods_room[1024]; /* where a configuration's are put together */
    int control;             /* enum replay_control */
    int baseline;            /* enum replay_baseline */
    struct option_list only, skip;
    struct replay_host_option {
        enum replay_host kind;
        const char *name;
        bool said;
    } host;
    struct option_list header, header_for[REPLAY_OPTIONS_VERSIONS], remove_header;
    bool dry_run, include_anomalous, insecure;
    const char *ca_file, *cert_file, *key_file;
    struct option_list resolve;
    struct proxy_option proxy;
    const char *metrics; /* ADDR:PORT */
};

/* To be a part of a command's table. */
extern const struct option_spec replay_options[];

#define REPLAY_DEFAULTS            \
    {                              \
        .loops = 1, .control = -1, \
    }

/* How requests arrive at --rate; NULL-terminated. */
extern const char *const replay_arrivals[];

/* The names of enum replay_control and enum replay_baseline; NULL-terminated. */
extern const char *const replay_controls[], *const replay_baselines[];

/* What the options say together. Returns 0, or -1 with *e (ERR_USAGE). */
int replay_options_check(const struct replay_options *o, struct err *e);

/* True if v1 gets calls, for its answers or as control. One that only YAML names, beside
 * --baseline recorded, gets those that --control asks for. */
bool replay_options_ask_v1(const struct replay_options *o);

/* Fill in what was not said: by the plan's settings, unless there is no plan, then by the
 * defaults. The texts stay the plan's. Returns 0, or -1 with *e (ERR_USAGE). */
int replay_options_settle(struct replay_options *o, const struct plan *plan, struct err *e);

/* True if the percentage is one of keys, such as sessions, not of requests. */
bool replay_options_draw_keys(const struct replay_options *o);

/* Fill in what of the configuration the options say. */
void replay_options_configure(const struct replay_options *o, struct replay_config *c);

/* The same for header fields: they are read into *h, which was initialised and
 * has to outlive the run. Returns 0, or -1 with *e (ERR_USAGE). */
int replay_options_headers(const struct replay_options *o, struct headers *h,
                           struct replay_config *c, struct err *e);

#endif
