/* The first byte chooses the list of codings, the second the ceiling; the rest
 * is the body. Never a crash, never beyond the ceilings, and the ceiling makes
 * no difference where all fits. */
#include <stdint.h>
#include <stdlib.h>

#include "core/coding.h"

static const char *const lists[] = {
    "gzip", "deflate", "zstd", "deflate, gzip", "gzip, zstd, deflate", "gzip,gzip", "identity"};

static void must(bool fact)
{
    if (!fact)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str list, body;
    struct buf out, again;
    enum coding_result rc;
    struct err e = {0};

    if (size < 2)
        return 0;
    list = str_of(lists[data[0] % (sizeof lists / sizeof *lists)]);
    body = str_from((const char *)data + 2, size - 2);
    buf_init(&out, (size_t)data[1] << 16 | 64);
    rc = coding_decode(list, body, &out, &e);
    must(out.len <= out.max);
    must(out.len <= (1u << 20) || out.len <= body.len * 1000);
    must((rc == CODING_OK) == (e.kind == ERR_NONE));
    must(rc != CODING_NOMEM && rc != CODING_UNKNOWN);

    /* With room for just that much the same comes out again. Not so for lists:
     * a layer below may need more. */
    buf_init(&again, out.len);
    if (rc == CODING_OK && str_find(list, ',') == list.len) {
        must(coding_decode(list, body, &again, NULL) == CODING_OK);
        must(str_eq(buf_str(&out), buf_str(&again)));
    }
    buf_release(&again);
    buf_release(&out);
    return 0;
}
