#include "replay/plan_host.h"

static bool is_port(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    }
    return true;
}

/* More than one colon without brackets is an IPv6 address, whose end is no port. */
struct str plan_host_name(struct str authority)
{
    size_t colon = str_find(authority, ':');
    struct str behind = str_skip(authority, colon + 1);

    if (str_starts(authority, STR("["))) {
        size_t end = str_find(authority, ']');

        behind = str_skip(authority, end + 1);
        if (end < authority.len && (behind.len == 0 || behind.data[0] == ':'))
            return str_from(authority.data + 1, end - 1);
        return authority;
    }
    return colon < authority.len && is_port(behind) ? str_head(authority, colon) : authority;
}

static bool is_suffix(struct str host)
{
    return str_starts(host, STR("*"));
}

static struct str key_of(struct str host)
{
    return is_suffix(host) ? str_skip(host, 1) : plan_host_name(host);
}

size_t plan_host_rank(struct str host, struct str name)
{
    struct str key = key_of(host);

    if (!is_suffix(host))
        return str_ieq(key, name) ? PLAN_HOST_EXACT : 0;
    if (key.len == 0)
        return 1;
    return name.len > key.len && str_ieq(str_skip(name, name.len - key.len), key) ? key.len + 1 : 0;
}

/* ---- the table ------------------------------------------------------------------- */

/* FNV-1a from the end to the beginning, so that the hashes of all suffixes are met on
 * the way to that of the whole. */
enum { SUFFIX_SALT = 0x5f };
static const uint64_t hash_start = 0xcbf29ce484222325;

static uint64_t hash_on(uint64_t hash, char c)
{
    return (hash ^ (unsigned char)str_lower(c)) * 0x100000001b3;
}

static uint64_t hash_of(struct str key, bool suffix)
{
    uint64_t hash = hash_start;

    for (size_t i = key.len; i-- > 0;)
        hash = hash_on(hash, key.data[i]);
    return suffix ? hash ^ SUFFIX_SALT : hash;
}

int plan_hosts_init(struct plan_hosts *h, size_t n, struct arena *mem, struct err *e)
{
    *h = (struct plan_hosts){.n_slots = 8, .mem = mem};
    while (h->n_slots < n * 2)
        h->n_slots *= 2;
    h->slots = arena_array(mem, h->n_slots, sizeof(struct plan_host *), e);
    return h->slots ? 0 : -1;
}

static struct plan_host **slot_of(const struct plan_hosts *h, uint64_t hash)
{
    return &h->slots[(hash ^ hash >> 32) & (h->n_slots - 1)];
}

static struct plan_host *look_up(const struct plan_hosts *h, struct str key, bool suffix,
                                 uint64_t hash)
{
    struct plan_host *host = *slot_of(h, hash);

    while (host && !(host->hash == hash && host->is_suffix == suffix && str_ieq(host->key, key)))
        host = host->chain;
    return host;
}

struct plan_host *plan_hosts_add(struct plan_hosts *h, struct str text, struct err *e)
{
    bool suffix = is_suffix(text);
    struct str key = key_of(text);
    uint64_t hash = hash_of(key, suffix);
    struct plan_host *host = look_up(h, key, suffix, hash), **slot = slot_of(h, hash);

    if (host)
        return host;
    host = arena_alloc(h->mem, sizeof *host, e);
    if (!host)
        return NULL;
    *host = (struct plan_host){
        .next = h->all, .chain = *slot, .key = key, .is_suffix = suffix, .hash = hash};
    h->all = *slot = host;
    h->count++;
    if (suffix && key.len) {
        h->begins_suffix[(unsigned char)str_lower(key.data[0])] = true;
        h->begins_suffix[(unsigned char)((unsigned char)str_lower(key.data[0]) & ~0x20)] = true;
    }
    return host;
}

struct plan_host *plan_hosts_find(const struct plan_hosts *h, struct str name)
{
    struct plan_host *best = look_up(h, (struct str){0}, true, hash_start ^ SUFFIX_SALT), *host;
    uint64_t hash = hash_start;

    for (size_t i = name.len; i-- > 0;) {
        hash = hash_on(hash, name.data[i]);
        if (i == 0 || !h->begins_suffix[(unsigned char)name.data[i]])
            continue;
        host = look_up(h, str_skip(name, i), true, hash ^ SUFFIX_SALT);
        best = host ? host : best;
    }
    host = look_up(h, name, false, hash);
    return host ? host : best;
}
