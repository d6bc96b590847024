#include "replay/plan_match.h"

#include "core/pattern.h"
#include "replay/regex.h"

/* ---- texts ----------------------------------------------------------------------- */

static bool begins(const struct plan_text *t, struct str value)
{
    return t->any_case ? str_istarts(value, t->text) : str_starts(value, t->text);
}

/* A slash at the end of the prefix does not count: /abc/ fits /abc as well. */
static bool begins_with_segments(const struct plan_text *t, struct str value)
{
    struct plan_text prefix = *t;
    struct str rest;

    if (str_ends(t->text, STR("/")))
        prefix.text.len--;
    rest = str_skip(value, prefix.text.len);
    return begins(&prefix, value) && (rest.len == 0 || str_starts(rest, STR("/")));
}

static enum plan_fit regex_fit(const struct plan_text *t, struct str value)
{
    static const enum plan_fit fits[] = {
        [REGEX_FITS] = PLAN_FITS,
        [REGEX_FITS_NOT] = PLAN_FITS_NOT,
        [REGEX_LIMIT] = PLAN_FITS_PERHAPS,
    };

    return t->regex ? fits[regex_fits(t->regex, value)] : PLAN_FITS_PERHAPS;
}

static enum plan_fit text_fits(const struct plan_text *t, struct str value)
{
    bool fits = true;

    switch (t->how) {
    case PLAN_PRESENT:
        break;
    case PLAN_EXACT:
        fits = t->any_case ? str_ieq(t->text, value) : str_eq(t->text, value);
        break;
    case PLAN_PREFIX:
        fits = begins(t, value);
        break;
    case PLAN_SEGMENTS:
        fits = begins_with_segments(t, value);
        break;
    case PLAN_GLOB:
        fits = pattern_fits(&(struct pattern){.path = t->text}, (struct str){0}, value);
        break;
    case PLAN_REGEX:
        return regex_fit(t, value);
    }
    return fits ? PLAN_FITS : PLAN_FITS_NOT;
}

/* ---- parts of a match ------------------------------------------------------------ */

struct asking {
    const struct plan_request *r;
    struct buf *room;
    struct plan_lack *lack;
    enum plan_fit fit;
};

/* Count one part's answer; the first of the heaviest is told. */
static void count(struct asking *a, const struct plan_lack *part)
{
    if (part->fit <= a->fit)
        return;
    a->fit = part->fit;
    if (a->lack)
        *a->lack = *part;
}

static void ask(struct asking *a, struct plan_lack part)
{
    part.fit = part.has ? text_fits(part.text, part.value) : PLAN_FITS_NOT;
    if (part.not_so && part.fit != PLAN_FITS_PERHAPS)
        part.fit = part.fit == PLAN_FITS ? PLAN_FITS_NOT : PLAN_FITS;
    count(a, &part);
}

static void ask_text(struct asking *a, const struct plan_text *text, const char *what,
                     struct str value)
{
    if (text && a->fit != PLAN_FITS_NOT)
        ask(a, (struct plan_lack){
                   .what = what, .text = text, .has = value.data != NULL, .value = value});
}

static void ask_port(struct asking *a, uint16_t port)
{
    struct plan_lack part = {.what = "port", .port = port, .has = a->r->port != 0};

    if (port == 0 || port == a->r->port)
        return;
    part.fit = part.has ? PLAN_FITS_NOT : PLAN_FITS_UNKNOWN;
    count(a, &part);
}

static void ask_unknowable(struct asking *a, const char *what)
{
    if (what)
        count(a, &(struct plan_lack){.fit = PLAN_FITS_UNKNOWN, .what = what, .unknowable = what});
}

/* Envoy lets :path and its like be asked as if they were fields, and calls Host
 * :authority. Returns -1 where there is no memory, 0 if the name is none of these. */
static int find_pseudo(struct asking *a, struct plan_lack *part)
{
    const struct plan_request *r = a->r;
    const struct {
        struct str name, value;
    } known[] = {
        {STR(":method"), r->method}, {STR(":scheme"), r->scheme}, {STR(":authority"), r->authority},
        {STR("host"), r->authority}, {STR(":path"), r->path},
    };
    size_t i = 0;

    while (i < sizeof known / sizeof *known && !str_ieq(known[i].name, part->name))
        i++;
    if (i == sizeof known / sizeof *known)
        return 0;
    part->value = known[i].value;
    part->has = part->value.data != NULL;
    if (!str_eq(known[i].name, STR(":path")) || !r->query.data)
        return 1;
    buf_reset(a->room);
    if (buf_add(a->room, r->path, NULL) < 0 || buf_addc(a->room, '?', NULL) < 0 ||
        buf_add(a->room, r->query, NULL) < 0)
        return -1;
    part->value = buf_str(a->room);
    return 1;
}

/* Fields that come several times are one, with commas (RFC 9110, 5.3). */
static int find_field(struct asking *a, struct plan_lack *part)
{
    struct str rest = http_fields(a->r->head);
    struct http_field field;
    unsigned n = 0;

    while (http_next_field(&rest, &field)) {
        if (!str_ieq(field.name, part->name))
            continue;
        if (n == 1) {
            buf_reset(a->room);
            if (buf_add(a->room, part->value, NULL) < 0)
                return -1;
        }
        if (n && (buf_addc(a->room, ',', NULL) < 0 || buf_add(a->room, field.value, NULL) < 0))
            return -1;
        part->value = n++ ? buf_str(a->room) : field.value;
    }
    part->has = n > 0;
    return 0;
}

static void ask_headers(struct asking *a, const struct plan_field *f)
{
    for (; f && a->fit != PLAN_FITS_NOT; f = f->next) {
        struct plan_lack part = {
            .what = "header", .name = f->name, .text = &f->value, .not_so = f->not_so};
        int rc = find_pseudo(a, &part);

        if (rc == 0)
            rc = find_field(a, &part);
        part.fit = PLAN_FITS_PERHAPS;
        if (rc < 0)
            count(a, &part);
        else
            ask(a, part);
    }
}

/* The first of that name, as it stands there: nothing is decoded. */
static void find_query(struct str query, struct plan_lack *part)
{
    while (query.data && !part->has) {
        struct str value = str_cut(&query, '&'), name = str_cut(&value, '=');

        part->has = str_eq(name, part->name);
        part->value = value;
    }
}

static void ask_queries(struct asking *a, const struct plan_field *f)
{
    for (; f && a->fit != PLAN_FITS_NOT; f = f->next) {
        struct plan_lack part = {
            .what = "query parameter", .name = f->name, .text = &f->value, .not_so = f->not_so};

        find_query(a->r->query, &part);
        ask(a, part);
    }
}

enum plan_fit plan_match_fits(const struct plan_match *m, const struct plan_request *r,
                              struct buf *room, struct plan_lack *lack)
{
    struct asking a = {.r = r, .room = room, .lack = lack};

    ask_text(&a, m->method, "method", r->method);
    ask_text(&a, m->path, "path", r->path);
    ask_port(&a, m->port);
    ask_text(&a, m->authority, "authority", r->authority);
    ask_text(&a, m->scheme, "scheme", r->scheme);
    ask_queries(&a, m->queries);
    ask_headers(&a, m->headers);
    ask_unknowable(&a, m->unknowable);
    return a.fit;
}

/* ---- rules ----------------------------------------------------------------------- */

enum plan_fit plan_rule_fits(const struct plan_rule *rule, const struct plan_request *r,
                             struct buf *room, const struct plan_match **match,
                             struct plan_lack *lack)
{
    enum plan_fit best = rule->matches ? PLAN_FITS_NOT : PLAN_FITS;

    *match = NULL;
    for (const struct plan_match *m = rule->matches; m; m = m->next) {
        struct plan_lack own = {0};
        enum plan_fit fit = plan_match_fits(m, r, room, lack ? &own : NULL);

        if (fit == PLAN_FITS) {
            *match = m;
            return fit;
        }
        if (lack && (fit < best || m == rule->matches))
            *lack = own;
        best = fit < best ? fit : best;
    }
    return best;
}
