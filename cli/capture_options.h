/* capture_options.h -- what is captured, and where: the options that `capture`
 * and `mirror` have in common. */
#ifndef MIRRORCTL_CLI_CAPTURE_OPTIONS_H
#define MIRRORCTL_CLI_CAPTURE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/capture.h"
#include "cli/option.h"
#include "core/err.h"

struct capture_options {
    const char *interface;
    struct option_list files;
    struct capture_port_list {
        uint16_t list[CAPTURE_MAX_PORTS];
        size_t n;
    } ports;
    const char *filter;
    const char *user; /* to become */
    struct option_list redact;
    uint64_t count;
    int64_t duration_ns;
    uint64_t memory, buffer;
    bool promiscuous;
};

/* To be a part of a command's table. */
extern const struct option_spec capture_options[];

#define CAPTURE_DEFAULTS                         \
    {                                            \
        .memory = 512 << 20, .buffer = 64 << 20, \
    }

/* What the options say together. Returns 0, or -1 with *e (ERR_USAGE). */
int capture_options_check(const struct capture_options *o, struct err *e);

/* Fill in what of the configuration the options say, and let the capture warn
 * on stderr. What `c` then points to is the options'. */
void capture_options_configure(const struct capture_options *o, struct capture_config *c);

/* Say that packets can arrive from `name`: for config.ready. */
void capture_options_ready(const struct capture_options *o, const char *name);

/* After a run: a name that was never found may be misspelt, and then the
 * secret is there. */
void capture_options_warn_of_misses(const struct capture_options *o, const struct capture *c);

/* The service that is watched goes first: where both want the same processor,
 * the last place leaves us a hundredth of it, and as a batch we do not interrupt.
 * That is for the calling thread and those it starts. Not being allowed to is no
 * failure. Not SCHED_IDLE: where others keep the processors busy that is never,
 * and 40,000 requests a second lost packets which nobody would have missed the
 * time for. */
void capture_give_way(void);

#endif
