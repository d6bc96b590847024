#include "cli/reader.h"

#include <string.h>

static void free_item(int got, const struct record_item *item)
{
    if (got == RECORD_EXCHANGE)
        exchange_free(item->exchange);
    else if (got == RECORD_PAIR)
        pair_free(item->pair);
}

static int check_kind(const struct reader *r, enum record_kind kind, struct err *e)
{
    if (r->got < 0 && r->e.kind != ERR_DAMAGED) {
        *e = r->e;
        return -1;
    }
    if (r->got <= 0 || r->item.kind == kind)
        return 0;
    if (kind == RECORD_PAIRS)
        return err_set(e, ERR_INPUT, "%s: a record, not a result: mirrorctl replay makes one of it",
                       r->name);
    return err_set(e, ERR_INPUT, "%s: a result, not a record: mirrorctl diff compares it", r->name);
}

int reader_open(struct reader *r, const struct input *in, enum record_kind kind, struct err *e)
{
    *r = (struct reader){.name = in->name};
    r->records = record_reader_new(in->fd, in->name, false, e);
    if (!r->records)
        return -1;
    r->got = record_next(r->records, &r->item, &r->e);
    r->ahead = true;
    if (check_kind(r, kind, e) == 0)
        return 0;
    reader_close(r);
    return -1;
}

int reader_next(struct reader *r, struct record_item *item, struct err *e)
{
    if (!r->ahead)
        return record_next(r->records, item, e);
    r->ahead = false;
    *item = r->item;
    if (r->got < 0)
        *e = r->e;
    return r->got;
}

void reader_identity(const struct reader *r, uint8_t id[16])
{
    const struct record_options *section = record_section(r->records);

    if (section)
        memcpy(id, section->capture_id, sizeof section->capture_id);
}

void reader_close(struct reader *r)
{
    if (r->ahead)
        free_item(r->got, &r->item);
    r->ahead = false;
    record_reader_free(r->records);
    r->records = NULL;
}
