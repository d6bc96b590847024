/* Traffic whose copies are known beforehand, byte for byte:
 *
 *     make_requests pcap REQUESTS CONNECTIONS FILE
 *     make_requests plain REQUESTS CONNECTIONS FILE
 *     make_requests expected REQUESTS CONNECTIONS [PREFIX [HOST]]
 *
 * pcap writes a capture of the requests with their answers. Each has its number
 * in its target (id=), and is put together from lines of which it is known
 * whether a copy keeps them: bodies by length and in chunks, odd cases,
 * duplicates, fields that are for one connection only. plain writes a capture of
 * GETs as a browser would send them, for benches.
 *
 * expected prints what must arrive at a target, a line a request in the order of
 * the capture: number, recorded connection, index in it, 1 if the method is safe,
 * length and xxh64 of the bytes. PREFIX is that of the target's URL, HOST what
 * replaces each Host. It is put together from the same lines and asks nobody
 * else, least of all the program under test. The same arguments give the same
 * bytes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "tests/support/packets.h"

enum {
    MAX_BYTES = 1 << 20,
    FIRST_PORT = 1024,
    PORTS = 60000,
    LONGEST_RUN = 6, /* requests of one connection in a row */
    LARGEST_BODY = 20000,
    CHUNK = 1000, /* most content of a recorded chunk */
};

/* How a request's content stands on the wire. */
enum framing { NO_BODY, BY_LENGTH, IN_CHUNKS };

struct kind {
    const char *method, *target; /* behind it comes the number */
    const char *version;
    enum framing framing;
    size_t body;
    bool safe;
};

static const struct kind kinds[] = {
    {"GET", "/movies/7?id=", "1.1", NO_BODY, 0, true},
    {"GET", "//a/../b;c=d/%7e%2F?q=a?b&&id=", "1.1", NO_BODY, 0, true},
    {"POST", "/movies?id=", "1.1", BY_LENGTH, 300, false},
    {"GET", "/?id=", "1.1", NO_BODY, 0, true},
    {"PUT", "/movies/7?id=", "1.1", IN_CHUNKS, 2500, false},
    {"HEAD", "/movies/7?id=", "1.1", NO_BODY, 0, true},
    {"GET", "/old?id=", "1.0", NO_BODY, 0, true},
    {"DELETE", "/movies/7?id=", "1.1", NO_BODY, 0, false},
    {"GET", "/search?q=%C3%A9+%22&id=", "1.1", NO_BODY, 0, true},
    {"PATCH", "/movies/7?id=", "1.1", IN_CHUNKS, 0, false},
    {"POST", "/movies?id=", "1.1", BY_LENGTH, 1, false},
    {"OPTIONS", "/movies?id=", "1.1", NO_BODY, 0, true},
    {"POST", "/empty?id=", "1.1", BY_LENGTH, 0, false},
    {"BREW", "/pot?id=", "1.1", BY_LENGTH, 17, false},
    {"POST", "/upload?id=", "1.1", IN_CHUNKS, LARGEST_BODY, false},
    {"GET", "/upload?id=", "1.1", NO_BODY, 0, true},
    {"POST", "/upload?id=", "1.1", BY_LENGTH, LARGEST_BODY, false},
};

/* Lines that a copy keeps as they are, and such that it leaves out. */
static const char *const kept[] = {
    "User-Agent: proof/1.0\r\n",
    "ACCEPT: */*\r\n",
    "x-oDD-cAsE:no blank\r\n",
    "X-Dup: 1\r\nX-Dup: 2\r\nx-dup: 1\r\n",
    "Cookie: a=b; c=d\r\nCookie: a=b\r\n",
    "X-Empty:\r\n",
    "X-Padded:    both ends   \r\n",
    "X-Bytes: \xc3\xa9\xff\r\n",
    "Content-Type: application/octet-stream\r\n",
    "X-Connection: close\r\nX-Expect: 100-continue\r\n",
};
static const char *const dropped[] = {
    "Connection: keep-alive\r\n",
    "Keep-Alive: timeout=5\r\n",
    "connection: X-Only-Here , TE\r\nTE: trailers\r\nX-Only-Here: 1\r\n",
    "Proxy-Connection: keep-alive\r\n",
    "EXPECT: 100-continue\r\n",
};

enum { KINDS = sizeof kinds / sizeof *kinds };
enum { KEPT = sizeof kept / sizeof *kept, DROPPED = sizeof dropped / sizeof *dropped };

/* What is recorded, and what of it is to be sent, grow side by side. */
struct request {
    const struct kind *kind;
    unsigned number, connection, index;
    struct buf recorded, copy;
};

struct connection {
    struct talk talk;
    unsigned requests;
};

struct change {
    const char *prefix, *host;
};

static uint64_t chance = 1;

static unsigned below(unsigned n)
{
    return (unsigned)(packets_random(&chance) % n);
}

static void add(struct buf *b, const char *text)
{
    if (buf_append(b, text, strlen(text), NULL) < 0)
        abort();
}

static void both(struct request *r, const char *text)
{
    add(&r->recorded, text);
    add(&r->copy, text);
}

static void add_start_line(struct request *r, const struct change *change)
{
    const struct kind *k = r->kind;
    char text[128];

    both(r, k->method);
    both(r, " ");
    if (below(20) == 0) /* as to a proxy: without scheme and name it is the same */
        add(&r->recorded, "http://movies.example:3000");
    add(&r->copy, change->prefix);
    snprintf(text, sizeof text, "%s%u HTTP/%s\r\n", k->target, r->number, k->version);
    both(r, text);
}

static void add_host(struct request *r, const struct change *change)
{
    const char *name = below(8) ? "Host: " : "hOST: ";

    both(r, name);
    add(&r->recorded, "movies.example:3000\r\n");
    add(&r->copy, *change->host ? change->host : "movies.example:3000");
    add(&r->copy, "\r\n");
}

static void add_fields(struct request *r, const struct change *change)
{
    unsigned host_at = below(4);
    const char *length = below(8) ? "Content-Length: " : "content-length:";
    char text[64];

    for (unsigned i = 0; i < 4; i++) {
        if (i == host_at)
            add_host(r, change);
        both(r, kept[below(KEPT)]);
        if (below(4) == 0)
            add(&r->recorded, dropped[below(DROPPED)]);
    }
    if (r->kind->framing == IN_CHUNKS) {
        both(r, below(8) ? "Transfer-Encoding: chunked\r\n" : "TRANSFER-ENCODING: Chunked\r\n");
    } else if (r->kind->framing == BY_LENGTH) {
        snprintf(text, sizeof text, "%s%zu\r\n", length, r->kind->body);
        both(r, text);
    }
    if (strcmp(r->kind->version, "1.0") == 0)
        both(r, "Connection: keep-alive\r\n"); /* the recorded goes, ours comes */
    add(&r->copy, "X-Mirrorctl: 1\r\n");
    both(r, "\r\n");
}

static void add_chunk(struct buf *b, const char *bytes, size_t n)
{
    char size[32];

    snprintf(size, sizeof size, "%zx\r\n", n);
    add(b, size);
    if (buf_append(b, bytes, n, NULL) < 0)
        abort();
    add(b, "\r\n");
}

/* Chunks of any size become one. */
static void add_chunks(struct request *r, const char *bytes, size_t n)
{
    if (n)
        add_chunk(&r->copy, bytes, n);
    for (size_t at = 0; at < n;) {
        size_t size = 1 + below(CHUNK);

        size = size < n - at ? size : n - at;
        add_chunk(&r->recorded, bytes + at, size);
        at += size;
    }
    both(r, below(2) ? "0\r\n\r\n" : "0\r\nX-Trailer: 1\r\nx-trailer:2\r\n\r\n");
}

static void add_body(struct request *r)
{
    char bytes[LARGEST_BODY];
    size_t n = r->kind->body;

    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)packets_random(&chance);
    if (r->kind->framing == IN_CHUNKS)
        add_chunks(r, bytes, n);
    else if (buf_append(&r->recorded, bytes, n, NULL) < 0 ||
             buf_append(&r->copy, bytes, n, NULL) < 0)
        abort();
}

/* The large ones are rare. */
static const struct kind *draw_kind(void)
{
    const struct kind *k = &kinds[below(KINDS)];

    return k->body < LARGEST_BODY || below(10) == 0 ? k : &kinds[0];
}

static void make(struct request *r, const struct change *change)
{
    buf_reset(&r->recorded);
    buf_reset(&r->copy);
    r->kind = draw_kind();
    add_start_line(r, change);
    add_fields(r, change);
    add_body(r);
}

/* All requests have the same fields, as those of one browser. */
static void make_plain(struct request *r)
{
    char text[512];

    buf_reset(&r->recorded);
    snprintf(text, sizeof text,
             "GET /movies/%u?id=%u HTTP/1.1\r\nHost: movies.example:3000\r\n"
             "User-Agent: bench/1.0\r\nAccept: application/json\r\n\r\n",
             r->number % 5000, r->number);
    add(&r->recorded, text);
    r->kind = &kinds[0];
}

static void write_exchange(struct request *r, struct connection *c, struct packets *p, FILE *out)
{
    bool head = strcmp(r->kind->method, "HEAD") == 0;

    if (r->index == 0) {
        talk_init(&c->talk, p, (uint16_t)(FIRST_PORT + r->connection % PORTS));
        c->talk.address[0] += r->connection / PORTS;
        talk_open(&c->talk);
    }
    talk_send(&c->talk, 0, r->recorded.data, r->recorded.len);
    talk_say(&c->talk, 1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n");
    if (!head)
        talk_say(&c->talk, 1, "{}");
    packets_write_frames(p, out, 0);
    packets_clear(p);
}

static void print_expected(const struct request *r)
{
    printf("%u %u %u %d %zu %016" PRIx64 "\n", r->number, r->connection, r->index, r->kind->safe,
           r->copy.len, (uint64_t)XXH64(r->copy.data, r->copy.len, 0));
}

/* Connections take turns, and each says several things in a row, so that who
 * sends ahead of an answer is found out. */
static void run(unsigned requests, unsigned n, bool plain, const struct change *change, FILE *out)
{
    struct connection *all = calloc(n, sizeof *all);
    struct request r = {0};
    struct packets p;
    unsigned left = 0;

    if (!all)
        abort();
    buf_init(&r.recorded, MAX_BYTES);
    buf_init(&r.copy, MAX_BYTES);
    packets_init(&p, LINK_ETHERNET);
    p.step_ns = 1000;
    if (out)
        packets_write_header(&p, out, 0);
    for (r.number = 1; r.number <= requests; r.number++) {
        if (left == 0) {
            /* Each is heard at least once. */
            r.connection = r.number <= n ? r.number - 1 : below(n);
            left = r.number <= n ? 1 : 1 + below(LONGEST_RUN);
        }
        left--;
        r.index = all[r.connection].requests++;
        plain ? make_plain(&r) : make(&r, change);
        if (out)
            write_exchange(&r, &all[r.connection], &p, out);
        else
            print_expected(&r);
    }
    packets_release(&p);
    buf_release(&r.recorded);
    buf_release(&r.copy);
    free(all);
}

int main(int argc, char **argv)
{
    struct change change = {"", ""};
    const char *what = argc > 4 || (argc == 4 && strcmp(argv[1], "expected") == 0) ? argv[1] : "";
    unsigned requests = *what ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    unsigned connections = *what ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    FILE *out = NULL;

    if (strcmp(what, "expected") == 0) {
        change.prefix = argc > 4 ? argv[4] : "";
        change.host = argc > 5 ? argv[5] : "";
    } else if (strcmp(what, "pcap") == 0 || strcmp(what, "plain") == 0) {
        out = fopen(argv[4], "wb");
    }
    if (!connections || (!out && strcmp(what, "expected") != 0)) {
        fprintf(stderr, "usage: make_requests pcap|plain REQUESTS CONNECTIONS FILE\n"
                        "       make_requests expected REQUESTS CONNECTIONS [PREFIX [HOST]]\n");
        return 2;
    }
    run(requests, connections, strcmp(what, "plain") == 0, &change, out);
    return out && fclose(out) != 0;
}
