/* option.h -- command line options as data.
 *
 * A command lists its options in a table; parsing, --help, suggestions for
 * misspelt names and the man page check (tests/lint/options.sh) all read it.
 * Each row names a field of the command's own `struct options`, which is how
 * every command file calls it, and a reader that turns text into that field.
 * What several commands have in common is written once, as a part of each.
 */
#ifndef MIRRORCTL_CLI_OPTION_H
#define MIRRORCTL_CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"

struct command;
struct option_spec;

/* Read `value` (NULL for options without argument) into *field. Returns 0, or
 * -1 with *e saying what the value is not: "\"x\" is not a size". */
typedef int option_reader(const struct option_spec *spec, void *field, const char *value,
                          struct err *e);

struct option_spec {
    char letter;      /* 0: long only */
    const char *name; /* NULL ends a table */
    const char *arg;  /* what --help calls the argument; NULL: takes none */
    const char *help;
    size_t offset; /* of the field */
    option_reader *read;
    const char *const *choices;     /* option_choice: NULL-terminated names */
    uint64_t min, max;              /* option_count, option_size */
    bool is_list;                   /* the field is a struct option_list */
    const struct option_spec *part; /* rows of a struct that is the field; nothing else then */
};

/* Every value of an option that may be given more than once, in order. */
struct option_list {
    const char **items;
    size_t n;
};

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* What every command understands. */
struct common_options {
    bool help, version, quiet, verbose;
    int log; /* enum log_format */
};

extern const struct option_spec common_options[];

/* Fields: bool, const char *, struct option_list, uint64_t, uint64_t, int64_t
 * (ns), int (index into choices). */
option_reader option_flag, option_string, option_list, option_count, option_size, option_time,
    option_choice;

/* The struct whose fields the rows name: a table that several commands have in
 * common is for one of its own. */
#ifndef OPT_STRUCT
#define OPT_STRUCT struct options
#endif

#define OPT_ROW(letter_, name_, field_, arg_, help_, ...)                     \
    {                                                                         \
        .letter = (letter_), .name = (name_), .arg = (arg_), .help = (help_), \
        .offset = offsetof(OPT_STRUCT, field_), __VA_ARGS__                   \
    }
#define OPT_FLAG(letter, name, field, help) \
    OPT_ROW(letter, name, field, NULL, help, .read = option_flag)
#define OPT_STRING(letter, name, field, arg, help) \
    OPT_ROW(letter, name, field, arg, help, .read = option_string)
#define OPT_LIST(letter, name, field, arg, help) \
    OPT_ROW(letter, name, field, arg, help, .read = option_list, .is_list = true)
#define OPT_COUNT(letter, name, field, arg, min_, max_, help) \
    OPT_ROW(letter, name, field, arg, help, .read = option_count, .min = (min_), .max = (max_))
#define OPT_SIZE(letter, name, field, min_, max_, help) \
    OPT_ROW(letter, name, field, "SIZE", help, .read = option_size, .min = (min_), .max = (max_))
#define OPT_TIME(letter, name, field, help) \
    OPT_ROW(letter, name, field, "TIME", help, .read = option_time)
#define OPT_CHOICE(letter, name, field, arg, choices_, help) \
    OPT_ROW(letter, name, field, arg, help, .read = option_choice, .choices = (choices_))
#define OPT_OWN(letter, name, field, arg, reader, help) \
    OPT_ROW(letter, name, field, arg, help, .read = (reader))
#define OPT_OWN_LIST(letter, name, field, arg, reader, help) \
    OPT_ROW(letter, name, field, arg, help, .read = (reader), .is_list = true)
/* In place of a row: all rows of `rows_`, a table that several commands have in
 * common, for the struct that is this field. A part has no parts. */
#define OPT_PART(field_, rows_)                                             \
    {                                                                       \
        .name = "", .offset = offsetof(OPT_STRUCT, field_), .part = (rows_) \
    }
#define OPT_END      \
    {                \
        .name = NULL \
    }

/* Read argv[1..] by the command's table (NULL: only what all commands share)
 * into *options and *common. Options may stand between operands; operands are
 * moved to the end, and the index of the first is returned. -1 with *e
 * (ERR_USAGE) naming the option that is wrong. */
int option_parse(const struct command *cmd, int argc, char **argv, void *options,
                 struct common_options *common, struct err *e);

/* Free what reading the options allocated. */
void option_release(const struct command *cmd, void *options);

/* Call `visit` for each row of a table and of its parts, in order. `offset` is
 * where the row's field is in the struct of the whole table. */
void option_each(const struct option_spec *rows,
                 void (*visit)(void *ctx, const struct option_spec *row, size_t offset), void *ctx);

/* Print the command's usage and options, at most 80 columns wide. */
void option_help(const struct command *cmd, FILE *out);

#endif
