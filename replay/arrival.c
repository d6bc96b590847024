#include "replay/arrival.h"

/* Reading takes less, unless it waits. */
static const int64_t waited_ns = 100 * NS_PER_US;

void arrivals_init(struct arrivals *a, bool live, int64_t start_ns)
{
    *a = (struct arrivals){
        .live = live,
        .most_ns = live ? arrival_most_of_live_ns : arrival_most_of_pipe_ns,
        .at_ns = start_ns,
        .latest_ns = start_ns,
        .floor_ns = start_ns,
    };
}

void arrivals_note(struct arrivals *a, int64_t asked_ns, int64_t now_ns)
{
    if (now_ns - asked_ns >= waited_ns)
        a->at_ns = now_ns;
}

/* More slack, if that can bring such a one in time. If not, the others need not
 * wait for it either. */
static void come_late(struct arrivals *a, int64_t late_ns)
{
    if (a->slack_ns + late_ns > a->most_ns)
        return;
    a->slack_ns += late_ns;
    a->shift_ns += late_ns;
}

/* What happens now cannot be due long after it came: its first exchange was
 * slow, or a clock was set. */
static void come_early(struct arrivals *a, int64_t early_ns)
{
    a->shift_ns -= early_ns;
    a->slack_ns -= early_ns;
    if (a->slack_ns < 0)
        a->slack_ns = 0;
    a->floor_ns = a->latest_ns;
}

/* At the end of a window: were all of them late, the source was held up once and
 * for all. Were all early, a live one's copies need not wait so long. */
static void judge_window(struct arrivals *a)
{
    if (a->most_early < 0) {
        a->shift_ns -= a->most_early;
        a->slack_ns = 0;
    } else if (a->live && a->least_early > 0) {
        come_early(a, a->least_early);
    }
    a->window_ns = 0;
}

static void see(struct arrivals *a, int64_t early_ns)
{
    if (a->window_ns == 0) {
        a->window_ns = a->at_ns;
        a->least_early = a->most_early = early_ns;
    }
    if (early_ns < a->least_early)
        a->least_early = early_ns;
    if (early_ns > a->most_early)
        a->most_early = early_ns;
    if (a->at_ns - a->window_ns >= arrival_window_ns)
        judge_window(a);
}

int64_t arrivals_due(struct arrivals *a, int64_t due_ns)
{
    int64_t early_ns = due_ns + a->shift_ns - a->at_ns;

    see(a, early_ns);
    early_ns = due_ns + a->shift_ns - a->at_ns;
    if (early_ns < 0)
        come_late(a, -early_ns);
    else if (a->live && early_ns > a->most_ns)
        come_early(a, early_ns - a->most_ns);
    due_ns += a->shift_ns;
    if (due_ns < a->at_ns)
        due_ns = a->at_ns;
    if (due_ns < a->floor_ns)
        due_ns = a->floor_ns;
    if (due_ns > a->latest_ns)
        a->latest_ns = due_ns;
    return due_ns;
}
