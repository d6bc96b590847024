#include "cli/account.h"

#include "cli/text.h"
#include "core/json.h"

static void put(struct json_writer *w, const char *key, uint64_t n)
{
    json_key(w, key);
    json_u64(w, n);
}

static void open_object(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_open_object(w);
}

static void put_port(struct json_writer *w, const struct capture_port *p)
{
    static const char *const names[SPOKEN_KINDS] = {
        [SPOKEN_TLS] = "tls",
        [SPOKEN_HTTP2] = "http2",
        [SPOKEN_WEBSOCKET] = "websocket",
        [SPOKEN_H2C] = "h2c",
        [SPOKEN_UPGRADE] = "upgrade",
        [SPOKEN_CONNECT] = "connect",
        [SPOKEN_UNKNOWN] = "unknown",
        [SPOKEN_NOTHING] = "no_data",
    };

    for (unsigned kind = 0; kind < SPOKEN_KINDS; kind++) {
        if (p->count[kind])
            put(w, names[kind], p->count[kind]);
    }
}

/* What is not HTTP/1, by the server's port; 0 stands for ports beyond the
 * ceiling. */
static void put_ports(struct json_writer *w, const struct capture_ports *p)
{
    json_key(w, "by_port");
    json_open_array(w);
    for (size_t i = 0; i <= p->n; i++) {
        const struct capture_port *port = i < p->n ? &p->port[i] : &p->rest;

        if (i == p->n && p->n < CAPTURE_MAX_COUNTED)
            break;
        json_open_object(w);
        put(w, "port", port->port);
        put_port(w, port);
        json_close(w);
    }
    json_close(w);
}

static void put_capture(struct json_writer *w, const struct capture_stats *s)
{
    put(w, "packets", s->packets);
    put(w, "decoded", s->decoded);
    put(w, "cut", s->cut);
    open_object(w, "ignored");
    put(w, "not_ip", s->not_ip);
    put(w, "not_tcp", s->not_tcp);
    put(w, "other_port", s->other_port);
    json_close(w);
    open_object(w, "bad");
    put(w, "truncated", s->truncated);
    put(w, "malformed", s->malformed);
    json_close(w);
    put(w, "connections", s->connections);
    put(w, "http", s->http);
    put(w, "tls", s->tls);
    put(w, "http2", s->http2);
    put(w, "other", s->other);
    put_ports(w, &s->spoken);
    put(w, "kernel_received", s->kernel_received);
    put(w, "kernel_dropped", s->kernel_dropped);
    put(w, "interface_dropped", s->interface_dropped);
    put(w, "queue_dropped", s->queue_dropped);
    put(w, "not_read", s->not_read);
    put(w, "gaps", s->gaps);
    put(w, "gap_bytes", s->gap_bytes);
    put(w, "split_by_tags", s->split_by_tags);
    put(w, "seen_twice", s->seen_twice);
    put(w, "evicted", s->evicted);
    put(w, "fragments", s->fragments);
    put(w, "fragments_dropped", s->fragments_dropped);
    put(w, "midstream", s->midstream);
    put(w, "retransmitted_bytes", s->retransmitted_bytes);
    put(w, "conflicts", s->conflicts);
    put(w, "out_of_window", s->out_of_window);
    put(w, "skipped_bytes", s->skipped_bytes);
    put(w, "requests", s->requests);
    put(w, "responses", s->responses);
    put(w, "exchanges", s->exchanges);
    put(w, "complete", s->complete);
    put(w, "unanswered", s->unanswered);
    put(w, "given_up", s->given_up);
    put(w, "incomplete", s->incomplete);
    put(w, "unwritten", s->unwritten);
    put(w, "orphan_responses", s->orphan_responses);
    put(w, "own_copies", s->own_copies);
    put(w, "redacted", s->redacted);
    put(w, "tunnels", s->tunnels);
    put(w, "tunnel_bytes", s->tunnel_bytes);
}

int account_capture_json(const struct capture_stats *s, const struct account_file *file,
                         struct buf *out, struct err *e)
{
    struct json_writer w;

    json_begin(&w, out, false, e);
    json_open_object(&w);
    open_object(&w, "accounting");
    put_capture(&w, s);
    json_close(&w);
    if (file) {
        open_object(&w, "file");
        put(&w, "number", file->number);
        put(&w, "exchanges", file->exchanges);
    }
    return json_end_all(&w);
}

static void put_outcomes(struct json_writer *w, const char *key, const uint64_t *outcomes,
                         enum outcome first, enum outcome last)
{
    open_object(w, key);
    for (enum outcome o = first; o <= last; o++)
        put(w, outcome_name(o), outcomes[o]);
    json_close(w);
}

static void put_target(struct json_writer *w, const struct replay_target_stats *t)
{
    open_object(w, t->name);
    put(w, "sent", t->sent);
    put(w, "answered", t->answered);
    put_outcomes(w, "failed", t->outcomes, OUTCOME_RESOLVE, OUTCOME_TOO_LARGE);
    put_outcomes(w, "not_sent", t->outcomes, OUTCOME_QUEUE, OUTCOME_OFF);
    put(w, "connections", t->connections);
    put(w, "reused", t->reused);
    put(w, "retried", t->retried);
    put(w, "closed_early", t->closed_early);
    put(w, "breaker_opened", t->breaker_opened);
    json_close(w);
}

static void put_not_eligible(struct json_writer *w, const struct replay_stats *s)
{
    open_object(w, "not_eligible");
    put(w, "method", s->method);
    put(w, "incomplete", s->incomplete);
    put(w, "anomalous", s->anomalous);
    put(w, "tunnel", s->tunnel);
    put(w, "loop", s->loop);
    put(w, "no_rule", s->no_rule);
    put(w, "no_mirror", s->no_mirror);
    put(w, "redirect", s->redirect);
    put(w, "undecided", s->undecided);
    put(w, "no_key", s->no_key);
    put(w, "limit", s->limit);
    put(w, "behind", s->behind);
    json_close(w);
}

/* Lateness of all calls: how well the schedule was kept. */
static void put_lateness(struct json_writer *w, const struct replay_stats *s)
{
    static const struct {
        const char *key;
        double percent;
    } rows[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"max", 100}};
    struct hist all = {0};

    for (unsigned i = 0; i < s->n_targets; i++)
        hist_merge(&all, &s->targets[i].lateness);
    open_object(w, "lateness");
    put(w, "n", all.total);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_key(w, rows[i].key);
        json_i64_str(w, hist_percentile(&all, rows[i].percent));
    }
    json_close(w);
}

double account_rate(const struct replay_stats *s)
{
    const struct replay_target_stats *t = s->targets;
    int64_t span = t->last_sent_ns - t->first_sent_ns;

    return t->sent > 1 && span > 0 ? (double)(t->sent - 1) * 1e9 / (double)span : 0;
}

int account_replay_json(const struct replay_stats *s, const struct capture_stats *front,
                        struct buf *out, struct err *e)
{
    char when[TEXT_TIME];
    struct json_writer w;

    json_begin(&w, out, false, e);
    json_open_object(&w);
    open_object(&w, "accounting");
    put(&w, "recorded", s->recorded);
    put(&w, "eligible", s->eligible);
    put_not_eligible(&w, s);
    put(&w, "selected", s->selected);
    put(&w, "sampled_out", s->sampled_out);
    open_object(&w, "targets");
    for (unsigned i = 0; i < s->n_targets; i++)
        put_target(&w, &s->targets[i]);
    json_close(&w);
    put(&w, "paired", s->paired);
    put(&w, "unpaired", s->unpaired);
    put(&w, "unwritten", s->unwritten);
    json_close(&w);
    put(&w, "passes", s->passes);
    json_key(&w, "rate_reached");
    json_double(&w, account_rate(s));
    json_key(&w, "ended");
    json_cstr(&w, text_time(s->ended_ns, 3, when));
    json_key(&w, "stopped");
    json_bool(&w, s->stopped);
    put_lateness(&w, s);
    if (front) {
        open_object(&w, "capture");
        put_capture(&w, front);
    }
    return json_end_all(&w);
}

uint64_t account_lost(const struct capture_stats *s)
{
    return s->kernel_dropped + s->interface_dropped + s->queue_dropped + s->gap_bytes + s->evicted +
           s->fragments_dropped + s->truncated + (s->not_wanted ? 0 : s->not_read);
}
