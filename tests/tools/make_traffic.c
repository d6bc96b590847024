/* Writes a pcap of made-up traffic for benches and for the memory test:
 *
 *     make_traffic [--keep-alive] MEGABYTES FILE
 *
 * Many connections that begin and end, up to LIVE at a time, in turn; some
 * exchanges are small, some carry a body over several segments. With
 * --keep-alive 1000 connections that stay open: requests of 700 bytes, answers
 * of 1300, one frame in 200 out of order within its connection and one exchange in 200
 * doubled. The same arguments give the same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/packets.h"

enum { LIVE = 200, PER_CONNECTION = 20, FIRST_PORT = 1024, PORTS = 60000 };

struct client {
    struct talk talk;
    unsigned left; /* exchanges until it closes */
};

static struct client clients[LIVE];
static unsigned next_port;
static char body[64 * 1024];

static void begin(struct client *c, struct packets *p)
{
    talk_init(&c->talk, p, (uint16_t)(FIRST_PORT + next_port % PORTS));
    c->talk.address[0] += next_port / PORTS; /* never the same pair twice */
    next_port++;
    c->left = PER_CONNECTION;
    talk_open(&c->talk);
}

static void exchange(struct client *c, unsigned n)
{
    static const size_t sizes[] = {120, 900, 300, 2500, 60, 700, 12000, 400};
    size_t size = sizes[n % (sizeof sizes / sizeof *sizes)];
    char text[512];

    snprintf(text, sizeof text,
             "GET /movies/%u?page=%u HTTP/1.1\r\nHost: movies.example\r\nUser-Agent: bench/1.0\r\n"
             "Accept: application/json\r\nX-Request-Id: 00000000-0000-4000-8000-%012u\r\n\r\n",
             n % 5000, n % 7, n);
    talk_say(&c->talk, 0, text);
    snprintf(text, sizeof text,
             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
             size);
    talk_say(&c->talk, 1, text);
    talk_send(&c->talk, 1, body, size);
}

static void begin_and_end(struct packets *p, unsigned n)
{
    struct client *c = &clients[n % LIVE];

    if (c->left == 0)
        begin(c, p);
    exchange(c, n);
    if (--c->left == 0)
        talk_close(&c->talk);
}

/* ---- connections that stay open ---------------------------------------------- */

enum { KEPT = 1000, REQUEST = 700, ANSWER = 1300, ONE_IN = 200 };

static struct talk kept[KEPT];
static uint64_t chance = 1;

static void pad_to(char *text, size_t n, size_t size, const char *end)
{
    memset(text + n, 'x', size - n);
    memcpy(text + size - strlen(end), end, strlen(end));
}

static bool now_and_then(void)
{
    return packets_random(&chance) % ONE_IN == 0;
}

static void swap_frames(struct packets *p, size_t a, size_t b)
{
    struct frame held = p->frame[a];
    int64_t ns = p->frame[b].ns;

    p->frame[a] = p->frame[b];
    p->frame[a].ns = held.ns;
    p->frame[b] = held;
    p->frame[b].ns = ns;
}

static void stay_open(struct packets *p, unsigned n)
{
    struct talk *t = &kept[n % KEPT];
    char text[ANSWER + 1];
    int len;

    if (n < KEPT) {
        talk_init(t, p, (uint16_t)(FIRST_PORT + n));
        talk_open(t);
    }
    len = snprintf(text, sizeof text,
                   "GET /movies/%u?page=%u HTTP/1.1\r\nHost: movies.example\r\n"
                   "User-Agent: bench/1.0\r\nAccept: application/json\r\n"
                   "X-Request-Id: 00000000-0000-4000-8000-%012u\r\nCookie: session=",
                   n % 5000, n % 7, n);
    pad_to(text, (size_t)len, REQUEST, "\r\n\r\n");
    talk_send(t, 0, text, REQUEST);
    len = snprintf(text, sizeof text,
                   "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: movies\r\n"
                   "X-Request-Id: 00000000-0000-4000-8000-%012u\r\nContent-Length: 1100\r\n"
                   "X-Pad: ",
                   n);
    pad_to(text, (size_t)len, ANSWER - 1100, "\r\n\r\n");
    memset(text + ANSWER - 1100, 'm', 1100);
    talk_send(t, 1, text, ANSWER);
    talk_flags(t, 0, 0);
    for (size_t i = n < KEPT ? 4 : 1; i < p->n; i++) {
        if (now_and_then())
            swap_frames(p, i - 1, i);
    }
    if (now_and_then())
        packets_double(p);
}

int main(int argc, char **argv)
{
    bool keep_alive = argc == 4 && strcmp(argv[1], "--keep-alive") == 0;
    unsigned long long want, written = 0;
    struct packets p;
    FILE *out;

    argv += keep_alive;
    if (argc != 3 + keep_alive || (want = strtoull(argv[1], NULL, 10) << 20) == 0 ||
        !(out = fopen(argv[2], "wb"))) {
        fprintf(stderr, "usage: make_traffic [--keep-alive] MEGABYTES FILE\n");
        return 2;
    }
    memset(body, 'm', sizeof body);
    packets_init(&p, LINK_ETHERNET);
    p.step_ns = 1000;
    packets_write_header(&p, out, 0);
    for (unsigned n = 0; written < want; n++) {
        if (keep_alive)
            stay_open(&p, n);
        else
            begin_and_end(&p, n);
        written += p.bytes.len + p.n * 16;
        packets_write_frames(&p, out, 0);
        packets_clear(&p);
    }
    packets_release(&p);
    return fclose(out) == 0 ? 0 : 1;
}
