/* plan_sources.h -- what of the YAML is read and how, and where its services run: the
 * options that `plan`, `replay` and `mirror` have in common. */
#ifndef MIRRORCTL_CLI_PLAN_SOURCES_H
#define MIRRORCTL_CLI_PLAN_SOURCES_H

#include <stdbool.h>

#include "cli/option.h"

struct plan_sources {
    struct option_list endpoints;      /* KEY=URL */
    struct option_list endpoint_files; /* --endpoints */
    const char *namespace;
    bool lenient;
    int assume; /* 1: source-labels */
};

/* To be a part of a command's table. */
extern const struct option_spec plan_sources[];

#endif
