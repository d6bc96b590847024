#include "replay/regex.h"

struct regex *regex_new(struct str source, enum regex_fault *fault, size_t *offset, struct err *e)
{
    (void)source;
    *fault = REGEX_UNSUPPORTED;
    *offset = 0;
    err_set(e, ERR_INPUT, "regular expressions are not supported yet");
    return NULL;
}

void regex_free(struct regex *r)
{
    (void)r;
}
