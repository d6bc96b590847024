#include "cli/recorder.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "cli/account.h"
#include "cli/output.h"
#include "cli/series.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/queue.h"
#include "core/thread.h"

/* DESIGN
 *
 *     capture --put--> batch --full--> thread --> record file
 *        ^                               |
 *        +---------- batch <---empty-----+
 *
 * A fixed number of batches goes round, so an exchange costs its giver a
 * fraction of one lock. Everything that shapes a file happens at the edge of
 * a batch, which depends on the exchanges only and never on who was faster. */

enum {
    BATCHES = 16,
    BATCH_ITEMS = 256,
    BATCH_BYTES = 512 * 1024,
    WAITING_MAX = 4 * 1024 * 1024, /* bytes in full batches */
    STATS_ROOM = 8 * 1024,         /* for the end of a rotated file */
    TEXT_MAX = 64 * 1024,          /* of META and STATS */
};

struct batch {
    struct exchange *items[BATCH_ITEMS];
    size_t n, bytes;
    bool flush;                 /* what is written must reach a reader now */
    bool ends_file;             /* whose time is over */
    struct capture_stats stats; /* after its last exchange; only in a rotation */
};

/* The counters that must fit what a file holds. */
struct counted {
    uint64_t exchanges, complete, unanswered, incomplete;
};

struct recorder {
    struct recorder_config config;
    bool rotates;
    struct record_options record;
    struct buf meta;
    const struct capture_stats *stats;
    struct batch *batches;
    struct queue *full, *empty;
    pthread_t thread;
    bool running;

    /* Of the giver. */
    struct batch *batch;  /* being filled, or NULL */
    size_t batch_max;     /* bytes */
    struct counted after; /* the exchange that was put last */
    int64_t due_ns;       /* when the time of this file is over */
    bool has_content;     /* something was put since the last one was */
    bool unflushed;       /* something was put since the last flush */
    uint64_t refused;     /* put after a failure */

    /* Of the thread, and of the giver when that has ended. */
    struct output out;
    struct series series;
    struct capture_stats reached; /* by the batches so far */
    uint64_t in_file;             /* exchanges */
    uint64_t unwritten;           /* exchanges that are in no file */
    bool completed;               /* the newest file */

    struct err failure; /* the first; set before `failed` is */
    atomic_bool failed;
};

/* ---- files ------------------------------------------------------------------- */

static int open_file(struct recorder *r, struct err *e)
{
    if (r->rotates)
        return series_open_next(&r->series, &r->out, e);
    return output_open(&r->out, r->config.path, e);
}

static int begin_file(struct recorder *r, struct err *e)
{
    r->in_file = 0;
    r->completed = false;
    return output_begin(&r->out, &r->record, buf_str(&r->meta), e);
}

static int put_stats(struct recorder *r, const struct capture_stats *stats, struct err *e)
{
    const struct account_file file = {r->series.newest, r->in_file};
    struct capture_stats s = *stats;
    struct buf text;
    int rc = -1;

    s.unwritten = r->unwritten;
    buf_init(&text, TEXT_MAX);
    if (account_capture_json(&s, r->rotates ? &file : NULL, &text, e) == 0)
        rc = output_put_stats(&r->out, buf_str(&text), e);
    buf_release(&text);
    return rc;
}

/* Write out what is left, complete the file and close it. On a full disk that
 * is a file without the exchanges that had no room, but with its STATS. */
static int finish_file(struct recorder *r, const struct capture_stats *stats, struct err *e)
{
    int rc = put_stats(r, stats, e);

    r->completed = rc == 0;
    if (rc < 0) {
        int resumed = record_resume(r->out.writer, NULL);
        r->unwritten += record_unwritten(r->out.writer);
        r->in_file -= record_unwritten(r->out.writer);
        r->completed = resumed == 0 && put_stats(r, stats, NULL) == 0;
    }
    if (r->config.durable && output_sync(&r->out, rc < 0 ? NULL : e) < 0)
        rc = -1;
    if (output_close(&r->out, rc < 0 ? NULL : e) < 0)
        rc = -1;
    return rc;
}

/* Go on in a new file. If none can be begun the one before stands. */
static int turn_over(struct recorder *r, struct err *e)
{
    if (finish_file(r, &r->reached, e) < 0)
        return -1;
    log_debug("%s is complete", r->series.name);
    if (open_file(r, e) < 0)
        return -1;
    if (begin_file(r, e) == 0)
        return 0;
    output_close(&r->out, NULL);
    series_drop_newest(&r->series);
    r->completed = true;
    return -1;
}

/* ---- the thread -------------------------------------------------------------- */

static void note_failure(struct recorder *r, const struct err *e)
{
    if (atomic_load(&r->failed))
        return;
    r->failure = *e;
    atomic_store(&r->failed, true);
}

static bool would_grow_too_large(const struct recorder *r, const struct batch *b)
{
    uint64_t max = r->config.rotation.bytes;

    return max && r->in_file && record_bytes(r->out.writer) + b->bytes + STATS_ROOM > max;
}

static int write_exchange(struct recorder *r, const struct exchange *x, struct err *e)
{
    r->in_file++;
    if (record_put_exchange(r->out.writer, x, e) < 0)
        return err_wrap(e, "%s", r->out.name);
    return 0;
}

/* After a failure a batch is only counted. */
static int write_batch(struct recorder *r, const struct batch *b, struct err *e)
{
    int rc = 0;

    if (r->out.writer && would_grow_too_large(r, b))
        rc = turn_over(r, e);
    if (!r->out.writer) {
        r->unwritten += b->n;
        return rc;
    }
    for (size_t i = 0; i < b->n; i++) {
        if (write_exchange(r, b->items[i], rc < 0 ? NULL : e) < 0)
            rc = -1;
    }
    r->reached = b->stats;
    if (rc == 0 && b->ends_file)
        return turn_over(r, e);
    if (rc == 0 && b->flush && record_flush(r->out.writer, e) < 0)
        return err_wrap(e, "%s", r->out.name);
    return rc;
}

static void empty_batch(struct batch *b)
{
    while (b->n)
        exchange_free(b->items[--b->n]);
    b->bytes = 0;
    b->flush = b->ends_file = false;
}

static void *run_thread(void *arg)
{
    struct recorder *r = arg;
    struct err e = {0};
    struct batch *b;

    while ((b = queue_take(r->full))) {
        if (write_batch(r, b, &e) < 0)
            note_failure(r, &e);
        empty_batch(b);
        queue_put_first(r->empty, b); /* its memory is in the caches */
    }
    return NULL;
}

/* ---- the giver --------------------------------------------------------------- */

static int failed(const struct recorder *r, struct err *e)
{
    if (!atomic_load(&r->failed))
        return 0;
    if (e)
        *e = r->failure;
    return -1;
}

/* The batch being filled; waits for one. */
static struct batch *batch(struct recorder *r)
{
    if (!r->batch)
        r->batch = queue_take(r->empty);
    return r->batch;
}

/* The counters now, but for exchanges that are not in the batch. */
static void take_stats(struct recorder *r, struct capture_stats *s)
{
    *s = *r->stats;
    s->exchanges = r->after.exchanges;
    s->complete = r->after.complete;
    s->unanswered = r->after.unanswered;
    s->incomplete = r->after.incomplete;
}

static void hand_over(struct recorder *r)
{
    struct batch *b = batch(r);

    if (r->rotates)
        take_stats(r, &b->stats);
    r->batch = NULL;
    queue_put_weighing(r->full, b, b->bytes);
}

/* End the file's time if that is over. */
static void mind_time(struct recorder *r, int64_t now)
{
    int64_t period = r->config.rotation.ns;

    if (!period || now < r->due_ns)
        return;
    r->due_ns += ((now - r->due_ns) / period + 1) * period;
    if (!r->has_content) /* no empty files */
        return;
    r->has_content = r->unflushed = false;
    batch(r)->ends_file = true;
    hand_over(r);
}

static int put(void *ctx, struct exchange *x, struct err *e)
{
    struct recorder *r = ctx;
    size_t size = record_exchange_bound(x);

    if (failed(r, e) < 0) {
        r->refused++;
        exchange_free(x);
        return -1;
    }
    mind_time(r, r->stats->last_ns);
    if (batch(r)->n && r->batch->bytes + size > r->batch_max)
        hand_over(r);
    batch(r)->items[r->batch->n++] = x;
    r->batch->bytes += size;
    r->has_content = r->unflushed = true;
    r->after = (struct counted){r->stats->exchanges, r->stats->complete, r->stats->unanswered,
                                r->stats->incomplete};
    if (r->batch->n == BATCH_ITEMS)
        hand_over(r);
    return 0;
}

struct exchange_sink recorder_sink(struct recorder *r)
{
    return (struct exchange_sink){put, r};
}

int recorder_flush(struct recorder *r, int64_t now_ns, struct err *e)
{
    if (failed(r, e) < 0)
        return -1;
    mind_time(r, now_ns);
    if (!r->unflushed)
        return 0;
    r->unflushed = false;
    batch(r)->flush = true;
    hand_over(r);
    return 0;
}

/* ---- from beginning to end ---------------------------------------------------- */

static int make_batches(struct recorder *r, struct err *e)
{
    r->batches = mem_array(BATCHES, sizeof *r->batches);
    if (!r->batches)
        return err_nomem(e, "starting to record");
    r->full = queue_new(BATCHES, e);
    r->empty = r->full ? queue_new(BATCHES, e) : NULL;
    if (!r->empty)
        return -1;
    queue_limit_weight(r->full, WAITING_MAX);
    for (int i = 0; i < BATCHES; i++)
        queue_put(r->empty, &r->batches[i]);
    return 0;
}

struct recorder *recorder_open(const struct recorder_config *config, struct err *e)
{
    const struct rotation *rotation = &config->rotation;
    struct recorder *r = mem_zalloc(sizeof *r);

    if (!r) {
        err_nomem(e, "opening a record");
        return NULL;
    }
    r->config = *config;
    r->out.fd = -1;
    r->rotates = rotation->bytes || rotation->ns;
    r->batch_max = BATCH_BYTES;
    if (rotation->bytes && rotation->bytes / 8 < BATCH_BYTES)
        r->batch_max = (size_t)rotation->bytes / 8;
    buf_init(&r->meta, TEXT_MAX);
    if (make_batches(r, e) == 0 &&
        (r->rotates ? series_init(&r->series, config->path, rotation->keep, e) == 0
                    : open_file(r, e) == 0))
        return r;
    recorder_free(r);
    return NULL;
}

int recorder_start(struct recorder *r, const struct record_options *o, struct str meta,
                   const struct capture_stats *stats, struct err *e)
{
    r->record = *o;
    r->stats = stats;
    r->due_ns = o->created_ns + r->config.rotation.ns;
    /* Only now, so that whoever may not create the second file does not begin. */
    if (r->rotates && open_file(r, e) < 0) {
        e->kind = ERR_USAGE;
        return -1;
    }
    if (buf_add(&r->meta, meta, e) < 0 || begin_file(r, e) < 0 ||
        thread_start(&r->thread, run_thread, r, e) < 0)
        return -1;
    r->running = true;
    return 0;
}

static void stop_thread(struct recorder *r)
{
    if (!r->running)
        return;
    queue_close(r->full);
    pthread_join(r->thread, NULL);
    r->running = false;
}

/* Say what a failure to write left behind. */
static int explain(const struct recorder *r, struct err *e)
{
    const char *end = r->completed ? "the record is complete up to there"
                                   : "the record is good up to there but ends without its summary";

    *e = r->failure;
    if (e->kind == ERR_PIPE || (r->unwritten == 0 && r->completed))
        return -1;
    return err_set(e, e->kind, "%.512s; %" PRIu64 " exchange%s not written, %s", r->failure.text,
                   r->unwritten, r->unwritten == 1 ? " was" : "s were", end);
}

int recorder_end(struct recorder *r, struct err *e)
{
    struct err last = {0};

    if (r->batch)
        hand_over(r);
    stop_thread(r);
    r->unwritten += r->refused;
    if (r->out.writer && finish_file(r, r->stats, &last) < 0)
        note_failure(r, &last);
    return atomic_load(&r->failed) ? explain(r, e) : 0;
}

uint64_t recorder_unwritten(const struct recorder *r)
{
    return r->unwritten;
}

void recorder_summary(const struct recorder *r)
{
    if (r->rotates)
        series_summary(&r->series);
}

void recorder_free(struct recorder *r)
{
    if (!r)
        return;
    stop_thread(r);
    for (size_t i = 0; r->batches && i < BATCHES; i++)
        empty_batch(&r->batches[i]);
    mem_free(r->batches);
    queue_free(r->full);
    queue_free(r->empty);
    buf_release(&r->meta);
    output_close(&r->out, NULL);
    mem_free(r);
}
