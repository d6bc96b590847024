#include "replay/resolve.h"

#include <arpa/inet.h>

#include "replay/url.h"

struct entry {
    struct str host, port, addresses;
};

static int check_address(struct str address, struct err *e)
{
    bool brackets =
        address.len > 1 && address.data[0] == '[' && address.data[address.len - 1] == ']';
    char text[INET6_ADDRSTRLEN];
    struct in6_addr room;

    if (brackets)
        address = str_from(address.data + 1, address.len - 2);
    if (address.len < sizeof text) {
        memcpy(text, address.data, address.len);
        text[address.len] = '\0';
        if ((!brackets && inet_pton(AF_INET, text, &room) == 1) ||
            inet_pton(AF_INET6, text, &room) == 1)
            return 0;
    }
    return err_set(e, ERR_USAGE, "\"%.*s\" is not an address", STR_ARG(address));
}

static int parse(struct entry *entry, struct str text, struct err *e)
{
    size_t host = text.len && text.data[0] == '[' ? str_find(text, ']') + 1 : str_find(text, ':');

    if (host >= text.len || text.data[host] != ':')
        return err_set(e, ERR_USAGE, "not HOST:PORT:ADDRESS[,ADDRESS]");
    entry->host = str_head(text, host);
    entry->addresses = str_skip(text, host + 1);
    entry->port = str_cut(&entry->addresses, ':');
    if (!entry->addresses.data)
        return err_set(e, ERR_USAGE, "not HOST:PORT:ADDRESS[,ADDRESS]");
    if (url_check_host(entry->host, e) < 0 || url_check_port(entry->port, e) < 0)
        return -1;
    for (struct str rest = entry->addresses; rest.data;) {
        if (check_address(str_cut(&rest, ','), e) < 0)
            return -1;
    }
    return 0;
}

static bool is_of(const struct entry *entry, struct str host, struct str port)
{
    return str_ieq(entry->host, host) && str_eq(entry->port, port);
}

static bool is_of_target(const struct entry *entry, const struct target *t)
{
    struct url url;

    return !t->unix_path && url_parse(&url, str_of(t->origin), NULL) == 0 &&
           is_of(entry, url.host, url.port);
}

/* Is there anything that this address is for? */
static int check_use(const struct entry *entry, const struct target *targets, size_t n_targets,
                     const struct proxy *proxy, struct err *e)
{
    if (proxy->url && is_of(entry, proxy->host, proxy->port))
        return 0;
    for (size_t i = 0; i < n_targets; i++) {
        if (!is_of_target(entry, &targets[i]))
            continue;
        if (proxy->url && proxy->looks_up_names)
            return err_set(e, ERR_USAGE, "the proxy looks this name up, not we");
        return 0;
    }
    return err_set(e, ERR_USAGE, "no target has this host and port");
}

int resolve_check(const char *text, const struct target *targets, size_t n_targets,
                  const struct proxy *proxy, struct err *e)
{
    struct entry entry = {0};

    if (parse(&entry, str_of(text), e) < 0 || check_use(&entry, targets, n_targets, proxy, e) < 0)
        return err_wrap(e, "resolve \"%s\"", text);
    return 0;
}
