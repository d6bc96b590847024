#include "capture/source.h"

/* Asked in order. */
static const struct source_kind *const kinds[] = {
    &source_live,
    &source_file,
};

int source_open(struct source *s, const struct capture_config *config, struct err *e)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!kinds[i]->accepts(config))
            continue;
        s->kind = kinds[i];
        s->self = kinds[i]->open(config, e);
        return s->self ? 0 : -1;
    }
    return err_set(e, ERR_USAGE, "nothing to capture from: name an interface or a file");
}

int source_start(struct source *s, struct err *e)
{
    return s->kind->start(s->self, e);
}

int source_read(struct source *s, const struct packet_handler *handler, struct err *e)
{
    return s->kind->read(s->self, handler, e);
}

void source_stop(struct source *s)
{
    s->kind->stop(s->self);
}

void source_end(struct source *s)
{
    s->kind->end(s->self);
}

void source_counts(struct source *s, struct source_counts *counts)
{
    s->kind->counts(s->self, counts);
}

const struct packet *source_first(struct source *s)
{
    return s->kind->first(s->self);
}

const char *source_name(struct source *s)
{
    return s->kind->current(s->self);
}

void source_close(struct source *s)
{
    if (s->self)
        s->kind->close(s->self);
    s->self = NULL;
}
