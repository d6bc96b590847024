#include "core/http.h"

#include <stddef.h>
#include <string.h>

/* RFC 9110, 5.6.2: tchar, by byte; above ASCII there is none. */
static bool is_tchar(unsigned char c)
{
    /* clang-format off */
    static const char kinds[256] =
        "                "
        "                "
        " t ttttt  tt tt "  /*  !"#$%&'()*+,-./ */
        "tttttttttt      "  /* 0123456789:;<=>? */
        " ttttttttttttttt"  /* @ABCDEFGHIJKLMNO */
        "ttttttttttt   tt"  /* PQRSTUVWXYZ[\]^_ */
        "tttttttttttttttt"  /* `abcdefghijklmno */
        "ttttttttttt t t "; /* pqrstuvwxyz{|}~  */
    /* clang-format on */

    return kinds[c] == 't';
}

size_t http_token_span(struct str s)
{
    size_t n = 0;

    while (n < s.len && is_tchar((unsigned char)s.data[n]))
        n++;
    return n;
}

bool http_is_token(struct str s)
{
    return s.len > 0 && http_token_span(s) == s.len;
}

const char *http_flag_name(uint32_t flag)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {
        {HTTP_GAP, "gap"},
        {HTTP_TRUNCATED, "truncated"},
        {HTTP_RESET, "rst"},
        {HTTP_CUT, "cut"},
        {HTTP_OVERLAP_CONFLICT, "overlap_conflict"},
        {HTTP_EARLY_RESPONSE, "early_response"},
        {HTTP_CL_TE, "smuggling_cl_te"},
        {HTTP_CL_CONFLICT, "cl_conflict"},
        {HTTP_TE_IN_10, "te_in_10"},
        {HTTP_TE_UNKNOWN, "te_unknown"},
        {HTTP_BAD_CHUNK, "bad_chunk"},
        {HTTP_CHUNK_EXT, "chunk_ext"},
        {HTTP_BARE_LF, "bare_lf"},
        {HTTP_OBS_FOLD, "obs_fold"},
        {HTTP_BAD_FIELD, "bad_field"},
        {HTTP_BAD_LINE, "bad_line"},
        {HTTP_09, "http09"},
        {HTTP_HEAD_TOO_LARGE, "head_too_large"},
        {HTTP_MIDSTREAM, "midstream"},
        {HTTP_URGENT, "urg"},
        {HTTP_AFTER_ANOMALY, "after_anomaly"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].flag == flag)
            return names[i].name;
    }
    return "unknown";
}

/* The first line, without its line break. */
static struct str first_line(struct str head)
{
    struct str line = str_head(head, str_find(head, '\n'));

    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* "HTTP/" DIGIT "." DIGIT (RFC 9112, 2.3). */
static bool is_any_version(struct str s)
{
    return s.len == 8 && str_starts(s, STR("HTTP/")) && str_is_digit(s.data[5]) &&
           s.data[6] == '.' && str_is_digit(s.data[7]);
}

/* Only major version 1 is ours. */
static bool is_version(struct str s)
{
    return is_any_version(s) && s.data[5] == '1';
}

/* RFC 9112, 3.2: no white space in a target, and RFC 3986 has no controls. */
static bool is_odd(struct str target)
{
    for (size_t i = 0; i < target.len; i++) {
        if ((unsigned char)target.data[i] <= ' ')
            return true;
    }
    return target.len == 0;
}

/* RFC 9112, 3: what some readers take for the SP between words, and leave out
 * around them. */
static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r' && c != '\n');
}

static size_t word_span(struct str s)
{
    size_t n = 0;

    while (n < s.len && !is_blank(s.data[n]))
        n++;
    return n;
}

static struct str trim_blanks(struct str s)
{
    while (s.len && is_blank(s.data[0]))
        s = str_skip(s, 1);
    while (s.len && is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

/* The target ends at the first blank and the version follows the last: targets
 * with blanks in them are wrong, but scanners send them, and servers answer. */
bool http_request_line(struct str head, struct http_request_line *line)
{
    struct str all = first_line(head), words = trim_blanks(all);
    struct str method = str_head(words, word_span(words));
    struct str rest = str_skip(words, method.len + 1);
    struct str target = str_head(rest, word_span(rest));
    bool odd = words.len < all.len || target.len == 0 || is_odd(target);
    size_t last;

    if (!http_is_token(method) || method.len > 64 || method.len == words.len)
        return false;
    for (last = rest.len; last > 0 && !is_blank(rest.data[last - 1]); last--)
        ;
    if (last > 0 && is_version(str_skip(rest, last))) {
        odd |=
            target.len + 1 != last || words.data[method.len] != ' ' || rest.data[last - 1] != ' ';
        *line = (struct http_request_line){method, target, str_skip(rest, last), odd};
        return true;
    }
    /* HTTP/0.9 knew GET and no more; without a version little speaks for HTTP. */
    if (last > 0 || odd || !str_eq(method, STR("GET")) || !str_starts(target, STR("/")))
        return false;
    *line = (struct http_request_line){.method = method, .target = target};
    return true;
}

bool http_may_become_request(struct str head)
{
    struct str words = trim_blanks(head);
    struct str method = str_head(words, word_span(words));

    return words.len == 0 || (http_is_token(method) && method.len <= 64);
}

bool http_garbled_line(struct str head, struct http_request_line *line)
{
    struct str all = first_line(head), target = all;
    struct str method = str_cut(&target, ' '), version = {0};

    for (size_t i = 0; i < all.len; i++) {
        if ((unsigned char)all.data[i] < ' ' && all.data[i] != '\t')
            return false;
    }
    if (target.len >= 8 && is_any_version(str_skip(target, target.len - 8))) {
        version = str_skip(target, target.len - 8);
        target.len -= target.len > 8 ? 9 : 8;
    }
    *line = (struct http_request_line){method, target, version, .odd = true};
    return method.len > 0;
}

/* Could this be the beginning of a target, in one of its four forms (RFC 9112,
 * 3.2)? Other protocols have words like GET too. */
static bool begins_target(struct str method, struct str target)
{
    if (target.len == 0 || is_odd(target))
        return false;
    if (str_eq(method, STR("CONNECT")))
        return true;
    if (str_eq(method, STR("OPTIONS")) && str_eq(target, STR("*")))
        return true;
    return target.data[0] == '/' || str_istarts(target, STR("http:")) ||
           str_istarts(target, STR("https:"));
}

bool http_request_start(struct str head, struct http_request_line *line)
{
    struct str rest = head, method, target, version = STR("HTTP/1.");

    if (http_request_line(head, line))
        return true;
    if (str_find(head, '\n') < head.len)
        return false;
    method = str_cut(&rest, ' ');
    target = str_cut(&rest, ' ');
    if (!http_is_known_method(method) || !begins_target(method, target) ||
        !str_eq(str_head(rest, version.len), str_head(version, rest.len)))
        return false;
    *line = (struct http_request_line){.method = method, .target = target};
    return true;
}

struct str http_skip_empty_lines(struct str bytes)
{
    while (bytes.len && (bytes.data[0] == '\r' || bytes.data[0] == '\n'))
        bytes = str_skip(bytes, 1);
    return bytes;
}

/* What follows the first word, without the white space between. */
static struct str second_word(struct str line)
{
    line = str_skip(line, word_span(line));
    while (line.len && is_blank(line.data[0]))
        line = str_skip(line, 1);
    return line;
}

/* RFC 9112, 4: some readers take any white space for the SP between words, and so
 * do clients that are answered like that. */
bool http_status_line(struct str head, struct http_status_line *line)
{
    struct str all = first_line(head), version = str_head(all, word_span(all));
    struct str rest = second_word(all), digits = str_head(rest, 3);
    bool odd = version.len + 1 + rest.len != all.len || all.data[version.len] != ' ';
    uint64_t status;

    if (!is_version(version) || digits.len < 3 || !str_to_u64(digits, &status) || status < 100)
        return false;
    rest = str_skip(rest, 3);
    if (rest.len && !is_blank(rest.data[0]))
        return false;
    odd |= rest.len && rest.data[0] != ' ';
    *line = (struct http_status_line){version, str_skip(rest, 1), (int)status, odd};
    return true;
}

bool http_may_become_status(struct str head)
{
    struct http_status_line line;

    return second_word(head).len <= 3 || http_status_line(head, &line);
}

/* The position of the first of these characters, or s.len. */
static size_t find_any(struct str s, char c1, char c2, char c3, char c4)
{
    size_t i = 0;

    while (i < s.len && s.data[i] != c1 && s.data[i] != c2 && s.data[i] != c3 && s.data[i] != c4)
        i++;
    return i;
}

struct str http_target_path(struct str target)
{
    size_t scheme = find_any(target, ':', '/', '?', '#');

    if (scheme && str_starts(str_skip(target, scheme), STR("://"))) {
        target = str_skip(target, scheme + 3);
        target = str_skip(target, find_any(target, '/', '/', '?', '#'));
        if (target.len == 0 || target.data[0] != '/')
            return STR("/");
    }
    return str_head(target, find_any(target, '?', '?', '#', '#'));
}

struct str http_fields(struct str head)
{
    return str_skip(head, str_find(head, '\n') + 1);
}

/* One field line with the lines folded onto it, line breaks inside kept. */
static struct str cut_field_line(struct str *rest)
{
    struct str line = *rest;
    size_t end = 0;

    do {
        end += str_find(str_skip(line, end), '\n') + 1;
    } while (end < line.len && (line.data[end] == ' ' || line.data[end] == '\t'));
    if (end > line.len)
        end = line.len;
    *rest = str_skip(line, end);
    line.len = end;
    while (line.len && (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == '\r'))
        line.len--;
    return line;
}

/* Where the colon stands, or the end. Behind a proper name it is found without
 * looking further. */
static size_t find_colon(struct str line)
{
    size_t n = http_token_span(line);

    return n < line.len && line.data[n] != ':' ? str_find(line, ':') : n;
}

bool http_next_field(struct str *rest, struct http_field *field)
{
    struct str line;
    size_t colon;

    if (rest->len == 0)
        return false;
    line = cut_field_line(rest);
    if (line.len == 0)
        return false;
    colon = find_colon(line);
    field->name = str_trim(str_head(line, colon));
    field->value = str_trim(str_skip(line, colon + 1));
    return true;
}

void http_find_fields(struct str head, const struct str *names, struct str *values, size_t n)
{
    struct str rest = http_fields(head);

    memset(values, 0, n * sizeof *values);
    while (rest.len) {
        struct str line = cut_field_line(&rest);
        size_t colon = find_colon(line);
        struct str name = str_trim(str_head(line, colon));

        if (line.len == 0)
            return;
        for (size_t i = 0; i < n; i++) {
            if (!values[i].data && str_ieq(name, names[i]))
                values[i] = str_trim(str_skip(line, colon + 1));
        }
    }
}

bool http_find_field(struct str head, struct str name, struct str *value)
{
    struct str found;

    http_find_fields(head, &name, &found, 1);
    if (found.data)
        *value = found;
    return found.data != NULL;
}

bool http_list_has(struct str list, struct str token)
{
    while (list.data) {
        if (str_ieq(str_trim(str_cut(&list, ',')), token))
            return true;
    }
    return false;
}

bool http_field_has(struct str head, struct str name, struct str token)
{
    struct str rest = http_fields(head);
    struct http_field field;

    while (http_next_field(&rest, &field)) {
        if (str_ieq(field.name, name) && http_list_has(field.value, token))
            return true;
    }
    return false;
}

static bool is_listed(const struct str *list, size_t n, struct str s)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(list[i], s))
            return true;
    }
    return false;
}

bool http_may_be_host(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] <= ' ' || s.data[i] >= 0x7f || strchr("/?#@", s.data[i]))
            return false;
    }
    return s.len > 0;
}

bool http_is_safe_method(struct str method)
{
    static const struct str safe[] = {
        STR_INIT("GET"),
        STR_INIT("HEAD"),
        STR_INIT("OPTIONS"),
        STR_INIT("TRACE"),
    };

    return is_listed(safe, sizeof safe / sizeof *safe, method);
}

bool http_is_idempotent_method(struct str method)
{
    static const struct str others[] = {STR_INIT("PUT"), STR_INIT("DELETE")};

    return http_is_safe_method(method) || is_listed(others, sizeof others / sizeof *others, method);
}

bool http_is_known_method(struct str method)
{
    /* IANA "HTTP Method Registry", but for PRI, which begins HTTP/2. */
    static const struct str known[] = {
        STR_INIT("GET"),
        STR_INIT("POST"),
        STR_INIT("HEAD"),
        STR_INIT("PUT"),
        STR_INIT("DELETE"),
        STR_INIT("OPTIONS"),
        STR_INIT("PATCH"),
        STR_INIT("CONNECT"),
        STR_INIT("TRACE"),
        STR_INIT("QUERY"),
        STR_INIT("PROPFIND"),
        STR_INIT("PROPPATCH"),
        STR_INIT("MKCOL"),
        STR_INIT("COPY"),
        STR_INIT("MOVE"),
        STR_INIT("LOCK"),
        STR_INIT("UNLOCK"),
        STR_INIT("REPORT"),
        STR_INIT("SEARCH"),
        STR_INIT("MKCALENDAR"),
        STR_INIT("ACL"),
        STR_INIT("BASELINE-CONTROL"),
        STR_INIT("BIND"),
        STR_INIT("CHECKIN"),
        STR_INIT("CHECKOUT"),
        STR_INIT("LABEL"),
        STR_INIT("LINK"),
        STR_INIT("MERGE"),
        STR_INIT("MKACTIVITY"),
        STR_INIT("MKREDIRECTREF"),
        STR_INIT("MKWORKSPACE"),
        STR_INIT("ORDERPATCH"),
        STR_INIT("REBIND"),
        STR_INIT("UNBIND"),
        STR_INIT("UNCHECKOUT"),
        STR_INIT("UNLINK"),
        STR_INIT("UPDATE"),
        STR_INIT("UPDATEREDIRECTREF"),
        STR_INIT("VERSION-CONTROL"),
    };

    return is_listed(known, sizeof known / sizeof *known, method);
}
