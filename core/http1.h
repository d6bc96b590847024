/* http1.h -- finds where HTTP/1.x messages begin and end in a stream of bytes.
 *
 * One framer reads one direction of one connection. It is fed bytes in any
 * split and asked for the next event until it wants more:
 *
 *     while ((event = http1_next(&f, &in, &piece)) != HTTP1_MORE)
 *         switch (event) ...
 *
 * The events do not depend on how the bytes were split, except that content
 * may come in more or fewer pieces. It is lenient where a receiver may be
 * (RFC 9112, 2.2) and says so in flags, keeps every byte of the head, and goes
 * on after damage: a lost framer looks for the next start line.
 *
 * The framing rules are RFC 9112, 6.3. What a response's content is depends on
 * the request, so between HTTP1_HEAD and the next call the owner of a response
 * framer says what it answers, with http1_answers().
 */
#ifndef MIRRORCTL_CORE_HTTP1_H
#define MIRRORCTL_CORE_HTTP1_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/http.h"
#include "core/str.h"

enum http1_side { HTTP1_REQUESTS, HTTP1_RESPONSES };

enum http1_event {
    HTTP1_MORE,    /* all input is used: feed more, or finish */
    HTTP1_HEAD,    /* a head is complete: piece is the raw head */
    HTTP1_DATA,    /* piece is content */
    HTTP1_HOLE,    /* piece.len bytes of content are missing, piece.data is NULL */
    HTTP1_END,     /* the message has ended: f->trailers, f->flags */
    HTTP1_BROKEN,  /* no start line, or a message that cannot be read to its end: the
                      framer is lost; piece is what had come of a head, if it was one */
    HTTP1_SKIPPED, /* piece belongs to no message: passed over while lost */
    HTTP1_TUNNEL,  /* piece follows an upgrade: not HTTP/1 any more */
};

enum { HTTP1_MAX_HEAD = 256 * 1024, HTTP1_MAX_FIELDS = 1000, HTTP1_MAX_LENGTHS = 4 };
/* A start line longer than this is not found again after damage. */
enum { HTTP1_MAX_LINE = 16 * 1024 };

/* Private but for the fields that say so. */
struct http1 {
    enum http1_side side;
    int state;
    struct buf line;   /* a head, or a line, whose end has not come */
    bool drop_line;    /* line was shown to the owner and goes with the next call */
    size_t scanned;    /* of line or trailers: where the last line begins */
    uint64_t left;     /* content or chunk bytes to come */
    uint64_t hole;     /* bytes reported missing, not passed on yet */
    size_t chunk_line; /* length of the chunk line so far */
    bool after_cr;
    bool found;   /* the message at hand began with a line found after damage */
    bool trusted; /* the first line is a start line, whatever it looks like */
    int minor;    /* of HTTP/1.minor; -1 for HTTP/0.9 */
    bool has_length, bad_length;
    uint64_t lengths[HTTP1_MAX_LENGTHS]; /* different ones, in order */
    unsigned n_lengths, tried;
    enum http1_te { TE_NONE, TE_CHUNKED, TE_OTHER, TE_BAD } last_te;
    bool asked_keep_alive;
    bool answers_head, answers_connect;

    /* Fields the owner looks for, see http1_want(). */
    const struct str *wanted;
    struct str *found_fields;
    size_t n_wanted;
    uint64_t wanted_lengths; /* bit n: one of the names is so long; bit 63: or longer */

    /* Of the message at hand; valid from HTTP1_HEAD to the next message. */
    struct str head;                  /* valid until the next call only, as every piece */
    struct http_request_line request; /* views into head */
    int status;                       /* responses */
    uint32_t flags;                   /* enum http_flag; grows until HTTP1_END */
    bool chunked;                     /* from the call behind HTTP1_HEAD on */
    bool until_close;                 /* the content ends with the connection */
    bool says_content;                /* there is none (204, 304, to HEAD), but fields say some:
                                         a sender that is wrong sends it; from HTTP1_END on */
    bool no_memory;      /* HTTP_HEAD_TOO_LARGE, though there was room below the ceiling */
    bool keep_alive;     /* another message may follow (RFC 9112, 9.3) */
    struct buf trailers; /* raw trailer lines, from HTTP1_END on */
};

/* Start at the beginning of a connection. Cannot fail. */
void http1_init(struct http1 *f, enum http1_side side);

/* Look for fields with these names in every head: after HTTP1_HEAD values[i] is a view
 * of the first called names[i], or its data is NULL. Both arrays must stay. */
void http1_want(struct http1 *f, const struct str *names, struct str *values, size_t n);

/* The next event. Takes bytes from the front of *in and leaves the rest; what
 * *piece shows stays valid until the next call or until *in's bytes go. */
enum http1_event http1_next(struct http1 *f, struct str *in, struct str *piece);

/* Say which request method the response at hand answers; GET if never told.
 * Call it after HTTP1_HEAD. */
void http1_answers(struct http1 *f, struct str method);

/* A request's lengths differ (HTTP_CL_CONFLICT): read content up to the
 * smallest, instead of giving up. Called after HTTP1_HEAD, and then after each
 * HTTP1_END, before more input, to go on to the next larger one as part of the
 * same message. False when there is none. */
bool http1_longer(struct http1 *f);

/* Report that the next `n` bytes are missing, then call http1_next (with no
 * input) until HTTP1_MORE. Inside content of known length framing survives;
 * anywhere else the framer is lost. */
void http1_gap(struct http1 *f, uint64_t n);

/* The stream has ended, in order (FIN) or not. Returns HTTP1_END if that
 * completes the message at hand, HTTP1_BROKEN if it cuts it (f->head is what
 * had come of a head), HTTP1_SKIPPED if a lost framer still held f->head to see
 * whether it is a start line, HTTP1_MORE if nothing was open. */
enum http1_event http1_finish(struct http1 *f, bool in_order);

/* Go over to HTTP1_TUNNEL: the other direction agreed to an upgrade. */
void http1_become_tunnel(struct http1 *f);

/* The first line to come is a request's, since it was answered: only controls
 * in it make it none. To be called before any bytes. */
void http1_trust(struct http1 *f);

/* Give up the message at hand, if any: another begins with the next byte. */
void http1_restart(struct http1 *f);

/* Give up the message at hand, if any, and look for the next start line. */
void http1_lose(struct http1 *f);

/* True between messages (or before the first): nothing of one has come. */
bool http1_is_idle(const struct http1 *f);

/* True once a head is complete and until its message ends. */
bool http1_in_message(const struct http1 *f);

/* True while looking for a start line after damage, and while reading the head
 * behind one: content may hold such a line too. */
bool http1_is_lost(const struct http1 *f);

/* Free what it holds; fine on a zeroed struct. */
void http1_release(struct http1 *f);

/* The HTTP/2 connection preface (RFC 9113, 3.4). */
#define HTTP2_PREFACE STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

#endif
