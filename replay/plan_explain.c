/* plan_explain.c -- for people: what becomes of a request, and why.
 *
 * All texts of the plan and the request are hostile, so they are written as YAML
 * scalars are: bare where they are harmless, else quoted with escapes. A request
 * that many rules do not fit is told of by the first of them and their number. */
#include <stdio.h>

#include "core/secret.h"
#include "core/yaml_write.h"
#include "replay/plan_host.h"
#include "replay/plan_walk.h"

enum {
    MAX_RULES = 20,
    MAX_HOSTS = 8,
    MAX_ADDRESSES = 4,
    MAX_TEXT = 256,
    MAX_LINES = 1024 * 1024,
    MAX_ROOM = 1024 * 1024,
};

/* The first failure sticks. */
struct writer {
    struct buf *out;
    struct err *e;
    bool failed;
};

static void put(struct writer *w, const char *text)
{
    w->failed = w->failed || buf_add(w->out, str_of(text), w->e) < 0;
}

static void put_number(struct writer *w, uint64_t n)
{
    w->failed = w->failed || buf_printf(w->out, w->e, "%llu", (unsigned long long)n) < 0;
}

static void put_text(struct writer *w, struct str s)
{
    w->failed = w->failed || yaml_write_text(w->out, str_head(s, MAX_TEXT), false, w->e) < 0;
    if (s.len > MAX_TEXT)
        put(w, "...");
}

static void put_percent(struct writer *w, uint32_t ppm)
{
    char fraction[8];
    size_t n = 5;

    put_number(w, ppm / 10000);
    snprintf(fraction, sizeof fraction, ".%04u", (unsigned)(ppm % 10000));
    while (n > 1 && fraction[n - 1] == '0')
        n--;
    fraction[n == 1 ? 0 : n] = '\0';
    put(w, fraction);
    put(w, " %");
}

static void put_rule(struct writer *w, const struct plan_rule *rule)
{
    put(w, "rule ");
    put_text(w, rule->name);
    put(w, " (");
    put_text(w, rule->source);
    put(w, ")");
}

/* ---- what a rule asks --------------------------------------------------------------- */

/* Of a part that is met, and of one that is not; the same with not_so. */
static const struct words {
    const char *is, *must, *is_not, *must_not;
} words[] = {
    [PLAN_PRESENT] = {"is there", "must be there", "is not there", "must not be there"},
    [PLAN_EXACT] = {"is ", "must be ", "is not ", "must not be "},
    [PLAN_PREFIX] = {"begins with ", "must begin with ", "does not begin with ",
                     "must not begin with "},
    [PLAN_SEGMENTS] = {"begins with the segments ", "must begin with the segments ",
                       "does not begin with the segments ", "must not begin with the segments "},
    [PLAN_GLOB] = {"looks like ", "must look like ", "does not look like ", "must not look like "},
    [PLAN_REGEX] = {"fits the expression ", "must fit the expression ",
                    "does not fit the expression ", "must not fit the expression "},
};

static void put_asked(struct writer *w, const struct plan_text *text, bool not_so, bool met)
{
    const struct words *row = &words[text->how];

    if (met)
        put(w, not_so ? row->is_not : row->is);
    else
        put(w, not_so ? row->must_not : row->must);
    if (text->how == PLAN_PRESENT)
        return;
    put_text(w, text->text);
    if (text->any_case && text->how != PLAN_GLOB && text->how != PLAN_REGEX)
        put(w, " in any case");
}

/* ", and " before all parts but the first. */
struct parts {
    struct writer *w;
    unsigned n;
};

static void begin_part(struct parts *p, const char *what, struct str name)
{
    put(p->w, p->n++ ? ", " : ": ");
    put(p->w, what);
    put(p->w, " ");
    if (name.len) {
        put_text(p->w, name);
        put(p->w, " ");
    }
}

static void put_part(struct parts *p, const char *what, const struct plan_text *text)
{
    if (!text)
        return;
    begin_part(p, what, (struct str){0});
    put_asked(p->w, text, false, true);
}

static void put_fields(struct parts *p, const char *what, const struct plan_field *f)
{
    for (; f; f = f->next) {
        begin_part(p, what, f->name);
        put_asked(p->w, &f->value, f->not_so, true);
    }
}

/* All that a match asks, which is what the request has. */
static void put_match(struct writer *w, const struct plan_match *m)
{
    struct parts p = {.w = w};

    put_part(&p, "method", m->method);
    put_part(&p, "path", m->path);
    put_part(&p, "authority", m->authority);
    put_part(&p, "scheme", m->scheme);
    put_fields(&p, "header", m->headers);
    put_fields(&p, "query parameter", m->queries);
    if (m->port) {
        begin_part(&p, "port is", (struct str){0});
        put_number(w, m->port);
    }
    if (p.n == 0)
        put(w, ": it fits everything");
    if (m->at.file && m->at.line) {
        put(w, " (");
        put_text(w, str_of(m->at.file));
        put(w, ":");
        put_number(w, m->at.line);
        put(w, ")");
    }
}

/* ---- what a request lacks ----------------------------------------------------------- */

static bool is_secret(struct str name)
{
    return secret_is_header(name) || secret_is_name(name);
}

/* What there was instead, of things that do not stand in the request line. */
static void put_instead(struct writer *w, const struct plan_lack *lack)
{
    if (lack->name.len == 0 || lack->not_so)
        return;
    if (!lack->has) {
        put(w, ", and is missing");
    } else if (is_secret(lack->name)) {
        put(w, ", and is another");
    } else {
        put(w, ", and is ");
        put_text(w, lack->value);
    }
}

static void put_lack(struct writer *w, const struct plan_lack *lack)
{
    if (lack->fit == PLAN_FITS_PERHAPS)
        put(w, lack->text && lack->text->how == PLAN_REGEX && !lack->text->regex
                   ? "the expression is wrong: "
                   : "an expression ran into its limits: ");
    if (lack->unknowable) {
        put(w, "asks for ");
        put(w, lack->unknowable);
        put(w, ", which no capture knows");
    } else if (lack->port) {
        put(w, "port must be ");
        put_number(w, lack->port);
        if (!lack->has)
            put(w, ", and is not known");
    } else {
        put(w, lack->what);
        put(w, " ");
        if (lack->name.len) {
            put_text(w, lack->name);
            put(w, " ");
        }
        put_asked(w, lack->text, lack->not_so, false);
        put_instead(w, lack);
    }
}

static unsigned count_matches(const struct plan_rule *rule)
{
    unsigned n = 0;

    for (const struct plan_match *m = rule->matches; m; m = m->next)
        n++;
    return n;
}

/* ---- the rules on the way ------------------------------------------------------------ */

struct seen {
    struct writer *w;
    size_t told[PLAN_FITS_NOT + 1]; /* by answer: what cannot be decided is told of, too */
    size_t cut;
};

static void see_rule(void *ctx, const struct plan_rule *rule, enum plan_fit fit,
                     const struct plan_lack *lack)
{
    struct seen *seen = ctx;
    struct writer *w = seen->w;
    unsigned others = count_matches(rule);

    if (fit == PLAN_FITS)
        return;
    if (seen->told[fit] == MAX_RULES) {
        seen->cut++;
        return;
    }
    seen->told[fit]++;
    put(w, "  ");
    put_rule(w, rule);
    put(w, ": ");
    put_lack(w, lack);
    if (others > 1) {
        put(w, others == 2 ? "; nor does its other match fit" : "; nor do its other matches fit");
    }
    put(w, "\n");
}

static void put_rules_before(struct writer *w, const struct plan_decision *d,
                             const struct seen *seen)
{
    if (seen->w->out->len == 0)
        return;
    put(w, d->rule ? "asked before it, and why not:\n" : "asked, and why not:\n");
    w->failed = w->failed || buf_add(w->out, buf_str(seen->w->out), w->e) < 0;
    if (seen->cut) {
        put(w, "  and ");
        put_number(w, seen->cut);
        put(w, seen->cut == 1 ? " more rule that does not fit\n" : " more rules that do not fit\n");
    }
}

/* ---- what is done -------------------------------------------------------------------- */

static void put_addresses(struct writer *w, const struct plan_destination *to)
{
    unsigned n = 0;

    if (!to->addresses)
        put(w, "  no address is known");
    for (const struct plan_address *a = to->addresses; a && n < MAX_ADDRESSES; a = a->next) {
        put(w, n++ ? ", " : "  at ");
        put_text(w, a->url);
        if (a->from.len) {
            put(w, " (");
            put_text(w, a->from);
            put(w, ")");
        }
    }
    if (to->n_addresses > n && n) {
        put(w, " and ");
        put_number(w, to->n_addresses - n);
        put(w, " more");
    }
}

static void put_arrow(struct writer *w, const char *what, const struct plan_arrow *a)
{
    put(w, "  ");
    put(w, what);
    put_text(w, a->to ? a->to->name : STR("?"));
}

static uint64_t sum_weights(const struct plan_rule *rule)
{
    uint64_t sum = 0;

    for (const struct plan_arrow *a = rule->baselines; a; a = a->next)
        sum += a->weight;
    return sum;
}

static void put_baselines(struct writer *w, const struct plan_rule *rule)
{
    for (const struct plan_arrow *a = rule->baselines; a; a = a->next) {
        put_arrow(w, "baseline   ", a);
        if (rule->baselines->next) {
            put(w, "  weight ");
            put_number(w, a->weight);
            put(w, " of ");
            put_number(w, sum_weights(rule));
        }
        if (a->to)
            put_addresses(w, a->to);
        put(w, "\n");
    }
}

static void put_share(struct writer *w, const struct plan_decision *d, const struct plan_arrow *a)
{
    put(w, "  ");
    if (a->ppm == 0) {
        put(w, "off");
        return;
    }
    put_percent(w, plan_share(d, a));
    if (!d->overlay)
        return;
    put(w, " by ");
    put_rule(w, d->overlay);
    put(w, " instead of ");
    put_percent(w, a->ppm);
}

static void put_candidates(struct writer *w, const struct plan_decision *d)
{
    for (const struct plan_arrow *a = d->rule->candidates; a; a = a->next) {
        put_arrow(w, "candidate  ", a);
        put_share(w, d, a);
        if (a->of && a->of->to) {
            put(w, " of what has the baseline ");
            put_text(w, a->of->to->name);
        }
        if (a->to)
            put_addresses(w, a->to);
        put(w, "\n");
    }
}

static void put_changes(struct writer *w, const char *where, const struct plan_change *changes)
{
    static const char *const verbs[] = {
        [PLAN_REMOVE] = "removed ", [PLAN_SET] = "set to ", [PLAN_ADD] = "added: "};

    for (const struct plan_change *c = changes; c; c = c->next) {
        put(w, "  header ");
        put_text(w, c->name);
        put(w, " is ");
        put(w, verbs[c->kind]);
        if (c->kind != PLAN_REMOVE) {
            put_text(w, is_secret(c->name) ? STR(SECRET_MASK) : c->value);
            put(w, " ");
        }
        put(w, where);
        put(w, "\n");
    }
}

static void put_rewrite(struct writer *w, const struct plan_rewrite *r)
{
    static const char *const what[] = {
        [PLAN_PATH_PREFIX] = "  what the path begins with becomes ",
        [PLAN_PATH_WHOLE] = "  the path becomes ",
        [PLAN_PATH_REGEX] = "  what fits in the path becomes ",
    };

    if (r->path != PLAN_PATH_KEPT) {
        put(w, what[r->path]);
        put_text(w, r->to);
        if (r->path == PLAN_PATH_REGEX && r->pattern) {
            put(w, ", by the expression ");
            put_text(w, r->pattern->text);
        }
        put(w, "\n");
    }
    if (r->authority.data) {
        put(w, "  Host becomes ");
        put_text(w, r->authority);
        put(w, "\n");
    }
}

static void put_mirror(struct writer *w, const struct plan_decision *d)
{
    put_baselines(w, d->rule);
    put_candidates(w, d);
    put_rewrite(w, &d->rule->rewrite);
    put_changes(w, "on all copies", d->rule->changes);
    for (const struct plan_arrow *a = d->rule->baselines; a; a = a->next)
        put_changes(w, "on copies to the baseline", a->changes);
    for (const struct plan_arrow *a = d->rule->candidates; a; a = a->next)
        put_changes(w, "on copies to the candidate", a->changes);
}

static const char *why_nothing(const struct plan_decision *d)
{
    if (d->rule->action == PLAN_REDIRECT)
        return "  nothing is sent: the mesh answers this by itself\n";
    if (d->rule->action == PLAN_DENY)
        return "  nothing is sent: the rule says mirror: false\n";
    return d->rule->candidates ? "  nothing is sent: all of its mirrors are off\n"
                               : "  nothing is sent: the rule has no mirror\n";
}

static void put_decision(struct writer *w, const struct plan_decision *d)
{
    if (!d->rule) {
        put(w, d->answer == PLAN_UNDECIDED ? "nothing is sent: which rule decides cannot be known\n"
                                           : "nothing is sent: no rule fits\n");
        return;
    }
    put_rule(w, d->rule);
    put(w, " decides");
    if (d->match)
        put_match(w, d->match);
    else
        put(w, ": it fits everything");
    put(w, "\n");
    if (d->rule->action == PLAN_MIRROR && d->rule->candidates)
        put_mirror(w, d);
    if (d->answer != PLAN_SENT)
        put(w, why_nothing(d));
}

/* ---- hosts --------------------------------------------------------------------------- */

/* The best host of the rules for this name, as it is written. */
static struct str best_host(const struct plan *p, struct str name)
{
    struct str best = {0};
    size_t best_rank = 0;

    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next) {
        for (size_t i = 0; i < rule->n_hosts && plan_rule_takes_hosts(rule); i++) {
            size_t rank = plan_host_rank(rule->hosts[i], name);

            if (rank > best_rank) {
                best = rule->hosts[i];
                best_rank = rank;
            }
        }
    }
    return best;
}

static void put_some_hosts(struct writer *w, const struct plan *p)
{
    struct str last = {0};
    unsigned n = 0;

    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next) {
        if (!plan_rule_takes_hosts(rule) || str_ieq(rule->hosts[0], last))
            continue; /* the rules of an object have the same */
        last = rule->hosts[0];
        for (size_t i = 0; i < rule->n_hosts && n <= MAX_HOSTS; i++, n++) {
            put(w, n ? ", " : "");
            if (n < MAX_HOSTS)
                put_text(w, rule->hosts[i]);
            else
                put(w, "...");
        }
    }
}

static void put_hosts(struct writer *w, const struct plan *p, const struct plan_request *r)
{
    struct str name = plan_host_name(r->authority), host = best_host(p, name);
    bool any = false;

    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next)
        any |= plan_rule_takes_hosts(rule);
    if (!any)
        return;
    if (host.data) {
        put(w, "the rules of host ");
        put_text(w, host);
        put(w, " are asked\n");
        return;
    }
    put(w, "no rule is for the host ");
    put_text(w, name);
    put(w, "; there are rules for ");
    put_some_hosts(w, p);
    put(w, "\n");
}

static void put_request(struct writer *w, const struct plan_request *r)
{
    put_text(w, r->method);
    put(w, " ");
    put_text(w, r->path);
    if (r->authority.len) {
        put(w, " at ");
        put_text(w, r->authority);
    }
    put(w, "\n");
}

int plan_explain(const struct plan *p, const struct plan_request *request, struct buf *out,
                 struct err *e)
{
    struct writer w = {.out = out, .e = e}, before = {.e = e};
    struct seen seen = {.w = &before};
    struct plan_asked asked = {.rule = see_rule, .ctx = &seen};
    struct plan_decision d;
    struct buf room, lines;

    buf_init(&room, MAX_ROOM);
    buf_init(&lines, MAX_LINES);
    before.out = &lines;
    plan_walk(p, request, &room, &asked, &d);
    put_request(&w, request);
    put_hosts(&w, p, request);
    put_decision(&w, &d);
    put_rules_before(&w, &d, &seen);
    buf_release(&lines);
    buf_release(&room);
    return w.failed || before.failed ? -1 : 0;
}
