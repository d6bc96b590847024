/* make_equal -- the result of a v2 that answers as v1 does, byte by byte.
 *
 *     make_equal PAIRS BYTES RESULT V1 V2
 *
 * RESULT is the result file, without a control; V1 and V2 get what each answered, one
 * body after the other, for whoever compares them without knowing what they are. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/record.h"
#include "tests/support/pairs.h"

static void must(bool fact, const char *what)
{
    if (fact)
        return;
    fprintf(stderr, "make_equal: %s\n", what);
    exit(1);
}

/* No two bodies alike, nor any two parts of one (Marsaglia's xorshift64). */
static void fill(char *body, size_t n, uint64_t *state)
{
    for (size_t i = 0; i + sizeof *state <= n; i += sizeof *state) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        memcpy(body + i, state, sizeof *state);
    }
}

static void put(struct record_writer *w, uint64_t ordinal, struct str body)
{
    const char *fields = "Content-Type: application/octet-stream\r\n";
    struct err e = {0};
    struct pair *p = pair_request(ordinal, "GET /blob", &e);

    must(p && pair_answer(p, 0, 200, fields, body, 1000, &e) == 0 &&
             pair_answer(p, 1, 200, fields, body, 1000, &e) == 0 && record_put_pair(w, p, &e) == 0,
         e.text);
    pair_free(p);
}

int main(int argc, char **argv)
{
    struct record_options o = {.kind = RECORD_PAIRS, .capture_id = {1}, .created_ns = 1};
    uint64_t pairs, state = 1;
    struct record_writer *w;
    struct err e = {0};
    FILE *v1, *v2;
    size_t size;
    char *body;
    int fd;

    must(argc == 6, "usage: make_equal PAIRS BYTES RESULT V1 V2");
    pairs = strtoull(argv[1], NULL, 10);
    size = strtoul(argv[2], NULL, 10);
    fd = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    v1 = fopen(argv[4], "w");
    v2 = fopen(argv[5], "w");
    body = calloc(1, size + 1);
    must(fd >= 0 && v1 && v2 && body, "cannot write there");
    w = record_writer_new(fd, &o, &e);
    must(w && record_put_meta(w,
                              STR("{\"targets\":{\"v1\":\"http://one.test\",\"v2\":"
                                  "\"http://two.test\"},\"control\":\"none\","
                                  "\"names\":[\"v1\",\"v2\"]}"),
                              &e) == 0,
         e.text);
    for (uint64_t i = 1; i <= pairs; i++) {
        fill(body, size, &state);
        put(w, i, str_from(body, size));
        must(fwrite(body, 1, size, v1) == size && fwrite(body, 1, size, v2) == size, "disk full");
    }
    must(record_put_stats(w, STR("{\"accounting\":{}}"), &e) == 0 &&
             record_writer_close(w, &e) == 0 && fclose(v1) == 0 && fclose(v2) == 0,
         "cannot end the files");
    return 0;
}
