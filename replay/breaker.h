/* breaker.h -- when to leave a target alone: a machine fed with time and outcomes.
 *
 *     closed     every call goes through; too many failures open it
 *     open       none goes through, until the wait is over
 *     half-open  one probe at a time; three answered in a row close it, a failed
 *                one opens it again for twice as long
 *
 * A call has failed if it was not answered. A 5xx is an answer: it is there to
 * be compared, and a v2 that answers everything with 500 has to show up as that
 * and not as a v2 that was hardly asked.
 *
 * No clock, no lock, no sockets. Times are monotonic, in ns.
 */
#ifndef MIRRORCTL_REPLAY_BREAKER_H
#define MIRRORCTL_REPLAY_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/replay.h"

enum {
    BREAKER_WINDOW_S = 10,  /* it judges by so many seconds, this one among them */
    BREAKER_MIN_CALLS = 20, /* and by no fewer calls */
    BREAKER_CLOSING = 3,    /* answered probes in a row that close it */
    BREAKER_PATIENCE = 3,   /* failed probes in a row after which nobody waits */
    BREAKER_FIRST_WAIT_S = 5,
    BREAKER_LONGEST_WAIT_S = 60,
};

struct breaker {
    uint32_t max_ppm; /* share of failed calls that opens it; 0: never */
    enum replay_breaker state;
    unsigned pass; /* what a call gets that goes through; another in each state */
    bool probing;  /* half-open: a probe is under way */
    bool answered; /* ever */
    unsigned good_probes, bad_probes; /* in a row */
    int64_t wait_ns, probe_at_ns;     /* open */
    struct {
        int64_t second;
        uint64_t calls, failed;
    } window[BREAKER_WINDOW_S];
    uint64_t opened; /* how often */
};

/* Start closed. */
void breaker_init(struct breaker *b, uint32_t max_ppm);

/* May a call be sent now? Returns its pass, or 0 if not. */
unsigned breaker_enter(struct breaker *b, int64_t now_ns);

/* A call with this pass will not be sent after all. */
void breaker_leave(struct breaker *b, unsigned pass);

/* A call with this pass was answered, or failed. What was sent in an earlier
 * state says nothing about this one, and is not counted. */
void breaker_note(struct breaker *b, unsigned pass, bool failed, int64_t now_ns);

/* Who can wait as well as leave calls out: until when? 0: no longer. A target
 * that never answered is not waited for, nor one that failed several probes. */
int64_t breaker_worth_waiting(const struct breaker *b, int64_t now_ns);

/* Finished and failed calls of the window. */
void breaker_sums(const struct breaker *b, int64_t now_ns, uint64_t *calls, uint64_t *failed);

#endif
