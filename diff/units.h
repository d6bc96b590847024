/* units.h -- two texts as sequences of units: lines, or what a page consists of.
 *
 * Units that both have in order are set aside (array.h). What stands between two
 * of them on one side is compared, by number, with what stands there on the
 * other: so a unit that is put in or taken out costs one difference.
 *
 * Each unit has a name, which its difference is found by in other answers. Those
 * of v1 are taken, in both comparisons that v1 takes part in: a time in line 3 is
 * noise there, and hides nothing elsewhere.
 */
#ifndef MIRRORCTL_DIFF_UNITS_H
#define MIRRORCTL_DIFF_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/str.h"
#include "diff/difference.h"

enum {
    UNITS_MAX = 100000,               /* of a text; the last one holds all the rest */
    UNITS_MEMORY = 512 * 1024 * 1024, /* more than a body of 64 MiB can need */
    UNIT_NAME = 160,                  /* bytes of a name */
};

struct unit {
    struct str text;
    uint64_t hash;
    struct str name; /* data NULL: it has none but its number */
    bool secret;     /* its text is for reports that show secrets only */
};

struct units {
    struct unit *list;
    size_t n, room;
    size_t first; /* number of the first one */
    struct arena mem;
};

/* Start without units; the first is to be number `first`. Cannot fail. */
void units_init(struct units *u, size_t first);

/* Append one. Returns 0, or -1 with *e set. */
int units_add(struct units *u, struct str text, struct str name, struct err *e);

/* True if the next one has to be the last. */
bool units_are_full(const struct units *u);

void units_release(struct units *u);

/* Add what differs. Returns 0, or -1 with *e set. */
int units_compare(const struct units *a, const struct units *b, struct diffs *out, struct err *e);

#endif
