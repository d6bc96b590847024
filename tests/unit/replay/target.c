#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "replay/target.h"

static void assert_target(const char *url, const char *origin, const char *authority,
                          const char *prefix)
{
    struct target t = {0};
    struct err e = {0};

    if (target_parse(&t, "v1", url, &e) < 0)
        fail_msg("%s", e.text);
    assert_string_equal(t.name, "v1");
    assert_string_equal(t.origin, origin);
    assert_string_equal(t.authority, authority);
    assert_string_equal(t.prefix, prefix);
    target_release(&t);
}

static void assert_refused(const char *url, const char *reason)
{
    struct target t = {.tls = true};
    struct err e = {0};

    assert_int_equal(target_parse(&t, "v2", url, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    if (!strstr(e.text, reason) || strncmp(e.text, "v2: ", 4) != 0)
        fail_msg("%s: %s", url, e.text);
    assert_null(t.origin);
    assert_true(t.tls);
}

static void parts_of_urls_are_found(void **state)
{
    (void)state;
    assert_target("http://localhost:8081", "http://localhost:8081/", "localhost:8081", "");
    assert_target("http://movies", "http://movies:80/", "movies", "");
    assert_target("http://movies:80/", "http://movies:80/", "movies", "");
    assert_target("https://movies.example", "https://movies.example:443/", "movies.example", "");
    assert_target("https://m:80", "https://m:80/", "m:80", "");
    assert_target("HTTP://M/a/b//", "http://M:80/", "M", "/a/b");
    assert_target("http://127.0.0.1:3000/base", "http://127.0.0.1:3000/", "127.0.0.1:3000",
                  "/base");
    assert_target("http://[::1]:3000", "http://[::1]:3000/", "[::1]:3000", "");
    assert_target("http://[fe80::1]", "http://[fe80::1]:80/", "[fe80::1]", "");
}

static void sockets_are_written_with_one_slash_or_three(void **state)
{
    struct target t = {0};

    (void)state;
    assert_target("unix:/run/s.sock", "http://localhost/", "localhost", "");
    assert_int_equal(target_parse(&t, "v1", "unix:///run/s.sock", NULL), 0);
    assert_string_equal(t.unix_path, "/run/s.sock");
    target_release(&t);
    assert_refused("unix:s.sock", "unix:/PATH");
    assert_refused("unix://host/s.sock", "unix:/PATH");
    assert_refused("unix:/", "unix:/PATH");
    assert_refused("unix:/0123456789012345678901234567890123456789012345678901234567890123456789"
                   "0123456789012345678901234567890123456789",
                   "less than");
}

static void what_is_no_url_is_refused_with_the_reason(void **state)
{
    (void)state;
    assert_refused("", "there is no URL");
    assert_refused("locahost:8081", "not a URL");
    assert_refused("ftp://host", "not a URL");
    assert_refused("http://", "no host");
    assert_refused("http://:80", "no host");
    assert_refused("http://user:secret@host/", "no user or password");
    assert_refused("http://host:", "a port is a number");
    assert_refused("http://host:0", "a port is a number");
    assert_refused("http://host:65536", "a port is a number");
    assert_refused("http://host:80x", "a port is a number");
    assert_refused("http://ho st", "host name");
    assert_refused("http://host\r\nX", "host name");
    assert_refused("http://[::1", "']'");
    assert_refused("http://[::1]x", "':'");
    assert_refused("http://[]", "IPv6");
    assert_refused("http://[::g]", "IPv6");
    assert_refused("http://host/a?b", "only a path");
    assert_refused("http://host/a#b", "only a path");
    assert_refused("http://host/a b", "blanks");
    assert_refused("http://host/\xc3\xa4", "blanks");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_urls_are_found),
        cmocka_unit_test(sockets_are_written_with_one_slash_or_three),
        cmocka_unit_test(what_is_no_url_is_refused_with_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
