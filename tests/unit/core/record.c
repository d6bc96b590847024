/* The container: what is written is read, whatever is done to the bytes. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/mem.h"
#include "core/record.h"
#include "core/record_format.h"

static const struct record_options options = {
    .kind = RECORD_EXCHANGES,
    .capture_id = "capture-id-0001",
    .created_ns = 1700000000000000000,
};

static int temporary_file(void)
{
    char path[] = "/tmp/record-test-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    unlink(path);
    return fd;
}

static struct exchange *example(uint64_t ordinal, size_t body)
{
    struct exchange *x = exchange_new(1 << 24, NULL);
    char *bytes = mem_alloc(body);

    assert_non_null(x);
    memset(bytes, (int)('a' + ordinal % 26), body);
    x->ordinal = ordinal;
    x->connection = ordinal / 3 + 1;
    x->index = (uint32_t)(ordinal % 3);
    x->client = (struct endpoint){4, {10, 0, 0, 1}, 40000};
    x->server = (struct endpoint){6, {0xfe, 0x80, [15] = 1}, 80};
    x->request.head = STR("POST /x HTTP/1.1\r\n\r\n");
    x->request.complete = true;
    x->request.flags = HTTP_CHUNK_EXT;
    x->request.chunked = true;
    x->request.trailers = STR("A: b\r\n");
    arena_dup(&x->mem, str_from(bytes, body), &x->request.body, NULL);
    x->request.body_size = body;
    x->response.head = STR("HTTP/1.1 200 OK\r\n\r\n");
    x->response.body = STR("cut");
    x->response.body_size = 1000;
    x->response.body_hash = 42;
    x->response.gap_bytes = 7;
    x->response.flags = HTTP_TRUNCATED | HTTP_GAP;
    x->informational = STR("HTTP/1.1 100 Continue\r\n\r\n");
    x->request_first_ns = 1700000000000000001 + (int64_t)ordinal;
    x->request_last_ns = x->request_first_ns + 5;
    x->response_first_ns = x->request_first_ns + 10;
    x->response_last_ns = x->request_first_ns + 20;
    mem_free(bytes);
    return x;
}

static void assert_same_message(const struct http_message *a, const struct http_message *b)
{
    assert_true(str_eq(a->head, b->head) && str_eq(a->body, b->body) &&
                str_eq(a->trailers, b->trailers));
    assert_true(a->body_size == b->body_size && a->body_hash == b->body_hash &&
                a->gap_bytes == b->gap_bytes && a->flags == b->flags);
    assert_true(a->complete == b->complete && a->chunked == b->chunked);
}

static void assert_same_exchange(const struct exchange *a, const struct exchange *b)
{
    assert_true(a->ordinal == b->ordinal && a->connection == b->connection && a->index == b->index);
    assert_memory_equal(&a->client, &b->client, sizeof a->client);
    assert_memory_equal(&a->server, &b->server, sizeof a->server);
    assert_same_message(&a->request, &b->request);
    assert_same_message(&a->response, &b->response);
    assert_true(str_eq(a->informational, b->informational) && str_eq(a->redacted, b->redacted));
    assert_true(
        a->request_first_ns == b->request_first_ns && a->request_last_ns == b->request_last_ns &&
        a->response_first_ns == b->response_first_ns && a->response_last_ns == b->response_last_ns);
    assert_true(a->tunnel == b->tunnel && a->tunnel_bytes == b->tunnel_bytes);
}

enum { FIRST_BODY = 3000 };

/* A section of `n` exchanges in blocks of `each`, with STATS if `closed`. */
static void write_section(int fd, const struct record_options *o, unsigned n, unsigned each,
                          bool closed)
{
    struct record_writer *w = record_writer_new(fd, o, NULL);

    assert_non_null(w);
    assert_int_equal(record_put_meta(w, STR("{\"m\":1}"), NULL), 0);
    for (unsigned i = 1; i <= n; i++) {
        struct exchange *x = example(i, i == 1 ? FIRST_BODY : i * 10);

        assert_int_equal(record_put_exchange(w, x, NULL), 0);
        exchange_free(x);
        if (i % each == 0)
            assert_int_equal(record_flush(w, NULL), 0);
    }
    if (closed)
        assert_int_equal(record_put_stats(w, STR("{\"s\":2}"), NULL), 0);
    assert_int_equal(record_writer_close(w, NULL), 0);
}

struct seen {
    unsigned meta, stats, exchanges;
    uint64_t last_ordinal, skipped;
    int end; /* RECORD_END or -1 */
    struct err e;
};

static struct seen read_all(int fd, bool recover, bool compare)
{
    struct seen s = {0};
    struct record_item item;
    struct record_reader *r;
    int got = -1;

    lseek(fd, 0, SEEK_SET);
    r = record_reader_new(fd, "test.mrec", recover, &s.e);
    while (r && (got = record_next(r, &item, &s.e)) > 0) {
        if (got == RECORD_META)
            s.meta += str_eq(item.text, STR("{\"m\":1}"));
        if (got == RECORD_STATS)
            s.stats += str_eq(item.text, STR("{\"s\":2}"));
        if (got == RECORD_PAIR)
            pair_free(item.pair);
        if (got != RECORD_EXCHANGE)
            continue;
        s.exchanges++;
        s.last_ordinal = item.exchange->ordinal;
        if (compare) {
            uint64_t i = item.exchange->ordinal;
            struct exchange *want = example(i, i == 1 ? FIRST_BODY : i * 10);

            assert_same_exchange(item.exchange, want);
            exchange_free(want);
        }
        exchange_free(item.exchange);
    }
    s.end = got;
    s.skipped = r ? record_skipped_bytes(r) : 0;
    record_reader_free(r);
    return s;
}

static void what_is_written_is_read(void **state)
{
    const enum record_codec codecs[] = {RECORD_PLAIN, RECORD_ZSTD};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct record_options o = options;
        int fd = temporary_file();
        struct seen s;

        o.codec = codecs[i];
        write_section(fd, &o, 50, 7, true);
        s = read_all(fd, false, true);
        assert_int_equal(s.end, RECORD_END);
        assert_int_equal(s.exchanges, 50);
        assert_int_equal(s.meta, 1);
        assert_int_equal(s.stats, 1);
        close(fd);
    }
}

static void the_same_exchanges_give_the_same_bytes(void **state)
{
    int a = temporary_file(), b = temporary_file();
    char x[4096], y[4096];
    ssize_t n;

    (void)state;
    write_section(a, &options, 20, 7, true);
    write_section(b, &options, 20, 7, true);
    lseek(a, 0, SEEK_SET);
    lseek(b, 0, SEEK_SET);
    while ((n = read(a, x, sizeof x)) > 0) {
        assert_int_equal(read(b, y, sizeof y), n);
        assert_memory_equal(x, y, (size_t)n);
    }
    close(a);
    close(b);
}

static void large_bodies_have_a_block_of_their_own(void **state)
{
    int fd = temporary_file();
    struct record_writer *w = record_writer_new(fd, &options, NULL);
    struct record_reader *r;
    struct record_item item;

    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        struct exchange *x = example(i, 5 << 20);

        assert_int_equal(record_put_exchange(w, x, NULL), 0);
        exchange_free(x);
    }
    record_put_stats(w, STR("{}"), NULL);
    assert_int_equal(record_writer_close(w, NULL), 0);
    lseek(fd, 0, SEEK_SET);
    r = record_reader_new(fd, "t", false, NULL);
    for (unsigned i = 1; i <= 3; i++) {
        struct exchange *want = example(i, 5 << 20);

        assert_int_equal(record_next(r, &item, NULL), RECORD_EXCHANGE);
        assert_same_exchange(item.exchange, want);
        exchange_free(want);
        exchange_free(item.exchange);
    }
    record_reader_free(r);
    close(fd);
}

static void pairs_carry_every_call(void **state)
{
    struct record_options o = options;
    struct pair *p = pair_new(example(7, 10), 2, 1 << 20, NULL);
    int fd = temporary_file();
    struct record_writer *w;
    struct record_reader *r;
    struct record_item item;

    (void)state;
    o.kind = RECORD_PAIRS;
    w = record_writer_new(fd, &o, NULL);
    p->n_calls = 2;
    p->calls[0] =
        (struct call){.target = 1,
                      .order = 1,
                      .flags = CALL_REUSED,
                      .outcome = OUTCOME_ANSWERED,
                      .response = {.head = STR("HTTP/1.1 200 OK\r\n\r\n"), .complete = true},
                      .informational = STR("HTTP/1.1 103 E\r\n\r\n"),
                      .due_ns = 1,
                      .sent_ns = 2,
                      .first_ns = 3,
                      .done_ns = 4};
    p->calls[1] = (struct call){.outcome = OUTCOME_CONNECT, .detail = STR("refused"), .due_ns = 9};
    assert_int_equal(record_put_pair(w, p, NULL), 0);
    record_put_stats(w, STR("{}"), NULL);
    record_writer_close(w, NULL);
    lseek(fd, 0, SEEK_SET);
    r = record_reader_new(fd, "t", false, NULL);
    assert_int_equal(record_next(r, &item, NULL), RECORD_PAIR);
    assert_int_equal(item.kind, RECORD_PAIRS);
    assert_same_exchange(item.pair->exchange, p->exchange);
    assert_int_equal(item.pair->n_calls, 2);
    for (unsigned i = 0; i < 2; i++) {
        const struct call *got = &item.pair->calls[i], *want = &p->calls[i];

        assert_same_message(&got->response, &want->response);
        assert_true(got->target == want->target && got->order == want->order &&
                    got->flags == want->flags && got->outcome == want->outcome);
        assert_true(str_eq(got->detail, want->detail) &&
                    str_eq(got->informational, want->informational));
        assert_true(got->due_ns == want->due_ns && got->sent_ns == want->sent_ns &&
                    got->first_ns == want->first_ns && got->done_ns == want->done_ns);
    }
    pair_free(item.pair);
    pair_free(p);
    assert_int_equal(record_next(r, &item, NULL), RECORD_STATS);
    assert_int_equal(record_next(r, &item, NULL), RECORD_END);
    record_reader_free(r);
    close(fd);
}

static void why_there_is_no_answer_is_kept(void **state)
{
    struct exchange *x = example(1, 10);
    int fd = temporary_file();
    struct record_writer *w = record_writer_new(fd, &options, NULL);
    struct record_reader *r;
    struct record_item item;

    (void)state;
    x->response = (struct http_message){.flags = HTTP_GAP};
    x->informational = (struct str){0};
    x->response_first_ns = x->response_last_ns = 0;
    assert_int_equal(record_put_exchange(w, x, NULL), 0);
    record_writer_close(w, NULL);
    lseek(fd, 0, SEEK_SET);
    r = record_reader_new(fd, "t", false, NULL);
    assert_int_equal(record_next(r, &item, NULL), RECORD_EXCHANGE);
    assert_same_exchange(item.exchange, x);
    exchange_free(item.exchange);
    exchange_free(x);
    record_reader_free(r);
    close(fd);
}

static void joined_files_go_on_counting(void **state)
{
    struct record_options other = options;
    int fd = temporary_file();
    struct seen s;

    (void)state;
    other.capture_id[0] = 'X';
    write_section(fd, &options, 5, 2, true);
    write_section(fd, &other, 4, 2, true);
    s = read_all(fd, false, false);
    assert_int_equal(s.end, RECORD_END);
    assert_int_equal(s.exchanges, 9);
    assert_int_equal(s.last_ordinal, 9);
    assert_int_equal(s.stats, 2);
    close(fd);
}

static void parts_of_one_capture_keep_their_numbers(void **state)
{
    int fd = temporary_file();
    struct seen s;

    (void)state;
    write_section(fd, &options, 5, 2, true);
    write_section(fd, &options, 4, 2, true);
    s = read_all(fd, false, false);
    assert_int_equal(s.exchanges, 9);
    assert_int_equal(s.last_ordinal, 4);
    close(fd);
}

/* Cut at every byte: what comes before the cut is read, the rest is told. */
static void a_torn_tail_is_told_and_costs_only_itself(void **state)
{
    int fd = temporary_file();
    off_t size;
    unsigned most = 0;

    (void)state;
    write_section(fd, &options, 6, 2, true);
    size = lseek(fd, 0, SEEK_END);
    for (off_t cut = size - 1; cut >= SECTION_HEADER; cut -= 13) {
        struct seen s;

        assert_int_equal(ftruncate(fd, cut), 0);
        s = read_all(fd, false, true);
        assert_int_equal(s.end, -1);
        assert_int_equal(s.e.kind, ERR_DAMAGED);
        assert_non_null(strstr(s.e.text, "were left"));
        assert_int_equal(s.exchanges % 2, 0);
        if (s.exchanges > most)
            most = s.exchanges;
    }
    assert_int_equal(most, 6);
    close(fd);
}

static void a_writer_that_was_killed_between_blocks_is_noticed(void **state)
{
    int fd = temporary_file();
    struct seen s;

    (void)state;
    write_section(fd, &options, 4, 2, false);
    s = read_all(fd, false, true);
    assert_int_equal(s.exchanges, 4);
    assert_int_equal(s.end, -1);
    assert_int_equal(s.e.kind, ERR_DAMAGED);
    assert_non_null(strstr(s.e.text, "without its summary"));
    close(fd);
}

/* Flip one bit anywhere: never a wrong exchange, and recovery finds the rest. */
static void a_killed_writer_is_noticed_in_front_of_another_section(void **state)
{
    int fd = temporary_file();
    struct seen s;

    (void)state;
    write_section(fd, &options, 3, 1, false);
    write_section(fd, &options, 2, 1, true);
    s = read_all(fd, false, false);
    assert_int_equal(s.exchanges, 5);
    assert_int_equal(s.end, -1);
    assert_int_equal(s.e.kind, ERR_DAMAGED);
    assert_non_null(strstr(s.e.text, "of what was joined 1 ends without summary"));
    s = read_all(fd, true, false);
    assert_int_equal(s.exchanges, 5);
    assert_int_equal(s.end, RECORD_END);
    close(fd);
}

static void a_flipped_bit_is_noticed_and_jumped_over(void **state)
{
    int fd = temporary_file();
    off_t size;

    (void)state;
    write_section(fd, &options, 8, 1, true);
    size = lseek(fd, 0, SEEK_END);
    for (off_t at = SECTION_HEADER; at < size; at += 11) {
        unsigned char byte;
        struct seen s;

        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        s = read_all(fd, false, true);
        assert_int_equal(s.end, -1);
        assert_int_equal(s.e.kind, ERR_DAMAGED);
        s = read_all(fd, true, true);
        assert_int_equal(s.end, RECORD_END);
        assert_true(s.exchanges >= 7);
        assert_true(s.skipped > 0);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
}

static void lengths_that_lie_cost_no_memory(void **state)
{
    int fd = temporary_file();
    uint8_t header[BLOCK_HEADER], section[SECTION_HEADER];
    struct record_options o = options;
    struct block_header b = {.type = BLOCK_RECORDS, .stored = BLOCK_MAX, .raw = BLOCK_MAX};
    struct seen s;

    (void)state;
    memset(o.sync, 7, sizeof o.sync);
    section_encode(section, &o);
    block_encode(header, &b, o.sync);
    assert_int_equal(write(fd, section, sizeof section), sizeof section);
    assert_int_equal(write(fd, header, sizeof header), sizeof header);
    s = read_all(fd, false, false);
    assert_int_equal(s.end, -1);
    assert_int_equal(s.e.kind, ERR_DAMAGED);
    close(fd);
}

static void other_files_are_refused_by_name(void **state)
{
    int fd = temporary_file();
    struct seen s;

    (void)state;
    s = read_all(fd, false, false);
    assert_string_equal(s.e.text, "test.mrec: is empty");
    assert_int_equal(write(fd, "GET / HTTP/1.1\r\n", 16), 16);
    s = read_all(fd, false, false);
    assert_int_equal(s.e.kind, ERR_INPUT);
    assert_string_equal(
        s.e.text,
        "test.mrec: not a record or result file of mirrorctl (capture -r makes one of packets)");
    close(fd);
}

static void a_newer_major_version_is_refused(void **state)
{
    int fd = temporary_file();
    uint8_t section[SECTION_HEADER];
    struct seen s;

    (void)state;
    section_encode(section, &options);
    section[9] = RECORD_MAJOR + 1;
    put_u64(section + 56, record_hash(section, 56));
    assert_int_equal(write(fd, section, sizeof section), sizeof section);
    s = read_all(fd, false, false);
    assert_int_equal(s.e.kind, ERR_INPUT);
    assert_non_null(strstr(s.e.text, "format 2.0"));
    close(fd);
}

/* Old readers skip what they do not know: fields, records and blocks. */
/* Its checksums are right, so its writer was wrong. */
static void a_record_that_is_malformed_is_told_by_its_block(void **state)
{
    static const char bytes[] = "\x05\0\0\0\x02\0xyz"; /* a REQUEST, and half a field */
    int fd = temporary_file();
    uint8_t header[BLOCK_HEADER], section[SECTION_HEADER];
    struct record_options o = options;
    struct block_header h = {.type = BLOCK_RECORDS, .stored = 9, .raw = 9};
    struct seen s;

    (void)state;
    memset(o.sync, 7, sizeof o.sync);
    section_encode(section, &o);
    h.payload_hash = record_hash(bytes, h.stored);
    block_encode(header, &h, o.sync);
    assert_int_equal(write(fd, section, sizeof section), sizeof section);
    assert_int_equal(write(fd, header, sizeof header), sizeof header);
    assert_int_equal(write(fd, bytes, h.stored), h.stored);
    s = read_all(fd, false, false);
    assert_int_equal(s.e.kind, ERR_DAMAGED);
    assert_string_equal(s.e.text, "test.mrec: a record in block 1 is malformed (mirrorctl show "
                                  "--recover looks for more)");
    s = read_all(fd, true, false);
    assert_int_equal(s.end, RECORD_END);
    assert_int_equal(s.skipped, sizeof bytes - 1);
    close(fd);
}

static void unknown_fields_records_and_blocks_are_skipped(void **state)
{
    int fd = temporary_file();
    struct buf b, block;
    uint8_t header[BLOCK_HEADER], section[SECTION_HEADER], number[8];
    struct record_options o = options;
    struct block_header h = {.type = 99};
    struct seen s;

    (void)state;
    buf_init(&b, 1000);
    buf_init(&block, 1000);
    memset(o.sync, 7, sizeof o.sync);
    section_encode(section, &o);
    /* A record of type 999, then a REQUEST with a field 999 and an ordinal. */
    buf_append(&b, "\x05\0\0\0\xe7\x03xyz", 9, NULL);
    put_u64(number, 3);
    buf_append(&b, "\x19\0\0\0\x02\0\xe7\x03\x03\0\0\0abc\x02\0\x08\0\0\0", 21, NULL);
    buf_append(&b, number, 8, NULL);
    assert_int_equal(write(fd, section, sizeof section), sizeof section);
    h.stored = h.raw = (uint32_t)b.len;
    h.payload_hash = record_hash(b.data, b.len);
    block_encode(header, &h, o.sync);
    assert_int_equal(write(fd, header, sizeof header), sizeof header);
    assert_int_equal(write(fd, b.data, b.len), b.len);
    h.type = BLOCK_RECORDS;
    block_encode(header, &h, o.sync);
    assert_int_equal(write(fd, header, sizeof header), sizeof header);
    assert_int_equal(write(fd, b.data, b.len), b.len);
    s = read_all(fd, false, false);
    assert_int_equal(s.exchanges, 1);
    assert_int_equal(s.last_ordinal, 3);
    buf_release(&b);
    buf_release(&block);
    close(fd);
}

static void a_full_disk_is_told_and_stays_told(void **state)
{
    int pipe_ends[2];
    struct record_writer *w;
    struct err e = {0};

    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    w = record_writer_new(pipe_ends[1], &options, NULL);
    close(pipe_ends[1]);
    assert_int_equal(record_put_meta(w, STR("{}"), &e), 0);
    assert_int_equal(record_flush(w, &e), -1);
    assert_int_equal(e.kind, ERR_IO);
    e = (struct err){0};
    assert_int_equal(record_put_meta(w, STR("{}"), &e), -1);
    assert_int_equal(e.kind, ERR_IO);
    assert_int_equal(record_writer_close(w, &e), -1);
    close(pipe_ends[0]);
}

/* Put exchanges until the file may not grow any more. */
static unsigned fill(struct record_writer *w, rlim_t size, struct err *e)
{
    struct rlimit before, limit;
    unsigned n = 0;
    int rc = 0;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){size, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    while (rc == 0) {
        struct exchange *x = example(n + 1, n ? (n + 1) * 10 : FIRST_BODY);

        n++;
        rc = record_put_exchange(w, x, e);
        exchange_free(x);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    return n;
}

static void a_full_disk_leaves_whole_blocks_and_room_for_the_end(void **state)
{
    struct record_writer *w;
    struct err e = {0};
    struct stat st;
    int fd = temporary_file();
    unsigned n;
    struct seen s;

    (void)state;
    w = record_writer_new(fd, &options, NULL);
    assert_int_equal(record_put_meta(w, STR("{\"m\":1}"), NULL), 0);
    n = fill(w, 1000000, &e); /* inside the fourth block */
    assert_int_equal(e.kind, ERR_IO);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(st.st_size > 700000 && st.st_size < 1000000);
    s = read_all(fd, false, true); /* as a crash would leave it now */
    assert_int_equal(s.exchanges + record_unwritten(w), n);
    assert_true(s.exchanges > 0 && record_unwritten(w) > 0);

    assert_int_equal(record_flush(w, &e), -1); /* stays told */
    assert_int_equal(record_resume(w, &e), 0);
    assert_int_equal(lseek(fd, 0, SEEK_END), st.st_size);
    assert_int_equal(record_put_stats(w, STR("{\"s\":2}"), &e), 0);
    assert_int_equal(record_unwritten(w), n - s.exchanges);
    assert_int_equal(record_writer_close(w, &e), 0);
    s = read_all(fd, false, true);
    assert_int_equal(s.end, RECORD_END);
    assert_int_equal(s.stats, 1);
    close(fd);
}

static void what_a_pipe_swallowed_cannot_be_taken_back(void **state)
{
    int ends[2];
    struct record_writer *w;
    struct exchange *x;
    struct err e = {0};

    (void)state;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    w = record_writer_new(ends[1], &options, NULL);
    assert_int_equal(record_put_meta(w, STR("{}"), &e), 0);
    x = example(1, 1 << 20); /* more than a pipe holds */
    assert_int_equal(record_put_exchange(w, x, &e), -1);
    assert_int_equal(e.kind, ERR_IO);
    e = (struct err){0};
    assert_int_equal(record_resume(w, &e), -1);
    assert_int_equal(e.kind, ERR_IO);
    assert_int_equal(record_put_stats(w, STR("{}"), NULL), -1);
    assert_int_equal(record_writer_close(w, NULL), -1);
    exchange_free(x);
    close(ends[0]);
    close(ends[1]);
}

static void an_exchange_takes_no_more_than_its_bound(void **state)
{
    static const size_t bodies[] = {0, 1, 700, 5000, 300000};
    int fd = temporary_file();
    struct record_writer *w = record_writer_new(fd, &options, NULL);

    (void)state;
    assert_int_equal(record_put_meta(w, STR("{}"), NULL), 0);
    for (unsigned i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct exchange *x = example(UINT64_MAX - i, bodies[i]);
        uint64_t before = record_bytes(w);

        x->tunnel = true;
        x->tunnel_bytes = UINT64_MAX;
        x->redacted = STR("authorization");
        x->index = 7;
        x->response.trailers = STR("C: d\r\n");
        assert_int_equal(record_put_exchange(w, x, NULL), 0);
        assert_true(record_bytes(w) - before <= record_exchange_bound(x));
        assert_true(record_exchange_bound(x) - (record_bytes(w) - before) < 512);
        exchange_free(x);
    }
    assert_int_equal(record_flush(w, NULL), 0);
    assert_int_equal(record_bytes(w), lseek(fd, 0, SEEK_END));
    record_writer_close(w, NULL);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_same_exchanges_give_the_same_bytes),
        cmocka_unit_test(large_bodies_have_a_block_of_their_own),
        cmocka_unit_test(pairs_carry_every_call),
        cmocka_unit_test(why_there_is_no_answer_is_kept),
        cmocka_unit_test(joined_files_go_on_counting),
        cmocka_unit_test(parts_of_one_capture_keep_their_numbers),
        cmocka_unit_test(a_torn_tail_is_told_and_costs_only_itself),
        cmocka_unit_test(a_writer_that_was_killed_between_blocks_is_noticed),
        cmocka_unit_test(a_killed_writer_is_noticed_in_front_of_another_section),
        cmocka_unit_test(a_flipped_bit_is_noticed_and_jumped_over),
        cmocka_unit_test(lengths_that_lie_cost_no_memory),
        cmocka_unit_test(other_files_are_refused_by_name),
        cmocka_unit_test(a_newer_major_version_is_refused),
        cmocka_unit_test(a_record_that_is_malformed_is_told_by_its_block),
        cmocka_unit_test(unknown_fields_records_and_blocks_are_skipped),
        cmocka_unit_test(a_full_disk_is_told_and_stays_told),
        cmocka_unit_test(a_full_disk_leaves_whole_blocks_and_room_for_the_end),
        cmocka_unit_test(what_a_pipe_swallowed_cannot_be_taken_back),
        cmocka_unit_test(an_exchange_takes_no_more_than_its_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
