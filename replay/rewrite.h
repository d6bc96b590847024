/* rewrite.h -- the bytes of a copy: the recorded request, changed by named rules.
 *
 * Order, case, duplicates and line breaks of fields stay as they were captured.
 * What changes, and nothing else:
 *
 *   target     the path may be another one (path.h), and the prefix is put in front
 *              of it; absolute-form, which is for proxies, becomes origin-form
 *              (RFC 9112, 3.2)
 *   Host       by policy: keep, target, shadow, or a fixed name; of an absolute-form
 *              target that names another, that one is recorded (RFC 9112, 3.2.2)
 *   hop-by-hop Connection and what it names, Keep-Alive, Proxy-Connection, TE,
 *              Upgrade are left out: they were about the recorded connection,
 *              ours is kept alive (RFC 9110, 7.6.1). HTTP/1.0 has to ask for it.
 *   Expect     left out: the copy's content is sent without waiting
 *   fields     those of rules, --remove-header and --header (fields.h)
 *   marker     X-Mirrorctl: 1 at the end, so that captures can skip copies
 *
 * The body is framed as it was, by Content-Length or chunked with trailers;
 * the borders between chunks were not recorded, so there is one chunk.
 */
#ifndef MIRRORCTL_REPLAY_REWRITE_H
#define MIRRORCTL_REPLAY_REWRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/http.h"
#include "core/str.h"
#include "replay/fields.h"
#include "replay/replay.h"

struct rewrite {
    enum replay_host host;
    struct str host_value;            /* HOST_TARGET, HOST_NAME: what Host says */
    struct str prefix;                /* "/base" or empty */
    const struct field_rules *fields; /* NULL: none is changed */
    bool marker;
};

/* A copy ready to be sent: three pieces, of which a large body is not copied. */
struct copy {
    struct buf front; /* head, and all of a small body with its framing */
    struct str body;  /* the request's own bytes, where they are not in front */
    struct buf back;  /* what follows such a body: end of chunks, trailers */
};

/* Start empty. Cannot fail. */
void copy_init(struct copy *c);

/* Fill *c with the copy of `request`, which begins with this line and whose bytes
 * must stay. `path` is to stand in place of its own; data NULL keeps that.
 * Returns 0, or -1 with *e set. */
int copy_make(struct copy *c, const struct http_message *request,
              const struct http_request_line *line, struct str path, const struct rewrite *rules,
              struct err *e);

/* What comes next when `sent` bytes are gone; empty at the end. */
struct str copy_rest(const struct copy *c, size_t sent);

/* Forget the content, but keep a little memory for the next. */
void copy_reset(struct copy *c);
void copy_release(struct copy *c);

/* The Host that Envoy gives to mirrored requests: "name-shadow[:port]". Address
 * literals are left alone, since "[::1]-shadow" is not a host. */
int rewrite_shadow_host(struct buf *out, struct str host, struct err *e);

#endif
