#include "replay/plan_kinds.h"

void plan_service(const struct plan_object *o)
{
    (void)o;
}

void plan_endpoints_kind(const struct plan_object *o)
{
    (void)o;
}

void plan_endpoint_slice(const struct plan_object *o)
{
    (void)o;
}

void plan_pod(const struct plan_object *o)
{
    (void)o;
}

void plan_deployment(const struct plan_object *o)
{
    (void)o;
}
