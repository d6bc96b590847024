#include "replay/lane.h"

#include <assert.h>

#include "core/http.h"
#include "core/mem.h"

int lane_init(struct lane *l, const struct target *target, unsigned limit, size_t max_waiting,
              struct err *e)
{
    struct job **waiting = mem_array(max_waiting, sizeof(struct job *));

    if (!waiting)
        return err_nomem(e, "making a queue");
    *l = (struct lane){.target = target,
                       .role = target->role,
                       .limit = limit,
                       .waiting = waiting,
                       .max_waiting = max_waiting};
    return 0;
}

void lane_release(struct lane *l)
{
    mem_free(l->waiting);
    l->waiting = NULL;
}

bool lane_has_room(const struct lane *l)
{
    return l->in_flight < l->limit;
}

bool lane_is_full(const struct lane *l)
{
    return l->n_waiting + l->n_behind >= l->max_waiting;
}

size_t lane_load(const struct lane *l)
{
    return l->in_flight + l->n_waiting + l->n_behind;
}

void lane_wait(struct lane *l, struct job *job)
{
    assert(l->n_waiting < l->max_waiting);
    l->waiting[(l->first + l->n_waiting++) % l->max_waiting] = job;
}

struct job *lane_next(struct lane *l)
{
    struct job *job;

    if (l->n_waiting == 0)
        return NULL;
    job = l->waiting[l->first];
    l->first = (l->first + 1) % l->max_waiting;
    l->n_waiting--;
    return job;
}

static void count_answer(struct replay_target_stats *s, const struct call *call)
{
    struct http_status_line line = {0};

    http_status_line(call->response.head, &line);
    s->answered++;
    s->status_class[line.status < 600 ? line.status / 100 : 0]++;
    hist_add(&s->service, call->done_ns - call->sent_ns);
}

/* Sending began between these two. */
static void count_sent(struct replay_target_stats *s, int64_t first_ns, int64_t last_ns)
{
    if (first_ns && (s->first_sent_ns == 0 || first_ns < s->first_sent_ns))
        s->first_sent_ns = first_ns;
    if (last_ns > s->last_sent_ns)
        s->last_sent_ns = last_ns;
}

void target_stats_count(struct replay_target_stats *s, const struct call *call, int64_t late_ns)
{
    s->outcomes[call->outcome]++;
    if (!outcome_is_sent(call->outcome))
        return;
    s->sent++;
    count_sent(s, call->sent_ns, call->sent_ns);
    if (call->flags & CALL_RETRIED)
        s->retried++;
    if (call->flags & CALL_REUSED)
        s->reused++;
    hist_add(&s->lateness, late_ns);
    if (call->outcome == OUTCOME_ANSWERED)
        count_answer(s, call);
}

void target_stats_add(struct replay_target_stats *into, const struct replay_target_stats *from)
{
    for (unsigned i = 0; i < OUTCOME_COUNT; i++)
        into->outcomes[i] += from->outcomes[i];
    for (unsigned i = 0; i < sizeof into->status_class / sizeof *into->status_class; i++)
        into->status_class[i] += from->status_class[i];
    into->sent += from->sent;
    into->answered += from->answered;
    count_sent(into, from->first_sent_ns, from->last_sent_ns);
    into->connections += from->connections;
    into->retried += from->retried;
    into->reused += from->reused;
    into->closed_early += from->closed_early;
    hist_merge(&into->service, &from->service);
    hist_merge(&into->lateness, &from->lateness);
}
