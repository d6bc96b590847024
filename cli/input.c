#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/record.h"

enum { COPY_CHUNK = 64 * 1024, PIPE_ROOM = 1024 * 1024 };

int input_open(struct input *in, const char *path, struct err *e)
{
    *in = (struct input){.fd = -1, .name = path, .from = -1, .to = -1, .wake = {-1, -1}};
    if (strcmp(path, "-") == 0) {
        in->name = "standard input";
        in->fd = STDIN_FILENO;
    } else {
        in->fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (in->fd < 0)
        return err_set(e, ERR_INPUT, "%s: %s", path, strerror(errno));
    if (isatty(in->fd))
        return err_set(e, ERR_USAGE, "%s: is a terminal; give a file, or a pipe", in->name);
    in->is_stream = lseek(in->fd, 0, SEEK_CUR) < 0;
    return 0;
}

static enum input_kind kind_of(const char *first, size_t n)
{
    /* pcap in both byte orders, in us and in ns; pcapng. */
    static const char magics[][5] = {
        "\xa1\xb2\xc3\xd4", "\xd4\xc3\xb2\xa1", "\xa1\xb2\x3c\x4d",
        "\x4d\x3c\xb2\xa1", "\x0a\x0d\x0d\x0a",
    };

    if (n == 0)
        return INPUT_EMPTY;
    if (record_is_magic(str_from(first, n)))
        return INPUT_RECORD;
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        if (n >= 4 && memcmp(first, magics[i], 4) == 0)
            return INPUT_PACKETS;
    }
    return INPUT_UNKNOWN;
}

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t wrote = write(fd, bytes, n);

        if (wrote < 0 && errno != EINTR)
            return false;
        if (wrote > 0) {
            bytes += wrote;
            n -= (size_t)wrote;
        }
    }
    return true;
}

/* Wait until the stream has something (true) or input_stop() was called. */
static bool wait_for_bytes(const struct input *in)
{
    struct pollfd p[2] = {{.fd = in->from, .events = POLLIN},
                          {.fd = in->wake[0], .events = POLLIN}};

    while (poll(p, 2, -1) < 0) {
        if (errno != EINTR)
            return false;
    }
    return p[1].revents == 0;
}

static void *copy_stream(void *ctx)
{
    struct input *in = ctx;
    char chunk[COPY_CHUNK];

    if (write_all(in->to, in->first, in->n_first)) {
        while (wait_for_bytes(in)) {
            ssize_t n = read(in->from, chunk, sizeof chunk);

            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0 || !write_all(in->to, chunk, (size_t)n))
                break;
        }
    }
    close(in->to);
    return NULL;
}

static int read_first(struct input *in, struct err *e)
{
    while (in->n_first < sizeof in->first) {
        ssize_t n = read(in->fd, in->first + in->n_first, sizeof in->first - in->n_first);

        if (n == 0)
            break;
        if (n < 0)
            return err_set(e, ERR_INPUT, "%s: %s", in->name, strerror(errno));
        in->n_first += (size_t)n;
    }
    return 0;
}

/* Put our pipe in the place of standard input and start copying into it. */
static int start_copying(struct input *in, struct err *e)
{
    int ends[2] = {-1, -1};
    int rc;

    if (pipe2(in->wake, O_CLOEXEC) < 0 || pipe2(ends, O_CLOEXEC) < 0)
        goto fail;
#ifdef F_SETPIPE_SZ
    (void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_ROOM);
#endif
    in->from = in->fd == STDIN_FILENO ? fcntl(in->fd, F_DUPFD_CLOEXEC, 3) : in->fd;
    in->to = ends[1];
    if (in->from < 0 || dup2(ends[0], STDIN_FILENO) < 0)
        goto fail;
    close(ends[0]);
    in->fd = STDIN_FILENO;
    rc = pthread_create(&in->thread, NULL, copy_stream, in);
    if (rc != 0)
        return err_set(e, ERR_NOMEM, "%s: cannot start a thread: %s", in->name, strerror(rc));
    in->copying = true;
    return 0;
fail:
    return err_set(e, ERR_IO, "%s: %s", in->name, strerror(errno));
}

int input_recognise(struct input *in, struct err *e)
{
    if (in->is_stream) {
        if (read_first(in, e) < 0 || start_copying(in, e) < 0)
            return -1;
        in->kind = kind_of(in->first, in->n_first);
        return 0;
    }
    ssize_t n = pread(in->fd, in->first, sizeof in->first, lseek(in->fd, 0, SEEK_CUR));
    if (n < 0)
        return err_set(e, ERR_INPUT, "%s: %s", in->name, strerror(errno));
    in->kind = kind_of(in->first, (size_t)n);
    return 0;
}

double input_part(const struct input *in)
{
    struct stat st;
    off_t at;

    if (in->fd < 0 || in->is_stream || in->kind != INPUT_RECORD)
        return -1; /* packets are read through a descriptor of their own */
    at = lseek(in->fd, 0, SEEK_CUR);
    if (at < 0 || fstat(in->fd, &st) < 0 || st.st_size <= 0)
        return -1;
    return at < st.st_size ? (double)at / (double)st.st_size : 1;
}

void input_stop(struct input *in)
{
    int saved = errno;

    if (in->copying)
        (void)!write(in->wake[1], "", 1);
    errno = saved;
}

void input_close(struct input *in)
{
    if (in->fd < 0)
        return;
    close(in->fd); /* a copier that waits for room then fails with EPIPE */
    in->fd = -1;
    if (in->copying) {
        input_stop(in);
        pthread_join(in->thread, NULL);
        in->copying = false;
        close(in->from);
    }
    for (int i = 0; i < 2; i++) {
        if (in->wake[i] >= 0)
            close(in->wake[i]);
    }
}
