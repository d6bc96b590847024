/* select.h -- the reproducible draw: which requests a percentage means.
 *
 * Whether a request is mirrored depends on its key, the seed and the share
 * alone, not on order, threads or other requests. So two runs choose alike on
 * every machine, and what 10 % chooses is among what 20 % chooses.
 */
#ifndef MIRRORCTL_REPLAY_SELECT_H
#define MIRRORCTL_REPLAY_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/exchange.h"
#include "core/str.h"
#include "replay/facts.h"
#include "replay/replay.h"

#define SELECT_DEFAULT_SEED "mirrorctl/v1"

enum { SELECT_ALL = 1000000 };

struct select {
    uint64_t seeded; /* the hash after the seed, before the key */
    uint32_t ppm;
    enum replay_key key;
    struct str key_name;   /* KEY_HEADER, KEY_COOKIE */
    bool missing_is_place; /* a request without its key has its place as key */
};

/* Draw `ppm` of a million, by KEY_AUTO. `seed` may be NULL for the default. */
void select_init(struct select *s, const char *seed, uint32_t ppm);

/* For a draw that has nothing to do with that one: `what` ("/baseline") is added to
 * the seed. Only for hashes. */
void select_init_apart(struct select *s, const char *seed, const char *what);

/* The hash of a key: 64 bits that depend on each bit of seed and key. */
uint64_t select_hash(const struct select *s, struct str key);

/* Where a hash stands on a scale of 0 to n - 1, or to 999999. */
uint64_t select_scale(uint64_t hash, uint64_t n);
uint32_t select_position(uint64_t hash);

/* True if the request with this key is chosen. */
bool select_key(const struct select *s, struct str key);

/* Room for a key that has to be put together. */
enum { SELECT_KEY_ROOM = 64 };

/* The key of a request about which these facts are known: a view into it, or into
 * `room`. False when it has none.
 *
 *   KEY_AUTO       the first that it has of: trace id of `traceparent`, of
 *                  `x-b3-traceid` or `b3`, `x-request-id`, else as KEY_REQUEST
 *   KEY_REQUEST    its place in the capture: addresses of its connection, index
 *                  in it, time of its first byte
 *   KEY_HEADER     the value of the first field of that name
 *   KEY_COOKIE     the value of the first cookie of that name
 *   KEY_CLIENT_IP  the address it came from, as text
 */
bool select_find_key(const struct select *s, const struct exchange *x, const struct facts *f,
                     char room[SELECT_KEY_ROOM], struct str *key);

/* A well-mixed permutation of 64 bits, for spreading small numbers. */
uint64_t select_mix(uint64_t v);

#endif
