#include "diff/reading.h"

#include <stdlib.h>

#include "core/clock.h"
#include "diff/time_text.h"

/* How far a clock may be off from that of the replay, and two from each other. */
static const int64_t skew_ns = 60 * NS_PER_SEC;
static const int64_t apart_ns = NS_PER_SEC;

enum { DATE_AND_TIME = 19 }; /* 2026-11-22T10:11:12 */

/* What says how far the clock is ahead of UTC: the same moment may be written with
 * another, which is no matter of when it was read. */
static struct str zone_of(struct str text)
{
    size_t at = DATE_AND_TIME;

    while (at < text.len && text.data[at] != '+' && text.data[at] != '-' && text.data[at] != 'Z')
        at++;
    return str_skip(text, at);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* But for digits. */
static bool is_written_alike(struct str a, struct str b)
{
    if (a.len != b.len || !str_eq(zone_of(a), zone_of(b)))
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (a.data[i] != b.data[i] && !(is_digit(a.data[i]) && is_digit(b.data[i])))
            return false;
    }
    return true;
}

/* How much later than it was asked the service's clock was read, by ours. */
static bool lag_of(struct str text, const struct reading_time *t, int64_t *lag)
{
    int64_t ns;

    if (t->asked_ns <= 0 || t->answered_ns < t->asked_ns || !time_text_read(text, &ns))
        return false;
    *lag = ns - t->asked_ns;
    return *lag >= -skew_ns && ns - t->answered_ns <= skew_ns;
}

bool reading_is_same(struct str a, const struct reading_time *at, struct str b,
                     const struct reading_time *bt)
{
    int64_t one, other, took = at->answered_ns - at->asked_ns;

    if (!is_written_alike(a, b) || !lag_of(a, at, &one) || !lag_of(b, bt, &other))
        return false;
    if (took < bt->answered_ns - bt->asked_ns)
        took = bt->answered_ns - bt->asked_ns;
    return llabs(one - other) <= apart_ns + took;
}
