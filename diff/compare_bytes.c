/* Bodies that nobody can read: the first byte that differs, and the lengths. */
#include <stdio.h>

#include "diff/compare.h"

enum { SHOWN = 16 };

static bool accepts(const struct body *v1, const struct body *v2)
{
    (void)v1;
    (void)v2;
    return true;
}

static size_t first_difference(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len, i = 0;

    if (!a.data || !b.data)
        return 0;
    while (n - i >= 4096 && memcmp(a.data + i, b.data + i, 4096) == 0)
        i += 4096;
    while (i < n && a.data[i] == b.data[i])
        i++;
    return i;
}

/* "offset 17: 89 50 4e 47 (1234 bytes)" */
static struct str describe(char text[128], struct str body, size_t offset)
{
    struct str rest = str_head(str_skip(body, offset), SHOWN);
    size_t n = (size_t)snprintf(text, 128, "offset %zu:", offset);

    for (size_t i = 0; rest.data && i < rest.len; i++)
        n += (size_t)snprintf(text + n, 128 - n, " %02x", (unsigned char)rest.data[i]);
    if (rest.len == 0)
        n += (size_t)snprintf(text + n, 128 - n, " ends");
    n += (size_t)snprintf(text + n, 128 - n, " (%zu bytes)", body.len);
    return str_from(text, n);
}

static int compare(struct body *v1, struct body *v2, struct diffs *out, struct err *e)
{
    size_t offset = first_difference(v1->bytes, v2->bytes);
    bool length = offset == v1->bytes.len || offset == v2->bytes.len;
    char text1[128], text2[128];

    return diffs_add(out, WHERE_BODY, length ? KIND_LENGTH : KIND_VALUE, COMPARE_ROOT, false,
                     describe(text1, v1->bytes, offset), describe(text2, v2->bytes, offset), e);
}

const struct comparer compare_bytes = {"bytes", accepts, compare};
