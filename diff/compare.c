#include "diff/compare.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/coding.h"
#include "diff/rules.h"

enum { LOOK_AT_EQUALS = 4096 };

/* Asked in order; the last accepts anything. */
static const struct comparer *const comparers[] = {
    &compare_json,
    &compare_markup,
    &compare_text,
    &compare_bytes,
};

/* "1234 bytes", of what was received. */
static struct str size_text(char text[64], const struct body *b, const char *more)
{
    int n =
        snprintf(text, 64, "%" PRIu64 " bytes%s", b->cut ? b->size : (uint64_t)b->raw.len, more);

    return str_from(text, (size_t)n);
}

/* Bodies that were too large to be kept: size and hash of all that came. Two
 * codings of one content look different here, which is said in a note. */
static int compare_cut(const struct body *v1, const struct body *v2, struct diffs *out,
                       struct err *e)
{
    char text1[64], text2[64];
    bool length = v1->cut != v2->cut || v1->size != v2->size;

    out->notes |= NOTE_CUT;
    if (!length && v1->hash == v2->hash)
        return 0;
    return diffs_add(out, WHERE_BODY, length ? KIND_LENGTH : KIND_VALUE, COMPARE_ROOT, false,
                     size_text(text1, v1, length ? "" : ", hash differs"),
                     size_text(text2, v2, length ? "" : ", hash differs"), e);
}

/* One side is empty: that is the difference, not each line that is missing. */
static int compare_empty(const struct body *v1, const struct body *v2, struct diffs *out,
                         struct err *e)
{
    char text[64];
    const struct str none = {0};
    const struct body *full = v1->bytes.len ? v1 : v2;

    if (body_says_json(full)) /* nothing is not JSON */
        return diffs_add(out, WHERE_BODY, KIND_TYPE, COMPARE_ROOT, false,
                         v1 == full ? size_text(text, v1, "") : STR("not JSON (empty)"),
                         v2 == full ? size_text(text, v2, "") : STR("not JSON (empty)"), e);
    if (v2->bytes.len == 0)
        return diffs_add(out, WHERE_BODY, KIND_MISSING, COMPARE_ROOT, false,
                         size_text(text, v1, ""), none, e);
    return diffs_add(out, WHERE_BODY, KIND_EXTRA, COMPARE_ROOT, false, none,
                     size_text(text, v2, ""), e);
}

static const char *condition(const struct body *b)
{
    switch (b->content) {
    case BODY_UNKNOWN_CODING:
        return ", in a coding that is not known";
    case BODY_CORRUPT:
        return ", content coding is corrupt";
    default:
        return ", decoded";
    }
}

/* At least one side could not be decoded. Under one coding the received bytes
 * can still be compared; otherwise nothing can be said but that they differ. */
static int compare_undecoded(struct body *v1, struct body *v2, struct diffs *out, struct err *e)
{
    char text1[64], text2[64];

    out->notes |= v1->content == BODY_CORRUPT || v2->content == BODY_CORRUPT ? NOTE_CORRUPT
                                                                             : NOTE_CODING_UNKNOWN;
    if (v1->content == v2->content && str_ieq(v1->coding, v2->coding))
        return compare_bytes.compare(v1, v2, out, e);
    return diffs_add(out, WHERE_BODY, KIND_TYPE, COMPARE_ROOT, false,
                     size_text(text1, v1, condition(v1)), size_text(text2, v2, condition(v2)), e);
}

/* Equal bytes need no reading; where it costs nothing to speak of, what claims to
 * be JSON and is not is noted all the same. */
static int note_equal(struct body *b, struct diffs *out, struct err *e)
{
    if (b->raw.len == 0 || b->raw.len > LOOK_AT_EQUALS || !body_says_json(b) ||
        !coding_is_identity(b->coding))
        return 0;
    if (body_decode(b, e) < 0 || body_parse(b, e) < 0)
        return -1;
    out->notes |= b->parsed == BODY_NOT_JSON ? NOTE_NOT_JSON : 0;
    return 0;
}

/* Streams that would have gone on: one of them may just have been read for longer.
 * 1 where that is all, 0 where their events have to be compared. */
static int look_at_cut(const struct body *v1, const struct body *v2, struct diffs *out)
{
    size_t n = v1->bytes.len < v2->bytes.len ? v1->bytes.len : v2->bytes.len;

    out->notes |= NOTE_STREAM_CUT;
    if (n == 0 && v1->bytes.len != v2->bytes.len)
        return 0; /* one of them has not begun */
    return v1->content != BODY_READY || v2->content != BODY_READY ||
           str_eq(str_head(v1->bytes, n), str_head(v2->bytes, n));
}

int compare_bodies(struct body *v1, struct body *v2, struct diffs *out, struct err *e)
{
    int rc = COMPARE_NOT_MINE;

    const struct rule *rule = rules_find(out->rules, NULL, RULE_BIT(RULE_IGNORE));

    if (rule) {
        rules_hit(out->rules, rule);
        return 0;
    }
    if (v1->cut || v2->cut)
        return compare_cut(v1, v2, out, e);
    if (!v1->stream_cut && str_eq(v1->raw, v2->raw) && str_ieq(v1->coding, v2->coding))
        return note_equal(v1, out, e);
    if (body_decode(v1, e) < 0 || body_decode(v2, e) < 0)
        return -1;
    if (v1->stream_cut && v2->stream_cut && look_at_cut(v1, v2, out))
        return 0;
    if (v1->content != BODY_READY || v2->content != BODY_READY)
        return compare_undecoded(v1, v2, out, e);
    if (v1->charset_unknown || v2->charset_unknown)
        out->notes |= NOTE_CHARSET;
    if (str_eq(v1->bytes, v2->bytes))
        return 0;
    if (v1->bytes.len == 0 || v2->bytes.len == 0)
        return compare_empty(v1, v2, out, e);
    for (size_t i = 0; rc == COMPARE_NOT_MINE && i < sizeof comparers / sizeof *comparers; i++) {
        if (comparers[i]->accepts(v1, v2))
            rc = comparers[i]->compare(v1, v2, out, e);
    }
    return rc;
}
