/* plan_native.h -- our own kind, Mirror: between the files that read and print it.
 *
 * It can say all that struct plan holds, so that any plan can be printed as one or
 * several Mirrors that read back to it. What people write is the short part of it
 * (mirrorctl.yaml(5)); what only printing needs is `destinations`, `source` and
 * `unknowable`.
 *
 * A plan may be larger than one document can be, so several Mirrors add up: rules
 * in their order, destinations for all that follow, settings in one of them.
 */
#ifndef MIRRORCTL_REPLAY_PLAN_NATIVE_H
#define MIRRORCTL_REPLAY_PLAN_NATIVE_H

#include "replay/plan_reader.h"

/*     E601  an import that cannot be
 *     E602  a value that its field does not take
 *     E603  fields that exclude each other, or say nothing together
 *     E604  settings of the run in more than one Mirror
 *     E605  a destination that is neither a URL nor a name
 *     E606  a change to header fields that cannot be made
 */
enum { NATIVE_MAX_IMPORTS = 64, NATIVE_MAX_IMPORT_DEPTH = 8 };

/* ---- HOST[:PORT][/SUBSET] -------------------------------------------------------- */

struct native_name {
    struct str host, subset;
    uint16_t port; /* 0: none */
};

/* Take a destination's name apart; a URL is all host. False: it is no such name. */
bool native_name_split(struct str name, struct native_name *parts);

/* Does it say where something runs, rather than what it is called? */
bool native_is_url(struct str s);

/* ---- named things ------------------------------------------------------------------- */

/* A map of names, or a list of {name, value}: what fields and changes stand in. Each
 * `take` gets one, in order; `value` is NULL where it is null. */
typedef void native_take(struct plan_reader *r, void *ctx, struct str name,
                         const struct yaml_node *value, struct place at);
void native_each(struct plan_reader *r, const struct yaml_node *n, const char *what,
                 native_take *take, void *ctx);

/* ---- percentages ------------------------------------------------------------------- */

/* 12.5, 12.5 % or 1e1 as parts per million, rounded to the nearest; E405, E406. False
 * after telling. A NULL node is never wrong. */
bool native_ppm(struct plan_reader *r, const struct yaml_node *n, const char *what, uint32_t *ppm);

/* ---- parts of a Mirror --------------------------------------------------------------- */

/* What a rule, or a Mirror as a whole, says of where to. NULL: nothing. */
struct native_route {
    const struct yaml_node *baseline, *baselines, *candidate, *candidates, *percent;
};

/* One that is read, and what its rules take from it where they say nothing. */
struct native_mirror {
    struct native_mirror *next;
    struct plan_reader *r;
    struct place at;
    struct str name, namespace;
    const struct yaml_node *destinations, *rules;
    struct native_route route; /* of what no rule takes */
};

/* plan_native_match.c: `match`, one or a list, and `hosts`. */
void native_matches(struct plan_reader *r, const struct yaml_node *n, struct plan_rule *rule);
void native_hosts(struct plan_reader *r, const struct yaml_node *n, struct plan_rule *rule);

/* A scalar, or a list of them. Returns how many, in the plan's memory. */
size_t native_texts(struct plan_reader *r, const struct yaml_node *n, const char *what,
                    struct str **list);

/* plan_native_arrow.c: all arrows of `route`; a rule without a baseline has that of `m`.
 * `ppm` is for candidates that say nothing. */
void native_arrows(const struct native_mirror *m, const struct native_route *route, uint32_t ppm,
                   struct plan_rule *rule);

/* plan_native_change.c */
struct plan_change *native_changes(struct plan_reader *r, const struct yaml_node *n);
void native_rewrite(struct plan_reader *r, const struct yaml_node *n, struct plan_rewrite *w);

/* plan_native_settings.c: sample, methods, headers, host, limits. */
struct native_settings {
    const struct yaml_node *sample, *methods, *headers, *host, *limits;
};
void native_settings(struct plan_reader *r, const struct native_settings *nodes);

/* plan_native_destination.c: the destinations of `destinations:`, known by their names
 * from there on. Only printing needs them: addresses people give by `endpoints`. */
void native_destinations(const struct native_mirror *m, const struct yaml_node *n);
/* The one that a scalar names, or that a URL or a list of URLs is. NULL after telling. */
struct plan_destination *native_destination(const struct native_mirror *m,
                                            const struct yaml_node *n);

#endif
