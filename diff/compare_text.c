/* Text, line by line. */
#include "diff/compare.h"
#include "diff/units.h"

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

static size_t count_lines(struct str s)
{
    size_t n = 0;

    for (; s.len; n++)
        cut_line(&s);
    return n;
}

static int split(struct str s, struct units *lines, struct err *e)
{
    while (s.len) {
        struct str line = units_are_full(lines) ? s : cut_line(&s);

        if (units_add(lines, line, (struct str){0}, e) < 0)
            return -1;
        if (line.data == s.data)
            break;
    }
    return 0;
}

/* What both begin and end with costs no more than a look. */
static int compare(struct body *v1, struct body *v2, struct diffs *out, struct err *e)
{
    struct str a = v1->bytes, b = v2->bytes;
    size_t head = same_head(a, b), tail;
    struct units lines1, lines2;
    int rc = -1;

    units_init(&lines1, count_lines(str_head(a, head)) + 1);
    units_init(&lines2, 1);
    a = str_skip(a, head);
    b = str_skip(b, head);
    tail = same_tail(a, b);
    a.len -= tail;
    b.len -= tail;
    if (split(a, &lines1, e) == 0 && split(b, &lines2, e) == 0 &&
        units_compare(&lines1, &lines2, out, e) == 0)
        rc = COMPARE_DONE;
    units_release(&lines1);
    units_release(&lines2);
    return rc;
}

const struct comparer compare_text = {"text", accepts, compare};
