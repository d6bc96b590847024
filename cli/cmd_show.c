#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/har.h"
#include "cli/input.h"
#include "cli/listing.h"
#include "cli/option.h"
#include "cli/status.h"
#include "core/json_tree.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/record.h"

enum { ENTRY_MAX = 2000 << 20, META_MAX = 1 << 20 };

struct options {
    int format;
    bool recover, show_secrets;
};

enum { FORMAT_TEXT, FORMAT_JSONL };

static const char *const formats[] = {"text", "jsonl", NULL};

static const struct option_spec table[] = {
    OPT_CHOICE(0, "format", format, "FORMAT", formats,
               "text (default), one line for each exchange, or those with an ID in full; or jsonl, "
               "one HAR entry a line"),
    OPT_FLAG(0, "recover", recover, "read on past damage, and say how much was skipped"),
    OPT_FLAG(0, "show-secrets", show_secrets, "do not hide credentials"),
    OPT_END,
};

static const struct options defaults = {.format = FORMAT_TEXT};

struct wanted {
    uint64_t id;
    bool found;
};

/* A file being shown. */
struct run {
    const struct options *options;
    struct record_reader *reader;
    struct wanted *wanted; /* none: all of them */
    size_t n_wanted;
    struct target_names names;
    struct buf entry;
};

static int read_ids(struct run *run, int argc, char **argv, struct err *e)
{
    run->wanted = mem_array((size_t)argc, sizeof *run->wanted);
    if (!run->wanted)
        return err_nomem(e, "reading the command line");
    for (int i = 0; i < argc; i++) {
        if (!str_to_u64(str_of(argv[i]), &run->wanted[i].id))
            return err_set(e, ERR_USAGE, "\"%s\" is not the number of an exchange", argv[i]);
    }
    run->n_wanted = (size_t)argc;
    return 0;
}

static bool is_wanted(struct run *run, uint64_t id)
{
    bool wanted = run->n_wanted == 0;

    for (size_t i = 0; i < run->n_wanted; i++) {
        if (run->wanted[i].id == id) {
            run->wanted[i].found = true;
            wanted = true;
        }
    }
    return wanted;
}

/* ---- what is in the file ---------------------------------------------------- */

static void default_names(struct target_names *names)
{
    for (size_t i = 0; i < PAIR_MAX_CALLS; i++)
        snprintf(names->names[i], sizeof names->names[i], "target%zu", i);
}

/* The targets' names stand in META: "names":["v1","v2","control"]. */
static void read_names(struct run *run, struct str meta)
{
    const struct json_node *list, *name;
    struct json_node *root;
    struct arena mem;
    size_t i = 0;

    arena_init(&mem, META_MAX);
    root = json_parse(meta, &mem, NULL, NULL);
    list = root && root->type == JSON_OBJECT ? json_member(root, STR("names")) : NULL;
    if (list && list->type == JSON_ARRAY) {
        for (name = list->child; name && i < PAIR_MAX_CALLS; name = name->next, i++) {
            if (name->type == JSON_STRING && http_is_token(name->text))
                snprintf(run->names.names[i], sizeof run->names.names[i], "%.*s",
                         STR_ARG(name->text));
        }
    }
    arena_release(&mem);
}

static int format_exchange(struct run *run, const struct exchange *x, struct err *e)
{
    bool secrets = run->options->show_secrets;

    if (run->options->format == FORMAT_JSONL)
        return har_exchange(&run->entry, x, secrets, e);
    if (run->n_wanted)
        return listing_exchange_whole(&run->entry, x, secrets, e);
    return listing_exchange(&run->entry, x, secrets, e);
}

static int format_pair(struct run *run, const struct pair *p, struct err *e)
{
    bool secrets = run->options->show_secrets;

    if (run->options->format == FORMAT_JSONL)
        return har_pair(&run->entry, p, &run->names, secrets, e);
    if (run->n_wanted)
        return listing_pair_whole(&run->entry, p, &run->names, secrets, e);
    return listing_pair(&run->entry, p, &run->names, secrets, e);
}

static int print_entry(struct run *run, struct err *e)
{
    size_t n = run->entry.len;

    if (n && fwrite(run->entry.data, 1, n, stdout) != n)
        return err_set(e, errno == EPIPE ? ERR_PIPE : ERR_IO, "standard output: %s",
                       strerror(errno));
    buf_reset(&run->entry);
    return 0;
}

static int show_item(struct run *run, int got, struct record_item *item, struct err *e)
{
    int rc = 0;

    switch (got) {
    case RECORD_EXCHANGE:
        if (is_wanted(run, item->exchange->ordinal))
            rc = format_exchange(run, item->exchange, e);
        exchange_free(item->exchange);
        break;
    case RECORD_PAIR:
        if (is_wanted(run, item->pair->exchange->ordinal))
            rc = format_pair(run, item->pair, e);
        pair_free(item->pair);
        break;
    case RECORD_META:
        default_names(&run->names);
        read_names(run, item->text);
        log_debug("%.*s", STR_ARG(item->text));
        break;
    default:
        log_debug("%.*s", STR_ARG(item->text));
        break;
    }
    return rc < 0 ? rc : print_entry(run, e);
}

/* ---- the command ------------------------------------------------------------ */

/* Lines that somebody waits for at the other end of a pipe go out one by one. */
static void set_buffering(void)
{
    struct stat st;

    if (fstat(STDOUT_FILENO, &st) == 0 && !S_ISREG(st.st_mode))
        setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

static int show_all(struct run *run)
{
    struct record_item item;
    struct err e = {0};
    int status = EXIT_DONE;
    int got;

    while ((got = record_next(run->reader, &item, &e)) > RECORD_END) {
        if (show_item(run, got, &item, &e) < 0)
            return status_worst(e.kind == ERR_PIPE ? EXIT_DONE : EXIT_PARTLY, status_fail(&e));
    }
    if (fflush(stdout) != 0) {
        err_set(&e, errno == EPIPE ? ERR_PIPE : ERR_IO, "standard output: %s", strerror(errno));
        return status_fail(&e);
    }
    if (got < 0)
        status = status_worst(EXIT_PARTLY, status_fail(&e));
    if (record_skipped_bytes(run->reader)) {
        log_error("%" PRIu64 " damaged bytes were skipped", record_skipped_bytes(run->reader));
        status = EXIT_PARTLY;
    }
    return status;
}

static int report_missing(const struct run *run, const char *name)
{
    int status = EXIT_DONE;

    for (size_t i = 0; i < run->n_wanted; i++) {
        if (run->wanted[i].found)
            continue;
        log_error("%s: no exchange %" PRIu64, name, run->wanted[i].id);
        status = EXIT_USAGE;
    }
    return status;
}

static int run_show(const void *options, int argc, char **argv)
{
    struct run run = {.options = options};
    struct input input = {.fd = -1};
    struct err e = {0};
    int status;

    if (argc == 0) {
        err_set(&e, ERR_USAGE, "FILE is missing: a record or a result, or -");
        return status_fail(&e);
    }
    buf_init(&run.entry, ENTRY_MAX);
    default_names(&run.names);
    if (read_ids(&run, argc - 1, argv + 1, &e) == 0 && input_open(&input, argv[0], &e) == 0)
        run.reader = record_reader_new(input.fd, input.name, run.options->recover, &e);
    if (run.reader) {
        set_buffering();
        status = show_all(&run);
        status = status_worst(status, report_missing(&run, input.name));
    } else {
        status = status_refuse(&e);
    }
    record_reader_free(run.reader);
    input_close(&input);
    mem_free(run.wanted);
    buf_release(&run.entry);
    return status;
}

const struct command cmd_show = {
    .name = "show",
    .summary = "print what a record or result file holds",
    .operands = "FILE [ID]...",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof defaults,
    .run = run_show,
};
