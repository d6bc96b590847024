/* One example: what v1 said, what the candidate said, what v1 said again; the
 * request as lines for a shell. */
#include <inttypes.h>

#include "core/curl.h"
#include "core/secret.h"
#include "diff/html_report.h"
#include "diff/marked.h"

enum { FOLD_FROM = 64, FOLD_KEEP = 24, LINE_MAX_BYTES = 64 * 1024 };

/* ---- values ---- */

/* Up to `n` bytes, not inside a character. */
static size_t whole_characters(struct str s, size_t n)
{
    while (n > 0 && n < s.len && ((unsigned char)s.data[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* A long part that is equal: its ends, and the rest for who asks. */
static void write_equal(struct html *h, struct str s)
{
    struct markup *m = &h->m;
    size_t head = whole_characters(s, FOLD_KEEP);
    size_t tail = s.len > FOLD_KEEP ? whole_characters(s, s.len - FOLD_KEEP) : s.len;

    if (s.len < FOLD_FROM || tail <= head) {
        markup_text(m, s);
        return;
    }
    markup_text(m, str_head(s, head));
    markup_fmt(m, "<details><summary>\xe2\x80\xa6 %zu equal \xe2\x80\xa6</summary>", tail - head);
    markup_text(m, str_from(s.data + head, tail - head));
    markup_raw(m, "</details>");
    markup_text(m, str_skip(s, tail));
}

static void write_runs(struct html *h, struct str s, const struct marked *marked, int side,
                       const char *element)
{
    for (size_t i = 0; i < marked->n[side]; i++) {
        const struct marked_run *run = &marked->runs[side][i];

        if (run->changed) {
            markup_fmt(&h->m, "<%s>", element);
            markup_text(&h->m, str_head(s, run->len));
            markup_fmt(&h->m, "</%s>", element);
        } else {
            write_equal(h, str_head(s, run->len));
        }
        s = str_skip(s, run->len);
    }
}

static void open_value(struct html *h, const char *class, const char *who)
{
    markup_fmt(&h->m, "<div><span class=\"who %s\">%s</span><div class=\"value\">", class, who);
}

static void write_side(struct html *h, const char *class, const char *who, struct str value,
                       const struct marked *marked, int side, const char *element)
{
    open_value(h, class, who);
    if (!value.data)
        markup_raw(&h->m, "<span class=\"none\">nothing</span>");
    else if (value.len == 0)
        markup_raw(&h->m, "<span class=\"none\">empty</span>");
    else
        write_runs(h, value, marked, side, element);
    markup_raw(&h->m, "</div></div>\n");
}

static void write_values(struct html *h, const struct example *x)
{
    struct marked marked;

    markup_raw(&h->m, "<div class=\"sides\">\n");
    marker_compare(h->marker, x->v1, x->v2, &marked);
    write_side(h, "v1", h->r->run->recorded ? "recorded" : "v1", x->v1, &marked, 0, "del");
    write_side(h, "v2", html_candidate(h), x->v2, &marked, 1, "ins");
    if (x->has_control && x->v1.data && str_eq(x->v1, x->control)) {
        open_value(h, "control", h->r->run->recorded ? "v1" : "v1 again");
        markup_fmt(&h->m, "<span class=\"none\">%s</span></div></div>\n",
                   h->r->run->recorded ? "as recorded" : "as v1");
    } else if (x->has_control) {
        marker_compare(h->marker, x->v1, x->control, &marked);
        write_side(h, "control", h->r->run->recorded ? "v1" : "v1 again", x->control, &marked, 1,
                   "ins");
    }
    markup_raw(&h->m, "</div>\n");
    if (str_eq(x->v1, x->v2) && str_eq(x->v1, STR(SECRET_MASK)))
        markup_raw(&h->m, "<p class=\"soft\">They differ in what is hidden here; "
                          "--show-secrets shows it.</p>\n");
}

/* ---- lines for a shell ---- */

void html_shell(struct html *h, struct str line)
{
    markup_raw(&h->m, "<div class=\"shell\"><pre class=\"curl\">");
    markup_text(&h->m, line);
    markup_raw(&h->m, "</pre></div>\n");
}

static int curl_line(const struct example_request *r, struct str base, struct buf *line,
                     struct err *e)
{
    if (buf_add(line, STR("curl -sS"), e) < 0 ||
        (str_starts(r->options, STR(" -I")) ? 0 : buf_add(line, STR(" -i"), e)) < 0 ||
        buf_add(line, r->options, e) < 0 || buf_addc(line, ' ', e) < 0)
        return -1;
    return curl_target(line, base, r->target, e);
}

static int show_line(const struct html *h, const struct example *x, struct buf *line, struct err *e)
{
    if (buf_add(line, STR("mirrorctl show "), e) < 0 || curl_quote(line, str_of(h->r->file), e) < 0)
        return -1;
    return buf_printf(line, e, " %" PRIu64, x->ordinal);
}

static void write_curl(struct html *h, const struct example_request *r, const char *name)
{
    struct str base = run_info_target(h->r->run, name);
    struct buf line;

    if (!base.data)
        return;
    buf_init(&line, LINE_MAX_BYTES);
    if (!h->m.failed && curl_line(r, base, &line, h->m.e) < 0)
        h->m.failed = true;
    html_shell(h, buf_str(&line));
    buf_release(&line);
}

static void write_lines(struct html *h, const struct example *x, bool open)
{
    struct buf line;

    markup_fmt(&h->m, "<details class=\"again\"%s><summary>repeat it</summary>\n",
               open ? " open" : "");
    if (x->request) {
        if (!h->r->run->recorded)
            write_curl(h, x->request, "v1");
        write_curl(h, x->request, html_candidate(h));
    }
    if (h->r->file) {
        buf_init(&line, LINE_MAX_BYTES);
        if (!h->m.failed && show_line(h, x, &line, h->m.e) < 0)
            h->m.failed = true;
        html_shell(h, buf_str(&line));
        buf_release(&line);
    }
    if (x->request && x->request->lacks & CURL_HIDDEN)
        markup_raw(&h->m, "<p class=\"soft\">Credentials are hidden in these lines.</p>\n");
    if (x->request && x->request->lacks & CURL_CUT)
        markup_raw(&h->m,
                   "<p class=\"soft\">Parts of the request are not in these lines: too long, "
                   "or nothing that a line can hold.</p>\n");
    markup_raw(&h->m, "</details>\n");
}

void html_example(struct html *h, const struct example *x, bool is_first)
{
    struct markup *m = &h->m;

    markup_fmt(m, "<div class=\"example\"><h4>request %" PRIu64, x->ordinal);
    if (x->request) {
        markup_raw(m, ": <span class=\"mono\">");
        markup_text(m, x->request->method);
        markup_raw(m, " ");
        markup_cut(m, x->request->target, 200);
        markup_raw(m, "</span>");
    }
    if (x->at.data) {
        markup_raw(m, " at <span class=\"mono\">");
        markup_text(m, x->at);
        markup_raw(m, "</span>");
    }
    markup_raw(m, "</h4>\n");
    write_values(h, x);
    write_lines(h, x, is_first);
    markup_raw(m, "</div>\n");
}
