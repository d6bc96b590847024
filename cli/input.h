/* input.h -- a FILE operand, or `-`, and what kind of file it is.
 *
 * Finding out what comes down a pipe means taking its first bytes, which a
 * pipe cannot take back. So a thread then copies the stream through a pipe of
 * our own, first bytes first, that takes the place of standard input. It also
 * lets a signal end the input while a reader waits for it.
 */
#ifndef MIRRORCTL_CLI_INPUT_H
#define MIRRORCTL_CLI_INPUT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

enum input_kind { INPUT_UNKNOWN, INPUT_EMPTY, INPUT_RECORD, INPUT_PACKETS };

enum { INPUT_MAGIC = 16 };

struct input {
    int fd;           /* -1: not open */
    const char *name; /* for messages */
    bool is_stream;   /* a pipe: standard input from input_recognise() on */
    enum input_kind kind;
    /* Of the copying thread. */
    bool copying;
    pthread_t thread;
    int from, to; /* the stream as it was; our pipe */
    int wake[2];
    char first[INPUT_MAGIC];
    size_t n_first;
};

/* Open `path`; "-" is standard input. Returns 0, or -1 with *e (ERR_INPUT). */
int input_open(struct input *in, const char *path, struct err *e);

/* Find out what it is, without losing a byte for who reads it next. */
int input_recognise(struct input *in, struct err *e);

/* How much of a file was read, from 0 to 1; below 0 where that is not known. From
 * any thread. */
double input_part(const struct input *in);

/* End a stream as if it had ended there. Safe in a signal handler. */
void input_stop(struct input *in);

/* Close it; fine when not open. */
void input_close(struct input *in);

#endif
