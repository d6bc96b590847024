/* Any text as a path of a rule: never a crash; what is wrong is somewhere in it;
 * what is read is written so that it reads back as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "diff/rule_path.h"

enum { LONG = 80 }; /* names beyond it are cut in reports */

static void must(bool fact)
{
    if (!fact)
        abort();
}

static bool read_path(struct rule_path *p, struct str text, struct arena *mem)
{
    struct rule_path_fault fault = {0, NULL};
    struct err e = {0};
    struct buf shown;

    if (rule_path_read(p, text, mem, &fault, &e) == 0)
        return true;
    must(fault.what && fault.offset <= text.len);
    buf_init(&shown, 1 << 20);
    must(rule_path_point(text, fault.offset, &shown, &e) == 0);
    must(shown.data[shown.len - 1] == '^' && memchr(shown.data, '\n', shown.len));
    buf_release(&shown);
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_from((const char *)data, size);
    struct rule_path p, again;
    struct arena mem;
    struct buf one, two;

    arena_init(&mem, 1 << 20);
    buf_init(&one, 1 << 20);
    buf_init(&two, 1 << 20);
    if (read_path(&p, text, &mem)) {
        must(p.n <= RULE_PATH_STEPS && (!p.header || p.n == 0));
        must(rule_path_write(&p, &one, NULL) == 0);
        if (size <= LONG) {
            must(read_path(&again, buf_str(&one), &mem));
            must(rule_path_write(&again, &two, NULL) == 0);
            must(str_eq(buf_str(&one), buf_str(&two)) && again.n == p.n);
        }
    }
    buf_release(&one);
    buf_release(&two);
    arena_release(&mem);
    return 0;
}
