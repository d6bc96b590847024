/* example.h -- where a difference was seen, and how to see it again.
 *
 * An example keeps the values of one pair, cut to what people read, and its
 * request in a form that can be sent by hand. All examples of a pair share the
 * request, which is made when the first of them is kept; most pairs have none.
 */
#ifndef MIRRORCTL_DIFF_EXAMPLE_H
#define MIRRORCTL_DIFF_EXAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/str.h"
#include "diff/pair_diff.h"

/* Counted by one thread at a time: the pairs of a tally never leave it apart. */
struct example_request {
    unsigned refs;
    unsigned lacks;     /* enum curl_lack */
    struct str method;  /* cut, like the others */
    struct str target;  /* secrets hidden unless they are shown */
    struct str options; /* of curl, ready for a shell: " -X POST -H 'A: b'" */
};

struct example {
    uint64_t ordinal, seq;           /* seq: place of the pair in the file */
    struct str at, v1, v2;           /* data NULL: not there */
    bool has_control;                /* v1 was asked twice, and its second answer compared */
    struct str control;              /* what that said; data NULL: not there */
    struct example_request *request; /* or NULL */
};

/* The pair that is being counted, from which examples are made. */
struct example_source {
    uint64_t ordinal, seq;
    const struct pair_diff *pair;    /* NULL: no request, no control */
    struct example_request *request; /* once an example was kept */
};

/* What of a request's fields and body an example keeps. */
enum { EXAMPLE_OPTIONS = 1024, EXAMPLE_TARGET = 512 };

struct example_source example_source_of(const struct pair_diff *d);
void example_source_release(struct example_source *from);

/* An example of its own; what is not there stays not there. */
int example_copy(struct example *x, struct example_source *from, const struct difference *d,
                 struct err *e);
void example_release(struct example *x);

/* Ordinals begin anew where result files were joined; then the first counts. */
bool example_is_earlier(uint64_t ordinal, uint64_t seq, const struct example *x);

#endif
