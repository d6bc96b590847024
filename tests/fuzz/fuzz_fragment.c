/* Fragments of up to four datagrams, against a model that knows every byte:
 * however a datagram is cut and mixed it comes out whole and once; where two
 * fragments have other bytes it is dropped; every fragment is accounted for.
 *
 * The input is steps of five bytes: which datagram and flags, offset, length,
 * and what differs. */
#include <stdlib.h>
#include <string.h>

#include "capture/fragment.h"
#include "core/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { IDS = 4, UNIT = 8, MOST = 65535, STEP = 5, MAX_STEPS = 400 };
enum { FLAG_MORE = 4, FLAG_OTHER = 8, FLAG_LATER = 16, FLAG_RAGGED = 32, FLAG_FAR = 64 };

struct model {
    unsigned fragments; /* taken; 0: there is no such datagram */
    bool copy;          /* all of them were in one that was finished */
    int64_t since;
    size_t total, top;
    bool known[MOST + UNIT];
    char bytes[MOST + UNIT];
};

struct finished {
    unsigned id;
    int64_t since;
    size_t total;
    char bytes[MOST];
};

static struct model models[IDS];
static struct finished finished[FRAGMENT_FINISHED];
static unsigned n_finished;
static uint64_t dropped;

static void check(bool ok)
{
    if (!ok)
        abort();
}

/* What an honest sender has there. */
static char honest(unsigned id, size_t at)
{
    return (char)(at * 31 + at / 251 + id);
}

static void forget(struct model *m)
{
    memset(m->known, 0, sizeof m->known);
    m->fragments = 0;
    m->total = m->top = 0;
}

static void drop(struct model *m)
{
    dropped += m->copy ? 0 : m->fragments;
    forget(m);
}

static void finish(const struct model *m)
{
    struct finished *d = &finished[n_finished++ % FRAGMENT_FINISHED];

    d->id = (unsigned)(m - models);
    d->since = m->since;
    d->total = m->total;
    memcpy(d->bytes, m->bytes, m->total);
}

static bool is_copy(unsigned id, const struct fragment *f, int64_t now)
{
    size_t end = f->offset + f->bytes.len;

    for (unsigned i = 0; i < n_finished && i < FRAGMENT_FINISHED; i++) {
        const struct finished *d = &finished[i];
        bool fits = f->more ? end <= d->total : end == d->total;

        if (d->id == id && now - d->since <= FRAGMENT_SECONDS * NS_PER_SEC && fits &&
            memcmp(d->bytes + f->offset, f->bytes.data, f->bytes.len) == 0)
            return true;
    }
    return false;
}

/* RFC 791, 3.2: all but the last are whole units, and there is one end. */
static bool is_plausible(const struct model *m, const struct fragment *f)
{
    size_t end = f->offset + f->bytes.len;

    if (end > MOST || (f->more && (f->bytes.len == 0 || f->bytes.len % UNIT)))
        return false;
    if (m->total)
        return f->more ? end <= m->total : end == m->total;
    return f->more || end >= m->top;
}

static bool is_whole(const struct model *m)
{
    for (size_t i = 0; i < m->total; i++) {
        if (!m->known[i])
            return false;
    }
    return m->total > 0;
}

/* True if the datagram is complete with this fragment. */
static bool expect(struct model *m, const struct fragment *f, int64_t now)
{
    size_t end = f->offset + f->bytes.len;

    if (!is_plausible(m, f)) {
        dropped++;
        return false;
    }
    if (m->fragments++ == 0) {
        m->since = now;
        m->copy = true;
    }
    m->copy = m->copy && is_copy((unsigned)(m - models), f, now);
    for (size_t i = 0; i < f->bytes.len; i++) {
        size_t at = f->offset + i;
        if (m->known[at] && m->bytes[at] != f->bytes.data[i]) {
            drop(m);
            return false;
        }
        m->known[at] = true;
        m->bytes[at] = f->bytes.data[i];
    }
    if (m->top < end)
        m->top = end;
    if (!f->more)
        m->total = end;
    return is_whole(m);
}

static void take_step(struct fragments *t, const uint8_t *step, int64_t *now)
{
    static char bytes[256 * UNIT];
    unsigned flags = step[0], id = flags % IDS;
    struct model *m = &models[id];
    struct segment s = {.from.family = 4, .to.family = 4, .vlan = {(uint16_t)(id & 1)}};
    struct fragment f = {
        .id = id / 2,
        .protocol = 6,
        .more = flags & FLAG_MORE,
        .offset = step[1] * (flags & FLAG_FAR ? 32u : 1u) * UNIT,
        .bytes = {bytes, step[2] * (size_t)UNIT + (flags & FLAG_RAGGED ? step[3] % UNIT : 0)},
    };
    struct str payload;

    if (f.bytes.len > sizeof bytes)
        f.bytes.len = sizeof bytes;
    for (size_t i = 0; i < f.bytes.len; i++)
        bytes[i] = honest(id, f.offset + i);
    if ((flags & FLAG_OTHER) && f.bytes.len)
        bytes[step[3] % f.bytes.len] ^= 1;
    *now += flags & FLAG_LATER ? step[4] * (NS_PER_SEC / 4) : 1;
    for (int i = 0; i < IDS; i++) {
        if (models[i].fragments && *now - models[i].since > FRAGMENT_SECONDS * NS_PER_SEC)
            drop(&models[i]);
    }
    if (expect(m, &f, *now)) {
        check(fragments_add(t, &s, &f, *now, &payload));
        check(payload.len == m->total && memcmp(payload.data, m->bytes, m->total) == 0);
        finish(m);
        forget(m);
    } else {
        check(!fragments_add(t, &s, &f, *now, &payload));
    }
    check(fragments_dropped(t) == dropped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget = {.max = SIZE_MAX};
    struct fragments *t = fragments_new(&budget, NULL);
    int64_t now = NS_PER_SEC;

    check(t != NULL);
    for (int i = 0; i < IDS; i++)
        forget(&models[i]);
    dropped = n_finished = 0;
    for (int i = 0; i < MAX_STEPS && size >= STEP; i++, data += STEP, size -= STEP)
        take_step(t, data, &now);
    fragments_give_up(t, INT64_MAX);
    for (int i = 0; i < IDS; i++)
        drop(&models[i]);
    check(fragments_dropped(t) == dropped);
    fragments_free(t);
    check(budget.used == 0);
    return 0;
}
