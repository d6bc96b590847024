#include "replay/plan_kinds.h"

void plan_resolve(struct plan_reader *r)
{
    (void)r;
}
