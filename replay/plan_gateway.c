#include "replay/plan_kinds.h"

void plan_http_route(const struct plan_object *o)
{
    (void)o;
}

void plan_gateway_rules(struct plan_reader *r)
{
    (void)r;
}
