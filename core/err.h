/* err.h -- what went wrong, told from the inside outwards.
 *
 * The lowest layer says what happened, each layer that knows more puts its
 * own words in front:
 *
 *     movies.mrec: block 17: checksum does not match
 *
 * An err lives on the caller's stack and never allocates, so it can report
 * that there is no memory. Text that does not fit is cut, never lost whole.
 */
#ifndef MIRRORCTL_CORE_ERR_H
#define MIRRORCTL_CORE_ERR_H

/* What the caller can do about it; cli turns it into an exit status. */
enum err_kind {
    ERR_NONE = 0,
    ERR_USAGE,   /* the user asked for what cannot be: exit 2 */
    ERR_INPUT,   /* input that cannot be used at all: exit 2 */
    ERR_DAMAGED, /* input that was good up to some point: exit 4 */
    ERR_IO,      /* reading or writing failed on the way: exit 4 */
    ERR_PIPE,    /* whoever read our output went away: end quietly */
    ERR_NOMEM,   /* out of memory, or a ceiling was reached: exit 4 */
};

struct err {
    enum err_kind kind;
    char text[1024];
};

/* Set *e to this kind and text. Returns -1, so that a function can end with
 * `return err_set(e, ...)`. `e` may be NULL where nobody wants to know. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "text: " in front of what *e says, keeping its kind. Returns -1. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The usual "out of memory while <what>". Returns -1. */
int err_nomem(struct err *e, const char *what);

#endif
