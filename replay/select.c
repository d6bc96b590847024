/* The hash is FNV-1a with the finaliser of MurmurHash3 (both public domain)
 * behind it. FNV-1a alone is not even on keys that count up: of 10,000 such
 * keys it chose 8580 for 10 %. With the finaliser every bit of the key moves
 * every bit of the hash. */
#include "replay/select.h"

#include <arpa/inet.h>

#include "core/http.h"

static const uint64_t fnv_offset = UINT64_C(0xcbf29ce484222325);
static const uint64_t fnv_prime = UINT64_C(0x100000001b3);

static uint64_t fnv1a(uint64_t h, struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        h = (h ^ (unsigned char)bytes.data[i]) * fnv_prime;
    return h;
}

void select_init(struct select *s, const char *seed, uint32_t ppm)
{
    select_init_apart(s, seed, "");
    s->ppm = ppm;
}

void select_init_apart(struct select *s, const char *seed, const char *what)
{
    uint64_t h = fnv1a(fnv_offset, str_of(seed ? seed : SELECT_DEFAULT_SEED));

    *s = (struct select){.seeded = fnv1a(fnv1a(h, str_of(what)), str_from("", 1))};
}

uint64_t select_mix(uint64_t v)
{
    v ^= v >> 33;
    v *= UINT64_C(0xff51afd7ed558ccd);
    v ^= v >> 33;
    v *= UINT64_C(0xc4ceb9fe1a85ec53);
    return v ^ v >> 33;
}

uint64_t select_hash(const struct select *s, struct str key)
{
    return select_mix(fnv1a(s->seeded, key));
}

/* The upper half of the product, without a 128-bit type, which ISO C does not
 * have: as one learns to multiply at school, in digits of 32 bits. */
uint64_t select_scale(uint64_t hash, uint64_t n)
{
    uint64_t low = (hash & UINT32_MAX) * (n & UINT32_MAX);
    uint64_t one = (hash >> 32) * (n & UINT32_MAX) + (low >> 32);
    uint64_t other = (hash & UINT32_MAX) * (n >> 32) + (one & UINT32_MAX);

    return (hash >> 32) * (n >> 32) + (one >> 32) + (other >> 32);
}

uint32_t select_position(uint64_t hash)
{
    return (uint32_t)select_scale(hash, SELECT_ALL);
}

bool select_key(const struct select *s, struct str key)
{
    return select_position(select_hash(s, key)) < s->ppm;
}

/* ---- keys -------------------------------------------------------------- */

static bool is_hex(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return true;
}

static bool is_all_zero(struct str s)
{
    while (s.len && s.data[0] == '0')
        s = str_skip(s, 1);
    return s.len == 0;
}

/* W3C Trace Context, 3.2: version "-" trace-id "-" parent-id "-" flags. */
static bool read_traceparent(struct str value, struct str *key)
{
    struct str version = str_cut(&value, '-');
    struct str id = str_cut(&value, '-');

    /* Version ff is invalid, and one that is to come still begins like this. */
    if (version.len != 2 || id.len != 32 || !is_hex(version) || str_ieq(version, STR("ff")) ||
        !is_hex(id) || is_all_zero(id))
        return false;
    *key = id;
    return true;
}

/* B3: 64 or 128 bits; in the single header the trace id comes first, unless it
 * says no more than whether to sample ("b3: 0"). */
static bool read_b3(struct str value, struct str *key)
{
    struct str id = str_cut(&value, '-');

    if ((id.len != 16 && id.len != 32) || !is_hex(id) || is_all_zero(id))
        return false;
    *key = id;
    return true;
}

static bool is_uuid(struct str s)
{
    static const size_t hyphens[] = {8, 13, 18, 23};

    if (s.len != 36)
        return false;
    for (size_t i = 0; i < sizeof hyphens / sizeof *hyphens; i++) {
        if (s.data[hyphens[i]] != '-')
            return false;
    }
    return true;
}

/* Envoy writes its decision to trace into character 14 of a UUID, so that one
 * is put back to what a random UUID has there (RFC 9562, 5.4). */
static bool read_request_id(struct str value, char room[SELECT_KEY_ROOM], struct str *key)
{
    if (value.len == 0)
        return false;
    *key = value;
    if (is_uuid(value)) {
        memcpy(room, value.data, value.len);
        room[14] = '4';
        *key = str_from(room, value.len);
    }
    return true;
}

static char *put_le(char *p, uint64_t v, unsigned bytes)
{
    while (bytes--) {
        *p++ = (char)(v & 0xff);
        v >>= 8;
    }
    return p;
}

static char *put_endpoint(char *p, const struct endpoint *ep)
{
    *p++ = (char)ep->family;
    memcpy(p, ep->address, sizeof ep->address);
    return put_le(p + sizeof ep->address, ep->port, 2);
}

/* Not the ordinal: that changes with loss and with filters. */
static struct str place_in_capture(const struct exchange *x, char room[SELECT_KEY_ROOM])
{
    char *p = put_endpoint(put_endpoint(room, &x->client), &x->server);

    p = put_le(p, x->index, 4);
    p = put_le(p, (uint64_t)x->request_first_ns, 8);
    return str_from(room, (size_t)(p - room));
}

/* The first that names the request, from the surest on. */
static struct str auto_key(const struct exchange *x, const struct facts *f,
                           char room[SELECT_KEY_ROOM])
{
    struct str key;

    if (read_traceparent(f->field[FACT_TRACEPARENT], &key) ||
        read_b3(f->field[FACT_B3_TRACE_ID], &key) || read_b3(f->field[FACT_B3], &key) ||
        read_request_id(f->field[FACT_REQUEST_ID], room, &key))
        return key;
    return place_in_capture(x, room);
}

static bool header_key(struct str head, struct str name, char room[SELECT_KEY_ROOM],
                       struct str *key)
{
    if (!http_find_field(head, name, key))
        return false;
    if (str_ieq(name, STR("x-request-id")))
        return read_request_id(*key, room, key);
    return key->len > 0;
}

/* The names of cookies are case-sensitive (RFC 6265, 5.4). An empty value says
 * no more than a missing one. */
static bool cookie_key(struct str head, struct str name, struct str *key)
{
    struct str rest = http_fields(head);
    struct http_field field;

    while (http_next_field(&rest, &field)) {
        while (str_ieq(field.name, STR("Cookie")) && field.value.data) {
            struct str value = str_cut(&field.value, ';');

            if (!str_eq(str_trim(str_cut(&value, '=')), name))
                continue;
            *key = str_trim(value);
            return key->len > 0;
        }
    }
    return false;
}

static bool client_key(const struct endpoint *client, char room[SELECT_KEY_ROOM], struct str *key)
{
    int family = client->family == 6 ? AF_INET6 : AF_INET;

    if (client->family == 0 || !inet_ntop(family, client->address, room, SELECT_KEY_ROOM))
        return false;
    *key = str_of(room);
    return true;
}

static bool named_key(const struct select *s, const struct exchange *x, char room[SELECT_KEY_ROOM],
                      struct str *key)
{
    switch (s->key) {
    case KEY_HEADER:
        return header_key(x->request.head, s->key_name, room, key);
    case KEY_COOKIE:
        return cookie_key(x->request.head, s->key_name, key);
    case KEY_CLIENT_IP:
        return client_key(&x->client, room, key);
    default:
        return false;
    }
}

bool select_find_key(const struct select *s, const struct exchange *x, const struct facts *f,
                     char room[SELECT_KEY_ROOM], struct str *key)
{
    if (s->key == KEY_AUTO) {
        *key = auto_key(x, f, room);
        return true;
    }
    if (named_key(s, x, room, key))
        return true;
    if (s->key != KEY_REQUEST && !s->missing_is_place)
        return false;
    *key = place_in_capture(x, room);
    return true;
}
