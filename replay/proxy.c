#include "replay/proxy.h"

#include "replay/url.h"

static const struct scheme {
    struct str prefix;
    bool looks_up_names;
} schemes[] = {
    {STR_INIT("http://"), true},
    {STR_INIT("socks5://"), false},
    {STR_INIT("socks5h://"), true},
};

static const struct scheme *scheme_of(struct str url)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (str_istarts(url, schemes[i].prefix))
            return &schemes[i];
    }
    return NULL;
}

/* Without the user and password, which may hold an '@' themselves. */
static struct str skip_user(struct str authority)
{
    size_t n = authority.len;

    while (n > 0 && authority.data[n - 1] != '@')
        n--;
    return str_skip(authority, n);
}

int proxy_parse(struct proxy *p, const char *text, struct err *e)
{
    const struct scheme *scheme = scheme_of(str_of(text));
    struct url url = {0};
    struct str rest;

    if (!scheme)
        return err_set(e, ERR_USAGE,
                       "a proxy is written http://HOST:PORT, socks5://... or socks5h://...");
    rest = skip_user(str_skip(str_of(text), scheme->prefix.len));
    if (str_ends(rest, STR("/")))
        rest.len--;
    if (url_parse_authority(&url, rest, e) < 0)
        return err_wrap(e, "the proxy's URL");
    if (url.port.len == 0)
        return err_set(e, ERR_USAGE, "the proxy's URL has no port");
    *p = (struct proxy){text, url.host, url.port, scheme->looks_up_names};
    return 0;
}
