#include "core/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json_tree.h"
#include "core/mem.h"
#include "core/utf8.h"

/* ---- writing ---- */

void json_begin(struct json_writer *w, struct buf *out, bool pretty, struct err *e)
{
    *w = (struct json_writer){.out = out, .e = e, .pretty = pretty};
}

static void put(struct json_writer *w, const char *bytes, size_t n)
{
    if (!w->failed && buf_append(w->out, bytes, n, w->e) < 0)
        w->failed = true;
}

static void put_line(struct json_writer *w)
{
    static const char blanks[2 * JSON_WRITER_DEPTH + 1] = "                                "
                                                          "                                ";

    put(w, "\n", 1);
    put(w, blanks, 2 * (size_t)w->depth);
}

/* What stands between the item before and the one that comes now. */
static void begin_item(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth == 0 || w->depth > JSON_WRITER_DEPTH)
        return;
    if (w->has_items[w->depth - 1])
        put(w, ",", 1);
    w->has_items[w->depth - 1] = true;
    if (w->pretty)
        put_line(w);
}

static void put_text(struct json_writer *w, const char *text)
{
    begin_item(w);
    put(w, text, strlen(text));
}

static void put_string(struct json_writer *w, struct str s)
{
    int rc = 0;

    if (w->failed)
        return;
    json_write_string(w->out, s, w->e, &rc);
    if (rc < 0)
        w->failed = true;
}

void json_key_str(struct json_writer *w, struct str key)
{
    assert(!w->after_key);
    begin_item(w);
    put_string(w, key);
    put(w, ": ", w->pretty ? 2 : 1);
    w->after_key = true;
}

void json_key(struct json_writer *w, const char *key)
{
    json_key_str(w, str_of(key));
}

/* Depth is counted beyond the limit, so that the caller's closes still match. */
static void open_box(struct json_writer *w, char opener, char closer)
{
    begin_item(w);
    if (w->depth >= JSON_WRITER_DEPTH) {
        if (!w->failed)
            err_set(w->e, ERR_NOMEM, "JSON nested deeper than %d", JSON_WRITER_DEPTH);
        w->failed = true;
    } else {
        w->closer[w->depth] = closer;
        w->has_items[w->depth] = false;
    }
    w->depth++;
    put(w, &opener, 1);
}

void json_open_object(struct json_writer *w)
{
    open_box(w, '{', '}');
}

void json_open_array(struct json_writer *w)
{
    open_box(w, '[', ']');
}

void json_close(struct json_writer *w)
{
    assert(w->depth > 0 && !w->after_key);
    w->depth--;
    if (w->depth >= JSON_WRITER_DEPTH)
        return;
    if (w->pretty && w->has_items[w->depth])
        put_line(w);
    put(w, &w->closer[w->depth], 1);
}

void json_str(struct json_writer *w, struct str s)
{
    begin_item(w);
    put_string(w, s);
}

void json_cstr(struct json_writer *w, const char *s)
{
    if (s)
        json_str(w, str_of(s));
    else
        json_null(w);
}

void json_u64(struct json_writer *w, uint64_t v)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, v);
    put_text(w, text);
}

void json_i64(struct json_writer *w, int64_t v)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, v);
    put_text(w, text);
}

void json_i64_str(struct json_writer *w, int64_t v)
{
    char text[24];

    snprintf(text, sizeof text, "\"%" PRId64 "\"", v);
    put_text(w, text);
}

/* Up to DBL_DIG digits survive the way there and back, so a double that has a
 * text that short is printed as it by %.15g already; 17 are always enough.
 * Subnormal numbers hold fewer bits, so theirs is searched from 1. */
void json_double(struct json_writer *w, double v)
{
    int digits = fabs(v) < DBL_MIN ? 1 : DBL_DIG;
    char text[40];

    if (!isfinite(v)) {
        json_null(w);
        return;
    }
    do
        snprintf(text, sizeof text, "%.*g", digits, v);
    while (digits++ < DBL_DECIMAL_DIG && strtod(text, NULL) != v);
    put_text(w, text);
}

void json_bool(struct json_writer *w, bool v)
{
    put_text(w, v ? "true" : "false");
}

void json_null(struct json_writer *w)
{
    put_text(w, "null");
}

void json_raw(struct json_writer *w, struct str json)
{
    begin_item(w);
    put(w, json.data, json.len);
}

int json_end_all(struct json_writer *w)
{
    while (w->depth > 0)
        json_close(w);
    return w->failed ? -1 : 0;
}

/* ---- strings ---- */

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\' &&
           c != '<' && c != '>' && c != '&';
}

/* How the character stands in a JSON string: itself, or an escape. `escape`
 * has room for it. C1 controls start sequences on some terminals, as ESC does. */
static struct str character(const char *p, size_t len, char escape[8])
{
    static const char letters[] = "btn\0fr"; /* for 8 to 13 */
    uint32_t code = utf8_code(p, len);

    if (code == '"' || code == '\\')
        return str_from(escape, (size_t)snprintf(escape, 8, "\\%c", (int)code));
    if (code >= 8 && code <= 13 && letters[code - 8])
        return str_from(escape, (size_t)snprintf(escape, 8, "\\%c", letters[code - 8]));
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == '<' || code == '>' || code == '&' ||
        code == 0x2028 || code == 0x2029)
        return str_from(escape, (size_t)snprintf(escape, 8, "\\u%04x", code & 0xffffu));
    return str_from(p, len);
}

bool json_write_string(struct buf *out, struct str s, struct err *e, int *rc)
{
    const size_t before = out->len;
    bool valid = true;

    *rc = buf_addc(out, '"', e);
    while (s.len && *rc == 0) {
        size_t run = 0, len;
        char escape[8];

        while (run < s.len && is_plain(s.data[run]))
            run++;
        *rc = buf_append(out, s.data, run, e);
        s = str_skip(s, run);
        if (!s.len || *rc < 0)
            break;
        len = utf8_len(s.data, s.len);
        if (len) {
            *rc = buf_add(out, character(s.data, len, escape), e);
        } else {
            *rc = buf_add(out, STR("\xef\xbf\xbd"), e);
            valid = false;
            len = 1;
        }
        s = str_skip(s, len);
    }
    if (*rc == 0)
        *rc = buf_addc(out, '"', e);
    if (*rc < 0 && out->data) {
        out->len = before;
        out->data[before] = '\0';
    }
    return valid;
}

/* ---- reading ---- */

struct json_doc {
    cJSON *root;
};

/* cJSON says NULL for bad text and for no memory alike; this tells them apart. */
static _Thread_local bool starved;

static void *cjson_alloc(size_t n)
{
    void *p = mem_alloc(n);

    if (!p)
        starved = true;
    return p;
}

static void install_hooks(void)
{
    cJSON_Hooks hooks = {.malloc_fn = cjson_alloc, .free_fn = mem_free};

    cJSON_InitHooks(&hooks);
}

/* cJSON is lenient: it takes 01, control characters, bytes that are not UTF-8,
 * NULs as blanks, junk behind the value. So the strict reader goes first, and
 * nothing but JSON ever reaches cJSON. */
static int check(struct str text, struct err *e)
{
    struct arena scratch;
    int rc;

    arena_init(&scratch, SIZE_MAX); /* 28 times the text at most */
    rc = json_parse(text, &scratch, NULL, e) ? 0 : -1;
    arena_release(&scratch);
    return rc;
}

struct json_doc *json_read(struct str text, struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct json_doc *d;

    if (check(text, e) < 0)
        return NULL;
    pthread_once(&once, install_hooks);
    d = mem_zalloc(sizeof *d);
    if (!d) {
        err_nomem(e, "reading JSON");
        return NULL;
    }
    starved = false;
    d->root = cJSON_ParseWithLength(text.data, text.len);
    if (d->root)
        return d;
    mem_free(d);
    if (starved)
        err_nomem(e, "reading JSON");
    else /* the one thing that it refuses and JSON does not */
        err_set(e, ERR_INPUT, "a surrogate without its other half in a string");
    return NULL;
}

void json_doc_free(struct json_doc *d)
{
    if (!d)
        return;
    cJSON_Delete(d->root);
    mem_free(d);
}

static const cJSON *find(const struct json_doc *d, const char *path)
{
    const cJSON *at = d->root;
    struct str rest = str_of(path);
    char name[128]; /* our own names are short; a longer one is not there */

    if (!rest.len)
        return at;
    while (at && rest.data) {
        struct str part = str_cut(&rest, '.');

        if (part.len >= sizeof name)
            return NULL;
        memcpy(name, part.data, part.len);
        name[part.len] = '\0';
        at = cJSON_GetObjectItemCaseSensitive(at, name);
    }
    return at;
}

static bool to_u64(const cJSON *item, uint64_t *value)
{
    const double largest = 9007199254740992.0; /* 2^53 */
    double v;

    if (cJSON_IsString(item))
        return str_to_u64(str_of(cJSON_GetStringValue(item)), value);
    if (!cJSON_IsNumber(item))
        return false;
    v = cJSON_GetNumberValue(item);
    if (!(v >= 0 && v <= largest) || v != floor(v))
        return false;
    *value = (uint64_t)v;
    return true;
}

bool json_get_str(const struct json_doc *d, const char *path, struct str *value)
{
    const cJSON *item = find(d, path);

    if (!cJSON_IsString(item))
        return false;
    *value = str_of(cJSON_GetStringValue(item));
    return true;
}

uint64_t json_get_u64(const struct json_doc *d, const char *path, uint64_t fallback)
{
    uint64_t value;

    return to_u64(find(d, path), &value) ? value : fallback;
}

double json_get_double(const struct json_doc *d, const char *path, double fallback)
{
    double v = cJSON_GetNumberValue(find(d, path)); /* NaN where it is none */

    return isfinite(v) ? v : fallback;
}

void json_each(const struct json_doc *d, const char *path,
               void (*visit)(void *ctx, const char *key, struct str text, uint64_t number),
               void *ctx)
{
    const cJSON *object = find(d, path), *item;

    if (!cJSON_IsObject(object))
        return;
    cJSON_ArrayForEach(item, object)
    {
        struct str text = {0};
        uint64_t number = 0;

        if (cJSON_IsString(item))
            text = str_of(cJSON_GetStringValue(item));
        if (!to_u64(item, &number))
            number = 0;
        visit(ctx, item->string, text, number);
    }
}
