#include "diff/pair_text.h"

#include <inttypes.h>
#include <stdlib.h>

#include "diff/candidate.h"
#include "diff/page.h"

enum { VALUE_AT = 14, COLUMNS_MAX = 100000 };

static void put_value(struct page *page, const char *who, enum page_colour colour, struct str value)
{
    page_to(page, 6);
    page_text(page, PAGE_DIM, "%s", who);
    page_to(page, VALUE_AT);
    page_str(page, colour, value.data ? value : STR("(nothing)"), COLUMNS_MAX);
    page_line(page);
}

/* Where it is: the place in this answer rather than the field of all. */
static void put_place(struct page *page, const struct difference *d)
{
    const char *where = d->where == WHERE_HEADER ? "header "
                        : d->where == WHERE_BODY ? "body "
                                                 : "";

    page_to(page, 3);
    page_text(page, PAGE_PLAIN, "%s", where);
    page_str(page, PAGE_BOLD, d->at.len ? d->at : d->path, COLUMNS_MAX);
    page_text(page, PAGE_PLAIN, "  %s", diff_kind_name(d->kind));
    if (d->elements > 1)
        page_text(page, PAGE_DIM, ", %" PRIu64 " of this kind; the first:", d->elements);
}

/* What v1's second answer says about it. */
static const char *note_of(const struct pair_diff *work, const struct difference *d)
{
    if (d->ignored)
        return "not counted: ignored by default, or by a rule";
    if (work->noise_depth == DEPTH_NONE)
        return NULL;
    return diffs_has(&work->noise, d) ? "v1 differs from itself there, too: noise in this pair"
                                      : "v1 agreed with itself there";
}

static void put_difference(struct page *page, const struct pair_diff *work, const char *candidate,
                           const struct difference *d)
{
    const char *note = note_of(work, d);

    put_place(page, d);
    page_line(page);
    put_value(page, "v1", PAGE_RED, d->v1);
    put_value(page, candidate, PAGE_GREEN, d->v2);
    if (!note)
        return;
    page_to(page, 6);
    page_text(page, PAGE_DIM, "%s", note);
    page_line(page);
}

/* Headers before bodies, and by path. */
static int by_place(const void *a, const void *b)
{
    const struct difference *x = a, *y = b;

    return x->where != y->where ? (x->where > y->where) - (x->where < y->where)
                                : str_cmp(x->path, y->path);
}

static void put_candidate(struct page *page, struct pair_diff *work, const char *candidate)
{
    struct diffs *found = &work->found;

    if (work->depth == DEPTH_NONE) {
        page_text(page, PAGE_BOLD, "-- %s and v1: not compared", candidate);
        page_line(page);
        return;
    }
    page_text(page, PAGE_BOLD, "-- %s and v1: ", candidate);
    page_text(page, PAGE_BOLD, found->count ? "what differs" : "no difference");
    page_line(page);
    qsort(found->items, found->count, sizeof *found->items,
          by_place); /* nobody looks them up now */
    for (size_t i = 0; i < found->count; i++)
        put_difference(page, work, candidate, &found->items[i]);
    if (found->left_out) {
        page_text(page, PAGE_PLAIN, "   and %" PRIu64 " more", found->left_out);
        page_line(page);
    }
}

int pair_text(const struct pair *p, const struct pair_roles *roles,
              const struct report_style *style, bool show_secrets, struct buf *out, struct err *e)
{
    struct pair_diff work;
    struct page page;
    int rc;

    if (pair_diff_init(&work, NULL, show_secrets, e) < 0)
        return -1;
    page_begin(&page, style, out, e);
    rc = pair_diff_begin(&work, p, roles, e);
    for (unsigned i = 0; rc == 0 && i < CANDIDATES_MAX; i++) {
        if (roles->candidates[i] == NOBODY)
            continue;
        rc = pair_diff_candidate(&work, roles, i, e);
        if (rc == 0)
            put_candidate(&page, &work, candidate_name(i));
    }
    pair_diff_release(&work);
    return rc < 0 ? -1 : page_end(&page);
}
