/* Write and read a record while the n-th allocation fails, once and for ever:
 * no crash, no leak (LeakSanitizer), and no failure that passes for success. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/record.h"

static int write_record(int fd, struct err *e)
{
    const struct record_options o = {.kind = RECORD_EXCHANGES, .codec = RECORD_ZSTD};
    struct record_writer *w = record_writer_new(fd, &o, e);
    struct exchange *x = exchange_new(1 << 20, e);
    int rc = -1;

    if (!w || !x || record_put_meta(w, STR("{}"), e) < 0)
        goto out;
    x->ordinal = 1;
    x->request.head = STR("GET / HTTP/1.1\r\n\r\n");
    x->response.head = STR("HTTP/1.1 200 OK\r\n\r\n");
    x->response.body = STR("a body that is long enough to need some room of its own in a block");
    if (record_put_exchange(w, x, e) < 0 || record_put_stats(w, STR("{}"), e) < 0)
        goto out;
    rc = 0;
out:
    exchange_free(x);
    if (record_writer_close(w, e) < 0)
        rc = -1;
    return rc;
}

static int read_record(int fd, struct err *e)
{
    struct record_reader *r = record_reader_new(fd, "torture", false, e);
    struct record_item item;
    int got = -1, exchanges = 0;

    while (r && (got = record_next(r, &item, e)) > 0) {
        exchanges += got == RECORD_EXCHANGE;
        exchange_free(item.exchange);
    }
    record_reader_free(r);
    return got == RECORD_END && exchanges == 1 ? 0 : -1;
}

/* One run: 0 when all went well, -1 when it failed and said so, 1 when it lied. */
static int run(void)
{
    struct err e = {0};
    FILE *f = tmpfile();
    int fd = fileno(f);
    int rc = write_record(fd, &e);

    if (rc == 0) {
        lseek(fd, 0, SEEK_SET);
        rc = read_record(fd, &e);
    }
    fclose(f);
    return rc < 0 && e.kind == ERR_NONE ? 1 : rc;
}

int main(void)
{
    int lies = 0, n = 0;

    for (int how = MEM_FAIL_ONCE; how <= MEM_FAIL_FROM; how++) {
        int rc = -1;

        for (uint64_t nth = 1; rc != 0 && nth < 1000; nth++, n++) {
            mem_fail_at(nth, (enum mem_fail)how);
            rc = run();
            mem_fail_at(0, MEM_FAIL_NEVER);
            lies += rc > 0;
        }
        lies += rc != 0;
    }
    printf("%s 1 record survives each of %d failing allocations\n1..1\n", lies ? "not ok" : "ok",
           n);
    return lies ? 1 : 0;
}
