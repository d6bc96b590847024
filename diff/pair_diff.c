#include "diff/pair_diff.h"

#include <stdio.h>

#include "core/clock.h"
#include "diff/compare.h"
#include "diff/shape.h"

const char *fate_name(int fate)
{
    return fate == FATE_INCOMPLETE   ? "incomplete"
           : fate == FATE_UNRECORDED ? "unrecorded"
                                     : outcome_name((enum outcome)fate);
}

bool fate_is_sent(int fate)
{
    return fate == FATE_INCOMPLETE || (fate < OUTCOME_COUNT && outcome_is_sent((enum outcome)fate));
}

enum depth pair_depth_for(enum diff_where where)
{
    return where == WHERE_OUTCOME  ? DEPTH_OUTCOME
           : where == WHERE_STATUS ? DEPTH_STATUS
                                   : DEPTH_WHOLE;
}

int pair_diff_init(struct pair_diff *d, const struct rules *rules, bool show_secrets, struct err *e)
{
    *d = (struct pair_diff){0};
    for (size_t i = 0; i < 3; i++)
        body_init(&d->bodies[i]);
    if (rules_use_init(&d->rules, rules, e) == 0 && diffs_init(&d->found, show_secrets, e) == 0 &&
        diffs_init(&d->noise, show_secrets, e) == 0) {
        d->found.rules = d->noise.rules = &d->rules;
        return 0;
    }
    pair_diff_release(d);
    return -1;
}

void pair_diff_release(struct pair_diff *d)
{
    for (size_t i = 0; i < 3; i++)
        body_release(&d->bodies[i]);
    diffs_release(&d->found);
    diffs_release(&d->noise);
    rules_use_release(&d->rules);
}

/* ---- the calls ---- */

static const struct call *call_of(const struct pair *p, int target)
{
    for (unsigned i = 0; i < p->n_calls && target >= 0; i++) {
        if (p->calls[i].target == target)
            return &p->calls[i];
    }
    return NULL;
}

/* An answer that broke off is an outcome, not a body that differs. One that was
 * cut at a ceiling is whole: its hash stands for it. */
static bool is_whole(const struct http_message *m)
{
    return m->gap_bytes == 0 && (m->complete || (m->flags & HTTP_TRUNCATED));
}

static int status_of(const struct http_message *m)
{
    struct http_status_line line;

    return http_status_line(m->head, &line) ? line.status : 0;
}

/* It says how busy the service is, not what it does. */
static bool is_limit(int status, const struct http_message *m)
{
    struct str value;

    return status == 429 || (status == 503 && http_find_field(m->head, STR("retry-after"), &value));
}

static enum cache cache_of(struct str value)
{
    for (size_t i = 0; value.data && i + 3 <= value.len; i++) {
        if (str_istarts(str_skip(value, i), STR("hit")))
            return CACHE_HIT;
    }
    return CACHE_MISS;
}

/* What the fields of an answer say about its time. */
static void read_fields(struct side *s, struct str head)
{
    static const struct str caches[] = {STR_INIT("x-cache"), STR_INIT("x-cache-status"),
                                        STR_INIT("cf-cache-status"), STR_INIT("x-proxy-cache")};
    struct str rest = http_fields(head), type;
    struct http_field f;

    while (http_next_field(&rest, &f)) {
        if (str_ieq(f.name, STR("content-type"))) {
            type = f.value;
            s->stream = str_ieq(str_trim(str_cut(&type, ';')), STR("text/event-stream"));
        }
        for (size_t i = 0; i < sizeof caches / sizeof *caches; i++) {
            if (str_ieq(f.name, caches[i]))
                s->cache = cache_of(f.value);
        }
    }
}

/* Streams of events may go on for ever: how long one was read says nothing, and
 * that it did not end in time is no failure yet. */
static void time_stream(struct side *s, const struct call *c)
{
    s->ns = c->first_ns > c->sent_ns ? c->first_ns - c->sent_ns : 0;
    s->went_on = c->outcome == OUTCOME_TIMEOUT;
}

static struct side side_of(const struct call *c)
{
    struct side s = {.fate = OUTCOME_NONE, .order = -1};

    if (!c)
        return s;
    s.fate = (int)c->outcome;
    s.detail = c->detail;
    s.order = c->order;
    s.way = c->flags & CALL_REUSED ? WAY_REUSED : WAY_NEW;
    if (c->done_ns > c->sent_ns && c->sent_ns &&
        (c->outcome == OUTCOME_ANSWERED || c->outcome == OUTCOME_TIMEOUT))
        s.ns = c->done_ns - c->sent_ns;
    s.status = status_of(&c->response);
    if (s.status)
        read_fields(&s, c->response.head);
    if (s.status && s.stream && c->sent_ns)
        time_stream(&s, c);
    if (c->outcome != OUTCOME_ANSWERED) {
        s.status = s.went_on ? s.status : 0;
        return s;
    }
    if (!s.status || !is_whole(&c->response)) {
        s.fate = FATE_INCOMPLETE;
        s.detail = STR("the answer broke off");
        s.ns = 0;
        return s;
    }
    s.limited = is_limit(s.status, &c->response);
    return s;
}

static struct reading_time time_of(const struct call *c)
{
    return c ? (struct reading_time){c->sent_ns, c->done_ns} : (struct reading_time){0};
}

static struct reading_time time_recorded(const struct exchange *x)
{
    return x ? (struct reading_time){x->request_last_ns, x->response_last_ns}
             : (struct reading_time){0};
}

/* The recorded answer, where it stands for one of v1's. What was cut at a ceiling
 * is not whole: the capture's and the replay's need not be the same. */
static struct side side_recorded(const struct exchange *x)
{
    struct side s = {.fate = FATE_UNRECORDED, .order = -1};
    const struct http_message *m = x ? &x->response : NULL;

    if (!m || !m->complete || m->gap_bytes || (m->flags & HTTP_TRUNCATED) ||
        (s.status = status_of(m)) == 0)
        return s;
    s.fate = OUTCOME_ANSWERED;
    return s;
}

/* How long the recorded answer took to come; 0 is unknown. */
static int64_t recorded_ns(const struct exchange *x)
{
    bool known = x->request_last_ns && x->response_last_ns > x->request_last_ns;

    return known ? x->response_last_ns - x->request_last_ns : 0;
}

/* Streams that both went on are two answers; where only one did, it timed out, and
 * the time to its first byte stands for nothing. */
static void settle_stream(struct side *s, bool both)
{
    if (!s->went_on)
        return;
    if (both) {
        s->fate = OUTCOME_ANSWERED;
        return;
    }
    s->status = 0;
    s->ns = 0;
}

static void settle_streams(struct side *a, struct side *b)
{
    bool both = a->went_on && b->went_on;

    settle_stream(a, both);
    settle_stream(b, both);
}

static int set_body(struct body *b, const struct side *s, const struct http_message *m,
                    struct err *e)
{
    return s->went_on ? body_set_stream(b, m, e) : body_set(b, m, e);
}

/* ---- comparing ---- */

static struct str describe(char text[160], const struct side *s)
{
    int n = s->fate == OUTCOME_ANSWERED
                ? snprintf(text, 160, "answered %d", s->status)
                : snprintf(text, 160, "%s%s%.*s", fate_name(s->fate), s->detail.len ? ": " : "",
                           s->detail.len < 120 ? (int)s->detail.len : 120,
                           s->detail.data ? s->detail.data : "");

    return str_from(text, (size_t)n);
}

static int note_outcome(const struct side *a, const struct side *b, struct diffs *out,
                        struct err *e)
{
    char text1[160], text2[160];

    return diffs_add(out, WHERE_OUTCOME, KIND_OUTCOME, STR("outcome"), false, describe(text1, a),
                     describe(text2, b), e);
}

static int note_status(const struct side *a, const struct side *b, struct diffs *out, struct err *e)
{
    char text1[16], text2[16];

    snprintf(text1, sizeof text1, "%d", a->status);
    snprintf(text2, sizeof text2, "%d", b->status);
    return diffs_add(out, WHERE_STATUS, KIND_STATUS, STR("status"), false, str_of(text1),
                     str_of(text2), e);
}

/* A matter of form: HTTP/1.0 and 1.1 carry the same answers. */
static int note_version(const struct http_message *m, const struct http_message *n,
                        struct diffs *out, struct err *e)
{
    struct http_status_line a, b;

    if (!http_status_line(m->head, &a) || !http_status_line(n->head, &b) ||
        str_eq(a.version, b.version))
        return 0;
    return diffs_add(out, WHERE_HEADER, KIND_FORM, STR("http version"), true, a.version, b.version,
                     e);
}

/* v1's answer `m` and another one, `n`: as deep as it makes sense. An answer of
 * another status class is another document, and nobody wants to read how an
 * error page differs from a movie. */
static int compare_answers(struct pair_diff *d, const struct side *b, const struct http_message *m,
                           const struct http_message *n, struct body *other, struct diffs *out,
                           enum depth *depth, struct err *e)
{
    const struct side *a = &d->v1;

    if (b->fate != OUTCOME_ANSWERED) {
        *depth = DEPTH_OUTCOME;
        return note_outcome(a, b, out, e);
    }
    *depth = DEPTH_STATUS;
    if (a->status != b->status && note_status(a, b, out, e) < 0)
        return -1;
    if (a->status / 100 != b->status / 100) {
        out->notes |= NOTE_STATUS_CLASS;
        return 0;
    }
    *depth = DEPTH_WHOLE;
    if (note_version(m, n, out, e) < 0 || compare_headers(m->head, n->head, out, e) < 0 ||
        set_body(other, b, n, e) < 0)
        return -1;
    return compare_bodies(&d->bodies[0], other, out, e);
}

/* An answer that would be the same from almost any service: a refusal, an
 * error, "not modified", a page with nothing on it. */
static bool says_nothing(const struct side *s, const struct http_message *m, bool head)
{
    return s->status >= 400 || s->status == 304 ||
           (s->status == 200 && !head && m->body.len == 0 && m->body_size == 0);
}

static bool is_head(const struct pair *p)
{
    struct http_request_line line;

    return p->exchange && http_request_line(p->exchange->request.head, &line) &&
           str_eq(line.method, STR("HEAD"));
}

/* The side of a call, or of the recorded answer; *m is what it answered. */
static struct side look_at(const struct pair_diff *d, bool recorded, const struct call *c,
                           const struct http_message **m)
{
    *m = recorded ? (d->pair->exchange ? &d->pair->exchange->response : NULL)
         : c      ? &c->response
                  : NULL;
    return recorded ? side_recorded(d->pair->exchange) : side_of(c);
}

/* ---- shapes ---- */

/* Moments may be that far apart without anyone minding. */
#define TIMES_APART (UINT64_C(60) * NS_PER_SEC)

/* Of another kind; or a moment that is off by more than v1's two are. */
static bool is_out_of_shape(const struct difference *item, const struct difference *beside)
{
    uint64_t apart, usual = 0;

    if (!shape_is_same(item->v1, item->v2))
        return true;
    if (!shape_apart(item->v1, item->v2, &apart))
        return false;
    if (beside && !shape_apart(beside->v1, beside->v2, &usual))
        return false;
    return apart > TIMES_APART && apart > usual;
}

static int note_shape(struct diffs *out, const struct difference *item, struct err *e)
{
    char text1[EXCERPT_MAX + SHAPE_TEXT + 8], text2[EXCERPT_MAX + SHAPE_TEXT + 8];
    char shape[SHAPE_TEXT];
    int n1 = snprintf(text1, sizeof text1, "%.*s (%s)", STR_ARG(str_head(item->v1, EXCERPT_MAX)),
                      shape_of(item->v1, shape));
    int n2 = snprintf(text2, sizeof text2, "%.*s (%s)", STR_ARG(str_head(item->v2, EXCERPT_MAX)),
                      shape_of(item->v2, shape));

    return diffs_add(out, item->where, KIND_SHAPE, item->path, false, str_from(text1, (size_t)n1),
                     str_from(text2, (size_t)n2), e);
}

/* Where v1 does not repeat its value, other values prove nothing, but another kind
 * of value does. `beside` is v1 with itself, or NULL where that is `out`. */
static int note_shapes(struct diffs *out, const struct diffs *beside, struct err *e)
{
    size_t n = out->count;

    for (size_t i = 0; i < n; i++) {
        const struct difference *item = &out->items[i];
        const struct difference *other = beside ? diffs_find(beside, item) : NULL;

        if (item->kind != KIND_VALUE || item->ignored || (beside && !other) || !item->v1.data ||
            !item->v2.data || !is_out_of_shape(item, other))
            continue;
        if (note_shape(out, item, e) < 0)
            return -1;
    }
    return 0;
}

static int compare_control(struct pair_diff *d, const struct pair_roles *roles, struct err *e)
{
    const struct http_message *m;
    bool recorded = roles->kind == CONTROL_RECORDED && !roles->recorded;
    int target = roles->kind == CONTROL_V1 ? roles->control : NOBODY;

    d->control = look_at(d, recorded, call_of(d->pair, target), &m);
    d->noise.time2 =
        recorded ? time_recorded(d->pair->exchange) : time_of(call_of(d->pair, target));
    settle_streams(&d->v1, &d->control);
    if (d->v1.fate != OUTCOME_ANSWERED || !fate_is_sent(d->control.fate) || d->v1.limited ||
        d->control.limited)
        return 0;
    if (compare_answers(d, &d->control, d->baseline, m, &d->bodies[2], &d->noise, &d->noise_depth,
                        e) < 0)
        return -1;
    return note_shapes(&d->noise, NULL, e);
}

/* Which rules concern this pair; hits count where v2 is compared. */
static void begin_rules(struct pair_diff *d)
{
    struct rules_scope scope = {
        .endpoint = d->endpoint_path, .status = d->v1.status, .day = d->day};
    struct http_request_line line;

    d->rules.counting = false;
    if (!d->rules.rules)
        return;
    if (d->pair->exchange && http_request_line(d->pair->exchange->request.head, &line)) {
        scope.method = line.method;
        scope.path = http_target_path(line.target);
    }
    rules_use_begin(&d->rules, &scope);
}

int pair_diff_begin(struct pair_diff *d, const struct pair *p, const struct pair_roles *roles,
                    struct err *e)
{
    const struct call *c = call_of(p, roles->v1);

    diffs_reset(&d->noise);
    d->noise.own1 = d->found.own1 = d->bodies[0].own = roles->recorded ? NULL : &roles->own_v1;
    d->noise.own2 = d->bodies[2].own = roles->kind == CONTROL_V1 ? &roles->own_v1 : NULL;
    d->pair = p;
    d->ordinal = p->exchange ? p->exchange->ordinal : 0;
    d->v1 = look_at(d, roles->recorded, c, &d->baseline);
    if (roles->recorded && d->v1.fate == OUTCOME_ANSWERED)
        d->v1.ns = recorded_ns(p->exchange);
    d->baseline_side = d->v1;
    d->noise.time1 = d->found.time1 = roles->recorded ? time_recorded(p->exchange) : time_of(c);
    d->sent_ns = roles->recorded ? (p->n_calls ? p->calls[0].sent_ns : 0) : c ? c->sent_ns : 0;
    d->noise_depth = DEPTH_NONE;
    begin_rules(d);
    if ((d->v1.fate == OUTCOME_ANSWERED || d->v1.went_on) &&
        set_body(&d->bodies[0], &d->v1, d->baseline, e) < 0)
        return -1;
    return compare_control(d, roles, e);
}

/* What the first one was allowed, the second one was refused as being there already. */
static bool is_conflict(const struct side *first, const struct side *second)
{
    return first->order >= 0 && first->order < second->order && first->status / 100 == 2 &&
           second->status == 409;
}

static void note_answers(struct pair_diff *d, const struct http_message *m)
{
    bool head = is_head(d->pair);

    d->vacuous = says_nothing(&d->v1, d->baseline, head) && says_nothing(&d->v2, m, head);
    if (d->pair->exchange && d->baseline == &d->pair->exchange->response &&
        d->pair->exchange->redacted.len)
        d->found.notes |= NOTE_REDACTED;
    if (d->v1.status == 304 || d->v2.status == 304)
        d->found.notes |= NOTE_NOT_MODIFIED;
    if (is_conflict(&d->v1, &d->v2) || is_conflict(&d->v2, &d->v1))
        d->found.notes |= NOTE_CONFLICT;
    if (d->v1.cache && d->v2.cache && d->v1.cache != d->v2.cache)
        d->found.notes |= NOTE_CACHE;
}

int pair_diff_candidate(struct pair_diff *d, const struct pair_roles *roles, unsigned candidate,
                        struct err *e)
{
    const struct call *c = call_of(d->pair, roles->candidates[candidate]);

    diffs_reset(&d->found);
    d->found.own2 = d->bodies[1].own = &roles->own[candidate];
    d->found.time2 = time_of(c);
    d->rules.counting = roles->confirm_times == 0; /* repetitions are no traffic */
    d->v1 = d->baseline_side;
    d->v2 = side_of(c);
    settle_streams(&d->v1, &d->v2);
    d->depth = DEPTH_NONE;
    d->vacuous = d->limited = false;
    if (d->v1.fate != OUTCOME_ANSWERED || !fate_is_sent(d->v2.fate))
        return 0;
    if (d->v1.limited || d->v2.limited) {
        d->limited = true;
        d->found.notes |= NOTE_RATE_LIMITED;
        return 0;
    }
    if (compare_answers(d, &d->v2, d->baseline, &c->response, &d->bodies[1], &d->found, &d->depth,
                        e) < 0)
        return -1;
    if (d->depth >= DEPTH_STATUS)
        note_answers(d, &c->response);
    return note_shapes(&d->found, &d->noise, e);
}
