#include "diff/example.h"

#include "core/buf.h"
#include "core/curl.h"
#include "core/hide.h"
#include "core/http.h"
#include "core/mem.h"

/* A copy of its own; what is not there stays not there. */
static int dup_str(struct str s, struct str *copy, struct err *e)
{
    const char *p = s.data ? mem_dup(s.data, s.len) : NULL;

    *copy = str_from(p, p ? s.len : 0);
    return s.data && !p ? err_nomem(e, "keeping an example") : 0;
}

static void free_str(struct str s)
{
    mem_free((void *)(uintptr_t)s.data);
}

/* ---- requests ---- */

static void request_drop(struct example_request *r)
{
    if (!r || --r->refs)
        return;
    free_str(r->method);
    free_str(r->target);
    free_str(r->options);
    mem_free(r);
}

static int fill_request(struct example_request *r, const struct http_message *m,
                        const struct http_request_line *line, bool show_secrets, struct err *e)
{
    struct str target = str_head(line->target, EXAMPLE_TARGET);
    struct buf text;
    int rc;

    buf_init(&text, 16 * (size_t)(EXAMPLE_OPTIONS + EXAMPLE_TARGET));
    rc = show_secrets ? buf_add(&text, target, e) : hide_in_url(&text, target, e);
    r->lacks |= target.len < line->target.len ? CURL_CUT : 0;
    r->lacks |= str_eq(buf_str(&text), target) ? 0 : CURL_HIDDEN;
    if (rc == 0 && dup_str(buf_str(&text), &r->target, e) < 0)
        rc = -1;
    buf_reset(&text);
    if (rc == 0) {
        unsigned lacks = 0;
        rc = curl_options(&text, m, show_secrets, EXAMPLE_OPTIONS, &lacks, e);
        r->lacks |= lacks;
    }
    if (rc == 0 && (dup_str(buf_str(&text), &r->options, e) < 0 ||
                    dup_str(str_head(line->method, 32), &r->method, e) < 0))
        rc = -1;
    buf_release(&text);
    return rc;
}

/* The request of the pair at hand; *failed tells "none" from "no memory". */
static struct example_request *request_of(struct example_source *from, bool *failed, struct err *e)
{
    const struct exchange *x = from->pair ? from->pair->pair->exchange : NULL;
    struct http_request_line line;
    struct example_request *r;

    *failed = false;
    if (from->request || !x || !http_request_line(x->request.head, &line))
        return from->request;
    *failed = true;
    r = mem_zalloc(sizeof *r);
    if (!r) {
        err_nomem(e, "keeping an example");
        return NULL;
    }
    r->refs = 1;
    if (fill_request(r, &x->request, &line, from->pair->found.show_secrets, e) < 0) {
        request_drop(r);
        return NULL;
    }
    *failed = false;
    from->request = r;
    return r;
}

struct example_source example_source_of(const struct pair_diff *d)
{
    return (struct example_source){d->ordinal, d->seq, d, NULL};
}

void example_source_release(struct example_source *from)
{
    request_drop(from->request);
    from->request = NULL;
}

/* ---- examples ---- */

void example_release(struct example *x)
{
    free_str(x->at);
    free_str(x->v1);
    free_str(x->v2);
    free_str(x->control);
    request_drop(x->request);
    *x = (struct example){0};
}

/* What v1's second answer said at the same place: something else, if it differs
 * there, or what v1 said. */
static int copy_control(struct example *x, const struct pair_diff *d, const struct difference *item,
                        struct err *e)
{
    struct str value = item->v1;

    if (!d || d->noise_depth < pair_depth_for(item->where))
        return 0;
    for (size_t i = 0; i < d->noise.count; i++) {
        const struct difference *other = &d->noise.items[i];

        if (other->where == item->where && str_eq(other->path, item->path)) {
            value = other->v2;
            break;
        }
    }
    x->has_control = true;
    return dup_str(value, &x->control, e);
}

int example_copy(struct example *x, struct example_source *from, const struct difference *d,
                 struct err *e)
{
    bool failed;

    *x = (struct example){.ordinal = from->ordinal, .seq = from->seq};
    x->request = request_of(from, &failed, e);
    if (x->request)
        x->request->refs++;
    if (!failed && dup_str(d->at, &x->at, e) == 0 && dup_str(d->v1, &x->v1, e) == 0 &&
        dup_str(d->v2, &x->v2, e) == 0 && copy_control(x, from->pair, d, e) == 0)
        return 0;
    example_release(x);
    return -1;
}

bool example_is_earlier(uint64_t ordinal, uint64_t seq, const struct example *x)
{
    return ordinal != x->ordinal ? ordinal < x->ordinal : seq < x->seq;
}
