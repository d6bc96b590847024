#include "replay/fields.h"

/* ---- which changes are possible ----------------------------------------------- */

/* Why a field of this name is not for the user to change, or NULL. */
static const char *refusal(struct str name)
{
    static const struct {
        struct str name;
        const char *why;
    } rows[] = {
        {STR_INIT("Content-Length"), "frames the content, which is sent as captured"},
        {STR_INIT("Transfer-Encoding"), "frames the content, which is sent as captured"},
        {STR_INIT("Connection"), "is about the connection, which replay keeps alive"},
        {STR_INIT("Keep-Alive"), "is about the connection, which replay keeps alive"},
        {STR_INIT("Proxy-Connection"), "is about the connection, which replay keeps alive"},
        {STR_INIT("TE"), "is about the connection, which replay keeps alive"},
        {STR_INIT("Upgrade"), "asks for another protocol, which replay does not speak"},
        {STR_INIT("HTTP2-Settings"), "asks for another protocol, which replay does not speak"},
        {STR_INIT("Expect"), "makes a server wait, and content is sent without waiting"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (str_ieq(rows[i].name, name))
            return rows[i].why;
    }
    return NULL;
}

static int check_name(struct str name, bool remove, struct err *e)
{
    const char *why = refusal(name);

    if (!http_is_token(name))
        return err_set(e, ERR_USAGE, "the name of a field is letters, digits and hyphens");
    if (remove && str_ieq(name, STR("Host")))
        return err_set(e, ERR_USAGE, "Host is what a request cannot be without; --host changes it");
    if (why)
        return err_set(e, ERR_USAGE, "%.*s %s", STR_ARG(name), why);
    return 0;
}

/* RFC 9110, 5.5: no controls but tabs. A line break would begin another field. */
static int check_value(struct str name, struct str value, struct err *e)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return err_set(e, ERR_USAGE, "the value of %.*s holds a control character",
                           STR_ARG(name));
    }
    return 0;
}

static int read_field(struct str line, struct http_field *field, struct err *e)
{
    size_t colon = str_find(line, ':');

    if (colon == line.len)
        return err_set(e, ERR_USAGE, "not a field: want 'Name: value'");
    field->name = str_head(line, colon);
    field->value = str_trim(str_skip(line, colon + 1));
    if (check_name(field->name, false, e) < 0)
        return -1;
    return check_value(field->name, str_skip(line, colon + 1), e);
}

int replay_field_check(const struct replay_field *f, struct err *e)
{
    struct http_field field;

    return f->remove ? check_name(f->text, true, e) : read_field(f->text, &field, e);
}

/* ---- those of one target ------------------------------------------------------- */

static int too_many(struct err *e)
{
    return err_set(e, ERR_USAGE, "more than %d changes to header fields", FIELDS_MAX);
}

/* Is the name among the first `n` of a list? */
static bool has_name(const struct http_field *list, unsigned n, struct str name)
{
    for (unsigned i = 0; i < n; i++) {
        if (str_ieq(list[i].name, name))
            return true;
    }
    return false;
}

static void forget_in(struct http_field *list, unsigned *n, struct str name)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < *n; i++) {
        if (!str_ieq(list[i].name, name))
            list[kept++] = list[i];
    }
    *n = kept;
}

/* What layers below have set or added under the name. */
static void forget(struct field_rules *r, struct str name)
{
    forget_in(r->set, &r->n_set, name);
    forget_in(r->added, &r->n_added, name);
}

static int add_removed(struct field_rules *r, struct str name, struct err *e)
{
    if (check_name(name, true, e) < 0)
        return -1;
    forget(r, name);
    if (field_rules_remove(r, name))
        return 0;
    if (r->n_removed == FIELDS_MAX)
        return too_many(e);
    r->removed[r->n_removed++] = name;
    return 0;
}

static int append(struct field_rules *r, struct http_field *list, unsigned *n,
                  struct http_field field, struct err *e)
{
    r->bytes += field.name.len + field.value.len + 4;
    if (r->bytes > FIELDS_BYTES)
        return err_set(e, ERR_USAGE, "header fields of more than %d bytes", FIELDS_BYTES);
    if (*n == FIELDS_MAX)
        return too_many(e);
    list[(*n)++] = field;
    return 0;
}

/* ---- a layer of a plan ---- */

static int change(struct field_rules *r, const struct plan_change *c, struct err *e)
{
    struct http_field field = {.name = c->name, .value = str_trim(c->value)};

    if (c->kind == PLAN_REMOVE)
        return add_removed(r, c->name, e);
    if (check_name(c->name, false, e) < 0 || check_value(c->name, field.value, e) < 0)
        return -1;
    if (c->kind == PLAN_ADD)
        return append(r, r->added, &r->n_added, field, e);
    forget(r, c->name);
    return append(r, r->set, &r->n_set, field, e);
}

int field_rules_change(struct field_rules *r, const struct plan_change *changes, struct err *e)
{
    static const enum plan_change_kind order[] = {PLAN_REMOVE, PLAN_SET, PLAN_ADD};

    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        for (const struct plan_change *c = changes; c; c = c->next) {
            if (c->kind == order[i] && !str_ieq(c->name, STR("Host")) && change(r, c, e) < 0)
                return -1;
        }
    }
    return 0;
}

/* ---- the command line's layer ---- */

/* Add what is set for `version`; names that are set already, before this, stay. */
static int add_set(struct field_rules *r, const struct replay_field *fields, size_t n,
                   unsigned version, struct err *e)
{
    unsigned before = r->n_set;
    struct http_field field = {0};

    for (size_t i = 0; i < n; i++) {
        if (fields[i].remove || fields[i].version != version)
            continue;
        if (read_field(fields[i].text, &field, e) < 0)
            return -1;
        if (!has_name(r->set, before, field.name) && append(r, r->set, &r->n_set, field, e) < 0)
            return -1;
    }
    return 0;
}

/* Before any is set, as the same name may be set more than once in this layer. */
static int make_room(struct field_rules *r, const struct replay_field *fields, size_t n,
                     unsigned version, struct err *e)
{
    struct http_field field = {0};

    for (size_t i = 0; i < n; i++) {
        if (fields[i].remove) {
            if (add_removed(r, fields[i].text, e) < 0)
                return -1;
        } else if (fields[i].version == version || fields[i].version == 0) {
            if (read_field(fields[i].text, &field, e) < 0)
                return -1;
            forget(r, field.name);
        }
    }
    return 0;
}

int field_rules_add(struct field_rules *r, const struct replay_field *fields, size_t n,
                    unsigned version, struct err *e)
{
    if (make_room(r, fields, n, version, e) < 0 || add_set(r, fields, n, version, e) < 0)
        return -1;
    return add_set(r, fields, n, 0, e);
}

int field_rules_init(struct field_rules *r, const struct replay_field *fields, size_t n,
                     unsigned version, struct err *e)
{
    *r = (struct field_rules){0};
    return field_rules_add(r, fields, n, version, e);
}

bool field_rules_remove(const struct field_rules *r, struct str name)
{
    for (unsigned i = 0; r && i < r->n_removed; i++) {
        if (str_ieq(r->removed[i], name))
            return true;
    }
    return false;
}

bool field_rules_set(const struct field_rules *r, struct str name)
{
    return r && has_name(r->set, r->n_set, name);
}

bool field_rules_extend(const struct field_rules *r, struct str name)
{
    return r && has_name(r->added, r->n_added, name);
}

/* ---- writing --------------------------------------------------------------------- */

static int write_line(const struct http_field *f, struct buf *out, struct err *e)
{
    if (buf_add(out, f->name, e) < 0 || buf_add(out, STR(": "), e) < 0 ||
        buf_add(out, f->value, e) < 0)
        return -1;
    return buf_add(out, STR("\r\n"), e);
}

static int write_one(const struct field_rules *r, unsigned i, uint64_t *written, struct buf *out,
                     struct err *e)
{
    if (*written >> i & 1)
        return 0;
    *written |= UINT64_C(1) << i;
    return write_line(&r->set[i], out, e);
}

int field_rules_write(const struct field_rules *r, struct str name, uint64_t *written,
                      struct buf *out, struct err *e)
{
    for (unsigned i = 0; i < r->n_set; i++) {
        if (str_ieq(r->set[i].name, name) && write_one(r, i, written, out, e) < 0)
            return -1;
    }
    return 0;
}

int field_rules_write_rest(const struct field_rules *r, uint64_t *written, struct buf *out,
                           struct err *e)
{
    for (unsigned i = 0; r && i < r->n_set; i++) {
        if (write_one(r, i, written, out, e) < 0)
            return -1;
    }
    for (unsigned i = 0; r && i < r->n_added; i++) {
        if (write_line(&r->added[i], out, e) < 0)
            return -1;
    }
    return 0;
}
