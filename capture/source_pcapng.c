#include "capture/pcapng.h"
#include "capture/source_format.h"
#include "capture/source_link.h"
#include "core/mem.h"

/* Packets of interfaces that differ: the filter is compiled for each link type
 * of the file. A link type that cannot be decoded is warned of when its first
 * packet comes; its packets are handed on and counted as what they are, no IP. */

enum { LINKS_MAX = 64 };

struct pcapng_file {
    struct capture_file *file;
    struct pcapng *reader;
    struct link link[LINKS_MAX];
    bool warned[LINKS_MAX]; /* of that link */
    size_t n;
    int event; /* read ahead when the file was opened, or PCAPNG_INTERFACE */
    struct packet packet;
    struct err err; /* if that event is an error */
};

/* ---- link types -------------------------------------------------------------- */

static struct link *find_link(struct pcapng_file *s, int type)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->link[i].type == type)
            return &s->link[i];
    }
    return NULL;
}

static int add_link(struct pcapng_file *s, int type, struct err *e)
{
    if (find_link(s, type))
        return 0;
    if (s->n == LINKS_MAX)
        return err_set(e, ERR_DAMAGED, "more than %d link types", LINKS_MAX);
    return link_open(&s->link[s->n++], type, s->file->config->filter, e);
}

static bool knows_any(const struct pcapng_file *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->link[i].known)
            return true;
    }
    return false;
}

static void warn_once(struct pcapng_file *s, const struct link *l)
{
    const struct capture_config *config = s->file->config;
    bool *warned = &s->warned[l - s->link];
    struct err text;

    if (*warned || !config->warn)
        return;
    *warned = true;
    err_set(&text, ERR_NONE,
            "%s: link type %s (%d) is not supported: packets of such interfaces are left out, "
            "as not_ip",
            s->file->name, link_name(l->type), l->type);
    config->warn(config->ctx, text.text);
}

/* ---- reading ----------------------------------------------------------------- */

/* The next packet or the end; interfaces are noted on the way. */
static int next(struct pcapng_file *s, struct err *e)
{
    int event = PCAPNG_INTERFACE;

    while (event == PCAPNG_INTERFACE) {
        event = pcapng_next(s->reader, &s->packet, e);
        if (event <= 0)
            break;
        s->packet.link = link_type(s->packet.link);
        if (event == PCAPNG_INTERFACE && add_link(s, s->packet.link, e) < 0)
            return -1;
    }
    return event;
}

static bool passes(struct pcapng_file *s)
{
    const struct link *l = find_link(s, s->packet.link);

    if (!l->known)
        warn_once(s, l);
    return link_passes(l, &s->packet);
}

static int read_pcapng(void *self, int max, const struct packet_handler *handler, struct err *e)
{
    struct pcapng_file *s = self;

    for (int i = 0; i < max; i++) {
        int event = s->event;

        if (event == PCAPNG_INTERFACE)
            event = next(s, e);
        else if (event < 0)
            *e = s->err;
        if (event <= 0)
            return event;
        s->event = PCAPNG_INTERFACE;
        s->file->number++;
        if (passes(s) && !handler->take(handler->ctx, &s->packet))
            break;
    }
    return 1;
}

/* ---- the format -------------------------------------------------------------- */

/* It begins with a line feed, so that a transfer as text shows; no kind of pcap
 * does. */
static bool accepts(struct window *in)
{
    const char *first = window_look(in, 1);

    return first && *first == '\n';
}

static void close_pcapng(void *self)
{
    struct pcapng_file *s = self;

    for (size_t i = 0; i < s->n; i++)
        link_close(&s->link[i]);
    pcapng_close(s->reader);
    mem_free(s);
}

/* Go up to the first packet, so that what can be said about the file's
 * interfaces is said before anything is written. */
static int look_ahead(struct pcapng_file *s, struct err *e)
{
    s->event = next(s, &s->err);
    if (s->event < 0 && s->err.kind != ERR_DAMAGED) {
        *e = s->err;
        return -1;
    }
    if (s->n && !knows_any(s))
        return link_refuse(s->file->name, s->link[0].type, e);
    return 0;
}

static void *open_pcapng(struct capture_file *file, struct err *e)
{
    struct pcapng_file *s = mem_zalloc(sizeof *s);
    struct err why = {0};

    if (!s) {
        err_nomem(e, "opening a pcapng file");
        return NULL;
    }
    s->file = file;
    s->reader = pcapng_open(&file->in, &why);
    if (!s->reader && why.kind == ERR_DAMAGED)
        err_set(e, ERR_INPUT, "%s: not a pcap or pcapng file (%s)", file->name, why.text);
    else if (!s->reader)
        err_set(e, why.kind, "%s", why.text);
    if (s->reader && look_ahead(s, e) == 0)
        return s;
    close_pcapng(s);
    return NULL;
}

const struct file_format format_pcapng = {
    .accepts = accepts,
    .open = open_pcapng,
    .read = read_pcapng,
    .close = close_pcapng,
};
