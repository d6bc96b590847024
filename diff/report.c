#include "diff/report.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

/* The first is the default. */
static const struct report_format *const formats[] = {
    &report_text, &report_json, &report_jsonl, &report_html, &report_junit, &report_markdown,
};

enum { FORMATS = sizeof formats / sizeof *formats };

const char *const *report_names(void)
{
    static const char *const names[] = {"text", "json", "jsonl", "html", "junit", "markdown", NULL};

    _Static_assert(sizeof names / sizeof *names == FORMATS + 1, "a name for each format");
    return names;
}

const char *const *report_extensions(void)
{
    static const char *list[FORMATS + 1];

    for (int i = 0; i < FORMATS; i++)
        list[i] = formats[i]->extension;
    return list;
}

const struct report_format *report_find(const char *name, struct err *e)
{
    char known[128] = "";
    size_t n = 0;

    for (int i = 0; i < FORMATS; i++) {
        size_t len = strlen(formats[i]->name);

        if (strcmp(name, formats[i]->name) == 0)
            return formats[i];
        if (n + len + 3 > sizeof known)
            continue;
        memcpy(known + n, i ? ", " : "", i ? 2 : 0);
        n += i ? 2 : 0;
        memcpy(known + n, formats[i]->name, len);
        n += len;
    }
    err_set(e, ERR_USAGE, "unknown format \"%s\", try one of %.*s", name, (int)n, known);
    return NULL;
}

const struct report_format *report_of_path(const char *path)
{
    for (int i = 0; i < FORMATS; i++) {
        if (str_ends(str_of(path), str_of(formats[i]->extension)))
            return formats[i];
    }
    return NULL;
}

static int by_name(const void *a, const void *b, void *names)
{
    const struct endpoint_name *x = endpoint_names_at(names, *(const size_t *)a);
    const struct endpoint_name *y = endpoint_names_at(names, *(const size_t *)b);
    int c = str_cmp(x->path, y->path);

    return c ? c : str_cmp(x->method, y->method);
}

size_t *report_endpoints(const struct evidence *ev, size_t *n, struct err *e)
{
    size_t *list = mem_array(ENDPOINTS_MAX + 1, sizeof *list);

    if (!list) {
        err_nomem(e, "writing a report");
        return NULL;
    }
    *n = 0;
    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        if (ev->tally->endpoints[i])
            list[(*n)++] = i;
    }
    qsort_r(list, *n, sizeof *list, by_name, (void *)(uintptr_t)ev->names);
    return list;
}

bool report_is_slower(const struct evidence *ev, const struct tally_endpoint *ep)
{
    return !ev->gates[GATE_LATENCY].off && ep->times.verdict == LATENCY_SLOWER;
}

/* What differs most, then what is slower, then what is busiest. */
static int by_badness(const void *a, const void *b, void *ctx)
{
    const struct evidence *ev = ctx;
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    const struct tally_endpoint *x = ev->tally->endpoints[i], *y = ev->tally->endpoints[k];
    bool x_slower = report_is_slower(ev, x), y_slower = report_is_slower(ev, y);

    if (x->different.all != y->different.all)
        return x->different.all < y->different.all ? 1 : -1;
    if (x_slower != y_slower)
        return x_slower ? -1 : 1;
    if (x->pairs != y->pairs)
        return x->pairs < y->pairs ? 1 : -1;
    return by_name(a, b, (void *)(uintptr_t)ev->names);
}

void report_sort_endpoints(const struct evidence *ev, const struct endpoint_order *order)
{
    qsort_r(order->list, order->n, sizeof *order->list, by_badness, (void *)(uintptr_t)ev);
}
