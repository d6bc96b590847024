/* The recorder: whatever the threads do, the files are what one thread would write. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/account.h"
#include "cli/recorder.h"
#include "core/clock.h"

static const struct record_options options = {
    .kind = RECORD_EXCHANGES,
    .capture_id = "capture-id-0001",
    .created_ns = 1000 * NS_PER_SEC,
};

/* A run with its own folder. */
struct run {
    char folder[64], path[96];
    struct recorder *recorder;
    struct exchange_sink sink;
    struct capture_stats stats;
};

static void start(struct run *run, struct rotation rotation)
{
    struct recorder_config config = {.rotation = rotation};

    *run = (struct run){.folder = "/tmp/recorder-test-XXXXXX"};
    assert_non_null(mkdtemp(run->folder));
    snprintf(run->path, sizeof run->path, "%s/t.mrec", run->folder);
    config.path = run->path;
    run->recorder = recorder_open(&config, NULL);
    assert_non_null(run->recorder);
    assert_int_equal(recorder_start(run->recorder, &options, STR("{}"), &run->stats, NULL), 0);
    run->sink = recorder_sink(run->recorder);
    run->stats.last_ns = options.created_ns;
}

static void finish(struct run *run)
{
    DIR *dir = opendir(run->folder);
    struct dirent *entry;

    recorder_free(run->recorder);
    while ((entry = readdir(dir)))
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    assert_int_equal(rmdir(run->folder), 0);
}

static struct exchange *fill(struct exchange *x, uint64_t ordinal, size_t body)
{
    char *bytes = NULL;

    assert_non_null(x);
    if (body) {
        bytes = arena_alloc(&x->mem, body, NULL);
        assert_non_null(bytes);
        memset(bytes, (int)('a' + ordinal % 26), body);
    }
    x->ordinal = ordinal;
    x->request.head = STR("GET / HTTP/1.1\r\n\r\n");
    x->response.head = STR("HTTP/1.1 200 OK\r\n\r\n");
    x->response.body = str_from(bytes, body);
    x->response.body_size = body;
    return x;
}

/* What a run does with its n-th exchange. */
static int put(struct run *run, size_t body, struct err *e)
{
    struct exchange *x = exchange_new(64 << 20, e);

    fill(x, ++run->stats.exchanges, body);
    return run->sink.put(run->sink.ctx, x, e);
}

struct content {
    uint64_t exchanges, first, last;
    char stats[8192];
    bool complete;
};

static struct content content_of(const char *path)
{
    struct content c = {0};
    int fd = open(path, O_RDONLY);
    struct record_reader *r = record_reader_new(fd, path, false, NULL);
    struct record_item item;
    int got;

    assert_non_null(r);
    while ((got = record_next(r, &item, NULL)) > 0) {
        if (got == RECORD_STATS)
            snprintf(c.stats, sizeof c.stats, "%.*s", (int)item.text.len, item.text.data);
        if (got != RECORD_EXCHANGE)
            continue;
        c.exchanges++;
        c.last = item.exchange->ordinal;
        c.first = c.first ? c.first : c.last;
        exchange_free(item.exchange);
    }
    c.complete = got == RECORD_END;
    record_reader_free(r);
    close(fd);
    return c;
}

static struct content content_of_number(const struct run *run, unsigned n)
{
    char path[128];

    snprintf(path, sizeof path, "%s/t-%04u.mrec", run->folder, n);
    return content_of(path);
}

static unsigned files_in(const struct run *run)
{
    DIR *dir = opendir(run->folder);
    struct dirent *entry;
    unsigned n = 0;

    while ((entry = readdir(dir)))
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

static size_t size_of(unsigned i)
{
    return i % 100 == 99 ? 100000 : i * 7 % 3000;
}

/* The same file by record_writer alone. */
static void write_alone(const char *path, unsigned n, const struct capture_stats *stats)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    struct record_writer *w = record_writer_new(fd, &options, NULL);
    struct buf text;

    assert_int_equal(record_put_meta(w, STR("{}"), NULL), 0);
    assert_int_equal(record_flush(w, NULL), 0);
    for (unsigned i = 0; i < n; i++) {
        struct exchange *x = fill(exchange_new(1 << 20, NULL), i + 1, size_of(i));
        assert_int_equal(record_put_exchange(w, x, NULL), 0);
        exchange_free(x);
    }
    buf_init(&text, 1 << 16);
    assert_int_equal(account_capture_json(stats, NULL, &text, NULL), 0);
    assert_int_equal(record_put_stats(w, buf_str(&text), NULL), 0);
    assert_int_equal(record_writer_close(w, NULL), 0);
    buf_release(&text);
    close(fd);
}

static void a_file_holds_what_one_thread_would_write(void **state)
{
    enum { N = 5000 };
    struct run run;
    char alone[128], command[256];

    (void)state;
    start(&run, (struct rotation){0});
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(put(&run, size_of(i), NULL), 0);
    assert_int_equal(recorder_end(run.recorder, NULL), 0);
    assert_int_equal(recorder_unwritten(run.recorder), 0);
    snprintf(alone, sizeof alone, "%s/alone.mrec", run.folder);
    write_alone(alone, N, &run.stats);
    snprintf(command, sizeof command, "cmp %s %s", run.path, alone);
    assert_int_equal(system(command), 0);
    finish(&run);
}

static void exchanges_larger_than_what_may_wait_pass(void **state)
{
    struct run run;

    (void)state;
    start(&run, (struct rotation){0});
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(put(&run, 9 << 20, NULL), 0);
    assert_int_equal(recorder_end(run.recorder, NULL), 0);
    assert_int_equal(content_of(run.path).exchanges, 5);
    finish(&run);
}

static void what_is_flushed_can_be_read_at_once(void **state)
{
    struct run run;
    struct content c;

    (void)state;
    start(&run, (struct rotation){0});
    assert_int_equal(put(&run, 10, NULL), 0);
    assert_int_equal(recorder_flush(run.recorder, options.created_ns, NULL), 0);
    do /* the thread will get there */
        c = content_of(run.path);
    while (c.exchanges == 0);
    assert_int_equal(c.exchanges, 1);
    assert_false(c.complete);
    assert_int_equal(recorder_end(run.recorder, NULL), 0);
    assert_true(content_of(run.path).complete);
    finish(&run);
}

static void a_full_disk_stops_the_giver_and_every_exchange_is_accounted_for(void **state)
{
    struct rlimit before, limit;
    struct err e = {0};
    struct content c;
    char unwritten[64];
    struct run run;

    (void)state;
    start(&run, (struct rotation){0});
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){3000000, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    while (put(&run, 2000, &e) == 0 && run.stats.exchanges < 100000)
        ;
    assert_int_equal(e.kind, ERR_IO);
    assert_int_equal(recorder_flush(run.recorder, 0, &e), -1);
    assert_int_equal(recorder_end(run.recorder, &e), -1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_non_null(strstr(e.text, "File too large"));
    assert_non_null(strstr(e.text, "the record is complete up to there"));
    c = content_of(run.path);
    assert_true(c.complete && c.exchanges > 1000 && c.last == c.exchanges);
    assert_int_equal(c.exchanges + recorder_unwritten(run.recorder), run.stats.exchanges);
    snprintf(unwritten, sizeof unwritten, "\"unwritten\":%llu,",
             (unsigned long long)recorder_unwritten(run.recorder));
    assert_non_null(strstr(c.stats, unwritten));
    finish(&run);
}

static void files_end_before_they_grow_too_large(void **state)
{
    enum { N = 3000, SIZE = 1 << 20 };
    struct run run;
    struct stat st;
    uint64_t last = 0;
    char path[128];

    (void)state;
    start(&run, (struct rotation){.bytes = SIZE});
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(put(&run, size_of(i), NULL), 0);
    assert_int_equal(recorder_end(run.recorder, NULL), 0);
    assert_true(files_in(&run) > 5);
    for (unsigned i = 1; i <= files_in(&run); i++) {
        struct content c = content_of_number(&run, i);
        char mine[64];

        assert_true(c.complete && c.first == last + 1);
        last = c.last;
        snprintf(mine, sizeof mine, "\"exchanges\":%llu,", (unsigned long long)last);
        assert_non_null(strstr(c.stats, mine)); /* of the run up to here */
        snprintf(mine, sizeof mine, "\"file\":{\"number\":%u,\"exchanges\":%llu}", i,
                 (unsigned long long)c.exchanges);
        assert_non_null(strstr(c.stats, mine));
        snprintf(path, sizeof path, "%s/t-%04u.mrec", run.folder, i);
        assert_int_equal(stat(path, &st), 0);
        assert_true(st.st_size <= SIZE);
    }
    assert_int_equal(last, N);
    finish(&run);
}

static void files_end_when_their_time_is_over(void **state)
{
    struct run run;

    (void)state;
    start(&run, (struct rotation){.ns = 10 * NS_PER_SEC});
    assert_int_equal(put(&run, 10, NULL), 0);
    run.stats.last_ns += 9 * NS_PER_SEC;
    assert_int_equal(put(&run, 10, NULL), 0);
    run.stats.last_ns += 1 * NS_PER_SEC; /* belongs to the second file */
    assert_int_equal(put(&run, 10, NULL), 0);
    run.stats.last_ns += 35 * NS_PER_SEC; /* no empty files between */
    assert_int_equal(put(&run, 10, NULL), 0);
    /* A quiet link: the third file is completed, the fourth stays empty. */
    assert_int_equal(recorder_flush(run.recorder, options.created_ns + 60 * NS_PER_SEC, NULL), 0);
    assert_int_equal(recorder_flush(run.recorder, options.created_ns + 90 * NS_PER_SEC, NULL), 0);
    assert_int_equal(recorder_end(run.recorder, NULL), 0);
    assert_int_equal(files_in(&run), 4);
    assert_int_equal(content_of_number(&run, 1).exchanges, 2);
    assert_int_equal(content_of_number(&run, 2).exchanges, 1);
    assert_int_equal(content_of_number(&run, 3).exchanges, 1);
    assert_int_equal(content_of_number(&run, 4).exchanges, 0);
    assert_true(content_of_number(&run, 4).complete);
    finish(&run);
}

static void a_number_that_is_taken_meanwhile_ends_the_run(void **state)
{
    struct run run;
    struct err e = {0};
    char path[128];

    (void)state;
    start(&run, (struct rotation){.ns = NS_PER_SEC});
    snprintf(path, sizeof path, "%s/t-0002.mrec", run.folder);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    assert_int_equal(put(&run, 10, NULL), 0);
    run.stats.last_ns += NS_PER_SEC;
    assert_int_equal(put(&run, 10, NULL), 0);
    assert_int_equal(recorder_end(run.recorder, &e), -1);
    assert_non_null(strstr(e.text, "t-0002.mrec: File exists; 1 exchange was not written"));
    assert_true(content_of_number(&run, 1).complete);
    assert_int_equal(content_of_number(&run, 1).exchanges, 1);
    finish(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_holds_what_one_thread_would_write),
        cmocka_unit_test(exchanges_larger_than_what_may_wait_pass),
        cmocka_unit_test(what_is_flushed_can_be_read_at_once),
        cmocka_unit_test(a_full_disk_stops_the_giver_and_every_exchange_is_accounted_for),
        cmocka_unit_test(files_end_before_they_grow_too_large),
        cmocka_unit_test(files_end_when_their_time_is_over),
        cmocka_unit_test(a_number_that_is_taken_meanwhile_ends_the_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
