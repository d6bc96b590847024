#include "replay/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/str.h"

/* A system's whole collection of authorities has a quarter of a megabyte. */
enum { MAX_FILE = 16 * 1024 * 1024, PIECE = 16 * 1024 };

static int fill(struct buf *text, int fd, struct err *e)
{
    char piece[PIECE];
    struct stat about;
    ssize_t n;

    if (fstat(fd, &about) < 0)
        return err_set(e, ERR_USAGE, "%s", strerror(errno));
    if (!S_ISREG(about.st_mode)) /* a pipe would be empty the second time */
        return err_set(e, ERR_USAGE, "not a file");
    while ((n = read(fd, piece, sizeof piece)) > 0) {
        if (buf_append(text, piece, (size_t)n, e) < 0)
            return -1;
    }
    return n < 0 ? err_set(e, ERR_USAGE, "%s", strerror(errno)) : 0;
}

static size_t find(struct str text, const char *what)
{
    const char *at = text.len ? memmem(text.data, text.len, what, strlen(what)) : NULL;

    return at ? (size_t)(at - text.data) : text.len;
}

/* Cut the next block off *text: what stands behind its BEGIN and between its
 * lines. False when no whole one is left. */
static bool next_block(struct str *text, struct str *label, struct str *inside)
{
    struct str rest = str_skip(*text, find(*text, "-----BEGIN "));
    size_t end;

    rest = str_skip(rest, sizeof "-----BEGIN " - 1);
    *label = str_head(rest, find(rest, "-----"));
    rest = str_skip(rest, label->len);
    end = find(rest, "-----END ");
    *inside = str_head(rest, end);
    *text = str_skip(rest, end);
    return text->len > 0;
}

static int look_for(struct str text, struct str wanted, const char *name, struct err *e)
{
    struct str label, inside;

    while (next_block(&text, &label, &inside)) {
        if (!str_ends(label, wanted))
            continue;
        if (str_starts(label, STR("ENCRYPTED")) || find(inside, "4,ENCRYPTED") < inside.len)
            return err_set(e, ERR_USAGE, "the %s is encrypted; openssl pkey -in FILE decrypts it",
                           name);
        return 0;
    }
    return err_set(e, ERR_USAGE, "there is no %s in PEM format in it", name);
}

static int check(const char *path, struct str label, const char *name, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct buf text;
    int rc;

    if (fd < 0)
        return err_set(e, ERR_USAGE, "%s: %s", path, strerror(errno));
    buf_init(&text, MAX_FILE);
    rc = fill(&text, fd, e);
    if (rc == 0)
        rc = look_for(buf_str(&text), label, name, e);
    buf_release(&text);
    close(fd);
    return rc < 0 ? err_wrap(e, "%s", path) : 0;
}

int pem_check_certificate(const char *path, struct err *e)
{
    return check(path, STR("CERTIFICATE"), "certificate", e);
}

int pem_check_key(const char *path, struct err *e)
{
    return check(path, STR("PRIVATE KEY"), "private key", e);
}
