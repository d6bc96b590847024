/* fault_server.h -- a server that does what servers should not do.
 *
 * What can go wrong is a table in fault.c. A request chooses its row by
 * its path, "/stops-in-body?17"; a path that is in no row gets a proper answer.
 * Behind the "?" stands the request's id, which comes back in X-Id and in the
 * content of everything that answers it: an answer that was taken for another
 * request's gives itself away.
 *
 * One thread serves all connections. Nothing sleeps; what is drawn is drawn
 * from a seed.
 */
#ifndef MIRRORCTL_TESTS_FAULT_SERVER_H
#define MIRRORCTL_TESTS_FAULT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAULT_MAX_IDS = 8192 };

struct fault_options {
    int64_t tick_ns;      /* between two bytes that drip, and before what comes late;
                             0: a millisecond */
    unsigned closes_idle; /* of 100 answers, after how many the connection is closed */
    uint64_t seed;        /* for which, and when: at once, a tick later, or as
                             soon as the next request arrives */
    bool deaf;            /* accept nothing, with a backlog that is full */
};

struct fault_server;

/* Start one on a free port of 127.0.0.1. Aborts the test if it cannot. */
struct fault_server *fault_server_start(const struct fault_options *options);
const char *fault_server_url(const struct fault_server *s);

/* How often a request with that id was read whole, and all of them. */
unsigned fault_server_times(struct fault_server *s, unsigned id);
unsigned fault_server_requests(struct fault_server *s);

/* Wait until `n` times a script has come to its end, or to wait for a request. */
void fault_server_wait(struct fault_server *s, unsigned n);

void fault_server_stop(struct fault_server *s);

#endif
