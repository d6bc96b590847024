#include "diff/tally.h"

#include <string.h>

#include "core/mem.h"

/* ---- statuses ---- */

static void count_status(struct status_list *list, uint16_t v1, uint16_t v2, uint64_t count)
{
    uint32_t key = (uint32_t)v1 << 16 | v2;
    struct tally_status *items = list->items;
    size_t i = 0;

    while (i < list->n && ((uint32_t)items[i].v1 << 16 | items[i].v2) < key)
        i++;
    if (i < list->n && items[i].v1 == v1 && items[i].v2 == v2) {
        items[i].count += count;
        return;
    }
    if (list->n == TALLY_STATUSES) {
        if (i == TALLY_STATUSES) {
            list->others += count;
            return;
        }
        list->others += items[--list->n].count;
    }
    memmove(&items[i + 1], &items[i], (list->n - i) * sizeof *items);
    items[i] = (struct tally_status){v1, v2, count};
    list->n++;
}

static void merge_statuses(struct status_list *list, const struct status_list *from)
{
    for (size_t i = 0; i < from->n; i++)
        count_status(list, from->items[i].v1, from->items[i].v2, from->items[i].count);
    list->others += from->others;
}

/* The status of an answer, else what became of the call. */
static uint16_t status_or_fate(const struct side *s)
{
    return (uint16_t)(s->fate == OUTCOME_ANSWERED ? s->status : s->fate);
}

/* ---- endpoints ---- */

static struct tally_endpoint *endpoint_of(struct tally *t, uint32_t index, struct err *e)
{
    struct tally_endpoint *ep = t->endpoints[index];

    if (ep)
        return ep;
    ep = mem_zalloc(sizeof *ep);
    if (!ep) {
        err_nomem(e, "counting differences");
        return NULL;
    }
    fields_init(&ep->fields);
    causes_init(&ep->causes);
    t->endpoints[index] = ep;
    return ep;
}

static void endpoint_free(struct tally_endpoint *ep)
{
    if (!ep)
        return;
    fields_release(&ep->fields);
    causes_release(&ep->causes);
    latency_release(&ep->latency);
    latency_summary_release(&ep->times);
    mem_free(ep);
}

struct tally *tally_new(struct err *e)
{
    struct tally *t = mem_zalloc(sizeof *t);

    if (!t) {
        err_nomem(e, "counting differences");
        return NULL;
    }
    ledger_init(&t->ledger);
    return t;
}

void tally_free(struct tally *t)
{
    if (!t)
        return;
    for (size_t i = 0; i <= ENDPOINT_NAMES_MAX; i++)
        endpoint_free(t->endpoints[i]);
    example_release(&t->v1_failure);
    latency_summary_release(&t->times);
    ledger_release(&t->ledger);
    mem_free(t);
}

/* ---- counting a pair ---- */

static void count_levels(uint64_t of[WHERE_COUNT], enum depth depth)
{
    for (int w = 0; w < WHERE_COUNT; w++)
        of[w] += depth >= pair_depth_for((enum diff_where)w);
}

static int count_found(struct tally *t, struct tally_endpoint *ep, struct example_source *from,
                       struct err *e)
{
    const struct pair_diff *d = from->pair;

    for (size_t i = 0; i < d->found.count; i++) {
        const struct difference *item = &d->found.items[i];
        bool both = d->noise_depth >= pair_depth_for(item->where);
        struct noise_counts n = {.raw = 1, .readings = item->readings};

        n.b = both && !item->readings && !diffs_has(&d->noise, item);

        if (fields_count(&ep->fields, item, &n, from, &t->memory, e) < 0)
            return -1;
    }
    return 0;
}

static int count_noise(struct tally *t, struct tally_endpoint *ep, struct example_source *from,
                       struct err *e)
{
    const struct pair_diff *d = from->pair;

    for (size_t i = 0; i < d->noise.count; i++) {
        const struct difference *item = &d->noise.items[i];
        bool both = d->depth >= pair_depth_for(item->where);
        struct noise_counts n = {.noise = 1};

        n.c = both && !item->readings && !diffs_has(&d->found, item);

        if (fields_count(&ep->fields, item, &n, from, &t->memory, e) < 0)
            return -1;
    }
    return 0;
}

static int count_differences(struct tally *t, struct tally_endpoint *ep, const struct pair_diff *d,
                             struct err *e)
{
    struct example_source from = example_source_of(d);
    int rc = count_found(t, ep, &from, e) < 0 || count_noise(t, ep, &from, e) < 0 ? -1 : 0;

    example_source_release(&from);
    return rc;
}

/* An answer of another status class is other work, and fast errors are no gain. */
static bool same_work(const struct side *a, const struct side *b)
{
    return a->fate == OUTCOME_TIMEOUT || b->fate == OUTCOME_TIMEOUT ||
           a->status / 100 == b->status / 100;
}

/* A new connection costs a handshake, and often finds colder caches. Whoever
 * timed out is out either way. */
static bool same_way(const struct side *a, const struct side *b)
{
    return a->way == b->way || a->way == WAY_UNKNOWN || b->way == WAY_UNKNOWN ||
           a->fate == OUTCOME_TIMEOUT || b->fate == OUTCOME_TIMEOUT;
}

/* Of a cache and what stands before it, the slower one is no news. */
static bool same_cache(const struct side *a, const struct side *b)
{
    return a->cache == b->cache || a->cache == CACHE_UNKNOWN || b->cache == CACHE_UNKNOWN;
}

static bool are_alike(const struct side *a, const struct side *b)
{
    return same_work(a, b) && same_way(a, b) && same_cache(a, b);
}

static bool is_cold(const struct side *s)
{
    return s->fate == OUTCOME_ANSWERED && s->way == WAY_NEW;
}

static unsigned flag_if(bool yes, enum latency_flag flag)
{
    return yes ? (unsigned)flag : 0;
}

static int count_latency(struct tally_endpoint *ep, const struct pair_diff *d, struct err *e)
{
    const struct side *v1 = &d->v1, *v2 = &d->v2, *control = &d->control;
    struct latency_times times = {.sent_ns = d->sent_ns, .v1_ns = v1->ns, .v2_ns = v2->ns};
    bool known = v1->order >= 0 && v2->order >= 0;

    if (!v1->ns || !v2->ns)
        return 0;
    if (!are_alike(v1, v2) || d->seq >= TALLY_LATENCIES) {
        ep->latency.excluded[!same_work(v1, v2)    ? LATENCY_OTHER_CLASS
                             : !same_way(v1, v2)   ? LATENCY_OTHER_WAY
                             : !same_cache(v1, v2) ? LATENCY_OTHER_CACHE
                                                   : LATENCY_TOO_MANY]++;
        return 0;
    }
    if (are_alike(v1, control))
        times.control_ns = control->ns;
    times.flags = flag_if(is_cold(v1) || is_cold(v2), LATENCY_COLD) |
                  flag_if(v1->fate == OUTCOME_TIMEOUT, LATENCY_V1_OUT) |
                  flag_if(v2->fate == OUTCOME_TIMEOUT, LATENCY_V2_OUT) |
                  flag_if(control->fate == OUTCOME_TIMEOUT, LATENCY_CONTROL_OUT) |
                  flag_if(known && v1->order < v2->order, LATENCY_V1_FIRST) |
                  flag_if(known && v2->order < v1->order, LATENCY_V2_FIRST);
    return latency_add(&ep->latency, &times, e);
}

static int keep_failure(struct tally *t, const struct pair_diff *d, struct err *e)
{
    struct str name = str_of(fate_name(d->v1.fate));
    struct difference why = {.v1 = name, .v2 = d->v1.detail};
    struct example_source from = {.ordinal = d->ordinal, .seq = d->seq};
    struct example x;

    if (t->has_v1_failure && !example_is_earlier(d->ordinal, d->seq, &t->v1_failure))
        return 0;
    if (example_copy(&x, &from, &why, e) < 0)
        return -1;
    example_release(&t->v1_failure);
    t->v1_failure = x;
    t->has_v1_failure = true;
    return 0;
}

static void count_notes(struct tally *t, uint32_t notes, uint64_t left_out)
{
    for (int i = 0; i < NOTE_KINDS; i++)
        t->notes[i] += notes >> i & 1;
    t->left_out += left_out;
}

static bool is_refusal(int status)
{
    return status == 401 || status == 403;
}

static int count_limited(struct tally *t, struct tally_endpoint *ep, const struct pair_diff *d)
{
    bool v1 = d->v1.limited, v2 = d->v2.limited;

    ep->limited++;
    ep->v1_limited += v1 && !v2;
    ep->v2_limited += v2 && !v1;
    count_notes(t, d->found.notes, 0);
    return 0;
}

int tally_add(struct tally *t, const struct pair_diff *d, struct err *e)
{
    bool answered = d->v2.fate == OUTCOME_ANSWERED;
    struct tally_endpoint *ep;

    /* A dry run is off for all, and those requests are missing. */
    if (d->v2.fate == OUTCOME_OFF && d->v1.fate != OUTCOME_OFF) {
        t->off++;
        return 0;
    }
    ep = endpoint_of(t, d->endpoint, e);
    if (!ep)
        return -1;
    ep->fates[0][d->v1.fate]++;
    ep->fates[1][d->v2.fate]++;
    if (fate_is_sent(d->v1.fate) && d->v1.fate != OUTCOME_ANSWERED && keep_failure(t, d, e) < 0)
        return -1;
    if (d->v1.fate == FATE_UNRECORDED && fate_is_sent(d->v2.fate)) {
        ep->unrecorded++;
        return 0;
    }
    if (!fate_is_sent(d->v1.fate) || !fate_is_sent(d->v2.fate)) {
        ep->unsent++;
        return 0;
    }
    ep->pairs++;
    count_status(d->v1.fate == OUTCOME_ANSWERED && answered ? &ep->statuses : &ep->failures,
                 status_or_fate(&d->v1), status_or_fate(&d->v2), 1);
    if (d->v1.fate != OUTCOME_ANSWERED) {
        ep->v1_failed += answered;
        ep->both_failed += !answered;
        return count_latency(ep, d, e);
    }
    if (d->limited)
        return count_limited(t, ep, d);
    ep->covered++;
    ep->compared += answered;
    ep->v2_failed += !answered;
    ep->vacuous += d->vacuous;
    ep->refused += is_refusal(d->v1.status) && is_refusal(d->v2.status);
    ep->controlled += d->noise_depth != DEPTH_NONE;
    count_levels(ep->of, d->depth);
    count_levels(ep->control_of, d->noise_depth);
    count_notes(t, d->found.notes, d->found.left_out);
    if (count_differences(t, ep, d, e) < 0 || count_latency(ep, d, e) < 0)
        return -1;
    if (t->lists_pairs && d->found.failing && ledger_add(&t->ledger, d, e) < 0)
        return -1;
    return d->found.failing ? causes_count(&ep->causes, &d->found, &t->memory, e) : 0;
}

/* ---- merging ---- */

static void merge_counts(struct tally_endpoint *ep, const struct tally_endpoint *from)
{
    ep->pairs += from->pairs;
    ep->unsent += from->unsent;
    ep->unrecorded += from->unrecorded;
    ep->compared += from->compared;
    ep->covered += from->covered;
    ep->v1_failed += from->v1_failed;
    ep->v2_failed += from->v2_failed;
    ep->both_failed += from->both_failed;
    ep->vacuous += from->vacuous;
    ep->refused += from->refused;
    ep->limited += from->limited;
    ep->v1_limited += from->v1_limited;
    ep->v2_limited += from->v2_limited;
    ep->controlled += from->controlled;
    for (int f = 0; f < FATE_COUNT; f++) {
        ep->fates[0][f] += from->fates[0][f];
        ep->fates[1][f] += from->fates[1][f];
    }
    for (int w = 0; w < WHERE_COUNT; w++) {
        ep->of[w] += from->of[w];
        ep->control_of[w] += from->control_of[w];
    }
    merge_statuses(&ep->statuses, &from->statuses);
    merge_statuses(&ep->failures, &from->failures);
}

static int merge_endpoint(struct tally *t, struct tally_endpoint *ep, struct tally_endpoint *from,
                          struct err *e)
{
    if (latency_merge(&ep->latency, &from->latency, e) < 0 ||
        fields_merge(&ep->fields, &from->fields, &t->memory, e) < 0 ||
        causes_merge(&ep->causes, &from->causes, &t->memory, e) < 0)
        return -1;
    merge_counts(ep, from);
    return 0;
}

int tally_merge(struct tally *t, struct tally *from, struct err *e)
{
    for (size_t i = 0; i <= ENDPOINT_NAMES_MAX; i++) {
        if (!from->endpoints[i])
            continue;
        if (!t->endpoints[i]) {
            t->endpoints[i] = from->endpoints[i];
            from->endpoints[i] = NULL;
            continue;
        }
        if (merge_endpoint(t, t->endpoints[i], from->endpoints[i], e) < 0)
            return -1;
        endpoint_free(from->endpoints[i]);
        from->endpoints[i] = NULL;
    }
    for (int i = 0; i < NOTE_KINDS; i++)
        t->notes[i] += from->notes[i];
    t->left_out += from->left_out;
    t->off += from->off;
    t->memory.starved += from->memory.starved;
    if (from->has_v1_failure &&
        (!t->has_v1_failure ||
         example_is_earlier(from->v1_failure.ordinal, from->v1_failure.seq, &t->v1_failure))) {
        example_release(&t->v1_failure);
        t->v1_failure = from->v1_failure;
        t->has_v1_failure = true;
        from->v1_failure = (struct example){0};
    }
    return ledger_merge(&t->ledger, &from->ledger, e);
}

/* ---- other numbers ---- */

int tally_renumber(struct tally *t, const uint32_t *map, struct err *e)
{
    struct tally_endpoint **old =
        mem_array(ENDPOINT_NAMES_MAX + 1, sizeof(struct tally_endpoint *));
    int rc = 0;

    if (!old)
        return err_nomem(e, "counting differences");
    memcpy(old, t->endpoints, sizeof t->endpoints);
    memset(t->endpoints, 0, sizeof t->endpoints);
    for (size_t i = 0; i <= ENDPOINT_NAMES_MAX; i++) {
        struct tally_endpoint **to = &t->endpoints[map[i]];

        if (!old[i])
            continue;
        if (*to) {
            rc = rc < 0 || merge_endpoint(t, *to, old[i], e) < 0 ? -1 : 0;
            endpoint_free(old[i]);
        } else {
            *to = old[i];
        }
    }
    for (size_t i = 0; i < t->ledger.n; i++)
        t->ledger.pairs[i]->endpoint = map[t->ledger.pairs[i]->endpoint];
    mem_free(old);
    return rc;
}
