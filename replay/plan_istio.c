#include "replay/plan_kinds.h"

void plan_virtual_service(const struct plan_object *o)
{
    (void)o;
}

void plan_istio_gateway(const struct plan_object *o)
{
    (void)o;
}

void plan_istio_rules(struct plan_reader *r)
{
    (void)r;
}
