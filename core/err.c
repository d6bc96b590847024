#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
    va_list ap;

    if (!e)
        return -1;
    e->kind = kind;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    char inner[sizeof e->text];
    va_list ap;
    size_t n, left;

    if (!e)
        return -1;
    memcpy(inner, e->text, sizeof inner);
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    n = strlen(e->text);
    left = sizeof e->text - n;
    snprintf(e->text + n, left, ": %.*s", (int)left, inner);
    return -1;
}

int err_nomem(struct err *e, const char *what)
{
    return err_set(e, ERR_NOMEM, "out of memory while %s", what);
}
