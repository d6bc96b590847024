/* connection.h -- connections to targets, opened by libcurl.
 *
 * libcurl resolves the name, connects, does TLS and checks certificates, and
 * hands over a connection on which nothing was sent (CURLOPT_CONNECT_ONLY).
 * What goes over it is ours, byte for byte. Nothing here blocks.
 *
 * A connector is one thread's means of opening connections. Changes come out
 * of connector_next(), never as calls from inside libcurl, so its user may
 * open and close connections whenever it has control.
 */
#ifndef MIRRORCTL_REPLAY_CONNECTION_H
#define MIRRORCTL_REPLAY_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"
#include "core/exchange.h"
#include "core/str.h"
#include "replay/proxy.h"
#include "replay/target.h"

struct connector;
struct connection;

struct connector_options {
    int64_t timeout_ns;               /* its user gives up by then; a little later libcurl does */
    int64_t connect_timeout_ns;       /* libcurl gives up earlier; 0: it does not */
    const char *ca_file;              /* PEM, or NULL for the system's */
    bool insecure;                    /* no certificate checks */
    const char *cert_file, *key_file; /* PEM, or NULL */
    const struct proxy *proxy;        /* NULL: none */
    const char *const *resolve;
    size_t n_resolve;
};

/* To be called before threads start. Returns 0, or -1 with *e set. */
int connection_setup(struct err *e);

/* Can TLS use the client's certificate and its key? Tried without a peer, since
 * what does not fit would else fail each call. Returns 0, or -1 with *e set
 * (ERR_USAGE). */
int connection_check_certificate(const struct connector_options *o, struct err *e);

/* The options must stay. NULL with *e set. */
struct connector *connector_new(const struct connector_options *o, struct err *e);

/* Free it; its connections must be closed. NULL is fine. */
void connector_free(struct connector *r);

/* A descriptor that is readable when connector_drive() has work to do. */
int connector_fd(const struct connector *r);

/* Go on with what is being opened. */
void connector_drive(struct connector *r);

/* The next connection that changed: it is open now, it could not be opened, or
 * it has ended while nobody read from it. NULL when there is none. */
struct connection *connector_next(struct connector *r);
bool connector_has_next(const struct connector *r);

enum connection_state {
    CONNECTION_OPENING,
    CONNECTION_OPEN,
    CONNECTION_FAILED, /* connection_failure() says why */
    CONNECTION_GONE,   /* it was open */
};

/* Start to open one. `user` is for connection_user(). NULL only without memory,
 * with *e set; all other failures come out of connector_next(). */
struct connection *connection_open(struct connector *r, const struct target *t, void *user,
                                   struct err *e);

/* Close at any time, in any state. */
void connection_close(struct connection *c);

enum connection_state connection_state(const struct connection *c);
void *connection_user(const struct connection *c);

/* The socket of an open connection, for epoll. */
int connection_fd(const struct connection *c);

/* Why it failed: OUTCOME_RESOLVE, _CONNECT, _TLS, _TIMEOUT or _RESET; *detail,
 * for people, is valid as long as the connection. Of an open connection on which
 * something failed: OUTCOME_TLS if it was TLS that the peer would not have, which
 * TLS 1.3 tells no sooner; else OUTCOME_NONE. */
enum outcome connection_failure(const struct connection *c, struct str *detail);

/* What takes too long where one is still being opened. */
struct str connection_overdue(const struct connection *c);

enum { CONNECTION_AGAIN = -1, CONNECTION_ERROR = -2 };

/* Send or receive what is possible now: a number of bytes, 0 when the peer has
 * closed (receive only), CONNECTION_AGAIN or CONNECTION_ERROR. */
ssize_t connection_send(struct connection *c, struct str bytes);
ssize_t connection_receive(struct connection *c, char *bytes, size_t n);

/* True if a receive that fills less than the buffer has emptied the socket.
 * Not so with TLS, which may hold bytes that no socket event announces. */
bool connection_has_no_buffer(const struct connection *c);

#endif
