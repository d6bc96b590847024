#include "diff/time_text.h"

#include "core/clock.h"

struct reader {
    struct str rest;
    bool bad;
};

static bool take(struct reader *r, char c)
{
    if (!r->rest.len || r->rest.data[0] != c)
        return false;
    r->rest = str_skip(r->rest, 1);
    return true;
}

static void must_take(struct reader *r, char c)
{
    r->bad = !take(r, c) || r->bad;
}

/* Just `digits` of them. */
static int64_t number(struct reader *r, size_t digits)
{
    uint64_t n = 0;

    r->bad = r->bad || r->rest.len < digits || !str_to_u64(str_head(r->rest, digits), &n);
    r->rest = str_skip(r->rest, digits);
    return (int64_t)n;
}

static bool in_range(int64_t n, int64_t low, int64_t high)
{
    return n >= low && n <= high;
}

/* Days since 1970 of a date in the Gregorian calendar: years begin in March, so
 * that the leap day is the last one; 400 years have 146,097 days. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;

    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468;
}

/* Nanoseconds behind the point, further digits left out. */
static int64_t fraction(struct reader *r)
{
    int64_t ns = 0, unit = NS_PER_SEC / 10;
    size_t n = 0;

    for (; r->rest.len && in_range(r->rest.data[0], '0', '9'); n++) {
        ns += (r->rest.data[0] - '0') * unit;
        unit /= 10;
        r->rest = str_skip(r->rest, 1);
    }
    r->bad = r->bad || n == 0;
    return ns;
}

/* Z, +01:00, +0100, +01, or nothing; in seconds. */
static int64_t zone(struct reader *r)
{
    int64_t hours, minutes = 0;
    bool west = r->rest.len && r->rest.data[0] == '-';

    if (!r->rest.len || take(r, 'Z') || take(r, 'z'))
        return 0;
    if (!west && r->rest.data[0] != '+')
        r->bad = true;
    r->rest = str_skip(r->rest, 1);
    hours = number(r, 2);
    if (r->rest.len) {
        take(r, ':');
        minutes = number(r, 2);
    }
    return (west ? -1 : 1) * (hours * 3600 + minutes * 60);
}

static int64_t clock_time(struct reader *r, bool seconds)
{
    int64_t hour = number(r, 2), minute, second = 0;

    must_take(r, ':');
    minute = number(r, 2);
    if (seconds || (r->rest.len && r->rest.data[0] == ':')) {
        must_take(r, ':');
        second = number(r, 2);
    }
    r->bad = r->bad || hour > 24 || minute > 59 || second > 60;
    return hour * 3600 + minute * 60 + second;
}

static bool finish(const struct reader *r, int64_t days, int64_t seconds, int64_t ns, int64_t *to)
{
    if (r->bad || r->rest.len || !in_range(days, -100000, 100000)) /* 1696 to 2243 */
        return false;
    *to = (days * 86400 + seconds) * NS_PER_SEC + ns;
    return true;
}

static bool read_iso(struct str text, int64_t *ns)
{
    struct reader r = {.rest = text};
    int64_t year = number(&r, 4), month, day, seconds = 0, part = 0;

    must_take(&r, '-');
    month = number(&r, 2);
    must_take(&r, '-');
    day = number(&r, 2);
    r.bad = r.bad || !in_range(month, 1, 12) || !in_range(day, 1, 31);
    if (r.rest.len && !r.bad) {
        if (!take(&r, 'T') && !take(&r, 't') && !take(&r, ' '))
            return false;
        seconds = clock_time(&r, false);
        if (take(&r, '.') || take(&r, ','))
            part = fraction(&r);
        seconds -= zone(&r);
    }
    return finish(&r, days_of(year, month, day), seconds, part, ns);
}

/* IMF-fixdate (RFC 9110, 5.6.7). */
static bool read_http(struct str text, int64_t *ns)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct reader r = {.rest = str_skip(text, 5)};
    int64_t day, month = 0, year, seconds;

    if (text.len != 29 || text.data[3] != ',' || !str_ends(text, STR(" GMT")))
        return false;
    day = number(&r, 2);
    must_take(&r, ' ');
    for (int i = 0; i < 12; i++) {
        if (str_eq(str_head(r.rest, 3), str_from(names + 3 * (size_t)i, 3)))
            month = i + 1;
    }
    r.rest = str_skip(r.rest, 3);
    must_take(&r, ' ');
    year = number(&r, 4);
    must_take(&r, ' ');
    seconds = clock_time(&r, true);
    r.rest = str_skip(r.rest, 4);
    r.bad = r.bad || month == 0 || !in_range(day, 1, 31);
    return finish(&r, days_of(year, month, day), seconds, 0, ns);
}

static bool read_epoch(struct str text, int64_t *ns)
{
    size_t point = str_find(text, '.');
    struct str whole = str_head(text, point);
    struct reader r = {.rest = str_skip(text, point + 1)};
    uint64_t n;
    int64_t unit = whole.len < 12   ? NS_PER_SEC
                   : whole.len < 15 ? NS_PER_SEC / 1000
                   : whole.len < 18 ? NS_PER_SEC / 1000000
                                    : 1;
    int64_t part = 0;

    if (!in_range((int64_t)whole.len, 9, 19) || !str_to_u64(whole, &n))
        return false;
    if (point < text.len)
        part = fraction(&r);
    if (r.bad || r.rest.len || n > (uint64_t)(INT64_MAX / unit) - 1)
        return false;
    *ns = (int64_t)n * unit + part / (NS_PER_SEC / unit);
    return true;
}

bool time_text_read(struct str text, int64_t *ns)
{
    return read_epoch(text, ns) || read_iso(text, ns) || read_http(text, ns);
}

bool time_text_span(struct str text, int64_t *ns)
{
    static const struct {
        struct str name;
        int64_t ns;
    } units[] = {
        {STR_INIT("ns"), 1},
        {STR_INIT("us"), 1000},
        {STR_INIT("ms"), 1000000},
        {STR_INIT("s"), NS_PER_SEC},
        {STR_INIT("m"), 60 * NS_PER_SEC},
        {STR_INIT("h"), 3600 * NS_PER_SEC},
        {STR_INIT("d"), 86400 * NS_PER_SEC},
    };
    size_t digits = 0;
    uint64_t n;

    while (digits < text.len && in_range(text.data[digits], '0', '9'))
        digits++;
    if (!str_to_u64(str_head(text, digits), &n))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!str_eq(str_skip(text, digits), units[i].name) ||
            n > (uint64_t)(INT64_MAX / units[i].ns))
            continue;
        *ns = (int64_t)n * units[i].ns;
        return true;
    }
    return false;
}
