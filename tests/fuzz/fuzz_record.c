/* The container on hostile bytes, read plainly and with recovery. A file in
 * memory keeps it fast; what comes out must be whole and freed. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(int fd, bool recover)
{
    struct record_item item;
    struct err e = {0};
    struct record_reader *r;
    int got;

    lseek(fd, 0, SEEK_SET);
    r = record_reader_new(fd, "fuzz", recover, &e);
    while (r && (got = record_next(r, &item, &e)) > 0) {
        if (got == RECORD_EXCHANGE)
            exchange_free(item.exchange);
        if (got == RECORD_PAIR)
            pair_free(item.pair);
    }
    if (r && recover && record_skipped_bytes(r) > (uint64_t)lseek(fd, 0, SEEK_END) * 2)
        abort();
    record_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;

    if (fd < 0)
        fd = memfd_create("fuzz_record", 0);
    if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    read_all(fd, false);
    read_all(fd, true);
    return 0;
}
