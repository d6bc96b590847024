#include "replay/url.h"

#include <arpa/inet.h>
#include <stddef.h>

static bool is_host_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_';
}

int url_check_host(struct str host, struct err *e)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (host.len == 0)
        return err_set(e, ERR_USAGE, "there is no host");
    if (host.data[0] == '[') {
        struct str inside = str_from(host.data + 1, host.len - 2);

        if (inside.len >= sizeof text)
            return err_set(e, ERR_USAGE, "not an IPv6 address");
        memcpy(text, inside.data, inside.len);
        text[inside.len] = '\0';
        if (inet_pton(AF_INET6, text, &address) != 1)
            return err_set(e, ERR_USAGE, "not an IPv6 address");
        return 0;
    }
    for (size_t i = 0; i < host.len; i++) {
        if (!is_host_char(host.data[i]))
            return err_set(e, ERR_USAGE, "a host name consists of letters, digits, '-' and '.'");
    }
    return 0;
}

int url_check_port(struct str port, struct err *e)
{
    uint64_t n;

    if (!str_to_u64(port, &n) || n < 1 || n > 65535)
        return err_set(e, ERR_USAGE, "a port is a number from 1 to 65535");
    return 0;
}

static int check_path(struct str path, struct err *e)
{
    for (size_t i = 0; i < path.len; i++) {
        if (path.data[i] == '?' || path.data[i] == '#')
            return err_set(e, ERR_USAGE, "only a path can be put in front of requests");
        if (path.data[i] <= ' ' || path.data[i] >= 0x7f)
            return err_set(e, ERR_USAGE, "a path has no blanks, control or non-ASCII characters");
    }
    return 0;
}

int url_parse_authority(struct url *url, struct str authority, struct err *e)
{
    bool has_port;

    if (str_find(authority, '@') < authority.len)
        return err_set(e, ERR_USAGE, "no user or password, the process list would show them");
    if (authority.len && authority.data[0] == '[') {
        size_t close = str_find(authority, ']');

        if (close == authority.len)
            return err_set(e, ERR_USAGE, "a ']' is missing");
        url->host = str_head(authority, close + 1);
        url->port = str_skip(authority, close + 1);
        has_port = url->port.len > 0;
        if (has_port && url->port.data[0] != ':')
            return err_set(e, ERR_USAGE, "a port follows behind ':'");
        url->port = str_skip(url->port, 1);
    } else {
        url->port = authority;
        url->host = str_cut(&url->port, ':');
        has_port = url->port.data != NULL;
    }
    if (has_port && url_check_port(url->port, e) < 0)
        return -1;
    return url_check_host(url->host, e);
}

int url_parse(struct url *url, struct str text, struct err *e)
{
    size_t end = 0;

    *url = (struct url){.tls = str_istarts(text, STR("https://"))};
    if (!url->tls && !str_istarts(text, STR("http://")))
        return err_set(e, ERR_USAGE, "not a URL (http://HOST:PORT, https://HOST:PORT, unix:/PATH)");
    text = str_skip(text, url->tls ? 8 : 7);
    while (end < text.len && !strchr("/?#", text.data[end]))
        end++;
    url->path = str_skip(text, end);
    if (url_parse_authority(url, str_head(text, end), e) < 0 || check_path(url->path, e) < 0)
        return -1;
    while (url->path.len && url->path.data[url->path.len - 1] == '/')
        url->path.len--;
    return 0;
}
