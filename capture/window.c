#include "capture/window.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/mem.h"

/* One piece and the packet before it fit into a processor's second cache with
 * room for what else an exchange needs there. */
enum { PIECE = 128 * 1024 };

void window_open(struct window *w, int fd)
{
    *w = (struct window){.fd = fd};
}

void window_close(struct window *w)
{
    if (w->fd >= 0)
        close(w->fd);
    mem_free(w->memory);
    *w = (struct window){.fd = -1};
}

/* Bring what is left to the start of memory that can hold `n` bytes and a piece. */
static bool make_room(struct window *w, size_t n)
{
    size_t cap = n + PIECE;
    char *grown = cap > w->cap ? mem_alloc(cap) : w->memory;

    if (!grown)
        return false;
    if (w->left)
        memmove(grown, w->at, w->left);
    if (grown != w->memory) {
        mem_free(w->memory);
        w->memory = grown;
        w->cap = cap;
    }
    w->at = w->memory;
    return true;
}

static void read_piece(struct window *w)
{
    ssize_t got = read(w->fd, w->memory + w->left, PIECE);

    if (got > 0)
        w->left += (size_t)got;
    else
        w->ended = true;
    if (got < 0)
        w->error = errno;
}

const char *window_fill(struct window *w, size_t n)
{
    if (!w->ended && !make_room(w, n)) {
        w->ended = true;
        w->error = ENOMEM;
    }
    while (w->left < n && !w->ended)
        read_piece(w);
    return w->left < n ? NULL : w->at;
}

bool window_skip(struct window *w, size_t n)
{
    while (n > w->left) {
        n -= w->left;
        window_pass(w, w->left);
        if (!window_look(w, 1))
            return false;
    }
    window_pass(w, n);
    return true;
}

bool window_is_over(struct window *w)
{
    return !window_look(w, 1) && w->error == 0;
}

int window_cut(const struct window *w, const char *what, struct err *e)
{
    if (w->error == ENOMEM)
        return err_nomem(e, "reading a capture file");
    if (w->error)
        return err_set(e, ERR_DAMAGED, "cannot read: %s", strerror(w->error));
    return err_set(e, ERR_DAMAGED, "the file ends inside %s", what);
}

/* ---- as a stream -------------------------------------------------------------- */

static ssize_t give(void *cookie, char *to, size_t n)
{
    struct window *w = cookie;

    if (!window_look(w, 1)) {
        errno = w->error;
        return w->error ? -1 : 0;
    }
    if (n > w->left)
        n = w->left;
    memcpy(to, w->at, n);
    window_pass(w, n);
    return (ssize_t)n;
}

FILE *window_stream(struct window *w, struct err *e)
{
    FILE *stream = fopencookie(w, "rb", (cookie_io_functions_t){.read = give});

    if (!stream)
        err_nomem(e, "reading a capture file");
    return stream;
}
