/* time_text.h -- moments as answers write them. */
#ifndef MIRRORCTL_DIFF_TIME_TEXT_H
#define MIRRORCTL_DIFF_TIME_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/str.h"

/* Read a date, or a date and time, of ISO 8601 (2026-11-22T10:11:12.5+01:00, without
 * zone it is taken for UTC), the date of HTTP (Sun, 06 Nov 1994 08:49:37 GMT), or a
 * number since 1970 whose digits tell its unit: 9 to 11 are seconds, 12 to 14
 * milliseconds, 15 to 17 microseconds, 18 and 19 nanoseconds. */
bool time_text_read(struct str text, int64_t *ns);

/* Read a span: "5s", "100ms", "2m", "1h", "1d". False when it is none. */
bool time_text_span(struct str text, int64_t *ns);

#endif
