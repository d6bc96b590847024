/* plan_percent.c -- shares as Istio writes them.
 *
 * istiod cuts 0.57 % to 5699 parts per million; we take the nearest number. What
 * is more than nothing must not become nothing: old Envoys took 0 without a name
 * for everything.
 */
#include <math.h>
#include <string.h>

#include "replay/plan_istio.h"

enum { PPM_OF_A_PERCENT = PLAN_MILLION / 100, SHOWN = 40 };

static bool tell(struct plan_reader *r, const struct yaml_node *n, const char *what)
{
    plan_error(r, "E405", n->at, "%s must be a number from 0 to 100, not \"%.*s\"", what,
               STR_ARG(str_head(n->text, SHOWN)));
    return false;
}

static void warn_if_quoted(struct plan_reader *r, const struct yaml_node *n, const char *what)
{
    if (n->quoted)
        plan_warn(r, "W211", n->at, "%s is a quoted number: a cluster would reject it", what);
}

/* 010 is 8 to a cluster. */
static bool has_zeros(struct str s)
{
    return s.len > 1 && s.data[0] == '0' && s.data[1] >= '0' && s.data[1] <= '9';
}

/* 1e-400 is more than nothing, though no double is so small. */
static bool is_something(struct str number)
{
    size_t i = 0;

    while (i < number.len && strchr("-0.", number.data[i]))
        i++;
    return i < number.len && number.data[i] >= '1' && number.data[i] <= '9';
}

static bool take_value(struct plan_reader *r, const struct yaml_node *n, const char *what,
                       uint32_t *ppm)
{
    double percent;

    if (!plan_is_scalar(r, n, what))
        return false;
    if (has_zeros(n->text) || !yaml_to_double(n, &percent) || percent < 0 || percent > 100)
        return tell(r, n, what);
    *ppm = (uint32_t)lround(percent * PPM_OF_A_PERCENT);
    if (*ppm == 0 && is_something(n->text)) {
        plan_error(r, "E406", n->at, "%s is below 0.0001 %%, the least that is not nothing", what);
        return false;
    }
    warn_if_quoted(r, n, what);
    return true;
}

bool plan_percentage(struct plan_reader *r, const struct yaml_node *n, const char *what,
                     uint32_t *ppm)
{
    static const struct plan_known known[] = {{"value"}};
    struct plan_fields fields = {what, known, 1};
    const struct yaml_node *value;

    if (n->kind == YAML_SCALAR) {
        plan_error(r, "E405", n->at, "%s must be a map: write {value: %.*s}", what,
                   STR_ARG(str_head(n->text, SHOWN)));
        return false;
    }
    if (!plan_take(r, n, &fields, &value, NULL))
        return false;
    *ppm = 0;
    return !value || take_value(r, value, what, ppm);
}

bool plan_whole_percent(struct plan_reader *r, const struct yaml_node *n, uint32_t *ppm)
{
    uint64_t percent;
    double fraction;

    if (!plan_is_scalar(r, n, "mirrorPercent"))
        return false;
    if (yaml_to_u64(n, &percent) && percent <= 100 && !has_zeros(n->text)) {
        *ppm = (uint32_t)percent * PPM_OF_A_PERCENT;
        warn_if_quoted(r, n, "mirrorPercent");
        return true;
    }
    if (has_zeros(n->text) || !yaml_to_double(n, &fraction) || fraction < 0 || fraction > 100)
        return tell(r, n, "mirrorPercent");
    plan_error(r, "E405", n->at,
               "mirrorPercent must be an integer: write mirrorPercentage: {value: %.*s}",
               STR_ARG(str_head(n->text, SHOWN)));
    return false;
}
