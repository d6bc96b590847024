#include "replay/schedule.h"

#include "core/clock.h"

/* Beyond this a run would last for centuries; it keeps sums from overflowing. */
static const double longest_ns = 1e18;

void schedule_init(struct schedule *s, enum replay_pace pace, double speed, double rate,
                   int64_t start_ns)
{
    *s = (struct schedule){
        .pace = pace, .speed = speed, .rate = rate, .start_ns = start_ns, .last_due_ns = start_ns};
}

void schedule_note(struct schedule *s, int64_t recorded_ns)
{
    if (s->first_recorded_ns == 0)
        s->first_recorded_ns = recorded_ns;
}

static int64_t after_start(const struct schedule *s, double ns)
{
    if (!(ns > 0))
        return s->start_ns;
    return s->start_ns + (int64_t)(ns < longest_ns ? ns : longest_ns);
}

/* Times come from files and can be anything: the difference may wrap. */
static double since_first(const struct schedule *s, int64_t recorded_ns)
{
    return (double)(int64_t)((uint64_t)recorded_ns - (uint64_t)s->first_recorded_ns);
}

int64_t schedule_due(struct schedule *s, int64_t recorded_ns)
{
    uint64_t n = s->n++;

    schedule_note(s, recorded_ns);
    switch (s->pace) {
    case PACE_MAX:
        break;
    case PACE_RATE:
        s->last_due_ns = after_start(s, (double)n * (double)NS_PER_SEC / s->rate);
        break;
    case PACE_RECORDED:
        if (recorded_ns)
            s->last_due_ns = after_start(s, since_first(s, recorded_ns) / s->speed);
        break;
    }
    return s->last_due_ns;
}
