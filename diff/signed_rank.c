#include "diff/signed_rank.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "diff/student.h"

/* Blocks of 50 requests, or 20 blocks where there are fewer; longer ones where
 * neighbours are alike. */
enum { BLOCK = 50, BLOCKS_WANTED = 20 };
#define ALIKE 0.2

/* ---- Hodges-Lehmann ---- */

/* How many of the averages are at most x: the two pointers only ever meet. */
static uint64_t averages_up_to(const struct signed_value *v, size_t n, double x)
{
    uint64_t count = 0;
    size_t i = 0, j = n;

    while (i < j) {
        if (v[i].value + v[j - 1].value <= 2 * x)
            count += j - i++;
        else
            j--;
    }
    return count;
}

/* Where the k-th average lies: above `low`, and not above `high`. */
struct range {
    double low, high;
    uint64_t below, upto; /* averages up to low, and up to high */
};

static void narrow(struct range *r, const struct signed_value *v, size_t n, uint64_t k, double x)
{
    uint64_t count = averages_up_to(v, n, x);

    if (count >= k) {
        r->high = x;
        r->upto = count;
    } else {
        r->low = x;
        r->below = count;
    }
}

/* The k-th average, 1 the smallest, by narrowing the range it must lie in: by turns
 * where it would stand if averages were spread evenly, which is close where there are
 * many, and in the middle, which always helps. */
static double average_at(const struct signed_value *v, size_t n, uint64_t k)
{
    struct range r = {v[0].value, v[n - 1].value, averages_up_to(v, n, v[0].value),
                      (uint64_t)n * (n + 1) / 2};

    if (r.below >= k)
        return r.low;
    for (int i = 0; i < 200; i++) {
        double width = r.high - r.low, part = 0.5, x;

        if (i % 3 != 2)
            part = ((double)(k - r.below) - 0.5) / (double)(r.upto - r.below);
        x = r.low + part * width;
        if (x <= r.low || x >= r.high)
            x = r.low + width / 2;
        if (x <= r.low || x >= r.high || width < 1e-13 * (fabs(r.low) + fabs(r.high)))
            break;
        narrow(&r, v, n, k, x);
    }
    return r.high;
}

/* The smallest average above x. */
static double average_above(const struct signed_value *v, size_t n, double x)
{
    double best = INFINITY;
    size_t i = 0, j = n;

    while (i < j) {
        double sum = v[i].value + v[j - 1].value;

        if (sum <= 2 * x) {
            i++;
        } else {
            best = sum < best ? sum : best;
            j--;
        }
    }
    return best / 2;
}

double hodges_lehmann(const struct signed_value *sorted, size_t n)
{
    uint64_t all = (uint64_t)n * (n + 1) / 2;
    double lower = average_at(sorted, n, (all + 1) / 2);

    if (all % 2 || averages_up_to(sorted, n, lower) > all / 2)
        return lower;
    return (lower + average_above(sorted, n, lower)) / 2;
}

/* ---- ranks by blocks ---- */

static int by_value(const void *a, const void *b)
{
    const struct signed_value *x = a, *y = b;

    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* The bits of a double in an order that unsigned numbers have: negative ones are turned
 * round, and come first. 0 and -0 are one. */
static uint64_t key_of(double value)
{
    uint64_t bits;

    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

enum { DIGIT = 11, DIGITS = 1 << DIGIT, FEW = 2000 };

/* One pass of a radix sort, which keeps the order of equal digits. */
static void sort_by_digit(const struct signed_value *from, struct signed_value *to, size_t n,
                          unsigned shift)
{
    size_t starts[DIGITS] = {0}, at = 0;

    for (size_t i = 0; i < n; i++)
        starts[key_of(from[i].value) >> shift & (DIGITS - 1)]++;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t count = starts[d];

        starts[d] = at;
        at += count;
    }
    for (size_t i = 0; i < n; i++)
        to[starts[key_of(from[i].value) >> shift & (DIGITS - 1)]++] = from[i];
}

/* By value, then place, in which order they stand before. */
static void sort_values(struct signed_value *values, size_t n)
{
    struct signed_value *room = n < FEW ? NULL : mem_array(n, sizeof *room);

    if (!room) {
        qsort(values, n, sizeof *values, by_value);
        return;
    }
    for (unsigned shift = 0; shift < 64; shift += 2 * DIGIT) {
        sort_by_digit(values, room, n, shift);
        sort_by_digit(room, values, n, shift + DIGIT);
    }
    mem_free(room);
}

static void cut_into_blocks(struct signed_rank *r, size_t blocks)
{
    r->blocks = blocks;
    for (size_t i = 0; i < r->n; i++)
        r->values[i].block = (uint32_t)((uint64_t)r->values[i].place * blocks / r->n);
}

/* Where the first value stands that is not below `shift`. */
static size_t split_at(const struct signed_rank *r, double shift)
{
    size_t low = 0, high = r->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (r->values[middle].value < shift)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Add up the signed ranks of |value - shift| by blocks. From the shift outwards
 * the values come in the order of their ranks, so nothing is sorted again; equal
 * ones share the mean of their ranks, and those of 0 have no sign. */
static void add_ranks(const struct signed_rank *r, double shift)
{
    size_t right = split_at(r, shift), left = right, rank = 1;
    const struct signed_value *v = r->values;

    memset(r->sums, 0, r->blocks * sizeof *r->sums);
    while (left > 0 || right < r->n) {
        double a = left > 0 ? shift - v[left - 1].value : INFINITY;
        double b = right < r->n ? v[right].value - shift : INFINITY;
        double size = a < b ? a : b, mean;
        size_t l = left, k = right;

        while (l > 0 && shift - v[l - 1].value <= size)
            l--;
        while (k < r->n && v[k].value - shift <= size)
            k++;
        mean = (double)rank + (double)(left - l + k - right - 1) / 2;
        rank += left - l + k - right;
        for (; left > l; left--)
            r->sums[v[left - 1].block] -= mean;
        for (; right < k; right++)
            r->sums[v[right].block] += size > 0 ? mean : 0;
    }
}

static double mean_of(const struct signed_rank *r)
{
    double sum = 0;

    for (size_t i = 0; i < r->blocks; i++)
        sum += r->sums[i];
    return sum / (double)r->blocks;
}

double signed_rank_t(const struct signed_rank *r, double shift)
{
    double mean, squares = 0, error;

    add_ranks(r, shift);
    mean = mean_of(r);
    for (size_t i = 0; i < r->blocks; i++)
        squares += (r->sums[i] - mean) * (r->sums[i] - mean);
    error = sqrt(squares / (double)(r->blocks - 1) / (double)r->blocks);
    if (error > 1e-9 * fabs(mean))
        return mean / error;
    return mean > 0 ? INFINITY : mean < 0 ? -INFINITY : 0;
}

/* The correlation of neighbouring blocks, of what ranks say around the centre. */
static bool neighbours_are_alike(const struct signed_rank *r)
{
    double mean, squares = 0, products = 0;

    add_ranks(r, r->centre);
    mean = mean_of(r);
    for (size_t i = 0; i < r->blocks; i++) {
        squares += (r->sums[i] - mean) * (r->sums[i] - mean);
        products += i ? (r->sums[i] - mean) * (r->sums[i - 1] - mean) : 0;
    }
    return products > ALIKE * squares;
}

static size_t blocks_for(size_t n)
{
    if (n < BLOCKS_WANTED)
        return n;
    return n / BLOCK > BLOCKS_WANTED ? n / BLOCK : BLOCKS_WANTED;
}

int signed_rank_init(struct signed_rank *r, struct signed_value *values, size_t n, struct err *e)
{
    *r = (struct signed_rank){.values = values, .n = n};
    for (size_t i = 0; i < n; i++)
        values[i].place = (uint32_t)i;
    sort_values(values, n);
    r->centre = hodges_lehmann(values, n);
    cut_into_blocks(r, blocks_for(n));
    r->sums = mem_array(r->blocks, sizeof *r->sums);
    if (!r->sums)
        return err_nomem(e, "comparing latencies");
    while (r->blocks / 2 >= SIGNED_RANK_BLOCKS && neighbours_are_alike(r))
        cut_into_blocks(r, r->blocks / 2);
    return 0;
}

void signed_rank_release(struct signed_rank *r)
{
    mem_free(r->sums);
    *r = (struct signed_rank){0};
}

/* ---- the interval ---- */

/* How far |t| is beyond what is wanted; an infinite t is far beyond. */
static double excess_at(const struct signed_rank *r, double shift, double wanted)
{
    return fmin(fabs(signed_rank_t(r, shift)), 100 * wanted) - wanted;
}

/* Where |t| reaches `wanted` on the way from the centre in steps of that sign: out
 * until it is passed, then by false position (Illinois), since t is nearly
 * straight there. */
static double find_shift(const struct signed_rank *r, double wanted, double step)
{
    double inside = r->centre, below = -wanted, outside = inside + step, above;
    double far = fmax(r->values[r->n - 1].value - inside, inside - r->values[0].value);
    int kept = 0;

    while ((above = excess_at(r, outside, wanted)) < 0 && fabs(outside - r->centre) <= far) {
        inside = outside;
        below = above;
        step *= 2;
        outside += step;
    }
    for (int i = 0; i < 60 && above > 0; i++) {
        double middle = outside - above * (outside - inside) / (above - below), excess;

        if (fabs(outside - inside) < 1e-6 * fabs(outside - r->centre) + 1e-12)
            break;
        if (middle == inside || middle == outside)
            middle = (inside + outside) / 2;
        excess = excess_at(r, middle, wanted);
        if (fabs(excess) < 1e-9 * wanted)
            return middle;
        if (excess < 0) {
            inside = middle;
            below = excess;
            above /= kept < 0 ? 2 : 1;
            kept = -1;
        } else {
            outside = middle;
            above = excess;
            below /= kept > 0 ? 2 : 1;
            kept = 1;
        }
    }
    return outside;
}

void signed_rank_interval(const struct signed_rank *r, double level, double *low, double *high)
{
    double wanted = student_quantile((1 - level) / 2, (double)r->blocks - 1);
    double spread = r->values[3 * r->n / 4].value - r->values[r->n / 4].value;
    double step = spread / sqrt((double)r->n) + 1e-9;

    *low = find_shift(r, wanted, -step);
    *high = find_shift(r, wanted, step);
}
