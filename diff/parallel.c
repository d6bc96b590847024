#include "diff/parallel.h"

#include <stdatomic.h>

#include "core/thread.h"

struct worker {
    const struct parallel_task *tasks;
    size_t n;
    atomic_size_t *next;
    int *results;
    struct err *errors;
};

static void *work(void *ctx)
{
    const struct worker *w = ctx;
    size_t i;

    while ((i = atomic_fetch_add(w->next, 1)) < w->n)
        w->results[i] = w->tasks[i].run(w->tasks[i].ctx, &w->errors[i]);
    return NULL;
}

/* A thread that cannot be started is not missed: its tasks are done by the others. */
int parallel_run(const struct parallel_task *tasks, size_t n, unsigned threads, struct err *e)
{
    struct err errors[PARALLEL_MAX] = {0};
    int results[PARALLEL_MAX] = {0};
    pthread_t helpers[PARALLEL_MAX];
    atomic_size_t next = 0;
    struct worker w = {tasks, n, &next, results, errors};
    unsigned started = 0;

    while (started + 1 < threads && started + 1 < n &&
           thread_start(&helpers[started], work, &w, NULL) == 0)
        started++;
    work(&w);
    for (unsigned i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
    for (size_t i = 0; i < n; i++) {
        if (results[i] == 0)
            continue;
        *e = errors[i];
        return -1;
    }
    return 0;
}
