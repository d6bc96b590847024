/* url.h -- the parts of the URLs that say where something is.
 *
 * Strict: what would have to be guessed is refused, with the reason.
 */
#ifndef MIRRORCTL_REPLAY_URL_H
#define MIRRORCTL_REPLAY_URL_H

#include <stdbool.h>

#include "core/err.h"
#include "core/str.h"

enum { URL_MAX_LEN = 8 * 1024 };

/* Views into the text that was read. */
struct url {
    bool tls;
    struct str host; /* with the brackets of an IPv6 address */
    struct str port; /* empty: the default one */
    struct str path; /* without slashes at its end */
};

/* Read http://HOST[:PORT][/PATH] or https://... Returns 0, or -1 (ERR_USAGE). */
int url_parse(struct url *url, struct str text, struct err *e);

/* Read HOST[:PORT] into url->host and url->port. Likewise. */
int url_parse_authority(struct url *url, struct str authority, struct err *e);

/* A host is a name, or an address in the form it has in a URL. Likewise. */
int url_check_host(struct str host, struct err *e);
int url_check_port(struct str port, struct err *e);

#endif
