/* A line with an expression, one with a replacement, and a text: never a crash,
 * nothing slow, and what the expression's own words promise. */
#include <stdint.h>
#include <stdlib.h>

#include "replay/regex.h"

static void must(bool fact)
{
    if (!fact)
        abort();
}

static void check(const struct regex *r, struct str text, struct str to)
{
    struct str beginning = regex_beginning(r);
    enum regex_answer answer = regex_fits(r, text);
    struct err e = {0};
    struct buf out;

    must(answer != REGEX_FITS || str_starts(text, beginning));
    must(answer == regex_fits(r, text));
    buf_init(&out, 1024 * 1024);
    if (regex_check_replacement(r, to, &e) == 0 && regex_replace(r, text, to, &out, &e) < 0)
        must(e.kind == ERR_INPUT || e.kind == ERR_NOMEM);
    if (answer == REGEX_FITS && regex_replace(r, text, STR("\\0"), &out, &e) == 0)
        must(str_ends(buf_str(&out), text));
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_from((const char *)data, size);
    struct str source = str_cut(&rest, '\n'), to = str_cut(&rest, '\n');
    enum regex_fault fault;
    size_t offset = 0;
    struct err e = {0};
    struct regex *r = regex_new(source, &fault, &offset, &e);

    must((r != NULL) == (e.kind == ERR_NONE));
    must(offset <= source.len);
    if (r) {
        must(fault == REGEX_FINE);
        check(r, rest, to);
    } else {
        must(fault != REGEX_FINE && e.kind == ERR_INPUT);
    }
    regex_free(r);
    return 0;
}
