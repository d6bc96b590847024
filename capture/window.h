/* window.h -- a file from its beginning to its end, looked at where it lies.
 *
 * Bytes are read in large pieces and looked at in place: what a packet costs is
 * a comparison, not a copy. Works on pipes, and gives what has come so far
 * without waiting for a whole piece. How far a look may reach is the caller's
 * to limit, since the memory grows with it.
 */
#ifndef MIRRORCTL_CAPTURE_WINDOW_H
#define MIRRORCTL_CAPTURE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/err.h"

struct window {
    int fd;         /* owned */
    char *memory;   /* owned */
    size_t cap;     /* of it */
    const char *at; /* where the window stands */
    size_t left;    /* bytes that lie there */
    bool ended;     /* no more will come: the file's end, or an error */
    int error;      /* an errno; 0 is none */
};

/* Start at the beginning of `fd`, which is closed with it. Cannot fail. */
void window_open(struct window *w, int fd);
void window_close(struct window *w);

/* Have `n` bytes in one piece. NULL if there are not that many; then those that
 * are there still lie at w->at. */
const char *window_fill(struct window *w, size_t n);

/* The next `n` bytes, valid until the next look; or NULL. */
static inline const char *window_look(struct window *w, size_t n)
{
    return n <= w->left ? w->at : window_fill(w, n);
}

/* Go on behind bytes that were looked at. */
static inline void window_pass(struct window *w, size_t n)
{
    w->at += n;
    w->left -= n;
}

/* Go on behind `n` bytes, which may be any number. False if the file is shorter. */
bool window_skip(struct window *w, size_t n);

/* True at the end of the file, and not for an error. */
bool window_is_over(struct window *w);

/* Say why there was no more: the file ends inside `what`, or cannot be read.
 * Returns -1. */
int window_cut(const struct window *w, const char *what, struct err *e);

/* The rest as a stream for others to read; closing it leaves the window as it
 * is. NULL with *e set. */
FILE *window_stream(struct window *w, struct err *e);

#endif
