/* What our own kind, Mirror, can say, and what is wrong with what it says. */
#include "replay/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"

#define MIRROR "apiVersion: mirrorctl/v1\nkind: Mirror\n"

/* A file that may be imported. */
struct file {
    const char *name, *text;
};

static struct file files[16];
static unsigned imports;

static int import(void *ctx, const char *importer, struct str name, struct buf *text,
                  const char **shown_as, struct err *e)
{
    (void)ctx, (void)importer;
    imports++;
    for (struct file *f = files; f->name; f++) {
        if (!str_eq(str_of(f->name), name))
            continue;
        *shown_as = f->name;
        return buf_add(text, str_of(f->text), e);
    }
    return err_set(e, ERR_USAGE, "%.*s: not here", STR_ARG(name));
}

/* The plan of `text`; what is told, one a line, goes to `told` unless that is NULL. */
static struct plan *read_plan(struct str text, struct buf *told)
{
    struct plan_input input = {text, "t"};
    struct plan_options options = {.inputs = &input, .n_inputs = 1, .import = import};
    struct diags diags;
    struct plan *plan;

    diags_init(&diags);
    plan = plan_read(&options, &diags, NULL);
    assert_non_null(plan);
    for (const struct diag *d = diags.first; told && d; d = d->next)
        assert_int_equal(diag_write(d, told, NULL), 0);
    diags_release(&diags);
    return plan;
}

static void tells(const char *text, const char *want)
{
    struct buf told;

    buf_init(&told, 1 << 20);
    plan_free(read_plan(str_of(text), &told));
    if (!strstr(told.data ? told.data : "", want) || (!*want && told.len))
        fail_msg("told:\n%s", told.data ? told.data : "");
    buf_release(&told);
}

static struct buf printed(const struct plan *plan)
{
    struct buf out;

    buf_init(&out, 16 << 20);
    assert_int_equal(plan_print(plan, &out, NULL), 0);
    return out;
}

/* That the Mirror, of which the first two lines are left out, is printed so. */
static void prints(const char *text, const char *want)
{
    char whole[4096];
    struct plan *plan;
    struct buf out, again;

    snprintf(whole, sizeof whole, MIRROR "%s", text);
    plan = read_plan(str_of(whole), NULL);
    out = printed(plan);
    assert_true(str_starts(buf_str(&out), STR(MIRROR)));
    assert_string_equal(out.data + strlen(MIRROR), want);
    plan_free(plan);
    plan = read_plan(buf_str(&out), NULL);
    again = printed(plan);
    assert_string_equal(again.data, out.data);
    plan_free(plan);
    buf_release(&again);
    buf_release(&out);
}

/* ---- the short form ---- */

static void three_lines_are_a_whole_plan(void **state)
{
    (void)state;
    prints("name: movies\n"
           "baseline:  http://127.0.0.1:3001\n"
           "candidate: http://127.0.0.1:3002\n"
           "percent: 0.01\n",
           "name: movies\n"
           "destinations:\n"
           "- name: http://127.0.0.1:3001\n"
           "  addresses:\n"
           "  - {url: http://127.0.0.1:3001, from: t:4}\n"
           "- name: http://127.0.0.1:3002\n"
           "  addresses:\n"
           "  - {url: http://127.0.0.1:3002, from: t:5}\n"
           "rules:\n"
           "- name: movies/0\n"
           "  source: t:1\n"
           "  baseline: http://127.0.0.1:3001\n"
           "  candidate: http://127.0.0.1:3002\n"
           "  percent: 0.01\n");
}

static void all_is_mirrored_where_no_percentage_stands(void **state)
{
    struct plan *plan = read_plan(STR(MIRROR "baseline: http://a\ncandidate: http://b\n"), NULL);

    (void)state;
    assert_int_equal(plan->rules->candidates->ppm, PLAN_MILLION);
    assert_string_equal(plan->rules->name.data, "mirror/0");
    plan_free(plan);
}

static void a_list_of_urls_is_one_destination(void **state)
{
    struct plan *plan =
        read_plan(STR(MIRROR "baseline: http://a\ncandidate: [http://b, 'unix:/c']\n"), NULL);
    const struct plan_arrow *candidate = plan->rules->candidates;

    (void)state;
    assert_null(candidate->next);
    assert_int_equal(candidate->to->n_addresses, 2);
    assert_string_equal(candidate->to->addresses->next->url.data, "unix:/c");
    plan_free(plan);
}

static void candidates_are_several(void **state)
{
    struct plan *plan =
        read_plan(STR(MIRROR "baseline: http://a\npercent: 10\n"
                             "candidates: [http://b, {to: http://c, percent: 20 %}]\n"),
                  NULL);
    const struct plan_arrow *candidate = plan->rules->candidates;

    (void)state;
    assert_int_equal(candidate->ppm, 100000);
    assert_int_equal(candidate->next->ppm, 200000);
    plan_free(plan);
}

/* ---- rules ---- */

static void rules_stand_before_the_rest(void **state)
{
    (void)state;
    prints("baseline: movies:3000/v1\n"
           "candidate: movies:3000/v2\n"
           "rules:\n"
           "- match: {path: /movies/*, method: GET, header: {x-env: prod}, hosts: a.example}\n"
           "  percent: 10\n"
           "- match: {path: /internal/*}\n"
           "  mirror: false\n"
           "- {match: {path: {regex: '/v[0-9]+'}}, candidate: other}\n",
           "destinations:\n"
           "- name: movies:3000/v1\n"
           "  full: movies.default.svc.cluster.local\n"
           "- name: other\n"
           "  full: other.default.svc.cluster.local\n"
           "- name: movies:3000/v2\n"
           "  full: movies.default.svc.cluster.local\n"
           "rules:\n"
           "- name: mirror/0\n"
           "  source: t:6\n"
           "  hosts: [a.example]\n"
           "  match:\n"
           "  - path: /movies/*\n"
           "    method: GET\n"
           "    header: {x-env: prod}\n"
           "  percent: 10\n"
           "- name: mirror/1\n"
           "  source: t:8\n"
           "  match:\n"
           "  - path: /internal/*\n"
           "  mirror: false\n"
           "- name: mirror/2\n"
           "  source: t:10\n"
           "  match:\n"
           "  - path: {regex: \"/v[0-9]+\"}\n"
           "  baseline: movies:3000/v1\n"
           "  candidate: other\n"
           "  percent: 100\n"
           "- name: mirror/3\n"
           "  source: t:1\n"
           "  baseline: movies:3000/v1\n"
           "  candidate: movies:3000/v2\n"
           "  percent: 100\n");
}

static void a_percentage_alone_is_for_what_others_route(void **state)
{
    struct plan *plan = read_plan(STR(MIRROR "percent: 12.5\n"), NULL);

    (void)state;
    assert_int_equal(plan->rules->action, PLAN_PERCENT);
    assert_int_equal(plan->rules->ppm, 125000);
    plan_free(plan);
}

static void contradictions_are_errors(void **state)
{
    static const char *const rules[] = {
        "{}",
        "{mirror: true, percent: 5}",
        "{mirror: false, percent: 5}",
        "{mirror: false, candidate: http://b}",
        "{redirect: true, percent: 5}",
        "{baseline: http://a, percent: 5}",
        "{percent: 5, timeout: 1s}",
        "{candidate: http://a, candidates: [http://b]}",
        "{candidate: {to: http://a, weight: 5}}",
        "{baseline: {to: http://a, percent: 5}, candidate: http://b}",
        "{mirror: true, rewrite: {prefix: /a, path: /b}}",
        "{mirror: true, rewrite: {regex: a}}",
        "{mirror: true, match: [{hosts: a}, {hosts: b}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        char text[256];

        snprintf(text, sizeof text, MIRROR "rules: [%s]\n", rules[i]);
        tells(text, "error[E603]");
    }
}

static void values_are_what_their_fields_take(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"percent: 100.1", "3:10: error[E405]: percent must be a number from 0 to 100"},
        {"percent: -1", "3:10: error[E405]"},
        {"percent: 0x10", "3:10: error[E405]"},
        {"percent: 0.00001", "3:10: error[E406]: percent is below 0.0001 %"},
        {"percent: [5]", "3:10: error[E405]"},
        {"baseline: ftp://a\ncandidate: http://b", "3:11: error[E505]"},
        {"baseline: http://a\ncandidate: b b", "4:12: error[E605]"},
        {"candidate: {percent: 5}", "3:12: error[E602]"},
        {"rules: [{baseline: http://a, candidate: http://b, rewrite: {path: /a b}}]",
         "error[E602]: \"/a b\" holds"},
        {"rules: [{baseline: http://a, candidate: http://b, rewrite: {authority: a/b}}]",
         "error[E602]: \"a/b\" cannot"},
        {"rules: [{match: {path: movies}, mirror: false}]", "3:24: error[E602]"},
        {"rules: [{match: {path: {exact: /a, prefix: /b}}, mirror: false}]", "3:24: error[E602]"},
        {"rules: [{match: {path: {regex: \"(\"}}, mirror: false}]", "error[E4"},
        {"rules: [{match: {port: 70000}, mirror: false}]", "3:24: error[E602]"},
        {"rules: [{match: {pfad: /a}, mirror: false}]", "3:18: error[E201]"},
        {"rules: [{candidate: {to: http://a, of: 2}}]", "3:40: error[E602]"},
        {"match: {path: /a}",
         "3:1: error[E201]: \"match\" is no field of Mirror; it belongs in rules[]"},
        {"sample: {key: header}", "3:15: error[E602]"},
        {"methods: [GE T]", "3:10: error[E602]"},
        {"host: a b", "3:7: error[E602]"},
        {"host: http://a", "3:7: error[E602]"},
        {"rules: [{match: {path: /logout?now}, mirror: false}]",
         "3:24: error[E602]: \"/logout?now\": patterns are for the path alone"},
        {"rules: [{match: {path: /admin/**}, mirror: false}]",
         "3:24: error[E602]: \"/admin/**\": a star stands for a whole segment"},
        {"limits: {rate: 50/m}", "3:16: error[E602]"},
        {"limits: {rate: 0}", "3:16: error[E602]"},
        {"limits: {body: 1GiB}", "3:16: error[E602]"},
        {"limits: {concurrency: 0}", "3:23: error[E602]"},
        {"limits: {timeout: 10}", "3:19: error[E407]"},
        {"limits: {max-error-rate: half}", "3:26: error[E405]"},
        {"headers: {set: {a b: c}}", "3:17: error[E606]"},
        {"headers: {set: {a: \"b\\r\\nc\"}}", "3:17: error[E606]"},
        {"headers: {set: x}", "3:16: error[E401]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];

        snprintf(text, sizeof text, MIRROR "%s\n", cases[i].text);
        tells(text, cases[i].want);
    }
}

static void a_version_is_not_compared_with_itself(void **state)
{
    (void)state;
    tells(MIRROR "baseline: http://a\ncandidate: http://a\n", "t:4:12: error[E502]");
    tells(MIRROR "baseline: http://a\ncandidate: http://A:80/\n", "t:4:12: error[E502]");
    tells(MIRROR "baseline: http://a\ncandidate: http://a\npercent: 0\n", "");
    tells(MIRROR "baselines: [http://a, http://b]\ncandidate: http://a\n", "t:4:12: warning[W410]");
}

static void a_baseline_can_be_drawn(void **state)
{
    (void)state;
    tells(MIRROR "baselines: [{to: http://a, weight: 0}, {to: http://b, weight: 0}]\n"
                 "candidate: http://c\n",
          "t:3:13: error[E412]: the weights of the baselines add up to 0");
    tells(MIRROR "baselines: [{to: http://a, weight: 0}, {to: http://b, weight: 1}]\n"
                 "candidate: http://c\n",
          "");
}

/* mirror: true lets through what a rule behind it denies. */
static void a_rule_may_be_as_its_mirror(void **state)
{
    struct plan *plan = read_plan(STR(MIRROR "baseline: http://a\ncandidate: http://b\npercent: 5\n"
                                             "rules: [{match: {path: /x}, mirror: true},"
                                             " {mirror: false}]\n"),
                                  NULL);

    (void)state;
    assert_string_equal(plan->rules->baselines->to->name.data, "http://a");
    assert_string_equal(plan->rules->candidates->to->name.data, "http://b");
    assert_int_equal(plan->rules->candidates->ppm, 50000);
    plan_free(plan);
    plan = read_plan(STR(MIRROR "rules: [{mirror: true}]\n"), NULL);
    assert_null(plan->rules->candidates);
    plan_free(plan);
}

/* The mirror of an Istio rule with a redirect is not in the plan. */
static void a_plan_of_redirects_comes_back_without_error(void **state)
{
    (void)state;
    tells(MIRROR "rules: [{redirect: true}]\n", "");
}

/* ---- settings ---- */

static void settings_are_kept_as_they_are_given(void **state)
{
    (void)state;
    prints("sample: {seed: movies-2024}\n"
           "methods: [GET, HEAD]\n"
           "headers:\n  remove: [authorization, cookie]\n  set: {x-env: dark}\n"
           "host: shadow\n"
           "limits: {rate: 50/s, concurrency: 64, body: 16MiB, timeout: 10s, queue: 1000,\n"
           "  max-error-rate: 50%}\n",
           "sample: {seed: movies-2024}\n"
           "methods: [GET, HEAD]\n"
           "headers:\n"
           "  remove: [authorization, cookie]\n"
           "  set: {x-env: dark}\n"
           "host: shadow\n"
           "limits: {rate: 50/s, concurrency: 64, body: 16MiB, timeout: 10s, queue: 1000, "
           "max-error-rate: 50%}\n");
}

static void settings_stand_in_one_mirror(void **state)
{
    (void)state;
    tells(MIRROR "host: keep\n---\n" MIRROR "methods: [GET]\n",
          "t:5:1: error[E604]: sample, methods, headers, host and limits are of the whole run, and "
          "stand in the Mirror at t:1 already\n");
}

/* ---- imports ---- */

static void an_import_is_part_of_the_input(void **state)
{
    struct plan *plan;

    (void)state;
    memset(files, 0, sizeof files);
    files[0] = (struct file){"a", MIRROR "baseline: http://a\ncandidate: http://b\n"};
    plan = read_plan(STR(MIRROR "import: a\nrules: [{match: {path: /x}, mirror: false}]\n"), NULL);
    assert_int_equal(plan->n_rules, 2);
    assert_string_equal(plan->rules->next->source.data, "a:1");
    plan_free(plan);
}

static void no_import_goes_in_a_circle(void **state)
{
    (void)state;
    memset(files, 0, sizeof files);
    files[0] = (struct file){"a", MIRROR "import: b\n"};
    files[1] = (struct file){"b", MIRROR "import: a\n"};
    tells(MIRROR "import: a\n", "b:3:9: error[E601]: a imports itself in the end\n");
    files[0] = (struct file){"t", ""};
    tells(MIRROR "import: t\n", "t:3:9: error[E601]: t imports itself in the end\n");
}

static void what_two_import_is_read_once(void **state)
{
    (void)state;
    memset(files, 0, sizeof files);
    files[0] = (struct file){"a", MIRROR "import: c\n"};
    files[1] = (struct file){"b", MIRROR "import: c\n"};
    files[2] = (struct file){"c", MIRROR "host: keep\n"};
    tells(MIRROR "import: [a, b]\nbaseline: http://a\ncandidate: http://b\n", "");
}

static void endpoints_give_addresses(void **state)
{
    struct plan *plan = read_plan(STR(MIRROR "baseline: m:3000/v1\n"
                                             "candidate: m:3000/v2\n"
                                             "endpoints:\n"
                                             "  m/v1: http://127.0.0.1:3001\n"
                                             "  m/v2: [http://127.0.0.1:3002, unix:/b]\n"),
                                  NULL);
    const struct plan_rule *rule = plan->rules;

    (void)state;
    assert_string_equal(rule->baselines->to->addresses->url.data, "http://127.0.0.1:3001");
    assert_string_equal(rule->baselines->to->addresses->from.data, "t:6");
    assert_int_equal(rule->candidates->to->n_addresses, 2);
    plan_free(plan);
}

/* A Mirror may be settings and denials only. */
static void urls_of_the_command_line_are_a_rule_where_none_mirrors(void **state)
{
    static const char *const candidates[] = {"http://b"};
    static const char *const texts[] = {
        MIRROR "limits: {concurrency: 2}\n",
        MIRROR "percent: 50\n",
        MIRROR "rules: [{match: {path: /x}, mirror: false}]\n",
        MIRROR "candidate: http://c\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct plan_input input = {str_of(texts[i]), "t"};
        struct plan_options options = {.inputs = &input,
                                       .n_inputs = 1,
                                       .v1 = "http://a",
                                       .candidates = candidates,
                                       .n_candidates = 1};
        struct diags diags;
        struct plan *plan;
        const struct plan_rule *last;

        diags_init(&diags);
        plan = plan_read(&options, &diags, NULL);
        assert_int_equal(diags_errors(&diags), 0);
        for (last = plan->rules; last->next;)
            last = last->next;
        assert_string_equal(last->baselines->to->addresses->url.data, "http://a");
        assert_int_equal(last->baselines->weight, 1);
        assert_string_equal(last->candidates->to->addresses->url.data, "http://b");
        assert_null(last->candidates->next);
        plan_free(plan);
        diags_release(&diags);
    }
}

static void urls_of_the_command_line_stand_for_what_rules_name(void **state)
{
    static const char *const candidates[] = {"http://127.0.0.1:3002"};
    const char *text = MIRROR "baseline: m/v1\ncandidates: [m/v2, m/v3]\n";
    struct plan_input input = {str_of(text), "t"};
    struct plan_options options = {.inputs = &input,
                                   .n_inputs = 1,
                                   .v1 = "http://127.0.0.1:3001",
                                   .candidates = candidates,
                                   .n_candidates = 1};
    struct diags diags;
    struct plan *plan;
    const struct plan_rule *rule;

    (void)state;
    diags_init(&diags);
    plan = plan_read(&options, &diags, NULL);
    rule = plan->rules;
    assert_string_equal(rule->baselines->to->addresses->url.data, "http://127.0.0.1:3001");
    assert_string_equal(rule->candidates->to->addresses->url.data, "http://127.0.0.1:3002");
    assert_null(rule->candidates->next->to->addresses); /* nobody said where v3 runs */
    assert_int_equal(plan->n_destinations, 3);
    assert_int_equal(diags_errors(&diags), 1);
    plan_free(plan);
    diags_release(&diags);
}

static void imports_have_ceilings(void **state)
{
    static char many[64 * 1024], names[12][16], texts[12][128];
    size_t n = (size_t)snprintf(many, sizeof many, MIRROR "import:\n");

    (void)state;
    memset(files, 0, sizeof files);
    for (int i = 0; i < 12; i++) {
        snprintf(names[i], sizeof names[i], "f%d", i);
        snprintf(texts[i], sizeof texts[i], MIRROR "import: f%d\n", i + 1);
        files[i] = (struct file){names[i], texts[i]};
    }
    tells(MIRROR "import: nowhere\n", "t:3:9: error[E601]: import: nowhere: not here\n");
    tells(MIRROR "import: f0\n",
          "f7:3:9: error[E601]: imports that import others, more than 8 deep\n");
    files[0].text = MIRROR "host: keep\n";
    for (int i = 0; i < 1000; i++)
        n += (size_t)snprintf(many + n, sizeof many - n, "- f0\n");
    imports = 0;
    tells(many, "t:68:3: error[E601]: more than 64 imports\n");
    assert_int_equal(imports, 64);
}

/* ---- there and back ---- */

static unsigned seed = 42;

static unsigned below(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static void *make(struct plan *p, size_t size)
{
    return arena_alloc(&p->mem, size, NULL);
}

static struct str some(struct plan *p, const char *const *words, unsigned n)
{
    char text[256] = "";
    size_t len = 0;
    struct str copy;

    for (unsigned i = 1 + below(3); i > 0; i--)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", words[below(n)]);
    assert_int_equal(arena_dup(&p->mem, str_from(text, len), &copy, NULL), 0);
    return copy;
}

static struct str some_text(struct plan *p)
{
    static const char *const words[] = {"a",  "null", ": ", " #", "\"", "\\", "\n", "é",  "{",
                                        "}",  "[",    "]",  ",",  "*",  "&",  "~",  "no", "1",
                                        "\t", "\x1b", "-",  "",   "%",  "?",  "|",  ">",  "<<"};

    return some(p, words, sizeof words / sizeof *words);
}

static struct str some_token(struct plan *p)
{
    static const char *const words[] = {"x-a", "no", "null", "*", "!", "1", "~", "|", "&", "%"};

    return some(p, words, sizeof words / sizeof *words);
}

static struct str some_value(struct plan *p)
{
    static const char *const words[] = {"a", "b c", "{x}", "[", ",", "#", ":", "\"", "'", "é"};

    return some(p, words, sizeof words / sizeof *words);
}

static void fill_text(struct plan *p, struct plan_text *t)
{
    t->how = (enum plan_how)below(PLAN_REGEX + 1);
    t->any_case = below(4) == 0;
    if (t->how == PLAN_REGEX)
        t->text = STR("(?i)/v[0-9]+: \\d{2,3}|\"x\"");
    else if (t->how == PLAN_GLOB)
        t->text = STR("/a/{b}/*");
    else if (t->how != PLAN_PRESENT)
        t->text = some_text(p);
}

static struct plan_text *maybe_text(struct plan *p)
{
    struct plan_text *t = below(3) ? NULL : make(p, sizeof *t);

    if (t)
        fill_text(p, t);
    return t;
}

static struct plan_field *some_fields(struct plan *p)
{
    struct plan_field *list = NULL;
    bool sorted = false; /* those that must not fit are behind the others */

    for (unsigned i = below(4); i > 0; i--) {
        struct plan_field *f = make(p, sizeof *f);

        f->name = some_text(p);
        if (below(8) == 0)
            f->name = STR("0123456789012345678901234567890123456789012345678901234567890123456789"
                          "0123456789012345678901234567890123456789");
        fill_text(p, &f->value);
        f->not_so = !sorted && below(2);
        sorted |= !f->not_so;
        f->next = list;
        list = f;
    }
    return list;
}

static struct plan_change *some_changes(struct plan *p)
{
    struct plan_change *list = NULL;
    int least = PLAN_ADD;

    for (unsigned i = below(5); i > 0; i--) {
        struct plan_change *c = make(p, sizeof *c);

        least = (int)below((unsigned)least + 1);
        c->kind = (enum plan_change_kind)least;
        c->name = some_token(p);
        c->value = c->kind == PLAN_REMOVE ? STR("") : some_value(p);
        c->next = list;
        list = c;
    }
    return list;
}

static void add_destinations(struct plan *p)
{
    static const char *const names[] = {
        "m:3000/v1", "m:3000/v2", "http://127.0.0.1:1", "m", "m/1", "a: b", "/x", "-"};

    for (unsigned i = 0; i < 8; i++) {
        struct plan_destination *d = make(p, sizeof *d);

        d->name = str_of(names[i]);
        d->host = below(2) ? STR("m") : some_text(p);
        d->full = below(2) ? d->host : some_text(p);
        d->subset = below(2) ? STR("") : some_text(p);
        d->port = (uint16_t)below(65536);
        for (unsigned n = below(3); n > 0; n--) {
            struct plan_address *a = make(p, sizeof *a);

            a->url = STR("http://127.0.0.1:3001/a");
            if (below(2))
                a->from = some_text(p);
            a->next = d->addresses;
            d->addresses = a;
            d->n_addresses++;
        }
        d->next = p->destinations;
        p->destinations = d;
        p->n_destinations++;
    }
}

static const struct plan_destination *any_destination(const struct plan *p)
{
    const struct plan_destination *d = p->destinations;

    for (unsigned i = below(8); i > 0; i--)
        d = d->next;
    return d;
}

static struct plan_arrow *some_arrows(struct plan *p, unsigned n, bool are_candidates)
{
    struct plan_arrow *list = NULL;

    for (; n > 0; n--) {
        struct plan_arrow *a = make(p, sizeof *a);

        a->to = any_destination(p);
        if (are_candidates)
            a->ppm = below(3) ? below(PLAN_MILLION + 1) : PLAN_MILLION;
        else
            a->weight = below(3) ? below(1000) : 1;
        a->changes = below(3) ? NULL : some_changes(p);
        a->next = list;
        list = a;
    }
    return list;
}

static void fill_mirror(struct plan *p, struct plan_rule *rule)
{
    rule->baselines = some_arrows(p, below(4), false);
    rule->candidates = some_arrows(p, below(4), true);
    for (struct plan_arrow *c = rule->candidates; c; c = c->next) {
        if (rule->baselines && below(2))
            c->of = rule->baselines->next ? rule->baselines->next : rule->baselines;
    }
    rule->changes = below(2) ? some_changes(p) : NULL;
    rule->rewrite.path = (enum plan_path_rewrite)below(PLAN_PATH_REGEX + 1);
    if (rule->rewrite.path != PLAN_PATH_KEPT) {
        rule->rewrite.to = rule->rewrite.path == PLAN_PATH_REGEX ? STR("\\1") : some_text(p);
        rule->rewrite.segments = below(2);
    }
    if (rule->rewrite.path == PLAN_PATH_REGEX) {
        rule->rewrite.pattern = make(p, sizeof *rule->rewrite.pattern);
        *rule->rewrite.pattern = (struct plan_text){.how = PLAN_REGEX, .text = STR("/(a|b)")};
    }
    if (below(3) == 0)
        rule->rewrite.authority = some_text(p);
    rule->timeout_ns = below(2) ? 0 : 1 + (int64_t)below(1 << 30) * below(1 << 30);
}

static struct plan_match *some_matches(struct plan *p)
{
    struct plan_match *list = NULL;

    for (unsigned i = below(4); i > 0; i--) {
        struct plan_match *m = make(p, sizeof *m);

        m->path = maybe_text(p);
        m->method = maybe_text(p);
        m->authority = maybe_text(p);
        m->scheme = maybe_text(p);
        m->headers = some_fields(p);
        m->queries = some_fields(p);
        m->port = (uint16_t)(below(2) ? 0 : below(65536));
        m->unknowable = below(4) ? NULL : "sourceLabels";
        m->next = list;
        list = m;
    }
    return list;
}

static void fill_hosts(struct plan *p, struct plan_rule *rule)
{
    static const char *const hosts[] = {"*", "a.example", "*.example", "null", "1"};

    rule->n_hosts = below(4);
    rule->hosts = rule->n_hosts ? make(p, rule->n_hosts * sizeof *rule->hosts) : NULL;
    for (size_t i = 0; i < rule->n_hosts; i++)
        rule->hosts[i] = str_of(hosts[below(5)]);
}

static void add_rule(struct plan *p, struct plan_rule ***end)
{
    struct plan_rule *rule = make(p, sizeof *rule);

    rule->index = (uint32_t)p->n_rules++;
    rule->name = some_text(p);
    rule->source = some_text(p);
    rule->action = (enum plan_action)below(PLAN_PERCENT + 1);
    fill_hosts(p, rule);
    rule->matches = some_matches(p);
    if (rule->action == PLAN_MIRROR)
        fill_mirror(p, rule);
    if (rule->action == PLAN_PERCENT)
        rule->ppm = below(PLAN_MILLION + 1);
    **end = rule;
    *end = &rule->next;
}

static void fill_settings(struct plan *p, struct plan_settings *s)
{
    static struct str methods[] = {STR_INIT("GET"), STR_INIT("HEAD")};

    if (below(2))
        s->name = some_text(p);
    if (below(2))
        s->seed = some_text(p);
    if (below(2))
        s->key = STR("header:x-user");
    if (below(2))
        s->host = STR("shadow");
    s->methods = methods;
    s->n_methods = below(3);
    s->changes = some_changes(p);
    s->limits.rate = below(2) ? 0 : (1 + below(1000000)) / 1e6 * 3;
    s->limits.rate = (double)(uint64_t)(s->limits.rate * 1e6 + 0.5) / 1e6;
    s->limits.concurrency = below(3);
    s->limits.body = below(3) * (below(2) ? 1048576u : 1u);
    s->limits.queue = below(3);
    s->limits.timeout_ns = below(2) ? 0 : 1 + below(1 << 30);
    s->limits.has_max_error = below(2);
    s->limits.max_error_ppm = s->limits.has_max_error ? below(PLAN_MILLION + 1) : 0;
}

static struct plan *random_plan(unsigned rules)
{
    struct plan *p = mem_zalloc(sizeof *p);
    struct plan_rule **end = &p->rules;

    arena_init(&p->mem, PLAN_MEMORY);
    add_destinations(p);
    fill_settings(p, &p->settings);
    while (rules-- > 0)
        add_rule(p, &end);
    return p;
}

static struct buf json_of(const struct plan *p)
{
    struct diags none;
    struct buf out;

    diags_init(&none);
    buf_init(&out, 64 << 20);
    assert_int_equal(plan_print_json(p, &none, &out, NULL), 0);
    diags_release(&none);
    return out;
}

static void same_destinations(const struct plan *p, const struct plan *q)
{
    const struct plan_destination *b = q->destinations;

    assert_int_equal(p->n_destinations, q->n_destinations);
    for (const struct plan_destination *a = p->destinations; a; a = a->next, b = b->next) {
        const struct plan_address *y = b->addresses;

        assert_true(str_eq(a->name, b->name) && str_eq(a->host, b->host));
        assert_true(str_eq(a->full, b->full) && str_eq(a->subset, b->subset));
        assert_int_equal(a->port, b->port);
        assert_int_equal(a->n_addresses, b->n_addresses);
        for (const struct plan_address *x = a->addresses; x; x = x->next, y = y->next)
            assert_true(str_eq(x->url, y->url) && str_eq(x->from, y->from) &&
                        !x->from.data == !y->from.data);
    }
}

static void same_changes(const struct plan_change *a, const struct plan_change *b)
{
    for (; a && b; a = a->next, b = b->next)
        assert_true(a->kind == b->kind && str_eq(a->name, b->name) && str_eq(a->value, b->value));
    assert_true(!a && !b);
}

static void same_settings(const struct plan_settings *a, const struct plan_settings *b)
{
    assert_true(str_eq(a->name, b->name) && str_eq(a->seed, b->seed) && str_eq(a->key, b->key) &&
                str_eq(a->host, b->host));
    assert_true(!a->seed.data == !b->seed.data);
    assert_int_equal(a->n_methods, b->n_methods);
    same_changes(a->changes, b->changes);
    assert_true(!(a->limits.rate < b->limits.rate) && !(a->limits.rate > b->limits.rate));
    assert_int_equal(a->limits.concurrency, b->limits.concurrency);
    assert_int_equal(a->limits.body, b->limits.body);
    assert_int_equal(a->limits.queue, b->limits.queue);
    assert_int_equal(a->limits.timeout_ns, b->limits.timeout_ns);
    assert_int_equal(a->limits.max_error_ppm, b->limits.max_error_ppm);
    assert_int_equal(a->limits.has_max_error, b->limits.has_max_error);
}

/* JSON is written by other code than YAML, and holds rules as a whole. */
static void comes_back(struct plan *p)
{
    struct buf text = printed(p), json = json_of(p), told;
    struct plan *q;
    struct buf again, json_again;

    buf_init(&told, 1 << 20);
    q = read_plan(buf_str(&text), &told);
    again = printed(q);
    json_again = json_of(q);
    if (strcmp(text.data, again.data) != 0 || strcmp(json.data, json_again.data) != 0)
        fail_msg("printed:\n%s\nagain:\n%s\ntold:\n%s", text.data, again.data,
                 told.data ? told.data : "");
    same_destinations(p, q);
    same_settings(&p->settings, &q->settings);
    buf_release(&text);
    buf_release(&json);
    buf_release(&again);
    buf_release(&json_again);
    buf_release(&told);
    plan_free(p);
    plan_free(q);
}

static void any_plan_comes_back_from_its_print(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2000; i++)
        comes_back(random_plan(below(8)));
}

static void a_plan_too_large_for_a_document_comes_back_from_several(void **state)
{
    struct plan *p = random_plan(10000);
    struct buf text = printed(p);

    (void)state;
    assert_non_null(strstr(text.data, "---\n"));
    buf_release(&text);
    comes_back(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_lines_are_a_whole_plan),
        cmocka_unit_test(all_is_mirrored_where_no_percentage_stands),
        cmocka_unit_test(a_list_of_urls_is_one_destination),
        cmocka_unit_test(candidates_are_several),
        cmocka_unit_test(rules_stand_before_the_rest),
        cmocka_unit_test(a_percentage_alone_is_for_what_others_route),
        cmocka_unit_test(contradictions_are_errors),
        cmocka_unit_test(values_are_what_their_fields_take),
        cmocka_unit_test(a_version_is_not_compared_with_itself),
        cmocka_unit_test(a_baseline_can_be_drawn),
        cmocka_unit_test(a_rule_may_be_as_its_mirror),
        cmocka_unit_test(a_plan_of_redirects_comes_back_without_error),
        cmocka_unit_test(settings_are_kept_as_they_are_given),
        cmocka_unit_test(settings_stand_in_one_mirror),
        cmocka_unit_test(an_import_is_part_of_the_input),
        cmocka_unit_test(no_import_goes_in_a_circle),
        cmocka_unit_test(what_two_import_is_read_once),
        cmocka_unit_test(imports_have_ceilings),
        cmocka_unit_test(endpoints_give_addresses),
        cmocka_unit_test(urls_of_the_command_line_stand_for_what_rules_name),
        cmocka_unit_test(urls_of_the_command_line_are_a_rule_where_none_mirrors),
        cmocka_unit_test(any_plan_comes_back_from_its_print),
        cmocka_unit_test(a_plan_too_large_for_a_document_comes_back_from_several),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
