/* target.h -- one version under test at one address, which is read from its URL.
 *
 *     http://HOST[:PORT][/PREFIX]   https://...   unix:/PATH/OF/SOCKET
 *
 * A prefix is put in front of the path of each request; it does not replace it.
 * What a version is to a run, v1, v2, ... or the control, is its role; one that
 * runs in several places is as many targets.
 * Does not change while a run lasts, so threads share it.
 */
#ifndef MIRRORCTL_REPLAY_TARGET_H
#define MIRRORCTL_REPLAY_TARGET_H

#include <stdbool.h>

#include "core/err.h"

struct target {
    char name[16]; /* of its role: "v1", "v2", ..., "control" */
    unsigned role; /* the place of its calls in a pair */
    bool tls;
    char *origin;    /* "https://host:port/", what to connect to */
    char *unix_path; /* of a socket, or NULL; then the host is "localhost" */
    char *authority; /* what a Host field says: "host", or "host:port" */
    char *prefix;    /* "/base" without a slash at its end, or "" */
};

/* Read `url`; the role is 0 until it is set. Returns 0 with *t to be released, or -1
 * with *e set (ERR_USAGE) and *t untouched. Nothing is resolved or connected. */
int target_parse(struct target *t, const char *name, const char *url, struct err *e);

/* Free what it holds; fine on a zeroed struct. */
void target_release(struct target *t);

#endif
