/* The capture stage while the n-th allocation fails, once and for ever: no
 * crash, no leak (LeakSanitizer), and what is missing is reported or counted. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/capture.h"
#include "core/mem.h"
#include "tests/support/packets.h"

enum { EXCHANGES = 4 };

struct result {
    int rc; /* -2: could not be opened */
    struct err err;
    struct capture_stats stats;
    unsigned complete;
};

static int put(void *ctx, struct exchange *x, struct err *e)
{
    struct result *o = ctx;

    (void)e;
    if (x->request.complete && x->response.complete)
        o->complete += x->response.body.len == 3000;
    exchange_free(x);
    return 0;
}

/* Four exchanges on two connections, in pieces, out of order, fragmented. */
static void make_packets(struct packets *p)
{
    char body[3000];
    struct talk t;

    memset(body, 'x', sizeof body);
    packets_init(p, LINK_ETHERNET);
    for (uint16_t i = 0; i < 2; i++) {
        talk_init(&t, p, (uint16_t)(1000 + i));
        t.mss = 700;
        talk_open(&t);
        for (int k = 0; k < EXCHANGES / 2; k++) {
            talk_say(&t, 0, "GET /a HT");
            talk_say(&t, 0, "TP/1.1\r\nHost: x\r\n\r\n");
            talk_say(&t, 1, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n");
            talk_say(&t, 1, "Transfer-Encoding: chunked\r\n\r\nbb8\r\n");
            talk_send(&t, 1, body, sizeof body);
            talk_say(&t, 1, "\r\n0\r\nTrailer: x\r\n\r\n");
        }
        talk_close(&t);
    }
    packets_shuffle(p, 4, 7);
}

static struct result run(const char *path)
{
    struct result o = {.rc = -2};
    struct capture_config config = {.files = &path, .n_files = 1, .max_body = 1 << 20};
    struct exchange_sink sink = {put, &o};
    struct capture *c = capture_open(&config, &o.err);

    if (!c)
        return o;
    o.rc = capture_run(c, &sink, &o.err);
    o.stats = *capture_stats(c);
    capture_close(c);
    return o;
}

/* Did a run say that something is missing, if something is? */
static bool is_honest(const struct result *o)
{
    if (o->rc < 0)
        return o->err.kind != ERR_NONE;
    if (o->complete == EXCHANGES)
        return true;
    return o->stats.evicted > 0 || o->stats.incomplete > 0 || o->stats.unanswered > 0 ||
           o->stats.fragments_dropped > 0;
}

int main(void)
{
    char path[PACKETS_PATH];
    struct packets p;
    unsigned lies = 0, n = 0, fd;
    struct result o;

    make_packets(&p);
    fd = (unsigned)packets_file(&p, 0, path);
    packets_release(&p);
    o = run(path);
    lies += o.rc != 0 || o.complete != EXCHANGES;
    for (int how = MEM_FAIL_ONCE; how <= MEM_FAIL_FROM; how++) {
        uint64_t nth = 0, asked;
        do {
            mem_fail_at(++nth, (enum mem_fail)how);
            o = run(path);
            asked = mem_count();
            mem_fail_at(0, MEM_FAIL_NEVER);
            if (!is_honest(&o)) {
                printf("# allocation %llu\n", (unsigned long long)nth);
                lies++;
            }
            n++;
        } while (asked >= nth);
    }
    close((int)fd);
    printf("%s 1 capture survives each of %u failing allocations\n1..1\n", lies ? "not ok" : "ok",
           n);
    return lies ? 1 : 0;
}
