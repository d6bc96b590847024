/* text/event-stream (WHATWG HTML, 9.2.6): events with their type, id and data.
 *
 * What tells clients when to come back (retry), and comments that keep a
 * connection open, say nothing. A last event without its empty line counts: the
 * stream was cut there. */
#include "diff/tree_reader.h"

struct reader {
    struct arena *mem;
    struct err *e;
    struct json_node *list, *last;
    struct str event, id, data; /* of the event at hand; data NULL: not there */
};

static bool accepts(struct str media)
{
    return str_ieq(media, STR("text/event-stream"));
}

/* A line ends with CR, LF, or both. */
static struct str cut_line(struct str *rest)
{
    size_t n = 0;
    struct str line;

    while (n < rest->len && rest->data[n] != '\n' && rest->data[n] != '\r')
        n++;
    line = str_head(*rest, n);
    if (n + 1 < rest->len && rest->data[n] == '\r' && rest->data[n + 1] == '\n')
        n++;
    *rest = str_skip(*rest, n + 1);
    return line;
}

/* Several lines of data are one text. */
static int add_data(struct reader *r, struct str value)
{
    size_t n = r->data.len;
    char *to;

    if (!r->data.data) {
        r->data = value.data ? value : STR("");
        return 0;
    }
    to = arena_alloc(r->mem, n + 1 + value.len, r->e);
    if (!to)
        return -1;
    if (n)
        memcpy(to, r->data.data, n);
    to[n] = '\n';
    if (value.len)
        memcpy(to + n + 1, value.data, value.len);
    r->data = str_from(to, n + 1 + value.len);
    return 0;
}

static int take_line(struct reader *r, struct str line)
{
    struct str value = line, name = str_cut(&value, ':');

    if (str_starts(value, STR(" ")))
        value = str_skip(value, 1);
    if (str_eq(name, STR("data")))
        return add_data(r, value);
    if (str_eq(name, STR("event")))
        r->event = value;
    else if (str_eq(name, STR("id")))
        r->id = value;
    return 0;
}

static int add_field(struct reader *r, struct json_node *event, struct json_node **last,
                     const char *name, struct str value)
{
    if (!value.data)
        return 0;
    return tree_add_text(r->mem, event, last, str_of(name), value, true, r->e) ? 0 : -1;
}

static int end_event(struct reader *r)
{
    struct json_node *event, *last = NULL;
    int rc = 0;

    if (r->event.data || r->id.data || r->data.data) {
        event = tree_add(r->mem, JSON_OBJECT, r->list, &r->last, (struct str){0}, r->e);
        rc = event && add_field(r, event, &last, "event", r->event) == 0 &&
                     add_field(r, event, &last, "id", r->id) == 0 &&
                     add_field(r, event, &last, "data", r->data) == 0
                 ? 0
                 : -1;
    }
    r->event = r->id = r->data = (struct str){0};
    return rc;
}

static struct json_node *read(struct str type, struct str bytes, struct arena *mem, struct err *e)
{
    struct reader r = {.mem = mem, .e = e};
    struct str rest = str_starts(bytes, STR("\xef\xbb\xbf")) ? str_skip(bytes, 3) : bytes;

    (void)type;
    r.list = tree_add(mem, JSON_ARRAY, NULL, NULL, (struct str){0}, e);
    while (r.list && rest.len) {
        struct str line = cut_line(&rest);

        if ((line.len ? take_line(&r, line) : end_event(&r)) < 0)
            return NULL;
    }
    return r.list && end_event(&r) == 0 ? r.list : NULL;
}

struct str tree_events_whole(struct str bytes)
{
    struct str rest = bytes, whole = str_head(bytes, 0);

    while (rest.len) {
        struct str line = cut_line(&rest);

        if (line.len == 0)
            whole = str_head(bytes, bytes.len - rest.len);
    }
    return whole;
}

const struct tree_reader tree_events = {"events", accepts, read};
