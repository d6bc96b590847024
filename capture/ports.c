#include "capture/ports.h"

static struct capture_port *find(struct capture_ports *p, uint16_t port)
{
    /* Mostly it is the same as the last time. */
    if (p->last < p->n && p->port[p->last].port == port)
        return &p->port[p->last];
    for (size_t i = 0; i < p->n; i++) {
        if (p->port[i].port == port) {
            p->last = i;
            return &p->port[i];
        }
    }
    if (p->n == CAPTURE_MAX_COUNTED)
        return &p->rest;
    p->last = p->n++;
    p->port[p->last] = (struct capture_port){.port = port};
    return &p->port[p->last];
}

void ports_add(struct capture_ports *p, uint16_t port, enum capture_spoken kind)
{
    find(p, port)->count[kind]++;
}
