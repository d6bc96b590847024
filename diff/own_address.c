#include "diff/own_address.h"

enum { HIDE_MAX = 16 * 1024 * 1024, HITS_MAX = 100000 };

struct own_address own_address_of(struct str url)
{
    struct own_address own = {0};
    size_t scheme = str_istarts(url, STR("http://"))    ? 7
                    : str_istarts(url, STR("https://")) ? 8
                                                        : 0;
    struct str rest = str_skip(url, scheme);
    size_t n = str_find(rest, '/'), port;

    if (scheme == 0 || n == 0)
        return own;
    own.authority = str_head(rest, n);
    own.origin = str_head(url, scheme + n);
    port = own.authority.data[0] == '[' ? str_find(own.authority, ']') + 1
                                        : str_find(own.authority, ':');
    own.host = str_head(own.authority, port);
    return own;
}

static bool is_of_a_host(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* 10.0.0.5:80 is not in 110.0.0.5:80, nor in 10.0.0.5:8080 or 10.0.0.5:80.example. */
static bool stands_alone(struct str text, size_t at, size_t len)
{
    bool before = at == 0 || !(is_of_a_host(text.data[at - 1]) || text.data[at - 1] == '.');
    struct str behind = str_skip(text, at + len);

    if (!before || behind.len == 0)
        return before;
    if (is_of_a_host(behind.data[0]))
        return false;
    return !(behind.len > 1 && (behind.data[0] == '.' || behind.data[0] == ':') &&
             is_of_a_host(behind.data[1]));
}

/* The next place from `from` on, or text.len. */
static size_t find(struct str text, size_t from, struct str what)
{
    while (from < text.len) {
        const char *hit = memmem(text.data + from, text.len - from, what.data, what.len);

        if (!hit)
            break;
        from = (size_t)(hit - text.data);
        if (stands_alone(text, from, what.len))
            return from;
        from++;
    }
    return text.len;
}

static size_t count(struct str text, struct str what)
{
    size_t n = 0;

    for (size_t at = find(text, 0, what); at < text.len; at = find(text, at + what.len, what))
        n++;
    return n;
}

/* An authority with the scheme of the target in front of it is an origin. */
static size_t begin_of(const struct own_address *own, struct str text, size_t done, size_t at)
{
    size_t scheme = own->origin.len - own->authority.len;

    if (at - done >= scheme &&
        str_ieq(str_from(text.data + at - scheme, scheme), str_head(own->origin, scheme)))
        return at - scheme;
    return at;
}

static char *put(char *to, struct str s)
{
    if (s.len)
        memcpy(to, s.data, s.len);
    return to + s.len;
}

int own_address_hide(const struct own_address *own, struct str text, struct arena *mem,
                     struct str *out, struct err *e)
{
    const struct str token = STR(OWN_ADDRESS_TOKEN);
    bool known = own && own->authority.len && text.len <= HIDE_MAX;
    size_t done = 0, hits = known ? count(text, own->authority) : 0;
    char *copy, *to;

    *out = text;
    if (hits == 0 || hits > HITS_MAX)
        return 0;
    copy = to = arena_alloc(mem, text.len + hits * token.len, e);
    if (!copy)
        return -1;
    for (size_t at = find(text, 0, own->authority); at < text.len;
         at = find(text, at + own->authority.len, own->authority)) {
        size_t begin = begin_of(own, text, done, at);

        to = put(put(to, str_from(text.data + done, begin - done)), token);
        done = at + own->authority.len;
    }
    to = put(to, str_skip(text, done));
    *out = str_from(copy, (size_t)(to - copy));
    return 0;
}
