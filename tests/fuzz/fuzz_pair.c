/* A conversation on one TCP connection, built from the input: runs of bytes of
 * either side, holes, copies that say something else, pauses, and their ends.
 * What comes out must not depend on where the runs are cut into segments. Damage
 * excepted: a lost reader, as one is at first that begins in mid-stream, takes a
 * hint from where segments begin. And so is what
 * is said after a reset: when a connection that is over has been over for long
 * enough to be another one, the number of packets tells (set_clock() in capture.c).
 *
 * The input is a list of steps: a byte that says what, one that says how much,
 * and for data so many bytes. Behind a first byte of 0xff the beginning of the
 * connection was not captured. */
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "capture/capture.h"
#include "tests/support/packets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int put(void *ctx, struct exchange *x, struct err *e)
{
    XXH64_hash_t *digest = ctx;
    uint32_t flags[] = {x->request.flags, x->response.flags, x->request.complete,
                        x->response.complete};

    (void)e;
    *digest = XXH64(x->request.head.data, x->request.head.len, *digest);
    if (x->response.head.len)
        *digest = XXH64(x->response.head.data, x->response.head.len, *digest);
    if (x->response.body.len)
        *digest = XXH64(x->response.body.data, x->response.body.len, *digest);
    *digest = XXH64(flags, sizeof flags, *digest);
    exchange_free(x);
    return 0;
}

/* What a step does; those below LOSE say something. */
enum { LOSE = 4, CONTRADICT, WAIT, END, STEPS };

enum { MIDSTREAM = 0xff };

/* The last bytes again, but others. */
static void contradict(struct talk *t, int dir, size_t n)
{
    static const char other[256];

    t->seq[dir] -= (uint32_t)n;
    talk_send(t, dir, other, n);
}

static void take_step(struct talk *t, unsigned what, int dir, const uint8_t *data, size_t n)
{
    switch (what) {
    case LOSE:
        talk_lose(t, dir, n);
        break;
    case CONTRADICT:
        contradict(t, dir, n);
        break;
    case WAIT:
        t->packets->ns += (int64_t)n * 100000000;
        break;
    case END:
        talk_flags(t, dir, n & 2 ? RST : n & 1 ? FIN : 0);
        break;
    default:
        talk_send(t, dir, data, n);
        break;
    }
}

/* True if somebody went on after a reset. */
static bool speak(struct packets *p, const uint8_t *data, size_t size, size_t mss)
{
    struct talk t;
    bool closed[2] = {false, false}, reset = false, went_on = false;

    talk_init(&t, p, 1000);
    t.mss = mss;
    if (size && data[0] == MIDSTREAM) {
        data++;
        size--;
    } else {
        talk_open(&t);
    }
    while (size >= 2) {
        int dir = data[0] & 1;
        unsigned what = (data[0] >> 1) % STEPS;
        size_t n = data[1], taken;
        data += 2;
        size -= 2;
        if (what < LOSE && n > size)
            n = size;
        taken = what < LOSE ? n : 0;
        if (!closed[dir])
            take_step(&t, what, dir, data, n);
        closed[dir] |= what == END && (n & 1);
        went_on |= reset && taken;
        reset |= what == END && (n & 2);
        data += taken;
        size -= taken;
    }
    return went_on;
}

static XXH64_hash_t run(const uint8_t *data, size_t size, size_t mss, bool *damaged)
{
    const struct capture_stats *stats;
    char path[PACKETS_PATH];
    const char *files[] = {path};
    struct capture_config config = {.files = files, .n_files = 1, .max_body = 1024};
    XXH64_hash_t digest = 0;
    struct exchange_sink sink = {put, &digest};
    struct packets p;
    struct capture *c;
    bool went_on;
    int fd;

    packets_init(&p, LINK_RAW);
    went_on = speak(&p, data, size, mss);
    fd = packets_file(&p, 0, path);
    packets_release(&p);
    c = capture_open(&config, NULL);
    if (!c || capture_run(c, &sink, NULL) < 0)
        abort();
    stats = capture_stats(c);
    *damaged = went_on || stats->skipped_bytes || stats->orphan_responses || stats->gaps ||
               stats->conflicts || (size && data[0] == MIDSTREAM);
    capture_close(c);
    close(fd);
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    XXH64_hash_t whole, split;
    bool damaged[2];

    if (size > 4096)
        return 0;
    whole = run(data, size, 60000, &damaged[0]);
    split = run(data, size, 3, &damaged[1]);
    if (whole != split && !damaged[0] && !damaged[1])
        abort();
    return 0;
}
