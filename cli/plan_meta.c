#include "cli/plan_meta.h"

/* Of names, as they stand in the plan: escaped they may take six times the room. */
enum { NAMES_MAX = 24 * 1024, ITEM_BYTES = 64 };

static size_t names_of(const struct plan_rule *rule)
{
    const struct plan_arrow *const lists[] = {rule->baselines, rule->candidates};
    size_t n = rule->name.len + rule->source.len + ITEM_BYTES;

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (const struct plan_arrow *a = lists[i]; a; a = a->next)
            n += a->to->name.len + ITEM_BYTES;
    }
    return n;
}

static void put_arrow(struct json_writer *w, const struct plan_arrow *a, const char *key,
                      uint64_t number)
{
    json_open_object(w);
    json_key(w, "destination");
    json_str(w, a->to->name);
    json_key(w, key);
    json_u64(w, number);
    json_close(w);
}

static void put_rule(struct json_writer *w, const struct plan_rule *rule, int64_t share)
{
    json_open_object(w);
    json_key(w, "name");
    json_str(w, rule->name);
    json_key(w, "source");
    json_str(w, rule->source);
    json_key(w, "baseline");
    json_open_array(w);
    for (const struct plan_arrow *a = rule->baselines; a; a = a->next)
        put_arrow(w, a, "weight", a->weight);
    json_close(w);
    json_key(w, "candidates");
    json_open_array(w);
    for (const struct plan_arrow *a = rule->candidates; a; a = a->next)
        put_arrow(w, a, "ppm", a->ppm && share >= 0 ? (uint64_t)share : a->ppm);
    json_close(w);
    json_close(w);
}

void plan_meta(struct json_writer *w, const struct plan *p, int64_t share)
{
    size_t names = 0, left_out = 0;

    json_key(w, "plan");
    json_open_object(w);
    json_key(w, "rules");
    json_open_array(w);
    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next) {
        if (rule->action != PLAN_MIRROR || !rule->candidates)
            continue;
        names += names_of(rule);
        if (names <= NAMES_MAX)
            put_rule(w, rule, share);
        else
            left_out++;
    }
    json_close(w);
    json_key(w, "left_out");
    json_u64(w, left_out);
    json_close(w);
}
