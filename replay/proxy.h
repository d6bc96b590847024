/* proxy.h -- a proxy that all connections go through.
 *
 *     http://[USER:PASSWORD@]HOST:PORT   opens tunnels (CONNECT), also for http
 *     socks5://...                       is told addresses, names are looked up here
 *     socks5h://...                      is told names
 *
 * A port must be there: tools differ in what they take for the usual one.
 * The URL may hold a password, so no error quotes it.
 */
#ifndef MIRRORCTL_REPLAY_PROXY_H
#define MIRRORCTL_REPLAY_PROXY_H

#include <stdbool.h>

#include "core/err.h"
#include "core/str.h"

struct proxy {
    const char *url;       /* NULL: there is none */
    struct str host, port; /* views into it */
    bool looks_up_names;   /* of targets */
};

/* Read `url`, which must stay. Returns 0, or -1 with *e set (ERR_USAGE). */
int proxy_parse(struct proxy *p, const char *url, struct err *e);

#endif
