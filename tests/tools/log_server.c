/* A server that keeps a log of what it was sent, to hold a client's own account
 * against:
 *
 *     log_server [PORT]
 *
 * Prints the port, and for every request, when its answer is sent, a line of
 *
 *     CONNECTION SEQUENCE ARRIVED ANSWERED LENGTH HASH ID
 *
 * its connection and its place on that (both from 1), when its first byte came
 * and when its answer went, as places in the one order of all such moments; the
 * length and xxh64 of its bytes, and what stands behind `id=` in its target. So
 * a request that was sent before another one was answered has an ARRIVED below
 * the other one's ANSWERED, over whatever connections they came.
 *
 * Answers wait for the next tick, TICK_US apart: who overlaps has time to.
 * Where a request ends it finds out by reading of its own, for well-formed
 * requests only. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

#include "tests/support/serve.h"

enum { TICK_US = 500, MOST_WAITING = 65536 };

/* A connection's request. */
struct visit {
    unsigned long sequence;
    unsigned long begun; /* the moment of the first byte of the next request; 0: none */
    unsigned long arrived;
    bool answering;
    bool head;
    size_t length;
    uint64_t hash;
    unsigned long id;
};

static struct guest *waiting[MOST_WAITING];
static size_t n_waiting;
static unsigned long moment;

/* ---- where a request ends --------------------------------------------------- */

/* The value of a field in the first `n` bytes, which are a head. */
static const char *find_field(const char *head, size_t n, const char *name)
{
    size_t len = strlen(name);

    for (const char *line = head; (line = memchr(line, '\n', n - (size_t)(line - head)));) {
        line++;
        if ((size_t)(line - head) + len < n && strncasecmp(line, name, len) == 0)
            return line + len;
    }
    return NULL;
}

/* Bytes of a body in chunks, with its end; 0 if that has not come. */
static size_t chunked_length(const char *body, size_t n)
{
    size_t at = 0;

    for (;;) {
        const char *end = memchr(body + at, '\n', n - at);
        size_t size;

        if (!end)
            return 0;
        size = strtoul(body + at, NULL, 16);
        at = (size_t)(end + 1 - body);
        if (size == 0)
            break;
        at += size + 2;
        if (at > n)
            return 0;
    }
    for (;;) { /* trailers, up to an empty line */
        const char *end = memchr(body + at, '\n', n - at);
        bool empty = end == body + at + 1;

        if (!end)
            return 0;
        at = (size_t)(end + 1 - body);
        if (empty)
            return at;
    }
}

/* The length of the request that begins there; 0 if it is not whole. */
static size_t request_length(const char *bytes, size_t n)
{
    const char *end = n ? memmem(bytes, n, "\r\n\r\n", 4) : NULL;
    const char *value;
    size_t head, body;

    if (!end)
        return 0;
    head = (size_t)(end + 4 - bytes);
    if (find_field(bytes, head, "transfer-encoding:")) {
        body = chunked_length(bytes + head, n - head);
        return body ? head + body : 0;
    }
    value = find_field(bytes, head, "content-length:");
    body = value ? strtoul(value, NULL, 10) : 0;
    return n - head >= body ? head + body : 0;
}

/* ---- the log ----------------------------------------------------------------- */

static void note(struct visit *v, const char *bytes, size_t length)
{
    const char *line_end = memchr(bytes, '\n', length);
    const char *id = memmem(bytes, (size_t)(line_end - bytes), "id=", 3);

    v->arrived = v->begun;
    v->begun = 0;
    v->answering = true;
    v->head = strncmp(bytes, "HEAD ", 5) == 0;
    v->length = length;
    v->hash = XXH64(bytes, length, 0);
    v->id = id ? strtoul(id + 3, NULL, 10) : 0;
}

/* Take a whole request off what was received, unless one is being answered. */
static void take(struct guest *g)
{
    struct visit *v = g->visit;
    size_t length;

    if (g->in.len && !v->begun)
        v->begun = ++moment;
    length = v->answering ? 0 : request_length(g->in.data, g->in.len);
    if (!length)
        return;
    note(v, g->in.data, length);
    buf_consume(&g->in, length);
    if (g->in.len)
        v->begun = ++moment;
    if (n_waiting == MOST_WAITING)
        abort();
    waiting[n_waiting++] = g;
}

static void answer(struct guest *g)
{
    struct visit *v = g->visit;
    char text[256], body[64];
    int n = snprintf(body, sizeof body, "{\"id\":%lu}", v->id);

    n = snprintf(text, sizeof text,
                 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Id: %lu\r\n"
                 "Content-Length: %d\r\n\r\n%s",
                 v->id, n, v->head ? "" : body);
    printf("%lu %lu %lu %lu %zu %016" PRIx64 " %lu\n", g->number, ++v->sequence, v->arrived,
           ++moment, v->length, v->hash, v->id);
    v->answering = false;
    guest_say(g, str_from(text, (size_t)n));
}

static void tick(void)
{
    size_t n = n_waiting;
    static struct guest *now[MOST_WAITING];

    memcpy(now, waiting, n * sizeof *now);
    n_waiting = 0;
    for (size_t i = 0; i < n; i++)
        answer(now[i]);
    for (size_t i = 0; i < n; i++)
        take(now[i]);
}

static void leave(const struct guest *g)
{
    for (size_t i = 0; i < n_waiting; i++) {
        if (waiting[i] == g)
            waiting[i--] = waiting[--n_waiting];
    }
}

static void came(struct guest *g)
{
    if (!g->visit && !(g->visit = calloc(1, sizeof(struct visit))))
        abort();
    if (g->ended)
        leave(g);
    else
        take(g);
}

int main(int argc, char **argv)
{
    const struct serve s = {came, tick, TICK_US};

    return serve(argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0, &s);
}
