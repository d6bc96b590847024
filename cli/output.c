#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/record.h"

const char *const output_codecs[] = {"none", "zstd", NULL};

static bool is_dash(const char *path)
{
    return strcmp(path, "-") == 0;
}

static int look_at(const char *path, int dash_fd, struct stat *st)
{
    return is_dash(path) ? fstat(dash_fd, st) : stat(path, st);
}

static bool is_input(const char *path, const char *const *inputs, size_t n_inputs)
{
    struct stat out, in;

    if (look_at(path, STDOUT_FILENO, &out) < 0 || !S_ISREG(out.st_mode))
        return false;
    for (size_t i = 0; i < n_inputs; i++) {
        if (look_at(inputs[i], STDIN_FILENO, &in) == 0 && in.st_dev == out.st_dev &&
            in.st_ino == out.st_ino)
            return true;
    }
    return false;
}

int output_check(const char *path, const char *const *inputs, size_t n_inputs, struct err *e)
{
    if (!path)
        return err_set(e, ERR_USAGE, "--output is missing: say -o FILE, or -o - for a pipe");
    if (is_dash(path) && isatty(STDOUT_FILENO))
        return err_set(e, ERR_USAGE,
                       "--output: will not write binary to a terminal; say -o FILE, or use a pipe");
    return is_input(path, inputs, n_inputs)
               ? err_set(e, ERR_USAGE, "--output: %s is an input", path)
               : 0;
}

/* Why it cannot be written, as an errno; 0 where it can. */
static int obstacle(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX] = ".";
    struct stat st;

    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return EISDIR;
        return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ? 0 : errno;
    }
    if (errno != ENOENT)
        return errno;
    if (slash)
        snprintf(folder, sizeof folder, "%.*s/", (int)(slash - path), path);
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

int output_check_later(const char *option, const char *path, const char *const *inputs,
                       size_t n_inputs, struct err *e)
{
    int error = obstacle(path);

    if (is_input(path, inputs, n_inputs))
        return err_set(e, ERR_USAGE, "%s: %s is an input", option, path);
    return error ? err_set(e, ERR_USAGE, "%s: %s: %s", option, path, strerror(error)) : 0;
}

int output_open(struct output *out, const char *path, struct err *e)
{
    struct stat st;

    *out = (struct output){-1, path};
    if (is_dash(path)) {
        out->fd = STDOUT_FILENO;
        out->name = "standard output";
        return 0;
    }
    out->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out->fd < 0)
        return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
    /* A file that was there keeps its mode; what goes into it now is secret.
     * Where that is not allowed it is somebody else's file and choice. */
    if (fstat(out->fd, &st) == 0 && S_ISREG(st.st_mode))
        (void)!fchmod(out->fd, 0600);
    return 0;
}

int output_create(struct output *out, const char *path, struct err *e)
{
    *out = (struct output){-1, path};
    out->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return out->fd < 0 ? err_set(e, ERR_IO, "%s: %s", path, strerror(errno)) : 0;
}

int output_write(struct output *out, struct str bytes, struct err *e)
{
    while (bytes.len) {
        ssize_t n = write(out->fd, bytes.data, bytes.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(e, errno == EPIPE ? ERR_PIPE : ERR_IO, "%s: %s", out->name,
                           strerror(errno));
        bytes = str_skip(bytes, (size_t)n);
    }
    return 0;
}

int output_begin(struct output *out, const struct record_options *o, struct str meta, struct err *e)
{
    out->writer = record_writer_new(out->fd, o, e);
    if (!out->writer || record_put_meta(out->writer, meta, e) < 0 ||
        record_flush(out->writer, e) < 0)
        return err_wrap(e, "%s", out->name);
    return 0;
}

int output_put_stats(struct output *out, struct str stats, struct err *e)
{
    if (record_put_stats(out->writer, stats, e) == 0 && record_flush(out->writer, e) == 0)
        return 0;
    return err_wrap(e, "%s", out->name);
}

int output_sync(struct output *out, struct err *e)
{
    struct stat st;

    if (fstat(out->fd, &st) < 0 || !S_ISREG(st.st_mode) || fsync(out->fd) == 0)
        return 0;
    return err_set(e, ERR_IO, "%s: %s", out->name, strerror(errno));
}

int output_close(struct output *out, struct err *e)
{
    int fd = out->fd;

    record_writer_close(out->writer, NULL);
    out->writer = NULL;
    out->fd = -1;
    if (fd < 0)
        return 0;
    /* Some file systems tell only here that the disk is full. */
    if (close(fd) < 0 && errno != EINTR)
        return err_set(e, ERR_IO, "%s: %s", out->name, strerror(errno));
    return 0;
}
