/* noisy.h -- a service that never says the same twice, in two versions.
 *
 * What honest statistics have to see through. Both versions give each answer a
 * new id and time, list the same tags in another order, and flip two fields in
 * some of the answers. Times are those of a real machine: a request is as heavy
 * for both, load drifts, each version wobbles by itself and now and then pauses
 * for 15 requests. v2 is v1, but for what is planted:
 *
 *   value    $.price is wrong in 2 % of v2's answers
 *   excess   $.often, which differs in 30 % of v1's own pairs, is wrong in a
 *            further 5 %
 *   status   500 in 0.5 %
 *   slow     v2 takes 20 % longer
 *   header   v2 does not send X-Frame-Options
 *
 * It shares nothing with the stage that is to see through it.
 */
#ifndef MIRRORCTL_TESTS_SUPPORT_NOISY_H
#define MIRRORCTL_TESTS_SUPPORT_NOISY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/str.h"

enum noisy_plant {
    NOISY_NOTHING,
    NOISY_VALUE,
    NOISY_EXCESS,
    NOISY_STATUS,
    NOISY_SLOW,
    NOISY_HEADER,
};

enum { NOISY_BODY = 512, NOISY_ITEMS = 1000 };

/* One version. Its chances are its own, so a run with the same seed is the same. */
struct noisy {
    uint64_t state;
    enum noisy_plant plant; /* NOISY_NOTHING: v1 */
    double drift, wobble;
    unsigned pause; /* requests that it still lasts */
};

struct noisy_answer {
    int status;
    const char *fields; /* lines that end in "\r\n", without Content-Length */
    int64_t us;         /* how long it takes */
    size_t len;
    char body[NOISY_BODY];
};

/* Read the name of a plant, or "none". False: there is no such. */
bool noisy_plant_of(const char *name, enum noisy_plant *plant);

void noisy_init(struct noisy *s, uint64_t seed, enum noisy_plant plant);

/* Time passes: once for each request that both versions get. `load` is the
 * machine's, 0 on average: a version has none of its own. */
void noisy_advance(struct noisy *s, double load);

/* The load of a machine that both run on: call it once a request. */
double noisy_load(struct noisy *machine);

/* Answer GET /items/{id}. */
void noisy_answer(struct noisy *s, uint64_t id, struct noisy_answer *a);

/* Evenly from 0 to below n. */
uint64_t noisy_draw(struct noisy *s, uint64_t n);

#endif
