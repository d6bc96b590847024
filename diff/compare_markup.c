/* HTML and XML, piece by piece. */
#include "diff/compare.h"
#include "diff/pieces.h"

static bool is_html(const struct body *b)
{
    return str_ieq(b->media, STR("text/html"));
}

static bool is_xml(const struct body *b)
{
    return str_ieq(b->media, STR("application/xml")) || str_ieq(b->media, STR("text/xml")) ||
           (b->media.len > 4 && str_ieq(str_skip(b->media, b->media.len - 4), STR("+xml")));
}

static bool accepts(const struct body *v1, const struct body *v2)
{
    return (is_html(v1) && is_html(v2)) || (is_xml(v1) && is_xml(v2));
}

static int compare(struct body *v1, struct body *v2, struct diffs *out, struct err *e)
{
    struct units a, b;
    int rc = -1;

    units_init(&a, 1);
    units_init(&b, 1);
    if (pieces_read(v1->bytes, is_html(v1), &a, e) == 0 &&
        pieces_read(v2->bytes, is_html(v2), &b, e) == 0 && units_compare(&a, &b, out, e) == 0)
        rc = COMPARE_DONE;
    units_release(&a);
    units_release(&b);
    return rc;
}

const struct comparer compare_markup = {"markup", accepts, compare};
