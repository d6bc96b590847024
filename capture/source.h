/* source.h -- where packets come from.
 *
 * A kind of source is a row of a table. The stage pulls: source_read() calls
 * the handler for the packets that are there. Packets are views that end when
 * the handler returns.
 */
#ifndef MIRRORCTL_CAPTURE_SOURCE_H
#define MIRRORCTL_CAPTURE_SOURCE_H

#include "capture/capture.h"
#include "capture/packet.h"

/* Takes a packet; returns false to be given no more by this call. */
struct packet_handler {
    bool (*take)(void *ctx, const struct packet *p);
    void *ctx;
};

struct source_counts {
    uint64_t kernel_received; /* let through by the filter, dropped ones included */
    uint64_t kernel_dropped, interface_dropped, queue_dropped;
    bool exact; /* what was received and not dropped is handed over in the end */
};

struct source_kind {
    const char *name;
    bool live; /* packets come when they come; packet time is wall time */
    bool (*accepts)(const struct capture_config *config);
    void *(*open)(const struct capture_config *config, struct err *e);
    int (*start)(void *self, struct err *e);
    int (*read)(void *self, const struct packet_handler *handler, struct err *e);
    void (*stop)(void *self);
    void (*end)(void *self);
    void (*counts)(void *self, struct source_counts *counts);
    const struct packet *(*first)(void *self);
    const char *(*current)(void *self);
    void (*close)(void *self);
};

struct source {
    const struct source_kind *kind;
    void *self;
};

/* Open what the configuration names. Returns 0, or -1 with *e set. */
int source_open(struct source *s, const struct capture_config *config, struct err *e);

/* Let packets come. Returns 0, or -1 with *e set. */
int source_start(struct source *s, struct err *e);

/* Give packets to the handler: some, or none if none came for a while.
 * Returns 1 if more may follow, 0 at the end, or -1 with *e set. */
int source_read(struct source *s, const struct packet_handler *handler, struct err *e);

/* Ask for an end; what has come is still given. Safe in a signal handler. */
void source_stop(struct source *s);

/* Give no more: what has come and was not given is only counted, and from then on
 * source_counts() stays as it is. */
void source_end(struct source *s);

void source_counts(struct source *s, struct source_counts *counts);

/* The first packet, before any was read; NULL where that is not known. */
const struct packet *source_first(struct source *s);

/* What is being read, for people. */
const char *source_name(struct source *s);

void source_close(struct source *s);

extern const struct source_kind source_file;
extern const struct source_kind source_live;

#endif
