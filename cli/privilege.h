/* privilege.h -- give up what is not needed any more.
 *
 * Opening an interface takes privileges; reading hostile packets should have
 * none. Once everything is open a capture becomes another user, without
 * capabilities and without a way back, and keeps only the system calls it
 * needs.
 */
#ifndef MIRRORCTL_CLI_PRIVILEGE_H
#define MIRRORCTL_CLI_PRIVILEGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/err.h"

struct privilege_user {
    const char *name; /* NULL: nobody is to be become, and nothing is dropped */
    uid_t uid;
    gid_t gid;
};

/* Look a user up. Returns 0, or -1 with *e (ERR_USAGE): no such user, root, or
 * one that this process may not become. `name`, which may be NULL, must stay. */
int privilege_find(struct privilege_user *user, const char *name, struct err *e);

/* What may still be done with files and sockets, as that user. */
enum privilege_rest {
    PRIVILEGE_TO_WRITE,  /* to what is open */
    PRIVILEGE_TO_CREATE, /* files, and to remove them */
    PRIVILEGE_TO_ASK,    /* others: connections, names and certificates take any call */
};

/* Become that user for good. Call it before any thread is started. A kernel that has
 * no filter for system calls is told of; all else is done. Returns 0, or -1 with *e
 * set: then nothing should go on. */
int privilege_drop(const struct privilege_user *user, enum privilege_rest rest, struct err *e);

#endif
