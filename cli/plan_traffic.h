/* plan_traffic.h -- how many requests of a record each rule of a plan takes, and how many
 * of them its mirrors would get: a replay that sends nothing. */
#ifndef MIRRORCTL_CLI_PLAN_TRAFFIC_H
#define MIRRORCTL_CLI_PLAN_TRAFFIC_H

#include <stdbool.h>

#include "cli/config.h"
#include "core/buf.h"
#include "core/err.h"

/* Append it as a table, or as JSON with the schema mirrorctl.traffic/1, and say on standard
 * error what replay says. Destinations need no address for that. Returns 0, or -1 with *e
 * set; with ERR_DAMAGED what was read before is counted and appended. */
int plan_traffic(struct config *c, const char *path, bool json, struct buf *out, struct err *e);

#endif
