#include "replay/schedule.h"

#include <math.h>

#include "core/clock.h"
#include "replay/select.h"

/* Beyond this a run would last for centuries; it keeps sums from overflowing. */
static const double longest_ns = 1e18;

/* Random gaps are rounded to so many parts of an average one and then added as
 * whole numbers, which makes no error: there is room for 10^10 gaps. */
static const double gap_parts = 1 << 30;

/* Of an exponential distribution, which is what independent users leave between
 * them. The n-th one depends on the seed and on n alone. */
static uint64_t random_gap(const struct schedule *s)
{
    uint64_t random = select_mix(s->random + s->n * UINT64_C(0x9e3779b97f4a7c15));
    double u = ((double)(random >> 11) + 0.5) / (double)(UINT64_C(1) << 53);

    return (uint64_t)(-log(u) * gap_parts + 0.5);
}

void schedule_init(struct schedule *s, const struct schedule_rules *rules, int64_t start_ns)
{
    struct select random;

    *s = (struct schedule){.rules = *rules, .start_ns = start_ns, .last_due_ns = start_ns};
    select_init(&random, rules->seed, 0);
    s->random = select_hash(&random, STR("/arrivals"));
    s->fractions = rules->poisson ? random_gap(s) : 0;
}

void schedule_start(struct schedule *s, int64_t start_ns)
{
    s->start_ns = s->last_due_ns = start_ns;
}

/* Times come from files and can be anything: the difference may wrap. */
static int64_t since_first(const struct schedule *s, int64_t recorded_ns)
{
    return (int64_t)((uint64_t)recorded_ns - (uint64_t)s->first_recorded_ns);
}

void schedule_note(struct schedule *s, int64_t recorded_ns)
{
    if (recorded_ns == 0)
        return;
    if (s->first_recorded_ns == 0)
        s->first_recorded_ns = s->latest_ns = recorded_ns;
    if (since_first(s, recorded_ns) > since_first(s, s->latest_ns))
        s->latest_ns = recorded_ns;
    s->n_timed++;
}

void schedule_again(struct schedule *s)
{
    int64_t span = since_first(s, s->latest_ns);
    double gap = s->n_timed > 1 ? (double)span / (double)(s->n_timed - 1) : 0;
    double passed = (double)s->passed_ns + (double)span + gap;

    s->passed_ns = passed < longest_ns ? s->passed_ns + span + (int64_t)gap : (int64_t)longest_ns;
    s->n_timed = 0;
    s->latest_ns = s->first_recorded_ns;
}

/* When something is due that would be due after `ns` without a ramp. While the
 * pace p rises evenly over the time R, p t^2 / 2R is done at the time t, half
 * of what is done at full pace; from then on it is R/2 behind. */
static double with_ramp(double ns, double ramp_ns)
{
    return ns < ramp_ns / 2 ? sqrt(2 * ns * ramp_ns) : ns + ramp_ns / 2;
}

static int64_t after_start(const struct schedule *s, double ns)
{
    if (!(ns > 0))
        return s->start_ns;
    ns = with_ramp(ns, (double)s->rules.ramp_ns);
    return s->start_ns + (int64_t)(ns < longest_ns ? ns : longest_ns);
}

int64_t schedule_peek(const struct schedule *s, int64_t recorded_ns)
{
    double gaps;

    switch (s->rules.pace) {
    case PACE_RATE:
        gaps = s->rules.poisson ? (double)s->fractions / gap_parts : (double)s->n;
        return after_start(s, gaps * (double)NS_PER_SEC / s->rules.rate);
    case PACE_RECORDED:
        if (recorded_ns == 0)
            return s->last_due_ns;
        if (s->first_recorded_ns == 0)
            return s->start_ns;
        return after_start(s, ((double)s->passed_ns + (double)since_first(s, recorded_ns)) /
                                  s->rules.speed);
    default:
        return s->start_ns;
    }
}

int64_t schedule_due(struct schedule *s, int64_t recorded_ns)
{
    s->last_due_ns = schedule_peek(s, recorded_ns);
    s->n++;
    if (s->rules.poisson)
        s->fractions += random_gap(s);
    return s->last_due_ns;
}
