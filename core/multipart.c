#include "core/multipart.h"

/* ---- parameters --------------------------------------------------------------- */

/* How long a parameter is: up to a semicolon that is not in quotes. */
static size_t parameter_length(struct str s)
{
    bool quoted = false;
    size_t n = 0;

    for (; n < s.len && (quoted || s.data[n] != ';'); n++) {
        if (s.data[n] == '"')
            quoted = !quoted;
        else if (quoted && s.data[n] == '\\' && n + 1 < s.len)
            n++;
    }
    return n;
}

static struct str without_quotes(struct str s)
{
    if (s.len >= 2 && s.data[0] == '"' && s.data[s.len - 1] == '"')
        return str_from(s.data + 1, s.len - 2);
    return s;
}

bool multipart_parameter(struct str value, struct str name, struct str *found)
{
    while (value.len) {
        struct str one = str_head(value, parameter_length(value));
        size_t equals = str_find(one, '=');

        value = str_skip(value, one.len + 1);
        if (equals == one.len || !str_ieq(str_trim(str_head(one, equals)), name))
            continue;
        *found = without_quotes(str_trim(str_skip(one, equals + 1)));
        return true;
    }
    return false;
}

/* ---- parts -------------------------------------------------------------------- */

struct delimiter {
    size_t at;    /* of its two dashes */
    size_t end;   /* behind its line */
    bool closing; /* behind it there are no parts */
};

/* Does the line at `at` delimit? */
static bool is_delimiter(const struct multipart *m, struct str body, size_t at,
                         struct delimiter *found)
{
    struct str line = str_skip(body, at);

    if (!str_starts(line, STR("--")) || !str_starts(str_skip(line, 2), m->boundary))
        return false;
    line = str_skip(line, 2 + m->boundary.len);
    *found = (struct delimiter){.at = at, .closing = str_starts(line, STR("--"))};
    line = str_head(line, str_find(line, '\n') + 1);
    found->end = (size_t)(line.data - body.data) + line.len;
    return found->closing || str_trim(line).len == 0;
}

/* The first delimiter in text that begins with a line. */
static bool find_delimiter(const struct multipart *m, struct str text, struct delimiter *found)
{
    for (size_t at = 0; at < text.len; at += str_find(str_skip(text, at), '\n') + 1) {
        if (is_delimiter(m, text, at, found))
            return true;
    }
    return false;
}

/* Field lines up to the empty one, with it. */
static size_t head_length(const struct multipart *m, struct str text)
{
    struct delimiter found;
    bool empty = false;
    size_t at = 0;

    while (at < text.len && !empty && !is_delimiter(m, text, at, &found)) {
        struct str line = str_head(str_skip(text, at), str_find(str_skip(text, at), '\n') + 1);

        empty = str_eq(line, STR("\n")) || str_eq(line, STR("\r\n"));
        at += line.len;
    }
    return at;
}

void multipart_begin(struct multipart *m, struct str content_type, struct str body)
{
    *m = (struct multipart){.rest = body};
    if (!multipart_parameter(content_type, STR("boundary"), &m->boundary))
        m->boundary = (struct str){0};
}

bool multipart_next(struct multipart *m, struct multipart_part *part)
{
    struct str body = m->rest;
    struct delimiter first, next;
    size_t from, length;

    if (m->boundary.len == 0 || !find_delimiter(m, body, &first))
        return false;
    if (first.closing) {
        m->closed = true;
        return false;
    }
    from = first.end + head_length(m, str_skip(body, first.end));
    if (!find_delimiter(m, str_skip(body, from), &next))
        return false;
    length = next.at;
    if (length && body.data[from + length - 1] == '\n')
        length--;
    if (length && body.data[from + length - 1] == '\r')
        length--;
    part->before = str_head(body, from);
    part->head = str_skip(part->before, first.at);
    part->content = str_head(str_skip(body, from), length);
    m->rest = str_skip(body, from + length);
    return true;
}
