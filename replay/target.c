#include "replay/target.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/un.h>

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "replay/url.h"

/* A new string of all parts, one after the other. NULL without memory. */
static char *join(const struct str *parts, size_t n)
{
    struct buf text;

    buf_init(&text, (size_t)2 * URL_MAX_LEN);
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

    if (url_parse(&url, text, e) < 0)
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
    if (text.len > URL_MAX_LEN)
        return err_set(e, ERR_USAGE, "%s: the URL is longer than %d bytes", name, URL_MAX_LEN);
    snprintf(parsed.name, sizeof parsed.name, "%s", name);
    if (str_istarts(text, STR("unix:")))
        rc = fill_from_socket(&parsed, path, e);
    else
        rc = fill_from_url(&parsed, text, e);
    if (rc == 0 && (!parsed.origin || !parsed.authority || !parsed.prefix))
        rc = err_nomem(e, "reading a URL");
    if (rc < 0) {
        target_release(&parsed);
        if (strchr(url, '@')) /* what stands before it is not for logs */
            return err_wrap(e, "%s", name);
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
