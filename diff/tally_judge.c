/* What the counts mean, once all pairs are in.
 *
 * All fields of a candidate that v1 was seen to change are tested together,
 * whatever their endpoint: a run of many noisy fields must not fail more often
 * than one of few.
 */
#include "core/http.h"
#include "core/mem.h"
#include "diff/holm.h"
#include "diff/noise_profile.h"
#include "diff/tally.h"

/* A field that is tested, and whose. */
struct suspect {
    struct tally_field *field;
    const struct tally_endpoint *ep;
};

/* ---- fields ---- */

static struct noise_evidence evidence_of(const struct tally_endpoint *ep,
                                         const struct tally_field *f)
{
    return (struct noise_evidence){.where = f->where,
                                   .kind = f->kind,
                                   .counts = f->counts,
                                   .of = ep->of[f->where],
                                   .control_of = ep->control_of[f->where],
                                   .profile = f->profile,
                                   .v1_failed = f->where == WHERE_OUTCOME ? ep->v1_failed : 0};
}

/* Look at a field by itself; false if it is to be tested with the others. */
static bool judge_alone(const struct tally_endpoint *ep, struct tally_field *f)
{
    struct noise_evidence ev = evidence_of(ep, f);
    bool tested = noise_test(&ev, &f->p);

    f->source = noise_source_of(&ev);
    f->is_volatile = noise_is_volatile(&ev);
    f->verdict = f->ignored ? FIELD_IGNORED : noise_judge(&ev, false);
    return f->ignored || !tested;
}

static void judge_tested(const struct holm_test *test)
{
    const struct suspect *s = test->of;
    struct noise_evidence ev = evidence_of(s->ep, s->field);

    s->field->verdict = noise_judge(&ev, test->holds);
    if (s->field->verdict == FIELD_SUSPECT)
        s->field->needed = noise_pairs_needed(&ev, test->level);
}

static void ask_profile(const struct tally_endpoint *ep, const struct endpoint_name *name,
                        const struct noise_profile *profile)
{
    for (size_t i = 0; i < ep->fields.n_sorted; i++) {
        struct tally_field *f = ep->fields.sorted[i];

        if (ep->control_of[f->where] == 0)
            f->profile = noise_profile_rate(profile, name, f->where, f->kind, f->path);
    }
}

/* The field of the values whose shapes this one tells of; NULL where it is none
 * such: some headers are compared by shape only. */
static const struct tally_field *values_of(const struct tally_endpoint *ep,
                                           const struct tally_field *f)
{
    const struct tally_field *v =
        fields_find(&ep->fields, diff_key_hash(f->where, KIND_VALUE, f->path));

    return f->kind == KIND_SHAPE && v->kind == KIND_VALUE && str_eq(v->path, f->path) ? v : NULL;
}

/* Where the values can be compared, their shapes say nothing more. */
static void drop_shapes(struct tally_endpoint *ep)
{
    size_t n = 0;

    for (size_t i = 0; i < ep->fields.n_sorted; i++) {
        struct tally_field *f = ep->fields.sorted[i];
        const struct tally_field *v = values_of(ep, f);
        struct noise_evidence ev;

        if (v) {
            ev = evidence_of(ep, v);
            if (!noise_is_volatile(&ev)) {
                f->verdict = FIELD_NOISE;
                continue;
            }
        }
        ep->fields.sorted[n++] = f;
    }
    ep->fields.n_sorted = n;
}

static size_t count_fields(const struct tally *t)
{
    size_t n = 0;

    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        if (!t->endpoints[i])
            continue;
        drop_shapes(t->endpoints[i]);
        n += t->endpoints[i]->fields.n_sorted;
    }
    return n;
}

static void judge_together(struct tally *t, struct suspect *suspects, struct holm_test *tests)
{
    size_t n = 0;

    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        const struct tally_endpoint *ep = t->endpoints[i];

        for (size_t k = 0; ep && k < ep->fields.n_sorted; k++) {
            struct tally_field *f = ep->fields.sorted[k];

            if (judge_alone(ep, f))
                continue;
            suspects[n] = (struct suspect){f, ep};
            tests[n] = (struct holm_test){.p = f->p, .of = &suspects[n]};
            n++;
        }
    }
    holm(tests, n, NOISE_ERROR);
    for (size_t i = 0; i < n; i++)
        judge_tested(&tests[i]);
    t->tests = n;
}

static int judge_fields(struct tally *t, struct err *e)
{
    size_t n = count_fields(t);
    struct suspect *suspects = mem_array(n, sizeof *suspects);
    struct holm_test *tests = mem_array(n, sizeof *tests);
    int rc = -1;

    if (suspects && tests) {
        judge_together(t, suspects, tests);
        rc = 0;
    } else {
        err_nomem(e, "judging differences");
    }
    mem_free(suspects);
    mem_free(tests);
    return rc;
}

/* What was seen too rarely may have been sent again. */
static void look_at_confirmations(struct tally *t, const struct tally_judging *how)
{
    t->confirmations_left_out = confirmations_left_out(how->confirmations);
    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        const struct tally_endpoint *ep = t->endpoints[i];

        for (size_t k = 0; ep && k < ep->fields.n_sorted; k++) {
            struct tally_field *f = ep->fields.sorted[k];

            confirmations_judge(how->confirmations, how->candidate, f);
            if ((f->verdict == FIELD_RARE || f->verdict == FIELD_SUSPECT) &&
                !http_is_safe_method(endpoint_names_at(how->names, i)->method))
                f->confirmation = CONFIRM_UNSAFE;
        }
    }
}

/* ---- endpoints ---- */

/* "12 fields differ in the same 40 requests" is one thing to look at, not twelve. */
static void find_causes(struct field_set *set)
{
    unsigned causes = 0;

    for (size_t i = 0; i < set->n_sorted; i++) {
        struct tally_field *f = set->sorted[i];

        f->cause = 0;
        if (f->counts.raw == 0 || f == &set->other)
            continue;
        for (size_t k = 0; k < i && !f->cause; k++) {
            const struct tally_field *g = set->sorted[k];
            if (g->cause && g->counts.raw == f->counts.raw && g->pairs == f->pairs)
                f->cause = g->cause;
        }
        f->cause = f->cause ? f->cause : ++causes;
    }
}

static int add_up(struct tally_endpoint *ep, struct tally_memory *m, struct err *e)
{
    size_t failing = 0;

    if (causes_judge(&ep->causes, &ep->fields, m, &ep->different, &ep->rare, e) < 0)
        return -1;
    for (int w = 0; w < WHERE_COUNT; w++)
        ep->failing_fields[w] = ep->rare_fields[w] = 0;
    ep->suspects = 0;
    for (size_t i = 0; i < ep->fields.n_sorted; i++) {
        const struct tally_field *f = ep->fields.sorted[i];

        ep->failing_fields[f->where] += f->verdict == FIELD_DIFFERENT;
        ep->rare_fields[f->where] += f->verdict == FIELD_RARE;
        ep->suspects += f->verdict == FIELD_SUSPECT;
    }
    find_causes(&ep->fields);
    /* Causes that did not fit count as different, but not where nothing is. */
    for (int w = 0; w < WHERE_COUNT; w++) {
        size_t n = ep->failing_fields[w] + ep->rare_fields[w];

        failing += n;
        ep->different.where[w] = n ? ep->different.where[w] : 0;
    }
    ep->different.all = failing ? ep->different.all : 0;
    ep->equal = ep->covered - ep->different.all;
    return 0;
}

/* Each endpoint, all of them together, and then what that says of each. */
static int judge_times(struct tally *t, const struct tally_judging *how, struct err *e)
{
    const struct latency_margins *margins = &how->margins;
    const struct latency *lists[ENDPOINTS_MAX + 1];
    struct latency_summary *times[ENDPOINTS_MAX + 1], *all = &t->times;
    size_t n = 0;

    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        struct tally_endpoint *ep = t->endpoints[i];

        if (!ep)
            continue;
        lists[n] = &ep->latency;
        times[n++] = &ep->times;
        if (latency_summarize(&lists[n - 1], 1, margins, how->threads, &ep->times, e) < 0)
            return -1;
    }
    if (latency_summarize(lists, n, margins, how->threads, all, e) < 0 ||
        latency_judge(times, n, margins, e) < 0)
        return -1;
    return latency_judge(&all, 1, margins, e);
}

int tally_finish(struct tally *t, const struct tally_judging *how, struct err *e)
{
    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        struct tally_endpoint *ep = t->endpoints[i];

        if (!ep)
            continue;
        if (fields_sort(&ep->fields, &t->memory, e) < 0)
            return -1;
        if (how->profile)
            ask_profile(ep, endpoint_names_at(how->names, i), how->profile);
    }
    if (judge_fields(t, e) < 0)
        return -1;
    look_at_confirmations(t, how);
    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        struct tally_endpoint *ep = t->endpoints[i];

        if (ep && add_up(ep, &t->memory, e) < 0)
            return -1;
    }
    return judge_times(t, how, e);
}
