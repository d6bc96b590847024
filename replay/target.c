#include "replay/target.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/un.h>

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"

enum { MAX_URL = 8 * 1024 };

/* A URL cut into its parts; views into it. */
struct url {
    bool tls;
    struct str host; /* with the brackets of an IPv6 address */
    struct str port; /* empty: the default one */
    struct str path;
};

static bool is_host_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_';
}

static int check_host(struct str host, struct err *e)
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

static int check_port(struct str port, struct err *e)
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

static int parse_authority(struct str authority, struct url *url, struct err *e)
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
    if (has_port && check_port(url->port, e) < 0)
        return -1;
    return check_host(url->host, e);
}

static int parse_url(struct str text, struct url *url, struct err *e)
{
    size_t end = 0;

    *url = (struct url){.tls = str_istarts(text, STR("https://"))};
    if (!url->tls && !str_istarts(text, STR("http://")))
        return err_set(e, ERR_USAGE, "not a URL (http://HOST:PORT, https://HOST:PORT, unix:/PATH)");
    text = str_skip(text, url->tls ? 8 : 7);
    while (end < text.len && !strchr("/?#", text.data[end]))
        end++;
    url->path = str_skip(text, end);
    if (parse_authority(str_head(text, end), url, e) < 0 || check_path(url->path, e) < 0)
        return -1;
    while (url->path.len && url->path.data[url->path.len - 1] == '/')
        url->path.len--;
    return 0;
}

/* A new string of all parts, one after the other. NULL without memory. */
static char *join(const struct str *parts, size_t n)
{
    struct buf text;

    buf_init(&text, (size_t)2 * MAX_URL);
    for (size_t i = 0; i < n; i++) {
        if (buf_add(&text, parts[i], NULL) < 0) {
            buf_release(&text);
            return NULL;
        }
    }
    return text.data;
}

#define JOIN(...) \
    join((const struct str[]){__VA_ARGS__}, sizeof(struct str[]){__VA_ARGS__} / sizeof(struct str))

static int fill_from_url(struct target *t, struct str text, struct err *e)
{
    struct str usual;
    struct url url;

    if (parse_url(text, &url, e) < 0)
        return -1;
    usual = url.tls ? STR("443") : STR("80");
    t->tls = url.tls;
    if (url.port.len == 0 || str_eq(url.port, usual)) {
        url.port = usual;
        t->authority = JOIN(url.host);
    } else {
        t->authority = JOIN(url.host, STR(":"), url.port);
    }
    t->origin =
        JOIN(t->tls ? STR("https://") : STR("http://"), url.host, STR(":"), url.port, STR("/"));
    t->prefix = JOIN(STR(""), url.path);
    return 0;
}

static int fill_from_socket(struct target *t, struct str path, struct err *e)
{
    struct sockaddr_un address;

    if (str_starts(path, STR("///")))
        path = str_skip(path, 2);
    if (path.len < 2 || path.data[0] != '/' || path.data[1] == '/')
        return err_set(e, ERR_USAGE, "a socket is written unix:/PATH or unix:///PATH");
    if (path.len >= sizeof address.sun_path)
        return err_set(e, ERR_USAGE, "the path of a socket has less than %zu characters",
                       sizeof address.sun_path);
    t->unix_path = JOIN(path);
    t->origin = JOIN(STR("http://localhost/"));
    t->authority = JOIN(STR("localhost"));
    t->prefix = JOIN(STR(""));
    return t->unix_path ? 0 : err_nomem(e, "reading a URL");
}

int target_parse(struct target *t, const char *name, const char *url, struct err *e)
{
    struct str text = str_of(url);
    struct str path = str_skip(text, 5);
    struct target parsed = {0};
    int rc;

    if (text.len == 0)
        return err_set(e, ERR_USAGE, "%s: there is no URL", name);
    if (text.len > MAX_URL)
        return err_set(e, ERR_USAGE, "%s: the URL is longer than %d bytes", name, MAX_URL);
    snprintf(parsed.name, sizeof parsed.name, "%s", name);
    if (str_istarts(text, STR("unix:")))
        rc = fill_from_socket(&parsed, path, e);
    else
        rc = fill_from_url(&parsed, text, e);
    if (rc == 0 && (!parsed.origin || !parsed.authority || !parsed.prefix))
        rc = err_nomem(e, "reading a URL");
    if (rc < 0) {
        target_release(&parsed);
        return err_wrap(e, "%s: \"%s\"", name, url);
    }
    *t = parsed;
    return 0;
}

void target_release(struct target *t)
{
    mem_free(t->origin);
    mem_free(t->unix_path);
    mem_free(t->authority);
    mem_free(t->prefix);
    *t = (struct target){0};
}
