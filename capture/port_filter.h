/* port_filter.h -- the packet filter made from --port.
 *
 * It runs in the kernel, on packets as they are, and lets through all in which
 * the decoder could find a segment of those ports, so that live and from a file
 * the same exchanges are found. What lies inside a tunnel the filter does not
 * know: tunnels pass whole, and the decoder throws away what is not asked for.
 */
#ifndef MIRRORCTL_CAPTURE_PORT_FILTER_H
#define MIRRORCTL_CAPTURE_PORT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

/* Append it, as pcap-filter(7) has it. `vlan`: the link type has tags of which
 * the outermost may have been taken out by the kernel, and the language knows.
 * Returns 0, or -1 with *e set. */
int port_filter(struct buf *out, const uint16_t *ports, size_t n, bool vlan, struct err *e);

#endif
