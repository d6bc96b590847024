/* regex.c -- the only file that knows PCRE2.
 *
 * PCRE2 goes back where RE2 does not, so some expressions would take for ever. Its
 * limit counts the steps at which it may have to; what lies between two of them
 * is at most the compiled expression, with its repeats. Steps are therefore
 * rationed by that size, and repeats of a character are kept from being made
 * possessive, since those would cross a text without counting. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "replay/regex.h"

#include <pcre2.h>

#include "core/mem.h"
#include "core/utf8.h"
#include "replay/regex_source.h"

enum {
    WORK = 100 * 1000 * 1000, /* comparisons, more or less: some tenths of a second */
    STEPS_MOST = 1000 * 1000,
    STEPS_LEAST = 1000,
    DEPTH = 100 * 1000,
    HEAP_KIB = 16 * 1024,
};

struct regex {
    pcre2_general_context *memory;
    pcre2_code *code;
    pcre2_match_context *limits;
    uint32_t steps;
    unsigned groups;
    struct buf beginning;
};

static void *take(size_t n, void *ctx)
{
    (void)ctx;
    return mem_alloc(n);
}

static void give_back(void *p, void *ctx)
{
    (void)ctx;
    mem_free(p);
}

/* PCRE2 takes NULL for a mistake. */
static struct str subject(struct str s)
{
    return s.data ? s : STR("");
}

static int compile(struct regex *r, struct regex_words *w, struct err *e)
{
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NO_AUTO_POSSESS |
                       (w->any_case ? PCRE2_CASELESS : 0) | (w->dot_all ? PCRE2_DOTALL : 0);
    pcre2_compile_context *how = pcre2_compile_context_create(r->memory);
    struct str words = subject(buf_str(&w->words));
    PCRE2_SIZE offset;
    int code = PCRE2_ERROR_NOMEMORY;

    if (how && pcre2_set_newline(how, PCRE2_NEWLINE_LF) == 0)
        r->code = pcre2_compile((PCRE2_SPTR)words.data, words.len, options, &code, &offset, how);
    pcre2_compile_context_free(how);
    if (r->code)
        return 0;
    if (code == PCRE2_ERROR_NOMEMORY || code == PCRE2_ERROR_HEAP_FAILED)
        return err_nomem(e, "reading a regular expression");
    w->fault = code == PCRE2_ERROR_PATTERN_TOO_LARGE ? REGEX_TOO_LARGE : REGEX_BROKEN;
    return err_set(e, ERR_INPUT,
                   w->fault == REGEX_TOO_LARGE ? "an expression whose repeats make it too large"
                                               : "not a regular expression");
}

static uint32_t between(uint64_t n, uint32_t least, uint32_t most)
{
    return n < least ? least : n > most ? most : (uint32_t)n;
}

static int set_limits(struct regex *r, const struct regex_words *w, struct err *e)
{
    size_t size = 0;

    r->limits = pcre2_match_context_create(r->memory);
    if (!r->limits)
        return err_nomem(e, "reading a regular expression");
    pcre2_pattern_info(r->code, PCRE2_INFO_SIZE, &size);
    r->steps = between(WORK / (size + w->widest + 1), STEPS_LEAST, STEPS_MOST);
    pcre2_set_match_limit(r->limits, r->steps);
    pcre2_set_depth_limit(r->limits, DEPTH);
    pcre2_set_heap_limit(r->limits, HEAP_KIB);
    return 0;
}

static int fill(struct regex *r, struct regex_words *w, struct err *e)
{
    r->groups = w->groups;
    r->memory = pcre2_general_context_create(take, give_back, NULL);
    if (!r->memory)
        return err_nomem(e, "reading a regular expression");
    if (compile(r, w, e) < 0 || set_limits(r, w, e) < 0)
        return -1;
    r->beginning = w->beginning;
    w->beginning = (struct buf){0};
    return 0;
}

struct regex *regex_new(struct str source, enum regex_fault *fault, size_t *offset, struct err *e)
{
    struct regex *r = NULL;
    struct regex_words w;

    if (regex_words_read(&w, source, e) < 0)
        goto out;
    r = mem_zalloc(sizeof *r);
    if (!r) {
        err_nomem(e, "reading a regular expression");
    } else if (fill(r, &w, e) < 0) {
        regex_free(r);
        r = NULL;
    }
out:
    *fault = w.fault;
    *offset = w.offset;
    regex_words_release(&w);
    return r;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    buf_release(&r->beginning);
    pcre2_match_context_free(r->limits);
    pcre2_code_free(r->code);
    pcre2_general_context_free(r->memory);
    mem_free(r);
}

struct str regex_beginning(const struct regex *r)
{
    return buf_str(&r->beginning);
}

/* ---- matching -------------------------------------------------------------------- */

static bool is_utf8(struct str s)
{
    size_t n;

    for (size_t at = 0; at < s.len; at += n) {
        n = utf8_len(s.data + at, s.len - at);
        if (n == 0)
            return false;
    }
    return true;
}

enum regex_answer regex_fits(const struct regex *r, struct str text)
{
    pcre2_match_data *data;
    int rc;

    if (!str_starts(text, buf_str(&r->beginning)) || !is_utf8(text))
        return REGEX_FITS_NOT;
    data = pcre2_match_data_create(1, r->memory);
    if (!data)
        return REGEX_LIMIT;
    rc = pcre2_match(r->code, (PCRE2_SPTR)subject(text).data, text.len, 0,
                     PCRE2_ANCHORED | PCRE2_ENDANCHORED, data, r->limits);
    pcre2_match_data_free(data);
    return rc >= 0 ? REGEX_FITS : rc == PCRE2_ERROR_NOMATCH ? REGEX_FITS_NOT : REGEX_LIMIT;
}

/* ---- replacing ------------------------------------------------------------------- */

struct replacing {
    const struct regex *r;
    struct str text, to;
    pcre2_match_data *data;
    pcre2_match_context *limits;
    struct buf *out;
    struct err *e;
};

static int start(struct replacing *p)
{
    const struct regex *r = p->r;

    p->data = pcre2_match_data_create(r->groups + 1, r->memory);
    p->limits = pcre2_match_context_copy(r->limits);
    if (!p->data || !p->limits)
        return err_nomem(p->e, "replacing by a regular expression");
    /* The limit is for each place where a part may begin. */
    pcre2_set_match_limit(p->limits, between(r->steps / (p->text.len + 1), STEPS_LEAST, r->steps));
    return 0;
}

static int add(struct replacing *p, struct str s)
{
    if (!buf_may_grow(p->out, s.len))
        return err_set(p->e, ERR_INPUT, "a replaced text of more than %zu bytes", p->out->max);
    return buf_add(p->out, s, p->e);
}

static int add_group(struct replacing *p, unsigned i)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(p->data) + (size_t)2 * i;

    if (i > p->r->groups || at[0] == PCRE2_UNSET)
        return 0;
    return add(p, str_from(p->text.data + at[0], at[1] - at[0]));
}

static int add_replacement(struct replacing *p)
{
    struct str to = p->to;

    for (size_t i = 0; i < to.len; i++) {
        char c = to.data[i], next = i + 1 < to.len ? to.data[i + 1] : '\\';
        int rc = 0;

        if (c != '\\')
            rc = add(p, str_from(&to.data[i], 1));
        else if (next >= '0' && next <= '9')
            rc = add_group(p, (unsigned)(next - '0'));
        else
            rc = add(p, str_from(&next, 1));
        if (rc < 0)
            return -1;
        i += c == '\\';
    }
    return 0;
}

/* As RE2 does, an empty part right behind one that was replaced is left alone. */
static int replace_all(struct replacing *p)
{
    const PCRE2_SIZE *part = pcre2_get_ovector_pointer(p->data);
    size_t at = 0, last = SIZE_MAX;
    struct str text = p->text;

    while (at <= text.len) {
        int rc =
            pcre2_match(p->r->code, (PCRE2_SPTR)text.data, text.len, at, 0, p->data, p->limits);

        if (rc == PCRE2_ERROR_NOMATCH)
            break;
        if (rc < 0)
            return err_set(p->e, ERR_INPUT, "a regular expression ran into its limits");
        if (part[1] == last && part[0] == last) {
            size_t n = at < text.len ? utf8_len(text.data + at, text.len - at) : 0;

            n += n == 0;
            if (at < text.len && add(p, str_from(text.data + at, n)) < 0)
                return -1;
            at += n;
            continue;
        }
        if (add(p, str_from(text.data + at, part[0] - at)) < 0 || add_replacement(p) < 0)
            return -1;
        at = last = part[1];
    }
    return add(p, str_skip(text, at));
}

int regex_replace(const struct regex *r, struct str text, struct str to, struct buf *out,
                  struct err *e)
{
    struct replacing p = {.r = r, .text = subject(text), .to = to, .out = out, .e = e};
    int rc = start(&p) < 0 ? -1 : replace_all(&p);

    pcre2_match_context_free(p.limits);
    pcre2_match_data_free(p.data);
    return rc;
}

int regex_check_replacement(const struct regex *r, struct str to, struct err *e)
{
    for (size_t i = 0; i < to.len; i++) {
        char next = i + 1 < to.len ? to.data[i + 1] : '\0';

        if (to.data[i] != '\\')
            continue;
        if (next != '\\' && (next < '0' || next > '9'))
            return err_set(
                e, ERR_INPUT,
                "a backslash must be followed by another or by a digit, at character %zu", i + 1);
        if (next != '\\' && (unsigned)(next - '0') > r->groups)
            return err_set(e, ERR_INPUT, "\\%c: the expression has %u group%s", next, r->groups,
                           r->groups == 1 ? "" : "s");
        i++;
    }
    return 0;
}
