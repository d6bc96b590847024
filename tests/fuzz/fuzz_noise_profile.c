/* Any text as a noise profile: read, or refused with a reason; and what is read says
 * of nothing that it differed more often than it was looked at. Two are added up. */
#include <stdint.h>
#include <stdlib.h>

#include "diff/noise_profile.h"

static void must(bool fact)
{
    if (!fact)
        abort();
}

static void ask(const struct noise_profile *p)
{
    static const char *const paths[] = {"", "$.id", "date", "$.items[].price"};
    struct endpoint_name name = {.method = STR("POST"), .path = STR("/orders")};

    for (int where = 0; where < WHERE_COUNT; where++) {
        for (int kind = 0; kind <= KIND_COUNT; kind++) {
            for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
                struct noise_rate rate = noise_profile_rate(p, &name, (enum diff_where)where,
                                                            (enum diff_kind)kind, str_of(paths[i]));

                must(rate.noise <= rate.of);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_from((const char *)data, size);
    struct noise_profile *p = noise_profile_new(NULL);
    struct err e = {0};

    must(p);
    for (int i = 0; i < 2; i++) {
        bool read = noise_profile_read(p, text, "profile", &e) == 0;

        must(read || (e.kind != ERR_NONE && e.text[0]));
        ask(p);
    }
    noise_profile_free(p);
    return 0;
}
