/* proxy.h -- a proxy for tests: CONNECT of HTTP, and SOCKS 5, on one port.
 *
 * It finds out which is spoken by the first byte. Each tunnel has a thread.
 */
#ifndef MIRRORCTL_TESTS_PROXY_H
#define MIRRORCTL_TESTS_PROXY_H

struct proxy_server;

/* Start one on a free port of 127.0.0.1. With a status other than 0 it answers
 * every CONNECT with that and opens nothing. */
struct proxy_server *proxy_server_start(unsigned status);

/* One that says `text` in each target's name, in one breath with its own answer:
 * it is there before a request can be sent. */
struct proxy_server *proxy_server_start_hasty(const char *text);

unsigned proxy_server_port(const struct proxy_server *p);

/* All that was said to open tunnels: heads of CONNECT, and "SOCKS5 host:port\n".
 * Valid until the stop. */
const char *proxy_server_log(struct proxy_server *p);

/* Tunnels that were opened. */
unsigned proxy_server_tunnels(struct proxy_server *p);

/* Close everything; the other ends of the tunnels must be closed. */
void proxy_server_stop(struct proxy_server *p);

#endif
