/* status.h -- from what went wrong to what the shell sees. */
#ifndef MIRRORCTL_CLI_STATUS_H
#define MIRRORCTL_CLI_STATUS_H

#include "core/err.h"

/* Say what went wrong, once, and return the exit status for its kind. */
int status_fail(const struct err *e);

/* The same before anything was read or written: a file that cannot be opened
 * is then a matter of usage, not a job half done. */
int status_refuse(const struct err *e);

/* The same when something was begun: then it is done in part at the best. */
int status_partly(const struct err *e);

/* The graver of two exit statuses of one run. */
int status_worst(int a, int b);

#endif
