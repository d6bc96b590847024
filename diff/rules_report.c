#include "diff/rules_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/nearest.h"
#include "diff/compare.h"
#include "diff/figures.h"

/* Rules warned of one by one; the others are only counted. */
enum { WARNED = 6, MESSAGE = 240, PATH_SHOWN = 80 };

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static bool is_expired(const struct rule *r, int day)
{
    return r->until && day > r->until;
}

/* What is printed by --print-default-rules may stand in a file without need. */
static bool is_idle(const struct rules_use *u, size_t i)
{
    return u->hits[i] == 0 && !compare_headers_default(rules_at(u->rules, i));
}

/* The field that differs at the nearest path, or data NULL: what is mistyped is
 * not ignored, and so it shows. */
static struct str nearest_field(const struct evidence *ev, const struct rule *rule)
{
    struct str text = rule->path.header ? rule->path.name : rule->text, found = {0};
    unsigned best = (unsigned)text.len / 4 + 1;

    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        const struct tally_endpoint *ep = ev->tally->endpoints[i];

        for (size_t k = 0; ep && k < ep->fields.n_sorted; k++) {
            const struct tally_field *f = ep->fields.sorted[k];
            unsigned d = f->where == (rule->path.header ? WHERE_HEADER : WHERE_BODY)
                             ? nearest_distance(text, f->path)
                             : NEAREST_FAR;

            if (d == 0 && str_eq(text, f->path))
                return (struct str){0}; /* the very path: its rule is for others */
            if (d < best || (found.data && d == best && str_cmp(f->path, found) < 0)) {
                best = d;
                found = f->path;
            }
        }
    }
    return found;
}

struct saying {
    void (*say)(void *ctx, const char *code, const char *text);
    void *ctx;
};

static void say_expired(const struct saying *s, const struct rule *r)
{
    char text[MESSAGE];

    snprintf(text, sizeof text,
             "the rule for %.*s held until %04d-%02d-%02d: it counts again%s%.*s",
             STR_ARG(str_head(r->written, PATH_SHOWN)), r->until / 10000, r->until / 100 % 100,
             r->until % 100, r->reason.len ? ": " : "", STR_ARG(str_head(r->reason, 80)));
    s->say(s->ctx, "rule_expired", text);
}

static void say_unused(const struct saying *s, const struct rule *r, struct str near)
{
    char text[MESSAGE];

    snprintf(text, sizeof text, "the rule for %.*s (%s) matched nothing that differs%s%s%.*s%s",
             STR_ARG(str_head(r->written, PATH_SHOWN)), rule_action_name(r->action),
             near.data ? "; did you mean " : "", near.data && r->path.header ? "header:" : "",
             STR_ARG(str_head(near, PATH_SHOWN)), near.data ? "?" : "");
    s->say(s->ctx, "rule_unused", text);
}

/* It is no mistake of the path: what differs there is beyond what it allows. */
static void say_exceeded(const struct saying *s, const struct rule *r, uint64_t n)
{
    char text[MESSAGE];

    snprintf(text, sizeof text,
             "the rule for %.*s (%s) waived nothing: %" PRIu64 " difference%s there %s beyond it",
             STR_ARG(str_head(r->written, PATH_SHOWN)), rule_action_name(r->action), n, plural(n),
             n == 1 ? "is" : "are");
    s->say(s->ctx, "rule_exceeded", text);
}

static void say_hints(const struct saying *s, const struct rules_use *u)
{
    char text[MESSAGE];

    for (size_t i = 0; i < RULES_HINTS && u->hints[i].path; i++) {
        snprintf(
            text, sizeof text,
            "elements of %.*s are told apart by \"%.*s\": a rule `path: %.*s` with `key: %.*s` "
            "compares them by it",
            STR_ARG(str_head(str_of(u->hints[i].path), 60)), STR_ARG(u->hints[i].key),
            STR_ARG(str_head(str_of(u->hints[i].path), 60)), STR_ARG(u->hints[i].key));
        s->say(s->ctx, "array_key", text);
    }
}

void rules_warnings(const struct evidence *ev,
                    void (*say)(void *ctx, const char *code, const char *text), void *ctx)
{
    const struct rules_use *u = ev->rules;
    struct saying s = {say, ctx};
    size_t unused = 0, expired = 0;
    char text[MESSAGE];
    int day = rules_day(ev->run->started);

    if (!u)
        return;
    for (size_t i = 0; i < rules_count(u->rules); i++) {
        const struct rule *r = rules_at(u->rules, i);

        if (is_expired(r, day)) {
            if (expired++ < WARNED)
                say_expired(&s, r);
        } else if (is_idle(u, i) && unused++ < WARNED) {
            if (u->misses[i])
                say_exceeded(&s, r, u->misses[i]);
            else
                say_unused(&s, r, nearest_field(ev, r));
        }
    }
    if (expired > WARNED || unused > WARNED) {
        snprintf(text, sizeof text, "%zu rules have expired, %zu matched nothing that differs",
                 expired, unused);
        say(ctx, "rules_idle", text);
    }
    say_hints(&s, u);
}

struct str rules_line(const struct rules_use *u, char text[RULES_LINE])
{
    size_t n = u ? rules_count(u->rules) : 0, idle = 0;
    const struct rule *first = NULL;
    uint64_t hits = 0;
    char number[FIGURE_TEXT];
    int len = 0;

    for (size_t i = 0; i < n; i++) {
        hits += u->hits[i];
        if (is_idle(u, i) && u->misses[i] == 0 && idle++ == 0)
            first = rules_at(u->rules, i);
    }
    if (n == 0)
        return str_from(text, 0);
    figure_count(hits, number);
    len = snprintf(text, RULES_LINE, "%zu rule%s, %s hit%s", n, plural(n), number, plural(hits));
    if (first)
        len +=
            snprintf(text + len, (size_t)(RULES_LINE - len), "; %zu rule%s matched nothing: %.*s%s",
                     idle, plural(idle), STR_ARG(str_head(first->written, PATH_SHOWN)),
                     idle > 1 ? ", ..." : " (typo?)");
    return str_from(text, (size_t)len);
}

void rules_write_json(const struct rules_use *u, struct json_writer *w)
{
    json_open_array(w);
    for (size_t i = 0; u && i < rules_count(u->rules); i++) {
        const struct rule *r = rules_at(u->rules, i);

        json_open_object(w);
        json_key(w, "rule");
        json_str(w, r->written);
        json_key(w, "action");
        json_cstr(w, rule_action_name(r->action));
        json_key(w, "hits");
        json_u64(w, u->hits[i]);
        if (r->reason.len) {
            json_key(w, "reason");
            json_str(w, r->reason);
        }
        json_close(w);
    }
    json_close(w);
}
