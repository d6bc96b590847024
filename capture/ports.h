/* ports.h -- counting by port, with a ceiling. */
#ifndef MIRRORCTL_CAPTURE_PORTS_H
#define MIRRORCTL_CAPTURE_PORTS_H

#include "capture/capture.h"

/* Count one more of that kind at a port. Beyond CAPTURE_MAX_COUNTED ports it
 * counts under `rest`. */
void ports_add(struct capture_ports *p, uint16_t port, enum capture_spoken kind);

#endif
