#include "cli/feed.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/stop.h"
#include "core/log.h"

enum { MAX_BODY = 16 << 20, MEMORY = 512 << 20, BUFFER = 64 << 20 };

static void warn(void *ctx, const char *text)
{
    (void)ctx;
    log_warn("%s", text);
}

static struct front *open_packets(struct feed *f, const char *path, struct err *e)
{
    struct capture_config config = {
        .files = &f->packets,
        .n_files = 1,
        .max_body = MAX_BODY,
        .memory = MEMORY,
        .buffer = BUFFER,
        .warn = warn,
    };

    f->packets = f->input.is_stream ? "-" : path;
    return front_open(&config, e);
}

static int open_kind(struct feed *f, struct err *e)
{
    switch (f->input.kind) {
    case INPUT_PACKETS:
        f->front = open_packets(f, f->path, e);
        return f->front ? 0 : -1;
    case INPUT_RECORD:
        return reader_open(&f->reader, &f->input, RECORD_EXCHANGES, e);
    case INPUT_EMPTY:
        return err_set(e, ERR_INPUT, "%s: is empty", f->input.name);
    default:
        return err_set(e, ERR_INPUT, "%s: neither a record nor a pcap file", f->input.name);
    }
}

/* Standard input has to end when it is told to, whoever reads it. */
static int open_stdin(struct feed *f, const struct capture_config *config, struct err *e)
{
    for (size_t i = 0; i < config->n_files; i++) {
        if (strcmp(config->files[i], "-") == 0)
            return input_open(&f->input, "-", e) < 0 ? -1 : input_recognise(&f->input, e);
    }
    return 0;
}

int feed_open_capture(struct feed *f, const struct capture_config *config, struct err *e)
{
    *f = (struct feed){.input = {.fd = -1}};
    if (open_stdin(f, config, e) == 0)
        f->front = front_open(config, e);
    if (f->front)
        return 0;
    feed_close(f);
    return -1;
}

int feed_open(struct feed *f, const char *path, struct err *e)
{
    *f = (struct feed){.path = path};
    if (input_open(&f->input, f->path, e) < 0)
        return -1;
    if (input_recognise(&f->input, e) == 0 && open_kind(f, e) == 0)
        return 0;
    feed_close(f);
    return -1;
}

bool feed_is_file(const struct feed *f)
{
    struct stat st;

    return !f->input.is_stream && fstat(f->input.fd, &st) == 0 && S_ISREG(st.st_mode);
}

bool feed_can_rewind(const struct feed *f)
{
    return feed_is_file(f) && strcmp(f->path, "-") != 0;
}

/* Signals wait meanwhile: what they end is just closed and opened again. The file
 * stays open, since somebody may be looking how far it was read. */
int feed_rewind(void *ctx, struct err *e)
{
    struct feed *f = ctx;
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    front_close(f->front);
    f->front = NULL;
    reader_close(&f->reader);
    rc = lseek(f->input.fd, 0, SEEK_SET) < 0
             ? err_set(e, ERR_IO, "%s: %s", f->input.name, strerror(errno))
             : open_kind(f, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

void feed_identity(struct feed *f, uint8_t id[16])
{
    int64_t created_ns;

    if (f->front)
        front_identity(f->front, id, &created_ns);
    else
        reader_identity(&f->reader, id);
}

static int next_of_record(struct feed *f, struct exchange **x, struct err *e)
{
    struct record_item item;
    int got;

    while ((got = reader_next(&f->reader, &item, e)) > RECORD_END) {
        if (got == RECORD_EXCHANGE) {
            *x = item.exchange;
            return 1;
        }
        if (got == RECORD_PAIR) {
            pair_free(item.pair);
            return err_set(e, ERR_DAMAGED, "%s: goes on with a result, which was left out",
                           f->input.name);
        }
    }
    return got;
}

int feed_next(void *ctx, struct exchange **x, struct err *e)
{
    struct feed *f = ctx;
    int got = f->front ? front_next(f->front, x, e) : next_of_record(f, x, e);

    /* An input that a signal or the time ended looks torn, and is not. */
    if (got < 0 && (stop_was_asked() || f->stopped))
        return 0;
    return got;
}

void feed_stop(struct feed *f)
{
    f->stopped = 1;
    input_stop(&f->input);
    if (f->front)
        front_stop(f->front);
}

/* The input first: a capture that waits for bytes then sees their end. */
void feed_end(struct feed *f)
{
    if (!f->front)
        return;
    input_stop(&f->input);
    front_end(f->front);
}

void feed_close(struct feed *f)
{
    input_stop(&f->input);
    front_close(f->front);
    f->front = NULL;
    reader_close(&f->reader);
    input_close(&f->input);
}
