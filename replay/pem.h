/* pem.h -- is there in a file what it is given for?
 *
 * Asked before anything is sent. A file that TLS cannot use would otherwise
 * show up as a failure of every single call, or, where a key is encrypted, as a
 * question for its password in the middle of a run.
 */
#ifndef MIRRORCTL_REPLAY_PEM_H
#define MIRRORCTL_REPLAY_PEM_H

#include "core/err.h"

/* Returns 0, or -1 with *e set (ERR_USAGE) when the file cannot be read, or has
 * no certificate, or no private key, or one that is encrypted. */
int pem_check_certificate(const char *path, struct err *e);
int pem_check_key(const char *path, struct err *e);

#endif
