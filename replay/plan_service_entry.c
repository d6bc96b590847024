#include "replay/plan_kinds.h"

void plan_service_entry(const struct plan_object *o)
{
    (void)o;
}

void plan_workload_entry(const struct plan_object *o)
{
    (void)o;
}
