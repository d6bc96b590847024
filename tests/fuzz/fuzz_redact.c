/* Redaction of any exchange: what it made stays as it is when it is redacted
 * again, so nothing that it should blank was left, and its lengths agree.
 *
 * Input: a head up to its empty line, then a body. */
#include <stdlib.h>

#include "capture/redact.h"
#include "core/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"authorization", "cookie:sid", "query:token",
                                    "$.card",        "$..pw",      "$[*][0].*"};

static void require(int holds)
{
    if (!holds)
        abort();
}

static struct exchange *exchange_of(struct str head, struct str body, bool complete)
{
    struct exchange *x = exchange_new(64 << 20, NULL);

    if (!x)
        return NULL;
    x->request.complete = complete;
    x->request.body_size = body.len;
    if (arena_dup(&x->mem, head, &x->request.head, NULL) < 0 ||
        arena_dup(&x->mem, body, &x->request.body, NULL) < 0 ||
        arena_dup(&x->mem, head, &x->response.head, NULL) < 0) {
        exchange_free(x);
        return NULL;
    }
    return x;
}

/* What a body is taken for depends on its type, which may be blanked too. */
static int has_same_type(struct str before, struct str after)
{
    struct str a = {0}, b = {0};

    http_find_field(before, STR("Content-Type"), &a);
    http_find_field(after, STR("Content-Type"), &b);
    return str_eq(a, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct redaction *r = redaction_new(names, sizeof names / sizeof *names, NULL);
    struct str all = str_from((const char *)data, size), head = all;
    struct exchange *once, *twice = NULL;

    for (size_t at = 0; at + 4 <= size; at++) {
        if (str_starts(str_skip(all, at), STR("\r\n\r\n"))) {
            head = str_head(all, at + 4);
            break;
        }
    }
    once = exchange_of(head, str_skip(all, head.len), size % 4 != 0);
    if (r && once && redaction_apply(r, once, NULL) >= 0) {
        require(once->request.body_size == once->request.body.len || once->redacted.len == 0);
        twice = exchange_of(once->request.head, once->request.body, once->request.complete);
    }
    if (twice && redaction_apply(r, twice, NULL) >= 0) {
        require(str_eq(twice->request.head, once->request.head));
        require(str_eq(twice->request.body, once->request.body) ||
                !has_same_type(head, once->request.head));
    }
    exchange_free(once);
    exchange_free(twice);
    redaction_free(r);
    return 0;
}
