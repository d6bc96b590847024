#include "cli/proxy_option.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"

/* What stands between // and the last @ before the path. */
static struct str find_user(struct str url)
{
    struct str rest = str_skip(url, str_find(url, '/') + 2);
    size_t n = str_find(rest, '/');

    while (n > 0 && rest.data[n - 1] != '@')
        n--;
    return str_head(rest, n ? n - 1 : 0);
}

/* Arguments may be written to, though options are told not to. */
static void hide_user(const char *argument)
{
    struct str user = find_user(str_of(argument));

    if (user.len)
        memset((char *)(uintptr_t)user.data, '*', user.len);
}

static int read_first_line(char *line, size_t room, const char *path, struct err *e)
{
    FILE *file = fopen(path, "re");
    int rc = 0;

    if (!file)
        return err_set(e, ERR_USAGE, "%s: %s", path, strerror(errno));
    if (!fgets(line, (int)room, file))
        rc = err_set(e, ERR_USAGE, "%s: %s", path, ferror(file) ? strerror(errno) : "it is empty");
    fclose(file);
    line[rc == 0 ? strcspn(line, "\r\n") : 0] = '\0';
    return rc;
}

int option_proxy(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    struct proxy_option *proxy = field;

    (void)spec;
    if (value[0] == '@')
        return read_first_line(proxy->url, sizeof proxy->url, value + 1, e);
    if (!*value)
        return err_set(e, ERR_USAGE, "the argument is empty");
    if (strlen(value) >= sizeof proxy->url)
        return err_set(e, ERR_USAGE, "the URL is longer than %zu bytes", sizeof proxy->url - 1);
    memcpy(proxy->url, value, strlen(value) + 1);
    hide_user(value);
    return 0;
}
