/* json_tree.c -- one pass over the text, no recursion.
 *
 * Bodies are parsed by the million, so what costs is kept out of the loop:
 * nodes are cut from the arena by the batch, strings without escapes stay
 * where they are, and plain bytes of strings are passed over eight at a time.
 * Open arrays and objects stand on a stack of JSON_MAX_DEPTH frames, so depth
 * costs neither the C stack nor a surprise.
 *
 * A check is the same pass with one node for all: nobody will look at them.
 *
 * The position travels as an argument and a result rather than in the struct:
 * it then lives in a register. NULL says that *e and the fault are set.
 */
#include "core/json_tree.h"

#include <string.h>

#include "core/utf8.h"

enum { NODES_FIRST = 16, NODES_LARGEST = 512, RECORD_SEPARATOR = 0x1e };

/* An array or object that is still open, and its newest item. */
struct frame {
    struct json_node *box;
    struct json_node *last;
    bool object;
};

struct reader {
    const char *start;
    const char *end;
    struct arena *mem;
    struct json_node *only; /* of a check, instead of `mem` */
    struct json_fault fault;
    struct err *e;
    struct json_node *nodes; /* cut from `mem`, not used yet */
    size_t nodes_left;
    size_t batch;
    struct frame *stack; /* stack[0] is not used: depth 0 is outside of everything */
    size_t depth;
    bool opened;   /* the value just read is an array or object, now open */
    bool sequence; /* stack[0] is used after all: it holds what follows each other */
};

static const char *fault(struct reader *r, const char *at, const char *what)
{
    r->fault.offset = (size_t)(at - r->start);
    err_set(r->e, ERR_INPUT, "not JSON at byte %zu: %s", r->fault.offset, what);
    return NULL;
}

/* A batch from the arena: at first small, as most bodies are, and never more
 * than the rest of the text can fill (an item takes two bytes at least). */
static int more_nodes(struct reader *r, const char *at)
{
    size_t n = r->batch, most = (size_t)(r->end - at) / 2 + 1;

    if (r->only) {
        *r->only = (struct json_node){0};
        r->nodes = r->only;
        r->nodes_left = 1;
        return 0;
    }
    if (n > most)
        n = most;
    r->nodes = arena_array(r->mem, n, sizeof *r->nodes, r->e);
    if (!r->nodes) {
        r->fault.offset = (size_t)(at - r->start);
        return err_wrap(r->e, "reading JSON");
    }
    r->nodes_left = n;
    if (r->batch < NODES_LARGEST)
        r->batch *= 2;
    return 0;
}

static struct json_node *new_node(struct reader *r, const char *at)
{
    if (r->nodes_left == 0 && more_nodes(r, at) < 0)
        return NULL;
    r->nodes_left--;
    return r->nodes++;
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* ---- strings ---- */

static bool ends_run(char c)
{
    return c == '"' || c == '\\' || (unsigned char)c < 0x20 || (unsigned char)c >= 0x80;
}

/* The first byte from `at` on that needs a look: a quote, a backslash, a
 * control, or anything beyond ASCII.
 *
 * Eight bytes at a time: `(x - 0x01..) & ~x & 0x80..` has its lowest set bit in
 * the first byte of x that is zero; XOR turns "is c" into "is zero", and the
 * same subtraction with 0x20 finds controls. Bits above the lowest can be
 * false alarms of the borrow, so only "is there any" is asked of all eight. */
static const char *skip_plain(const char *at, const char *end)
{
    const uint64_t ones = 0x0101010101010101, tops = ones * 0x80;

    while (end - at >= 8) {
        uint64_t x, quote, slash, found;

        memcpy(&x, at, sizeof x);
        quote = x ^ (ones * '"');
        slash = x ^ (ones * '\\');
        found = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | (x - ones * 0x20) | x;
        if (found & tops)
            break;
        at += 8;
    }
    while (at < end && !ends_run(*at))
        at++;
    return at;
}

static bool is_simple_escape(char c)
{
    static const char letters[] = {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'};

    return memchr(letters, c, sizeof letters) != NULL;
}

/* Check the escape at `at`; returns what follows it. */
static const char *skip_escape(struct reader *r, const char *at)
{
    if (r->end - at < 2)
        return fault(r, r->end, "the text ends inside a string");
    if (at[1] != 'u')
        return is_simple_escape(at[1]) ? at + 2 : fault(r, at + 1, "no such escape");
    for (int i = 2; i < 6; i++) {
        if (r->end - at <= i)
            return fault(r, r->end, "the text ends inside a string");
        if (str_hex_value(at[i]) < 0)
            return fault(r, at + i, "\\u takes four hexadecimal digits");
    }
    return at + 6;
}

/* Find the closing quote of the string whose first byte is `at`. */
static const char *string_end(struct reader *r, const char *at, bool *escaped)
{
    while (at) {
        at = skip_plain(at, r->end);
        if (at == r->end)
            return fault(r, at, "the text ends inside a string");
        if (*at == '"')
            return at;
        if (*at == '\\') {
            *escaped = true;
            at = skip_escape(r, at);
        } else if ((unsigned char)*at < 0x20) {
            return fault(r, at, "a control character in a string must be escaped");
        } else {
            size_t n = utf8_len(at, (size_t)(r->end - at));
            if (!n)
                return fault(r, at, "not UTF-8");
            at += n;
        }
    }
    return NULL;
}

static uint32_t hex4(const char *p)
{
    uint32_t code = 0;

    for (int i = 0; i < 4; i++)
        code = code << 4 | (uint32_t)str_hex_value(p[i]);
    return code;
}

/* Decode the \u at *p and step behind it: two of them when they are a pair of
 * surrogates; one that stands alone is kept as it is. */
static uint32_t unicode_escape(const char **p, const char *end)
{
    uint32_t low, code = hex4(*p + 2);

    *p += 6;
    if (code < 0xd800 || code > 0xdbff || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
        return code;
    low = hex4(*p + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return code;
    *p += 6;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

static char simple_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default: /* quote, backslash, slash */
        return c;
    }
}

/* Resolve escapes that string_end() has checked, into the arena. Every escape
 * is longer than what it stands for, so a copy of the raw text has room. */
static int unescape(struct reader *r, struct str raw, struct str *value)
{
    const char *from = raw.data, *end = raw.data + raw.len;
    char *copy = arena_alloc(r->mem, raw.len, r->e), *to = copy;

    if (!copy) {
        r->fault.offset = (size_t)(from - r->start);
        return err_wrap(r->e, "reading JSON");
    }
    while (from < end) {
        const char *slash = memchr(from, '\\', (size_t)(end - from));
        size_t n = (size_t)((slash ? slash : end) - from);

        memcpy(to, from, n);
        to += n;
        from += n;
        if (from == end)
            break;
        if (from[1] == 'u') {
            to += utf8_put(to, unicode_escape(&from, end));
        } else {
            *to++ = simple_escape(from[1]);
            from += 2;
        }
    }
    *value = str_from(copy, (size_t)(to - copy));
    return 0;
}

/* Read the string whose opening quote is at `at`. */
static const char *read_string(struct reader *r, const char *at, struct str *value)
{
    bool escaped = false;
    const char *end = string_end(r, at + 1, &escaped);

    if (!end)
        return NULL;
    *value = str_from(at + 1, (size_t)(end - at - 1));
    if (escaped && !r->only && unescape(r, *value, value) < 0)
        return NULL;
    return end + 1;
}

/* ---- numbers ---- */

/* Step over one digit or more. */
static const char *read_digits(struct reader *r, const char *at)
{
    if (at == r->end || !str_is_digit(*at))
        return fault(r, at, "expected a digit");
    while (at < r->end && str_is_digit(*at))
        at++;
    return at;
}

static const char *number_end(struct reader *r, const char *at)
{
    if (*at == '-')
        at++;
    if (at < r->end && *at == '0')
        at++; /* no digit may follow: 01 fails where the 1 stands */
    else
        at = read_digits(r, at);
    if (at && at < r->end && *at == '.')
        at = read_digits(r, at + 1);
    if (at && at < r->end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < r->end && (*at == '+' || *at == '-'))
            at++;
        at = read_digits(r, at);
    }
    return at;
}

/* ---- values ---- */

static const char *read_word(struct reader *r, const char *at, struct json_node *node,
                             enum json_type type, struct str word)
{
    for (size_t i = 0; i < word.len; i++) {
        if ((size_t)(r->end - at) == i || at[i] != word.data[i])
            return fault(r, at + i, "expected a value");
    }
    node->type = type;
    return at + word.len;
}

static const char *open_box(struct reader *r, const char *at, struct json_node *node,
                            enum json_type type)
{
    if (r->depth == JSON_MAX_DEPTH) {
        r->fault.too_deep = true;
        return fault(r, at, "nested too deeply");
    }
    node->type = type;
    r->depth++;
    r->stack[r->depth] = (struct frame){.box = node, .object = type == JSON_OBJECT};
    r->opened = true;
    return at + 1;
}

/* Read a scalar, or open an array or object. */
static const char *read_value(struct reader *r, const char *at, struct json_node *node)
{
    const char *first;

    at = first = skip_space(at, r->end);
    if (at == r->end)
        return fault(r, at, "the text ends where a value should stand");
    switch (*at) {
    case '"':
        node->type = JSON_STRING;
        return read_string(r, at, &node->text);
    case '{':
        return open_box(r, at, node, JSON_OBJECT);
    case '[':
        return open_box(r, at, node, JSON_ARRAY);
    case 'n':
        return read_word(r, at, node, JSON_NULL, STR("null"));
    case 'f':
        return read_word(r, at, node, JSON_FALSE, STR("false"));
    case 't':
        return read_word(r, at, node, JSON_TRUE, STR("true"));
    default:
        if (*at != '-' && !str_is_digit(*at))
            return fault(r, at, "expected a value");
        at = number_end(r, at);
        if (!at)
            return NULL;
        node->type = JSON_NUMBER;
        node->text = str_from(first, (size_t)(at - first));
        return at;
    }
}

/* "name" : */
static const char *read_key(struct reader *r, const char *at, struct json_node *node)
{
    at = skip_space(at, r->end);
    if (at == r->end || *at != '"')
        return fault(r, at, "expected a member name in quotes");
    at = read_string(r, at, &node->key);
    if (!at)
        return NULL;
    at = skip_space(at, r->end);
    if (at == r->end || *at != ':')
        return fault(r, at, "expected a colon");
    return at + 1;
}

/* Append a node to what is open, with its key where that is an object. */
static const char *add_item(struct reader *r, const char *at, struct json_node **node)
{
    struct frame *f = &r->stack[r->depth];
    struct json_node *n = new_node(r, at);

    if (!n)
        return NULL;
    if (f->last)
        f->last->next = n;
    else
        f->box->child = n;
    f->last = n;
    f->box->count++;
    *node = n;
    return f->object ? read_key(r, at, n) : at;
}

/* The next value of a sequence, or NULL in *node at its end. */
static const char *next_value(struct reader *r, const char *at, struct json_node **node)
{
    while (at < r->end && (str_is_blank(*at) || *at == RECORD_SEPARATOR))
        at++;
    *node = NULL;
    return at == r->end ? at : add_item(r, at, node);
}

/* After a value: close what closes here, then make *node the next one to be
 * read, or NULL at the end of the text. */
static const char *next_item(struct reader *r, const char *at, struct json_node **node)
{
    bool first = r->opened;

    for (r->opened = false;; first = false) {
        bool object;

        if (r->depth == 0 && r->sequence)
            return next_value(r, at, node);
        at = skip_space(at, r->end);
        if (r->depth == 0) {
            *node = NULL;
            return at == r->end ? at : fault(r, at, "something follows the value");
        }
        object = r->stack[r->depth].object;
        if (at == r->end)
            return fault(r, at, object ? "an object is not closed" : "an array is not closed");
        if (*at == (object ? '}' : ']')) {
            r->depth--;
            at++;
            continue;
        }
        if (first)
            return add_item(r, at, node);
        if (*at != ',')
            return fault(r, at, object ? "expected a comma or }" : "expected a comma or ]");
        return add_item(r, at + 1, node);
    }
}

/* `r` says what for. Returns what stands for the whole, or NULL. */
static struct json_node *parse(struct reader *r, struct str text, struct json_fault *said)
{
    struct frame stack[JSON_MAX_DEPTH + 1];
    struct json_node *root = NULL, *node;
    const char *at = text.len ? text.data : "";

    r->start = at;
    r->end = at + text.len;
    r->batch = NODES_FIRST;
    r->stack = stack;
    if (str_starts(text, STR("\xef\xbb\xbf")))
        at += 3;
    if (text.len > UINT32_MAX) /* what fits is counted in 32 bits without fear */
        at = fault(r, r->start, "longer than 4 GiB");
    else
        root = new_node(r, at);
    node = root;
    if (root && r->sequence) {
        root->type = JSON_ARRAY;
        stack[0] = (struct frame){.box = root};
        at = next_value(r, at, &node);
    }
    while (node && at) {
        at = read_value(r, at, node);
        if (at)
            at = next_item(r, at, &node);
    }
    r->stack = NULL;
    if (said)
        *said = r->fault;
    return at ? root : NULL;
}

struct json_node *json_parse(struct str text, struct arena *mem, struct json_fault *said,
                             struct err *e)
{
    struct reader r = {.mem = mem, .e = e};

    return parse(&r, text, said);
}

struct json_node *json_parse_sequence(struct str text, struct arena *mem, struct json_fault *said,
                                      struct err *e)
{
    struct reader r = {.mem = mem, .e = e, .sequence = true};

    return parse(&r, text, said);
}

int json_check(struct str text, struct json_fault *said, struct err *e)
{
    struct json_node only;
    struct reader r = {.only = &only, .e = e};

    return parse(&r, text, said) ? 0 : -1;
}

struct json_node *json_member_of(const struct json_node *object, struct str key)
{
    if (object->type != JSON_OBJECT)
        return NULL;
    for (struct json_node *n = object->child; n; n = n->next) {
        if (str_eq(n->key, key))
            return n;
    }
    return NULL;
}

const struct json_node *json_member(const struct json_node *object, struct str key)
{
    return json_member_of(object, key);
}

const char *json_type_name(enum json_type type)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",     [JSON_FALSE] = "boolean", [JSON_TRUE] = "boolean",
        [JSON_NUMBER] = "number", [JSON_STRING] = "string", [JSON_ARRAY] = "array",
        [JSON_OBJECT] = "object",
    };

    return names[type];
}
