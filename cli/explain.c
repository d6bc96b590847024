#include "cli/explain.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cli/text.h"

/* Text that does not fit is left out: it is for people, and the record's STATS
 * have it all. */

enum { SHOWN = 6 };

/* What a kind is called, and what a user can do about it. */
static const struct {
    const char *name, *advice;
} kinds[SPOKEN_KINDS] = {
    [SPOKEN_TLS] = {"TLS", "capture behind the terminator"},
    [SPOKEN_HTTP2] = {"HTTP/2", "it is not read yet; capture where HTTP/1 is spoken"},
    [SPOKEN_WEBSOCKET] = {"WebSocket", NULL},
    [SPOKEN_H2C] = {"HTTP/2 after an upgrade", NULL},
    [SPOKEN_UPGRADE] = {"another protocol after an upgrade", NULL},
    [SPOKEN_CONNECT] = {"tunnelled by CONNECT", "capture behind the proxy"},
    [SPOKEN_UNKNOWN] = {"no protocol that is known here", NULL},
    [SPOKEN_NOTHING] = {"without data", NULL},
};

/* So many connections to a port carried one kind. */
struct finding {
    uint64_t n;
    const struct capture_port *port;
    unsigned kind;
};

struct findings {
    struct finding of[(CAPTURE_MAX_COUNTED + 1) * SPOKEN_KINDS];
    size_t n;
};

static int by_count(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;

    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    if (x->port->port != y->port->port)
        return x->port->port > y->port->port ? 1 : -1;
    return x->kind > y->kind ? 1 : -1;
}

/* All that `first` to `last` count, most frequent first. */
static void find(struct findings *f, const struct capture_ports *ports, unsigned first,
                 unsigned last)
{
    f->n = 0;
    for (size_t i = 0; i <= ports->n; i++) {
        const struct capture_port *port = i < ports->n ? &ports->port[i] : &ports->rest;

        for (unsigned kind = first; kind <= last; kind++) {
            if (port->count[kind])
                f->of[f->n++] = (struct finding){port->count[kind], port, kind};
        }
    }
    if (f->n > 1)
        qsort(f->of, f->n, sizeof f->of[0], by_count);
}

static void say_port(struct buf *out, const struct capture_ports *ports, const struct finding *f)
{
    if (f->port == &ports->rest)
        buf_printf(out, NULL, "other ports");
    else
        buf_printf(out, NULL, "port %u", f->port->port);
}

/* "12 connections to port 443 were TLS, 3 to port 50051 HTTP/2, 7 more" */
static void say_findings(struct buf *out, const struct capture_ports *ports,
                         const struct findings *f)
{
    uint64_t more = 0;

    for (size_t i = 0; i < f->n; i++) {
        const struct finding *at = &f->of[i];

        if (i >= SHOWN) {
            more += at->n;
            continue;
        }
        buf_printf(out, NULL, "%s%" PRIu64, i ? ", " : "", at->n);
        if (i == 0)
            buf_printf(out, NULL, " connection%s", at->n == 1 ? "" : "s");
        buf_printf(out, NULL, " to ");
        say_port(out, ports, at);
        if (i == 0)
            buf_printf(out, NULL, " %s", at->n == 1 ? "was" : "were");
        buf_printf(out, NULL, " %s", kinds[at->kind].name);
    }
    if (more)
        buf_printf(out, NULL, ", %" PRIu64 " more", more);
}

void explain_others(const struct capture_stats *s, struct buf *out)
{
    struct findings f;

    find(&f, &s->spoken, 0, SPOKEN_KINDS - 1);
    say_findings(out, &s->spoken, &f);
}

/* ---- reasons ------------------------------------------------------------------ */

static bool no_packets(const struct capture_stats *s)
{
    return s->packets == 0;
}

static void say_no_packets(const struct capture_stats *s, struct buf *out)
{
    (void)s;
    buf_printf(out, NULL, "no packet arrived: is this the interface, the port, the filter?");
}

static bool own_copies(const struct capture_stats *s)
{
    return s->own_copies > 0;
}

static void say_own_copies(const struct capture_stats *s, struct buf *out)
{
    buf_printf(out, NULL, "%" PRIu64 " request%s that mirrorctl sent (X-Mirrorctl)", s->own_copies,
               s->own_copies == 1 ? " was a copy" : "s were copies");
}

static bool cut_short(const struct capture_stats *s)
{
    return s->decoded == 0 && s->truncated > 0 && s->truncated >= s->not_tcp + s->not_ip;
}

static void say_cut_short(const struct capture_stats *s, struct buf *out)
{
    buf_printf(out, NULL,
               "%" PRIu64 " packet%s cut off inside the headers: capture whole ones (tcpdump -s 0)",
               s->truncated, s->truncated == 1 ? " was" : "s were");
}

static bool other_ports(const struct capture_stats *s)
{
    return s->decoded == 0 && s->other_port > 0;
}

static void say_other_ports(const struct capture_stats *s, struct buf *out)
{
    struct findings f;

    find(&f, &s->unwanted, SPOKEN_UNKNOWN, SPOKEN_UNKNOWN);
    buf_printf(out, NULL, "no packet was of a port that was asked for, but of ");
    for (size_t i = 0; i < f.n && i < SHOWN; i++) {
        buf_printf(out, NULL, "%s", i ? ", " : "");
        say_port(out, &s->unwanted, &f.of[i]);
        buf_printf(out, NULL, " (%" PRIu64 ")", f.of[i].n);
    }
    if (f.n > SHOWN)
        buf_printf(out, NULL, " and %zu more", f.n - SHOWN);
}

static bool no_tcp(const struct capture_stats *s)
{
    return s->decoded == 0;
}

static void say_no_tcp(const struct capture_stats *s, struct buf *out)
{
    buf_printf(out, NULL, "no packet was TCP: %" PRIu64 " not IP, %" PRIu64 " another protocol",
               s->not_ip, s->not_tcp);
    if (s->truncated + s->malformed)
        buf_printf(out, NULL, ", %" PRIu64 " damaged", s->truncated + s->malformed);
}

/* What is known by name. */
static bool named(const struct capture_stats *s)
{
    struct findings f;

    find(&f, &s->spoken, SPOKEN_TLS, SPOKEN_CONNECT);
    return f.n > 0;
}

static void say_named(const struct capture_stats *s, struct buf *out)
{
    struct findings f;

    find(&f, &s->spoken, SPOKEN_TLS, SPOKEN_CONNECT);
    say_findings(out, &s->spoken, &f);
    if (kinds[f.of[0].kind].advice)
        buf_printf(out, NULL, ": %s", kinds[f.of[0].kind].advice);
}

static bool answers_only(const struct capture_stats *s)
{
    return s->orphan_responses > 0;
}

static void say_answers_only(const struct capture_stats *s, struct buf *out)
{
    buf_printf(out, NULL,
               "%" PRIu64 " answer%s seen, but not what %s: were both directions captured?",
               s->orphan_responses, s->orphan_responses == 1 ? " was" : "s were",
               s->orphan_responses == 1 ? "it answers" : "they answer");
}

static bool in_the_middle(const struct capture_stats *s)
{
    return s->http > 0;
}

static void say_in_the_middle(const struct capture_stats *s, struct buf *out)
{
    buf_printf(out, NULL, "%" PRIu64 " connection%s HTTP/1, but no request was seen", s->http,
               s->http == 1 ? " was" : "s were");
}

static bool no_connections(const struct capture_stats *s)
{
    return s->connections == 0;
}

static void say_no_connections(const struct capture_stats *s, struct buf *out)
{
    buf_printf(out, NULL, "%" PRIu64 " TCP packet%s, but none began a connection or carried data",
               s->decoded, s->decoded == 1 ? "" : "s");
}

static bool always(const struct capture_stats *s)
{
    (void)s;
    return true;
}

/* The first that applies is the reason. */
static const struct {
    bool (*applies)(const struct capture_stats *s);
    void (*say)(const struct capture_stats *s, struct buf *out);
} reasons[] = {
    {no_packets, say_no_packets},
    {own_copies, say_own_copies},
    {cut_short, say_cut_short},
    {other_ports, say_other_ports},
    {no_tcp, say_no_tcp},
    {named, say_named},
    {answers_only, say_answers_only},
    {in_the_middle, say_in_the_middle},
    {no_connections, say_no_connections},
    {always, explain_others},
};

void explain_nothing(const struct capture_stats *s, struct buf *out)
{
    size_t i = 0;

    while (!reasons[i].applies(s))
        i++;
    reasons[i].say(s, out);
}
