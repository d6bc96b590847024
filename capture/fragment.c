#include "capture/fragment.h"

#include <string.h>
#include <xxhash.h>

#include "core/clock.h"
#include "core/mem.h"

/* A datagram has at most 64 KiB, and all its fragments but the last are whole
 * units of eight bytes (RFC 791, 3.2). So it is put together in one buffer,
 * and a bit per unit says what has come. */

enum { MAX_PAYLOAD = 65535, UNIT = 8, UNITS = (MAX_PAYLOAD + UNIT) / UNIT, BUCKETS = 1024 };

struct key {
    uint8_t from[16], to[16];
    uint32_t id, vni;
    uint16_t vlan[SEGMENT_VLANS];
    uint8_t family, protocol;
};

struct datagram {
    struct key key;
    struct datagram *chain;
    struct datagram *older, *newer;
    int64_t since;
    char *bytes;
    size_t cap;
    size_t total; /* length of the payload; 0 until the last fragment came */
    size_t top;   /* end of the furthest fragment */
    size_t units; /* that have come */
    unsigned fragments;
    bool copy; /* so far of nothing but copies of a finished one's fragments */
    uint64_t seen[(UNITS + 63) / 64];
};

struct fragments {
    struct budget *budget;
    struct datagram *bucket[BUCKETS];
    struct datagram *oldest, *newest;
    struct datagram *finished[FRAGMENT_FINISHED]; /* the bytes of the last one are lent */
    unsigned next;                                /* to be replaced there */
    unsigned count;
    size_t bytes;
    uint64_t dropped;
};

struct fragments *fragments_new(struct budget *budget, struct err *e)
{
    struct fragments *t = mem_zalloc(sizeof *t);

    if (!t) {
        err_nomem(e, "preparing for IP fragments");
        return NULL;
    }
    t->budget = budget;
    return t;
}

static size_t cost(const struct datagram *d)
{
    return sizeof *d + d->cap;
}

static void free_datagram(struct fragments *t, struct datagram *d)
{
    if (!d)
        return;
    t->bytes -= cost(d);
    budget_return(t->budget, cost(d));
    mem_free(d->bytes);
    mem_free(d);
}

static struct datagram **bucket_of(struct fragments *t, const struct key *key)
{
    return &t->bucket[XXH3_64bits(key, sizeof *key) % BUCKETS];
}

static void unlink_datagram(struct fragments *t, struct datagram *d)
{
    struct datagram **at = bucket_of(t, &d->key);

    while (*at != d)
        at = &(*at)->chain;
    *at = d->chain;
    *(d->older ? &d->older->newer : &t->oldest) = d->newer;
    *(d->newer ? &d->newer->older : &t->newest) = d->older;
    t->count--;
}

static bool has_unit(const struct datagram *d, size_t unit)
{
    return d->seen[unit / 64] >> (unit % 64) & 1;
}

/* Is it a loss that it is not whole? What it begins with may tell that it is not. */
static bool is_missed(const struct datagram *d)
{
    struct str beginning = has_unit(d, 0) ? str_from(d->bytes, UNIT) : STR("");

    return !d->copy && decode_may_hold_tcp(d->key.protocol, beginning);
}

static void drop(struct fragments *t, struct datagram *d)
{
    t->dropped += is_missed(d) ? d->fragments : 0;
    unlink_datagram(t, d);
    free_datagram(t, d);
}

void fragments_free(struct fragments *t)
{
    if (!t)
        return;
    while (t->oldest)
        drop(t, t->oldest);
    for (int i = 0; i < FRAGMENT_FINISHED; i++)
        free_datagram(t, t->finished[i]);
    mem_free(t);
}

static struct datagram *find(struct fragments *t, const struct key *key)
{
    struct datagram *d = *bucket_of(t, key);

    while (d && memcmp(&d->key, key, sizeof *key) != 0)
        d = d->chain;
    return d;
}

static struct datagram *add(struct fragments *t, const struct key *key, int64_t since)
{
    struct datagram **bucket = bucket_of(t, key);
    struct datagram *d = mem_zalloc(sizeof *d);

    if (!d)
        return NULL;
    d->key = *key;
    d->since = since;
    d->copy = true;
    d->chain = *bucket;
    *bucket = d;
    d->older = t->newest;
    *(t->newest ? &t->newest->newer : &t->oldest) = d;
    t->newest = d;
    t->count++;
    t->bytes += cost(d);
    budget_charge(t->budget, cost(d));
    return d;
}

/* Room for `n` bytes of payload. */
static bool reserve(struct fragments *t, struct datagram *d, size_t n)
{
    size_t cap = d->cap ? d->cap : 2048;
    char *bytes;

    if (n <= d->cap)
        return true;
    while (cap < n)
        cap *= 2;
    bytes = mem_realloc(d->bytes, cap);
    if (!bytes)
        return false;
    t->bytes += cap - d->cap;
    budget_adjust(t->budget, d->cap, cap);
    d->bytes = bytes;
    d->cap = cap;
    return true;
}

/* Copy a fragment's bytes in. False if they contradict what is there. */
static bool fill(struct datagram *d, const struct fragment *f)
{
    for (size_t at = 0; at < f->bytes.len; at += UNIT) {
        size_t n = f->bytes.len - at < UNIT ? f->bytes.len - at : UNIT;
        size_t unit = (f->offset + at) / UNIT;
        char *to = d->bytes + f->offset + at;
        if (!has_unit(d, unit)) {
            memcpy(to, f->bytes.data + at, n);
            d->seen[unit / 64] |= UINT64_C(1) << (unit % 64);
            d->units++;
        } else if (memcmp(to, f->bytes.data + at, n) != 0) {
            return false;
        }
    }
    return true;
}

static bool is_plausible(const struct datagram *d, const struct fragment *f)
{
    size_t end = f->offset + f->bytes.len;

    if (end > MAX_PAYLOAD || (f->more && (f->bytes.len == 0 || f->bytes.len % UNIT)))
        return false;
    if (!d)
        return true;
    if (d->total)
        return f->more ? end <= d->total : end == d->total;
    return f->more || end >= d->top;
}

void fragments_give_up(struct fragments *t, int64_t moment)
{
    while (t->oldest && t->oldest->since < moment)
        drop(t, t->oldest);
}

static void make_room(struct fragments *t, int64_t now)
{
    fragments_give_up(t, now - FRAGMENT_SECONDS * NS_PER_SEC);
    while (t->oldest && (t->count >= FRAGMENT_MAX_DATAGRAMS || t->bytes > FRAGMENT_MAX_BYTES))
        drop(t, t->oldest);
}

/* Was a finished datagram made of that, among others? It may be the same bytes
 * of another one nevertheless, so it is kept as any; but left alone it is no loss. */
static bool is_copy(const struct fragments *t, const struct key *key, const struct fragment *f,
                    int64_t now)
{
    size_t end = f->offset + f->bytes.len;

    for (int i = 0; i < FRAGMENT_FINISHED; i++) {
        const struct datagram *d = t->finished[i];

        if (d && now - d->since <= FRAGMENT_SECONDS * NS_PER_SEC &&
            memcmp(&d->key, key, sizeof *key) == 0 &&
            (f->more ? end <= d->total : end == d->total) &&
            memcmp(d->bytes + f->offset, f->bytes.data, f->bytes.len) == 0)
            return true;
    }
    return false;
}

static void finish(struct fragments *t, struct datagram *d)
{
    struct datagram **place = &t->finished[t->next++ % FRAGMENT_FINISHED];

    unlink_datagram(t, d);
    free_datagram(t, *place);
    *place = d;
}

static bool is_complete(const struct datagram *d)
{
    return d->total && d->units == (d->total + UNIT - 1) / UNIT;
}

bool fragments_add(struct fragments *t, const struct segment *s, const struct fragment *f,
                   int64_t now, struct str *payload)
{
    int64_t since = now > s->ns ? now : s->ns; /* the clock is behind after a pause */
    struct key key;
    struct datagram *d;

    memset(&key, 0, sizeof key); /* the padding is hashed too */
    memcpy(key.from, s->from.address, sizeof key.from);
    memcpy(key.to, s->to.address, sizeof key.to);
    memcpy(key.vlan, s->vlan, sizeof key.vlan);
    key.id = f->id;
    key.vni = s->vni;
    key.family = s->from.family;
    key.protocol = f->protocol;

    make_room(t, now);
    d = find(t, &key);
    if (!is_plausible(d, f) || (!d && !(d = add(t, &key, since)))) {
        t->dropped++;
        return false;
    }
    d->fragments++;
    d->copy = d->copy && is_copy(t, &key, f, now);
    if (!reserve(t, d, f->offset + f->bytes.len) || !fill(d, f)) {
        drop(t, d);
        return false;
    }
    if (d->top < f->offset + f->bytes.len)
        d->top = f->offset + f->bytes.len;
    if (!f->more)
        d->total = f->offset + f->bytes.len;
    if (!is_complete(d))
        return false;
    finish(t, d);
    *payload = str_from(d->bytes, d->total);
    return true;
}

uint64_t fragments_dropped(const struct fragments *t)
{
    return t->dropped;
}
