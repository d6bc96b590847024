/* openapi.h -- the endpoints that an OpenAPI description names. */
#ifndef MIRRORCTL_DIFF_OPENAPI_H
#define MIRRORCTL_DIFF_OPENAPI_H

#include "core/arena.h"
#include "core/diag.h"
#include "core/err.h"
#include "core/pattern.h"
#include "core/str.h"

enum { OPENAPI_PATTERNS = 10000 };

struct openapi {
    struct arena mem;
    struct pattern *patterns;
    size_t n, cap;
};

void openapi_init(struct openapi *o);
void openapi_release(struct openapi *o);

/* Add the paths of a description, YAML or JSON, of OpenAPI 3 or Swagger 2: each as
 * it stands, and below the path of each server. Mistakes go to *diags:
 *
 *     E711  no description: no map with `paths`
 *     E712  a path that does not begin with a slash
 *
 * Returns 0, or -1 with *e set when memory is out or there are too many paths. */
int openapi_read(struct openapi *o, struct str text, const char *name, struct diags *diags,
                 struct err *e);

#endif
