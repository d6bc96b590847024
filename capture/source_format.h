/* source_format.h -- the formats of capture files, as rows of a table.
 */
#ifndef MIRRORCTL_CAPTURE_SOURCE_FORMAT_H
#define MIRRORCTL_CAPTURE_SOURCE_FORMAT_H

#include <stdint.h>

#include "capture/capture.h"
#include "capture/source.h"
#include "capture/window.h"

/* A file that is read. */
struct capture_file {
    const struct capture_config *config;
    const char *name; /* for people */
    struct window in; /* at its beginning */
    uint64_t number;  /* of the packet read last; kept up by the format */
};

struct file_format {
    /* Does the file begin as one of these? Takes nothing from it. */
    bool (*accepts)(struct window *in);
    /* Look at the beginning and prepare config->filter. NULL with *e set. */
    void *(*open)(struct capture_file *file, struct err *e);
    /* Read up to `max` packets, and give the handler those the filter lets
     * through. Such a packet is valid until the next call. Returns 1 if more
     * may follow, 0 at the end, or -1 with *e set: ERR_DAMAGED if all before
     * was good. */
    int (*read)(void *self, int max, const struct packet_handler *handler, struct err *e);
    void (*close)(void *self);
};

extern const struct file_format format_pcapng;
extern const struct file_format format_classic;
extern const struct file_format format_pcap; /* and says what is none */

#endif
