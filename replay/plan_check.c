#include "replay/plan_kinds.h"

void plan_check(struct plan_reader *r)
{
    (void)r;
}
