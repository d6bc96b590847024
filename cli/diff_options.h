/* diff_options.h -- what may differ, and which reports are written: the options
 * that `diff` and `mirror` have in common, and the end of both commands. */
#ifndef MIRRORCTL_CLI_DIFF_OPTIONS_H
#define MIRRORCTL_CLI_DIFF_OPTIONS_H

#include <stdbool.h>

#include "cli/option.h"
#include "diff/diff.h"

struct diff_options {
    const char *format;
    struct option_list reports, gates, patterns, openapi, rules, ignores, noises;
    int policy; /* enum policy of the table */
    const char *learn_noise;
    bool show_secrets, annotate;
};

/* To be a part of a command's table. */
extern const struct option_spec diff_options[];

#define DIFF_DEFAULTS     \
    {                     \
        .format = "text", \
    }

/* Refuse files that are to be written and cannot be, or are read: the inputs of the
 * command, or its own files. `output` is what else it writes, or NULL. Nothing is
 * touched. */
int diff_options_check(const struct diff_options *o, const char *const *inputs, size_t n_inputs,
                       const char *output, struct err *e);

/* Add to `base` what of the configuration the options say, read the files that they
 * name, and open. What is wrong in files is told at once, one by one. NULL with *e
 * set. The options must live on. */
struct diff *diff_options_open(const struct diff_options *o, const struct diff_config *base,
                               struct err *e);

/* Judge what was compared and write the reports: to standard output, and to
 * files. Returns the exit status, having said what could not be written. */
int diff_options_conclude(const struct diff_options *o, const struct diff *d);

#endif
