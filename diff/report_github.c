/* Commands for GitHub's workflows: annotations that stand beside a pull request.
 *
 * A command is a line, ::error title=T::MESSAGE. Its runner undoes %25 %0D %0A,
 * and in properties %3A %2C; what is foreign is written as for a terminal first,
 * so no line can break and no other command begin. GitHub shows ten a step. */
#include <inttypes.h>

#include "core/mem.h"
#include "diff/change.h"
#include "diff/printable.h"
#include "diff/report.h"

enum { COMMANDS_MAX = 10, TEXT_MAX = 16 * 1024, TEXT_COLUMNS = 400, VALUE_COLUMNS = 100 };

struct commands {
    struct buf *out;
    struct err *e;
    struct buf text; /* on its way */
    unsigned n;
    int rc;
};

/* ---- one command ---- */

static void put(struct commands *c, struct str s)
{
    if (c->rc == 0)
        c->rc = buf_add(c->out, s, c->e);
}

static void put_encoded(struct commands *c, bool property)
{
    for (size_t i = 0; i < c->text.len && c->rc == 0; i++) {
        char ch = c->text.data[i];

        if (ch == '%' || ch == '\r' || ch == '\n' || (property && (ch == ':' || ch == ',')))
            c->rc = buf_printf(c->out, c->e, "%%%02X", (unsigned)ch);
        else
            c->rc = buf_addc(c->out, ch, c->e);
    }
    buf_reset(&c->text);
}

static void say(struct commands *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct commands *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (c->rc == 0)
        c->rc = buf_vprintf(&c->text, c->e, fmt, ap);
    va_end(ap);
}

static void say_str(struct commands *c, struct str s, size_t columns)
{
    if (c->rc == 0 && printable_add(&c->text, s, columns, false, c->e) < 0)
        c->rc = -1;
}

/* The text so far becomes the title, what is said after it the message. */
static void begin(struct commands *c, const char *command)
{
    put(c, STR("::"));
    put(c, str_of(command));
    put(c, STR(" title="));
    put_encoded(c, true);
    put(c, STR("::"));
    c->n++;
}

static void end(struct commands *c)
{
    put_encoded(c, false);
    put(c, STR("\n"));
}

/* ---- what is worth one ---- */

static void write_verdict(struct commands *c, const struct report *r)
{
    static const char *const names[] = {"notice", "error", "warning"};

    say(c, "mirrorctl: %s", verdict_word(r->findings.verdict));
    begin(c, names[r->findings.verdict]);
    say_str(c, str_of(r->findings.reason), TEXT_COLUMNS);
    end(c);
}

static void write_gate(struct commands *c, const struct finding *about, enum gate_name gate)
{
    say(c, "mirrorctl: %s %s", candidate_name(about->evidence.candidate), gate_name_text(gate));
    begin(c, "error");
    say_str(c, str_of(about->judgement.gates[gate].message), TEXT_COLUMNS);
    end(c);
}

static void write_field(struct commands *c, const struct finding *about, const struct change *x)
{
    const struct tally_field *f = x->field;
    char label[ENDPOINT_LABEL], name[CHANGE_LABEL];

    say(c, "mirrorctl: ");
    say_str(c, endpoint_label(&about->evidence, x->index, label), VALUE_COLUMNS);
    begin(c, "error");
    say_str(c, change_label(f, name), VALUE_COLUMNS);
    say(c, " (%s) in %" PRIu64 " of %" PRIu64 " pairs", diff_kind_name(f->kind), f->counts.raw,
        x->ep->of[f->where]);
    if (f->n_examples) {
        const struct example *example = &f->examples[0];

        say(c, ": ");
        say_str(c, example->v1.data ? example->v1 : STR("(nothing)"), VALUE_COLUMNS);
        say(c, " -> ");
        say_str(c, example->v2.data ? example->v2 : STR("(nothing)"), VALUE_COLUMNS);
    }
    end(c);
}

static bool is_fatal(const struct finding *about, enum gate_name gate)
{
    return about->judgement.gates[gate].verdict == GATE_FAIL;
}

/* The gates that no field explains, then the fields that made the others fail. */
static int write_candidate(struct commands *c, const struct finding *about)
{
    struct endpoint_order order;
    struct change *list = NULL;
    size_t n = 0;

    order.list = report_endpoints(&about->evidence, &order.n, c->e);
    if (order.list) {
        report_sort_endpoints(&about->evidence, &order);
        list = changes_of(&about->evidence, &order, FIELD_DIFFERENT, &n, c->e);
    }
    mem_free(order.list);
    if (!list)
        return -1;
    for (int i = GATE_LATENCY; i < GATE_COUNT && c->n < COMMANDS_MAX; i++) {
        if (is_fatal(about, (enum gate_name)i))
            write_gate(c, about, (enum gate_name)i);
    }
    for (size_t i = 0; i < n && c->n < COMMANDS_MAX; i++) {
        if (is_fatal(about, (enum gate_name)list[i].field->where))
            write_field(c, about, &list[i]);
    }
    mem_free(list);
    return c->rc;
}

int report_github(const struct report *r, struct buf *out, struct err *e)
{
    struct commands c = {.out = out, .e = e};

    buf_init(&c.text, TEXT_MAX);
    write_verdict(&c, r);
    for (size_t i = 0; i < r->findings.n && r->findings.verdict == VERDICT_FAIL; i++) {
        if (r->findings.of[i].judgement.overall == VERDICT_FAIL &&
            write_candidate(&c, &r->findings.of[i]) < 0)
            c.rc = -1;
    }
    buf_release(&c.text);
    return c.rc;
}
