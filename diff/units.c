#include "diff/units.h"

#include <stdio.h>

#include "core/mem.h"
#include "core/secret.h"
#include "diff/array.h"

/* Units told apart in one answer; the rest is one field. */
enum { SHOWN = 100 };

void units_init(struct units *u, size_t first)
{
    *u = (struct units){.first = first};
    arena_init(&u->mem, UNITS_MEMORY);
}

void units_release(struct units *u)
{
    arena_release(&u->mem);
    u->list = NULL;
    u->n = u->room = 0;
}

bool units_are_full(const struct units *u)
{
    return u->n + 1 >= UNITS_MAX;
}

int units_add(struct units *u, struct str text, struct str name, struct err *e)
{
    uint64_t hash = fnv_add(FNV_START, name.data, name.len);

    if (u->n == u->room) {
        size_t room = u->room ? u->room * 2 : 64;
        void *grown =
            arena_grow(&u->mem, u->list, u->room * sizeof *u->list, room * sizeof *u->list, e);

        if (!grown)
            return -1;
        u->list = grown;
        u->room = room;
    }
    hash = fnv_add(fnv_add(hash, "", 1), text.data, text.len);
    u->list[u->n++] = (struct unit){.text = text, .hash = hash, .name = name};
    return 0;
}

struct walk {
    const struct units *a, *b;
    struct diffs *out;
    struct err *e;
    unsigned noted;
};

/* Line ends are shown only where they are what differs. */
static void drop_line_ends(struct str *a, struct str *b)
{
    if (a->data && b->data && str_ends(*a, STR("\n")) != str_ends(*b, STR("\n")))
        return;
    if (a->data && str_ends(*a, STR("\n")))
        a->len--;
    if (b->data && str_ends(*b, STR("\n")))
        b->len--;
}

/* What a[i] is called; a unit of v2 alone by what it comes after, or its own name. */
static struct str name_of(const struct walk *w, const struct unit *x, const struct unit *y,
                          size_t i, char text[UNIT_NAME])
{
    const struct unit *named = x ? x : y;
    int n;

    if (named && named->name.data)
        return named->name;
    n = x ? snprintf(text, UNIT_NAME, "line %zu", w->a->first + i)
          : snprintf(text, UNIT_NAME, "after line %zu", w->a->first + i - 1);
    return str_from(text, (size_t)n);
}

/* The element or attribute that holds it says so by its name: user/password, a@token. */
static bool is_secret(const struct unit *u)
{
    size_t n = u->name.len;

    while (n > 0 && u->name.data[n - 1] != '/' && u->name.data[n - 1] != '@')
        n--;
    return u->secret || (u->name.data && secret_is_name(str_skip(u->name, n)));
}

/* a[i] and its counterpart, of which one may be missing. */
static int note(struct walk *w, const struct unit *x, const struct unit *y, size_t i)
{
    enum diff_kind kind = !x ? KIND_EXTRA : !y ? KIND_MISSING : KIND_VALUE;
    struct str v1 = x ? x->text : (struct str){0}, v2 = y ? y->text : (struct str){0};
    bool many = ++w->noted > SHOWN;
    char text[UNIT_NAME];

    drop_line_ends(&v1, &v2);
    if (!w->out->show_secrets && ((x && is_secret(x)) || (y && is_secret(y)))) {
        v1 = v1.data ? STR(SECRET_MASK) : v1;
        v2 = v2.data ? STR(SECRET_MASK) : v2;
    }
    return diffs_add(w->out, WHERE_BODY, kind,
                     many ? STR("further lines") : name_of(w, x, y, i, text), false, v1, v2, w->e);
}

/* Two of other names are not one that has changed. */
static int compare_two(struct walk *w, const struct unit *x, const struct unit *y, size_t i)
{
    if (!str_eq(x->name, y->name))
        return note(w, x, NULL, i) < 0 ? -1 : note(w, NULL, y, i + 1);
    return str_eq(x->text, y->text) ? 0 : note(w, x, y, i);
}

/* Compare a[i..i2) with b[j..j2) by number. */
static int compare_between(struct walk *w, size_t i, size_t i2, size_t j, size_t j2)
{
    int rc = 0;

    for (; rc == 0 && i < i2 && j < j2; i++, j++)
        rc = compare_two(w, &w->a->list[i], &w->b->list[j], i);
    for (; rc == 0 && i < i2; i++)
        rc = note(w, &w->a->list[i], NULL, i);
    for (; rc == 0 && j < j2; j++)
        rc = note(w, NULL, &w->b->list[j], i);
    return rc;
}

/* Hashes may meet by accident or on purpose, so what is kept is looked at as well. */
static int compare_kept(struct walk *w, const uint32_t *partner)
{
    size_t i = 0, j = 0;

    for (size_t i2 = 0; i2 < w->a->n; i2++) {
        size_t j2 = partner[i2];

        if (j2 == ARRAY_NONE)
            continue;
        if (compare_between(w, i, i2, j, j2) < 0 ||
            compare_two(w, &w->a->list[i2], &w->b->list[j2], i2) < 0)
            return -1;
        i = i2 + 1;
        j = j2 + 1;
    }
    return compare_between(w, i, w->a->n, j, w->b->n);
}

static void take_hashes(const struct units *u, uint64_t *hashes)
{
    for (size_t i = 0; i < u->n; i++)
        hashes[i] = u->list[i].hash;
}

static struct array_list part_of(struct array_list list, size_t head, size_t tail)
{
    return (struct array_list){list.hashes + head, list.n - head - tail};
}

/* What both begin and end with, and what is kept between. Where that is too little to be
 * found, only number says what stands for what. */
static int find_partners(struct array_list a, struct array_list b, uint32_t *partner, struct err *e)
{
    size_t head = 0, tail = 0;
    int found;

    for (; head < a.n && head < b.n && a.hashes[head] == b.hashes[head]; head++)
        partner[head] = (uint32_t)head;
    while (head + tail < a.n && head + tail < b.n &&
           a.hashes[a.n - tail - 1] == b.hashes[b.n - tail - 1]) {
        tail++;
        partner[a.n - tail] = (uint32_t)(b.n - tail);
    }
    found = array_align(part_of(a, head, tail), part_of(b, head, tail), partner + head, e);
    for (size_t i = head; i + tail < a.n; i++) {
        if (found == 0)
            partner[i] = ARRAY_NONE;
        else if (partner[i] != ARRAY_NONE)
            partner[i] += (uint32_t)head;
    }
    return found < 0 ? -1 : 0;
}

int units_compare(const struct units *a, const struct units *b, struct diffs *out, struct err *e)
{
    struct walk w = {.a = a, .b = b, .out = out, .e = e};
    uint64_t *hashes = mem_array(a->n + b->n + 1, sizeof *hashes);
    uint32_t *partner = mem_array(a->n + 1, sizeof *partner);
    int rc = -1;

    if (!hashes || !partner) {
        err_nomem(e, "comparing texts");
    } else {
        take_hashes(a, hashes);
        take_hashes(b, hashes + a->n);
        rc = find_partners((struct array_list){hashes, a->n},
                           (struct array_list){hashes + a->n, b->n}, partner, e);
    }
    if (rc == 0)
        rc = compare_kept(&w, partner);
    mem_free(hashes);
    mem_free(partner);
    return rc;
}
