#include "core/http1_head.h"

static uint64_t length_bit(struct str name)
{
    return UINT64_C(1) << (name.len < 63 ? name.len : 63);
}

void http1_want(struct http1 *f, const struct str *names, struct str *values, size_t n)
{
    f->wanted = names;
    f->found_fields = values;
    f->n_wanted = n;
    f->wanted_lengths = 0;
    for (size_t i = 0; i < n; i++) {
        values[i] = (struct str){0};
        f->wanted_lengths |= length_bit(names[i]);
    }
}

/* Sort it in. Those beyond the ceiling are not tried. */
static void note_length(struct http1 *f, uint64_t n)
{
    unsigned i = f->n_lengths;

    for (unsigned k = 0; k < i; k++) {
        if (f->lengths[k] == n)
            return;
    }
    if (i == HTTP1_MAX_LENGTHS)
        return;
    for (; i > 0 && f->lengths[i - 1] > n; i--)
        f->lengths[i] = f->lengths[i - 1];
    f->lengths[i] = n;
    f->n_lengths++;
}

/* RFC 9110, 8.6: digits only, and where there are several they must agree. */
static void note_content_length(struct http1 *f, struct str list)
{
    while (list.data) {
        uint64_t n;

        f->has_length = true;
        if (str_to_u64(str_trim(str_cut(&list, ',')), &n) && n <= INT64_MAX)
            note_length(f, n);
        else
            f->bad_length = true;
    }
    f->bad_length |= f->n_lengths > 1;
    f->left = f->n_lengths ? f->lengths[0] : 0;
}

/* RFC 9112, 6.1: only the last coding decides about framing, and chunked may
 * not come twice; servers that say it twice have chunked once. "identity" was
 * dropped from HTTP in 2014: answers that still say it go by their length, a
 * request that does can be read in two ways. */
static enum http1_te next_te(const struct http1 *f, struct str coding)
{
    bool response = f->side == HTTP1_RESPONSES;

    if (str_ieq(coding, STR("chunked")))
        return f->last_te != TE_CHUNKED || response ? TE_CHUNKED : TE_BAD;
    if (f->last_te == TE_CHUNKED)
        return TE_BAD;
    return response && str_ieq(coding, STR("identity")) ? f->last_te : TE_OTHER;
}

static void note_transfer_encoding(struct http1 *f, struct str list)
{
    while (list.data) {
        struct str coding = str_trim(str_cut(&list, ','));

        if (coding.len == 0 || f->last_te == TE_BAD)
            continue;
        if (f->last_te == TE_CHUNKED || str_ieq(coding, STR("identity")))
            f->flags |= HTTP_TE_UNKNOWN;
        f->last_te = next_te(f, coding);
    }
}

static void note_connection(struct http1 *f, struct str list)
{
    if (http_list_has(list, STR("close")))
        f->keep_alive = false;
    else if (http_list_has(list, STR("keep-alive")))
        f->asked_keep_alive = true;
}

static void note_field(struct http1 *f, struct http_field field)
{
    for (size_t i = 0; i < f->n_wanted; i++) {
        if (!f->found_fields[i].data && str_ieq(field.name, f->wanted[i]))
            f->found_fields[i] = field.value;
    }
    switch (field.name.len) {
    case 10:
        if (str_ieq(field.name, STR("Connection")))
            note_connection(f, field.value);
        break;
    case 14:
        if (str_ieq(field.name, STR("Content-Length")))
            note_content_length(f, field.value);
        break;
    case 17:
        if (str_ieq(field.name, STR("Transfer-Encoding")))
            note_transfer_encoding(f, field.value);
        break;
    default:
        break;
    }
}

/* A CR inside is looked for in the whole of a head or line: has_bare_cr(). */
uint32_t http1_ending_flags(struct str line)
{
    return line.len < 2 || line.data[line.len - 2] != '\r' ? HTTP_BARE_LF : 0u;
}

/* RFC 9112, 2.2: a CR that no LF follows. The last byte is a LF. */
static bool has_bare_cr(struct str lines)
{
    const char *at = lines.data, *end = lines.data + lines.len;

    while ((at = memchr(at, '\r', (size_t)(end - at))) != NULL) {
        if (*++at != '\n')
            return true;
    }
    return false;
}

static bool is_folded(struct str line)
{
    return line.data[0] == ' ' || line.data[0] == '\t';
}

/* What is odd about a field line, given with its LF. *name is what should be
 * its name. */
static uint32_t line_flags(struct str line, struct str *name)
{
    uint32_t flags = http1_ending_flags(line);

    *name = str_head(line, http_token_span(line));
    if (is_folded(line))
        return flags | HTTP_OBS_FOLD;
    if (name->len == 0 || line.data[name->len] != ':') /* a LF is no token */
        return flags | HTTP_BAD_FIELD;
    return flags;
}

/* Bytes that no field may have. */
static bool has_bad_bytes(struct str lines)
{
    return memchr(lines.data, '\0', lines.len) || has_bare_cr(lines);
}

uint32_t http1_field_flags(struct str line)
{
    struct str name;

    return line_flags(line, &name) | (has_bad_bytes(line) ? HTTP_BAD_FIELD : 0u);
}

/* Only fields with names like these are of interest, see note_field(). */
static bool may_matter(const struct http1 *f, struct str name)
{
    char first = name.len ? str_lower(name.data[0]) : '\0';

    return ((name.len == 10 || name.len == 14) && first == 'c') ||
           (name.len == 17 && first == 't') || (f->wanted_lengths & length_bit(name));
}

/* The field of a line with a proper name, given with what follows it; most stand in
 * one line, which is cut already. */
static bool whole_field(struct str line, struct str name, struct str rest, struct http_field *field)
{
    if (rest.len > line.len && is_folded(str_skip(rest, line.len)))
        return http_next_field(&rest, field);
    field->name = name;
    field->value = str_trim(str_skip(line, name.len + 1));
    return true;
}

/* Learn from a field line, given with what follows it: others may be folded
 * onto it. What has no proper name may be a field that matters to somebody. */
static void note_line(struct http1 *f, struct str line, struct str rest, bool first)
{
    struct str name;
    uint32_t flags = line_flags(line, &name);
    struct http_field field;

    /* RFC 9112, 2.2: white space before the first field folds onto nothing. */
    if (first && is_folded(line))
        flags |= HTTP_BAD_FIELD;
    f->flags |= flags;
    if ((flags & HTTP_OBS_FOLD) && !first)
        return;
    if (flags & HTTP_BAD_FIELD ? http_next_field(&rest, &field)
                               : may_matter(f, name) && whole_field(line, name, rest, &field))
        note_field(f, field);
}

/* Read the first line of a head. False when it is not one. */
static bool read_start_line(struct http1 *f, struct str line)
{
    struct http_request_line request = {0};
    struct http_status_line status = {0};
    struct str version;

    if (f->side == HTTP1_REQUESTS) {
        if (!http_request_line(line, &request) &&
            !(f->trusted && http_garbled_line(line, &request)))
            return false;
        f->request = request;
        version = request.version;
        if (request.odd)
            f->flags |= HTTP_BAD_LINE;
        if (version.len == 0)
            f->flags |= HTTP_09;
    } else {
        if (!http_status_line(line, &status))
            return false;
        f->status = status.status;
        if (status.odd)
            f->flags |= HTTP_BAD_LINE;
        version = status.version;
    }
    f->flags |= http1_ending_flags(line);
    f->minor = version.len == 8 ? version.data[7] - '0' : -1;
    return true;
}

/* What the fields together mean. */
static void conclude_head(struct http1 *f, unsigned lines)
{
    if (lines > HTTP1_MAX_FIELDS + 2)
        f->flags |= HTTP_HEAD_TOO_LARGE;
    if (has_bad_bytes(f->head))
        f->flags |= HTTP_BAD_FIELD;
    if (f->minor < 1 && !f->asked_keep_alive)
        f->keep_alive = false;
    if (f->last_te != TE_NONE) {
        if (f->has_length)
            f->flags |= HTTP_CL_TE;
        if (f->minor < 1)
            f->flags |= HTTP_TE_IN_10;
        if (f->last_te != TE_CHUNKED)
            f->flags |= HTTP_TE_UNKNOWN;
    }
    if (f->bad_length)
        f->flags |= HTTP_CL_CONFLICT;
}

bool http1_is_empty_line(struct str line)
{
    return line.len == 1 || (line.len == 2 && line.data[0] == '\r');
}

/* One pass: half of the time of a capture is spent here. */
bool http1_scan_head(struct http1 *f, struct str in, struct str *head)
{
    size_t at = 0;
    unsigned n;

    in = str_head(in, HTTP1_MAX_HEAD);
    for (n = 0;; n++) {
        struct str rest = str_skip(in, at);
        size_t nl = str_find(rest, '\n');
        struct str line = str_head(rest, nl + 1);

        if (nl == rest.len || (n == 0 && !read_start_line(f, line)))
            return false;
        at += line.len;
        if (n > 0 && http1_is_empty_line(line)) {
            f->flags |= http1_ending_flags(line);
            break;
        }
        if (n > 0)
            note_line(f, line, rest, n == 1);
        else if (f->minor < 0)
            break; /* HTTP/0.9 has no more than a line */
    }
    f->head = *head = str_head(in, at);
    conclude_head(f, n + 1);
    return true;
}
