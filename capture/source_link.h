/* source_link.h -- a link type of a capture file, and the filter for it.
 */
#ifndef MIRRORCTL_CAPTURE_SOURCE_LINK_H
#define MIRRORCTL_CAPTURE_SOURCE_LINK_H

#include <pcap.h>
#include <stdbool.h>

#include "capture/packet.h"
#include "core/err.h"

struct link {
    int type;   /* DLT_ number */
    bool known; /* packets of it can be decoded */
    bool filters;
    struct bpf_program program;
};

/* The DLT_ number of a file's LINKTYPE_ number. */
int link_type(int linktype);

/* For people; "unknown" if need be. */
const char *link_name(int type);

/* Prepare for packets of a type. A `filter` is compiled if they can be decoded;
 * NULL lets all through. Returns 0, or -1 with *e set and nothing to close. */
int link_open(struct link *l, int type, const char *filter, struct err *e);
void link_close(struct link *l);

/* Does the filter let it through? Run by us and not by libpcap, which would not
 * count what does not pass. */
static inline bool link_passes(const struct link *l, const struct packet *p)
{
    struct pcap_pkthdr header = {.caplen = (bpf_u_int32)p->bytes.len, .len = p->length};

    return !l->filters ||
           pcap_offline_filter(&l->program, &header, (const unsigned char *)p->bytes.data);
}

/* "FILE: link type ... is not supported". Returns -1. */
int link_refuse(const char *file, int type, struct err *e);

#endif
