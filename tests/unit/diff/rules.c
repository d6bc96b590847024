/* Rules: which paths they mean, how they are read, and what they waive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diff/compare.h"
#include "diff/diff.h"
#include "diff/rules.h"
#include "diff/time_text.h"

/* ---- paths ---- */

static void paths_are_read_and_written(void **state)
{
    static const struct {
        const char *text, *written;
    } rows[] = {
        {"$", "$"},
        {"$.a", "$.a"},
        {"$.a.b[*].c", "$.a.b[*].c"},
        {"$['a']", "$.a"},
        {"$[\"a\"][ 'b' ][0]", "$.a.b[0]"},
        {"$.a.*", "$.a[*]"},
        {"$.users.{*}.n", "$.users[*].n"},
        {"$..id", "$..id"},
        {"$..['a b']", "$..['a b']"},
        {"$..*", "$..*"},
        {"$['a.b']['it\\'s']['']", "$['a.b']['it\\'s']['']"},
        {"$['\\u00e9\\ud83d\\ude00']", "$.\xc3\xa9\xf0\x9f\x98\x80"},
        {"$.\xc3\xa9t\xc3\xa9", "$.\xc3\xa9t\xc3\xa9"},
        {"/a/b", "$.a.b"},
        {"/items/0/x~1y~0", "$.items[0]['x/y~']"},
        {"/items/*/id", "$.items[*].id"},
        {"/", "$['']"},
        {"/01", "$['01']"},
        {"header:ETag", "header:etag"},
        {"Header:X-B3-*", "header:x-b3-*"},
        {"header:Set-Cookie[SID].Path", "header:set-cookie[SID].Path"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rule_path p;
        struct rule_path_fault fault = {0, NULL};
        struct arena mem;
        struct buf out;
        struct err e = {0};

        arena_init(&mem, 1 << 20);
        buf_init(&out, 4096);
        if (rule_path_read(&p, str_of(rows[i].text), &mem, &fault, &e) < 0)
            fail_msg("%s: %s at %zu", rows[i].text, fault.what, fault.offset);
        assert_int_equal(rule_path_write(&p, &out, &e), 0);
        assert_string_equal(out.data, rows[i].written);
        buf_release(&out);
        arena_release(&mem);
    }
}

static void paths_that_cannot_be_are_refused_where_they_are_wrong(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        const char *what;
    } rows[] = {
        {"", 0, "begins with"},
        {"a.b", 0, "begins with"},
        {"$a", 1, "point or a bracket"},
        {"$.", 2, "expected a name"},
        {"$.a.", 4, "expected a name"},
        {"$.a-b", 3, "in quotes"},
        {"$.1a", 2, "expected a name"},
        {"$[?(@.x)]", 2, "filters"},
        {"$.a[1:2]", 5, "slices"},
        {"$.a[:2]", 4, "slices"},
        {"$.a[-1]", 4, "from the end"},
        {"$['a','b']", 5, "several selectors"},
        {"$[0,1]", 3, "several selectors"},
        {"$['a", 2, "not closed"},
        {"$['a'", 1, "not closed"},
        {"$[01]", 2, "leading zero"},
        {"$[a]", 2, "expected 'name'"},
        {"$['\\x']", 4, "no such escape"},
        {"$['\\ud83d\\u0041']", 15, "surrogate"},
        {"/a~2", 2, "~0"},
        {"/a/b~", 4, "~0"},
        {"header:", 7, "header"},
        {"header:a b", 7, "header"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rule_path p;
        struct rule_path_fault fault = {0, NULL};
        struct arena mem;

        arena_init(&mem, 1 << 20);
        assert_int_equal(rule_path_read(&p, str_of(rows[i].text), &mem, &fault, NULL), -1);
        if (fault.offset != rows[i].offset || !strstr(fault.what, rows[i].what))
            fail_msg("%s: \"%s\" at %zu", rows[i].text, fault.what, fault.offset);
        arena_release(&mem);
    }
}

/* ---- files ---- */

struct reading {
    struct rules *rules;
    struct diags diags;
    struct buf said;
};

static void read_text(struct reading *r, const char *yaml)
{
    struct err e = {0};

    r->rules = rules_new(&e);
    assert_non_null(r->rules);
    diags_init(&r->diags);
    buf_init(&r->said, 1 << 16);
    assert_int_equal(rules_read(r->rules, str_of(yaml), "r.yaml", &r->diags, &e), 0);
    for (const struct diag *d = r->diags.first; d; d = d->next)
        assert_int_equal(diag_write(d, &r->said, &e), 0);
}

static void end_reading(struct reading *r)
{
    rules_free(r->rules);
    diags_release(&r->diags);
    buf_release(&r->said);
}

static void mistakes_are_told_where_they_stand(void **state)
{
    static const struct {
        const char *yaml, *said;
    } rows[] = {
        {"rules:\n  - path: $.a\n    ignor: true\n",
         "r.yaml:3:5: error[E702]: a rule has no key \"ignor\"; did you mean \"ignore\"?\n"},
        {"rule:\n  - path: $.a\n",
         "r.yaml:1:1: error[E702]: a rules file has no key \"rule\", only \"rules\"\n"
         "r.yaml:1:1: error[E701]: not a rules file: expected \"rules:\" and a list\n"},
        {"rules:\n  - path: $.a[?@.b]\n    ignore: true\n",
         "r.yaml:2:15: error[E703]: filters are not supported\n    $.a[?@.b]\n        ^\n"},
        {"rules:\n  - path: '$.a[?@.b]'\n    ignore: true\n",
         "r.yaml:2:16: error[E703]: filters are not supported\n    $.a[?@.b]\n        ^\n"},
        {"rules:\n  - ignore: true\n", "r.yaml:2:5: error[E703]: a rule without a path\n"},
        {"rules:\n  - path: $.a\n",
         "r.yaml:2:5: error[E704]: a rule that does nothing: it takes one of ignore, abs, rel, "
         "within, unordered, key, embedded, type_only\n"},
        {"rules:\n  - path: $.a\n    abs: 1\n    rel: 1\n",
         "r.yaml:4:5: error[E704]: \"abs\" and \"rel\" in one rule: write a rule for each\n"},
        {"rules:\n  - {path: $.a, abs: x}\n",
         "r.yaml:2:22: error[E705]: expected a number like 0.01, not negative, of at most 17 "
         "digits\n"},
        {"rules:\n  - {path: $.a, abs: -1}\n",
         "r.yaml:2:22: error[E705]: expected a number like 0.01, not negative, of at most 17 "
         "digits\n"},
        {"rules:\n  - {path: $.a, within: 5}\n",
         "r.yaml:2:25: error[E705]: expected a time like 5s, 100ms or 1h\n"},
        {"rules:\n  - {path: $.a, embedded: xml}\n",
         "r.yaml:2:27: error[E705]: expected json or base64\n"},
        {"rules:\n  - {path: $.a, ignore: yes}\n",
         "r.yaml:2:25: error[E705]: expected true or false\n"},
        {"rules:\n  - {path: $.a, ignore: true, status: 2x}\n",
         "r.yaml:2:39: error[E705]: expected a status like 404, or a class like 2xx\n"},
        {"rules:\n  - {path: $.a, ignore: true, until: 2027-02-30x}\n",
         "r.yaml:2:38: error[E705]: expected a day like 2027-01-31\n"},
        {"rules:\n  - {path: 'header:etag', key: id}\n",
         "r.yaml:2:27: error[E705]: \"key\" is not for headers\n"},
        {"rules:\n  - $.a\n", "r.yaml:2:5: error[E701]: a rule is a map, not a scalar\n"},
        {"rules: 7\n", "r.yaml:1:8: error[E701]: \"rules\" is a list, not a scalar\n"},
        {"rules:\n", ""},
        {"rules: []\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reading r;

        read_text(&r, rows[i].yaml);
        if (strcmp(r.said.len ? r.said.data : "", rows[i].said) != 0)
            fail_msg("%s\ngot:  %s\nwant: %s", rows[i].yaml, r.said.data, rows[i].said);
        assert_int_equal(rules_count(r.rules), 0);
        end_reading(&r);
    }
}

static void the_defaults_read_back_without_a_mistake(void **state)
{
    struct reading r;
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 20);
    assert_int_equal(diff_default_rules(&out, NULL), 0);
    read_text(&r, out.data);
    assert_int_equal(r.said.len, 0);
    assert_true(rules_count(r.rules) > 30);
    end_reading(&r);
    buf_release(&out);
}

/* ---- what they waive ---- */

struct bench {
    struct reading read;
    struct rules_use use;
    struct diffs found;
    struct body a, b;
};

static void set_up(struct bench *b, const char *yaml, bool additive)
{
    read_text(&b->read, yaml);
    if (b->read.said.len)
        fail_msg("%s", b->read.said.data);
    if (additive)
        rules_set_additive(b->read.rules);
    assert_int_equal(rules_use_init(&b->use, b->read.rules, NULL), 0);
    assert_int_equal(diffs_init(&b->found, false, NULL), 0);
    b->found.rules = &b->use;
    body_init(&b->a);
    body_init(&b->b);
}

static void tear_down(struct bench *b)
{
    body_release(&b->a);
    body_release(&b->b);
    diffs_release(&b->found);
    rules_use_release(&b->use);
    end_reading(&b->read);
}

/* What differs as text, then the hits of each rule: "value $.a | 0 2". */
static void compare(struct bench *b, const char *x, const char *y, const char *type, char *text,
                    size_t size)
{
    struct rules_scope scope = {STR("GET"), STR("/users/17"), STR("/users/{id}"), 200, 20261122};
    struct http_message m = {.body = str_of(x)}, n = {.body = str_of(y)};
    char head[128];
    size_t len = 0;

    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n", type);
    m.head = n.head = str_of(head);
    rules_use_begin(&b->use, &scope);
    b->use.counting = true;
    assert_int_equal(body_set(&b->a, &m, NULL), 0);
    assert_int_equal(body_set(&b->b, &n, NULL), 0);
    assert_int_equal(compare_bodies(&b->a, &b->b, &b->found, NULL), 0);
    text[0] = '\0';
    for (size_t i = 0; i < b->found.count; i++) {
        const struct difference *d = &b->found.items[i];
        len += (size_t)snprintf(text + len, size - len, "%s%s%s %.*s%s ", len ? "" : "",
                                d->ignored ? "(" : "", diff_kind_name(d->kind), STR_ARG(d->path),
                                d->ignored ? ")" : "");
    }
    len += (size_t)snprintf(text + len, size - len, "|");
    for (size_t i = 0; i < rules_count(b->read.rules); i++)
        len += (size_t)snprintf(text + len, size - len, " %u", (unsigned)b->use.hits[i]);
}

struct row {
    const char *what, *rules, *a, *b, *expected;
};

static void check_rows(const struct row *rows, size_t n, const char *type, bool additive)
{
    for (size_t i = 0; i < n; i++) {
        struct bench b;
        char yaml[1024], text[2048];

        snprintf(yaml, sizeof yaml, "rules: [%s]\n", rows[i].rules);
        set_up(&b, yaml, additive);
        compare(&b, rows[i].a, rows[i].b, type, text, sizeof text);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", rows[i].what, text, rows[i].expected);
        tear_down(&b);
    }
}

static void what_is_ignored_is_not_there(void **state)
{
    static const struct row rows[] = {
        {"a member", "{path: $.ts, ignore: true}", "{\"ts\":1,\"a\":1}", "{\"ts\":2,\"a\":1}",
         "| 1"},
        {"a whole segment only", "{path: $.id, ignore: true}", "{\"id\":1,\"identity\":1}",
         "{\"id\":2,\"identity\":2}", "value $.identity | 1"},
        {"on one side only", "{path: $.ts, ignore: true}", "{\"ts\":1}", "{}", "| 1"},
        {"nothing", "{path: $.metaa.ts, ignore: true}", "{\"meta\":{\"ts\":1}}",
         "{\"meta\":{\"ts\":2}}", "value $.meta.ts | 0"},
        {"in each element", "{path: '$.items[*].at', ignore: true}",
         "{\"items\":[{\"at\":1},{\"at\":2}]}", "{\"items\":[{\"at\":3},{\"at\":4}]}", "| 2"},
        {"at any depth", "{path: $..at, ignore: true}", "{\"at\":1,\"x\":[{\"at\":2,\"y\":0}]}",
         "{\"at\":5,\"x\":[{\"at\":6,\"y\":1}]}", "value $.x[*].y | 2"},
        {"one element", "{path: '$[1]', ignore: true}", "[1,2,3]", "[1,9,3]", "| 1"},
        {"by pointer", "{path: /a/0/b~1c, ignore: true}", "{\"a\":[{\"b/c\":1}]}",
         "{\"a\":[{\"b/c\":2}]}", "| 1"},
        {"a pointer's digits are a name too", "{path: /a/0, ignore: true}", "{\"a\":{\"0\":1}}",
         "{\"a\":{\"0\":2}}", "| 1"},
        {"any member", "{path: $.a.*, ignore: true}", "{\"a\":{\"x\":1,\"y\":2}}",
         "{\"a\":{\"x\":3,\"z\":2}}", "| 2"},
        {"all of it", "{path: $, ignore: true}", "{\"a\":1}", "[]", "| 1"},
        {"before elements are matched", "{path: '$[*].ts', ignore: true}",
         "[{\"ts\":1,\"n\":1},{\"ts\":2,\"n\":2}]",
         "[{\"ts\":7,\"n\":0},{\"ts\":8,\"n\":1},{\"ts\":9,\"n\":2}]", "extra $[*] | 3"},
        {"the first of two", "{path: $.a, ignore: true}, {path: $..a, ignore: true}",
         "{\"a\":1,\"b\":{\"a\":1}}", "{\"a\":2,\"b\":{\"a\":2}}", "| 1 1"},
    };

    (void)state;
    check_rows(rows, sizeof rows / sizeof *rows, "application/json", false);
}

static void tolerances_are_exact(void **state)
{
    static const struct row rows[] = {
        {"abs", "{path: $.p, abs: 0.01}", "{\"p\":10.00}", "{\"p\":10.01}", "| 1"},
        {"just beyond", "{path: $.p, abs: 0.01}", "{\"p\":10.00}",
         "{\"p\":10.010000000000000000000001}", "value $.p | 0"},
        {"large numbers", "{path: $.p, abs: 1}", "{\"p\":9007199254740993}",
         "{\"p\":9007199254740992}", "| 1"},
        {"rel", "{path: $.p, rel: 0.001}", "{\"p\":1000}", "{\"p\":1001}", "| 1"},
        {"rel, beyond", "{path: $.p, rel: 0.001}", "{\"p\":1000}", "{\"p\":1001.1}",
         "value $.p | 0"},
        {"rel of large exponents", "{path: $.p, rel: 0.1}", "{\"p\":1e1000000000}",
         "{\"p\":1.05e1000000000}", "| 1"},
        {"not a string", "{path: $.p, abs: 5}", "{\"p\":\"1\"}", "{\"p\":\"2\"}", "value $.p | 0"},
        {"not a type", "{path: $.p, abs: 5}", "{\"p\":1}", "{\"p\":null}", "null $.p | 0"},
        {"either of two", "{path: $.p, abs: 0}, {path: $.p, rel: 0.5}", "{\"p\":1}", "{\"p\":2}",
         "| 0 1"},
        {"within", "{path: $.at, within: 5s}", "{\"at\":\"2026-11-22T10:00:00Z\"}",
         "{\"at\":\"2026-11-22T11:00:05+01:00\"}", "| 1"},
        {"within, beyond", "{path: $.at, within: 5s}", "{\"at\":\"2026-11-22T10:00:00Z\"}",
         "{\"at\":\"2026-11-22T10:00:05.001Z\"}", "value $.at | 0"},
        {"within, epoch", "{path: $.at, within: 5s}", "{\"at\":1763805600000}",
         "{\"at\":1763805604999}", "| 1"},
        {"seconds are no milliseconds", "{path: $.at, within: 5s}", "{\"at\":1763805600000}",
         "{\"at\":1763805600}", "| 1"},
        {"type only", "{path: $.t, type_only: true}", "{\"t\":\"a\"}", "{\"t\":\"b\"}", "| 1"},
        {"type only, another type", "{path: $.t, type_only: true}", "{\"t\":\"a\"}", "{\"t\":1}",
         "type $.t | 0"},
        {"type only, gone", "{path: $.t, type_only: true}", "{\"t\":\"a\"}", "{}",
         "missing $.t | 0"},
        {"type only, inside", "{path: $.t, type_only: true}", "{\"t\":{\"x\":[1,2]}}",
         "{\"t\":{\"x\":[3],\"y\":1}}", "| 4"},
    };

    (void)state;
    check_rows(rows, sizeof rows / sizeof *rows, "application/json", false);
}

static void arrays_are_compared_as_a_rule_says(void **state)
{
    static const struct row rows[] = {
        {"unordered", "{path: $.t, unordered: true}", "{\"t\":[1,2,3]}", "{\"t\":[3,1,2]}", "| 1"},
        {"unordered, one other", "{path: $.t, unordered: true}", "{\"t\":[1,2,3]}",
         "{\"t\":[4,3,1]}", "missing $.t[*] extra $.t[*] | 1"},
        {"unordered, changed inside", "{path: $, unordered: true}",
         "[{\"n\":1,\"v\":1,\"w\":1},{\"n\":2,\"v\":2,\"w\":2}]",
         "[{\"n\":2,\"v\":2,\"w\":3},{\"n\":1,\"v\":1,\"w\":1}]", "value $[*].w | 1"},
        {"keyed", "{path: $.i, key: id}",
         "{\"i\":[{\"id\":1,\"v\":1},{\"id\":2,\"v\":2},{\"id\":3,\"v\":3}]}",
         "{\"i\":[{\"id\":3,\"v\":3},{\"id\":1,\"v\":9},{\"id\":4,\"v\":4}]}",
         "value $.i[*].v missing $.i[*] extra $.i[*] | 1"},
        {"by two keys", "{path: $, key: 'a,b'}",
         "[{\"a\":1,\"b\":1,\"v\":1},{\"a\":1,\"b\":2,\"v\":2}]",
         "[{\"a\":1,\"b\":2,\"v\":2},{\"a\":1,\"b\":1,\"v\":3}]", "value $[*].v | 1"},
        {"a key that stands twice", "{path: $, key: id}", "[{\"id\":1,\"v\":1},{\"id\":1,\"v\":2}]",
         "[{\"id\":1,\"v\":2},{\"id\":1,\"v\":1}]", "order $ | 0"},
        {"a key that is missing", "{path: $, key: id}", "[{\"id\":1},{\"x\":1}]",
         "[{\"id\":2},{\"x\":2}]", "value $[*].id value $[*].x | 0"},
        {"embedded", "{path: $.p, embedded: json}", "{\"p\":\"{\\\"a\\\":1,\\\"b\\\":2}\"}",
         "{\"p\":\"{\\\"b\\\": 2, \\\"a\\\": 1}\"}", "| 1"},
        {"embedded, with a rule inside",
         "{path: $.p, embedded: json}, {path: $.p.ts, ignore: true}",
         "{\"p\":\"{\\\"ts\\\":1,\\\"b\\\":2}\"}", "{\"p\":\"{\\\"ts\\\":2,\\\"b\\\":3}\"}",
         "value $.p.b | 1 1"},
        {"embedded, but is not", "{path: $.p, embedded: json}", "{\"p\":\"{x\"}", "{\"p\":\"{y\"}",
         "value $.p | 0"},
        {"base64 of JSON", "{path: $.p, embedded: base64}", "{\"p\":\"eyJhIjoxfQ==\"}",
         "{\"p\":\"eyJhIjogMX0\"}", "| 1"},
        {"base64 of JSON that differs", "{path: $.p, embedded: base64}", "{\"p\":\"eyJhIjoxfQ==\"}",
         "{\"p\":\"eyJhIjoyfQ==\"}", "value $.p.a | 1"},
        {"base64 of anything", "{path: $.p, embedded: base64}", "{\"p\":\"-_8\"}",
         "{\"p\":\"+/8=\"}", "| 1"},
    };

    (void)state;
    check_rows(rows, sizeof rows / sizeof *rows, "application/json", false);
}

static void a_key_that_would_help_is_suggested(void **state)
{
    static const struct {
        const char *what, *a, *b, *hint; /* path and key, or empty */
    } hints[] = {
        {"another order, and a change",
         "{\"i\":[{\"id\":1,\"v\":1},{\"id\":2,\"v\":2},{\"id\":3}]}",
         "{\"i\":[{\"id\":3},{\"id\":1,\"v\":1},{\"id\":2,\"v\":3}]}", "$.i id"},
        {"by name", "[{\"name\":\"a\",\"v\":1},{\"name\":\"b\"}]",
         "[{\"name\":\"b\"},{\"name\":\"a\",\"v\":2}]", "$ name"},
        {"each in its place", "[{\"id\":1,\"v\":1},{\"id\":2,\"v\":2}]",
         "[{\"id\":1,\"v\":3},{\"id\":2,\"v\":4}]", ""},
        {"one id twice", "[{\"id\":1,\"v\":1},{\"id\":1,\"v\":2}]",
         "[{\"id\":2,\"v\":1},{\"id\":1,\"v\":3},{\"id\":7}]", ""},
        {"only another order", "[{\"id\":1},{\"id\":2}]", "[{\"id\":2},{\"id\":1}]", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        struct bench b;
        char text[512] = "";

        set_up(&b, "rules: []", false);
        compare(&b, hints[i].a, hints[i].b, "application/json", text, sizeof text);
        text[0] = '\0';
        if (b.use.hints[0].path)
            snprintf(text, sizeof text, "%s %.*s", b.use.hints[0].path,
                     STR_ARG(b.use.hints[0].key));
        if (strcmp(text, hints[i].hint) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", hints[i].what, text, hints[i].hint);
        tear_down(&b);
    }
}

static void rules_concern_who_they_are_for(void **state)
{
    static const struct row rows[] = {
        {"endpoint", "{path: $.a, ignore: true, endpoint: 'GET /users/{id}'}", "{\"a\":1}",
         "{\"a\":2}", "| 1"},
        {"another endpoint", "{path: $.a, ignore: true, endpoint: /orders/*}", "{\"a\":1}",
         "{\"a\":2}", "value $.a | 0"},
        {"below", "{path: $.a, ignore: true, endpoint: /users/*}", "{\"a\":1}", "{\"a\":2}", "| 1"},
        {"another method", "{path: $.a, ignore: true, method: POST}", "{\"a\":1}", "{\"a\":2}",
         "value $.a | 0"},
        {"its class", "{path: $.a, ignore: true, status: 2xx}", "{\"a\":1}", "{\"a\":2}", "| 1"},
        {"another status", "{path: $.a, ignore: true, status: 404}", "{\"a\":1}", "{\"a\":2}",
         "value $.a | 0"},
        {"until the last day", "{path: $.a, ignore: true, until: 2026-11-22}", "{\"a\":1}",
         "{\"a\":2}", "| 1"},
        {"expired", "{path: $.a, ignore: true, until: 2026-11-21}", "{\"a\":1}", "{\"a\":2}",
         "value $.a | 0"},
    };

    (void)state;
    check_rows(rows, sizeof rows / sizeof *rows, "application/json", false);
}

static void what_is_added_may_be_allowed(void **state)
{
    static const struct row rows[] = {
        {"a field", "", "{\"a\":1}", "{\"a\":1,\"b\":2}", "(extra $.b) |"},
        {"an element is no field", "", "[1]", "[1,2]", "extra $[*] |"},
        {"a field less", "", "{\"a\":1}", "{}", "missing $.a |"},
    };

    (void)state;
    check_rows(rows, sizeof rows / sizeof *rows, "application/json", true);
}

static void headers_have_rules_too(void **state)
{
    static const struct {
        const char *what, *rules, *a, *b, *expected;
    } rows[] = {
        {"ignored", "{path: 'header:X-A', ignore: true}", "X-A: 1", "X-A: 2", "| 1"},
        {"ignored by beginning", "{path: 'header:x-*', ignore: true}", "X-A: 1", "", "| 1"},
        {"a date is compared after all", "{path: 'header:date', within: 5s}",
         "Date: Sun, 22 Nov 2026 20:10:00 GMT", "Date: Sun, 22 Nov 2026 20:10:05 GMT", "| 1"},
        {"and is too late", "{path: 'header:date', within: 5s}",
         "Date: Sun, 22 Nov 2026 20:10:00 GMT", "Date: Sun, 22 Nov 2026 20:10:06 GMT",
         "value date | 0"},
        {"a number", "{path: 'header:x-a', abs: 2}", "X-A: 10", "X-A: 12", "| 1"},
        {"a set", "{path: 'header:x-a', unordered: true}", "X-A: a, b", "X-A: b, a", "| 1"},
        {"its kind", "{path: 'header:x-a', type_only: true}", "X-A: 12", "X-A: x", "shape x-a | 0"},
        {"against the default", "{path: 'header:server', ignore: false}", "Server: a", "Server: b",
         "value server | 1"},
        {"one cookie", "{path: 'header:set-cookie[a]', ignore: true}", "Set-Cookie: a=1", "",
         "| 1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rules_scope scope = {STR("GET"), STR("/"), STR("/"), 200, 0};
        char yaml[512], head1[256], head2[256], text[512];
        size_t len = 0;
        struct bench b;

        snprintf(yaml, sizeof yaml, "rules: [%s]\n", rows[i].rules);
        snprintf(head1, sizeof head1, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", rows[i].a);
        snprintf(head2, sizeof head2, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", rows[i].b);
        set_up(&b, yaml, false);
        rules_use_begin(&b.use, &scope);
        b.use.counting = true;
        assert_int_equal(compare_headers(str_of(head1), str_of(head2), &b.found, NULL), 0);
        for (size_t k = 0; k < b.found.count; k++)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s %.*s ",
                                    diff_kind_name(b.found.items[k].kind),
                                    STR_ARG(b.found.items[k].path));
        snprintf(text + len, sizeof text - len, "| %u", (unsigned)b.use.hits[0]);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", rows[i].what, text, rows[i].expected);
        tear_down(&b);
    }
}

/* ---- times ---- */

static void moments_are_read_in_many_ways(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:01Z", 1000000000},
        {"1970-01-01 01:00:00+01:00", 0},
        {"1970-01-01T00:00:00.5Z", 500000000},
        {"1969-12-31T23:59:59Z", -1000000000},
        {"2000-03-01T00:00Z", 951868800000000000},
        {"Thu, 01 Jan 1970 00:00:02 GMT", 2000000000},
        {"1763805600", 1763805600000000000},
        {"1763805600.25", 1763805600250000000},
        {"1763805600123", 1763805600123000000},
        {"1763805600123456", 1763805600123456000},
        {"1763805600123456789", 1763805600123456789},
    };
    static const char *const none[] = {"",
                                       "12",
                                       "2026-13-01",
                                       "2026-11-22T",
                                       "2026-11-22x",
                                       "Sun, 06 Foo 1994 08:49:37 GMT",
                                       "99999999999999999999",
                                       "2026-11-22T10:61:00Z",
                                       "17638056001.",
                                       "abc"};
    int64_t ns;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!time_text_read(str_of(rows[i].text), &ns) || ns != rows[i].ns)
            fail_msg("%s: %lld", rows[i].text, (long long)ns);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        if (time_text_read(str_of(none[i]), &ns))
            fail_msg("%s is a time", none[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_read_and_written),
        cmocka_unit_test(paths_that_cannot_be_are_refused_where_they_are_wrong),
        cmocka_unit_test(mistakes_are_told_where_they_stand),
        cmocka_unit_test(the_defaults_read_back_without_a_mistake),
        cmocka_unit_test(what_is_ignored_is_not_there),
        cmocka_unit_test(tolerances_are_exact),
        cmocka_unit_test(arrays_are_compared_as_a_rule_says),
        cmocka_unit_test(a_key_that_would_help_is_suggested),
        cmocka_unit_test(rules_concern_who_they_are_for),
        cmocka_unit_test(what_is_added_may_be_allowed),
        cmocka_unit_test(headers_have_rules_too),
        cmocka_unit_test(moments_are_read_in_many_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
