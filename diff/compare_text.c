/* Text, line by line.
 *
 * What both begin and end with is set aside, so a line put in or taken out
 * costs one difference; the lines in between are compared by number. Lines are
 * numbered as v1 has them, in both comparisons that v1 takes part in, so "line
 * 3" is one field: a time in line 3 is noise there and hides nothing elsewhere.
 */
#include <inttypes.h>
#include <stdio.h>

#include "diff/compare.h"

/* Lines told apart in one answer; the rest is one field. */
enum { LINES_MAX = 100 };

static bool accepts(const struct body *v1, const struct body *v2)
{
    return (body_says_text(v1) || body_looks_like_text(v1)) &&
           (body_says_text(v2) || body_looks_like_text(v2));
}

/* Bytes of whole lines that both begin with. */
static size_t same_head(struct str a, struct str b)
{
    size_t n = 0, line = 0;

    for (; n < a.len && n < b.len && a.data[n] == b.data[n]; n++) {
        if (a.data[n] == '\n')
            line = n + 1;
    }
    return line;
}

/* Bytes of whole lines that both end with. */
static size_t same_tail(struct str a, struct str b)
{
    size_t n = 0, line = 0;

    while (n < a.len && n < b.len && a.data[a.len - n - 1] == b.data[b.len - n - 1]) {
        n++;
        if ((n == a.len || a.data[a.len - n - 1] == '\n') &&
            (n == b.len || b.data[b.len - n - 1] == '\n'))
            line = n;
    }
    return line;
}

/* Take the next line off, with its end. */
static struct str cut_line(struct str *rest)
{
    size_t n = str_find(*rest, '\n');
    struct str line = str_head(*rest, n < rest->len ? n + 1 : n);

    *rest = str_skip(*rest, line.len);
    return line;
}

/* Line ends are shown only where they are what differs. */
static void drop_line_ends(struct str *a, struct str *b)
{
    if (a->data && b->data && str_ends(*a, STR("\n")) != str_ends(*b, STR("\n")))
        return;
    if (a->data && str_ends(*a, STR("\n")))
        a->len--;
    if (b->data && str_ends(*b, STR("\n")))
        b->len--;
}

static int note_line(struct str a, struct str b, uint64_t number, unsigned nth, struct diffs *out,
                     struct err *e)
{
    enum diff_kind kind = !a.data ? KIND_EXTRA : !b.data ? KIND_MISSING : KIND_VALUE;
    char path[64];
    int n = nth > LINES_MAX ? snprintf(path, sizeof path, "further lines")
            : a.data        ? snprintf(path, sizeof path, "line %" PRIu64, number)
                            : snprintf(path, sizeof path, "after line %" PRIu64, number - 1);

    drop_line_ends(&a, &b);
    return diffs_add(out, WHERE_BODY, kind, str_from(path, (size_t)n), false, a, b, e);
}

static uint64_t count_lines(struct str s)
{
    uint64_t n = 0;

    while (s.len) {
        cut_line(&s);
        n++;
    }
    return n;
}

static int compare(struct body *v1, struct body *v2, struct diffs *out, struct err *e)
{
    struct str a = v1->bytes, b = v2->bytes;
    size_t head = same_head(a, b), tail;
    uint64_t number = count_lines(str_head(a, head)) + 1;
    unsigned nth = 0;

    a = str_skip(a, head);
    b = str_skip(b, head);
    tail = same_tail(a, b);
    a.len -= tail;
    b.len -= tail;
    while (a.len || b.len) {
        struct str line1 = a.len ? cut_line(&a) : (struct str){0};
        struct str line2 = b.len ? cut_line(&b) : (struct str){0};

        if ((!line1.data || !line2.data || !str_eq(line1, line2)) &&
            note_line(line1, line2, number, ++nth, out, e) < 0)
            return -1;
        number += line1.data != NULL;
    }
    return COMPARE_DONE;
}

const struct comparer compare_text = {"text", accepts, compare};
