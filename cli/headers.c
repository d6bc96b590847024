#include "cli/headers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/str.h"

enum { FILE_MAX = 64 * 1024, HEADERS_MEMORY = 16 * 1024 * 1024 };

void headers_init(struct headers *h)
{
    *h = (struct headers){0};
    arena_init(&h->mem, HEADERS_MEMORY);
}

void headers_release(struct headers *h)
{
    arena_release(&h->mem);
    *h = (struct headers){0};
}

static int add(struct headers *h, struct replay_field field, struct err *e)
{
    size_t size = sizeof field;

    if (replay_field_check(&field, e) < 0)
        return -1;
    h->list = arena_grow(&h->mem, h->list, h->n * size, (h->n + 1) * size, e);
    if (!h->list)
        return -1;
    h->list[h->n++] = field;
    return 0;
}

static int read_file(struct headers *h, const char *path, struct str *content, struct err *e)
{
    char *bytes = arena_alloc(&h->mem, FILE_MAX, e);
    int fd = bytes ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    size_t n = 0;
    ssize_t got = 1;

    if (!bytes)
        return -1;
    while (fd >= 0 && n < FILE_MAX && (got = read(fd, bytes + n, FILE_MAX - n)) != 0) {
        if (got < 0 && errno != EINTR)
            break;
        n += got > 0 ? (size_t)got : 0;
    }
    if (fd < 0 || got < 0)
        err_set(e, ERR_USAGE, "%s: %s", path, strerror(errno));
    else if (n == FILE_MAX)
        err_set(e, ERR_USAGE, "%s: larger than %d bytes", path, FILE_MAX - 1);
    if (fd >= 0)
        close(fd);
    *content = str_from(bytes, n);
    return fd < 0 || got < 0 || n == FILE_MAX ? -1 : 0;
}

/* One field a line; empty lines mean nothing. */
static int add_file(struct headers *h, const char *path, unsigned version, struct err *e)
{
    struct str rest;

    if (read_file(h, path, &rest, e) < 0)
        return -1;
    for (unsigned number = 1; rest.data; number++) {
        struct str line = str_cut(&rest, '\n');

        if (str_ends(line, STR("\r")))
            line.len--;
        if (str_trim(line).len == 0)
            continue;
        if (add(h, (struct replay_field){line, .version = version}, e) < 0)
            return err_wrap(e, "%s:%u", path, number);
    }
    return 0;
}

int headers_add(struct headers *h, const char *option, const struct option_list *values,
                unsigned version, bool remove, struct err *e)
{
    for (size_t i = 0; i < values->n; i++) {
        const char *text = values->items[i];
        int rc;

        if (*text == '@' && !remove)
            rc = add_file(h, text + 1, version, e);
        else
            rc = add(h, (struct replay_field){str_of(text), .remove = remove, .version = version},
                     e);
        if (rc < 0)
            return err_wrap(e, "%s", option);
    }
    return 0;
}
