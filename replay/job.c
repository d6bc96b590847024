#include "replay/job.h"

struct job *job_new(struct exchange *x, const struct http_request_line *line, unsigned n_calls,
                    size_t max, struct err *e)
{
    struct pair *pair = pair_new(x, n_calls, max, e);
    struct job *job;

    if (!pair)
        return NULL;
    job = arena_alloc(&pair->mem, sizeof *job + n_calls * sizeof *job->at, e);
    if (!job) {
        pair_free(pair);
        return NULL;
    }
    for (unsigned i = 0; i < n_calls; i++)
        pair->calls[i] = (struct call){.target = (uint8_t)i, .order = (uint8_t)i};
    *job = (struct job){.pair = pair, .line = *line, .open = n_calls};
    return job;
}

void job_free(struct job *job)
{
    if (job)
        pair_free(job->pair);
}

bool job_is_paired(const struct job *job, int control)
{
    for (unsigned i = 0; i < job->pair->n_calls; i++) {
        if ((int)i != control && job->at[i].way && !outcome_is_sent(job->pair->calls[i].outcome))
            return false;
    }
    return true;
}
