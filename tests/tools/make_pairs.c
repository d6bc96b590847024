/* make_pairs -- a result file of a run that is written down.
 *
 *     make_pairs [META] <description >FILE
 *
 * Lines of the description:
 *
 *     === 20 GET /users/{n}     the next 20 requests; {n} is the number of each
 *     | Accept: text/html       a field of theirs
 *     : {"a":1}                 a line of their body; the last has no line end
 *     --- v1 200 3500           what v1 answered, and in how many us; v2, control likewise
 *     | Content-Type: ...       a field of that answer
 *     : {"a":1}                 a line of its body
 *     @ FILE                    its body is what FILE holds
 *     --- v2 200 cut            the answer broke off
 *     --- v2 200 timeout        it did not end in time
 *     --- v2 timeout            there was none: an outcome of the accounting
 *     # ...                     nothing
 *
 * \r \n \t \\ and \xNN mean what they mean in C. META stands in the place of the
 * usual one, whose targets are http://one.test and http://two.test. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/record.h"
#include "tests/support/pairs.h"

enum { TEXT_MAX = 64 << 20, TARGETS = 3, USUAL_US = 1000 };

/* What one says: the client first, then the targets as they came. */
struct message {
    int target, status;
    enum outcome outcome;
    bool cut;
    int64_t us;
    struct buf fields, body;
};

static struct {
    unsigned long times;
    struct buf start; /* "GET /users/{n}" */
    struct message said[1 + TARGETS];
    unsigned n;
} now;

static uint64_t ordinal;
static struct err err;
static unsigned line_number;

static void must(int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "make_pairs: line %u: %s\n", line_number, err.text);
    exit(1);
}

static void wrong(const char *what)
{
    must(err_set(&err, ERR_USAGE, "%s", what));
}

static int hex(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Append `text` with its escapes undone. */
static void add_text(struct buf *b, const char *text)
{
    static const char letters[] = "rnt\\", meant[] = "\r\n\t\\";

    for (; *text; text++) {
        const char *at = *text == '\\' && text[1] ? strchr(letters, text[1]) : NULL;

        if (at) {
            must(buf_addc(b, meant[at - letters], &err));
            text++;
        } else if (*text == '\\' && text[1] == 'x' && hex(text[2]) >= 0 && hex(text[3]) >= 0) {
            must(buf_addc(b, (char)(hex(text[2]) * 16 + hex(text[3])), &err));
            text += 3;
        } else {
            must(buf_addc(b, *text, &err));
        }
    }
}

static void add_file(struct buf *b, const char *path)
{
    char piece[4096];
    FILE *f = fopen(path, "rb");
    size_t n;

    if (!f)
        wrong("no such file");
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        must(buf_append(b, piece, n, &err));
    fclose(f);
}

/* `text` with the number of this request for each {n}. */
static struct str filled(const struct buf *text, struct buf *out)
{
    struct str rest = buf_str(text);

    buf_reset(out);
    while (rest.len) {
        if (rest.len >= 3 && memcmp(rest.data, "{n}", 3) == 0) {
            must(buf_printf(out, &err, "%" PRIu64, ordinal));
            rest = str_from(rest.data + 3, rest.len - 3);
        } else {
            must(buf_addc(out, *rest.data, &err));
            rest = str_from(rest.data + 1, rest.len - 1);
        }
    }
    return buf_str(out);
}

static void add_call(struct pair *p, const struct message *m, struct buf *fields, struct buf *body)
{
    struct call *c = &p->calls[p->n_calls];

    if (!m->status) {
        must(pair_failure(p, m->target, m->outcome, outcome_name(m->outcome), &err));
        return;
    }
    filled(&m->fields, fields);
    must(pair_answer(p, m->target, m->status, fields->len ? fields->data : "",
                     filled(&m->body, body), m->us, &err));
    c->outcome = m->outcome;
    c->response.complete = !m->cut && m->outcome == OUTCOME_ANSWERED;
    c->response.flags |= m->cut ? HTTP_CUT : 0;
}

/* The request's own fields stand behind those that it has anyway. */
static void add_request(struct pair *p, struct buf *fields, struct buf *body)
{
    struct http_message *m = &p->exchange->request;
    struct buf head;

    buf_init(&head, TEXT_MAX);
    must(buf_append(&head, m->head.data, m->head.len - 2, &err));
    must(buf_add(&head, filled(&now.said[0].fields, fields), &err));
    must(buf_add(&head, STR("\r\n"), &err));
    must(arena_dup(&p->exchange->mem, buf_str(&head), &m->head, &err));
    must(arena_dup(&p->exchange->mem, filled(&now.said[0].body, body), &m->body, &err));
    m->body_size = m->body.len;
    buf_release(&head);
}

static void put_one(struct record_writer *w)
{
    struct buf fields, body;
    struct pair *p;

    ordinal++;
    buf_init(&fields, TEXT_MAX);
    buf_init(&body, TEXT_MAX);
    filled(&now.start, &fields);
    p = pair_request(ordinal, fields.len ? fields.data : "", &err);
    must(p ? 0 : -1);
    add_request(p, &fields, &body);
    for (unsigned i = 1; i < now.n; i++)
        add_call(p, &now.said[i], &fields, &body);
    must(record_put_pair(w, p, &err));
    pair_free(p);
    buf_release(&fields);
    buf_release(&body);
}

static void put_all(struct record_writer *w)
{
    for (unsigned long i = 0; i < now.times; i++)
        put_one(w);
    for (unsigned i = 0; i < now.n; i++) {
        buf_release(&now.said[i].fields);
        buf_release(&now.said[i].body);
    }
    buf_release(&now.start);
    now.n = 0;
    now.times = 0;
}

static struct message *add_message(void)
{
    struct message *m = &now.said[now.n];

    if (now.n > TARGETS)
        wrong("more answers than targets");
    now.n++;
    *m = (struct message){.outcome = OUTCOME_ANSWERED, .us = USUAL_US};
    buf_init(&m->fields, TEXT_MAX);
    buf_init(&m->body, TEXT_MAX);
    return m;
}

static void read_start(const char *text)
{
    char *end;

    now.times = strtoul(text, &end, 10);
    if (end == text || *end != ' ')
        wrong("how many requests?");
    buf_init(&now.start, TEXT_MAX);
    add_text(&now.start, end + 1);
    add_message();
}

static int target_of(const char *name)
{
    static const char *const names[TARGETS] = {
        [PAIR_V1] = "v1", [PAIR_V2] = "v2", [PAIR_CONTROL] = "control"};

    for (int i = 0; i < TARGETS; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    wrong("no such target");
    return -1;
}

static void read_outcome(struct message *m, const char *name)
{
    for (int o = OUTCOME_ANSWERED + 1; o < OUTCOME_COUNT; o++)
        if (strcmp(outcome_name((enum outcome)o), name) == 0)
            m->outcome = (enum outcome)o;
    if (m->outcome == OUTCOME_ANSWERED)
        wrong("neither a status nor an outcome");
}

/* 0 where it is none. */
static long number(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    return *end ? 0 : n;
}

static void read_answer(const char *text)
{
    struct message *m = add_message();
    char target[16] = "", what[16] = "", more[16] = "";

    if (now.n < 2 || sscanf(text, "%15s %15s %15s", target, what, more) < 2)
        wrong("whose answer, and which?");
    m->target = target_of(target);
    m->status = (int)number(what);
    m->cut = strcmp(more, "cut") == 0;
    m->us = number(more) > 0 ? number(more) : m->us;
    if (m->status == 0 || (*more && !m->cut && number(more) == 0))
        read_outcome(m, m->status ? more : what);
}

static void read_line(struct record_writer *w, const char *line)
{
    struct message *last = now.n ? &now.said[now.n - 1] : NULL;

    if (strncmp(line, "=== ", 4) == 0) {
        put_all(w);
        read_start(line + 4);
    } else if (strncmp(line, "--- ", 4) == 0) {
        read_answer(line + 4);
    } else if (last && strncmp(line, "| ", 2) == 0) {
        add_text(&last->fields, line + 2);
        must(buf_add(&last->fields, STR("\r\n"), &err));
    } else if (last && strncmp(line, ": ", 2) == 0) {
        if (last->body.len)
            must(buf_addc(&last->body, '\n', &err));
        add_text(&last->body, line + 2);
    } else if (last && strncmp(line, "@ ", 2) == 0) {
        add_file(&last->body, line + 2);
    } else if (*line && *line != '#') {
        wrong("no line of a description");
    }
}

static void put_meta(struct record_writer *w, const char *meta)
{
    static const char usual[] =
        "{\"file\":\"made.mrec\",\"targets\":{\"v1\":\"http://one.test\",\"v2\":\"http://"
        "two.test\"},"
        "\"percent\":100,\"seed\":\"mirrorctl/v1\",\"control\":\"v1\",\"baseline\":\"v1\","
        "\"names\":[\"v1\",\"v2\",\"control\"],\"started\":\"2026-11-22T20:10:00Z\"}";

    must(record_put_meta(w, str_of(meta ? meta : usual), &err));
}

static void put_stats(struct record_writer *w)
{
    char text[256];

    snprintf(text, sizeof text,
             "{\"accounting\":{\"recorded\":%" PRIu64 ",\"eligible\":%" PRIu64
             ",\"selected\":%" PRIu64 ",\"paired\":%" PRIu64
             "},\"ended\":\"2026-11-22T20:11:00Z\"}",
             ordinal, ordinal, ordinal, ordinal);
    must(record_put_stats(w, str_of(text), &err));
}

int main(int argc, char **argv)
{
    struct record_options o = {.kind = RECORD_PAIRS, .capture_id = {1}, .created_ns = 1};
    struct record_writer *w = record_writer_new(STDOUT_FILENO, &o, &err);
    char *line = NULL;
    size_t size = 0;
    ssize_t n;

    must(w ? 0 : -1);
    put_meta(w, argc > 1 ? argv[1] : NULL);
    while ((n = getline(&line, &size, stdin)) >= 0) {
        line_number++;
        if (n > 0 && line[n - 1] == '\n')
            line[n - 1] = '\0';
        read_line(w, line);
    }
    put_all(w);
    put_stats(w);
    must(record_writer_close(w, &err));
    free(line);
    return 0;
}
