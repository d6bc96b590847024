#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/diff_options.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/results.h"
#include "cli/status.h"
#include "core/log.h"
#include "diff/diff.h"

struct options {
    struct diff_options diff;
    uint64_t threads;
    bool print_default_rules;
};

static const struct option_spec table[] = {
    OPT_PART(diff, diff_options),
    OPT_COUNT(0, "threads", threads, "N", 0, 1024,
              "comparing threads; 0 chooses (default); the report does not depend on it"),
    OPT_FLAG(0, "print-default-rules", print_default_rules,
             "print the rules that hold for headers, as a file of rules, and end"),
    OPT_END,
};

static const struct options defaults = {.diff = DIFF_DEFAULTS};

static void note_signal(int number)
{
    (void)number;
}

/* Ctrl-C reaches a whole pipe. Those before us then end in order, so our input
 * does too: read on, and give the verdict. A second one ends us. */
static void read_on_at_first_signal(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = note_signal;
    action.sa_flags = SA_RESTART | (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

static int take_meta(void *ctx, struct str json, struct err *e)
{
    return diff_meta(ctx, json, e);
}

static int take_stats(void *ctx, struct str json, struct err *e)
{
    return diff_stats(ctx, json, e);
}

static int judge(struct diff *d, struct results *results, const struct options *o)
{
    struct pair_source source = {results_next, results};
    struct err e = {0};
    int status = EXIT_DONE;

    if (diff_run(d, &source, &e) < 0) {
        status = status_fail(&e);
        if (e.kind == ERR_INPUT)
            return status;
        status = status_worst(EXIT_PARTLY, status);
        if (e.kind != ERR_DAMAGED)
            return status;
        log_warn("the report is about what was read before");
    }
    return status_worst(status, diff_options_conclude(&o->diff, d));
}

static int print_default_rules(void)
{
    struct output out = {STDOUT_FILENO, "standard output"};
    struct buf text;
    struct err e = {0};
    int status = EXIT_DONE;

    buf_init(&text, 1024 * 1024);
    if (diff_default_rules(&text, &e) < 0 || output_write(&out, buf_str(&text), &e) < 0)
        status = status_fail(&e);
    buf_release(&text);
    return status;
}

static int run_diff(const void *options, int argc, char **argv)
{
    const struct options *o = options;
    struct diff_config config = {
        .threads = (unsigned)o->threads,
    };
    struct results_listener listener = {take_meta, take_stats, NULL};
    struct results *results = NULL;
    struct diff *d = NULL;
    struct err e = {0};
    int status;

    if (o->print_default_rules)
        return print_default_rules();
    if (argc == 0) {
        err_set(&e, ERR_USAGE, "FILE is missing: a result of mirrorctl replay, or -");
        return status_fail(&e);
    }
    if (diff_options_check(&o->diff, (const char *const *)argv, (size_t)argc, NULL, &e) < 0)
        return status_fail(&e);
    read_on_at_first_signal();
    config.file = argv[0];
    d = diff_options_open(&o->diff, &config, &e);
    listener.ctx = d;
    if (d)
        results = results_open(argv, (size_t)argc, &listener, &e);
    status = results ? judge(d, results, o) : status_refuse(&e);
    results_close(results);
    diff_close(d);
    return status;
}

const struct command cmd_diff = {
    .name = "diff",
    .summary = "compare the answers and give a verdict",
    .operands = "FILE...",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof defaults,
    .run = run_diff,
};
