/* Write and read a record while the n-th allocation fails, once and for ever:
 * no crash, no leak (LeakSanitizer), and no failure that passes for success.
 * First the container alone, then the thread that writes it for a capture. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/recorder.h"
#include "core/mem.h"
#include "core/record.h"

static void fill(struct exchange *x)
{
    x->ordinal = 1;
    x->request.head = STR("GET / HTTP/1.1\r\n\r\n");
    x->response.head = STR("HTTP/1.1 200 OK\r\n\r\n");
    x->response.body = STR("a body that is long enough to need some room of its own in a block");
}

static int write_record(int fd, struct err *e)
{
    const struct record_options o = {.kind = RECORD_EXCHANGES, .codec = RECORD_ZSTD};
    struct record_writer *w = record_writer_new(fd, &o, e);
    struct exchange *x = exchange_new(1 << 20, e);
    int rc = -1;

    if (!w || !x || record_put_meta(w, STR("{}"), e) < 0)
        goto out;
    fill(x);
    if (record_put_exchange(w, x, e) < 0 || record_put_stats(w, STR("{}"), e) < 0)
        goto out;
    rc = 0;
out:
    exchange_free(x);
    if (record_writer_close(w, e) < 0)
        rc = -1;
    return rc;
}

/* The exchanges in it, -1 if it is not complete. */
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
    return got == RECORD_END ? exchanges : -1;
}

/* One run: 0 when all went well, -1 when it failed and said so, 1 when it lied. */
static int run_container(void)
{
    struct err e = {0};
    FILE *f = tmpfile();
    int fd = fileno(f);
    int rc = write_record(fd, &e);

    if (rc == 0) {
        lseek(fd, 0, SEEK_SET);
        rc = read_record(fd, &e) == 1 ? 0 : -1;
    }
    fclose(f);
    return rc < 0 && e.kind == ERR_NONE ? 1 : rc;
}

enum { EXCHANGES = 3 };

/* The number of exchanges that were handed over, less than all after a failure. */
static int give(struct exchange_sink sink, struct capture_stats *stats, struct err *e)
{
    for (int i = 0; i < EXCHANGES; i++) {
        struct exchange *x = exchange_new(1 << 20, e);

        if (!x)
            return i;
        fill(x);
        stats->last_ns += 600000000;
        if (sink.put(sink.ctx, x, e) < 0)
            return i + 1; /* it was taken, and counts as not written */
    }
    return EXCHANGES;
}

static int read_file(const char *folder, int number)
{
    char path[128];
    int fd, n;

    snprintf(path, sizeof path, "%s/t-%04d.mrec", folder, number);
    fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    mem_fail_at(0, MEM_FAIL_NEVER);
    n = read_record(fd, NULL);
    close(fd);
    unlink(path);
    return n;
}

/* In two files, as their time is over. Counted in *asked. */
static int run_recorder(uint64_t *asked)
{
    char folder[] = "/tmp/torture-record-XXXXXX", path[64];
    const struct record_options o = {.kind = RECORD_EXCHANGES, .codec = RECORD_ZSTD};
    struct recorder_config config = {.path = path, .rotation = {.ns = 1000000000}};
    struct capture_stats stats = {0};
    struct recorder *r;
    struct err e = {0};
    int given = 0, files[2], ended = -1;
    uint64_t unwritten = 0;

    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/t.mrec", folder);
    r = recorder_open(&config, &e);
    if (r && recorder_start(r, &o, STR("{}"), &stats, &e) == 0) {
        given = give(recorder_sink(r), &stats, &e);
        ended = recorder_end(r, &e);
        unwritten = recorder_unwritten(r);
    }
    recorder_free(r);
    *asked = mem_count();
    for (int i = 0; i < 2; i++)
        files[i] = read_file(folder, i + 1);
    if (rmdir(folder) < 0)
        return 1;
    if (ended == 0) /* nothing is missing of what was handed over */
        return files[0] + files[1] == given ? (given == EXCHANGES ? 0 : -1) : 1;
    if (e.kind == ERR_NONE)
        return 1;
    /* Who says that a file is good must be right. */
    if (given > 0 && files[0] >= 0 && files[1] >= 0)
        return (uint64_t)(files[0] + files[1]) + unwritten == (uint64_t)given ? -1 : 1;
    return -1;
}

static int torture_container(int *n)
{
    int lies = 0;

    for (int how = MEM_FAIL_ONCE; how <= MEM_FAIL_FROM; how++) {
        int rc = -1;

        for (uint64_t nth = 1; rc != 0 && nth < 1000; nth++, ++*n) {
            mem_fail_at(nth, (enum mem_fail)how);
            rc = run_container();
            mem_fail_at(0, MEM_FAIL_NEVER);
            lies += rc > 0;
        }
        lies += rc != 0;
    }
    return lies;
}

static int torture_recorder(int *n)
{
    int lies = 0;

    for (int how = MEM_FAIL_ONCE; how <= MEM_FAIL_FROM; how++) {
        uint64_t nth = 0, asked;
        int rc;

        do {
            mem_fail_at(++nth, (enum mem_fail)how);
            rc = run_recorder(&asked);
            mem_fail_at(0, MEM_FAIL_NEVER);
            if (rc > 0)
                printf("# allocation %llu\n", (unsigned long long)nth);
            lies += rc > 0;
            ++*n;
        } while (asked >= nth);
        lies += rc != 0;
    }
    return lies;
}

int main(void)
{
    int n = 0, lies, all;

    all = lies = torture_container(&n);
    printf("%s 1 record survives each of %d failing allocations\n", lies ? "not ok" : "ok", n);
    n = 0;
    all += lies = torture_recorder(&n);
    printf("%s 2 recorder survives each of %d failing allocations\n1..2\n", lies ? "not ok" : "ok",
           n);
    return all ? 1 : 0;
}
