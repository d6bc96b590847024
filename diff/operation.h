/* operation.h -- what is asked for where many things are asked for at one URL. */
#ifndef MIRRORCTL_DIFF_OPERATION_H
#define MIRRORCTL_DIFF_OPERATION_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

enum { OPERATION_MAX = 120 };

/* Append "#name" for a request of GraphQL (its operationName, else a hash of the
 * query), of JSON-RPC (its method) or of SOAP (its SOAPAction), nothing for others.
 * Batches have the names of their parts. `mem` is for scratch. Returns 0 or -1. */
int operation_name(struct str head, struct str body, struct arena *mem, struct buf *out,
                   struct err *e);

#endif
