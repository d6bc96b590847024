/* The tables are turned into what getopt_long wants and its answers back into
 * rows, so that bundling, `--name=value`, abbreviations, `--` and options
 * between operands behave as in every other GNU tool. Its messages are not
 * used: ours name the option by its long name and suggest the nearest one. */
#include "cli/option.h"

#include <getopt.h>
#include <string.h>

#include "cli/command.h"
#include "cli/value.h"
#include "core/mem.h"
#include "core/nearest.h"
#include "core/str.h"

/* Long options get values from here on; what is below are letters. */
enum { LONG_BASE = 256, MAX_OPTIONS = 128 };

static const char *const log_formats[] = {"text", "json", NULL};

#define COMMON(field_) .offset = offsetof(struct common_options, field_)

const struct option_spec common_options[] = {
    {'h', "help", NULL, "print this help and exit", COMMON(help), option_flag},
    {'V', "version", NULL, "print the version and exit", COMMON(version), option_flag},
    {'q', "quiet", NULL, "print errors only", COMMON(quiet), option_flag},
    {'v', "verbose", NULL, "say more on standard error", COMMON(verbose), option_flag},
    {0, "log", "FORMAT", "write messages as text (default) or json", COMMON(log), option_choice,
     log_formats},
    OPT_END,
};

/* ---- readers ---------------------------------------------------------------- */

int option_flag(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    (void)spec;
    (void)value;
    (void)e;
    *(bool *)field = true;
    return 0;
}

int option_string(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    (void)spec;
    if (!*value)
        return err_set(e, ERR_USAGE, "the argument is empty");
    *(const char **)field = value;
    return 0;
}

int option_list(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    struct option_list *list = field;
    const char **items;

    (void)spec;
    if (!*value)
        return err_set(e, ERR_USAGE, "the argument is empty");
    items = mem_realloc(list->items, (list->n + 1) * sizeof *items);
    if (!items)
        return err_nomem(e, "reading the command line");
    list->items = items;
    list->items[list->n++] = value;
    return 0;
}

int option_count(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    uint64_t n;

    if (str_to_u64(str_of(value), &n) && n >= spec->min && n <= spec->max) {
        *(uint64_t *)field = n;
        return 0;
    }
    if (spec->max == UINT64_MAX)
        return err_set(e, ERR_USAGE, "\"%s\" is not a whole number from %llu on", value,
                       (unsigned long long)spec->min);
    return err_set(e, ERR_USAGE, "\"%s\" is not a whole number from %llu to %llu", value,
                   (unsigned long long)spec->min, (unsigned long long)spec->max);
}

int option_size(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    uint64_t n;

    if (!value_size(value, &n))
        return err_set(e, ERR_USAGE, "\"%s\" is not a size such as 16MiB or 64k", value);
    if (n < spec->min || n > spec->max)
        return err_set(e, ERR_USAGE, "\"%s\" is not between %llu and %llu bytes", value,
                       (unsigned long long)spec->min, (unsigned long long)spec->max);
    *(uint64_t *)field = n;
    return 0;
}

int option_time(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    int64_t ns;

    (void)spec;
    if (!value_time(value, &ns) || ns == 0)
        return err_set(e, ERR_USAGE, "\"%s\" is not a time such as 500ms, 30s or 5m", value);
    *(int64_t *)field = ns;
    return 0;
}

int option_choice(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    char all[256] = "";
    size_t len = 0;

    for (int i = 0; spec->choices[i]; i++) {
        if (strcmp(value, spec->choices[i]) == 0) {
            *(int *)field = i;
            return 0;
        }
        len +=
            (size_t)snprintf(all + len, sizeof all - len, "%s%s", i ? ", " : "", spec->choices[i]);
        if (len >= sizeof all)
            break;
    }
    return err_set(e, ERR_USAGE, "\"%s\" is not one of %s", value, all);
}

/* ---- tables ----------------------------------------------------------------- */

void option_each(const struct option_spec *rows,
                 void (*visit)(void *ctx, const struct option_spec *row, size_t offset), void *ctx)
{
    for (; rows && rows->name; rows++) {
        if (!rows->part)
            visit(ctx, rows, rows->offset);
        for (const struct option_spec *row = rows->part; row && row->name; row++)
            visit(ctx, row, rows->offset + row->offset);
    }
}

/* ---- parsing ---------------------------------------------------------------- */

/* The rows of the command and of all commands, and what getopt makes of them. */
struct parser {
    const struct option_spec *rows[MAX_OPTIONS];
    size_t offsets[MAX_OPTIONS];
    size_t n, n_own; /* the rows of all commands come last */
    struct option longs[MAX_OPTIONS + 1];
    char letters[3 * MAX_OPTIONS + 2];
};

static void add_row(void *ctx, const struct option_spec *row, size_t offset)
{
    struct parser *p = ctx;

    if (p->n == MAX_OPTIONS)
        return;
    p->offsets[p->n] = offset;
    p->rows[p->n++] = row;
}

static void parser_init(struct parser *p, const struct command *cmd)
{
    char *letter = p->letters;

    option_each(cmd ? cmd->options : NULL, add_row, p);
    p->n_own = p->n;
    option_each(common_options, add_row, p);
    /* Before a command's name, what follows the first operand is the
     * command's; a leading colon makes getopt tell a missing argument. */
    if (!cmd)
        *letter++ = '+';
    *letter++ = ':';
    for (size_t i = 0; i < p->n; i++) {
        const struct option_spec *row = p->rows[i];

        p->longs[i] = (struct option){row->name, row->arg ? required_argument : no_argument, NULL,
                                      LONG_BASE + (int)i};
        if (!row->letter)
            continue;
        *letter++ = row->letter;
        if (row->arg)
            *letter++ = ':';
    }
}

/* The place of the row behind a value of getopt, or p->n. */
static size_t find_row(const struct parser *p, int got)
{
    if (got >= LONG_BASE)
        return (size_t)(got - LONG_BASE);
    for (size_t i = 0; i < p->n; i++) {
        if (got != 0 && p->rows[i]->letter == got)
            return i;
    }
    return p->n;
}

/* List in `text` the options that begin with `name`; returns how many. */
static size_t find_beginnings(const struct parser *p, const char *name, char *text, size_t size)
{
    size_t n = 0, len = 0;

    for (size_t i = 0; i < p->n && len < size; i++) {
        if (strncmp(p->rows[i]->name, name, strlen(name)) != 0)
            continue;
        len += (size_t)snprintf(text + len, size - len, "%s--%s", n ? ", " : "", p->rows[i]->name);
        n++;
    }
    return n;
}

/* Say what is wrong where getopt answered ':' or '?'. */
static int wrong_option(const struct parser *p, int got, const char *word, struct err *e)
{
    const char *names[MAX_OPTIONS];
    const char *nearest;
    char name[64], all[512];
    size_t i = find_row(p, optopt);

    if (i < p->n && got == ':')
        return err_set(e, ERR_USAGE, "--%s: needs an argument, %s", p->rows[i]->name,
                       p->rows[i]->arg);
    if (i < p->n)
        return err_set(e, ERR_USAGE, "--%s: takes no argument", p->rows[i]->name);
    if (optopt)
        return err_set(e, ERR_USAGE, "-%c: no such option", optopt);

    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    if (find_beginnings(p, name, all, sizeof all) > 1)
        return err_set(e, ERR_USAGE, "--%s: begins several options: %s", name, all);
    for (i = 0; i < p->n; i++)
        names[i] = p->rows[i]->name;
    nearest = nearest_name(str_of(name), names, p->n);
    if (nearest)
        return err_set(e, ERR_USAGE, "--%s: no such option; did you mean --%s?", name, nearest);
    return err_set(e, ERR_USAGE, "--%s: no such option", name);
}

int option_parse(const struct command *cmd, int argc, char **argv, void *options,
                 struct common_options *common, struct err *e)
{
    struct parser p = {0};
    int got;

    parser_init(&p, cmd);
    opterr = 0;
    optind = 0; /* glibc: start anew, forgetting what a former scan left */
    while ((got = getopt_long(argc, argv, p.letters, p.longs, NULL)) != -1) {
        size_t i = find_row(&p, got);

        if (got == '?' || got == ':' || i == p.n)
            return wrong_option(&p, got, argv[optind - 1], e);
        char *base = i < p.n_own ? options : (char *)common;
        if (p.rows[i]->read(p.rows[i], base + p.offsets[i], optarg, e) < 0)
            return err_wrap(e, "--%s", p.rows[i]->name);
    }
    return optind;
}

static void release_row(void *options, const struct option_spec *row, size_t offset)
{
    struct option_list *list = (struct option_list *)((char *)options + offset);

    if (!row->is_list)
        return;
    mem_free(list->items);
    *list = (struct option_list){0};
}

void option_release(const struct command *cmd, void *options)
{
    option_each(cmd->options, release_row, options);
}
