/* noisy_server -- a version of the service of tests/support/noisy.h, on a socket.
 *
 *     noisy_server [--seed N] [--plant NAME]
 *
 * Prints the port it listens on. Answers are due when their time has passed, in
 * the order of requests on each connection, while others are being served. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/clock.h"
#include "tests/support/noisy.h"
#include "tests/support/serve.h"

enum { TICK_US = 100, MAX_GUESTS = 4096 };

/* What a guest waits for. */
struct visit {
    struct guest *guest;
    int64_t due_ns;
    struct buf answer;
};

static struct visit *waiting[MAX_GUESTS];
static size_t n_waiting;
static struct noisy service;

static void forget(const struct guest *g)
{
    for (size_t i = 0; i < n_waiting; i++) {
        if (waiting[i]->guest != g)
            continue;
        buf_release(&waiting[i]->answer);
        waiting[i] = waiting[--n_waiting];
        return;
    }
}

static void answer(struct guest *g, const char *head)
{
    struct visit *visit = g->visit;
    const char *path = strstr(head, "/items/");
    struct noisy_answer a;

    if (!visit)
        g->visit = visit = calloc(1, sizeof *visit);
    if (!visit || n_waiting == MAX_GUESTS)
        abort();
    noisy_advance(&service, 0);
    noisy_answer(&service, path ? strtoull(path + 7, NULL, 10) : 0, &a);
    visit->guest = g;
    visit->due_ns = clock_mono_ns() + a.us * NS_PER_US;
    buf_init(&visit->answer, 64 * 1024);
    if (buf_printf(&visit->answer, NULL, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n%.*s",
                   a.status, a.fields, a.len, (int)a.len, a.body) < 0)
        abort();
    waiting[n_waiting++] = visit;
}

/* Requests have no bodies, and none comes before the last one is answered. */
static void came(struct guest *g)
{
    size_t end;

    if (g->ended || g->over) {
        forget(g);
        return;
    }
    for (end = 4; end <= g->in.len; end++) {
        if (memcmp(g->in.data + end - 4, "\r\n\r\n", 4) != 0)
            continue;
        answer(g, g->in.data);
        buf_consume(&g->in, end);
        return;
    }
}

static void tick(void)
{
    int64_t now = clock_mono_ns();

    for (size_t i = 0; i < n_waiting;) {
        struct visit *visit = waiting[i];

        if (visit->due_ns > now) {
            i++;
            continue;
        }
        waiting[i] = waiting[--n_waiting];
        guest_say(visit->guest, buf_str(&visit->answer));
        buf_release(&visit->answer);
    }
}

int main(int argc, char **argv)
{
    static const struct serve server = {came, tick, TICK_US};
    enum noisy_plant plant = NOISY_NOTHING;
    uint64_t seed = 1;

    (void)argc;
    for (; argv[1] && argv[2]; argv += 2) {
        if (strcmp(argv[1], "--seed") == 0)
            seed = strtoull(argv[2], NULL, 10);
        else if (strcmp(argv[1], "--plant") != 0 || !noisy_plant_of(argv[2], &plant))
            break;
    }
    if (argv[1]) {
        fprintf(stderr, "usage: noisy_server [--seed N] [--plant NAME]\n");
        return 2;
    }
    noisy_init(&service, seed, plant);
    return serve(0, &server);
}
