/* Header fields, by what each of them means.
 *
 * Names are compared without case, and the order of different names says
 * nothing (RFC 9110, 5.3). Lines of one name are one list, except Set-Cookie,
 * which must never be joined (RFC 6265, 3): it is taken apart by cookie and
 * attribute. What a server makes anew for each answer, and what belongs to one
 * connection, is listed below and ignored unless the user asks for it.
 */
#include <stdlib.h>

#include "core/coding.h"
#include "core/http.h"
#include "diff/compare.h"
#include "diff/header_lines.h"
#include "diff/own_address.h"
#include "diff/rules.h"

/* ---- the ways to compare ---- */

static int compare_ignored(struct header_sink *h, const struct header_lines *l)
{
    return header_same_lines(l) ? 0 : header_note_lines(h, header_kind(l, KIND_VALUE), l, true);
}

static int compare_plain(struct header_sink *h, const struct header_lines *l)
{
    struct str v1, v2;

    if (header_same_lines(l))
        return 0;
    if (header_join(h, l->v1, l->n1, &v1) < 0 || header_join(h, l->v2, l->n2, &v2) < 0)
        return -1;
    if (v1.data && v2.data && str_eq(v1, v2))
        return 0;
    return header_note_lines(h, header_kind(l, KIND_VALUE), l, false);
}

/* What a value is, where its text is new in every answer. */
static const char *shape_of(struct str v)
{
    uint64_t number;

    if (v.len == 0)
        return "empty";
    if (str_starts(v, STR("W/\"")))
        return "weak tag";
    if (v.data[0] == '"')
        return "strong tag";
    if (str_to_u64(v, &number) || (v.data[0] == '-' && str_to_u64(str_skip(v, 1), &number)))
        return "number";
    if (v.len == 29 && str_ends(v, STR(" GMT")) && v.data[3] == ',')
        return "date";
    return "text";
}

static int compare_shape(struct header_sink *h, const struct header_lines *l)
{
    if (header_same_lines(l))
        return 0;
    if (l->n1 == 0 || l->n2 == 0)
        return header_note_lines(h, header_kind(l, KIND_VALUE), l, false);
    if (l->n1 == l->n2 && strcmp(shape_of(l->v1->value), shape_of(l->v2->value)) == 0)
        return header_note_lines(h, KIND_VALUE, l, true);
    return header_note_lines(h, KIND_SHAPE, l, false);
}

/* `type/subtype; name=value`: case matters in neither type nor names. Another
 * charset alone is a matter of form: the body itself is compared. */
static int compare_media(struct header_sink *h, const struct header_lines *l)
{
    struct str a, b;

    if (header_same_lines(l))
        return 0;
    if (l->n1 != 1 || l->n2 != 1)
        return compare_plain(h, l);
    a = l->v1->value;
    b = l->v2->value;
    return header_note_lines(
        h, str_ieq(str_trim(str_cut(&a, ';')), str_trim(str_cut(&b, ';'))) ? KIND_FORM : KIND_VALUE,
        l, false);
}

static int compare_encoding(struct header_sink *h, const struct header_lines *l)
{
    struct str v1, v2;

    if (header_join(h, l->v1, l->n1, &v1) < 0 || header_join(h, l->v2, l->n2, &v2) < 0)
        return -1;
    if (str_ieq(v1, v2) || (coding_is_identity(v1) && coding_is_identity(v2)))
        return 0;
    return header_note(h, KIND_ENCODING, l->name, true, v1.data ? v1 : STR("identity"),
                       v2.data ? v2 : STR("identity"));
}

/* ---- which way for which name ---- */

struct way {
    struct str name;
    int (*compare)(struct header_sink *h, const struct header_lines *l);
};

#define WAY(name, compare)      \
    {                           \
        STR_INIT(name), compare \
    }

/* Sorted by name. What is not here is compared as it stands. */
static const struct way ways[] = {
    WAY("accept-ranges", header_compare_list),
    WAY("access-control-allow-headers", header_compare_set),
    WAY("access-control-allow-methods", header_compare_set),
    WAY("access-control-expose-headers", header_compare_set),
    WAY("age", compare_ignored),
    WAY("allow", header_compare_set),
    WAY("alt-svc", compare_ignored),
    WAY("cache-control", header_compare_list),
    WAY("cf-ray", compare_ignored),
    WAY("connection", compare_ignored),
    WAY("content-encoding", compare_encoding),
    WAY("content-language", header_compare_list),
    WAY("content-length", compare_ignored),
    WAY("content-type", compare_media),
    WAY("date", compare_ignored),
    WAY("etag", compare_shape),
    WAY("expires", compare_shape),
    WAY("keep-alive", compare_ignored),
    WAY("last-modified", compare_shape),
    WAY("nel", compare_ignored),
    WAY("pragma", header_compare_list),
    WAY("proxy-connection", compare_ignored),
    WAY("report-to", compare_ignored),
    WAY("server", compare_ignored),
    WAY("server-timing", compare_ignored),
    WAY("set-cookie", header_compare_cookies),
    WAY("traceparent", compare_ignored),
    WAY("tracestate", compare_ignored),
    WAY("trailer", compare_ignored),
    WAY("transfer-encoding", compare_ignored),
    WAY("upgrade", compare_ignored),
    WAY("vary", header_compare_set),
    WAY("via", compare_ignored),
    WAY("x-amzn-trace-id", compare_ignored),
    WAY("x-correlation-id", compare_ignored),
    WAY("x-request-id", compare_ignored),
    WAY("x-response-time", compare_ignored),
    WAY("x-runtime", compare_ignored),
};

static int by_way(const void *key, const void *way)
{
    return str_cmp(*(const struct str *)key, ((const struct way *)way)->name);
}

static const struct way *way_of(struct str name)
{
    return bsearch(&name, ways, sizeof ways / sizeof *ways, sizeof *ways, by_way);
}

/* ---- by a rule ---- */

static bool are_near(const struct rule *r, const struct header_lines *l)
{
    return l->n1 == 1 && l->n2 == 1 && rule_is_near(r, l->v1->value, l->v2->value);
}

/* What a rule says of a header goes before what is in the table: 1 when that was
 * it, 0 when there is none, -1. */
static int compare_by_rule(struct header_sink *h, const struct header_lines *l)
{
    static const enum rule_action others[] = {RULE_ABS,       RULE_REL,       RULE_WITHIN,
                                              RULE_UNORDERED, RULE_TYPE_ONLY, RULE_COMPARE};
    const struct rule *r = rules_find_header(h->out->rules, l->name, RULE_BIT(RULE_IGNORE)),
                      *last = NULL;
    size_t count = h->out->count;
    int rc;

    if (r) {
        rules_hit(h->out->rules, r);
        return 1;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        r = rules_find_header(h->out->rules, l->name, RULE_BIT(others[i]));
        last = r ? r : last;
        if (r && !header_same_lines(l) && are_near(r, l)) {
            rules_hit(h->out->rules, r);
            return 1;
        }
    }
    if (!last || header_same_lines(l))
        return last != NULL;
    rc = last->action == RULE_UNORDERED   ? header_compare_set(h, l)
         : last->action == RULE_TYPE_ONLY ? compare_shape(h, l)
                                          : compare_plain(h, l);
    if (last->action == RULE_COMPARE || h->out->count == count)
        rules_hit(h->out->rules, last);
    else
        rules_miss(h->out->rules, last);
    return rc < 0 ? -1 : 1;
}

static int compare_lines(struct header_sink *h, const struct header_lines *l)
{
    const struct way *way = way_of(l->name);
    int rc = h->out->rules && h->out->rules->headers ? compare_by_rule(h, l) : 0;

    if (rc)
        return rc < 0 ? -1 : 0;
    if (str_starts(l->name, STR("x-b3-")))
        return compare_ignored(h, l);
    return way ? way->compare(h, l) : compare_plain(h, l);
}

/* The action of a rule that says what the way does, or RULE_ACTIONS. */
static enum rule_action action_of(const struct way *way)
{
    return way->compare == compare_ignored      ? RULE_IGNORE
           : way->compare == compare_shape      ? RULE_TYPE_ONLY
           : way->compare == header_compare_set ? RULE_UNORDERED
                                                : RULE_ACTIONS;
}

bool compare_headers_default(const struct rule *r)
{
    const struct way *way = r->path.header ? way_of(r->path.name) : NULL;

    return r->path.header && r->path.open ? str_eq(r->path.name, STR("x-b3-"))
                                          : way && action_of(way) == r->action;
}

int compare_headers_rules(struct buf *out, struct err *e)
{
    int rc = buf_add(out,
                     STR("# What holds for headers unless a rule says otherwise; `ignore: false` "
                         "has one\n# of them compared.\nrules:\n"),
                     e);

    for (size_t i = 0; rc == 0 && i < sizeof ways / sizeof *ways; i++) {
        enum rule_action action = action_of(&ways[i]);

        if (action != RULE_ACTIONS)
            rc = buf_printf(out, e, "  - path: header:%.*s\n    %s: true\n", STR_ARG(ways[i].name),
                            rule_action_name(action));
    }
    return rc < 0 ? -1 : buf_add(out, STR("  - path: header:x-b3-*\n    ignore: true\n"), e);
}

/* ---- both heads ---- */

enum { FIELDS_MAX = 1000, NAME_MAX_SHOWN = 128 };

static int by_name(const void *a, const void *b)
{
    const struct header_field *x = a, *y = b;
    int c = str_cmp(x->name, y->name);

    return c ? c : (x->place > y->place) - (x->place < y->place);
}

/* Nearly all names fit into what is shown; the rest are cut. */
static int lower(struct header_sink *h, struct str name, struct str *copy)
{
    char text[NAME_MAX_SHOWN];
    struct str s = str_head(name, sizeof text);

    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        text[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return arena_dup(&h->out->mem, str_from(text, s.len), copy, h->e);
}

static size_t count_lines(struct str s)
{
    size_t n = 1;

    while (s.len && n < FIELDS_MAX) {
        s = str_skip(s, str_find(s, '\n') + 1);
        n++;
    }
    return n;
}

static struct header_field *read_fields(struct header_sink *h, struct str head,
                                        const struct own_address *own, size_t *n)
{
    struct str rest = http_fields(head);
    size_t most = count_lines(rest);
    struct header_field *list = arena_array(&h->out->mem, most, sizeof *list, h->e);
    struct http_field f;

    for (*n = 0; list && *n < most && http_next_field(&rest, &f); ++*n) {
        list[*n] = (struct header_field){.place = *n};
        if (lower(h, f.name, &list[*n].name) < 0 ||
            own_address_hide(own, f.value, &h->out->mem, &list[*n].value, h->e) < 0)
            return NULL;
    }
    if (list)
        qsort(list, *n, sizeof *list, by_name);
    return list;
}

/* How many fields at the front share their name. */
static size_t run_of(const struct header_field *f, size_t n)
{
    size_t len = 1;

    while (len < n && str_eq(f[len].name, f[0].name))
        len++;
    return len;
}

int compare_headers(struct str v1, struct str v2, struct diffs *out, struct err *e)
{
    struct header_sink h = {out, e};
    size_t n1, n2, i = 0, j = 0;
    struct header_field *a, *b;

    if (str_eq(v1, v2))
        return 0;
    a = read_fields(&h, v1, out->own1, &n1);
    b = a ? read_fields(&h, v2, out->own2, &n2) : NULL;
    if (!b)
        return -1;
    while (i < n1 || j < n2) {
        int c = i == n1 ? 1 : j == n2 ? -1 : str_cmp(a[i].name, b[j].name);
        struct header_lines l = {c <= 0 ? a[i].name : b[j].name, a + i, b + j, 0, 0};

        l.n1 = c <= 0 ? run_of(l.v1, n1 - i) : 0;
        l.n2 = c >= 0 ? run_of(l.v2, n2 - j) : 0;
        i += l.n1;
        j += l.n2;
        if (compare_lines(&h, &l) < 0)
            return -1;
    }
    return 0;
}
