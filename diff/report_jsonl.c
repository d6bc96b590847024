/* JSON Lines: one line for each pair that differs, for jq and the like.
 *
 * A pair is listed where a difference of it counts or may come to count; what is
 * noise or ignored in it is listed with it, and says so. The pairs that did not
 * fit are the last line: {"left_out": N}. */
#include "core/json.h"
#include "diff/report.h"

static bool is_worth_telling(enum field_verdict v)
{
    return v != FIELD_NOISE && v != FIELD_IGNORED;
}

static enum field_verdict verdict_of(const struct tally_endpoint *ep, const struct ledger_field *f)
{
    return fields_find(&ep->fields, f->hash)->verdict;
}

static bool differs(const struct tally_endpoint *ep, const struct ledger_pair *p)
{
    for (size_t i = 0; i < p->n; i++) {
        if (is_worth_telling(verdict_of(ep, &p->fields[i])))
            return true;
    }
    return p->more > 0;
}

static void key_str(struct json_writer *w, const char *key, struct str s)
{
    json_key(w, key);
    if (s.data)
        json_str(w, s);
    else
        json_null(w);
}

static void write_side(struct json_writer *w, const char *key, const struct ledger_side *s)
{
    json_key(w, key);
    json_open_object(w);
    json_key(w, "outcome");
    json_cstr(w, fate_name(s->fate));
    json_key(w, "status");
    if (s->status)
        json_i64(w, s->status);
    else
        json_null(w);
    json_key(w, "ns");
    if (s->ns)
        json_i64_str(w, s->ns);
    else
        json_null(w);
    json_close(w);
}

static void write_field(struct json_writer *w, const struct tally_endpoint *ep,
                        const struct ledger_field *f, const char *name)
{
    json_open_object(w);
    json_key(w, "where");
    json_cstr(w, diff_where_name(f->where));
    key_str(w, "path", f->path);
    if (f->at.data)
        key_str(w, "at", f->at);
    json_key(w, "kind");
    json_cstr(w, diff_kind_name(f->kind));
    json_key(w, "verdict");
    json_cstr(w, field_verdict_name(verdict_of(ep, f)));
    json_key(w, "in_control");
    json_bool(w, f->in_control);
    key_str(w, "v1", f->v1);
    key_str(w, name, f->v2);
    json_close(w);
}

static void write_pair(struct json_writer *w, const struct evidence *ev,
                       const struct ledger_pair *p)
{
    const struct tally_endpoint *ep = ev->tally->endpoints[p->endpoint];
    const struct endpoint_name *endpoint = endpoint_names_at(ev->names, p->endpoint);
    const char *name = candidate_name(ev->candidate);

    json_open_object(w);
    json_key(w, "id");
    json_u64(w, p->ordinal);
    json_key(w, "candidate");
    json_cstr(w, name);
    key_str(w, "method", endpoint->method);
    key_str(w, "path", endpoint->path);
    key_str(w, "target", p->target);
    write_side(w, "v1", &p->v1);
    write_side(w, name, &p->v2);
    if (p->control.fate != OUTCOME_NONE)
        write_side(w, "control", &p->control);
    json_key(w, "differences");
    json_open_array(w);
    for (size_t i = 0; i < p->n; i++)
        write_field(w, ep, &p->fields[i], name);
    json_close(w);
    if (p->more) {
        json_key(w, "more");
        json_u64(w, p->more);
    }
}

static int end_line(struct json_writer *w, struct buf *out, struct err *e)
{
    return json_end_all(w) < 0 ? -1 : buf_addc(out, '\n', e);
}

static int write_left_out(const struct evidence *ev, struct buf *out, struct err *e)
{
    struct json_writer w;

    if (!ev->tally->ledger.left_out)
        return 0;
    json_begin(&w, out, false, e);
    json_open_object(&w);
    json_key(&w, "candidate");
    json_cstr(&w, candidate_name(ev->candidate));
    json_key(&w, "left_out");
    json_u64(&w, ev->tally->ledger.left_out);
    return end_line(&w, out, e);
}

static int write_candidate(const struct evidence *ev, struct buf *out, struct err *e)
{
    const struct ledger *l = &ev->tally->ledger;
    struct json_writer w;

    if (!ev->tally->lists_pairs)
        return err_set(e, ERR_USAGE, "the pairs that differ were not kept");
    for (size_t i = 0; i < l->n; i++) {
        if (!differs(ev->tally->endpoints[l->pairs[i]->endpoint], l->pairs[i]))
            continue;
        json_begin(&w, out, false, e);
        write_pair(&w, ev, l->pairs[i]);
        if (end_line(&w, out, e) < 0)
            return -1;
    }
    return write_left_out(ev, out, e);
}

static int write_report(const struct report *r, struct buf *out, struct err *e)
{
    for (size_t i = 0; i < r->findings.n; i++) {
        if (write_candidate(&r->findings.of[i].evidence, out, e) < 0)
            return -1;
    }
    return 0;
}

const struct report_format report_jsonl = {"jsonl", ".jsonl", write_report};
