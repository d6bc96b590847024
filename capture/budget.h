/* budget.h -- how much memory reassembly holds, against its ceiling.
 *
 * Who keeps bytes charges them and gives them back. Nothing is refused here:
 * before each packet the stage looks whether the ceiling was passed, and gives
 * up connections until it holds again. A packet can overshoot by its length.
 */
#ifndef MIRRORCTL_CAPTURE_BUDGET_H
#define MIRRORCTL_CAPTURE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct budget {
    size_t used;
    size_t peak;
    size_t max;
};

static inline void budget_charge(struct budget *b, size_t n)
{
    b->used += n;
    if (b->used > b->peak)
        b->peak = b->used;
}

static inline void budget_return(struct budget *b, size_t n)
{
    b->used -= n;
}

/* Replace a charge of `before` bytes by one of `now`. */
static inline void budget_adjust(struct budget *b, size_t before, size_t now)
{
    budget_return(b, before);
    budget_charge(b, now);
}

static inline bool budget_exceeded(const struct budget *b)
{
    return b->used > b->max;
}

#endif
