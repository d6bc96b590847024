#include "replay/plan_kinds.h"

void plan_mirror_kind(const struct plan_object *o)
{
    (void)o;
}

void plan_native_rules(struct plan_reader *r)
{
    (void)r;
}
