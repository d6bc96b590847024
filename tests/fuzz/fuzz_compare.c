/* Two answers from anywhere: never a crash; an answer does not differ from
 * itself; if a differs from b then b differs from a, in as many places.
 *
 * The input is two answers, parted by a line "=====": header lines, an empty
 * line, content. */
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "diff/compare.h"

static void must(bool fact)
{
    if (!fact)
        abort();
}

/* Where `needle` begins in `s`, or s.len. */
static size_t find(struct str s, const char *needle)
{
    const char *at = s.len ? memmem(s.data, s.len, needle, strlen(needle)) : NULL;

    return at ? (size_t)(at - s.data) : s.len;
}

static struct http_message message(struct str text, struct buf *head)
{
    size_t end = find(text, "\n\n");
    struct http_message m = {.body = str_skip(text, end + 2), .complete = true};

    buf_add(head, STR("HTTP/1.1 200 OK\r\n"), NULL);
    buf_add(head, str_head(text, end), NULL);
    buf_add(head, STR("\r\n\r\n"), NULL);
    m.head = buf_str(head);
    m.body_size = m.body.len;
    return m;
}

static void compare(struct body bodies[2], const struct http_message *a,
                    const struct http_message *b, struct diffs *out)
{
    struct err e = {0};

    diffs_reset(out);
    must(body_set(&bodies[0], a, &e) == 0 && body_set(&bodies[1], b, &e) == 0);
    must(compare_headers(a->head, b->head, out, &e) == 0);
    must(compare_bodies(&bodies[0], &bodies[1], out, &e) == 0);
    must(out->count <= DIFFS_MAX && out->failing <= out->count);
    for (size_t i = 0; i < out->count; i++) {
        must(out->items[i].path.len < 1024 && out->items[i].elements > 0);
        must(out->items[i].v1.len < 2048 && out->items[i].v2.len < 2048);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_from((const char *)data, size);
    size_t cut = find(text, "\n=====\n");
    struct body bodies[2];
    struct diffs ab, ba;
    struct buf head1, head2;
    struct http_message a, b;

    buf_init(&head1, 1 << 20);
    buf_init(&head2, 1 << 20);
    a = message(str_head(text, cut), &head1);
    b = message(str_skip(text, cut + 7), &head2);
    body_init(&bodies[0]);
    body_init(&bodies[1]);
    must(diffs_init(&ab, true, NULL) == 0 && diffs_init(&ba, false, NULL) == 0);
    compare(bodies, &a, &a, &ab);
    must(ab.count == 0);
    compare(bodies, &a, &b, &ab);
    compare(bodies, &b, &a, &ba);
    must((ab.count == 0) == (ba.count == 0));
    must((ab.failing == 0) == (ba.failing == 0));
    diffs_release(&ab);
    diffs_release(&ba);
    body_release(&bodies[0]);
    body_release(&bodies[1]);
    buf_release(&head1);
    buf_release(&head2);
    return 0;
}
