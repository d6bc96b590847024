/* plan_host.h -- whose rules are asked: hosts, and which of them is the best.
 *
 * A host is a name, *.suffix or "*"; names are compared without case. A suffix
 * fits whatever has something in front of it, as many labels as there may be.
 */
#ifndef MIRRORCTL_REPLAY_PLAN_HOST_H
#define MIRRORCTL_REPLAY_PLAN_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/str.h"

/* An authority without its port, and an IPv6 address without its brackets. */
struct str plan_host_name(struct str authority);

/* How well the host of a rule fits a name: 0 not at all, PLAN_HOST_EXACT best of all. */
#define PLAN_HOST_EXACT SIZE_MAX
size_t plan_host_rank(struct str host, struct str name);

/* One of a table of hosts, with what its owner keeps there. */
struct plan_host {
    struct plan_host *next;  /* of all */
    struct plan_host *chain; /* of those in one slot */
    struct str key;          /* a name, or what stands behind the star */
    bool is_suffix;
    uint64_t hash;
    uint32_t *sets; /* owner's: which sets of rules name it */
    size_t n_sets;
    void *rules; /* owner's */
};

struct plan_hosts {
    struct plan_host **slots;
    size_t n_slots, count;
    struct plan_host *all;
    bool begins_suffix[256]; /* bytes at which a suffix may begin */
    struct arena *mem;
};

/* Make room for `n` hosts. Returns 0, or -1 with *e set. */
int plan_hosts_init(struct plan_hosts *h, size_t n, struct arena *mem, struct err *e);

/* Find one as rules write it, or add it. NULL with *e set. */
struct plan_host *plan_hosts_add(struct plan_hosts *h, struct str host, struct err *e);

/* The best for a name; NULL: none fits. */
struct plan_host *plan_hosts_find(const struct plan_hosts *h, struct str name);

#endif
