/* tls_server.h -- an https server for tests, made of the openssl program.
 *
 * It talks to one connection after the other and gives the same proper answer
 * to every request, over kept-alive connections.
 */
#ifndef MIRRORCTL_TESTS_TLS_SERVER_H
#define MIRRORCTL_TESTS_TLS_SERVER_H

#include <stdbool.h>

struct tls_server;

/* True if the openssl program is there. */
bool tls_is_available(void);

/* Make a certificate for `name`, which is its own authority, in a fresh folder. */
struct tls_server *tls_server_start(const char *name);

/* The same with one that has expired, or where clients must show a certificate:
 * the server's own is the one that it takes. Up to a version of TLS ("-tls1_2"),
 * or NULL. */
struct tls_server *tls_server_start_expired(const char *name);
struct tls_server *tls_server_start_strict(const char *name, const char *version);

/* Both at once. */
struct tls_server *tls_server_start_strict_expired(const char *name, const char *version);

/* "https://localhost:4711", and the certificate to trust. */
const char *tls_server_url(const struct tls_server *s);
const char *tls_server_ca(const struct tls_server *s);
const char *tls_server_key(const struct tls_server *s);

/* Requests read so far. */
unsigned tls_server_requests(struct tls_server *s);

void tls_server_stop(struct tls_server *s);

#endif
