/* pairs.h -- pairs made by hand, for tests of the comparing stage. */
#ifndef MIRRORCTL_TESTS_SUPPORT_PAIRS_H
#define MIRRORCTL_TESTS_SUPPORT_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/exchange.h"
#include "core/str.h"

/* Targets, as META's "names" are numbered where it lists just these. */
enum { PAIR_V1, PAIR_V2, PAIR_CONTROL };

/* A pair without calls for "GET /users/17"; NULL with *e set. */
struct pair *pair_request(uint64_t ordinal, const char *method_and_target, struct err *e);

/* What a target answered. `fields` are lines that end in "\r\n"; `us` is how
 * long it took. Returns 0, or -1 with *e set. */
int pair_answer(struct pair *p, int target, int status, const char *fields, struct str body,
                int64_t us, struct err *e);

/* The answer that was recorded with the request; it ended `us` after it. */
int pair_recorded(struct pair *p, int status, const char *fields, struct str body, int64_t us,
                  struct err *e);

/* A call that was not answered. */
int pair_failure(struct pair *p, int target, enum outcome outcome, const char *detail,
                 struct err *e);

/* A source that asks `make` for pair 0, 1, ...; it returns NULL with e->kind
 * left ERR_NONE at the end. */
struct pair_script {
    struct pair *(*make)(size_t i, struct err *e);
    size_t next;
};

struct pair_source pair_script_source(struct pair_script *script);

#endif
