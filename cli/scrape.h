/* scrape.h -- a page of text for whoever collects metrics.
 *
 * A server for GET /metrics and nothing else, in a thread of its own. Who asks
 * is not trusted and cannot slow the run: there are few connections at a time,
 * each for one request with a small head, and each only for a moment.
 */
#ifndef MIRRORCTL_CLI_SCRAPE_H
#define MIRRORCTL_CLI_SCRAPE_H

#include "core/err.h"
#include "core/str.h"

struct scrape;

/* Listen on `address`: ADDR:PORT or [ADDR]:PORT, or a PORT of the loopback; port
 * 0 is any that is free. `type` is the page's Content-Type. NULL with *e set
 * (ERR_USAGE) when that address cannot be had. */
struct scrape *scrape_open(const char *address, const char *type, struct err *e);

/* "http://127.0.0.1:9464/metrics", with the port that was got. */
const char *scrape_url(const struct scrape *s);

/* From now on this is the page; it is copied. Without memory the old one stays. */
void scrape_publish(struct scrape *s, struct str page);

/* End it, whoever is connected. NULL is fine. */
void scrape_close(struct scrape *s);

#endif
