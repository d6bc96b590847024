/* What surrounds the findings: warnings, the run, and how the numbers were made. */
#include <inttypes.h>

#include "core/json_tree.h"
#include "diff/figures.h"
#include "diff/html_report.h"

enum { NESTED_MAX = 4, NUMBERS_MAX = 200 };

static void write_warning(struct markup *m, const struct warning *w)
{
    markup_fmt(m, "<li><span class=\"badge warn\">%s</span> ", w->code);
    markup_words(m, w->message);
    markup_raw(m, "</li>\n");
}

/* Those of the run are said once, about the first candidate. */
void html_warnings(struct html *h)
{
    const struct judgement *j = &h->about->judgement;
    bool is_first = h->about == &h->r->findings.of[0];
    size_t n = 0;

    for (size_t i = 0; i < j->n_warnings; i++)
        n += is_first || !j->warnings[i].of_run;
    if (!n)
        return;
    markup_raw(&h->m, "<h3>Warnings</h3>\n<ul class=\"list\">\n");
    for (size_t i = 0; i < j->n_warnings; i++) {
        if (is_first || !j->warnings[i].of_run)
            write_warning(&h->m, &j->warnings[i]);
    }
    markup_raw(&h->m, "</ul>\n");
}

/* ---- the run ---- */

static void write_pair(struct markup *m, const char *name, struct str value)
{
    markup_fmt(m, "<dt>%s</dt><dd class=\"mono\">", name);
    markup_cut(m, value.data ? value : STR("unknown"), 300);
    markup_raw(m, "</dd>\n");
}

static void write_environment(struct html *h)
{
    static const char *const controls[] = {"none", "v1, asked a second time",
                                           "the recorded answer"};
    const struct run_info *run = h->r->run;
    const struct json_node *percent = run->meta ? json_member(run->meta, STR("percent")) : NULL;
    struct markup *m = &h->m;

    markup_raw(m, "<dl class=\"pairs\">\n");
    write_pair(m, "result", str_of(h->r->file));
    write_pair(m, "record", run_info_text(run, "file"));
    write_pair(m, "made by", run_info_text(run, "tool"));
    write_pair(m, "v1", run_info_place(run, "v1"));
    for (size_t i = 0; i < h->r->findings.n; i++) {
        const char *name = candidate_name(h->r->findings.of[i].evidence.candidate);
        write_pair(m, name, run_info_place(run, name));
    }
    write_pair(m, "control", str_of(controls[run->roles.kind]));
    write_pair(m, "percent", percent ? percent->text : (struct str){0});
    write_pair(m, "seed", run_info_text(run, "seed"));
    write_pair(m, "began", run->started);
    write_pair(m, "ended", run->ended);
    markup_raw(m, "</dl>\n");
}

/* True where something of it, or in it, is not 0. */
static bool says_something(const struct json_node *n, unsigned depth)
{
    if (n->type == JSON_NUMBER)
        return !str_eq(n->text, STR("0"));
    for (n = n->child; n && depth < NESTED_MAX; n = n->next) {
        if (says_something(n, depth + 1))
            return true;
    }
    return false;
}

/* "sent 50, answered 49, failed (timeout 1)" */
static void write_inline(struct markup *m, const struct json_node *node, unsigned depth)
{
    bool first = true;

    for (const struct json_node *n = node->child; n; n = n->next) {
        if (!says_something(n, depth))
            continue;
        markup_raw(m, first ? "" : ", ");
        markup_cut(m, n->key, 40);
        markup_raw(m, " ");
        if (n->type == JSON_NUMBER)
            markup_cut(m, n->text, 40);
        else if (depth < NESTED_MAX) {
            markup_raw(m, "(");
            write_inline(m, n, depth + 1);
            markup_raw(m, ")");
        }
        first = false;
    }
}

static bool holds_objects_only(const struct json_node *node)
{
    const struct json_node *n = node->child;

    while (n && n->type == JSON_OBJECT)
        n = n->next;
    return !n && node->child;
}

/* One line for each number, and for each group of them: each target is one. */
static void write_numbers(struct markup *m, const struct json_node *node, unsigned depth,
                          unsigned *left)
{
    for (const struct json_node *n = node->child; n && *left; n = n->next) {
        if (!says_something(n, depth))
            continue;
        if (depth == 0 && holds_objects_only(n)) {
            write_numbers(m, n, depth + 1, left);
            continue;
        }
        markup_raw(m, "<dt>");
        markup_cut(m, n->key, 40);
        markup_raw(m, "</dt><dd>");
        if (n->type == JSON_NUMBER)
            markup_cut(m, n->text, 40);
        else
            write_inline(m, n, depth + 1);
        markup_raw(m, "</dd>\n");
        --*left;
    }
}

static void write_accounting(struct html *h)
{
    const struct json_node *accounting = h->r->run->accounting;
    unsigned left = NUMBERS_MAX;

    markup_raw(&h->m, "<div><h3>Accounting <small>what became of every request; zeros are left "
                      "out</small></h3>\n");
    if (accounting && accounting->type == JSON_OBJECT && accounting->child) {
        markup_raw(&h->m, "<dl class=\"pairs\">\n");
        write_numbers(&h->m, accounting, 0, &left);
        markup_raw(&h->m, "</dl>\n");
    } else {
        markup_raw(&h->m, "<p class=\"soft\">The run did not end in order: there is none.</p>\n");
    }
    markup_raw(&h->m, "</div>\n");
}

static const char method[] =
    "<h3>How the numbers were made</h3>\n<div class=\"prose\">\n"
    "<p><strong>Noise.</strong> v1 is asked twice, in random order with the others. A field counts "
    "as different where v1 agreed with itself and the candidate did not, in three pairs at least, "
    "or more often than chance would have it (McNemar, exact). What v1 also does to itself is "
    "noise: listed, never counted. Seen in one or two pairs only it is rare, and undecided.</p>\n"
    "<p><strong>Latency.</strong> Each request was answered by both, so each pair gives a ratio. "
    "The estimate is their pseudomedian (Hodges-Lehmann); its 95\xc2\xa0% interval rests on blocks "
    "of consecutive requests, since requests that stall together are one observation and not "
    "many. An endpoint is slower where the whole interval lies beyond the margin, held to all "
    "endpoints asked at once (Holm). Calls that timed out took at least that long; errors make "
    "nobody faster: pairs of different status classes are left out.</p>\n"
    "<p><strong>The verdict.</strong> FAIL if a gate fails, else INCONCLUSIVE if one has too "
    "little to go by, else PASS. Nothing found is a PASS only where something was compared.</p>\n"
    "</div>\n";

/* ---- rules ---- */

static void write_rule(struct markup *m, const struct rule *r, uint64_t hits)
{
    char text[FIGURE_TEXT];

    markup_raw(m, "<tr><th scope=\"row\" class=\"mono\">");
    markup_cut(m, r->written, 200);
    markup_fmt(m, "</th><td>%s</td><td class=\"n%s\">%s</td><td>", rule_action_name(r->action),
               hits ? "" : " warn", hits ? figure_count(hits, text) : "none");
    markup_cut(m, r->reason, 200);
    markup_raw(m, "</td></tr>\n");
}

/* What they did is counted over all candidates. */
static void write_rules(struct html *h)
{
    const struct rules_use *u = h->r->findings.of[0].evidence.rules;
    size_t n = u ? rules_count(u->rules) : 0;
    struct markup *m = &h->m;

    if (!n)
        return;
    markup_raw(m,
               "<section id=\"rules\">\n<h2>Rules</h2>\n<table><thead><tr>"
               "<th scope=\"col\">rule</th><th scope=\"col\">what it does</th>"
               "<th scope=\"col\" class=\"n\">hits</th><th scope=\"col\">reason</th></tr></thead>"
               "\n<tbody>\n");
    for (size_t i = 0; i < n; i++)
        write_rule(m, rules_at(u->rules, i), u->hits[i]);
    markup_raw(m, "</tbody></table>\n</section>\n");
}

void html_run(struct html *h)
{
    write_rules(h);
    markup_raw(&h->m, "<section id=\"run\">\n<h2>The run</h2>\n<div class=\"columns\"><div>"
                      "<h3>Environment</h3>\n");
    write_environment(h);
    markup_raw(&h->m, "</div>\n");
    write_accounting(h);
    markup_raw(&h->m, "</div>\n</section>\n<section>\n");
    markup_raw(&h->m, method);
    markup_raw(&h->m, "</section>\n");
}
