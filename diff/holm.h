/* holm.h -- many tests, and one promise for all of them.
 *
 * Who tests thirty things at 5 % each finds something in three of four runs of
 * nothing. Holm's method (1979) keeps the chance that any of the tests is wrong
 * below one error, whatever they depend on.
 */
#ifndef MIRRORCTL_DIFF_HOLM_H
#define MIRRORCTL_DIFF_HOLM_H

#include <stdbool.h>
#include <stddef.h>

struct holm_test {
    double p; /* how easily chance gives this */
    void *of;
    bool holds;   /* after holm(): this is no chance */
    double level; /* after holm(): what p was held against */
};

/* Sorts them by p. */
void holm(struct holm_test *tests, size_t n, double error);

#endif
