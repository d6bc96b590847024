#define OPT_STRUCT struct diff_options
#include "cli/diff_options.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/status.h"
#include "core/log.h"
#include "core/mem.h"

enum {
    REPORT_MAX = 1 << 30,
    ANNOTATIONS_MAX = 64 * 1024,
    DEFAULT_WIDTH = 100,
    MIN_WIDTH = 40,
    MAX_WIDTH = 160,
    FILE_MAX = 16 * 1024 * 1024
};

static option_reader read_format, read_report;

enum policy { POLICY_EXACT, POLICY_ADDITIVE };
static const char *const policies[] = {"exact", "additive", NULL};

const struct option_spec diff_options[] = {
    OPT_OWN(0, "format", format, "FORMAT", read_format,
            "what goes to standard output: text (default), json, jsonl, html, junit or markdown"),
    OPT_OWN_LIST(0, "report", reports, "FILE", read_report,
                 "also write the report to FILE, in the format of its extension; repeatable"),
    OPT_LIST(0, "gate", gates, "NAME=LIMIT",
             "what may differ before the verdict is FAIL: outcome, status, headers, body (a count "
             "or a share, such as body=0.5%), latency, coverage; also off and warn; repeatable"),
    OPT_LIST(0, "endpoint-pattern", patterns, "PATTERN",
             "count requests like 'GET /users/{id}' as one endpoint; repeatable"),
    OPT_LIST(0, "openapi", openapi, "FILE",
             "count requests by the paths of an OpenAPI description, YAML or JSON, where no "
             "PATTERN fits; repeatable"),
    OPT_LIST(0, "noise", noises, "FILE",
             "v1's noise as --learn-noise wrote it, for where v1 was not asked twice; repeatable"),
    OPT_STRING(0, "learn-noise", learn_noise, "FILE",
               "write what differs to FILE as noise: of a run in which v2 is v1"),
    OPT_LIST(0, "rules", rules, "FILE", "what may differ: a file of rules (YAML); repeatable"),
    OPT_LIST(0, "ignore", ignores, "PATH",
             "ignore what stands at PATH: '$.meta.ts', /meta/ts or header:etag; repeatable"),
    OPT_CHOICE(0, "policy", policy, "POLICY", policies,
               "exact (default), or additive: fields and headers that v2 adds are no difference"),
    OPT_FLAG(0, "annotate", annotate,
             "say the verdict and what made it on standard error as commands for GitHub's "
             "workflows; done by itself where GITHUB_ACTIONS is set"),
    OPT_FLAG(0, "show-secrets", show_secrets, "do not hide credentials"),
    OPT_END,
};

static int is_none_of(const char *value, const char *what, const char *const *names, struct err *e)
{
    struct buf all;

    buf_init(&all, 256);
    for (size_t i = 0; names[i]; i++)
        buf_printf(&all, NULL, "%s%s", i ? ", " : "", names[i]);
    err_set(e, ERR_USAGE, "\"%s\" %s of %s", value, what, all.len ? all.data : "");
    buf_release(&all);
    return -1;
}

static int read_format(const struct option_spec *spec, void *field, const char *value,
                       struct err *e)
{
    const char *const *formats = diff_formats();

    (void)spec;
    for (size_t i = 0; formats[i]; i++) {
        if (strcmp(value, formats[i]) == 0) {
            *(const char **)field = formats[i];
            return 0;
        }
    }
    return is_none_of(value, "is not one", formats, e);
}

static int read_report(const struct option_spec *spec, void *field, const char *value,
                       struct err *e)
{
    if (!diff_format_of(value))
        return is_none_of(value, "does not end in one", diff_extensions(), e);
    return option_list(spec, field, value, e);
}

/* COLUMNS is what a user wants (POSIX, 8.3), whatever there is. */
static unsigned columns(void)
{
    const char *wanted = getenv("COLUMNS");
    struct winsize size;
    unsigned n = DEFAULT_WIDTH;

    if (wanted && *wanted >= '1' && *wanted <= '9')
        n = (unsigned)strtoul(wanted, NULL, 10);
    else if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        n = size.ws_col;
    return n < MIN_WIDTH ? MIN_WIDTH : n > MAX_WIDTH ? MAX_WIDTH : n;
}

/* Colour is for terminals that have it and people who want it (no-color.org). */
static struct report_style style_of_stdout(void)
{
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    struct report_style style = {.width = columns()};

    setlocale(LC_CTYPE, "");
    style.ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    style.colour =
        isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
    return style;
}

/* ---- reports ---------------------------------------------------------------- */

static int write_report(const struct diff *d, const char *format, const struct report_style *style,
                        struct output *out, struct err *e)
{
    struct buf text;
    int rc = -1;

    buf_init(&text, REPORT_MAX);
    if (diff_report(d, format, style, &text, e) == 0)
        rc = output_write(out, buf_str(&text), e);
    buf_release(&text);
    return rc;
}

static int write_report_file(const struct diff *d, const char *path, bool show_secrets,
                             struct err *e)
{
    static const struct report_style plain = {.width = DEFAULT_WIDTH};
    struct output out = {-1, path};
    int rc;

    /* Reports are passed around, unless they show what they should hide. */
    out.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, show_secrets ? 0600 : 0666);
    if (out.fd < 0)
        return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
    rc = write_report(d, diff_format_of(path), &plain, &out, e);
    if (output_close(&out, rc < 0 ? NULL : e) < 0)
        rc = -1;
    return rc;
}

static bool is_annotating(const struct diff_options *o)
{
    const char *github = getenv("GITHUB_ACTIONS");

    return o->annotate || (github && strcmp(github, "true") == 0);
}

/* Not on standard output, where a report may stand that programs read. */
static int write_annotations(const struct diff *d, struct err *e)
{
    struct output out = {STDERR_FILENO, "standard error"};
    struct buf text;
    int rc = -1;

    buf_init(&text, ANNOTATIONS_MAX);
    if (diff_annotate(d, &text, e) == 0)
        rc = output_write(&out, buf_str(&text), e);
    buf_release(&text);
    return rc;
}

static int write_noise(const struct diff *d, const char *path, struct err *e)
{
    struct output out = {-1, path};
    struct buf text;
    int rc;

    out.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (out.fd < 0)
        return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
    buf_init(&text, REPORT_MAX);
    rc = diff_learn_noise(d, &text, e);
    if (rc == 0)
        rc = output_write(&out, buf_str(&text), e);
    buf_release(&text);
    if (output_close(&out, rc < 0 ? NULL : e) < 0)
        rc = -1;
    return rc;
}

static int write_reports(const struct diff *d, const struct diff_options *o)
{
    struct output out = {STDOUT_FILENO, "standard output"};
    struct report_style style = style_of_stdout();
    int status = EXIT_DONE;
    struct err e = {0};

    if (write_report(d, o->format, &style, &out, &e) < 0)
        status = status_fail(&e);
    for (size_t i = 0; i < o->reports.n; i++) {
        if (write_report_file(d, o->reports.items[i], o->show_secrets, &e) < 0)
            status = status_fail(&e);
    }
    if (o->learn_noise && write_noise(d, o->learn_noise, &e) < 0)
        status = status_fail(&e);
    if (is_annotating(o) && write_annotations(d, &e) < 0)
        status = status_fail(&e);
    return status == EXIT_DONE ? EXIT_DONE : EXIT_PARTLY;
}

/* ---- for the commands -------------------------------------------------------- */

/* What one format alone needs is kept only where it is asked for. */
static bool lists_pairs(const struct diff_options *o)
{
    bool found = strcmp(o->format, "jsonl") == 0;

    for (size_t i = 0; i < o->reports.n; i++)
        found = found || strcmp(diff_format_of(o->reports.items[i]), "jsonl") == 0;
    return found;
}

static void configure(const struct diff_options *o, struct diff_config *c)
{
    c->gates = o->gates.items;
    c->n_gates = o->gates.n;
    c->patterns = o->patterns.items;
    c->n_patterns = o->patterns.n;
    c->ignores = o->ignores.items;
    c->n_ignores = o->ignores.n;
    c->additive = o->policy == POLICY_ADDITIVE;
    c->show_secrets = o->show_secrets;
    c->list_pairs = lists_pairs(o);
}

/* ---- files that people wrote ---- */

static bool is_dash(const char *path)
{
    return strcmp(path, "-") == 0;
}

static int read_file(const char *path, struct buf *text, struct err *e)
{
    bool dash = is_dash(path);
    int fd = dash ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    char part[16 * 1024];
    ssize_t got = 1;

    if (fd < 0)
        return err_set(e, ERR_USAGE, "%s: %s", path, strerror(errno));
    while (got != 0) {
        got = read(fd, part, sizeof part);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || buf_append(text, part, (size_t)got, e) < 0)
            break;
    }
    if (got < 0)
        err_set(e, ERR_USAGE, "%s: %s", path, strerror(errno));
    if (!dash)
        close(fd);
    return got == 0 ? 0 : -1;
}

static size_t count_dashes(const char *const *paths, size_t n)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += is_dash(paths[i]);
    return found;
}

static int check_file(const struct diff_options *o, const char *option, const char *path,
                      const char *const *inputs, size_t n_inputs, const char *output, struct err *e)
{
    const struct option_list *own[] = {&o->rules, &o->openapi};

    if (output && strcmp(path, output) == 0)
        return err_set(e, ERR_USAGE, "%s: %s is written by --%s as well", option, path,
                       output == o->learn_noise ? "learn-noise" : "output");
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (output_check_later(option, path, own[i]->items, own[i]->n, e) < 0)
            return -1;
    }
    return output_check_later(option, path, inputs, n_inputs, e);
}

int diff_options_check(const struct diff_options *o, const char *const *inputs, size_t n_inputs,
                       const char *output, struct err *e)
{
    if (count_dashes(inputs, n_inputs) + count_dashes(o->rules.items, o->rules.n) +
            count_dashes(o->openapi.items, o->openapi.n) +
            count_dashes(o->noises.items, o->noises.n) >
        1)
        return err_set(e, ERR_USAGE, "standard input can be read once: more than one file is -");
    if (o->learn_noise && is_dash(o->learn_noise))
        return err_set(e, ERR_USAGE,
                       "--learn-noise: the report goes to standard output; name a file");
    if (o->learn_noise &&
        check_file(o, "--learn-noise", o->learn_noise, inputs, n_inputs, output, e) < 0)
        return -1;
    for (size_t i = 0; i < o->reports.n; i++) {
        const char *path = o->reports.items[i];

        if (check_file(o, "--report", path, inputs, n_inputs, output, e) < 0 ||
            (o->learn_noise &&
             check_file(o, "--report", path, inputs, n_inputs, o->learn_noise, e) < 0))
            return -1;
    }
    return 0;
}

/* The texts of the files, as long as they are needed. */
struct files {
    struct diff_file *list;
    struct buf *texts;
    size_t n;
};

static void files_release(struct files *f)
{
    for (size_t i = 0; i < f->n; i++)
        buf_release(&f->texts[i]);
    mem_free(f->texts);
    mem_free(f->list);
}

static int files_read(struct files *f, const struct option_list *names, struct err *e)
{
    *f = (struct files){.list = mem_array(names->n + 1, sizeof *f->list),
                        .texts = mem_array(names->n + 1, sizeof *f->texts)};
    if (!f->list || !f->texts)
        return err_nomem(e, "reading rules");
    for (; f->n < names->n; f->n++) {
        struct buf *text = &f->texts[f->n];

        buf_init(text, FILE_MAX);
        if (read_file(names->items[f->n], text, e) < 0) {
            buf_release(text);
            return -1;
        }
        f->list[f->n] = (struct diff_file){names->items[f->n], buf_str(text)};
    }
    return 0;
}

/* Line by line: a message may point below what it is about. */
static void tell(const struct diag *d)
{
    struct buf text;
    struct str rest;

    buf_init(&text, FILE_MAX);
    if (diag_write(d, &text, NULL) == 0) {
        rest = str_from(text.data, text.len - 1);
        while (rest.data) {
            struct str line = str_cut(&rest, '\n');
            log_error("%.*s", STR_ARG(line));
        }
    }
    buf_release(&text);
}

struct diff *diff_options_open(const struct diff_options *o, const struct diff_config *base,
                               struct err *e)
{
    struct diff_config c = *base;
    struct diff *d = NULL;
    struct files rules = {0}, openapi = {0}, noises = {0};
    struct diags diags;

    diags_init(&diags);
    configure(o, &c);
    c.diags = &diags;
    if (files_read(&rules, &o->rules, e) == 0 && files_read(&openapi, &o->openapi, e) == 0 &&
        files_read(&noises, &o->noises, e) == 0) {
        c.openapi = openapi.list;
        c.n_openapi = openapi.n;
        c.noises = noises.list;
        c.n_noises = noises.n;
        c.rules = rules.list;
        c.n_rules = rules.n;
        d = diff_open(&c, e);
    }
    for (const struct diag *m = diags.first; m; m = m->next)
        tell(m);
    files_release(&noises);
    files_release(&rules);
    files_release(&openapi);
    diags_release(&diags);
    return d;
}

int diff_options_conclude(const struct diff_options *o, const struct diff *d)
{
    static const int statuses[] = {
        [VERDICT_PASS] = EXIT_DONE,
        [VERDICT_FAIL] = EXIT_FAIL,
        [VERDICT_INCONCLUSIVE] = EXIT_INCONCLUSIVE,
    };

    return status_worst(statuses[diff_verdict(d)], write_reports(d, o));
}
