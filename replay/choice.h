/* choice.h -- what chance decides about a request: its baseline, which of its
 * candidates it goes to, and at which addresses.
 *
 * Chance is a hash of the request's key (select.h), so the same request is chosen
 * for alike in every run, by any thread. All candidates of all rules are drawn by
 * one hash: what goes to 5 % goes to 10 % as well. Baselines and addresses have
 * hashes of their own, or a share would pick some of them more often.
 */
#ifndef MIRRORCTL_REPLAY_CHOICE_H
#define MIRRORCTL_REPLAY_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/plan.h"
#include "replay/replay.h"
#include "replay/routes.h"
#include "replay/select.h"

struct chooser {
    const struct routes *routes;
    struct select shares, baselines, addresses;
    bool replaces_shares; /* by shares.ppm */
};

struct choice {
    bool meant;                               /* some candidate is, under its baseline */
    bool drawn;                               /* and some such candidate was drawn */
    const struct way *ways[ROUTES_MAX_ROLES]; /* NULL: no call; if it was drawn */
};

/* Both must stay. */
void chooser_init(struct chooser *c, const struct routes *routes,
                  const struct replay_config *config);

/* Choose for the request with this key, about which `d` was decided. */
void choose(const struct chooser *c, const struct plan_decision *d, struct str key,
            struct choice *choice);

#endif
