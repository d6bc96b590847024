#include "replay/breaker.h"

#include "core/clock.h"
#include "replay/select.h"

/* When to look again while another call probes: nobody tells of its end. */
static const int64_t look_again_ns = 10 * NS_PER_MS;

void breaker_init(struct breaker *b, uint32_t max_ppm)
{
    *b = (struct breaker){.max_ppm = max_ppm,
                          .state = BREAKER_CLOSED,
                          .pass = 1,
                          .wait_ns = BREAKER_FIRST_WAIT_S * NS_PER_SEC};
}

static void change(struct breaker *b, enum replay_breaker state)
{
    b->state = state;
    b->pass++;
    b->probing = false;
    b->good_probes = 0;
}

static void open_it(struct breaker *b, int64_t now_ns)
{
    change(b, BREAKER_OPEN);
    b->probe_at_ns = now_ns + b->wait_ns;
    b->opened++;
}

static void close_it(struct breaker *b)
{
    change(b, BREAKER_CLOSED);
    b->bad_probes = 0;
    b->wait_ns = BREAKER_FIRST_WAIT_S * NS_PER_SEC;
    for (unsigned i = 0; i < BREAKER_WINDOW_S; i++)
        b->window[i].calls = b->window[i].failed = 0;
}

unsigned breaker_enter(struct breaker *b, int64_t now_ns)
{
    if (b->state == BREAKER_CLOSED)
        return b->pass;
    if (b->state == BREAKER_OPEN && now_ns >= b->probe_at_ns)
        change(b, BREAKER_HALF_OPEN);
    if (b->state == BREAKER_OPEN || b->probing)
        return 0;
    b->probing = true;
    return b->pass;
}

void breaker_leave(struct breaker *b, unsigned pass)
{
    if (pass == b->pass)
        b->probing = false;
}

void breaker_sums(const struct breaker *b, int64_t now_ns, uint64_t *calls, uint64_t *failed)
{
    int64_t second = now_ns / NS_PER_SEC;

    *calls = *failed = 0;
    for (unsigned i = 0; i < BREAKER_WINDOW_S; i++) {
        if (b->window[i].second <= second - BREAKER_WINDOW_S)
            continue;
        *calls += b->window[i].calls;
        *failed += b->window[i].failed;
    }
}

static void note_call(struct breaker *b, bool failed, int64_t now_ns)
{
    int64_t second = now_ns / NS_PER_SEC;
    unsigned i = (unsigned)(second % BREAKER_WINDOW_S);
    uint64_t calls, failures;

    if (b->window[i].second != second) {
        b->window[i].second = second;
        b->window[i].calls = b->window[i].failed = 0;
    }
    b->window[i].calls++;
    b->window[i].failed += failed;
    if (!failed || b->max_ppm == 0)
        return;
    breaker_sums(b, now_ns, &calls, &failures);
    if (calls >= BREAKER_MIN_CALLS && failures * SELECT_ALL >= calls * b->max_ppm)
        open_it(b, now_ns);
}

static void note_probe(struct breaker *b, bool failed, int64_t now_ns)
{
    const int64_t longest_ns = BREAKER_LONGEST_WAIT_S * NS_PER_SEC;

    b->probing = false;
    if (failed) {
        b->bad_probes++;
        b->wait_ns = b->wait_ns * 2 < longest_ns ? b->wait_ns * 2 : longest_ns;
        open_it(b, now_ns);
    } else if (++b->good_probes == BREAKER_CLOSING) {
        close_it(b);
    }
}

void breaker_note(struct breaker *b, unsigned pass, bool failed, int64_t now_ns)
{
    b->answered |= !failed;
    if (pass != b->pass)
        return;
    if (b->state == BREAKER_CLOSED)
        note_call(b, failed, now_ns);
    else
        note_probe(b, failed, now_ns);
}

int64_t breaker_worth_waiting(const struct breaker *b, int64_t now_ns)
{
    if (!b->answered || b->bad_probes >= BREAKER_PATIENCE)
        return 0;
    if (b->state == BREAKER_OPEN)
        return now_ns < b->probe_at_ns ? b->probe_at_ns : 0;
    return b->probing ? now_ns + look_again_ns : 0;
}
