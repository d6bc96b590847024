#include "diff/student.h"

#include <math.h>

/* The continued fraction of the incomplete beta function (NIST DLMF 8.17.22),
 * by Lentz's method: quick where x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1), f;

    d = 1 / (fabs(d) < tiny ? tiny : d);
    f = d;
    for (int m = 1; m < 10000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double step;

        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        f *= c * d;
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        step = c * d;
        f *= step;
        if (fabs(step - 1) < 1e-15)
            break;
    }
    return f;
}

/* I_x(a, b); `y` is 1 - x, which the caller may know more exactly. */
static double incomplete_beta(double x, double y, double a, double b)
{
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y));

    if (x <= 0)
        return 0;
    if (y <= 0)
        return 1;
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(x, a, b) / a;
    return 1 - front * beta_fraction(y, b, a) / b;
}

double student_tail(double t, double df)
{
    double square = t * t, half;

    if (isinf(t))
        return t > 0 ? 0 : 1;
    half = incomplete_beta(df / (df + square), square / (df + square), df / 2, 0.5) / 2;
    return t >= 0 ? half : 1 - half;
}

double student_quantile(double p, double df)
{
    double low = 0, high = 1;

    while (student_tail(high, df) > p && high < 1e12)
        high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-12 * high; i++) {
        double middle = (low + high) / 2;

        if (student_tail(middle, df) > p)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* ---- order statistics ---- */

/* P[X = k] for X of n throws that succeed with chance q. */
static double binomial(size_t n, double q, size_t k)
{
    double N = (double)n, K = (double)k;

    return exp(lgamma(N + 1) - lgamma(K + 1) - lgamma(N - K + 1) + K * log(q) +
               (N - K) * log1p(-q));
}

/* The largest k with P[X < k] <= limit, for 0 < q < 1. The sum starts where its
 * terms are beyond counting; each follows from the one before. */
static size_t rank_below(size_t n, double q, double limit)
{
    double mean = (double)n * q, start = mean - 10 * sqrt(mean * (1 - q)) - 10;
    size_t k = start > 0 ? (size_t)start : 0;
    double sum = 0, term = binomial(n, q, k);

    while (k < n && sum + term <= limit) {
        sum += term;
        term *= (double)(n - k) / (double)(k + 1) * q / (1 - q);
        k++;
    }
    return k;
}

/* Half the error goes to each side, unless n is so small that even the largest
 * value is below a far quantile more often than that: then what it leaves goes to
 * the other. */
void quantile_ranks(size_t n, double quantile, size_t *low, size_t *high)
{
    const double error = 0.05;
    double above = error / 2, largest = pow(quantile, (double)n);

    if (quantile > 0.5 && largest > above && largest <= error)
        above = largest * (1 + 1e-12);
    *low = rank_below(n, quantile, error - above);
    *high = n + 1 - rank_below(n, 1 - quantile, above);
}
