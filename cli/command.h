/* command.h -- what a command is: data plus one function. */
#ifndef MIRRORCTL_CLI_COMMAND_H
#define MIRRORCTL_CLI_COMMAND_H

#include <stddef.h>

struct option_spec;

/* Exit statuses, as the man page promises. */
enum exit_status {
    EXIT_DONE = 0,         /* done; diff, mirror: PASS */
    EXIT_FAIL = 1,         /* diff: FAIL */
    EXIT_USAGE = 2,        /* cannot be used; nothing was sent or written */
    EXIT_INCONCLUSIVE = 3, /* diff: too little evidence */
    EXIT_PARTLY = 4,       /* damaged input, an I/O error, or loss with --strict */
};

struct command {
    const char *name;
    const char *summary;               /* one line, no full stop */
    const char *operands;              /* "FILE", "[FILE]...", for the usage line */
    const struct option_spec *options; /* offsets into a struct like *defaults */
    const void *defaults;              /* what `options` is before the command line is read */
    size_t options_size;
    /* Gets the options as read and the operands, NULL-terminated; returns an
     * exit status. What every command shares (--help, --log) is done before. */
    int (*run)(const void *options, int argc, char **argv);
};

extern const struct command cmd_capture, cmd_replay, cmd_diff, cmd_mirror, cmd_plan, cmd_show;

#endif
