#include "capture/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "capture/source_format.h"
#include "core/mem.h"

/* Capture files, one after the other. What is wrong with one of them does not
 * keep the next from being read. */

enum { BATCH = 512 };

struct file_source {
    const struct capture_config *config;
    size_t index; /* of the file being read */
    struct capture_file file;
    const struct file_format *format;
    void *opened; /* by the format; NULL behind the last file */
    bool pending; /* the first packet was read, but not given */
    struct packet packet;
    struct err damage; /* the first; what follows is read nevertheless */
    atomic_bool stopping;
};

static bool accepts(const struct capture_config *config)
{
    return config->n_files > 0;
}

static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static const char *current(void *self)
{
    struct file_source *s = self;
    size_t i = s->index < s->config->n_files ? s->index : s->config->n_files - 1;

    return name_of(s->config->files[i]);
}

/* ---- opening ---------------------------------------------------------------- */

/* What compressed files begin with, and what makes pcap of them. */
static const char *unpacker(char first)
{
    switch (first) {
    case '\x1f':
        return "zcat";
    case '\x28':
        return "zstdcat";
    case '\xfd':
        return "xzcat";
    case 'B':
        return "bzcat";
    default:
        return NULL;
    }
}

/* What needs no look at its format. */
static int refuse(struct capture_file *f, struct err *e)
{
    const char *first = window_look(&f->in, 1);
    const char *tool = first ? unpacker(*first) : NULL;

    if (tool)
        return err_set(e, ERR_INPUT, "%s: compressed; use: %s FILE | mirrorctl capture -r -",
                       f->name, tool);
    if (!first && f->in.error)
        return err_set(e, ERR_INPUT, "%s: %s", f->name, strerror(f->in.error));
    if (!first)
        return err_set(e, ERR_INPUT, "%s: empty, not a pcap or pcapng file", f->name);
    return 0;
}

static int open_input(const char *path, struct err *e)
{
    bool standard = strcmp(path, "-") == 0;
    /* A copy, so that it can be closed like any other. */
    int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 ? fd : err_set(e, ERR_INPUT, "%s: %s", name_of(path), strerror(errno));
}

/* Asked in order; the last accepts anything. */
static const struct file_format *format_of(struct window *in)
{
    static const struct file_format *const formats[] = {
        &format_pcapng,
        &format_classic,
        &format_pcap,
    };
    enum { LAST = sizeof formats / sizeof *formats - 1 };
    size_t i = 0;

    while (i < LAST && !formats[i]->accepts(in))
        i++;
    return formats[i];
}

static void close_file(struct file_source *s)
{
    if (s->opened)
        s->format->close(s->opened);
    window_close(&s->file.in);
    s->opened = NULL;
}

/* Open the index-th file. */
static int open_file(struct file_source *s, size_t index, struct err *e)
{
    const char *path = s->config->files[index];
    int fd = open_input(path, e);

    if (fd < 0)
        return -1;
    s->file = (struct capture_file){.config = s->config, .name = name_of(path)};
    window_open(&s->file.in, fd);
    if (refuse(&s->file, e) == 0) {
        s->format = format_of(&s->file.in);
        s->opened = s->format->open(&s->file, e);
    }
    if (s->opened)
        return 0;
    close_file(s);
    return -1;
}

/* ---- reading ---------------------------------------------------------------- */

static void note_damage(struct file_source *s, const struct err *e)
{
    if (s->damage.kind == ERR_NONE)
        err_set(&s->damage, ERR_DAMAGED, "%s: packet %llu: %s; what came before it was used",
                s->file.name, (unsigned long long)s->file.number + 1, e->text);
}

/* Go on with the next file; after the last nothing is open. */
static int next_file(struct file_source *s, struct err *e)
{
    close_file(s);
    s->index++;
    return s->index < s->config->n_files ? open_file(s, s->index, e) : 0;
}

/* Read from the file that is open; at its end go on. */
static int read_some(struct file_source *s, int max, const struct packet_handler *handler,
                     struct err *e)
{
    struct err why = {0};
    int rc = s->format->read(s->opened, max, handler, &why);

    if (rc > 0)
        return 0;
    if (rc < 0 && why.kind != ERR_DAMAGED) {
        *e = why;
        return -1;
    }
    if (rc < 0)
        note_damage(s, &why);
    return next_file(s, e);
}

static bool keep(void *ctx, const struct packet *p)
{
    struct file_source *s = ctx;

    s->packet = *p;
    s->pending = true;
    return true;
}

/* Read the first packet there is, without giving it away. */
static int read_ahead(struct file_source *s, struct err *e)
{
    struct packet_handler handler = {keep, s};

    while (s->opened && !s->pending) {
        if (read_some(s, 1, &handler, e) < 0)
            return -1;
    }
    return 0;
}

static int read_packets(void *self, const struct packet_handler *handler, struct err *e)
{
    struct file_source *s = self;

    if (atomic_load_explicit(&s->stopping, memory_order_relaxed))
        return 0;
    if (s->pending) {
        s->pending = false;
        if (!handler->take(handler->ctx, &s->packet))
            return 1;
    }
    if (s->opened)
        return read_some(s, BATCH, handler, e) < 0 ? -1 : 1;
    if (s->damage.kind == ERR_NONE)
        return 0;
    *e = s->damage;
    return -1;
}

/* ---- the kind --------------------------------------------------------------- */

static void close_source(void *self)
{
    close_file(self);
    mem_free(self);
}

static void *open_source(const struct capture_config *config, struct err *e)
{
    struct file_source *s = mem_zalloc(sizeof *s);

    if (!s) {
        err_nomem(e, "opening capture files");
        return NULL;
    }
    s->config = config;
    s->file.in.fd = -1;
    /* Say what is wrong with the last file before the first one is used. */
    for (size_t i = 1; i < config->n_files; i++) {
        if (strcmp(config->files[i], "-") == 0)
            continue;
        if (open_file(s, i, e) < 0)
            goto fail;
        close_file(s);
    }
    if (open_file(s, 0, e) < 0 || read_ahead(s, e) < 0)
        goto fail;
    return s;
fail:
    close_source(s);
    return NULL;
}

static int start(void *self, struct err *e)
{
    (void)self;
    (void)e;
    return 0;
}

static void stop(void *self)
{
    struct file_source *s = self;

    atomic_store(&s->stopping, true);
}

static void counts(void *self, struct source_counts *c)
{
    (void)self;
    *c = (struct source_counts){0};
}

static const struct packet *first(void *self)
{
    struct file_source *s = self;

    return s->pending ? &s->packet : NULL;
}

const struct source_kind source_file = {
    .name = "file",
    .live = false,
    .accepts = accepts,
    .open = open_source,
    .start = start,
    .read = read_packets,
    .stop = stop,
    .end = stop,
    .counts = counts,
    .first = first,
    .current = current,
    .close = close_source,
};
