/* value.h -- numbers as people write them on a command line.
 *
 * All of them are read exactly, without floating point, and as a whole: what
 * is left over makes the value wrong. False means that *v is unchanged.
 */
#ifndef MIRRORCTL_CLI_VALUE_H
#define MIRRORCTL_CLI_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/* A decimal number times 10^places: ("12.5", 4) gives 125000. More digits after
 * the point than that are wrong, not rounded. */
bool value_decimal(const char *text, unsigned places, uint64_t *v);

/* Bytes: 65536, 64k, 64KiB (times 1024), 64kB (times 1000), M and G likewise. */
bool value_size(const char *text, uint64_t *bytes);

/* A duration in ns: 20us, 500ms, 1.5s, 5m, 2h. */
bool value_time(const char *text, int64_t *ns);

#endif
