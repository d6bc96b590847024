#include "diff/header_lines.h"

#include <string.h>

#include "core/secret.h"
#include "diff/rules.h"

int header_note(struct header_sink *h, enum diff_kind kind, struct str path, bool ignored,
                struct str v1, struct str v2)
{
    const struct rule *r = rules_find_header(h->out->rules, path, RULE_BIT(RULE_IGNORE));

    if (r) { /* of a part: set-cookie[sid] */
        rules_hit(h->out->rules, r);
        return 0;
    }
    if (kind == KIND_EXTRA && h->out->rules && rules_are_additive(h->out->rules->rules))
        ignored = true;
    return diffs_add(h->out, WHERE_HEADER, kind, path, ignored, v1, v2, h->e);
}

struct str header_present(struct str s)
{
    return s.data ? s : STR("");
}

int header_join(struct header_sink *h, const struct header_field *f, size_t n, struct str *joined)
{
    size_t len = 0, at = 0;
    char *p;

    *joined = n ? header_present(f[0].value) : (struct str){0};
    if (n < 2)
        return 0;
    for (size_t i = 0; i < n; i++)
        len += f[i].value.len + 2;
    p = arena_alloc(&h->out->mem, len, h->e);
    if (!p)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (i) {
            p[at++] = ',';
            p[at++] = ' ';
        }
        if (f[i].value.len)
            memcpy(p + at, f[i].value.data, f[i].value.len);
        at += f[i].value.len;
    }
    *joined = str_from(p, at);
    return 0;
}

int header_note_lines(struct header_sink *h, enum diff_kind kind, const struct header_lines *l,
                      bool ignored)
{
    struct str v1, v2;

    if (header_join(h, l->v1, l->n1, &v1) < 0 || header_join(h, l->v2, l->n2, &v2) < 0)
        return -1;
    if (!h->out->show_secrets && secret_is_header(l->name)) {
        v1 = v1.data ? STR(SECRET_MASK) : v1;
        v2 = v2.data ? STR(SECRET_MASK) : v2;
    }
    return header_note(h, kind, l->name, ignored, v1, v2);
}

bool header_same_lines(const struct header_lines *l)
{
    if (l->n1 != l->n2)
        return false;
    for (size_t i = 0; i < l->n1; i++) {
        if (!str_eq(l->v1[i].value, l->v2[i].value))
            return false;
    }
    return true;
}

enum diff_kind header_kind(const struct header_lines *l, enum diff_kind otherwise)
{
    return l->n2 == 0 ? KIND_MISSING : l->n1 == 0 ? KIND_EXTRA : otherwise;
}
