/* explain.h -- what a capture saw that is not in its record, for people. */
#ifndef MIRRORCTL_CLI_EXPLAIN_H
#define MIRRORCTL_CLI_EXPLAIN_H

#include "capture/capture.h"
#include "core/buf.h"

/* Append why there are no exchanges, and what would help: "41 connections to
 * port 443 were TLS: capture behind the terminator". */
void explain_nothing(const struct capture_stats *s, struct buf *out);

/* Append what else connections carried, most frequent first; nothing where all
 * of them were HTTP/1: "12 connections to port 443 were TLS, 3 to port 50051
 * HTTP/2". */
void explain_others(const struct capture_stats *s, struct buf *out);

#endif
