#include "diff/difference.h"

#include "core/hide.h"
#include "core/mem.h"
#include "core/utf8.h"

const char *diff_where_name(enum diff_where where)
{
    static const char *const names[WHERE_COUNT] = {"outcome", "status", "header", "body"};

    return names[where];
}

const char *diff_kind_name(enum diff_kind kind)
{
    static const char *const names[KIND_COUNT] = {
        [KIND_VALUE] = "value",       [KIND_TYPE] = "type",     [KIND_NULL] = "null",
        [KIND_MISSING] = "missing",   [KIND_EXTRA] = "extra",   [KIND_ORDER] = "order",
        [KIND_LENGTH] = "length",     [KIND_FORM] = "form",     [KIND_SHAPE] = "shape",
        [KIND_ENCODING] = "encoding", [KIND_STATUS] = "status", [KIND_OUTCOME] = "outcome",
    };

    return names[kind];
}

int diffs_init(struct diffs *d, bool show_secrets, struct err *e)
{
    *d = (struct diffs){.show_secrets = show_secrets};
    arena_init(&d->mem, DIFFS_MEMORY);
    d->items = mem_array(DIFFS_MAX, sizeof *d->items);
    d->slots = mem_array(DIFFS_SLOTS, sizeof *d->slots);
    if (d->items && d->slots)
        return 0;
    diffs_release(d);
    return err_nomem(e, "comparing");
}

void diffs_reset(struct diffs *d)
{
    if (d->count)
        memset(d->slots, 0, DIFFS_SLOTS * sizeof *d->slots);
    d->notes = 0;
    d->left_out = 0;
    d->count = 0;
    d->failing = 0;
    arena_reset(&d->mem);
}

void diffs_release(struct diffs *d)
{
    arena_release(&d->mem);
    mem_free(d->items);
    mem_free(d->slots);
    *d = (struct diffs){0};
}

uint64_t diff_key_hash(enum diff_where where, enum diff_kind kind, struct str path)
{
    const unsigned char head[2] = {(unsigned char)where, (unsigned char)kind};

    return fnv_add(fnv_add(FNV_START, head, sizeof head), path.data, path.len);
}

static bool same_key(const struct difference *a, const struct difference *b)
{
    return a->hash == b->hash && a->where == b->where && a->kind == b->kind &&
           str_eq(a->path, b->path);
}

/* The slot of the item, or the empty one where it would go. The table is at
 * most half full, so there is always an empty one. */
static uint16_t *slot_of(const struct diffs *d, const struct difference *key)
{
    size_t i = key->hash % DIFFS_SLOTS;

    while (d->slots[i] && !same_key(&d->items[d->slots[i] - 1], key))
        i = (i + 1) % DIFFS_SLOTS;
    return &d->slots[i];
}

const struct difference *diffs_find(const struct diffs *d, const struct difference *item)
{
    uint16_t slot = d->count ? *slot_of(d, item) : 0;

    return slot ? &d->items[slot - 1] : NULL;
}

bool diffs_has(const struct diffs *d, const struct difference *item)
{
    return diffs_find(d, item) != NULL;
}

static bool are_readings(const struct diffs *d, enum diff_kind kind, struct str v1, struct str v2)
{
    return kind == KIND_VALUE && reading_is_same(v1, &d->time1, v2, &d->time2);
}

int diffs_note(struct diffs *d, enum diff_where where, enum diff_kind kind, struct str path,
               bool ignored, struct str v1, struct str v2, struct difference **item, struct err *e)
{
    struct difference key = {.where = where,
                             .kind = kind,
                             .ignored = ignored || diff_kind_is_info(kind),
                             .hash = diff_key_hash(where, kind, path),
                             .elements = 1,
                             .path = path};
    uint16_t *slot = slot_of(d, &key);

    if (*slot) {
        struct difference *known = &d->items[*slot - 1];

        known->elements++;
        known->readings = known->readings && are_readings(d, kind, v1, v2);
        return 0;
    }
    if (d->count == DIFFS_MAX) {
        d->left_out++;
        d->notes |= NOTE_MANY;
        return 0;
    }
    if (arena_dup(&d->mem, path, &key.path, e) < 0)
        return -1;
    key.readings = are_readings(d, kind, v1, v2);
    *item = &d->items[d->count];
    **item = key;
    d->failing += !key.ignored;
    *slot = (uint16_t)++d->count;
    return 1;
}

int diffs_add(struct diffs *d, enum diff_where where, enum diff_kind kind, struct str path,
              bool ignored, struct str v1, struct str v2, struct err *e)
{
    struct difference *item;
    int rc = diffs_note(d, where, kind, path, ignored, v1, v2, &item, e);

    if (rc <= 0)
        return rc;
    if (diffs_show(d, &v1, &v2, e) < 0)
        return -1;
    item->v1 = v1;
    item->v2 = v2;
    return 0;
}

/* ---- excerpts ---- */

/* What of a common beginning is kept for orientation. */
enum { EXCERPT_LEAD = 24, EXCERPT_DOTS = 3 };

static size_t common_prefix(struct str a, struct str b)
{
    size_t n = 0;

    if (!a.data || !b.data)
        return 0;
    while (n < a.len && n < b.len && a.data[n] == b.data[n])
        n++;
    return n;
}

/* The largest position up to `at` where a character begins. */
static size_t char_start(struct str s, size_t at)
{
    for (size_t back = 0; back < 4 && at > back; back++) {
        if (at - back >= s.len || !utf8_is_tail(s.data[at - back]))
            return at - back;
    }
    return at;
}

static int cut_out(struct str *s, size_t from, size_t max, struct arena *mem, struct err *e)
{
    size_t begin = char_start(*s, from < s->len ? from : s->len);
    size_t end = begin + max < s->len ? char_start(*s, begin + max) : s->len;
    size_t lead = begin ? EXCERPT_DOTS : 0, tail = end < s->len ? EXCERPT_DOTS : 0;
    char *p;

    if (!s->data)
        return 0;
    p = arena_alloc(mem, lead + (end - begin) + tail + 1, e);
    if (!p)
        return -1;
    memcpy(p, "...", lead);
    if (end > begin)
        memcpy(p + lead, s->data + begin, end - begin);
    memcpy(p + lead + (end - begin), "...", tail);
    *s = str_from(p, lead + (end - begin) + tail);
    return 0;
}

int diff_excerpt(struct str *a, struct str *b, size_t max, struct arena *mem, struct err *e)
{
    size_t same = common_prefix(*a, *b), from = 0;

    if ((a->len > max || b->len > max) && same > max / 2)
        from = same - EXCERPT_LEAD;
    return cut_out(a, from, max, mem, e) < 0 || cut_out(b, from, max, mem, e) < 0 ? -1 : 0;
}

/* ---- secrets ---- */

/* Of long values, so much before the first difference and behind it is looked at. */
enum { SHOWN_AROUND = 4096 };

static void look_around(struct str *a, struct str *b)
{
    size_t same = common_prefix(*a, *b), from = same > SHOWN_AROUND ? same - SHOWN_AROUND : 0;

    *a = str_head(str_skip(*a, from), 2 * SHOWN_AROUND);
    *b = str_head(str_skip(*b, from), 2 * SHOWN_AROUND);
}

static int hide(struct buf *out, struct str *s, struct err *e)
{
    if (!s->data || s->len == 0)
        return 0;
    if (hide_in_text(out, *s, e) < 0)
        return -1;
    *s = buf_str(out);
    return 0;
}

int diffs_show(struct diffs *d, struct str *v1, struct str *v2, struct err *e)
{
    struct buf text1, text2;
    int rc = -1;

    if (d->show_secrets)
        return diff_excerpt(v1, v2, EXCERPT_MAX, &d->mem, e);
    buf_init(&text1, SHOWN_AROUND * 16);
    buf_init(&text2, SHOWN_AROUND * 16);
    look_around(v1, v2);
    if (hide(&text1, v1, e) == 0 && hide(&text2, v2, e) == 0)
        rc = diff_excerpt(v1, v2, EXCERPT_MAX, &d->mem, e);
    buf_release(&text1);
    buf_release(&text2);
    return rc;
}
