/* config.h -- the YAML that the command line names, as one plan.
 *
 * A name is a file, a pipe, - for standard input, or a directory, of which all *.yaml,
 * *.yml and *.json are read in the order of their names. What is wrong with any of it is
 * collected, and shown all at once.
 */
#ifndef MIRRORCTL_CLI_CONFIG_H
#define MIRRORCTL_CLI_CONFIG_H

#include <stddef.h>

#include "cli/plan_sources.h"
#include "core/arena.h"
#include "core/diag.h"
#include "core/err.h"
#include "replay/plan.h"

enum { CONFIG_MAX_FILES = 4096 };

struct config {
    struct plan *plan; /* NULL: there is none */
    struct diags diags;
    /* Of reading: */
    struct arena mem;
    struct plan_input *inputs, *endpoint_files;
    size_t n_inputs, n_endpoint_files;
    size_t bytes;
};

/* Start without a plan. Cannot fail. */
void config_init(struct config *c);

/* URLs of --v1 and --v2, which stand for the baseline and the candidates of every rule. */
struct config_urls {
    const char *v1; /* NULL: not given */
    const char *const *candidates;
    size_t n_candidates;
    bool v1_is_not_asked; /* so that what the YAML says of it needs no address */
};

/* Read `n` names. Returns 0 with a plan, and with errors in diags where there are any, or
 * -1 with *e set when there is no memory. */
int config_read(struct config *c, const char *const *names, size_t n,
                const struct plan_sources *sources, const struct config_urls *urls, struct err *e);

/* The same for a run: where no name is given there is no plan; what was found is shown, and
 * an error in it is one of the run. Returns 0, or -1 with *e set. */
int config_read_for_run(struct config *c, const struct option_list *names,
                        const struct plan_sources *sources, const struct config_urls *urls,
                        struct err *e);

/* Show what was found, on standard error. Returns how many of it are errors. */
size_t config_tell(const struct config *c);

void config_release(struct config *c);

#endif
