/* plan_mirrors.c -- what a rule of Istio says about copies: mirror or mirrors, and shares. */
#include "replay/plan_istio.h"

/* ---- mirror, and the share beside it ---- */

static void warn_deprecated(struct plan_reader *r, const struct plan_mirror_fields *f, uint32_t ppm)
{
    plan_warn(r, "W202", f->percent_key->at,
              "%s is deprecated: write mirrorPercentage: {value: %u}", f->percent_key->text.data,
              ppm / (PLAN_MILLION / 100));
}

/* The newer one wins, but both must be good. */
static bool take_share(struct plan_reader *r, const struct plan_mirror_fields *f, uint32_t *ppm)
{
    uint32_t older = PLAN_MILLION, newer = PLAN_MILLION;
    bool good = !f->percent || plan_whole_percent(r, f->percent, &older);

    if (f->percentage && !plan_percentage(r, f->percentage, "mirrorPercentage", &newer))
        good = false;
    if (good && f->percent && f->percentage)
        plan_warn(r, "W407", f->percent_key->at, "%s ignored: %s beside it counts",
                  f->percent_key->text.data, f->percentage_key->text.data);
    else if (good && f->percent)
        warn_deprecated(r, f, older);
    *ppm = f->percentage ? newer : older;
    return good;
}

static void take_mirror(const struct plan_object *o, const struct plan_mirror_fields *f,
                        struct plan_rule *rule)
{
    struct plan_reader *r = o->r;
    uint32_t ppm = PLAN_MILLION;
    bool good = take_share(r, f, &ppm);
    const struct plan_destination *to = plan_istio_destination(o, f->mirror, "mirror", true);
    struct plan_arrow *arrow;

    if (!good || !to)
        return;
    arrow = plan_alloc(r, sizeof *arrow);
    if (!arrow)
        return;
    *arrow = (struct plan_arrow){.to = to, .at = f->mirror_key->at, .ppm = ppm};
    plan_add_candidate(r, rule, arrow);
}

static void warn_without_mirror(struct plan_reader *r, const struct plan_mirror_fields *f)
{
    const struct yaml_node *key = f->percentage ? f->percentage_key : f->percent_key;
    uint32_t ppm;

    if (!f->percent && !f->percentage)
        return;
    take_share(r, f, &ppm);
    plan_warn(r, "W404", key->at, "there is nothing to mirror to: %s stands beside `mirror`%s",
              key->text.data, f->mirrors ? ", and each of `mirrors` has a percentage" : "");
}

/* ---- mirrors[] ---- */

enum { DESTINATION, PERCENTAGE, AUTHORITY, HEADERS, HOST, SUBSET, PORT, N_FIELDS };

static const char in_destination[] = "in `destination`";

static const struct plan_known known[N_FIELDS] = {
    [DESTINATION] = {"destination"},
    [PERCENTAGE] = {"percentage"},
    [AUTHORITY] = {"authority"},
    [HEADERS] = {"headers"},
    [HOST] = {"host", NULL, PLAN_FIELD_ELSEWHERE, in_destination},
    [SUBSET] = {"subset", NULL, PLAN_FIELD_ELSEWHERE, in_destination},
    [PORT] = {"port", NULL, PLAN_FIELD_ELSEWHERE, in_destination},
};

static const struct plan_fields fields = {"mirrors[]", known, N_FIELDS};

static void warn_unreleased(struct plan_reader *r, const struct yaml_node *key)
{
    if (key)
        plan_warn(r, "W204", key->at, "%s of a mirror is not in released Istio", key->text.data);
}

/* What a later Istio may have: a Host and headers of this copy alone. */
static void take_changes(struct plan_reader *r, const struct yaml_node *const values[],
                         const struct yaml_node *const keys[], struct plan_arrow *arrow)
{
    struct str authority = {0};

    warn_unreleased(r, values[AUTHORITY] ? keys[AUTHORITY] : NULL);
    warn_unreleased(r, values[HEADERS] ? keys[HEADERS] : NULL);
    plan_arrow_headers(r, values[HEADERS], arrow);
    if (values[AUTHORITY] && plan_take_authority(r, values[AUTHORITY], "authority", &authority))
        plan_arrow_authority(r, authority, values[AUTHORITY]->at, arrow);
}

static void take_item(const struct plan_object *o, const struct yaml_node *n,
                      struct plan_rule *rule)
{
    const struct yaml_node *values[N_FIELDS], *keys[N_FIELDS];
    struct plan_reader *r = o->r;
    struct plan_arrow *arrow;
    bool good;

    if (!plan_take(r, n, &fields, values, keys))
        return;
    arrow = plan_alloc(r, sizeof *arrow);
    if (!arrow)
        return;
    *arrow = (struct plan_arrow){.at = n->at, .ppm = PLAN_MILLION};
    good = !values[PERCENTAGE] || plan_percentage(r, values[PERCENTAGE], "percentage", &arrow->ppm);
    take_changes(r, values, keys, arrow);
    if (values[DESTINATION])
        arrow->to = plan_istio_destination(o, values[DESTINATION], "destination", false);
    else
        plan_error(r, "E202", n->at, "destination of mirrors[] is required");
    if (good && arrow->to && !r->failed)
        plan_add_candidate(r, rule, arrow);
}

void plan_mirrors(const struct plan_object *o, const struct plan_mirror_fields *f,
                  struct plan_rule *rule)
{
    if (f->mirror || f->mirrors)
        o->r->has_mirror = true;
    if (f->mirror && f->mirrors)
        plan_error(o->r, "E403", f->mirrors_key->at,
                   "`mirror` (line %u) and `mirrors` cannot stand together",
                   f->mirror_key->at.line);
    if (f->mirror)
        take_mirror(o, f, rule);
    else
        warn_without_mirror(o->r, f);
    if (!f->mirrors || !plan_is_list(o->r, f->mirrors, "mirrors"))
        return;
    for (const struct yaml_item *i = f->mirrors->items; i && !o->r->failed; i = i->next)
        take_item(o, i->value, rule);
}
