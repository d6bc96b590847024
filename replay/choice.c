#include "replay/choice.h"

void chooser_init(struct chooser *c, const struct routes *routes,
                  const struct replay_config *config)
{
    *c = (struct chooser){.routes = routes, .replaces_shares = config->ppm_said || !config->plan};
    select_init(&c->shares, config->seed, config->ppm);
    c->shares.key = config->key;
    c->shares.key_name = str_of(config->key_name);
    c->shares.missing_is_place = config->missing_key_is_place;
    select_init_apart(&c->baselines, config->seed, "/baseline");
    select_init_apart(&c->addresses, config->seed, "/address");
}

/* By weight; one of weight 0 has no chance, unless it is alone. */
static const struct branch *baseline_of(const struct chooser *c, const struct route *route,
                                        struct str key)
{
    const struct branch *b = route->baselines;
    uint64_t place;

    if (route->n_baselines < 2)
        return b;
    place = select_scale(select_hash(&c->baselines, key), route->weight);
    while (place >= b->arrow->weight) {
        place -= b->arrow->weight;
        b++;
    }
    return b;
}

/* A mirror of what is the baseline would compare it with itself. */
static bool is_meant(const struct branch *candidate, const struct branch *baseline)
{
    const struct plan_arrow *a = candidate->arrow;

    if (candidate->n == 0 || !baseline)
        return candidate->n > 0;
    return (!a->of || a->of == baseline->arrow) && a->to != baseline->arrow->to;
}

static const struct way *way_of(const struct chooser *c, const struct way *ways, unsigned n,
                                struct str key)
{
    if (n < 2)
        return ways;
    return &ways[select_scale(select_hash(&c->addresses, key), n)];
}

static void choose_baseline(const struct chooser *c, const struct branch *baseline, struct str key,
                            struct choice *choice)
{
    const struct routes *r = c->routes;

    if (r->v1 >= 0)
        choice->ways[r->v1] = way_of(c, baseline->ways, baseline->n, key);
    if (r->control >= 0 && baseline)
        choice->ways[r->control] = way_of(c, baseline->controls, baseline->n, key);
}

void choose(const struct chooser *c, const struct plan_decision *d, struct str key,
            struct choice *choice)
{
    const struct route *route = &c->routes->list[d->rule->index];
    const struct branch *baseline = baseline_of(c, route, key);
    uint32_t place = select_position(select_hash(&c->shares, key));

    *choice = (struct choice){0};
    for (unsigned i = 0; i < route->n_candidates; i++) {
        const struct branch *b = &route->candidates[i];
        uint32_t share = is_meant(b, baseline) ? plan_share(d, b->arrow) : 0;

        if (share == 0)
            continue; /* it is off */
        choice->meant = true;
        if (place >= (c->replaces_shares ? c->shares.ppm : share))
            continue;
        choice->drawn = true;
        choice->ways[c->routes->candidates + i] = way_of(c, b->ways, b->n, key);
    }
    if (choice->drawn)
        choose_baseline(c, baseline, key, choice);
}
