/* source_interface.h -- an interface, opened and filtered for capturing.
 *
 * Hands over each packet once, also of lo, where the kernel shows it twice, and
 * keeps an account of them that adds up to the packet: what the filter let
 * through since the interface was opened is what was handed over plus what was
 * dropped, as soon as all was read.
 */
#ifndef MIRRORCTL_CAPTURE_SOURCE_INTERFACE_H
#define MIRRORCTL_CAPTURE_SOURCE_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/capture.h"
#include "capture/source.h"

/* How late a packet may be handed over. */
enum { INTERFACE_LATE_MS = 100 };

struct interface;

/* Open config->interface. NULL with *e set. */
struct interface *interface_open(const struct capture_config *config, struct err *e);
void interface_close(struct interface *i);

/* Give the packets that are there to the handler, whose answer is not asked
 * for, waiting up to `ms` for the first. Returns how many were there, or -1 with
 * *e set: the interface went down or away. What came before can then still be
 * read. */
int interface_read(struct interface *i, int ms, const struct packet_handler *handler,
                   struct err *e);

/* Let no more packets in. */
void interface_shut(struct interface *i);

/* True if all that was let in has been read; false also where the kernel's
 * numbers do not tell. */
bool interface_is_drained(struct interface *i);

/* Bring the counters up to date; at least once an hour, since they wrap. */
void interface_count(struct interface *i, struct source_counts *counts);

#endif
