#include "capture/filter.h"

bool filter_is_own_copy(const struct exchange *x)
{
    struct str value;

    return http_find_field(x->request.head, STR("X-Mirrorctl"), &value);
}
