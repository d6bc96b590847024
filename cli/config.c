#include "cli/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/text.h"
#include "core/log.h"
#include "core/yaml.h"

enum { CONFIG_MEMORY = 64 * 1024 * 1024, PIECE = 64 * 1024, SHOWN_MAX = 16 * 1024 };

void config_init(struct config *c)
{
    *c = (struct config){0};
    arena_init(&c->mem, CONFIG_MEMORY);
    diags_init(&c->diags);
}

void config_release(struct config *c)
{
    plan_free(c->plan);
    diags_release(&c->diags);
    arena_release(&c->mem);
    *c = (struct config){0};
}

/* ---- bytes ---- */

/* All that comes from `fd`, up to `max` bytes and one that shows that there are more.
 * Returns 0, or an errno. */
static int read_all(int fd, struct buf *out, size_t max)
{
    ssize_t got;

    do {
        size_t room = max + 1 - out->len;

        if (buf_reserve(out, room < PIECE ? room : PIECE, NULL) < 0)
            return ENOMEM;
        got = read(fd, out->data + out->len, room < PIECE ? room : PIECE);
        if (got < 0 && errno != EINTR)
            return errno;
        out->len += got > 0 ? (size_t)got : 0;
    } while (got != 0 && out->len <= max);
    return 0;
}

/* What is left of the ceiling of all texts together. */
static size_t left(const struct config *c)
{
    return YAML_MAX_STREAM - (c->bytes < YAML_MAX_STREAM ? c->bytes : YAML_MAX_STREAM);
}

static void cannot_read(struct config *c, const char *name, int error)
{
    diag_add(&c->diags, DIAG_ERROR, "E100", (struct place){.file = name}, "%s", strerror(error));
}

/* ---- inputs ---- */

/* A list of texts that grows in the arena. */
struct inputs {
    struct plan_input **list;
    size_t *n;
};

static int add_text(struct config *c, struct inputs *to, struct str text, const char *name,
                    struct err *e)
{
    size_t size = sizeof **to->list;
    struct plan_input in;
    struct str copy;

    if (arena_dup(&c->mem, str_of(name), &copy, e) < 0 || arena_dup(&c->mem, text, &in.text, e) < 0)
        return -1;
    in.name = copy.data;
    *to->list = arena_grow(&c->mem, *to->list, *to->n * size, (*to->n + 1) * size, e);
    if (!*to->list)
        return -1;
    (*to->list)[(*to->n)++] = in;
    c->bytes += text.len;
    return 0;
}

static int take_fd(struct config *c, struct inputs *to, int fd, const char *name, struct err *e)
{
    struct buf text;
    int error, rc = 0;

    buf_init(&text, YAML_MAX_STREAM + 2 * PIECE);
    error = read_all(fd, &text, left(c));
    if (error == ENOMEM)
        rc = err_nomem(e, "reading the configuration");
    else if (error)
        cannot_read(c, name, error);
    else
        rc = add_text(c, to, buf_str(&text), name, e);
    buf_release(&text);
    return rc;
}

static int take_file(struct config *c, struct inputs *to, const char *name, struct err *e)
{
    int fd, rc;

    if (strcmp(name, "-") == 0)
        return take_fd(c, to, STDIN_FILENO, name, e);
    fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        cannot_read(c, name, errno);
        return 0;
    }
    rc = take_fd(c, to, fd, name, e);
    close(fd);
    return rc;
}

/* ---- directories ---- */

static bool is_yaml(struct str name)
{
    static const struct str ends[] = {STR_INIT(".yaml"), STR_INIT(".yml"), STR_INIT(".json")};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (str_ends(name, ends[i]) && name.data[0] != '.')
            return true;
    }
    return false;
}

/* By bytes, whatever the locale: the order of files decides. */
static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The names of the YAML in a directory, sorted, in the arena. Returns how many; -1 with
 * *e set. */
static int list_directory(struct config *c, const char *name, struct str **list, struct err *e)
{
    DIR *dir = opendir(name);
    struct dirent *entry;
    int n = 0;

    *list = arena_array(&c->mem, CONFIG_MAX_FILES, sizeof **list, e);
    if (!dir)
        cannot_read(c, name, errno);
    while (dir && *list && n >= 0 && (entry = readdir(dir))) {
        if (!is_yaml(str_of(entry->d_name)))
            continue;
        if (n == CONFIG_MAX_FILES) {
            diag_add(&c->diags, DIAG_ERROR, "E102", (struct place){.file = name},
                     "a directory of more than %d files", CONFIG_MAX_FILES);
            break;
        }
        n = arena_dup(&c->mem, str_of(entry->d_name), &(*list)[n], e) < 0 ? -1 : n + 1;
    }
    if (dir && n == 0)
        diag_add(&c->diags, DIAG_ERROR, "E303", (struct place){.file = name},
                 "a directory without *.yaml, *.yml or *.json");
    if (dir)
        closedir(dir);
    if (*list && n > 0)
        qsort(*list, (size_t)n, sizeof **list, by_name);
    return *list ? n : -1;
}

static int take_entry(struct config *c, struct inputs *to, const char *directory, const char *name,
                      struct err *e)
{
    struct stat st;
    struct buf path;
    int rc = 0;

    buf_init(&path, 2 * 4096);
    if (buf_printf(&path, e, "%s%s%s", directory, str_ends(str_of(directory), STR("/")) ? "" : "/",
                   name) < 0)
        rc = -1;
    else if (stat(path.data, &st) < 0)
        cannot_read(c, path.data, errno);
    else if (!S_ISDIR(st.st_mode))
        rc = take_file(c, to, path.data, e);
    buf_release(&path);
    return rc;
}

static int take_directory(struct config *c, struct inputs *to, const char *name, struct err *e)
{
    struct str *list;
    int n = list_directory(c, name, &list, e), rc = n < 0 ? -1 : 0;

    for (int i = 0; i < n && rc == 0 && left(c); i++)
        rc = take_entry(c, to, name, list[i].data, e);
    return rc;
}

static int take(struct config *c, struct inputs *to, const char *name, struct err *e)
{
    struct stat st;

    if (strcmp(name, "-") != 0 && stat(name, &st) == 0 && S_ISDIR(st.st_mode))
        return take_directory(c, to, name, e);
    return take_file(c, to, name, e);
}

/* ---- imports ---- */

/* The directory that `importer` is in, "." for standard input. */
static struct str directory_of(const char *importer)
{
    const char *slash = strrchr(importer, '/');

    return slash ? str_from(importer, slash == importer ? 1 : (size_t)(slash - importer))
                 : STR(".");
}

static bool climbs(struct str name)
{
    if (str_starts(name, STR("/")))
        return true;
    while (name.data) {
        if (str_eq(str_cut(&name, '/'), STR("..")))
            return true;
    }
    return false;
}

/* Is the file `path`, links followed, below the directory? */
static bool is_below(const char *directory, const char *path)
{
    struct str above = str_of(directory), below = str_of(path);

    if (str_eq(above, STR("/")))
        return true;
    return str_starts(below, above) && below.len > above.len && below.data[above.len] == '/';
}

static int read_import(const char *path, struct buf *text, struct err *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), error = 0;

    if (fd < 0 || fstat(fd, &st) < 0)
        error = errno;
    else if (!S_ISREG(st.st_mode))
        error = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    else
        error = read_all(fd, text, YAML_MAX_STREAM - 1);
    if (fd >= 0)
        close(fd);
    return error ? err_set(e, error == ENOMEM ? ERR_NOMEM : ERR_INPUT, "%s", strerror(error)) : 0;
}

/* Neither "..", nor an absolute name, nor a link leads out of the directory: the file that
 * imports may come from somebody who is not to read ours. */
static int open_import(const char *directory, const char *path, struct str name, struct buf *text,
                       struct err *e)
{
    char above[PATH_MAX], below[PATH_MAX];
    int rc;

    if (!realpath(directory, above) || !realpath(path, below))
        rc = err_set(e, ERR_INPUT, "%.*s: %s", STR_ARG(name), strerror(errno));
    else if (!is_below(above, below))
        rc = err_set(e, ERR_USAGE, "%.*s is not in the directory of the file that imports it",
                     STR_ARG(name));
    else if ((rc = read_import(below, text, e)) < 0)
        err_wrap(e, "%.*s", STR_ARG(name));
    return rc;
}

static int import(void *ctx, const char *importer, struct str name, struct buf *text,
                  const char **shown_as, struct err *e)
{
    struct config *c = ctx;
    struct str directory = directory_of(importer), path;
    bool here = str_eq(directory, STR("."));
    struct buf joined;
    int rc = -1;

    if (climbs(name))
        return err_set(e, ERR_USAGE, "%.*s is not in the directory of the file that imports it",
                       STR_ARG(str_head(name, 200)));
    buf_init(&joined, 2 * 4096);
    if (arena_dup(&c->mem, directory, &directory, e) == 0 &&
        buf_printf(&joined, e, "%s%s%.*s", here ? "" : directory.data,
                   here || str_ends(directory, STR("/")) ? "" : "/", STR_ARG(name)) == 0 &&
        arena_dup(&c->mem, buf_str(&joined), &path, e) == 0) {
        *shown_as = path.data;
        rc = open_import(directory.data, path.data, name, text, e);
    }
    buf_release(&joined);
    return rc;
}

/* ---- the plan ---- */

static int take_inputs(struct config *c, const char *const *names, size_t n,
                       const struct plan_sources *sources, struct err *e)
{
    struct inputs inputs = {&c->inputs, &c->n_inputs};
    struct inputs files = {&c->endpoint_files, &c->n_endpoint_files};
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = take(c, &inputs, names[i], e);
    for (size_t i = 0; i < sources->endpoint_files.n && rc == 0; i++)
        rc = take_file(c, &files, sources->endpoint_files.items[i], e);
    return rc;
}

int config_read(struct config *c, const char *const *names, size_t n,
                const struct plan_sources *sources, const struct config_urls *urls, struct err *e)
{
    struct plan_options options = {
        .endpoints = (const char *const *)sources->endpoints.items,
        .n_endpoints = sources->endpoints.n,
        .namespace = sources->namespace,
        .lenient = sources->lenient,
        .assume_source_labels = sources->assume == 1,
        .v1 = urls->v1,
        .candidates = urls->candidates,
        .n_candidates = urls->n_candidates,
        .v1_is_not_asked = urls->v1_is_not_asked,
        .import = import,
        .ctx = c,
    };

    if (take_inputs(c, names, n, sources, e) < 0)
        return -1;
    options.inputs = c->inputs;
    options.n_inputs = c->n_inputs;
    options.endpoint_files = c->endpoint_files;
    options.n_endpoint_files = c->n_endpoint_files;
    c->plan = plan_read(&options, &c->diags, e);
    return c->plan ? 0 : -1;
}

/* ---- telling ---- */

static void tell(const struct diag *d)
{
    static const enum log_level levels[] = {
        [DIAG_ERROR] = LOG_ERROR, [DIAG_WARNING] = LOG_WARN, [DIAG_NOTE] = LOG_INFO};
    struct buf line, shown;

    buf_init(&line, SHOWN_MAX);
    buf_init(&shown, 4 * SHOWN_MAX);
    if (diag_write(d, &line, NULL) == 0 &&
        text_escape(&shown, str_head(buf_str(&line), line.len - 1), true, NULL) == 0)
        log_plain(levels[d->severity], shown.data);
    buf_release(&line);
    buf_release(&shown);
}

size_t config_tell(const struct config *c)
{
    size_t errors = diags_errors(&c->diags);

    for (const struct diag *d = c->diags.first; d; d = d->next)
        tell(d);
    if (errors > DIAGS_MAX)
        log_error("%zu more errors are not shown", errors - DIAGS_MAX);
    if (c->diags.found[DIAG_WARNING] > DIAGS_MAX)
        log_warn("%zu more warnings are not shown", c->diags.found[DIAG_WARNING] - DIAGS_MAX);
    return errors;
}

/* What is about YAML means nothing without it. */
static int refuse_sources(const struct plan_sources *s, struct err *e)
{
    const struct {
        const char *option;
        bool said;
    } options[] = {
        {"endpoint", s->endpoints.n > 0}, {"endpoints", s->endpoint_files.n > 0},
        {"namespace", s->namespace},      {"lenient", s->lenient},
        {"assume", s->assume > 0},
    };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (options[i].said)
            return err_set(e, ERR_USAGE, "--%s is about YAML, and no --config is given",
                           options[i].option);
    }
    return 0;
}

int config_read_for_run(struct config *c, const struct option_list *names,
                        const struct plan_sources *sources, const struct config_urls *urls,
                        struct err *e)
{
    size_t errors;

    if (names->n == 0)
        return refuse_sources(sources, e);
    if (config_read(c, (const char *const *)names->items, names->n, sources, urls, e) < 0)
        return -1;
    errors = config_tell(c);
    if (errors)
        return err_set(e, ERR_USAGE, "%zu error%s in the configuration: nothing was sent", errors,
                       errors > 1 ? "s" : "");
    return 0;
}
