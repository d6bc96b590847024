/* A file of rules and two bodies, parted by lines "=====": never a crash; mistakes
 * have a place; an answer does not differ from itself whatever the rules say, nor
 * do two that are equal without them. */
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "diff/compare.h"
#include "diff/rules.h"

static void must(bool fact)
{
    if (!fact)
        abort();
}

static struct str cut(struct str *rest)
{
    const char *at = rest->len ? memmem(rest->data, rest->len, "\n=====\n", 7) : NULL;
    struct str part = str_head(*rest, at ? (size_t)(at - rest->data) : rest->len);

    *rest = str_skip(*rest, part.len + 7);
    return part;
}

static void check_diags(const struct diags *diags)
{
    struct buf line;

    buf_init(&line, 1 << 20);
    for (const struct diag *d = diags->first; d; d = d->next) {
        must(d->at.file && d->message[0]);
        must(diag_write(d, &line, NULL) == 0);
    }
    buf_release(&line);
}

/* What differs, by these rules or none. */
static size_t differing(struct rules_use *use, struct str a, struct str b)
{
    struct rules_scope scope = {STR("GET"), STR("/a/1"), STR("/a/{id}"), 200, 20261122};
    struct http_message m = {
        .head = STR("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"), .body = a};
    struct http_message n = m;
    struct body x, y;
    struct diffs out;
    size_t count;

    n.body = b;
    must(diffs_init(&out, true, NULL) == 0);
    body_init(&x);
    body_init(&y);
    out.rules = use;
    rules_use_begin(use, &scope);
    must(body_set(&x, &m, NULL) == 0 && body_set(&y, &n, NULL) == 0);
    must(compare_bodies(&x, &y, &out, NULL) == 0);
    count = out.count;
    body_release(&x);
    body_release(&y);
    diffs_release(&out);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_from((const char *)data, size);
    struct str yaml = cut(&rest), a = cut(&rest), b = cut(&rest);
    struct rules *rules = rules_new(NULL);
    struct rules_use use, none;
    struct diags diags;

    diags_init(&diags);
    must(rules && rules_read(rules, yaml, "fuzz", &diags, NULL) == 0);
    check_diags(&diags);
    must(rules_count(rules) <= RULES_MAX);
    must(rules_use_init(&use, rules, NULL) == 0 && rules_use_init(&none, NULL, NULL) == 0);
    use.counting = true;
    must(differing(&use, a, a) == 0);
    if (differing(&none, a, b) == 0)
        must(differing(&use, a, b) == 0);
    else
        differing(&use, a, b);
    rules_use_release(&use);
    rules_use_release(&none);
    rules_free(rules);
    diags_release(&diags);
    return 0;
}
