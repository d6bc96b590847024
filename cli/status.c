#include "cli/status.h"

#include "cli/command.h"
#include "core/log.h"

int status_fail(const struct err *e)
{
    if (e->kind == ERR_PIPE) /* `| head` has seen enough */
        return EXIT_DONE;
    log_error("%s", e->text);
    return e->kind == ERR_USAGE || e->kind == ERR_INPUT ? EXIT_USAGE : EXIT_PARTLY;
}

int status_refuse(const struct err *e)
{
    log_error("%s", e->text);
    return e->kind == ERR_NOMEM ? EXIT_PARTLY : EXIT_USAGE;
}

int status_partly(const struct err *e)
{
    return status_worst(EXIT_PARTLY, status_fail(e));
}

int status_worst(int a, int b)
{
    return a > b ? a : b;
}
