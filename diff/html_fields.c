/* The fields that differ, as trees: indices are folded already, so a tree has the
 * shape of the documents. Of each endpoint first what v2 did, then what is noise
 * or ignored, which a switch hides. */
#include <inttypes.h>

#include "core/curl.h"
#include "core/mem.h"
#include "diff/figures.h"
#include "diff/html_report.h"

enum { DEPTH_MAX = 24 };

/* ---- a field ---- */

static const char *badge_class(enum field_verdict v)
{
    return v == FIELD_DIFFERENT ? "bad" : v == FIELD_NOISE || v == FIELD_IGNORED ? "" : "warn";
}

static void write_counts(struct html *h, const struct tally_endpoint *ep,
                         const struct tally_field *f)
{
    char raw[FIGURE_TEXT], of[FIGURE_TEXT], noise[FIGURE_TEXT];

    markup_fmt(&h->m, "<span class=\"count\">%s of %s", figure_count(f->counts.raw, raw),
               figure_count(ep->of[f->where], of));
    if (ep->control_of[f->where])
        markup_fmt(&h->m, ", control %s", figure_count(f->counts.noise, noise));
    else
        markup_raw(&h->m, ", no control");
    markup_raw(&h->m, "</span>");
}

/* What was made of the counts, beside the counts themselves. */
static void write_judgement(struct html *h, const struct tally_field *f)
{
    struct markup *m = &h->m;

    if (f->p < 1)
        markup_fmt(m, "; chance gives such an excess with p = %.2g", f->p);
    if (f->needed)
        markup_fmt(m, "; some %" PRIu64 " pairs would tell", f->needed);
    if (f->is_volatile)
        markup_raw(m, "; v1 nearly never repeats its value, so only its shape is compared");
    if (f->source == NOISE_PROFILE)
        markup_fmt(m, "; an earlier run saw v1 differ in %" PRIu64 " of %" PRIu64, f->profile.noise,
                   f->profile.of);
    if (f->confirmation == CONFIRM_YES)
        markup_fmt(m, "; sent again: confirmed %u of %u requests", f->confirmed, f->confirmed_of);
    else if (f->confirmation == CONFIRM_NO)
        markup_fmt(m, "; sent again: not reproduced by %u", f->confirmed_of);
    else if (f->confirmation == CONFIRM_UNSAFE)
        markup_raw(m, "; its method is not safe to send again");
}

static void write_evidence(struct html *h, const struct tally_endpoint *ep,
                           const struct tally_field *f)
{
    struct markup *m = &h->m;

    markup_fmt(m,
               "<p class=\"evidence soft\">%s differs from v1 in %" PRIu64 " of %" PRIu64 " pairs",
               html_candidate(h), f->counts.raw, ep->of[f->where]);
    if (ep->control_of[f->where])
        markup_fmt(m,
                   ", v1 from itself in %" PRIu64 " of %" PRIu64 "; only %s in %" PRIu64
                   ", only v1 in %" PRIu64,
                   f->counts.noise, ep->control_of[f->where], html_candidate(h), f->counts.b,
                   f->counts.c);
    if (f->elements > f->counts.raw)
        markup_fmt(m, "; %" PRIu64 " elements in all", f->elements);
    write_judgement(h, f);
    markup_raw(m, ".</p>\n");
}

/* `name` is what of the path stands here; the whole of it is for the filter. */
static void write_field(struct html *h, const struct tally_endpoint *ep,
                        const struct tally_field *f, struct str name)
{
    bool is_change = html_is_change(f);
    struct markup *m = &h->m;

    if (!html_has_room(h, is_change ? 75 : 50)) {
        h->fields_left_out++;
        h->examples_left_out += f->n_examples;
        return;
    }
    markup_fmt(m, "<li><details class=\"field %s%s\" data-path=\"", field_verdict_name(f->verdict),
               is_change || f->verdict == FIELD_NOISE ? "" : " noise");
    markup_text(m, f->path);
    markup_raw(m, "\"><summary><span class=\"row\"><span class=\"name\">");
    markup_text(m, name);
    markup_fmt(m, "</span><span class=\"badge %s\">%s</span><span class=\"badge\">%s</span>",
               badge_class(f->verdict), field_verdict_name(f->verdict), diff_kind_name(f->kind));
    if (f->cause && is_change)
        markup_fmt(m, "<span class=\"badge\">cause %u</span>", f->cause);
    write_counts(h, ep, f);
    markup_raw(m, "</span></summary>\n");
    write_evidence(h, ep, f);
    for (size_t i = 0; i < f->n_examples; i++) {
        if (html_has_room(h, is_change ? 65 : 40))
            html_example(h, &f->examples[i], i == 0);
        else
            h->examples_left_out++;
    }
    markup_raw(m, "</details></li>\n");
}

/* ---- trees ---- */

/* Some fields of an endpoint, sorted by path. */
struct grove {
    const struct tally_endpoint *ep;
    const struct tally_field **fields;
    size_t n;
};

/* Where the step of a path that begins at `from` ends: at the next dot or bracket
 * that is not quoted. What is no JSON path is one step. */
static size_t step_end(struct str path, size_t from)
{
    size_t i = from + 1;

    if (!path.len || path.data[0] != '$')
        return path.len;
    if (from < path.len && path.data[from] == '[') {
        bool quoted = i < path.len && path.data[i] == '\'';

        for (i += quoted; i < path.len; i++) {
            if (quoted && path.data[i] == '\\')
                i++;
            else if (path.data[i] == ']' && (!quoted || path.data[i - 1] == '\''))
                return i + 1;
        }
        return path.len;
    }
    while (i < path.len && path.data[i] != '.' && path.data[i] != '[')
        i++;
    return i < path.len ? i : path.len;
}

/* The end of the steps behind `from` that two paths have in common. */
static size_t common_end(struct str a, struct str b, size_t from)
{
    for (;;) {
        size_t end = step_end(a, from);

        if (from >= a.len || end != step_end(b, from) || end > b.len ||
            memcmp(a.data + from, b.data + from, end - from) != 0)
            return from;
        from = end;
    }
}

static void write_part(struct html *h, const struct grove *g, size_t from, unsigned depth);

/* Fields that go on differently behind `from`: each group with the same next step
 * by itself. */
static void write_groups(struct html *h, const struct grove *g, size_t from, unsigned depth)
{
    for (size_t i = 0, k; i < g->n; i = k) {
        size_t end = step_end(g->fields[i]->path, from);
        struct grove part = {g->ep, g->fields + i, 1};

        for (k = i + 1; k < g->n; k++, part.n++) {
            if (common_end(g->fields[i]->path, g->fields[k]->path, from) < end)
                break;
        }
        write_part(h, &part, from, depth);
    }
}

/* Fields that share what stands before `from`, at least one. */
static void write_part(struct html *h, const struct grove *g, size_t from, unsigned depth)
{
    struct str first = g->fields[0]->path;
    struct grove rest = *g;
    size_t end = first.len;

    for (size_t i = 1; i < g->n; i++) {
        size_t common = common_end(first, g->fields[i]->path, from);
        end = common < end ? common : end;
    }
    /* Those that end here; of several kinds, as many. */
    while (rest.n && (rest.fields[0]->path.len <= end || g->n == 1 || depth == DEPTH_MAX)) {
        write_field(h, rest.ep, rest.fields[0], str_skip(rest.fields[0]->path, from));
        rest.fields++;
        rest.n--;
    }
    if (!rest.n)
        return;
    if (end == from) {
        write_groups(h, &rest, from, depth);
        return;
    }
    markup_raw(&h->m, "<li class=\"branch\"><span class=\"mono\">");
    markup_text(&h->m, str_from(first.data + from, end - from));
    markup_raw(&h->m, "</span><ul>\n");
    write_groups(h, &rest, end, depth + 1);
    markup_raw(&h->m, "</ul></li>\n");
}

/* Outcome, status and headers have names and no shape. */
static void write_tree(struct html *h, const struct grove *g)
{
    size_t i = 0;
    char label[CHANGE_LABEL];

    markup_raw(&h->m, "<ul class=\"tree\">\n");
    for (; i < g->n && g->fields[i]->where != WHERE_BODY; i++)
        write_field(h, g->ep, g->fields[i], change_label(g->fields[i], label));
    if (i < g->n) {
        struct grove body = {g->ep, g->fields + i, g->n - i};
        write_groups(h, &body, 0, 0);
    }
    markup_raw(&h->m, "</ul>\n");
}

/* ---- endpoints ---- */

/* What v2 did, or the rest. */
static struct grove grove_of(const struct tally_endpoint *ep, const struct tally_field **room,
                             bool changes)
{
    struct grove g = {ep, room, 0};

    for (size_t i = 0; i < ep->fields.n_sorted; i++) {
        const struct tally_field *f = ep->fields.sorted[i];

        if (html_is_change(f) != changes || (!f->counts.raw && !f->counts.noise))
            continue;
        room[g.n++] = f;
    }
    return g;
}

static void write_endpoint(struct html *h, size_t index, const struct tally_field **room)
{
    const struct evidence *ev = &h->about->evidence;
    const struct tally_endpoint *ep = ev->tally->endpoints[index];
    struct grove changes = grove_of(ep, room, true);
    struct grove noise = grove_of(ep, room + changes.n, false);
    struct markup *m = &h->m;
    char label[ENDPOINT_LABEL];
    struct str name = endpoint_label(ev, index, label);

    if (!changes.n && !noise.n)
        return;
    markup_raw(m, "<details class=\"endpoint\" data-name=\"");
    markup_text(m, name);
    markup_fmt(m, "\"%s><summary><h3 class=\"mono\">", changes.n ? " open" : "");
    markup_text(m, name);
    markup_fmt(m, "</h3> <span class=\"soft\">%zu changed, %zu noise or ignored</span></summary>\n",
               changes.n, noise.n);
    if (changes.n)
        write_tree(h, &changes);
    if (noise.n) {
        markup_raw(m, "<div class=\"noise\"><p class=\"soft\">Noise and what is ignored, not "
                      "counted</p>\n");
        write_tree(h, &noise);
        markup_raw(m, "</div>\n");
    }
    markup_raw(m, "</details>\n");
}

/* What is rare can be settled, and how is one line. */
static int write_hint(struct html *h, struct err *e)
{
    const char *file = h->r->file ? h->r->file : "RESULT";
    struct buf line;
    size_t n;
    struct change *rare = changes_of(&h->about->evidence, &h->order, FIELD_RARE, &n, e);
    int rc = -1;

    if (!rare)
        return -1;
    mem_free(rare);
    if (!n)
        return 0;
    buf_init(&line, 64 * 1024);
    if (buf_add(&line, STR("mirrorctl replay --confirm "), e) == 0 &&
        curl_quote(&line, str_of(file), e) == 0) {
        markup_fmt(&h->m, "<p>%zu seen too rarely to tell. To find out:</p>\n", n);
        html_shell(h, buf_str(&line));
        rc = 0;
    }
    buf_release(&line);
    return rc;
}

static void write_tools(struct html *h)
{
    markup_raw(&h->m,
               "<div class=\"tools\" hidden>"
               "<label class=\"grow\">Filter <input type=\"search\" placeholder=\"path, value, "
               "endpoint, verdict \xe2\x80\xa6  ( / )\" autocomplete=\"off\"></label>"
               "<label class=\"switch\"><input type=\"checkbox\" role=\"switch\" checked> Show "
               "noise</label>"
               "<button type=\"button\" aria-pressed=\"false\">Open all</button>"
               "<span role=\"status\" class=\"soft\"></span></div>\n");
}

static size_t most_fields(const struct html *h)
{
    size_t most = 0;

    for (size_t i = 0; i < h->order.n; i++) {
        size_t n = h->about->evidence.tally->endpoints[h->order.list[i]]->fields.n_sorted;
        most = n > most ? n : most;
    }
    return most;
}

static void count_left_out(struct html *h, size_t from)
{
    for (size_t i = from; i < h->order.n; i++)
        h->fields_left_out +=
            h->about->evidence.tally->endpoints[h->order.list[i]]->fields.n_sorted;
}

int html_fields(struct html *h)
{
    size_t most = most_fields(h), i = 0;
    const struct tally_field **room;
    int rc;

    if (!most)
        return 0;
    room = mem_array(most, sizeof *room);
    if (!room)
        return err_nomem(h->m.e, "writing a report");
    h->fields_left_out = h->examples_left_out = 0;
    markup_fmt(
        &h->m,
        "<section id=\"%s-fields\">\n<h2>Fields <small>where %s differs from v1; those of one "
        "cause differ in the same pairs; open one for examples</small></h2>\n",
        html_candidate(h), html_candidate(h));
    rc = write_hint(h, h->m.e);
    write_tools(h);
    markup_raw(&h->m, "<div class=\"trees\">\n");
    while (i < h->order.n && html_has_room(h, 75))
        write_endpoint(h, h->order.list[i++], room);
    count_left_out(h, i);
    markup_raw(&h->m, "</div>\n");
    html_left_out(h, h->fields_left_out, "fields");
    html_left_out(h, h->examples_left_out, "examples");
    markup_raw(&h->m, "</section>\n");
    mem_free(room);
    return rc;
}
