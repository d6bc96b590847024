#include "cli/show_format.h"

#include <stdio.h>

#include "cli/listing.h"
#include "core/curl.h"
#include "core/hide.h"
#include "core/http.h"

enum { CURL_MAX = 1024 * 1024, HOST_MAX = 512 };

/* ---- text -------------------------------------------------------------------------- */

static int text_exchange(const struct show *s, const struct exchange *x, struct buf *out,
                         struct err *e)
{
    return (s->whole ? listing_exchange_whole : listing_exchange)(out, x, s->show_secrets, e);
}

static int text_pair(const struct show *s, const struct pair *p, struct buf *out, struct err *e)
{
    if (!s->whole)
        return listing_pair(out, p, &s->names, s->show_secrets, e);
    if (listing_pair_whole(out, p, &s->names, s->show_secrets, e) < 0)
        return -1;
    return s->diff ? diff_pair(s->diff, p, &s->style, out, e) : 0;
}

/* ---- HAR ---------------------------------------------------------------------------- */

static int line_exchange(const struct show *s, const struct exchange *x, struct buf *out,
                         struct err *e)
{
    return har_exchange(out, x, (struct har_style){.show_secrets = s->show_secrets}, e);
}

static int line_pair(const struct show *s, const struct pair *p, struct buf *out, struct err *e)
{
    return har_pair(out, p, &s->names, (struct har_style){.show_secrets = s->show_secrets}, e);
}

static int har_one_exchange(const struct show *s, const struct exchange *x, struct buf *out,
                            struct err *e)
{
    return har_exchange(out, x, (struct har_style){s->show_secrets, .document = true}, e);
}

static int har_one_pair(const struct show *s, const struct pair *p, struct buf *out, struct err *e)
{
    return har_pair(out, p, &s->names, (struct har_style){s->show_secrets, .document = true}, e);
}

/* ---- curl ------------------------------------------------------------------------------ */

/* What cannot stand in the line is told in a comment in front of it. */
static int add_lacks(unsigned lacks, struct buf *out, struct err *e)
{
    if ((lacks & CURL_HIDDEN) &&
        buf_add(out, STR("# credentials are hidden: --show-secrets puts them in\n"), e) < 0)
        return -1;
    if ((lacks & CURL_CUT) &&
        buf_add(out,
                STR("# fields or a body are left out: too long, not captured whole, or nothing "
                    "that a line can hold\n"),
                e) < 0)
        return -1;
    return 0;
}

/* The target, with secret parameters hidden unless they are to be shown. */
static int add_target(const struct show *s, struct str base, struct str target, unsigned *lacks,
                      struct buf *out, struct err *e)
{
    struct buf plain;
    int rc;

    if (s->show_secrets)
        return curl_target(out, base, target, e);
    buf_init(&plain, CURL_MAX);
    rc = hide_in_url(&plain, target, e);
    if (rc == 0) {
        *lacks |= str_eq(buf_str(&plain), target) ? 0 : CURL_HIDDEN;
        rc = curl_target(out, base, buf_str(&plain), e);
    }
    buf_release(&plain);
    return rc;
}

static int add_curl(const struct show *s, const struct http_message *request, struct str base,
                    const char *comment, struct buf *out, struct err *e)
{
    struct http_request_line line;
    struct buf options, target;
    unsigned lacks = 0;
    int rc = -1;

    if (!http_request_line(request->head, &line))
        return buf_add(out, STR("# no request that could be sent\n"), e);
    buf_init(&options, CURL_MAX * 4);
    buf_init(&target, CURL_MAX);
    if (curl_options(&options, request, s->show_secrets, CURL_MAX, &lacks, e) == 0 &&
        add_target(s, base, line.target, &lacks, &target, e) == 0 && add_lacks(lacks, out, e) == 0)
        rc = buf_printf(out, e, "curl%s %s%s\n", options.data ? options.data : "", target.data,
                        comment);
    buf_release(&options);
    buf_release(&target);
    return rc < 0 ? -1 : 0;
}

/* Where it was captured: by its Host, else by the address that it went to. */
static void exchange_base(const struct exchange *x, char base[HOST_MAX])
{
    char address[ENDPOINT_TEXT];
    struct str host;

    if (!http_find_field(x->request.head, STR("host"), &host) || host.len == 0 ||
        host.len > HOST_MAX - 16)
        host = str_of(endpoint_text(&x->server, address));
    snprintf(base, HOST_MAX, "http://%.*s", STR_ARG(host));
}

static int curl_exchange(const struct show *s, const struct exchange *x, struct buf *out,
                         struct err *e)
{
    char base[HOST_MAX];

    exchange_base(x, base);
    return add_curl(s, &x->request, str_of(base), "", out, e);
}

static int curl_pair(const struct show *s, const struct pair *p, struct buf *out, struct err *e)
{
    char comment[32];

    for (unsigned i = 0; i < p->n_calls; i++) {
        unsigned target = p->calls[i].target;

        if (target >= PAIR_MAX_CALLS || s->urls[target].len == 0)
            continue;
        snprintf(comment, sizeof comment, "  # %s", s->names.names[target]);
        if (add_curl(s, &p->exchange->request, s->urls[target], comment, out, e) < 0)
            return -1;
    }
    return 0;
}

/* ---- the table ------------------------------------------------------------------------ */

#define HAR_BEFORE                                                                   \
    "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"mirrorctl\",\"version\":" \
    "\"" MIRRORCTL_VERSION "\"},\"entries\":[\n"

const struct show_format show_formats[] = {
    {"text", NULL, NULL, NULL, text_exchange, text_pair},
    {"jsonl", NULL, NULL, NULL, line_exchange, line_pair},
    {"har", HAR_BEFORE, ",", "]}}\n", har_one_exchange, har_one_pair},
    {"curl", NULL, NULL, NULL, curl_exchange, curl_pair},
};

const char *const show_format_names[] = {"text", "jsonl", "har", "curl", NULL};
