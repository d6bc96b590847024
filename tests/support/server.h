/* server.h -- an HTTP server for tests that does what it is told, also wrongly.
 *
 * It reads whole requests and does for each what the script of its path says,
 * step by step. A path without a script gets a proper answer. Every connection
 * has a thread of its own, so a silent one hinders no other.
 */
#ifndef MIRRORCTL_TESTS_SERVER_H
#define MIRRORCTL_TESTS_SERVER_H

#include <stdbool.h>
#include <stddef.h>

enum server_do {
    DO_END,    /* wait for the next request */
    DO_SAY,    /* send the text */
    DO_REPEAT, /* send the text n times */
    DO_DRIP,   /* send the text byte by byte */
    DO_HOLD,   /* be silent until server_let_go(), or the peer closes */
    DO_CLOSE,  /* close in order */
    DO_RESET,  /* close with a reset */
};

struct server_step {
    enum server_do what;
    const char *text;
    size_t n;
};

enum { SERVER_MAX_STEPS = 8 };

struct server_script {
    const char *path; /* of the request, without query; "*" is any */
    bool early;       /* begin when the head is there, and do not read the body */
    bool only_first;  /* close, instead, on every request but a connection's first */
    struct server_step steps[SERVER_MAX_STEPS];
};

struct server;

/* Start one on a free port of 127.0.0.1 or ::1, or on a unix socket at `path`
 * (family AF_UNIX). The scripts must stay. Aborts the test if it cannot. */
struct server *server_start(int family, const char *path, const struct server_script *scripts,
                            size_t n_scripts);

/* Where it is: "http://127.0.0.1:4711" or "unix:/path". */
const char *server_url(const struct server *s);

/* End what is held, now and from now on. */
void server_let_go(struct server *s);

/* Requests read so far, and connections accepted. */
unsigned server_requests(struct server *s);
unsigned server_connections(struct server *s);

/* All bytes of requests read so far, as one C string. Valid until the stop. */
const char *server_log(struct server *s);

/* Close everything, end the threads and free it. */
void server_stop(struct server *s);

/* A URL where nobody listens, reserved until server_unrefuse(). */
int server_refuse(char *url, size_t room);
void server_unrefuse(int fd);

/* Descriptors that the process has open: to see that none is left over. */
unsigned server_count_descriptors(void);

#endif
