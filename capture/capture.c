#include "capture/capture.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#include "capture/decode.h"
#include "capture/flow.h"
#include "capture/fragment.h"
#include "capture/ports.h"
#include "capture/redact.h"
#include "capture/source.h"
#include "capture/split.h"
#include "core/clock.h"
#include "core/mem.h"

/* DESIGN
 *
 *     source --packet--> decode --segment--> flow --> connection --exchange--> sink
 *
 * One thread does all of it; a live source has a reader thread in front. There
 * is one clock, and it is the packets': everything that expires, and every
 * hole that is given up, does so at a moment that a second run over the same
 * packets reaches again. On a quiet live link wall time stands in. */

struct capture {
    struct capture_config config;
    struct source source;
    struct budget budget;
    struct flow_table *flows;
    struct fragments *fragments;
    struct split split;
    struct pair_context pairs;
    struct redaction *redaction; /* or NULL */
    struct capture_stats stats;
    const struct exchange_sink *sink;
    uint8_t port_set[65536 / 8];
    uint8_t id[16];
    int64_t created_ns;
    int64_t now; /* packet time, see set_clock() */
    struct {
        int side; /* 1, -1: the last packet was of another time, later or earlier; 0: of ours */
        int64_t ns;
        struct flow *flow; /* that it was of, or NULL */
    } away;
    uint64_t numbers;   /* connections so far */
    uint64_t ordinals;  /* exchanges handed on so far */
    bool full;          /* no more exchanges are wanted */
    bool over;          /* the time is over: no more packets are read */
    struct err failure; /* of the sink */
    atomic_bool stopping;
};

/* ---- exchanges out ---------------------------------------------------------- */

static void count_exchange(struct capture_stats *stats, const struct exchange *x)
{
    stats->exchanges++;
    if (x->request.complete && x->response.complete)
        stats->complete++;
    else if (x->request.complete && x->response.head.len == 0)
        stats->unanswered++;
    else
        stats->incomplete++;
}

/* Before anybody else sees it. False when it could not be done. */
static bool redact(struct capture *c, struct exchange *x)
{
    int rc = c->redaction ? redaction_apply(c->redaction, x, &c->failure) : 0;

    c->stats.redacted += rc > 0;
    c->full |= rc < 0;
    return rc >= 0;
}

static void hand_over(void *ctx, struct exchange *x)
{
    struct capture *c = ctx;
    int rc;

    if (c->full || !redact(c, x)) {
        exchange_free(x);
        return;
    }
    x->ordinal = ++c->ordinals;
    count_exchange(&c->stats, x);
    rc = c->sink->put(c->sink->ctx, x, &c->failure);
    if (rc < 0 && c->failure.kind == ERR_NONE)
        err_set(&c->failure, ERR_IO, "cannot hand on an exchange");
    c->full = rc != 0 || (c->config.count && c->ordinals >= c->config.count);
}

/* ---- packets in ------------------------------------------------------------- */

static void end_flow(struct capture *c, struct flow *f)
{
    connection_end(&f->connection, &c->pairs, c->now);
    if (c->away.flow == f)
        c->away.flow = NULL;
    flow_remove(c->flows, f);
}

/* Give up connections until the memory fits again. */
static void keep_ceiling(struct capture *c)
{
    struct flow *f;

    while (budget_exceeded(&c->budget) && (f = flow_victim(c->flows))) {
        c->stats.evicted++;
        end_flow(c, f);
    }
}

/* What is due at this moment. */
static void mind_time(struct capture *c)
{
    struct flow *f;

    while ((f = flow_expired(c->flows, c->now)))
        end_flow(c, f);
    fragments_give_up(c->fragments, c->now - FRAGMENT_SECONDS * NS_PER_SEC);
    while ((f = flow_waiting(c->flows, c->now, CONNECTION_PATIENCE_SECONDS * NS_PER_SEC))) {
        connection_nudge(&f->connection, &c->pairs, c->now);
        flow_waited(c->flows, f, c->now);
    }
    if (budget_exceeded(&c->budget))
        keep_ceiling(c);
}

static bool is_wanted(const struct capture *c, uint16_t port)
{
    return c->port_set[port / 8] >> (port % 8) & 1;
}

static struct flow *start_flow(struct capture *c, const struct flow_key *key,
                               const struct segment *s, int dir)
{
    enum split_kind split;
    struct flow *f;

    if (flow_table_is_full(c->flows) && (f = flow_victim(c->flows))) {
        c->stats.evicted++;
        end_flow(c, f);
    }
    split = split_by_tags(&c->split, key, dir, s);
    c->stats.split_by_tags += split == SPLIT_DIRECTIONS;
    c->stats.seen_twice += split == SPLIT_COPY;
    f = flow_add(c->flows, key);
    if (f)
        connection_init(&f->connection, ++c->numbers, s, dir);
    else
        c->stats.evicted++;
    return f;
}

/* Does a segment begin another connection between the ports of this one? Its
 * numbers may be the same, as of traffic that is replayed: then time tells. */
static bool is_replaced(struct flow *f, const struct segment *s, int dir)
{
    bool opens = (s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;

    return connection_is_replaced(&f->connection, s, dir) || (opens && flow_is_over(f, s->ns));
}

static void on_segment(struct capture *c, const struct segment *s)
{
    struct asked *asked = NULL;
    struct flow_key key;
    struct flow *f;
    int dir;

    c->stats.decoded++;
    c->stats.cut += s->missing > 0;
    dir = flow_key(&key, s);
    f = flow_find(c->flows, &key);
    if (f && is_replaced(f, s, dir)) {
        asked = connection_asked(&f->connection, s, dir);
        end_flow(c, f);
        f = NULL;
    }
    if (!f) {
        /* An acknowledgement alone is the tail of something that is over. */
        if (!(s->flags & (TCP_SYN | TCP_FIN | TCP_RST)) && s->bytes.len == 0 && !s->missing)
            return;
        f = start_flow(c, &key, s, dir);
    }
    if (!f) {
        asked_free(asked, &c->budget);
        return;
    }
    if (asked)
        connection_segment(&f->connection, &c->pairs, &asked->segment, asked->dir, c->now);
    asked_free(asked, &c->budget);
    connection_segment(&f->connection, &c->pairs, s, dir, c->now);
    flow_touch(c->flows, f, c->now);
    if (c->away.side)
        c->away.flow = f;
}

static enum decode_result decode(struct capture *c, const struct packet *p, struct segment *s)
{
    struct fragment fragment;
    struct str payload;
    enum decode_result result = decode_packet(p, s, &fragment);

    /* A datagram put together may hold a tunnel, with fragments in it. */
    for (int depth = 0; result == DECODE_FRAGMENT && depth < 4; depth++) {
        uint8_t protocol = fragment.protocol;
        c->stats.fragments++;
        if (!fragments_add(c->fragments, s, &fragment, c->now, &payload))
            return DECODE_FRAGMENT;
        result = decode_datagram(protocol, payload, s, &fragment);
    }
    return result;
}

static void on_unwanted(struct capture *c, const struct segment *s)
{
    uint16_t lower = s->from.port < s->to.port ? s->from.port : s->to.port;

    c->stats.other_port++;
    ports_add(&c->stats.unwanted, lower, SPOKEN_UNKNOWN);
}

static void use_packet(struct capture *c, const struct packet *p)
{
    struct segment s;

    switch (decode(c, p, &s)) {
    case DECODE_SEGMENT:
        if (c->config.n_ports && !is_wanted(c, s.from.port) && !is_wanted(c, s.to.port))
            on_unwanted(c, &s);
        else
            on_segment(c, &s);
        break;
    case DECODE_FRAGMENT: /* more of it must come */
        c->stats.decoded++;
        break;
    case DECODE_NOT_IP:
        c->stats.not_ip++;
        break;
    case DECODE_NOT_TCP:
        c->stats.not_tcp++;
        break;
    case DECODE_TRUNCATED:
        c->stats.truncated++;
        break;
    default:
        c->stats.malformed++;
        break;
    }
}

/* Packets may be out of order, and the clock does not go backwards for that. By
 * more than a moment they are of another time: behind a pause, or of an older
 * file. But a time may also be wrong, which must not end every connection: so
 * the clock goes there only with the second such packet in a row. Returns
 * whether the packet's time is believed. */
static bool set_clock(struct capture *c, int64_t ns)
{
    const int64_t moment = CONNECTION_PATIENCE_SECONDS * NS_PER_SEC;
    int64_t ahead = ns - c->now;
    int side = ahead > moment ? 1 : ahead < -moment ? -1 : 0;
    bool believed = side == 0 || side == c->away.side;

    if (believed && (ahead > 0 || side))
        c->now = ns;
    if (believed && side && c->away.flow) /* the packet before was right, too */
        flow_touch(c->flows, c->away.flow, c->away.ns < ns ? c->away.ns : ns);
    c->away.side = believed ? 0 : side;
    c->away.ns = ns;
    c->away.flow = NULL;
    return believed;
}

static bool on_packet(void *ctx, const struct packet *p)
{
    struct capture *c = ctx;
    bool believed;

    if (c->stats.packets == 0)
        c->stats.first_ns = c->now = p->ns;
    believed = set_clock(c, p->ns);
    if (!c->source.kind->live && c->config.duration_ns &&
        p->ns - c->stats.first_ns >= c->config.duration_ns) {
        c->over = believed;
        return !c->over;
    }
    c->stats.last_ns = p->ns;
    mind_time(c);
    /* Not before, so that the sums hold whenever an exchange is handed on. */
    c->stats.packets++;
    c->stats.bytes += p->length;
    use_packet(c, p);
    return !c->full;
}

/* ---- opening ---------------------------------------------------------------- */

/* Two runs over the same packets must give the same id, and other packets or
 * options that give other exchanges another one. */
static void make_identity(struct capture *c, const struct packet *first)
{
    const struct capture_config *config = &c->config;
    uint64_t numbers[] = {
        config->count,
        (uint64_t)config->duration_ns,
        config->max_body,
        config->memory,
        first ? (uint64_t)first->ns : 0,
        first ? first->length : 0,
        first ? (uint64_t)first->link : 0,
    };

    for (uint64_t half = 0; half < 2; half++) {
        XXH64_hash_t h = XXH64(numbers, sizeof numbers, half);
        h = XXH64(config->ports, config->n_ports * sizeof config->ports[0], h);
        if (config->filter)
            h = XXH64(config->filter, strlen(config->filter), h);
        for (size_t i = 0; i < config->n_redact; i++)
            h = XXH64(config->redact[i], strlen(config->redact[i]), h);
        if (first)
            h = XXH64(first->bytes.data, first->bytes.len, h);
        memcpy(c->id + 8 * half, &h, sizeof h);
    }
    c->created_ns = first ? first->ns : 0;
}

static void random_bytes(void *to, size_t n)
{
    if (getrandom(to, n, 0) != (ssize_t)n) {
        int64_t now = clock_wall_ns();
        memcpy(to, &now, n < sizeof now ? n : sizeof now);
    }
}

static int open_parts(struct capture *c, struct err *e)
{
    uint64_t seed = 0;

    random_bytes(&seed, sizeof seed);
    c->flows = flow_table_new(&c->budget, seed, e);
    c->fragments = c->flows ? fragments_new(&c->budget, e) : NULL;
    if (!c->fragments || source_open(&c->source, &c->config, e) < 0)
        return -1;
    if (c->source.kind->live) {
        random_bytes(c->id, sizeof c->id);
        c->created_ns = clock_wall_ns();
    } else {
        make_identity(c, source_first(&c->source));
    }
    return 0;
}

struct capture *capture_open(const struct capture_config *config, struct err *e)
{
    struct capture *c = mem_zalloc(sizeof *c);

    if (!c) {
        err_nomem(e, "starting a capture");
        return NULL;
    }
    c->config = *config;
    c->budget.max = config->memory ? config->memory : SIZE_MAX;
    c->pairs = (struct pair_context){
        .stats = &c->stats,
        .budget = &c->budget,
        .max_body = config->max_body,
        .put = hand_over,
        .ctx = c,
    };
    for (size_t i = 0; i < config->n_ports; i++)
        c->port_set[config->ports[i] / 8] |= (uint8_t)(1 << config->ports[i] % 8);
    if (config->n_redact) {
        c->redaction = redaction_new(config->redact, config->n_redact, e);
        if (!c->redaction) {
            capture_close(c);
            return NULL;
        }
    }
    if (open_parts(c, e) < 0) {
        capture_close(c);
        return NULL;
    }
    return c;
}

void capture_identity(struct capture *c, uint8_t id[16], int64_t *created_ns)
{
    memcpy(id, c->id, sizeof c->id);
    *created_ns = c->created_ns;
}

/* ---- running ---------------------------------------------------------------- */

/* End what is open, who was idle longest first. */
static void flush(struct capture *c)
{
    struct flow *f;

    while ((f = flow_oldest(c->flows)))
        end_flow(c, f);
}

/* Counters that others keep. Returns whether those of the kernel are of what is
 * handed over. */
static bool collect_counts(struct capture *c)
{
    struct source_counts counts;

    source_counts(&c->source, &counts);
    c->stats.kernel_received = counts.kernel_received;
    c->stats.kernel_dropped = counts.kernel_dropped;
    c->stats.interface_dropped = counts.interface_dropped;
    c->stats.queue_dropped = counts.queue_dropped;
    c->stats.fragments_dropped = fragments_dropped(c->fragments);
    c->stats.memory_peak = c->budget.peak;
    return counts.exact;
}

/* No more packets come: what is still missing is missing for good. */
static void close_the_account(struct capture *c)
{
    struct capture_stats *s = &c->stats;
    uint64_t known;

    if (!c->full)
        fragments_give_up(c->fragments, INT64_MAX);
    if (collect_counts(c)) {
        known = s->packets + s->kernel_dropped + s->queue_dropped;
        s->not_read = s->kernel_received > known ? s->kernel_received - known : 0;
    }
    s->not_wanted = c->full;
}

static void on_second(struct capture *c, int64_t *next, struct err *e, int *rc)
{
    int64_t mono = clock_mono_ns();

    if (mono < *next)
        return;
    *next = mono + NS_PER_SEC;
    collect_counts(c);
    if (c->config.tick && c->config.tick(c->config.ctx, e) < 0)
        *rc = -1;
}

/* Nothing came for a while: let time pass nevertheless. What the reader has
 * not handed over yet is at most a second old. */
static void on_quiet(struct capture *c)
{
    int64_t now = clock_wall_ns() - NS_PER_SEC;

    if (c->stats.packets == 0 || now <= c->now)
        return;
    c->now = now;
    mind_time(c);
}

static int run_live(struct capture *c, const struct packet_handler *handler, struct err *e)
{
    int64_t start = clock_mono_ns(), next = start + NS_PER_SEC;
    bool stopped = false;
    int rc = 1;

    while (rc > 0 && !c->full) {
        uint64_t before = c->stats.packets;
        if (c->config.duration_ns && clock_mono_ns() - start >= c->config.duration_ns)
            atomic_store(&c->stopping, true);
        if (!stopped && atomic_load(&c->stopping)) {
            source_stop(&c->source); /* what has arrived by now still comes */
            stopped = true;
        }
        rc = source_read(&c->source, handler, e);
        if (c->stats.packets == before)
            on_quiet(c);
        if (rc > 0)
            on_second(c, &next, e, &rc);
    }
    return rc;
}

static int run_file(struct capture *c, const struct packet_handler *handler, struct err *e)
{
    int rc = 1;

    while (rc > 0 && !c->full && !c->over && !atomic_load(&c->stopping))
        rc = source_read(&c->source, handler, e);
    return rc;
}

int capture_run(struct capture *c, const struct exchange_sink *sink, struct err *e)
{
    struct packet_handler handler = {on_packet, c};
    bool live = c->source.kind->live;
    int rc;

    c->sink = sink;
    if (source_start(&c->source, e) < 0)
        return -1;
    if (c->config.ready)
        c->config.ready(c->config.ctx, source_name(&c->source));
    rc = live ? run_live(c, &handler, e) : run_file(c, &handler, e);
    source_end(&c->source);
    flush(c);
    close_the_account(c);
    if (c->failure.kind != ERR_NONE) {
        *e = c->failure;
        return -1;
    }
    return rc < 0 ? -1 : 0;
}

void capture_stop(struct capture *c)
{
    atomic_store(&c->stopping, true);
}

const struct capture_stats *capture_stats(const struct capture *c)
{
    return &c->stats;
}

uint64_t capture_redact_hits(const struct capture *c, size_t i)
{
    return redaction_hits(c->redaction, i);
}

void capture_close(struct capture *c)
{
    if (!c)
        return;
    source_close(&c->source);
    flow_table_free(c->flows);
    fragments_free(c->fragments);
    redaction_free(c->redaction);
    mem_free(c);
}
