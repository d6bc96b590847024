#include "core/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_MAX = 2048, MEMORY_MAX = 3 * DIAGS_MAX * (MESSAGE_MAX + 4096 + 256) };

void diags_init(struct diags *d)
{
    *d = (struct diags){0};
    arena_init(&d->mem, MEMORY_MAX);
}

/* The name of the file is copied once for all that follow in it. */
static const char *keep_file(struct diags *d, const char *file)
{
    struct str copy;

    if (!file || (d->last && d->last->at.file && strcmp(d->last->at.file, file) == 0))
        return file ? d->last->at.file : NULL;
    return arena_dup(&d->mem, str_of(file), &copy, NULL) < 0 ? NULL : copy.data;
}

void diag_add(struct diags *d, enum diag_severity severity, const char *code, struct place at,
              const char *fmt, ...)
{
    char text[MESSAGE_MAX];
    struct str message;
    struct diag *new;
    va_list ap;

    if (++d->found[severity] > DIAGS_MAX)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    new = arena_alloc(&d->mem, sizeof *new, NULL);
    if (!new || arena_dup(&d->mem, str_of(text), &message, NULL) < 0)
        return;
    at.file = keep_file(d, at.file);
    *new = (struct diag){.severity = severity, .code = code, .at = at, .message = message.data};
    if (d->last)
        d->last->next = new;
    else
        d->first = new;
    d->last = new;
}

size_t diags_errors(const struct diags *d)
{
    return d->found[DIAG_ERROR];
}

const char *diag_severity_name(enum diag_severity severity)
{
    static const char *const names[DIAG_SEVERITIES] = {"error", "warning", "note"};

    return names[severity];
}

int diag_write(const struct diag *d, struct buf *out, struct err *e)
{
    const char *file = d->at.file ? d->at.file : "-", *severity = diag_severity_name(d->severity);

    if (d->at.line)
        return buf_printf(out, e, "%s:%u:%u: %s[%s]: %s\n", file, d->at.line, d->at.column,
                          severity, d->code, d->message);
    return buf_printf(out, e, "%s: %s[%s]: %s\n", file, severity, d->code, d->message);
}

void diags_release(struct diags *d)
{
    arena_release(&d->mem);
    diags_init(d);
}
