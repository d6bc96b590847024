/* Reports about anything: names, values and addresses out of the input, in every
 * format, and none of them may break out of its place.
 *
 * The input is parted by bytes 0xf8, which no UTF-8 holds: the path, v1's body and
 * header, v2's, the target's address. HTML: only tags of ours, one script, no quote
 * or tag out of data. XML: well formed, only characters that XML 1.0 has. JSON and
 * every line of JSON Lines parse. Text and commands: no control character. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "core/json_tree.h"
#include "core/utf8.h"
#include "diff/diff.h"
#include "tests/support/pairs.h"

enum { PARTS = 6, PAIRS = 4, REPORT_MAX = 8 * 1024 * 1024 };

static void must(bool fact)
{
    if (!fact)
        abort();
}

/* ---- a run that says what the input says ---- */

static struct str parts[PARTS];

static const char *c_string(struct str s, size_t max, char *text)
{
    size_t n = s.len < max - 1 ? s.len : max - 1;

    for (size_t i = 0; i < n; i++)
        text[i] = s.data[i] == '\0' ? '0' : s.data[i];
    text[n] = '\0';
    return text;
}

/* What would end a line of a head is not in it. */
static const char *head_text(struct str s, char text[200])
{
    c_string(s, 200, text);
    for (char *p = text; *p; p++) {
        if (*p == '\r' || *p == '\n')
            *p = ' ';
    }
    return text;
}

static struct pair *make(size_t i, struct err *e)
{
    char path[200], line[220], fields[2][400], word[200];
    struct pair *p;

    if (i == PAIRS)
        return NULL;
    snprintf(line, sizeof line, "GET /%s", head_text(parts[0], path));
    p = pair_request(i + 1, line, e);
    for (int side = 0; side < 2; side++)
        snprintf(fields[side], sizeof fields[side], "Content-Type: %s\r\nX-Word: %s\r\n",
                 i % 2 ? "application/json" : "text/plain", head_text(parts[2 + 2 * side], word));
    pair_answer(p, PAIR_V1, 200, fields[0], parts[1], 1000, e);
    if (i == 3)
        pair_failure(p, PAIR_V2, OUTCOME_CONNECT, head_text(parts[3], word), e);
    else
        pair_answer(p, PAIR_V2, 200, fields[1], parts[3], 2000, e);
    pair_answer(p, PAIR_CONTROL, 200, fields[0], parts[1], 1000, e);
    return p;
}

static void put_meta(struct diff *d)
{
    struct buf text;
    struct err e = {0};
    int rc = 0;

    buf_init(&text, 1 << 20);
    buf_printf(&text, NULL, "{\"file\":");
    json_write_string(&text, parts[5], NULL, &rc);
    buf_printf(&text, NULL, ",\"targets\":{\"v1\":");
    json_write_string(&text, parts[5], NULL, &rc);
    buf_printf(&text, NULL, ",\"v2\":");
    json_write_string(&text, parts[4], NULL, &rc);
    buf_printf(&text, NULL, "},\"control\":\"v1\",\"seed\":");
    json_write_string(&text, parts[2], NULL, &rc);
    buf_printf(&text, NULL, ",\"names\":[\"v1\",\"v2\",\"control\"]}");
    must(rc == 0 && diff_meta(d, buf_str(&text), &e) == 0);
    buf_release(&text);
}

/* ---- what has to be true of each format ---- */

static bool is_one_of(struct str word, const char *const *list)
{
    for (; *list; list++) {
        if (str_eq(word, str_of(*list)))
            return true;
    }
    return false;
}

/* The name of the tag that begins at `s`, without its slash. */
static struct str tag_name(struct str s)
{
    size_t n = 1 + (s.len > 1 && s.data[1] == '/'), begin = n;

    while (n < s.len &&
           ((s.data[n] >= 'a' && s.data[n] <= 'z') || (s.data[n] >= '0' && s.data[n] <= '9') ||
            s.data[n] == '-' || s.data[n] == '!' || (s.data[n] >= 'A' && s.data[n] <= 'Z')))
        n++;
    return str_from(s.data + begin, n - begin);
}

/* Every tag is one of ours and ends before the next begins, quotes in it closed. */
static void check_tags(struct str s, const char *const *known)
{
    for (size_t i = str_find(s, '<'); i < s.len; s = str_skip(s, i), i = str_find(s, '<')) {
        bool quoted = false;

        s = str_skip(s, i);
        must(is_one_of(tag_name(s), known));
        for (i = 1; i < s.len && (quoted || s.data[i] != '>'); i++) {
            must(s.data[i] != '<');
            quoted ^= s.data[i] == '"';
        }
        must(i < s.len);
    }
}

/* The page without what is ours to the byte: its style and its script. */
static struct str cut_out(struct str s, const char *from, const char *to, struct buf *rest)
{
    const char *begin = memmem(s.data, s.len, from, strlen(from));
    const char *end =
        begin ? memmem(begin, s.len - (size_t)(begin - s.data), to, strlen(to)) : NULL;

    must(begin && end);
    buf_append(rest, s.data, (size_t)(begin - s.data) + strlen(from), NULL);
    return str_from(end, s.len - (size_t)(end - s.data));
}

static void check_html(struct str s)
{
    static const char *const tags[] = {
        "!DOCTYPE", "html",       "head",   "meta",  "title",  "style", "body",    "a",
        "header",   "div",        "strong", "h1",    "h2",     "h3",    "h4",      "dl",
        "dt",       "dd",         "nav",    "ul",    "li",     "main",  "section", "table",
        "thead",    "tbody",      "tr",     "th",    "td",     "span",  "caption", "p",
        "small",    "svg",        "path",   "rect",  "circle", "text",  "details", "summary",
        "figure",   "figcaption", "label",  "input", "button", "pre",   "del",     "ins",
        "footer",   "script",     "code",   NULL};
    struct buf rest;

    buf_init(&rest, REPORT_MAX);
    s = cut_out(s, "<style>", "</style>", &rest);
    s = cut_out(s, "\n<script>", "</script>\n</body>", &rest);
    must(str_eq(s, STR("</script>\n</body>\n</html>\n")));
    check_tags(buf_str(&rest), tags);
    buf_release(&rest);
}

static void check_xml(struct str s)
{
    static const char *const tags[] = {"testsuites", "testsuite",  "testcase", "failure",
                                       "skipped",    "system-out", NULL};

    s = str_skip(s, str_find(s, '\n') + 1);
    check_tags(s, tags);
    for (size_t i = 0, n; i < s.len; i += n) {
        uint32_t code;

        n = utf8_len(s.data + i, s.len - i);
        must(n > 0);
        code = utf8_code(s.data + i, n);
        must(code == '\n' || code == '\t' || (code >= 0x20 && code != 0xfffe && code != 0xffff));
    }
}

static void check_json(struct str s)
{
    struct json_fault fault;
    struct err e = {0};
    struct arena mem;

    arena_init(&mem, 16 * (size_t)REPORT_MAX);
    must(json_parse(s, &mem, &fault, &e) != NULL);
    arena_release(&mem);
}

static void check_lines(struct str s)
{
    while (s.len)
        check_json(str_cut(&s, '\n'));
}

static void check_text(struct str s)
{
    bool begin = true;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];

        must(c == '\n' || (c >= 0x20 && c != 0x7f));
        must(!(begin && c == ':' && i + 1 < s.len && s.data[i + 1] == ':'));
        begin = c == '\n' || (begin && c == ' ');
    }
}

static void check_commands(struct str s)
{
    int n = 0;

    for (; s.len; n++) {
        struct str line = str_cut(&s, '\n');

        must(str_starts(line, STR("::error title=mirrorctl")) ||
             str_starts(line, STR("::notice title=mirrorctl")) ||
             str_starts(line, STR("::warning title=mirrorctl")));
        for (size_t i = 0; i < line.len; i++)
            must((unsigned char)line.data[i] >= 0x20 && line.data[i] != 0x7f);
    }
    must(n <= 10);
}

static void check_nothing(struct str s)
{
    must(s.len > 0);
}

/* ---- all of it ---- */

static void report(struct diff *d, const char *format, void (*check)(struct str s))
{
    struct report_style style = {.width = 100};
    struct err e = {0};
    struct buf out;

    buf_init(&out, REPORT_MAX);
    must(diff_report(d, format, &style, &out, &e) == 0);
    must(!memchr(out.data ? out.data : "", '\x1b', out.len));
    check(buf_str(&out));
    buf_release(&out);
}

static void annotate(struct diff *d)
{
    struct err e = {0};
    struct buf out;

    buf_init(&out, REPORT_MAX);
    must(diff_annotate(d, &out, &e) == 0);
    check_commands(buf_str(&out));
    buf_release(&out);
}

static void cut_parts(struct str s)
{
    for (int i = 0; i < PARTS; i++) {
        size_t end = str_find(s, '\xf8');

        parts[i] = str_head(s, end);
        s = str_skip(s, end + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pair_script script = {.make = make};
    struct pair_source source = pair_script_source(&script);
    struct diff_config config = {.threads = 1, .list_pairs = true};
    struct err e = {0};
    char file[200];
    struct diff *d;

    cut_parts(str_from((const char *)data, size));
    config.file = c_string(parts[5], sizeof file, file);
    d = diff_open(&config, &e);
    must(d != NULL);
    put_meta(d);
    must(diff_run(d, &source, &e) == 0);
    report(d, "html", check_html);
    report(d, "junit", check_xml);
    report(d, "json", check_json);
    report(d, "jsonl", check_lines);
    report(d, "text", check_text);
    report(d, "markdown", check_nothing);
    annotate(d);
    diff_close(d);
    return 0;
}
