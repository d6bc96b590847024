#include "capture/source_link.h"

#include "capture/decode.h"

enum { SNAPLEN = 262144 };

/* Of those that are decoded one has another number in libpcap. */
int link_type(int linktype)
{
    enum { LINKTYPE_RAW = 101 };

    return linktype == LINKTYPE_RAW ? DLT_RAW : linktype;
}

const char *link_name(int type)
{
    const char *name = pcap_datalink_val_to_name(type);

    return name ? name : "unknown";
}

static int compile(struct link *l, const char *expression, struct err *e)
{
    pcap_t *handle = pcap_open_dead(l->type, SNAPLEN);

    if (!handle)
        return err_nomem(e, "preparing a filter");
    l->filters = pcap_compile(handle, &l->program, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!l->filters)
        err_set(e, ERR_USAGE, "filter '%s', for link type %s: %s", expression, link_name(l->type),
                pcap_geterr(handle));
    pcap_close(handle);
    return l->filters ? 0 : -1;
}

int link_open(struct link *l, int type, const char *filter, struct err *e)
{
    *l = (struct link){.type = type, .known = decode_knows(type)};
    return l->known && filter ? compile(l, filter, e) : 0;
}

void link_close(struct link *l)
{
    if (l->filters)
        pcap_freecode(&l->program);
    l->filters = false;
}

int link_refuse(const char *file, int type, struct err *e)
{
    return err_set(e, ERR_INPUT, "%s: link type %s (%d) is not supported", file, link_name(type),
                   type);
}
