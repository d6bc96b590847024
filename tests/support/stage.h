/* stage.h -- the whole capture stage over made-up packets, and what came out
 * as text. For tests that link libcapture.
 */
#ifndef MIRRORCTL_TESTS_STAGE_H
#define MIRRORCTL_TESTS_STAGE_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/capture.h"
#include "core/buf.h"
#include "tests/support/packets.h"

struct stage {
    struct capture_stats stats;
    struct err err;
    int rc;          /* of capture_run(), or -2 if it could not be opened */
    struct buf text; /* one line an exchange */
};

/* Bytes as one word. */
static inline void stage_put_bytes(struct buf *out, const char *name, struct str s)
{
    if (s.len == 0)
        return;
    buf_printf(out, NULL, " %s=", name);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c == '\r' || c == '\n')
            buf_printf(out, NULL, "\\%c", c == '\r' ? 'r' : 'n');
        else if (isgraph(c) && c != '\\')
            buf_addc(out, (char)c, NULL);
        else
            buf_printf(out, NULL, "\\x%02x", c);
    }
}

static inline void stage_put_message(struct buf *out, const char *name,
                                     const struct http_message *m)
{
    char word[64];

    stage_put_bytes(out, name, m->body);
    snprintf(word, sizeof word, "%s-trailers", name);
    stage_put_bytes(out, word, m->trailers);
    if (m->body_size != m->body.len)
        buf_printf(out, NULL, " %s-size=%llu", name, (unsigned long long)m->body_size);
    if (m->head.len && !m->complete)
        buf_printf(out, NULL, " %s-incomplete", name);
    for (uint32_t bit = 1; bit <= HTTP_LAST; bit <<= 1) {
        if (m->flags & bit)
            buf_printf(out, NULL, " %s:%s", name, http_flag_name(bit));
    }
}

static inline void stage_put_informational(struct buf *out, struct str heads)
{
    while (heads.len) {
        struct http_status_line line;
        size_t end = 0;
        if (!http_status_line(heads, &line))
            break;
        buf_printf(out, NULL, " %d", line.status);
        /* To behind the empty line. */
        while (end < heads.len) {
            size_t n = str_find(str_skip(heads, end), '\n');
            end += n + 1;
            if (n == 0 || (n == 1 && heads.data[end - 2] == '\r'))
                break;
        }
        heads = str_skip(heads, end);
    }
}

static inline void stage_put_exchange(struct buf *out, const struct exchange *x)
{
    struct http_request_line line = {0};
    struct http_status_line status = {0};

    if (!http_request_start(x->request.head, &line))
        http_garbled_line(x->request.head, &line);
    buf_printf(out, NULL, "%.*s %.*s", STR_ARG(line.method), STR_ARG(line.target));
    stage_put_informational(out, x->informational);
    if (http_status_line(x->response.head, &status))
        buf_printf(out, NULL, " %d", status.status);
    else
        buf_addc(out, ' ', NULL), buf_addc(out, '-', NULL);
    stage_put_message(out, "request", &x->request);
    stage_put_message(out, "response", &x->response);
    if (x->tunnel)
        buf_printf(out, NULL, " tunnel=%llu", (unsigned long long)x->tunnel_bytes);
    buf_addc(out, '\n', NULL);
}

static inline int stage_put(void *ctx, struct exchange *x, struct err *e)
{
    struct stage *s = ctx;

    (void)e;
    stage_put_exchange(&s->text, x);
    exchange_free(x);
    return 0;
}

/* Run over a file. `config` may be NULL; its files are replaced. */
static inline void stage_run_path(struct stage *s, const char *path,
                                  const struct capture_config *config)
{
    struct capture_config c = {.max_body = 1 << 20, .memory = 64 << 20};
    struct exchange_sink sink = {stage_put, s};
    struct capture *capture;

    if (config)
        c = *config;
    c.files = &path;
    c.n_files = 1;
    *s = (struct stage){.rc = -2};
    buf_init(&s->text, 64 << 20);
    capture = capture_open(&c, &s->err);
    if (!capture)
        return;
    s->rc = capture_run(capture, &sink, &s->err);
    s->stats = *capture_stats(capture);
    capture_close(capture);
}

static inline void stage_run(struct stage *s, const struct packets *p,
                             const struct capture_config *config)
{
    char path[PACKETS_PATH];
    int fd = packets_file(p, 0, path);

    stage_run_path(s, path, config);
    close(fd);
}

static inline const char *stage_text(const struct stage *s)
{
    return s->text.data ? s->text.data : "";
}

static inline void stage_release(struct stage *s)
{
    buf_release(&s->text);
}

#endif
