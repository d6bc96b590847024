/* Markdown for pull requests and for GitHub's step summary.
 *
 * Foreign text stands in code spans, where nothing is markup, no name is a
 * mention and no address a link; what could end a span or a cell of a table
 * makes it a <code> element with references instead. A comment may have 65,536
 * characters and a summary 1 MiB: every part has a ceiling and says what it
 * left out. */
#include <inttypes.h>

#include "core/mem.h"
#include "diff/change.h"
#include "diff/figures.h"
#include "diff/markup.h"
#include "diff/printable.h"
#include "diff/report.h"

enum {
    PAGE_MAX = 60000, /* bytes, shared by the candidates */
    NAME_COLUMNS = 80,
    VALUE_COLUMNS = 60,
    SENTENCE_COLUMNS = 600,
    SCRATCH_MAX = 64 * 1024,
};

struct md {
    struct markup m;
    struct buf text; /* on its way */
    const struct report *r;
    const struct finding *about;
    struct endpoint_order order;
    size_t begin, share; /* of the candidate at hand: where it began, and its ceiling */
};

/* ---- foreign text ---- */

/* What Markdown and the readers behind it leave alone wherever it stands. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr(" ,.;%()/-", c));
}

static bool is_plain_text(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_plain(s.data[i]))
            return false;
        if (str_istarts(str_skip(s, i), STR("www.")))
            return false;
    }
    return true;
}

static bool fits_span(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (strchr("|`<>&\\", s.data[i]))
            return false;
    }
    return s.len > 0 && s.data[0] != ' ' && s.data[s.len - 1] != ' ';
}

/* References for all ASCII punctuation; a comment behind an @ keeps readers that
 * look for addresses of mail in the text from seeing one. */
static void write_references(struct markup *m, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];

        if (c >= 0x80 || is_plain((char)c))
            markup_bytes(m, &s.data[i], 1);
        else
            markup_fmt(m, "&#%u;%s", c, c == '@' ? "<!-- -->" : "");
    }
}

static struct str printable(struct md *d, struct str s, size_t columns)
{
    buf_reset(&d->text);
    if (!d->m.failed && printable_add(&d->text, s, columns, false, d->m.e) < 0)
        d->m.failed = true;
    return buf_str(&d->text);
}

static void write_code(struct md *d, struct str s, size_t columns)
{
    s = printable(d, s, columns);
    if (fits_span(s)) {
        markup_raw(&d->m, "`");
        markup_bytes(&d->m, s.data, s.len);
        markup_raw(&d->m, "`");
    } else if (s.len) {
        markup_raw(&d->m, "<code>");
        write_references(&d->m, s);
        markup_raw(&d->m, "</code>");
    }
}

/* A sentence of ours, which may hold foreign text: as words where it is nothing
 * but words. */
static void write_sentence(struct md *d, const char *sentence)
{
    struct str s = printable(d, str_of(sentence), SENTENCE_COLUMNS);

    if (is_plain_text(s))
        markup_bytes(&d->m, s.data, s.len);
    else
        write_code(d, str_of(sentence), SENTENCE_COLUMNS);
}

/* True while the part of the page up to `percent` of the share has room. */
static bool has_room(const struct md *d, unsigned percent)
{
    return d->m.out->len - d->begin < d->share / 100 * percent;
}

static void write_rest(struct md *d, size_t left, const char *of)
{
    if (left)
        markup_fmt(&d->m, "\n%zu more %s in the JSON report.\n", left, of);
}

/* ---- the verdict ---- */

static const char *mark_of(enum verdict v)
{
    static const char *const marks[] = {"\xe2\x9c\x85", "\xe2\x9d\x8c", "\xe2\x9d\x94"};

    return marks[v];
}

static void write_target(struct md *d, const char *name)
{
    struct str place = run_info_place(d->r->run, name);

    markup_fmt(&d->m, "  \n%s ", name);
    write_code(d, place.data ? place : STR("unknown"), NAME_COLUMNS);
}

static void write_head(struct md *d)
{
    const struct findings *f = &d->r->findings;
    const struct totals *t = &f->of[0].judgement.totals;
    struct markup *m = &d->m;

    markup_fmt(m, "## %s %s: ", mark_of(f->verdict), verdict_word(f->verdict));
    write_sentence(d, f->reason);
    markup_fmt(m, "\n\n%" PRIu64 " request%s to %zu endpoint%s", t->selected,
               t->selected == 1 ? "" : "s", t->endpoints, t->endpoints == 1 ? "" : "s");
    if (d->r->file) {
        markup_raw(m, ", ");
        write_code(d, str_of(d->r->file), NAME_COLUMNS);
    }
    write_target(d, "v1");
    for (size_t i = 0; i < f->n; i++)
        write_target(d, candidate_name(f->of[i].evidence.candidate));
    markup_raw(m, "\n");
}

static void write_gates(struct md *d)
{
    static const char *const marks[] = {
        [GATE_PASS] = "\xe2\x9c\x85",         [GATE_FAIL] = "\xe2\x9d\x8c",
        [GATE_INCONCLUSIVE] = "\xe2\x9d\x94", [GATE_WARN] = "\xe2\x9a\xa0\xef\xb8\x8f",
        [GATE_OFF] = "\xe2\x9e\x96",
    };
    struct markup *m = &d->m;

    markup_raw(m, "\n|  | gate | found | limit |\n|---|---|---|---|\n");
    for (int i = 0; i < GATE_COUNT; i++) {
        const struct gate_result *g = &d->about->judgement.gates[i];

        markup_fmt(m, "| %s | %s | ", marks[g->verdict], gate_name_text((enum gate_name)i));
        write_sentence(d, g->message);
        markup_fmt(m, " | %s%s |\n", g->limit, d->about->evidence.gates[i].warn ? ", warns" : "");
    }
}

/* ---- endpoints ---- */

static void write_latency(struct md *d, size_t index)
{
    const struct evidence *ev = &d->about->evidence;
    const struct tally_endpoint *ep = ev->tally->endpoints[index];
    const struct latency_summary *s = &ep->times;
    char text[FIGURE_TEXT];

    if (!s->n) {
        markup_raw(&d->m, " | |\n");
        return;
    }
    markup_fmt(&d->m, " %s |", figure_times(&s->v1.p50, &s->v2.p50, " \xe2\x86\x92 ", text));
    markup_fmt(&d->m, " %s", figure_ratio(s->ratio.estimate, text));
    if (s->verdict != LATENCY_UNKNOWN)
        markup_fmt(&d->m, " (%.3g to %.3g)", s->ratio.low, s->ratio.high);
    markup_raw(&d->m, report_is_slower(ev, ep)     ? " **slower** |\n"
                      : s->verdict == LATENCY_SAME ? " |\n"
                                                   : " ? |\n");
}

static void write_endpoint(struct md *d, size_t index)
{
    const struct evidence *ev = &d->about->evidence;
    const struct tally_endpoint *ep = ev->tally->endpoints[index];
    char label[ENDPOINT_LABEL], text[FIGURE_TEXT];
    struct markup *m = &d->m;

    markup_raw(m, "| ");
    write_code(d, endpoint_label(ev, index, label), NAME_COLUMNS);
    markup_fmt(m, " | %" PRIu64 " | %s |", ep->pairs, figure_percent(ep->equal, ep->pairs, text));
    for (int w = 0; w < WHERE_COUNT; w++)
        markup_fmt(m, ep->different.where[w] ? " **%" PRIu64 "** |" : " %" PRIu64 " |",
                   ep->different.where[w]);
    write_latency(d, index);
}

static void write_endpoints(struct md *d)
{
    const char *name = candidate_name(d->about->evidence.candidate);
    struct markup *m = &d->m;
    size_t i = 0;

    if (!d->order.n)
        return;
    markup_fmt(m,
               "\n### Endpoints\n\n| endpoint | pairs | same | outcome | status | headers | body "
               "| p50 v1 \xe2\x86\x92 %s | %s/v1 |\n|---|---:|---:|---:|---:|---:|---:|---|---|\n",
               name, name);
    while (i < d->order.n && has_room(d, 40))
        write_endpoint(d, d->order.list[i++]);
    write_rest(d, d->order.n - i, "endpoints");
}

/* ---- fields ---- */

static void write_example(struct md *d, const struct tally_field *f)
{
    const struct example *x = &f->examples[0];

    if (!f->n_examples)
        return;
    write_code(d, x->v1.data ? x->v1 : STR("(nothing)"), VALUE_COLUMNS);
    markup_raw(&d->m, " \xe2\x86\x92 ");
    write_code(d, x->v2.data ? x->v2 : STR("(nothing)"), VALUE_COLUMNS);
    markup_fmt(&d->m, " in request %" PRIu64, x->ordinal);
}

static void write_field(struct md *d, const struct change *c)
{
    const struct tally_field *f = c->field;
    char label[ENDPOINT_LABEL], name[CHANGE_LABEL], text[FIGURE_TEXT];
    struct markup *m = &d->m;

    markup_raw(m, "| ");
    write_code(d, endpoint_label(&d->about->evidence, c->index, label), NAME_COLUMNS);
    markup_raw(m, " | ");
    write_code(d, change_label(f, name), NAME_COLUMNS);
    markup_fmt(m, " | %s | %s |", diff_kind_name(f->kind),
               figure_share(f->counts.raw, c->ep->of[f->where], text));
    markup_fmt(m, " %s | ", figure_share(f->counts.noise, c->ep->control_of[f->where], text));
    write_example(d, f);
    markup_raw(m, " |\n");
}

static void write_columns(struct md *d)
{
    markup_fmt(&d->m,
               "\n| endpoint | field | kind | %s vs v1 | v1 vs v1 | example |\n"
               "|---|---|---|---:|---:|---|\n",
               candidate_name(d->about->evidence.candidate));
}

/* What v2 did is open, what is noise folded. */
static int write_fields(struct md *d, enum field_verdict verdict, const char *title, bool folded,
                        unsigned room)
{
    size_t n, i = 0;
    struct change *list = changes_of(&d->about->evidence, &d->order, verdict, &n, d->m.e);

    if (!list)
        return -1;
    if (n) {
        markup_fmt(&d->m, folded ? "\n<details><summary>%s: %zu</summary>\n" : "\n### %s: %zu\n",
                   title, n);
        write_columns(d);
        while (i < n && has_room(d, room))
            write_field(d, &list[i++]);
        write_rest(d, n - i, "fields");
        if (verdict == FIELD_RARE && d->r->file) {
            markup_raw(&d->m, "\nTo find out: `mirrorctl replay --confirm` ");
            write_code(d, str_of(d->r->file), NAME_COLUMNS);
            markup_raw(&d->m, "\n");
        }
        markup_raw(&d->m, folded ? "\n</details>\n" : "");
    }
    mem_free(list);
    return 0;
}

static int write_all_fields(struct md *d)
{
    static const struct {
        enum field_verdict verdict;
        const char *title;
        bool folded;
        unsigned room; /* percent of the page that may be full then */
    } parts[] = {
        {FIELD_DIFFERENT, "What changed", false, 75},
        {FIELD_RARE, "Seen too rarely to decide", false, 80},
        {FIELD_SUSPECT, "Suspect, not counted", true, 85},
        {FIELD_NOISE, "Noise, not counted", true, 90},
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (write_fields(d, parts[i].verdict, parts[i].title, parts[i].folded, parts[i].room) < 0)
            return -1;
    }
    return 0;
}

/* Those of the run are said once, about the first candidate. */
static void write_warnings(struct md *d)
{
    const struct judgement *j = &d->about->judgement;
    bool first = d->about == &d->r->findings.of[0];

    if (j->n_warnings)
        markup_raw(&d->m, "\n");
    for (size_t i = 0; i < j->n_warnings && has_room(d, 95); i++) {
        if (j->warnings[i].of_run && !first)
            continue;
        markup_raw(&d->m, "- warning: ");
        write_sentence(d, j->warnings[i].message);
        markup_raw(&d->m, "\n");
    }
}

/* ---- all of it ---- */

static int write_about(struct md *d, struct err *e)
{
    const struct findings *f = &d->r->findings;
    int rc;

    d->begin = d->m.out->len;
    d->share = PAGE_MAX / f->n;
    d->order.list = report_endpoints(&d->about->evidence, &d->order.n, e);
    if (!d->order.list)
        return -1;
    report_sort_endpoints(&d->about->evidence, &d->order);
    if (f->n > 1) {
        markup_fmt(&d->m, "\n## %s: %s\n", candidate_name(d->about->evidence.candidate),
                   verdict_word(d->about->judgement.overall));
    }
    write_gates(d);
    write_endpoints(d);
    rc = write_all_fields(d);
    write_warnings(d);
    mem_free(d->order.list);
    return rc;
}

static int write_report(const struct report *r, struct buf *out, struct err *e)
{
    struct md d = {.r = r};
    int rc = 0;

    markup_begin(&d.m, out, e);
    buf_init(&d.text, SCRATCH_MAX);
    write_head(&d);
    for (size_t i = 0; i < r->findings.n && rc == 0; i++) {
        d.about = &r->findings.of[i];
        rc = write_about(&d, e);
    }
    buf_release(&d.text);
    return markup_end(&d.m) < 0 ? -1 : rc;
}

const struct report_format report_markdown = {"markdown", ".md", write_report};
