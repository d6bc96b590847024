#include "diff/holm.h"

#include <stdlib.h>

static int by_chance(const void *a, const void *b)
{
    double x = ((const struct holm_test *)a)->p, y = ((const struct holm_test *)b)->p;

    return (x > y) - (x < y);
}

void holm(struct holm_test *tests, size_t n, double error)
{
    bool holds = true;

    qsort(tests, n, sizeof *tests, by_chance);
    for (size_t i = 0; i < n; i++) {
        tests[i].level = error / (double)(n - i);
        holds = holds && tests[i].p <= tests[i].level;
        tests[i].holds = holds;
    }
}
