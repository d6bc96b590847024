#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/har.h"
#include "cli/input.h"
#include "cli/option.h"
#include "cli/show_format.h"
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

static const struct option_spec table[] = {
    OPT_CHOICE(0, "format", format, "FORMAT", show_format_names,
               "text (default), one line for each exchange, or those with an ID in full; jsonl, "
               "one HAR entry a line; har; or curl, lines that send them again"),
    OPT_FLAG(0, "recover", recover, "read on past damage, and say how much was skipped"),
    OPT_FLAG(0, "show-secrets", show_secrets, "do not hide credentials"),
    OPT_END,
};

static const struct options defaults = {0};

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
    const struct show_format *format;
    struct show show;
    struct diff *diff;
    struct arena meta; /* what show.urls look at */
    uint64_t shown;
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

static void default_names(struct show *s)
{
    for (size_t i = 0; i < PAIR_MAX_CALLS; i++) {
        snprintf(s->names.names[i], sizeof s->names.names[i], "target%zu", i);
        s->urls[i] = (struct str){0};
    }
}

static struct str text_member(const struct json_node *object, struct str key)
{
    const struct json_node *n =
        object && object->type == JSON_OBJECT ? json_member(object, key) : NULL;

    return n && n->type == JSON_STRING ? n->text : (struct str){0};
}

/* The targets' names stand in META, as "names":["v1","v2","control"], and where
 * they were under "targets". The control is v1 again, and is not named there. */
static void read_names(struct run *run, const struct json_node *meta)
{
    const struct json_node *list = json_member(meta, STR("names"));
    const struct json_node *urls = json_member(meta, STR("targets"));
    struct show *s = &run->show;
    size_t i = 0;

    if (!list || list->type != JSON_ARRAY)
        return;
    for (const struct json_node *n = list->child; n && i < PAIR_MAX_CALLS; n = n->next, i++) {
        if (n->type != JSON_STRING || !http_is_token(n->text))
            continue;
        snprintf(s->names.names[i], sizeof s->names.names[i], "%.*s", STR_ARG(n->text));
        s->urls[i] = text_member(urls, n->text);
    }
}

/* What differs is told by the stage that compares, with the META of each section. */
static int read_meta(struct run *run, struct str text, struct err *e)
{
    struct diff_config config = {.show_secrets = run->options->show_secrets, .threads = 1};
    const struct json_node *meta;

    default_names(&run->show);
    arena_reset(&run->meta);
    meta = json_parse(text, &run->meta, NULL, NULL);
    if (meta && meta->type == JSON_OBJECT)
        read_names(run, meta);
    if (!run->show.whole || record_section(run->reader)->kind != RECORD_PAIRS)
        return 0;
    diff_close(run->diff);
    run->diff = diff_open(&config, e);
    run->show.diff = run->diff;
    if (!run->diff)
        return -1;
    if (diff_meta(run->diff, text, e) < 0) /* the rest of the file is shown all the same */
        run->show.diff = NULL;
    return 0;
}

static int add(struct run *run, const char *text, struct err *e)
{
    return text ? buf_add(&run->entry, str_of(text), e) : 0;
}

static int format_exchange(struct run *run, const struct exchange *x, struct err *e)
{
    if (!is_wanted(run, x->ordinal))
        return 0;
    if (run->shown++ && add(run, run->format->between, e) < 0)
        return -1;
    return run->format->exchange(&run->show, x, &run->entry, e);
}

static int format_pair(struct run *run, const struct pair *p, struct err *e)
{
    if (!is_wanted(run, p->exchange->ordinal))
        return 0;
    if (run->shown++ && add(run, run->format->between, e) < 0)
        return -1;
    return run->format->pair(&run->show, p, &run->entry, e);
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
        rc = format_exchange(run, item->exchange, e);
        exchange_free(item->exchange);
        break;
    case RECORD_PAIR:
        rc = format_pair(run, item->pair, e);
        pair_free(item->pair);
        break;
    case RECORD_META:
        rc = read_meta(run, item->text, e);
        log_text(LOG_DEBUG, item->text.data ? item->text.data : "");
        break;
    default:
        log_text(LOG_DEBUG, item->text.data ? item->text.data : "");
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

    add(run, run->format->before, NULL);
    while ((got = record_next(run->reader, &item, &e)) > RECORD_END) {
        if (show_item(run, got, &item, &e) < 0)
            return status_worst(e.kind == ERR_PIPE ? EXIT_DONE : EXIT_PARTLY, status_fail(&e));
    }
    add(run, run->format->after, NULL);
    if (print_entry(run, got < 0 ? NULL : &e) < 0 || fflush(stdout) != 0) {
        err_set(&e, errno == EPIPE ? ERR_PIPE : ERR_IO, "standard output: %s", strerror(errno));
        return status_fail(&e);
    }
    if (got < 0)
        status = status_partly(&e);
    if (record_skipped_bytes(run->reader)) {
        log_error("%" PRIu64 " damaged bytes were skipped", record_skipped_bytes(run->reader));
        status = EXIT_PARTLY;
    }
    if (got == RECORD_END && record_unended(run->reader)) {
        log_error("the end of %" PRIu64 " section%s is missing", record_unended(run->reader),
                  record_unended(run->reader) == 1 ? "" : "s");
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
    const struct options *o = options;
    struct run run = {
        .options = o,
        .format = &show_formats[o->format],
        .show = {.show_secrets = o->show_secrets, .whole = argc > 1, .style = {.width = 100}},
    };
    struct input input = {.fd = -1};
    struct err e = {0};
    int status;

    if (argc == 0) {
        err_set(&e, ERR_USAGE, "FILE is missing: a record or a result, or -");
        return status_fail(&e);
    }
    buf_init(&run.entry, ENTRY_MAX);
    arena_init(&run.meta, META_MAX);
    default_names(&run.show);
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
    diff_close(run.diff);
    arena_release(&run.meta);
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
