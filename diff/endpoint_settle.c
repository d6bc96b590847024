/* Names when all are known: words that are data merge, and what is too many is cut. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "diff/endpoint_table.h"
#include "diff/endpoint_trie.h"

enum { MERGES_MAX = 50 };

/* ---- what was merged ---- */

struct word {
    struct str path, word; /* "/city/{*}", "berlin" */
};

static int by_word(const void *a, const void *b)
{
    const struct word *x = a, *y = b;
    int c = str_cmp(x->path, y->path);

    return c ? c : str_cmp(x->word, y->word);
}

/* The words of `before` that are {*} in `after`; returns how many. */
static size_t list_words(struct str before, struct str after, struct word *list)
{
    struct str x = before, y = after;
    size_t n = 0;

    while (x.data && y.data) {
        struct str word = str_cut(&x, '/'), star = str_cut(&y, '/');

        if (n < TRIE_SEGMENTS && !str_eq(word, star))
            list[n++] =
                (struct word){str_head(after, (size_t)(star.data + star.len - after.data)), word};
    }
    return n;
}

static void add_merge(struct endpoint_names *names, const struct word *w, bool another)
{
    struct endpoint_merge *m = &names->merges[names->n_merges - 1];

    if (another) {
        if (names->n_merges == MERGES_MAX)
            return;
        m = &names->merges[names->n_merges++];
        *m = (struct endpoint_merge){.path = w->path};
    }
    if (m->words < 2)
        m->examples[m->words] = w->word;
    m->words++;
}

static int list_merges(struct endpoint_names *names, const struct trie_name *list, size_t n,
                       struct err *e)
{
    struct word *words = mem_array(n * TRIE_SEGMENTS + 1, sizeof *words);
    size_t count = 0;

    names->merges = arena_array(&names->mem, MERGES_MAX, sizeof *names->merges, e);
    if (!words || !names->merges) {
        mem_free(words);
        return words ? -1 : err_nomem(e, "naming endpoints");
    }
    for (size_t i = 0; i < n; i++)
        count += list_words(names->list[list[i].index]->path, list[i].path, words + count);
    qsort(words, count, sizeof *words, by_word);
    for (size_t i = 0; i < count; i++) {
        bool another = i == 0 || !str_eq(words[i].path, words[i - 1].path);

        if (another || !str_eq(words[i].word, words[i - 1].word))
            add_merge(names, &words[i], another);
    }
    mem_free(words);
    return 0;
}

/* Merge those that were folded; final[i] becomes the path of the i-th name. */
static int merge_words(struct endpoint_names *names, struct str *final, struct err *e)
{
    struct trie_name *list = mem_array(names->n + 1, sizeof *list);
    size_t n = 0;
    int rc;

    if (!list)
        return err_nomem(e, "naming endpoints");
    for (size_t i = 0; i < names->n; i++) {
        const struct endpoint_name *name = names->list[i];

        final[i] = name->path;
        if (name->folded)
            list[n++] = (struct trie_name){name->method, name->path, name->pairs, 0, (uint32_t)i};
    }
    rc = trie_merge(list, n, &names->mem, e);
    for (size_t i = 0; rc > 0 && i < n; i++)
        final[list[i].index] = list[i].path;
    if (rc > 0)
        rc = list_merges(names, list, n, e) < 0 ? -1 : 1;
    mem_free(list);
    return rc;
}

/* ---- the new names ---- */

static int by_pairs(const void *a, const void *b)
{
    const struct endpoint_name *x = *(struct endpoint_name *const *)a,
                               *y = *(struct endpoint_name *const *)b;
    int c;

    if (x->pairs != y->pairs)
        return x->pairs < y->pairs ? 1 : -1;
    c = str_cmp(x->path, y->path);
    return c ? c : str_cmp(x->method, y->method);
}

/* Names of the old ones with their new paths; into[i] is that of the i-th. */
static int rename_all(struct endpoint_names *names, const struct str *final,
                      struct endpoint_name **into, struct endpoint_name **fresh, size_t *n,
                      struct err *e)
{
    struct table table = {0};
    int rc = 0;

    *n = 0;
    for (size_t i = 0; rc == 0 && i < names->n; i++) {
        struct endpoint_name key = *names->list[i], *found;

        key.path = final[i];
        key.key.hash = endpoint_table_hash(key.method, key.path);
        found = (void *)table_find(&table, &key.key, endpoint_table_same);
        if (!found) {
            found = arena_alloc(&names->mem, sizeof *found, e);
            if (found) {
                key.pairs = 0;
                *found = key;
                fresh[(*n)++] = found;
            }
            rc = found ? table_put(&table, &found->key, e) : -1;
        }
        if (rc == 0) {
            found->pairs += names->list[i]->pairs;
            into[i] = found;
        }
    }
    table_reset(&table);
    return rc;
}

/* The new list: the ENDPOINTS_MAX with most pairs by number, the rest in one. */
static int put_in_order(struct endpoint_names *names, struct endpoint_name **into,
                        struct endpoint_name **fresh, size_t n, uint32_t *map, struct err *e)
{
    uint64_t other = names->list[ENDPOINT_NAMES_MAX] ? names->list[ENDPOINT_NAMES_MAX]->pairs : 0;
    bool any = names->list[ENDPOINT_NAMES_MAX] || n > ENDPOINTS_MAX;
    size_t old = names->n;

    qsort(fresh, n, sizeof *fresh, by_pairs);
    memset(names->list, 0, sizeof names->list);
    for (size_t i = 0; i < n; i++) {
        fresh[i]->index = i < ENDPOINTS_MAX ? (uint32_t)i : (uint32_t)ENDPOINTS_MAX;
        other += i < ENDPOINTS_MAX ? 0 : fresh[i]->pairs;
        if (i < ENDPOINTS_MAX)
            names->list[i] = fresh[i];
    }
    for (size_t i = 0; i < old; i++)
        map[i] = into[i]->index;
    names->n = n < ENDPOINTS_MAX ? n : ENDPOINTS_MAX;
    map[ENDPOINT_NAMES_MAX] = ENDPOINTS_MAX;
    if (!any)
        return 0;
    if (!endpoint_table_other(names, ENDPOINTS_MAX, e))
        return -1;
    names->list[ENDPOINTS_MAX]->pairs = other;
    return 0;
}

int endpoint_names_settle(struct endpoint_names *names, uint32_t *map, bool *changed, struct err *e)
{
    struct str *final = mem_array(names->n + 1, sizeof *final);
    struct endpoint_name **lists = mem_array(2 * names->n + 1, sizeof *lists);
    size_t n = 0, old = names->n;
    int rc = final && lists ? merge_words(names, final, e) : err_nomem(e, "naming endpoints");

    for (uint32_t i = 0; i <= ENDPOINT_NAMES_MAX; i++)
        map[i] = i;
    *changed = rc > 0 || names->n > ENDPOINTS_MAX || names->list[ENDPOINT_NAMES_MAX];
    if (rc >= 0 && *changed) {
        rc = rename_all(names, final, lists, lists + old, &n, e);
        if (rc == 0)
            rc = put_in_order(names, lists, lists + old, n, map, e);
    }
    mem_free(final);
    mem_free(lists);
    return rc < 0 ? -1 : 0;
}
