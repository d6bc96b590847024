/* The story: what all commands share is read, the command is found in the
 * table, its options are read by its own table, and it runs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/option.h"
#include "cli/status.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/nearest.h"

static const struct command *const commands[] = {
    &cmd_capture, &cmd_replay, &cmd_diff, &cmd_mirror, &cmd_plan, &cmd_show,
};

enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

/* What was asked for on standard output has to get there. */
static int printed(void)
{
    struct err e = {0};

    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_DONE;
    err_set(&e, errno == EPIPE ? ERR_PIPE : ERR_IO, "standard output: %s", strerror(errno));
    return status_fail(&e);
}

static void print_overview(FILE *out)
{
    fprintf(out, "usage: mirrorctl COMMAND [OPTION]... [FILE]...\n\n"
                 "Show that version 2 of an HTTP service answers as version 1 does, on real\n"
                 "traffic that no user waits for.\n\n");
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-10s%s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "\n`mirrorctl COMMAND --help` lists the options of a command; man mirrorctl\n"
                 "tells the whole story.\n");
}

static int print_version(void)
{
    puts("mirrorctl " MIRRORCTL_VERSION);
    return printed();
}

static const struct command *find_command(const char *name)
{
    const char *names[N_COMMANDS];
    const char *nearest;
    char all[256] = "";
    size_t n = 0;

    for (int i = 0; i < N_COMMANDS; i++) {
        if (strcmp(name, commands[i]->name) == 0)
            return commands[i];
        names[i] = commands[i]->name;
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", names[i]);
    }
    nearest = nearest_name(str_of(name), names, N_COMMANDS);
    if (nearest)
        log_error("%s: no such command; did you mean %s?", name, nearest);
    else
        log_error("%s: no such command (have: %s)", name, all);
    return NULL;
}

static void set_up_log(const struct common_options *common)
{
    enum log_level level = LOG_INFO;

    if (common->quiet)
        level = LOG_ERROR;
    else if (common->verbose)
        level = LOG_DEBUG;
    log_setup(level, common->log == LOG_FORMAT_JSON);
}

/* Read the options of `cmd` and run it. */
static int run_command(const struct command *cmd, int argc, char **argv,
                       struct common_options *common)
{
    struct err e = {0};
    int status, first;
    void *options = mem_zalloc(cmd->options_size);

    if (!options) {
        err_nomem(&e, "starting");
        return status_fail(&e);
    }
    memcpy(options, cmd->defaults, cmd->options_size);
    first = option_parse(cmd, argc, argv, options, common, &e);
    set_up_log(common);
    if (first < 0) {
        status = status_fail(&e);
    } else if (common->help) {
        option_help(cmd, stdout);
        status = printed();
    } else if (common->version) {
        status = print_version();
    } else {
        status = cmd->run(options, argc - first, argv + first);
    }
    option_release(cmd, options);
    mem_free(options);
    return status;
}

int main(int argc, char **argv)
{
    struct common_options common = {0};
    const struct command *cmd;
    struct err e = {0};
    int first;

    /* A reader that has seen enough is an error of write(), not a death. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* the same for ulimit -f */
    first = option_parse(NULL, argc, argv, NULL, &common, &e);
    set_up_log(&common);
    if (first < 0)
        return status_fail(&e);
    if (common.version)
        return print_version();
    if (common.help) {
        print_overview(stdout);
        return printed();
    }
    if (first == argc) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    cmd = find_command(argv[first]);
    return cmd ? run_command(cmd, argc - first, argv + first, &common) : EXIT_USAGE;
}
