#include "capture/flow.h"

#include <string.h>
#define XXH_INLINE_ALL /* for short inputs the call would cost more than the hash */
#include <xxhash.h>

#include "core/clock.h"
#include "core/mem.h"

static const int64_t lifetime_ns[FLOW_CLASSES] = {
    [FLOW_HALF_OPEN] = 30 * NS_PER_SEC,
    [FLOW_OPEN] = 300 * NS_PER_SEC,
    [FLOW_OVER] = 5 * NS_PER_SEC,
};

struct flow_list {
    struct flow *oldest, *newest;
    size_t count;
};

struct flow_table {
    struct budget *budget;
    uint64_t seed;
    struct flow **bucket;
    size_t buckets; /* a power of two */
    size_t count;
    struct flow_list list[FLOW_CLASSES];
    struct flow *waits_longest, *waits_shortest;
};

enum { FIRST_BUCKETS = 1024 };

struct flow_table *flow_table_new(struct budget *budget, uint64_t seed, struct err *e)
{
    struct flow_table *t = mem_zalloc(sizeof *t);

    if (t)
        t->bucket = mem_array(FIRST_BUCKETS, sizeof(struct flow *));
    if (!t || !t->bucket) {
        mem_free(t);
        err_nomem(e, "preparing the table of connections");
        return NULL;
    }
    t->buckets = FIRST_BUCKETS;
    t->budget = budget;
    t->seed = seed;
    return t;
}

void flow_table_free(struct flow_table *t)
{
    if (!t)
        return;
    for (int i = 0; i < FLOW_CLASSES; i++) {
        while (t->list[i].oldest)
            flow_remove(t, t->list[i].oldest);
    }
    mem_free(t->bucket);
    mem_free(t);
}

int flow_key(struct flow_key *key, const struct segment *s)
{
    int order = memcmp(s->from.address, s->to.address, sizeof s->from.address);
    int from = order > 0 || (order == 0 && s->from.port > s->to.port);

    memset(key, 0, sizeof *key);
    memcpy(key->address[from], s->from.address, sizeof s->from.address);
    memcpy(key->address[!from], s->to.address, sizeof s->to.address);
    key->port[from] = s->from.port;
    key->port[!from] = s->to.port;
    memcpy(key->vlan, s->vlan, sizeof key->vlan);
    key->vni = s->vni;
    key->family = s->from.family;
    return from;
}

static uint64_t hash_key(const struct flow_table *t, const struct flow_key *key)
{
    return XXH3_64bits_withSeed(key, sizeof *key, t->seed);
}

struct flow *flow_find(struct flow_table *t, const struct flow_key *key)
{
    uint64_t hash = hash_key(t, key);
    struct flow *f = t->bucket[hash & (t->buckets - 1)];

    while (f && (f->hash != hash || memcmp(&f->key, key, sizeof *key) != 0))
        f = f->chain;
    return f;
}

/* Double the buckets. If there is no memory the chains get longer, that's all. */
static void grow(struct flow_table *t)
{
    size_t n = t->buckets * 2;
    struct flow **bucket = mem_array(n, sizeof(struct flow *));

    if (!bucket)
        return;
    for (size_t i = 0; i < t->buckets; i++) {
        struct flow *f = t->bucket[i], *next;
        for (; f; f = next) {
            next = f->chain;
            f->chain = bucket[f->hash & (n - 1)];
            bucket[f->hash & (n - 1)] = f;
        }
    }
    mem_free(t->bucket);
    t->bucket = bucket;
    t->buckets = n;
}

static void list_remove(struct flow_table *t, struct flow *f)
{
    struct flow_list *l = &t->list[f->class];

    *(f->older ? &f->older->newer : &l->oldest) = f->newer;
    *(f->newer ? &f->newer->older : &l->newest) = f->older;
    l->count--;
}

static void list_append(struct flow_table *t, struct flow *f, enum flow_class class)
{
    struct flow_list *l = &t->list[class];

    f->class = class;
    f->listed_ns = f->last_ns;
    f->older = l->newest;
    f->newer = NULL;
    *(l->newest ? &l->newest->newer : &l->oldest) = f;
    l->newest = f;
    l->count++;
}

static void stop_waiting(struct flow_table *t, struct flow *f)
{
    *(f->waits_longer ? &f->waits_longer->waits_shorter : &t->waits_longest) = f->waits_shorter;
    *(f->waits_shorter ? &f->waits_shorter->waits_longer : &t->waits_shortest) = f->waits_longer;
    f->waiting = false;
}

static void start_waiting(struct flow_table *t, struct flow *f, int64_t now)
{
    f->waiting = true;
    f->waits_ns = now;
    f->waits_longer = t->waits_shortest;
    f->waits_shorter = NULL;
    *(t->waits_shortest ? &t->waits_shortest->waits_shorter : &t->waits_longest) = f;
    t->waits_shortest = f;
}

struct flow *flow_add(struct flow_table *t, const struct flow_key *key)
{
    struct flow *f;
    struct flow **bucket;

    if (t->count >= t->buckets)
        grow(t);
    f = mem_zalloc(sizeof *f);
    if (!f)
        return NULL;
    f->key = *key;
    f->hash = hash_key(t, key);
    bucket = &t->bucket[f->hash & (t->buckets - 1)];
    f->chain = *bucket;
    *bucket = f;
    list_append(t, f, FLOW_HALF_OPEN);
    t->count++;
    budget_charge(t->budget, sizeof *f);
    return f;
}

void flow_remove(struct flow_table *t, struct flow *f)
{
    struct flow **at = &t->bucket[f->hash & (t->buckets - 1)];

    while (*at != f)
        at = &(*at)->chain;
    *at = f->chain;
    list_remove(t, f);
    if (f->waiting)
        stop_waiting(t, f);
    t->count--;
    budget_return(t->budget, sizeof *f);
    mem_free(f);
}

static enum flow_class class_of(const struct connection *c)
{
    if (connection_is_over(c))
        return FLOW_OVER;
    return c->carries || c->open ? FLOW_OPEN : FLOW_HALF_OPEN;
}

void flow_touch(struct flow_table *t, struct flow *f, int64_t now)
{
    enum flow_class class = class_of(&f->connection);
    bool waits = connection_is_unsure(&f->connection);

    f->last_ns = now;
    /* To move touches the neighbours, which are in no cache: not for every packet. */
    if (class != f->class || now - f->listed_ns >= FLOW_MOMENT_NS || now < f->listed_ns) {
        list_remove(t, f);
        list_append(t, f, class);
    }
    if (waits && !f->waiting)
        start_waiting(t, f, now);
    else if (!waits && f->waiting)
        stop_waiting(t, f);
}

bool flow_is_over(const struct flow *f, int64_t now)
{
    int64_t lifetime = lifetime_ns[f->class];

    /* Beyond either end: older packets may follow newer ones, file by file. */
    return now - f->last_ns > lifetime || f->last_ns - now > lifetime;
}

struct flow *flow_expired(const struct flow_table *t, int64_t now)
{
    for (int i = 0; i < FLOW_CLASSES; i++) {
        struct flow *f = t->list[i].oldest;
        if (f && flow_is_over(f, now))
            return f;
    }
    return t->list[FLOW_OVER].count > FLOW_MAX_OVER ? t->list[FLOW_OVER].oldest : NULL;
}

struct flow *flow_waiting(const struct flow_table *t, int64_t now, int64_t ns)
{
    struct flow *f = t->waits_longest;

    return f && now - f->waits_ns >= ns ? f : NULL;
}

void flow_waited(struct flow_table *t, struct flow *f, int64_t now)
{
    enum flow_class class = class_of(&f->connection);

    stop_waiting(t, f);
    if (connection_is_unsure(&f->connection))
        start_waiting(t, f, now);
    /* It may have turned out to be over; keep the list ordered by time. */
    if (class != f->class) {
        list_remove(t, f);
        f->last_ns = now;
        list_append(t, f, class);
    }
}

struct flow *flow_oldest(const struct flow_table *t)
{
    struct flow *found = NULL;

    for (int i = 0; i < FLOW_CLASSES; i++) {
        struct flow *f = t->list[i].oldest;
        if (f && (!found || f->last_ns < found->last_ns))
            found = f;
    }
    return found;
}

struct flow *flow_victim(const struct flow_table *t)
{
    if (t->waits_longest)
        return t->waits_longest;
    for (int i = 0; i < FLOW_CLASSES; i++) {
        if (t->list[i].oldest)
            return t->list[i].oldest;
    }
    return NULL;
}

bool flow_table_is_full(const struct flow_table *t)
{
    return t->count >= FLOW_MAX;
}
