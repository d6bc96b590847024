/* What must hold for real captures however their packets are cut, ordered,
 * repeated or lost. They are not ours: CORPUS names the folder, without it
 * these tests are skipped. ACCEPTANCE_FILE=WORD tries the files alone whose
 * name holds it. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/capture.h"
#include "tests/support/rewrite.h"

/* ---- what a capture gives --------------------------------------------------- */

/* An exchange as a line, and when it was on the wire. */
struct line {
    char *text;
    int64_t first_ns, last_ns;
    uint32_t ports;
    bool complete;
};

struct lines {
    struct line *line;
    size_t n, cap;
};

/* FNV-1a (Noll). */
static uint64_t hash(struct str s)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.data[i]) * UINT64_C(1099511628211);
    return h;
}

static void put_message(struct buf *b, const char *name, const struct http_message *m)
{
    buf_printf(b, NULL, "; %s %016llx %016llx %llu", name, (unsigned long long)hash(m->head),
               (unsigned long long)hash(m->body), (unsigned long long)m->body_size);
    if (m->complete)
        buf_printf(b, NULL, " complete");
    for (uint32_t bit = 1; bit <= HTTP_LAST; bit <<= 1) {
        /* A lost SYN changes no more than that its loss is noted. */
        if ((m->flags & bit) && bit != HTTP_MIDSTREAM)
            buf_printf(b, NULL, " %s", http_flag_name(bit));
    }
}

static char *describe(const struct exchange *x)
{
    char client[ENDPOINT_TEXT], server[ENDPOINT_TEXT];
    struct http_request_line line = {0};
    struct buf b;

    buf_init(&b, 1 << 20);
    http_request_start(x->request.head, &line);
    buf_printf(&b, NULL, "%s %s %.*s %.60s", endpoint_text(&x->client, client),
               endpoint_text(&x->server, server), STR_ARG(line.method),
               line.target.len ? line.target.data : "");
    b.len = str_find(buf_str(&b), '\r');
    b.len = str_find(buf_str(&b), '\n');
    put_message(&b, "request", &x->request);
    put_message(&b, "response", &x->response);
    buf_printf(&b, NULL, "; %016llx tunnel %llu", (unsigned long long)hash(x->informational),
               (unsigned long long)x->tunnel_bytes);
    return b.data;
}

static int put(void *ctx, struct exchange *x, struct err *e)
{
    struct lines *l = ctx;

    (void)e;
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 64;
        l->line = realloc(l->line, l->cap * sizeof *l->line);
        assert_non_null(l->line);
    }
    l->line[l->n++] = (struct line){
        .text = describe(x),
        .first_ns = x->request_first_ns,
        .last_ns = x->response_last_ns,
        .ports = (uint32_t)x->client.port << 16 | x->server.port,
        .complete = x->request.complete && x->response.complete,
    };
    exchange_free(x);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct line *)a)->text, ((const struct line *)b)->text);
}

static void run(const struct packets *p, struct lines *l)
{
    char path[PACKETS_PATH];
    const char *files[] = {path};
    struct capture_config config = {
        .files = files, .n_files = 1, .max_body = 16 << 20, .memory = 64 << 20};
    struct exchange_sink sink = {put, l};
    int fd = packets_file(p, 0, path);
    struct capture *c = capture_open(&config, NULL);

    *l = (struct lines){0};
    if (c) {
        assert_int_equal(capture_run(c, &sink, NULL), 0);
        capture_close(c);
    }
    close(fd);
    if (l->n)
        qsort(l->line, l->n, sizeof *l->line, by_text);
}

static void lines_release(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->line[i].text);
    free(l->line);
    *l = (struct lines){0};
}

/* ---- the corpus ------------------------------------------------------------- */

static const char *folder(void)
{
    static char path[4096];
    const char *corpus = getenv("CORPUS");
    DIR *dir;

    if (!corpus || !*corpus) {
        print_message("# CORPUS is not set: a folder of captures\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/pcap", corpus);
    dir = opendir(path);
    if (!dir)
        snprintf(path, sizeof path, "%s", corpus);
    else
        closedir(dir);
    return path;
}

static bool load(struct packets *p, const char *name)
{
    char path[8192];

    snprintf(path, sizeof path, "%s/%s", folder(), name);
    packets_init(p, 0);
    p->step_ns = 0;
    return packets_load(p, path);
}

/* Ten microseconds from one packet to the next: then a packet that changes its
 * place is out of order and nothing else, not a minute late. */
static void hurry(struct packets *p)
{
    for (size_t i = 0; i < p->n; i++)
        p->frame[i].ns = p->frame[0].ns + (int64_t)i * 10000;
}

/* ---- changes ---------------------------------------------------------------- */

static void cut_in_two(struct packets *p, uint64_t n)
{
    packets_cut(p, (size_t)n);
}

static void single_bytes(struct packets *p, uint64_t n)
{
    packets_split(p, (size_t)n);
}

static void twice(struct packets *p, uint64_t n)
{
    (void)n;
    packets_double(p);
}

static void shuffled(struct packets *p, uint64_t seed)
{
    packets_shuffle_flows(p, 8, seed);
}

typedef void change_fn(struct packets *p, uint64_t n);

struct exempt {
    change_fn *change;
    const char *file, *why;
};

/* Where the change alters what the packets mean. */
static const struct exempt exempts[] = {
    {single_bytes, "sv__http-pipeline-files-with-gap__input.pcap",
     "a segment that was late by one is late by more than a thousand"},
    {single_bytes, "nDPI__soap.pcap", "the same"},
    {single_bytes, "pcap2har__tests__pcapr.net.pcap", "the same"},
    {single_bytes,
     "sv__tcp-rst-unacked-stream-09__TLPW1-tcp-110.37.219.134-10.12.14.101-tcp-990-49230.pcap",
     "the same"},
    {shuffled, "pcap2har__tests__pcapr.net.pcap",
     "its own segments already lie up to 24 places behind where they belong"},
    {shuffled, "arkime__tcp-reassembly-synthetic.pcap",
     "ports are used again at once: packets of the first connection come in the second"},
    {shuffled, "sv__bug-3286-02-linux-evasion__with_evasion_linux.pcap",
     "a RST and a FIN with made-up numbers come behind what they cannot be meant for"},
    {shuffled, "sv__bug-3286-03-windows-evasion__with_evasion_windows.pcap", "the same"},
    {shuffled, "sv__tcp-fastopen-06__tfo-s1.pcap",
     "the client's RST comes before what it was sent after"},
    {shuffled, "sv__tcp-fastopen-07__tcp_fastopen_segmentation.pcap", "the same"},
    {shuffled, "sv__tcp-fastopen-08__tcp_fastopen_segmentation-s1.pcap", "the same"},
};

static bool is_exempt(change_fn *change, const char *file)
{
    for (size_t i = 0; i < sizeof exempts / sizeof *exempts; i++) {
        if (exempts[i].change == change && strcmp(exempts[i].file, file) == 0)
            return true;
    }
    return false;
}

/* ---- trying them ------------------------------------------------------------ */

static void expect_same(const struct lines *a, const struct lines *b, const char *file, uint64_t n)
{
    for (size_t i = 0; i < a->n || i < b->n; i++) {
        const char *was = i < a->n ? a->line[i].text : "(none)";
        const char *is = i < b->n ? b->line[i].text : "(none)";
        if (strcmp(was, is) != 0)
            fail_msg("%s, %llu:\nwas %s\nis  %s", file, (unsigned long long)n, was, is);
    }
}

static void try_file(const char *file, change_fn *change, const uint64_t *numbers)
{
    struct lines want, have;
    struct packets p;

    if (is_exempt(change, file) || !load(&p, file))
        return;
    hurry(&p);
    run(&p, &want);
    for (; *numbers; numbers++) {
        packets_release(&p);
        load(&p, file);
        hurry(&p);
        change(&p, *numbers);
        run(&p, &have);
        expect_same(&want, &have, file, *numbers);
        lines_release(&have);
    }
    lines_release(&want);
    packets_release(&p);
}

/* Make the change with each of the numbers, which end with 0, to every file. */
static void try_all(change_fn *change, const uint64_t *numbers)
{
    const char *only = getenv("ACCEPTANCE_FILE");
    DIR *dir = opendir(folder());
    unsigned files = 0;

    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        if (only && !strstr(e->d_name, only))
            continue;
        try_file(e->d_name, change, numbers);
        files++;
    }
    closedir(dir);
    assert_true(files > 0);
}

static void acceptance_3_cutting_packets_changes_nothing(void **state)
{
    static const uint64_t places[] = {1,  2,  3,   4,   5,   8,   13,  16,   17,   21,
                                      34, 55, 100, 150, 233, 377, 610, 1000, 1447, 0};
    static const uint64_t one[] = {1, 0};

    (void)state;
    try_all(cut_in_two, places);
    try_all(single_bytes, one);
}

static void acceptance_4_order_and_repetition_change_nothing(void **state)
{
    static const uint64_t seeds[] = {1, 2, 3, 4, 5, 6, 0};
    static const uint64_t once[] = {1, 0};

    (void)state;
    try_all(twice, once);
    try_all(shuffled, seeds);
}

/* ---- loss ------------------------------------------------------------------- */

struct loss {
    const char *file;
    size_t wanted, lost, kept;
};

/* The ports of the connection a frame belongs to, in either order. */
static bool is_of(const struct packets *p, size_t frame, const struct tcp_view *v,
                  const struct line *l)
{
    const unsigned char *b = (const unsigned char *)p->bytes.data + p->frame[frame].at + v->tcp;
    uint32_t a = (uint32_t)(b[0] << 8 | b[1]), c = (uint32_t)(b[2] << 8 | b[3]);

    return l->ports == (a << 16 | c) || l->ports == (c << 16 | a);
}

/* Exchanges of a connection that overlap are pipelined. What is lost of one of
 * them leaves nobody to tell which of the answers behind the hole belongs to
 * whom, so it touches all: give them the time of all. */
static void join_pipelined(struct lines *l)
{
    for (bool joined = true; joined;) {
        joined = false;
        for (size_t i = 0; i < l->n; i++) {
            for (size_t k = 0; k < l->n; k++) {
                struct line *a = &l->line[i], *b = &l->line[k];
                if (a->ports != b->ports || a->first_ns > b->last_ns || b->first_ns > a->last_ns ||
                    (a->first_ns == b->first_ns && a->last_ns == b->last_ns))
                    continue;
                a->first_ns = b->first_ns = a->first_ns < b->first_ns ? a->first_ns : b->first_ns;
                a->last_ns = b->last_ns = a->last_ns > b->last_ns ? a->last_ns : b->last_ns;
                joined = true;
            }
        }
    }
}

/* Was data taken out of the connection while the exchange was on the wire? */
static bool is_touched(const struct packets *p, const bool *taken, const struct line *l)
{
    for (size_t i = 0; i < p->n; i++) {
        struct tcp_view v;
        if (taken[i] && packets_view(p, i, &v) && v.end > v.payload && is_of(p, i, &v, l) &&
            p->frame[i].ns >= l->first_ns && p->frame[i].ns <= l->last_ns)
            return true;
    }
    return false;
}

/* The number of complete exchanges that read like this. */
static size_t count(const struct lines *l, const char *text)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++)
        n += l->line[i].complete && strcmp(l->line[i].text, text) == 0;
    return n;
}

static void lose_and_compare(struct loss *t, uint64_t seed, const struct lines *want)
{
    struct packets p, less;
    struct lines have;
    bool *taken;

    assert_true(load(&p, t->file) && load(&less, t->file));
    taken = calloc(p.n, sizeof *taken);
    packets_drop(&less, 100, seed, taken);
    run(&less, &have);
    for (size_t i = 0; i < have.n; i++) {
        if (have.line[i].complete &&
            count(&have, have.line[i].text) > count(want, have.line[i].text))
            fail_msg("%s, seed %llu: complete, but wrong:\n%s", t->file, (unsigned long long)seed,
                     have.line[i].text);
    }
    for (size_t i = 0; i < want->n; i++) {
        const struct line *l = &want->line[i];
        bool touched = is_touched(&p, taken, l);
        if (!l->complete)
            continue;
        t->lost += touched;
        t->kept += !touched;
        if (!touched && count(&have, l->text) == 0)
            fail_msg("%s, seed %llu: nothing of it is missing, but it is not found:\n%s", t->file,
                     (unsigned long long)seed, l->text);
    }
    free(taken);
    lines_release(&have);
    packets_release(&p);
    packets_release(&less);
}

static void acceptance_5_losing_one_packet_in_a_hundred_makes_nothing_up(void **state)
{
    struct loss files[] = {
        {.file = "sv__http-protocol-nodup__input.pcap", .wanted = 40},
        {.file = "sv__http-range-multiflows__input.pcap", .wanted = 41},
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct loss *t = &files[i];
        struct lines want;
        struct packets p;

        assert_true(load(&p, t->file));
        run(&p, &want);
        assert_int_equal(want.n, t->wanted);
        join_pipelined(&want);
        for (uint64_t seed = 1; seed <= 100; seed++)
            lose_and_compare(t, seed, &want);
        print_message("%s: %zu exchanges lost something, %zu nothing\n", t->file, t->lost, t->kept);
        assert_true(t->lost > 0 && t->kept > t->lost);
        lines_release(&want);
        packets_release(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acceptance_3_cutting_packets_changes_nothing),
        cmocka_unit_test(acceptance_4_order_and_repetition_change_nothing),
        cmocka_unit_test(acceptance_5_losing_one_packet_in_a_hundred_makes_nothing_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
