/* Every line is one sum of the accounting with its causes, zero ones left out,
 * so that a reader can add it up; hints follow where something can be done. */
#include <inttypes.h>

#include "cli/account.h"
#include "cli/explain.h"
#include "cli/text.h"
#include "core/log.h"

enum { LINE_MAX_BYTES = 2048 };

struct cause {
    const char *name;
    uint64_t n;
};

/* Append " + 12 ignored{not_tcp 10, other_port 2}". Text that does not fit is
 * left out: it is for people, and the file has it all. */
static void add_causes(struct buf *line, const char *before, const char *what,
                       const struct cause *causes, size_t n)
{
    uint64_t sum = 0;
    const char *comma = "{";

    for (size_t i = 0; i < n; i++)
        sum += causes[i].n;
    buf_printf(line, NULL, "%s%" PRIu64 " %s", before, sum, what);
    for (size_t i = 0; i < n; i++) {
        if (causes[i].n == 0)
            continue;
        buf_printf(line, NULL, "%s%s %" PRIu64, comma, causes[i].name, causes[i].n);
        comma = ", ";
    }
    if (sum)
        buf_addc(line, '}', NULL);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Print the line and start the next. */
static void say(struct buf *line)
{
    log_info("%s", line->len ? line->data : "");
    buf_reset(line);
}

/* ---- capture ---------------------------------------------------------------- */

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void say_exchanges(const struct capture_stats *s, struct buf *line)
{
    if (s->exchanges == 0) {
        buf_printf(line, NULL, "0 exchanges; ");
        explain_nothing(s, line);
        say(line);
        return;
    }
    buf_printf(line, NULL, "%" PRIu64 " exchange%s: %" PRIu64 " complete", s->exchanges,
               plural(s->exchanges), s->complete);
    if (s->unanswered)
        buf_printf(line, NULL, ", %" PRIu64 " unanswered", s->unanswered);
    if (s->given_up)
        buf_printf(line, NULL, " (%" PRIu64 " given up, too many being under way)", s->given_up);
    if (s->incomplete)
        buf_printf(line, NULL, ", %" PRIu64 " incomplete", s->incomplete);
    if (s->unwritten)
        buf_printf(line, NULL, "; %" PRIu64 " of them not written", s->unwritten);
    if (s->tunnels)
        buf_printf(line, NULL, "; %" PRIu64 " tunnel%s", s->tunnels, plural(s->tunnels));
    if (s->orphan_responses)
        buf_printf(line, NULL, "; %" PRIu64 " answer%s without a request", s->orphan_responses,
                   plural(s->orphan_responses));
    if (s->skipped_bytes)
        buf_printf(line, NULL, "; %" PRIu64 " byte%s could not be read as HTTP", s->skipped_bytes,
                   plural(s->skipped_bytes));
    if (s->own_copies)
        buf_printf(line, NULL, "; %" PRIu64 " own cop%s left out", s->own_copies,
                   s->own_copies == 1 ? "y" : "ies");
    if (s->redacted)
        buf_printf(line, NULL, "; %" PRIu64 " redacted", s->redacted);
    say(line);
    if (s->split_by_tags && s->unanswered && s->orphan_responses)
        log_info("requests and answers of %" PRIu64 " connection%s had different VLAN tags or "
                 "networks, and were not brought together; tcprewrite --enet-vlan=del takes "
                 "tags out",
                 s->split_by_tags, plural(s->split_by_tags));
    if (s->seen_twice)
        log_info("%" PRIu64 " connection%s came twice, with other VLAN tags or networks, and what "
                 "%s said is there twice: capture on one interface, or keep one kind out with "
                 "--filter",
                 s->seen_twice, plural(s->seen_twice), s->seen_twice == 1 ? "it" : "they");
}

static void say_loss(const struct capture_stats *s, struct buf *line)
{
    const struct cause packets[] = {
        {"kernel", s->kernel_dropped},       {"interface", s->interface_dropped},
        {"queue", s->queue_dropped},         {"not_read", s->not_wanted ? 0 : s->not_read},
        {"fragments", s->fragments_dropped},
    };
    uint64_t cut = s->cut + s->truncated;

    if (account_lost(s) == 0)
        return;
    add_causes(line, "lost: ", "packets dropped", packets, COUNT(packets));
    buf_printf(line, NULL, ", %" PRIu64 " bytes in %" PRIu64 " gap%s", s->gap_bytes, s->gaps,
               plural(s->gaps));
    if (s->evicted)
        buf_printf(line, NULL, ", %" PRIu64 " connections given up at --memory", s->evicted);
    if (cut)
        buf_printf(line, NULL, ", %" PRIu64 " packet%s cut by the snap length", cut, plural(cut));
    say(line);
    if (cut)
        log_info("whole packets would lose nothing: tcpdump -s 0; of a mirror, raise the length or "
                 "MTU at which it cuts them");
    if (s->kernel_dropped)
        log_info("the kernel's ring overflowed: a larger --buffer takes longer bursts, --port or "
                 "--filter keeps out what is not needed");
}

/* Live: what the kernel says of the same packets. Not read is what still lay
 * there when --count was reached; at any other end it is lost. */
static void say_kernel(const struct capture_stats *s, struct buf *line)
{
    const struct cause dropped[] = {{"kernel", s->kernel_dropped}, {"queue", s->queue_dropped}};

    if (s->kernel_received == 0)
        return;
    buf_printf(line, NULL, "%" PRIu64 " packet%s passed the filter = %" PRIu64 " read",
               s->kernel_received, plural(s->kernel_received), s->packets);
    add_causes(line, " + ", "dropped", dropped, COUNT(dropped));
    if (s->not_read)
        buf_printf(line, NULL, " + %" PRIu64 " not read", s->not_read);
    say(line);
}

void account_capture_summary(const struct capture_stats *s)
{
    const struct cause ignored[] = {
        {"not_ip", s->not_ip}, {"not_tcp", s->not_tcp}, {"other_port", s->other_port}};
    const struct cause bad[] = {{"truncated", s->truncated}, {"malformed", s->malformed}};
    struct buf line;

    buf_init(&line, LINE_MAX_BYTES);
    say_exchanges(s, &line);
    say_kernel(s, &line);
    buf_printf(&line, NULL, "%" PRIu64 " packet%s = %" PRIu64 " decoded", s->packets,
               plural(s->packets), s->decoded);
    add_causes(&line, " + ", "ignored", ignored, COUNT(ignored));
    add_causes(&line, " + ", "bad", bad, COUNT(bad));
    say(&line);
    buf_printf(&line, NULL,
               "%" PRIu64 " connection%s = %" PRIu64 " http + %" PRIu64 " tls + %" PRIu64
               " http2 + %" PRIu64 " other",
               s->connections, plural(s->connections), s->http, s->tls, s->http2, s->other);
    say(&line);
    if (s->exchanges)
        explain_others(s, &line);
    if (line.len)
        say(&line);
    say_loss(s, &line);
    buf_release(&line);
}

/* ---- replay ----------------------------------------------------------------- */

static void say_sums(const struct replay_stats *s, struct buf *line)
{
    const struct cause not_eligible[] = {
        {"method", s->method},       {"incomplete", s->incomplete},
        {"anomalous", s->anomalous}, {"tunnel", s->tunnel},
        {"loop", s->loop},           {"no_rule", s->no_rule},
        {"no_mirror", s->no_mirror}, {"redirect", s->redirect},
        {"undecided", s->undecided}, {"no_key", s->no_key},
        {"limit", s->limit},         {"behind", s->behind},
    };

    buf_printf(line, NULL, "%" PRIu64 " recorded = %" PRIu64 " eligible", s->recorded, s->eligible);
    add_causes(line, " + ", "not_eligible", not_eligible, COUNT(not_eligible));
    say(line);
    buf_printf(line, NULL,
               "%" PRIu64 " eligible = %" PRIu64 " selected + %" PRIu64 " sampled_out; %" PRIu64
               " selected = %" PRIu64 " paired + %" PRIu64 " unpaired",
               s->eligible, s->selected, s->sampled_out, s->selected, s->paired, s->unpaired);
    say(line);
}

static void add_outcomes(struct buf *line, const char *what, const uint64_t *outcomes,
                         enum outcome first, enum outcome last)
{
    struct cause causes[OUTCOME_COUNT];
    size_t n = 0;

    for (enum outcome o = first; o <= last; o++)
        causes[n++] = (struct cause){outcome_name(o), outcomes[o]};
    add_causes(line, " + ", what, causes, n);
}

static void say_target(const struct replay_target_stats *t, struct buf *line)
{
    char p50[TEXT_SIZE], p99[TEXT_SIZE];

    buf_printf(line, NULL, "%s: %" PRIu64 " sent = %" PRIu64 " answered", t->name, t->sent,
               t->answered);
    add_outcomes(line, "failed", t->outcomes, OUTCOME_RESOLVE, OUTCOME_TOO_LARGE);
    add_outcomes(line, "not_sent", t->outcomes, OUTCOME_QUEUE, OUTCOME_OFF);
    for (unsigned i = 1; i < COUNT(t->status_class); i++) {
        if (t->status_class[i])
            buf_printf(line, NULL, "; %uxx %" PRIu64, i, t->status_class[i]);
    }
    if (t->status_class[0])
        buf_printf(line, NULL, "; other %" PRIu64, t->status_class[0]);
    if (t->service.total)
        buf_printf(line, NULL, "; p50 %s, p99 %s",
                   text_duration(hist_percentile(&t->service, 50), p50),
                   text_duration(hist_percentile(&t->service, 99), p99));
    if (t->breaker_opened)
        buf_printf(line, NULL, "; breaker: opened %" PRIu64 " time%s, %" PRIu64 " not sent",
                   t->breaker_opened, plural(t->breaker_opened), t->outcomes[OUTCOME_BREAKER]);
    say(line);
}

/* A replayer that is late measures itself: latencies then mean little. */
static void say_lateness(const struct replay_stats *s)
{
    struct hist late = {0}, service = {0};
    char p50[TEXT_SIZE], p99[TEXT_SIZE];

    for (unsigned i = 0; i < s->n_targets; i++) {
        hist_merge(&late, &s->targets[i].lateness);
        hist_merge(&service, &s->targets[i].service);
    }
    if (!late.total)
        return;
    log_info("lateness: p50 %s, p99 %s", text_duration(hist_percentile(&late, 50), p50),
             text_duration(hist_percentile(&late, 99), p99));
    if (service.total && hist_percentile(&late, 99) > hist_percentile(&service, 50) / 10)
        log_info("requests went out late by more than a tenth of a typical answer's time; "
                 "a lower --percent or a slower pace would show the services alone");
}

/* Only what the option would send is promised of it. */
static void say_anomalous(const struct replay_stats *s)
{
    uint64_t two_ways = s->anomalous - s->unreadable;

    if (two_ways)
        log_info("%" PRIu64 " request%s could be read in two ways and %s not sent; "
                 "--include-anomalous sends %s",
                 two_ways, plural(two_ways), two_ways == 1 ? "was" : "were",
                 two_ways == 1 ? "it" : "them");
    if (s->unreadable)
        log_info("%" PRIu64 " request%s no readable request line and %s never sent", s->unreadable,
                 s->unreadable == 1 ? " has" : "s have", s->unreadable == 1 ? "is" : "are");
}

/* What the YAML leaves out; `plan` tells why of each request. */
static void say_unplanned(const struct replay_stats *s)
{
    uint64_t without = s->no_rule - s->skipped;

    if (without)
        log_info("%" PRIu64 " request%s; mirrorctl plan --explain 'GET /path' tells what each rule "
                 "lacked",
                 without, without == 1 ? " fits no rule" : "s fit no rule");
    if (s->no_mirror)
        log_info("%" PRIu64 " request%s a rule that mirrors nothing", s->no_mirror,
                 s->no_mirror == 1 ? " fell to" : "s fell to");
    if (s->undecided)
        log_info("%" PRIu64 " request%s a rule by what no capture knows, and %s not sent",
                 s->undecided, s->undecided == 1 ? " may fit" : "s may fit",
                 s->undecided == 1 ? "was" : "were");
}

static void say_hints(const struct replay_stats *s)
{
    if (s->no_key)
        log_info("%" PRIu64 " request%s the key of the draw and %s not sent; --missing-key request "
                 "draws them one by one",
                 s->no_key, s->no_key == 1 ? " has not" : "s have not",
                 s->no_key == 1 ? "was" : "were");
    if (s->skipped)
        log_info("%" PRIu64 " request%s left out by --only and --skip", s->skipped,
                 s->skipped == 1 ? " was" : "s were");
    say_unplanned(s);
    if (s->method)
        log_info("%" PRIu64 " request%s used %s and %s not sent; --methods all sends them",
                 s->method, plural(s->method), *s->methods ? s->methods : "other methods",
                 s->method == 1 ? "was" : "were");
    if (s->misplaced)
        log_info("%" PRIu64 " request%s behind such as began over a second later, and went out "
                 "when %s came: replay recordings of other times one by one",
                 s->misplaced, s->misplaced == 1 ? " stands" : "s stand",
                 s->misplaced == 1 ? "it" : "they");
    if (s->behind)
        log_info("%" PRIu64 " request%s waited while replay fell behind%s and %s left out%s",
                 s->behind, plural(s->behind), s->stopped ? ", or when it was stopped," : "",
                 s->behind == 1 ? "was" : "were",
                 s->stopped ? "" : ", oldest first; a lower --percent would keep up");
    say_anomalous(s);
    if (s->incomplete)
        log_info("%" PRIu64 " request%s not captured whole and %s not sent", s->incomplete,
                 s->incomplete == 1 ? " was" : "s were", s->incomplete == 1 ? "is" : "are");
    if (s->cut_off)
        log_info("%" PRIu64 " of them had more content than was kept; --max-body of the capture "
                 "raises that",
                 s->cut_off);
    for (unsigned i = 0; i < s->n_targets; i++) {
        uint64_t n = s->targets[i].outcomes[OUTCOME_QUEUE];

        if (n)
            log_info("%" PRIu64 " request%s found the queue of %s full; --concurrency raises its "
                     "limit, --max waits instead",
                     n, plural(n), s->targets[i].name);
    }
    for (unsigned i = 0; i < s->n_targets; i++) {
        uint64_t n = s->targets[i].closed_early;

        if (n)
            log_info("%" PRIu64
                     " idle connection%s to %s %s closed for lack of descriptors, and opened "
                     "again when needed; ulimit -n raises their number",
                     n, plural(n), s->targets[i].name, n == 1 ? "was" : "were");
    }
    if (s->recorded == 0 && !s->stopped)
        log_info("there was nothing to replay: %s",
                 s->elsewhere ? "all exchanges are of other shards" : "no exchange was read");
    else if (s->selected == 0 && s->eligible > 0)
        log_info("the draw chose none of %" PRIu64 " requests; --percent raises the share",
                 s->eligible);
}

void account_replay_summary(const struct replay_stats *s)
{
    struct buf line;

    buf_init(&line, LINE_MAX_BYTES);
    say_sums(s, &line);
    for (unsigned i = 0; i < s->n_targets; i++)
        say_target(&s->targets[i], &line);
    buf_release(&line);
    say_lateness(s);
    say_hints(s);
}
