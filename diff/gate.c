#include "diff/gate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/str.h"

#define DEFAULT_RATIO     1.10
#define DEFAULT_MARGIN_NS (2 * NS_PER_MS)
#define DEFAULT_COVERAGE  0.95
#define MOST_MARGIN_S     86400.0

static const char *const names[GATE_COUNT] = {"outcome", "status",  "headers",
                                              "body",    "latency", "coverage"};

static const char *const wanted[GATE_COUNT] = {
    "a count (0), a share of pairs (0.5%), off or warn",
    "a count (0), a share of pairs (0.5%), off or warn",
    "a count (0), a share of pairs (0.5%), off or warn",
    "a count (0), a share of pairs (0.5%), off or warn",
    "a ratio (1.10), with a margin (1.10,2ms), off or warn",
    "a least share (95%), off or warn",
};

const char *gate_name_text(enum gate_name name)
{
    return names[name];
}

void gates_default(struct gate gates[GATE_COUNT])
{
    memset(gates, 0, GATE_COUNT * sizeof *gates);
    gates[GATE_LATENCY] =
        (struct gate){.warn = true, .limit = DEFAULT_RATIO, .margin_ns = DEFAULT_MARGIN_NS};
    gates[GATE_COVERAGE].limit = DEFAULT_COVERAGE;
}

/* Digits with at most one point: no exponent, no sign, no locale. */
static bool read_decimal(struct str s, double *value)
{
    double v = 0, unit = 1;
    bool point = false, digit = false;

    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == '.' && !point) {
            point = true;
        } else if (s.data[i] >= '0' && s.data[i] <= '9') {
            digit = true;
            v = v * 10 + (s.data[i] - '0');
            unit *= point ? 10 : 1;
        } else {
            return false;
        }
    }
    *value = v / unit;
    return digit && s.len < 30;
}

static bool read_share(struct str s, double *value)
{
    if (!str_ends(s, STR("%")) || !read_decimal(str_head(s, s.len - 1), value))
        return false;
    *value /= 100;
    return *value <= 1;
}

static bool read_time(struct str s, int64_t *ns)
{
    static const struct {
        struct str unit;
        int64_t ns;
    } units[] = {{STR_INIT("ns"), 1},
                 {STR_INIT("us"), NS_PER_US},
                 {STR_INIT("ms"), NS_PER_MS},
                 {STR_INIT("s"), NS_PER_SEC}};
    double value;

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!str_ends(s, units[i].unit) ||
            !read_decimal(str_head(s, s.len - units[i].unit.len), &value))
            continue;
        value *= (double)units[i].ns;
        *ns = (int64_t)value;
        return value <= MOST_MARGIN_S * (double)NS_PER_SEC;
    }
    return false;
}

static bool read_count(struct str s, struct gate *g)
{
    uint64_t count;

    if (read_share(s, &g->limit)) {
        g->share = true;
        return true;
    }
    if (!str_to_u64(s, &count))
        return false;
    g->limit = (double)count;
    return true;
}

static bool read_latency(struct str s, struct gate *g)
{
    struct str ratio = str_cut(&s, ',');

    g->margin_ns = 0;
    return read_decimal(ratio, &g->limit) && g->limit >= 1 &&
           (!s.data || read_time(s, &g->margin_ns));
}

static bool read_limit(enum gate_name name, struct str s, struct gate *g)
{
    if (name == GATE_LATENCY)
        return read_latency(s, g);
    if (name == GATE_COVERAGE)
        return read_share(s, &g->limit);
    return read_count(s, g);
}

int gate_read(struct gate gates[GATE_COUNT], const char *text, struct err *e)
{
    struct str limit = str_of(text), name = str_cut(&limit, '=');
    struct gate defaults[GATE_COUNT], g = {0};
    int i = 0;

    while (i < GATE_COUNT && !str_eq(name, str_of(names[i])))
        i++;
    if (i == GATE_COUNT)
        return err_set(e, ERR_USAGE,
                       "--gate %s: no such gate, try one of outcome, status, headers, body, "
                       "latency, coverage",
                       text);
    gates_default(defaults);
    if (str_eq(limit, STR("off")) || str_eq(limit, STR("warn"))) {
        g = defaults[i];
        g.off = limit.len == 3;
        g.warn = limit.len == 4;
    } else if (!read_limit((enum gate_name)i, limit, &g)) {
        return err_set(e, ERR_USAGE, "--gate %s: want %s", text, wanted[i]);
    }
    gates[i] = g;
    return 0;
}

static void latency_text(const struct gate *g, char text[GATE_TEXT])
{
    int n = snprintf(text, GATE_TEXT, "%.2f", g->limit);

    if (!g->margin_ns)
        return;
    if (g->margin_ns % NS_PER_MS == 0)
        snprintf(text + n, GATE_TEXT - (size_t)n, ",%" PRId64 "ms", g->margin_ns / NS_PER_MS);
    else
        snprintf(text + n, GATE_TEXT - (size_t)n, ",%" PRId64 "us", g->margin_ns / NS_PER_US);
}

const char *gate_limit_text(enum gate_name name, const struct gate *g, char text[GATE_TEXT])
{
    if (g->off)
        snprintf(text, GATE_TEXT, "off");
    else if (name == GATE_LATENCY)
        latency_text(g, text);
    else if (name == GATE_COVERAGE || g->share)
        snprintf(text, GATE_TEXT, "%.10g%%", g->limit * 100);
    else
        snprintf(text, GATE_TEXT, "%.0f", g->limit);
    return text;
}
