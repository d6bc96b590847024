/* What was asked of a replay, beside what its accounting says came of it. */
#include <inttypes.h>

#include "cli/account.h"
#include "cli/binomial.h"
#include "cli/text.h"
#include "core/buf.h"
#include "core/log.h"

enum { LINE_MAX_BYTES = 512 };

static void add_pace(struct buf *line, const struct replay_options *o)
{
    char number[TEXT_SIZE], ramp[TEXT_SIZE];

    if (o->max)
        buf_printf(line, NULL, "as fast as %" PRIu64 " in flight allow", o->concurrency);
    else if (o->rate > 0)
        buf_printf(line, NULL, "%s requests/s%s", text_number(o->rate, number),
                   o->arrivals ? ", poisson" : "");
    else if (o->speed > 0)
        buf_printf(line, NULL, "%s times the recorded pace", text_number(o->speed, number));
    else
        buf_add(line, STR("the recorded pace"), NULL);
    if (o->ramp_ns)
        buf_printf(line, NULL, ", rising for %s", text_duration(o->ramp_ns, ramp));
}

static void add_extent(struct buf *line, const struct replay_options *o,
                       const struct replay_stats *s)
{
    char end[TEXT_SIZE];

    if (o->loops > 1)
        buf_printf(line, NULL, "; pass %" PRIu64 " of %" PRIu64, s->passes, o->loops);
    if (o->duration_ns)
        buf_printf(line, NULL, "; at most %s", text_duration(o->duration_ns, end));
    if (o->shard.count)
        buf_printf(line, NULL, "; shard %u of %u", o->shard.index, o->shard.count);
}

/* Whether a draw is one that chance makes is worth knowing where it is not 0 or
 * 1 of all, and requests are drawn one by one. */
void account_replay_draw(const struct replay_options *o, const struct replay *r)
{
    const struct replay_stats *s = replay_stats(r);
    int64_t share = replay_share(r);
    double percent = (double)share / 10000;
    uint64_t low, high;

    if (share <= 0 || share == 1000000 || s->eligible == 0 || s->passes > 1)
        return;
    if (replay_options_draw_keys(o)) {
        log_info("the percentage is one of %s keys: %g %% of them, with all their requests",
                 o->key.text, percent);
        return;
    }
    binomial_bounds(s->eligible, percent / 100, 0.001, &low, &high);
    log_info("%" PRIu64 " of %" PRIu64 " were drawn at %g %%; 999 of 1000 draws give %" PRIu64
             " to %" PRIu64 "%s",
             s->selected, s->eligible, percent, low, high,
             s->selected < low || s->selected > high ? ": do many requests have one trace id?"
                                                     : "");
}

void account_replay_terms(const struct replay_options *o, const struct replay *r)
{
    const struct replay_stats *s = replay_stats(r);
    double reached = account_rate(s);
    struct buf line;

    buf_init(&line, LINE_MAX_BYTES);
    buf_add(&line, STR("asked for "), NULL);
    add_pace(&line, o);
    if (reached > 0)
        buf_printf(&line, NULL, ", reached %.1f requests/s", reached);
    add_extent(&line, o, s);
    log_info("%s", line.len ? line.data : "");
    buf_release(&line);
    account_replay_draw(o, r);
}
