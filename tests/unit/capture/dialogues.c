/* Every file in tests/dialogues, through the whole stage as real TCP segments:
 * in one piece, byte by byte, cut in two at every place, reordered, doubled.
 *
 * A dialogue is text up to the first marker, then blocks in the order in which
 * they were sent:
 *
 *     >>>            what the client sends, lines ending in CR LF
 *     <<<            what the server sends
 *     >>> 5 lost     that many bytes of the client are not captured
 *     <<< fin        the server closes;  <<< reset  it resets
 *     ===            what is to come out, one exchange a line
 *
 * In blocks \r \n \t \\ and \xHH stand for bytes, and a \ at the end of a line
 * leaves its line break out. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/stage.h"

static const char *const folders[] = {"tests/dialogues", "../tests/dialogues"};

enum { MAX_BLOCKS = 64, MAX_FILES = 256 };

enum action { SAY, LOSE, CLOSE, RESET };

struct block {
    int dir;
    enum action action;
    size_t lost;
    struct buf bytes;
};

struct dialogue {
    char name[256];
    struct block block[MAX_BLOCKS];
    size_t n;
    struct buf want;
    size_t bytes; /* said, in all blocks */
};

/* ---- reading a dialogue ----------------------------------------------------- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static void add_line(struct buf *b, const char *line)
{
    size_t n = strlen(line);

    for (size_t i = 0; i < n; i++) {
        char c = line[i];
        if (c == '\\' && i + 1 == n)
            return;
        if (c == '\\') {
            c = line[++i];
            if (c == 'x' && i + 2 < n) {
                c = (char)(hex(line[i + 1]) << 4 | hex(line[i + 2]));
                i += 2;
            } else {
                c = (char)(c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c);
            }
        }
        assert_int_equal(buf_addc(b, c, NULL), 0);
    }
    assert_int_equal(buf_append(b, "\r\n", 2, NULL), 0);
}

static struct block *add_block(struct dialogue *d, const char *marker)
{
    struct block *b = &d->block[d->n++];
    unsigned long lost;

    assert_true(d->n < MAX_BLOCKS);
    b->dir = marker[0] == '<';
    buf_init(&b->bytes, 1 << 20);
    if (strcmp(marker + 3, " fin") == 0)
        b->action = CLOSE;
    else if (strcmp(marker + 3, " reset") == 0)
        b->action = RESET;
    else if (sscanf(marker + 3, " %lu lost", &lost) == 1)
        b->action = LOSE, b->lost = lost;
    else
        assert_string_equal(marker + 3, "");
    return b;
}

static void read_dialogue(struct dialogue *d, const char *folder, const char *name)
{
    char path[512], line[4096];
    struct block *block = NULL;
    bool wanted = false;
    FILE *in;

    memset(d, 0, sizeof *d);
    snprintf(d->name, sizeof d->name, "%s", name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    in = fopen(path, "r");
    assert_non_null(in);
    buf_init(&d->want, 1 << 20);
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, ">>>", 3) == 0 || strncmp(line, "<<<", 3) == 0)
            block = add_block(d, line);
        else if (strcmp(line, "===") == 0)
            wanted = true;
        else if (wanted)
            buf_printf(&d->want, NULL, "%s\n", line);
        else if (block)
            add_line(&block->bytes, line);
    }
    fclose(in);
    for (size_t i = 0; i < d->n; i++)
        d->bytes += d->block[i].bytes.len;
    assert_true(wanted);
}

static void release_dialogue(struct dialogue *d)
{
    for (size_t i = 0; i < d->n; i++)
        buf_release(&d->block[i].bytes);
    buf_release(&d->want);
}

/* ---- speaking it ------------------------------------------------------------ */

/* Cut segments after `mss` bytes, and once more at byte `cut` of all. */
static void speak(const struct dialogue *d, struct packets *p, size_t mss, size_t cut)
{
    struct talk t;
    size_t said = 0;

    talk_init(&t, p, 50000);
    t.mss = mss;
    talk_open(&t);
    for (size_t i = 0; i < d->n; i++) {
        const struct block *b = &d->block[i];
        switch (b->action) {
        case SAY:
            if (cut > said && cut < said + b->bytes.len) {
                talk_send(&t, b->dir, b->bytes.data, cut - said);
                talk_send(&t, b->dir, b->bytes.data + (cut - said), b->bytes.len - (cut - said));
            } else {
                talk_send(&t, b->dir, b->bytes.data, b->bytes.len);
            }
            said += b->bytes.len;
            break;
        case LOSE:
            talk_lose(&t, b->dir, b->lost);
            break;
        case CLOSE:
            talk_flags(&t, b->dir, FIN);
            break;
        case RESET:
            talk_flags(&t, b->dir, RST);
            break;
        }
    }
}

static void expect(const struct dialogue *d, const struct packets *p, const char *how, size_t n)
{
    struct stage s;

    stage_run(&s, p, NULL);
    if (s.stats.orphan_responses)
        buf_printf(&s.text, NULL, "orphans %llu\n", (unsigned long long)s.stats.orphan_responses);
    if (s.rc != 0 || strcmp(stage_text(&s), d->want.data ? d->want.data : "") != 0)
        fail_msg("%s, %s %zu:\n--- got\n%s--- want\n%s", d->name, how, n, stage_text(&s),
                 d->want.data ? d->want.data : "");
    stage_release(&s);
}

static void try_out(const struct dialogue *d, const char *how, size_t n, size_t mss, size_t cut)
{
    struct packets p;

    packets_init(&p, LINK_ETHERNET);
    speak(d, &p, mss, cut);
    expect(d, &p, how, n);
    packets_release(&p);
}

static void try_disorder(const struct dialogue *d, uint64_t seed)
{
    struct packets p;

    packets_init(&p, LINK_ETHERNET);
    speak(d, &p, 1 + seed % 40, 0);
    packets_shuffle(&p, 8, seed);
    expect(d, &p, "shuffled with seed", (size_t)seed);
    packets_double(&p);
    expect(d, &p, "shuffled and doubled with seed", (size_t)seed);
    packets_release(&p);
}

static void run(const char *folder, const char *name)
{
    struct dialogue d;

    read_dialogue(&d, folder, name);
    try_out(&d, "in one piece", 0, 60000, 0);
    try_out(&d, "in pieces of", 1, 1, 0);
    try_out(&d, "in pieces of", 7, 7, 0);
    for (size_t cut = 1; cut < d.bytes; cut++)
        try_out(&d, "cut at", cut, 60000, cut);
    for (uint64_t seed = 1; seed <= 40; seed++)
        try_disorder(&d, seed);
    release_dialogue(&d);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static size_t list(const char **folder, char names[MAX_FILES][256])
{
    size_t n = 0;
    DIR *dir = NULL;

    for (size_t i = 0; !dir && i < sizeof folders / sizeof *folders; i++)
        dir = opendir(*folder = folders[i]);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) && n < MAX_FILES;) {
        if (str_ends(str_of(e->d_name), STR(".http")))
            snprintf(names[n++], 256, "%s", e->d_name);
    }
    closedir(dir);
    qsort(names, n, 256, by_name);
    return n;
}

static void dialogues_give_their_exchanges_however_the_packets_lie(void **state)
{
    static char names[MAX_FILES][256];
    const char *folder, *only = getenv("DIALOGUE");
    size_t n = list(&folder, names);

    (void)state;
    assert_true(n >= 30);
    for (size_t i = 0; i < n; i++) {
        if (!only || strstr(names[i], only))
            run(folder, names[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialogues_give_their_exchanges_however_the_packets_lie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
