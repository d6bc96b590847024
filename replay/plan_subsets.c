#include "replay/plan_kinds.h"

void plan_destination_rule(const struct plan_object *o)
{
    (void)o;
}
