#include "capture/redaction.h"

const struct redact_place redact_in_form = {true, "&"}, redact_in_text = {true, "&\r\n"},
                          redact_in_target = {false, "&"}, redact_in_field = {false, "&#"},
                          redact_in_cookies = {false, "&#;"};

/* A parameter's name as a server reads it: %XX and + undone. */
static struct str decode_name(struct str raw, char *out, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < raw.len && n < room; i++) {
        int byte = str_percent_value(str_skip(raw, i));
        char c = raw.data[i];

        if (byte >= 0) {
            c = (char)byte;
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out[n++] = c;
    }
    return str_from(out, n);
}

bool redact_is_parameter(struct redaction *r, struct str raw)
{
    char name[512];

    /* Some servers leave out blanks around it. */
    return redact_is_wanted(r, REDACT_QUERY, str_trim(decode_name(raw, name, sizeof name)));
}

/* What stands between names and values at the beginning of `s`, or length 0. It
 * is encoded where a URL is the value of a parameter of another. */
struct separator {
    char c;
    size_t length;
};

static struct separator separator(struct str s)
{
    static const struct str raw = STR_INIT("=&;#? \t\r\n"), encoded = STR_INIT("=&;#?");
    int byte = str_percent_value(s);

    if (byte >= 0 && str_find(encoded, (char)byte) < encoded.len)
        return (struct separator){(char)byte, 3};
    if (s.len && str_find(raw, s.data[0]) < raw.len)
        return (struct separator){s.data[0], 1};
    return (struct separator){0};
}

void redact_put_parameters(struct redaction *r, struct str in, const struct redact_place *place,
                           struct buf *out)
{
    bool inside = place->inside, named;
    struct separator by;

    while (in.len) {
        size_t end = 0;

        while ((by = separator(str_skip(in, end))).length == 0 && end < in.len)
            end++;
        named = inside && by.c == '=' && redact_is_parameter(r, str_head(in, end));
        inside |= by.c == '?' || by.c == '#';
        redact_put(r, out, str_head(in, end + by.length));
        in = str_skip(in, end + by.length);
        if (!named)
            continue;
        redact_put_mask(r, out);
        in = str_skip(in, str_find_any(in, str_of(place->value_ends)));
    }
}
