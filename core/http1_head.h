/* http1_head.h -- what the head of a message says of its framing.
 *
 * For http1.c, whose fields it fills in.
 */
#ifndef MIRRORCTL_CORE_HTTP1_HEAD_H
#define MIRRORCTL_CORE_HTTP1_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/http1.h"

/* Learn from the head at the beginning of `in` all that framing needs, and the
 * fields that are wanted, and show it. False when its end has not come, or when these
 * bytes do not begin with a start line; then what was learnt means nothing. */
bool http1_scan_head(struct http1 *f, struct str in, struct str *head);

/* What is odd about a whole field line, or only about how a physical line ends; both
 * are given with their LF. */
uint32_t http1_field_flags(struct str line);
uint32_t http1_ending_flags(struct str line);

/* True for a line, given with its LF, that ends a head or trailers. */
bool http1_is_empty_line(struct str line);

#endif
