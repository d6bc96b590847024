#include "diff/array.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

/* ---- multisets ---- */

struct entry {
    uint64_t hash;
    uint32_t place;
};

static int by_hash(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static struct entry *sorted(struct array_list list)
{
    struct entry *s = mem_array(list.n + 1, sizeof *s);

    for (size_t i = 0; s && i < list.n; i++)
        s[i] = (struct entry){list.hashes[i], (uint32_t)i};
    if (s)
        qsort(s, list.n, sizeof *s, by_hash);
    return s;
}

int array_match(struct array_list a, struct array_list b, uint32_t *partner, struct err *e)
{
    struct entry *x = sorted(a), *y = sorted(b);
    size_t j = 0;
    bool made = x && y;

    for (size_t i = 0; made && i < a.n; i++) {
        while (j < b.n && y[j].hash < x[i].hash)
            j++;
        partner[x[i].place] = j < b.n && y[j].hash == x[i].hash ? y[j++].place : ARRAY_NONE;
    }
    mem_free(x);
    mem_free(y);
    return made ? 0 : err_nomem(e, "comparing arrays");
}

/* ---- the same elements in another order ---- */

/* How many of them can stay: the longest ascending run of partners (patience
 * sorting: tails[k] is the least end of an ascending run of k + 1). */
static uint32_t stay(const uint32_t *partner, size_t n, uint32_t *tails)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        size_t low = 0, high = len;

        while (low < high) {
            size_t middle = (low + high) / 2;
            if (tails[middle] < partner[i])
                low = middle + 1;
            else
                high = middle;
        }
        tails[low] = partner[i];
        len += low == len;
    }
    return (uint32_t)len;
}

static uint64_t sum_of(struct array_list list)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < list.n; i++)
        sum += list.hashes[i];
    return sum;
}

int array_moved(struct array_list a, struct array_list b, uint32_t *moved, struct err *e)
{
    uint32_t *partner, *tails;
    bool all = true;
    int rc = -1;

    *moved = ARRAY_NONE;
    if (a.n != b.n || sum_of(a) != sum_of(b)) /* nearly always that tells */
        return 0;
    partner = mem_array(a.n + 1, sizeof *partner);
    tails = mem_array(a.n + 1, sizeof *tails);
    if (!partner || !tails)
        err_nomem(e, "comparing arrays");
    else
        rc = array_match(a, b, partner, e);
    for (size_t i = 0; rc == 0 && i < a.n; i++)
        all = all && partner[i] != ARRAY_NONE;
    if (rc == 0 && all)
        *moved = (uint32_t)a.n - stay(partner, a.n, tails);
    mem_free(partner);
    mem_free(tails);
    return rc;
}

/* ---- the least change ----
 *
 * E. Myers, "An O(ND) difference algorithm and its variations", 1986: for d = 0,
 * 1, 2, ... the farthest place that d changes reach on each diagonal k = x - y;
 * diagonal k of round d lies at trace[d * d + d + k]. Diagonals that leave the
 * field are OUTSIDE, and nothing goes on from there.
 */
enum { OUTSIDE = INT32_MIN / 2 };

static size_t at(size_t d, long k)
{
    return d * d + d + (size_t)k;
}

/* Where diagonal k of round d begins, before equal elements are passed: a step
 * down (an element more in b) or to the right (one less of a). */
static long reach(const int32_t *trace, size_t d, long k)
{
    long down, right;

    if (d == 0)
        return 0;
    down = k < (long)d - 1 ? trace[at(d - 1, k + 1)] : OUTSIDE;
    right = k > -(long)d + 1 ? trace[at(d - 1, k - 1)] + 1 : OUTSIDE;
    return down > right ? down : right;
}

/* One round; true when the end of both is reached. */
static bool round_of(struct array_list a, struct array_list b, int32_t *trace, size_t d)
{
    long n = (long)a.n, m = (long)b.n;

    for (long k = -(long)d; k <= (long)d; k += 2) {
        long x = reach(trace, d, k), y = x - k;

        if (x < 0 || x > n || y > m) {
            trace[at(d, k)] = OUTSIDE;
            continue;
        }
        while (x < n && y < m && a.hashes[x] == b.hashes[y]) {
            x++;
            y++;
        }
        trace[at(d, k)] = (int32_t)x;
        if (x == n && y == m)
            return true;
    }
    return false;
}

/* Back along the way: what lies behind the begin of a round's diagonal is kept. */
static void walk_back(struct array_list a, struct array_list b, const int32_t *trace, size_t d,
                      uint32_t *partner)
{
    long x = (long)a.n, y = (long)b.n;

    for (;; d--) {
        long k = x - y, start = reach(trace, d, k);

        while (x > start)
            partner[--x] = (uint32_t)--y;
        if (d == 0)
            return;
        if (k < (long)d - 1 && trace[at(d - 1, k + 1)] == x)
            y--;
        else
            x--;
    }
}

int array_align(struct array_list a, struct array_list b, uint32_t *partner, struct err *e)
{
    size_t d, rounds = a.n + b.n, cap = 0;
    int32_t *trace = NULL;
    int rc = 0;

    for (size_t i = 0; i < a.n; i++)
        partner[i] = ARRAY_NONE;
    if (a.n == 0 || b.n == 0)
        return 1;
    if (a.n > ARRAY_MAX_CELLS / b.n)
        return 0;
    for (d = 0; rc == 0 && d <= rounds && d <= ARRAY_MAX_CHANGES; d++) {
        size_t need = at(d + 1, 0);

        if (need > cap) {
            int32_t *grown = mem_realloc(trace, (cap = 2 * need + 64) * sizeof *trace);

            if (!grown) {
                mem_free(trace);
                return err_nomem(e, "comparing arrays");
            }
            trace = grown;
        }
        rc = round_of(a, b, trace, d);
    }
    if (rc)
        walk_back(a, b, trace, d - 1, partner);
    mem_free(trace);
    return rc;
}
