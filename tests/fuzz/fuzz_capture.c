/* A capture file's bytes through the whole stage, twice: what comes out must
 * be the same, add up, and be complete only where nothing is marked. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "capture/capture.h"
#include "tests/support/packets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void check_message(const struct http_message *m)
{
    const uint32_t marks = HTTP_GAP | HTTP_TRUNCATED | HTTP_RESET | HTTP_CUT;

    check(!m->complete || !(m->flags & marks));
    check(!m->complete || m->body_size == m->body.len);
    check(m->body.len <= m->body_size && m->gap_bytes <= m->body_size);
}

static int put(void *ctx, struct exchange *x, struct err *e)
{
    XXH64_hash_t *digest = ctx;

    (void)e;
    check_message(&x->request);
    check_message(&x->response);
    check(x->request.head.len > 0);
    *digest = XXH64(x->request.head.data, x->request.head.len, *digest + x->ordinal);
    if (x->response.body.len)
        *digest = XXH64(x->response.body.data, x->response.body.len, *digest);
    exchange_free(x);
    return 0;
}

static void check_stats(const struct capture_stats *s)
{
    check(s->packets ==
          s->decoded + s->not_ip + s->not_tcp + s->other_port + s->truncated + s->malformed);
    check(s->connections == s->http + s->tls + s->http2 + s->other);
    check(s->exchanges == s->complete + s->unanswered + s->incomplete);
}

static XXH64_hash_t run(const char *path)
{
    struct capture_config config = {
        .files = &path, .n_files = 1, .max_body = 4096, .memory = 1 << 20};
    XXH64_hash_t digest = 0;
    struct exchange_sink sink = {put, &digest};
    struct err e = {0};
    struct capture *c = capture_open(&config, &e);

    if (!c)
        return e.kind;
    if (capture_run(c, &sink, &e) < 0)
        check(e.kind == ERR_DAMAGED);
    check_stats(capture_stats(c));
    capture_close(c);
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[PACKETS_PATH];
    int fd = bytes_file(data, size, path);

    check(run(path) == run(path));
    close(fd);
    return 0;
}
