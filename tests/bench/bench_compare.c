/* How fast two JSON bodies are compared: pairs/s, MB/s of both bodies, and the
 * time as a ratio to what cJSON takes only to parse the same two bodies.
 *
 * The bodies are lists of movies of about 9 kB. Four cases: the same bytes; the
 * same values in another layout; the same values in another order of members;
 * one field renamed in every movie. Then whole pairs through the stage. With an
 * argument it only writes the bodies, to files whose names begin with it. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "diff/compare.h"
#include "diff/diff.h"
#include "tests/support/pairs.h"

enum { MOVIES = 36, BODY = 32 * 1024, PAIRS = 20000 };

struct layout {
    const char *name, *format;
};

/* The order of the arguments is id, title, year, rating, votes. */
static const struct layout layouts[] = {
    {"same bytes", "{\"id\":%1$d,\"title\":\"Movie number %1$d of the list\",\"year\":%2$d,"
                   "\"rating\":%3$d.%4$d0,\"votes\":90071992547409%4$d,\"genres\":[\"Drama\","
                   "\"Science Fiction\"],\"cast\":[{\"name\":\"Somebody\",\"role\":\"lead\"},"
                   "{\"name\":\"Nobody\",\"role\":null}],\"open\":true}"},
    {"other layout",
     "{ \"id\": %1$d, \"title\": \"Movie number %1$d of the list\", \"year\": %2$d,"
     " \"rating\": %3$d.%4$d0, \"votes\": 90071992547409%4$d, \"genres\": "
     "[\"Drama\", \"Science Fiction\"], \"cast\": [{\"name\": \"Somebody\", "
     "\"role\": \"lead\"}, {\"name\": \"Nobody\", \"role\": null}], \"open\": true }"},
    {"other order",
     "{\"open\":true,\"year\":%2$d,\"title\":\"Movie number %1$d of the list\","
     "\"id\":%1$d,\"votes\":90071992547409%4$d,\"rating\":%3$d.%4$d0,\"cast\":["
     "{\"role\":\"lead\",\"name\":\"Somebody\"},{\"role\":null,\"name\":\"Nobody\"}],"
     "\"genres\":[\"Drama\",\"Science Fiction\"]}"},
    {"field renamed", "{\"id\":%1$d,\"title\":\"Movie number %1$d of the list\",\"year\":%2$d,"
                      "\"score\":%3$d.%4$d0,\"votes\":90071992547409%4$d,\"genres\":[\"Drama\","
                      "\"Science Fiction\"],\"cast\":[{\"name\":\"Somebody\",\"role\":\"lead\"},"
                      "{\"name\":\"Nobody\",\"role\":null}],\"open\":true}"},
};

enum { LAYOUTS = sizeof layouts / sizeof *layouts };

static char bodies[LAYOUTS][BODY];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static struct str make_body(int layout)
{
    char *p = bodies[layout];
    size_t n = 0;

    p[n++] = '[';
    for (int i = 0; i < MOVIES; i++)
        n += (size_t)snprintf(p + n, BODY - n, layouts[layout].format, i, 1900 + i, i % 10, i % 7) +
             (i + 1 < MOVIES);
    for (size_t i = 0; i < n; i++) /* the NULs left between movies */
        p[i] = p[i] ? p[i] : ',';
    p[n++] = ']';
    return str_from(p, n);
}
#pragma GCC diagnostic pop

static double seconds(int64_t from)
{
    return (double)(clock_mono_ns() - from) / (double)NS_PER_SEC;
}

/* Processor time: what others do on the machine does not count. */
static int64_t now(void)
{
    return clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static double spent(int64_t from)
{
    return (double)(now() - from) / (double)NS_PER_SEC;
}

/* Seconds a pair. */
static double time_compare(struct str a, struct str b, int pairs)
{
    struct http_message m = {
        .head = STR("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"), .body = a};
    struct http_message n = m;
    struct body v1, v2;
    struct diffs out;
    int64_t start;

    n.body = b;
    body_init(&v1);
    body_init(&v2);
    if (diffs_init(&out, false, NULL) < 0)
        exit(1);
    start = now();
    for (int i = 0; i < pairs; i++) {
        diffs_reset(&out);
        if (body_set(&v1, &m, NULL) < 0 || body_set(&v2, &n, NULL) < 0 ||
            compare_bodies(&v1, &v2, &out, NULL) < 0)
            exit(1);
    }
    body_release(&v1);
    body_release(&v2);
    diffs_release(&out);
    return spent(start) / pairs;
}

static double time_cjson(struct str a, struct str b, int pairs)
{
    int64_t start = now();

    for (int i = 0; i < pairs; i++) {
        cJSON *x = cJSON_ParseWithLength(a.data, a.len), *y = cJSON_ParseWithLength(b.data, b.len);

        if (!x || !y)
            exit(1);
        cJSON_Delete(x);
        cJSON_Delete(y);
    }
    return spent(start) / pairs;
}

/* The median of five rounds, so that one disturbance does not show. */
static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void bench_bodies(int layout)
{
    struct str a = make_body(0), b = make_body(layout);
    int pairs = layout == 0 ? PAIRS * 50 : PAIRS / 4;
    double ours[5], theirs[5];

    for (int i = 0; i < 5; i++) {
        ours[i] = time_compare(a, b, pairs);
        theirs[i] = time_cjson(a, b, PAIRS / 8);
    }
    qsort(ours, 5, sizeof *ours, by_value);
    qsort(theirs, 5, sizeof *theirs, by_value);
    printf("%-16s %9.0f pairs/s %9.0f MB/s   %7.2f us/pair   %.3f of cJSON's parsing alone\n",
           layouts[layout].name, 1 / ours[2], (double)(a.len + b.len) / ours[2] / 1e6,
           ours[2] * 1e6, ours[2] / theirs[2]);
}

/* ---- whole pairs ---- */

static int which;

static struct pair *make(size_t i, struct err *e)
{
    struct pair *p = i < PAIRS ? pair_request(i + 1, "GET /movies", e) : NULL;
    const char *fields = "Content-Type: application/json\r\nServer: x\r\n";

    if (!p)
        return NULL;
    pair_answer(p, PAIR_V1, 200, fields, str_of(bodies[0]), 1000, e);
    pair_answer(p, PAIR_V2, 200, fields, str_of(bodies[which]), 1000, e);
    return p;
}

static double time_stage(unsigned threads)
{
    struct diff_config config = {.threads = threads};
    struct pair_script script = {.make = make};
    struct pair_source source = pair_script_source(&script);
    struct diff *d = diff_open(&config, NULL);
    int64_t start = clock_mono_ns();
    double took;

    if (!d || diff_run(d, &source, NULL) < 0)
        exit(1);
    took = seconds(start);
    diff_close(d);
    return took;
}

/* For peers in other languages: the bodies as files, BODY-0.json and so on. */
static int write_bodies(const char *prefix)
{
    char path[4096];

    for (int i = 0; i < LAYOUTS; i++) {
        struct str body = make_body(i);
        FILE *f;

        snprintf(path, sizeof path, "%s-%d.json", prefix, i);
        f = fopen(path, "w");
        if (!f || fwrite(body.data, 1, body.len, f) != body.len || fclose(f) != 0)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return write_bodies(argv[1]);
    for (int i = 0; i < LAYOUTS; i++)
        bench_bodies(i);
    for (which = 0; which < LAYOUTS; which += 3) {
        for (unsigned threads = 1; threads <= 2; threads++) {
            double took = time_stage(threads);

            printf("whole stage, %s, %u comparer%s: %.0f pairs/s (making the pairs included)\n",
                   layouts[which].name, threads, threads == 1 ? "" : "s", PAIRS / took);
        }
    }
    return 0;
}
