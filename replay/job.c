#include "replay/job.h"

#include "core/mem.h"

struct job *job_new(struct exchange *x, unsigned n_calls, size_t max, struct err *e)
{
    struct pair *pair = pair_new(x, n_calls, max, e);
    struct http_request_line line = {0};
    struct job *job;

    if (!pair)
        return NULL;
    job = mem_zalloc(sizeof *job + n_calls * sizeof *job->at);
    if (!job) {
        pair_free(pair);
        err_nomem(e, "taking up a request");
        return NULL;
    }
    http_request_line(x->request.head, &line);
    for (unsigned i = 0; i < n_calls; i++)
        pair->calls[i] = (struct call){.target = (uint8_t)i, .order = (uint8_t)i};
    *job = (struct job){.pair = pair, .method = line.method, .open = n_calls};
    return job;
}

void job_free(struct job *job)
{
    if (!job)
        return;
    pair_free(job->pair);
    mem_free(job);
}

bool job_is_paired(const struct job *job, int control)
{
    for (unsigned i = 0; i < job->pair->n_calls; i++) {
        if ((int)i != control && job->at[i].way && !outcome_is_sent(job->pair->calls[i].outcome))
            return false;
    }
    return true;
}
