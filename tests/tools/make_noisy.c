/* make_noisy -- the result of replaying to the service of tests/support/noisy.h,
 * written straight into a file.
 *
 *     make_noisy [--seed N] [--requests N] [--plant NAME] >FILE
 *     make_noisy [--seed N] [--requests N] --traffic >FILE
 *
 * With --traffic it is a record of the requests alone, to be replayed. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/record.h"
#include "tests/support/noisy.h"
#include "tests/support/pairs.h"

enum { V1, V2, CONTROL, CALLS };

static uint64_t seed = 1, requests = 2000;
static enum noisy_plant plant;
static bool traffic;
static struct noisy machine, v1, v2;

static void must(int rc, const struct err *e)
{
    if (rc == 0)
        return;
    fprintf(stderr, "make_noisy: %s\n", e->text);
    exit(1);
}

static void answer(struct pair *p, uint64_t id, int who)
{
    struct noisy_answer a;
    struct err e = {0};

    noisy_answer(who == V2 ? &v2 : &v1, id, &a);
    must(pair_answer(p, who, a.status, a.fields, str_from(a.body, a.len), a.us, &e), &e);
}

/* The three calls start in a random order; all go over kept-alive connections. */
static void put_in_order(struct pair *p)
{
    for (unsigned i = 0; i < CALLS; i++) {
        unsigned k = i + (unsigned)noisy_draw(&machine, CALLS - i);
        uint8_t order = p->calls[k].order;

        p->calls[k].order = p->calls[i].order;
        p->calls[i].order = order;
        p->calls[i].flags |= CALL_REUSED;
    }
}

static struct pair *make_request(uint64_t ordinal, uint64_t id)
{
    struct err e = {0};
    struct pair *p;
    char path[64];

    snprintf(path, sizeof path, "GET /items/%" PRIu64, id);
    p = pair_request(ordinal, path, &e);
    must(p ? 0 : -1, &e);
    return p;
}

static struct pair *make(uint64_t ordinal)
{
    uint64_t id = noisy_draw(&machine, NOISY_ITEMS) + 1;
    struct pair *p = make_request(ordinal, id);
    double load = noisy_load(&machine);

    noisy_advance(&v1, load);
    noisy_advance(&v2, load);
    for (int who = V1; !traffic && who <= CONTROL; who++)
        answer(p, id, who);
    if (!traffic)
        put_in_order(p);
    return p;
}

static void put_meta(struct record_writer *w)
{
    struct err e = {0};

    if (traffic)
        return;
    must(record_put_meta(w,
                         STR("{\"file\":\"noisy.mrec\",\"targets\":{\"v1\":\"http://one.test\","
                             "\"v2\":\"http://two.test\"},\"percent\":100,"
                             "\"seed\":\"mirrorctl/v1\",\"control\":\"v1\",\"baseline\":\"v1\","
                             "\"started\":\"2026-11-22T20:10:00Z\","
                             "\"names\":[\"v1\",\"v2\",\"control\"]}"),
                         &e),
         &e);
}

static void put_stats(struct record_writer *w)
{
    static const char *const names[] = {"v1", "v2", "control"};
    struct err e = {0};
    struct buf text;

    buf_init(&text, 1 << 16);
    buf_printf(&text, &e,
               "{\"accounting\":{\"recorded\":%" PRIu64 ",\"eligible\":%" PRIu64
               ",\"selected\":%" PRIu64 ",\"targets\":{",
               requests, requests, requests);
    for (unsigned i = 0; i < CALLS; i++)
        buf_printf(&text, &e, "%s\"%s\":{\"sent\":%" PRIu64 ",\"answered\":%" PRIu64 "}",
                   i ? "," : "", names[i], requests, requests);
    buf_printf(&text, &e, "},\"paired\":%" PRIu64 "},\"ended\":\"2026-11-22T20:30:00Z\"}",
               requests);
    must(record_put_stats(w, buf_str(&text), &e), &e);
    buf_release(&text);
}

static void usage(void)
{
    fprintf(stderr,
            "usage: make_noisy [--seed N] [--requests N] [--plant NAME | --traffic] >FILE\n");
    exit(2);
}

static void read_arguments(char **argv)
{
    while (*++argv) {
        if (strcmp(*argv, "--traffic") == 0)
            traffic = true;
        else if (!argv[1])
            usage();
        else if (strcmp(*argv, "--seed") == 0)
            seed = strtoull(*++argv, NULL, 10);
        else if (strcmp(*argv, "--requests") == 0)
            requests = strtoull(*++argv, NULL, 10);
        else if (strcmp(*argv, "--plant") != 0 || !noisy_plant_of(*++argv, &plant))
            usage();
    }
}

static void put(struct record_writer *w, uint64_t ordinal)
{
    struct pair *p = make(ordinal);
    struct err e = {0};

    if (traffic) {
        p->exchange->connection = ordinal % 64 + 1;
        p->exchange->request_first_ns = p->exchange->request_last_ns = (int64_t)ordinal * 1000000;
        must(record_put_exchange(w, p->exchange, &e), &e);
    } else {
        must(record_put_pair(w, p, &e), &e);
    }
    pair_free(p);
}

int main(int argc, char **argv)
{
    struct record_options o = {.capture_id = {1}, .created_ns = 1};
    struct record_writer *w;
    struct err e = {0};

    (void)argc;
    read_arguments(argv);
    o.kind = traffic ? RECORD_EXCHANGES : RECORD_PAIRS;
    noisy_init(&machine, seed * 3, NOISY_NOTHING);
    noisy_init(&v1, seed * 3 + 1, NOISY_NOTHING);
    noisy_init(&v2, seed * 3 + 2, plant);
    w = record_writer_new(STDOUT_FILENO, &o, &e);
    must(w ? 0 : -1, &e);
    put_meta(w);
    for (uint64_t i = 1; i <= requests; i++)
        put(w, i);
    put_stats(w);
    must(record_writer_close(w, &e), &e);
    return 0;
}
