/* Writes a pcap of made-up traffic for benches and for the memory test:
 *
 *     make_traffic MEGABYTES FILE
 *
 * Many keep-alive connections that begin and end, up to LIVE at a time, in turn;
 * some exchanges are small, some carry a body over several segments. The same
 * size gives the same bytes. */
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

int main(int argc, char **argv)
{
    unsigned long long want, written = 0;
    struct packets p;
    FILE *out;

    if (argc != 3 || (want = strtoull(argv[1], NULL, 10) << 20) == 0 ||
        !(out = fopen(argv[2], "wb"))) {
        fprintf(stderr, "usage: make_traffic MEGABYTES FILE\n");
        return 2;
    }
    memset(body, 'm', sizeof body);
    packets_init(&p, LINK_ETHERNET);
    p.step_ns = 1000;
    packets_write_header(&p, out, 0);
    for (unsigned n = 0; written < want; n++) {
        struct client *c = &clients[n % LIVE];

        if (c->left == 0)
            begin(c, &p);
        exchange(c, n);
        if (--c->left == 0)
            talk_close(&c->talk);
        written += p.bytes.len + p.n * 16;
        packets_write_frames(&p, out, 0);
        packets_clear(&p);
    }
    packets_release(&p);
    return fclose(out) == 0 ? 0 : 1;
}
