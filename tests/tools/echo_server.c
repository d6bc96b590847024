/* A server that answers with the bytes that it received:
 *
 *     echo_server PROMISES [PORT]
 *
 * PROMISES holds the requests that may come, as tests/tools/check_echo writes
 * them. A request is over when what has come is one of them, so nothing has to
 * be believed about where odd ones end; the answer is 200. What cannot become
 * one of them is answered with 400, and with what has come. Either answer has
 * the xxh64 of the bytes in a line X-Received, for those to HEAD. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "tests/support/serve.h"

static struct str *promises; /* in order */
static size_t n_promises;

static int in_order(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool next_promise(FILE *in)
{
    uint64_t length;
    char *bytes;

    if (fread(&length, sizeof length, 1, in) != 1)
        return false;
    promises = realloc(promises, (n_promises + 1) * sizeof *promises);
    bytes = malloc(length + 1);
    if (!promises || !bytes || fread(bytes, 1, length, in) != length)
        abort();
    promises[n_promises++] = str_from(bytes, length);
    return true;
}

/* The first promise that is not below `s`. */
static size_t place_of(struct str s)
{
    size_t low = 0, high = n_promises;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (str_cmp(promises[middle], s) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void answer(struct guest *g, int status)
{
    struct str received = buf_str(&g->in);
    char head[256];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d X\r\nX-Received: %016" PRIx64 "\r\nContent-Length: %zu\r\n\r\n",
                     status, (uint64_t)XXH64(received.data, received.len, 0), received.len);

    guest_say(g, str_from(head, (size_t)n));
    if (!str_starts(received, STR("HEAD ")))
        guest_say(g, received);
    buf_reset(&g->in);
}

static void came(struct guest *g)
{
    struct str received = buf_str(&g->in);
    size_t place = place_of(received);

    if (g->ended || received.len == 0)
        return;
    if (place < n_promises && str_eq(promises[place], received))
        answer(g, 200);
    else if (place == n_promises || !str_starts(promises[place], received))
        answer(g, 400);
}

int main(int argc, char **argv)
{
    const struct serve s = {.came = came};
    FILE *in = argc > 1 ? fopen(argv[1], "rb") : NULL;

    if (!in) {
        fprintf(stderr, "usage: echo_server PROMISES [PORT]\n");
        return 2;
    }
    while (next_promise(in))
        continue;
    fclose(in);
    if (promises)
        qsort(promises, n_promises, sizeof *promises, in_order);
    return serve(argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0, &s);
}
