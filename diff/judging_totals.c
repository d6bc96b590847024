#include "diff/judging.h"

/* Lateness beyond that share of the usual time of a call shows in far percentiles. */
#define LATE 0.1

static void add_endpoint(struct totals *t, const struct tally_endpoint *ep)
{
    t->endpoints++;
    t->timed += ep->times.n;
    t->pairs += ep->pairs;
    t->unsent += ep->unsent;
    t->unrecorded += ep->unrecorded;
    t->compared += ep->compared;
    t->covered += ep->covered;
    t->equal += ep->equal;
    t->different += ep->different.all;
    t->v2_failed += ep->v2_failed;
    t->both_failed += ep->both_failed;
    t->vacuous += ep->vacuous;
    t->controlled += ep->controlled;
    for (int f = OUTCOME_ANSWERED; f < FATE_COUNT; f++) {
        t->v1_sent += fate_is_sent(f) ? ep->fates[0][f] : 0;
        t->v1_failed += fate_is_sent(f) && f != OUTCOME_ANSWERED ? ep->fates[0][f] : 0;
    }
    t->refused += ep->refused;
    t->limited += ep->limited;
    t->v1_limited += ep->v1_limited;
    t->v2_limited += ep->v2_limited;
    t->rare += ep->rare.all;
    t->suspects += ep->suspects;
    for (size_t i = 0; i < ep->fields.n_sorted; i++) {
        const struct tally_field *f = ep->fields.sorted[i];
        uint64_t needed = f->needed;

        t->unknown_noise += f->verdict == FIELD_DIFFERENT && f->source == NOISE_UNKNOWN;
        if (needed && (!t->suspects_need || needed < t->suspects_need))
            t->suspects_need = needed;
    }
    for (int w = 0; w < WHERE_COUNT; w++) {
        t->rare_pairs[w] += ep->rare.where[w];
        t->rare_fields[w] += ep->rare_fields[w];
        t->differing[w] += ep->different.where[w];
        t->failing_fields[w] += ep->failing_fields[w];
        t->failing_endpoints[w] += ep->failing_fields[w] > 0;
    }
}

/* What nobody looked at cannot be known, but it was traffic like the rest. */
static void add_missed(const struct evidence *ev, struct totals *t)
{
    uint64_t recorded = run_info_count(ev->run, "recorded", 0);

    t->behind = t->missed = run_info_behind(ev->run);
    if (recorded > t->behind)
        t->missed =
            (uint64_t)((double)t->behind * (double)t->selected / (double)(recorded - t->behind) +
                       0.5);
}

/* A replayer that is late measures itself. */
static bool is_late(const struct evidence *ev)
{
    return (double)ev->run->lateness_ns > LATE * (double)ev->tally->times.v1.p50.ns &&
           ev->tally->times.n > 0;
}

enum latency_verdict verdict_tail(const struct totals *t, const struct latency_summary *s)
{
    return t->late && s->tail != LATENCY_UNKNOWN ? LATENCY_UNDECIDED : s->tail;
}

void judging_totals(const struct evidence *ev, struct totals *t)
{
    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        const struct tally_endpoint *ep = ev->tally->endpoints[i];

        if (!ep)
            continue;
        add_endpoint(t, ep);
        t->slower += ep->times.verdict == LATENCY_SLOWER;
        t->slower_within += ep->times.verdict == LATENCY_SAME && ep->times.ratio.low > 1;
        t->undecided += ep->times.n && (ep->times.verdict == LATENCY_UNKNOWN ||
                                        ep->times.verdict == LATENCY_UNDECIDED);
    }
    t->other_class = ev->tally->notes[__builtin_ctz(NOTE_STATUS_CLASS)];
    t->off = ev->tally->off;
    t->late = is_late(ev);
    t->selected = run_info_count(ev->run, "selected", 0);
    t->selected -= t->selected > t->off ? t->off : t->selected;
    if (t->selected < t->pairs + t->unsent + t->unrecorded)
        t->selected = t->pairs + t->unsent + t->unrecorded;
    add_missed(ev, t);
}

bool judging_is_vacuous(const struct totals *t)
{
    return t->vacuous && (double)t->vacuous > JUDGING_VACUOUS * (double)t->compared;
}
