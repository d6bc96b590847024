/* What a replay promises to send, worked out once more and differently:
 *
 *     check_echo promise RECORD          for echo_server, on standard output
 *     check_echo compare RECORD RESULT   of a replay to echo_server
 *
 * promise writes, of every whole request in the record, what must arrive: the
 * length as eight bytes, and the bytes. It goes through the raw head line by line
 * and knows the rules of replay/rewrite.h, as the manual has them, but none of its code.
 *
 * compare looks whether every exchange that was captured whole was sent to v1
 * and v2 (tunnels, our own copies and what has no request line left out) and came back as promised. Prints
 * what did not, and `N exchanges, N as promised`; exits with 1 if that differs. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <xxhash.h>

#include "core/buf.h"
#include "core/record.h"

enum { MOST = 64 << 20 };

/* The field names that Connection lists, each in commas: ",te,x-a,". */
struct names {
    char text[4096];
};

static const char hop_by_hop[] =
    ",connection,keep-alive,proxy-connection,te,upgrade,http2-settings,expect,";
static const char never_dropped[] = ",host,content-length,transfer-encoding,close,";

static void add(struct buf *b, const char *bytes, size_t n)
{
    if (buf_append(b, bytes, n, NULL) < 0)
        abort();
}

static void say(struct buf *b, const char *text)
{
    add(b, text, strlen(text));
}

/* Take the line with its end off *rest. False when nothing is left. */
static bool next_line(struct str *rest, struct str *line)
{
    *line = str_head(*rest, str_find(*rest, '\n') + 1);
    *rest = str_skip(*rest, line->len);
    return line->len > 0;
}

static size_t bare_length(struct str line)
{
    while (line.len && (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == '\r'))
        line.len--;
    return line.len;
}

static bool is_listed(const char *list, struct str name)
{
    char word[256];

    if (name.len == 0 || name.len + 3 > sizeof word)
        return false;
    snprintf(word, sizeof word, ",%.*s,", STR_ARG(name));
    return strcasestr(list, word) != NULL;
}

/* Names with blanks around them are still names to somebody. */
static struct str name_of(struct str line)
{
    return str_trim(str_head(line, str_find(str_head(line, bare_length(line)), ':')));
}

static bool is_continued(struct str rest)
{
    return rest.len && (rest.data[0] == ' ' || rest.data[0] == '\t');
}

/* A field line with the folded ones that belong to it. */
static struct str whole_field(struct str line, struct str *rest)
{
    struct str more;

    while (is_continued(*rest) && next_line(rest, &more))
        line.len += more.len;
    return line;
}

static void find_names(struct str rest, struct names *names)
{
    struct str line;
    size_t n = 1;

    snprintf(names->text, sizeof names->text, ",");
    while (next_line(&rest, &line) && bare_length(line)) {
        struct str value;

        line = whole_field(line, &rest);
        if (!str_ieq(name_of(line), STR("Connection")))
            continue;
        value = str_skip(line, str_find(line, ':') + 1);
        while (value.data) {
            struct str word = str_trim(str_cut(&value, ','));

            word = str_trim(str_head(word, bare_length(word)));
            if (!is_listed(never_dropped, word) && n + word.len + 2 < sizeof names->text)
                n += (size_t)snprintf(names->text + n, sizeof names->text - n, "%.*s,",
                                      STR_ARG(word));
        }
    }
}

/* "GET http://a/b HTTP/1.1" as "GET /b HTTP/1.1"; *host is then "a". Else as it is. */
static void promise_start(struct buf *out, struct str line, struct str *host)
{
    size_t blank = str_find(line, ' ');
    struct str target = str_skip(line, blank + 1);
    size_t scheme = strncasecmp(target.data, "http://", 7) == 0    ? 7
                    : strncasecmp(target.data, "https://", 8) == 0 ? 8
                                                                   : 0;

    add(out, line.data, blank + 1 < line.len ? blank + 1 : line.len);
    if (scheme) {
        target = str_skip(target, scheme);
        *host = str_head(target, strcspn(target.data, "/? \r\n"));
        target = str_skip(target, host->len);
        if (target.data[0] != '/')
            say(out, str_starts(line, STR("OPTIONS ")) && target.data[0] != '?' ? "*" : "/");
    }
    add(out, target.data, target.len);
}

static void promise_body(struct buf *out, const struct http_message *m)
{
    char size[32];

    if (m->chunked && m->body.len) {
        snprintf(size, sizeof size, "%zx\r\n", m->body.len);
        say(out, size);
    }
    add(out, m->body.data, m->body.len);
    if (!m->chunked)
        return;
    say(out, m->body.len ? "\r\n0\r\n" : "0\r\n");
    add(out, m->trailers.data, m->trailers.len);
    say(out, "\r\n");
}

static bool is_http_1_0(struct str start)
{
    return str_ends(str_head(start, bare_length(start)), STR(" HTTP/1.0"));
}

static bool has_version(struct str start)
{
    size_t n = bare_length(start);

    return n > 9 && str_starts(str_skip(start, n - 9), STR(" HTTP/"));
}

/* Of a whole URL the host is the Host (RFC 9112, 3.2.2): the first stands for all
 * others that are not the same. */
static void promise_host(struct buf *out, struct str line, struct str host, bool had_host)
{
    struct str name = name_of(line);
    struct str value = str_trim(str_skip(line, str_find(line, ':') + 1));

    if (host.len == 0 || str_ieq(value, host)) {
        add(out, line.data, line.len);
    } else if (!had_host) {
        add(out, name.data, name.len);
        say(out, ": ");
        add(out, host.data, host.len);
        say(out, "\r\n");
    }
}

static void promise_fields(struct buf *out, struct str rest, struct str host, bool *had_host,
                           struct str *end)
{
    struct names names;
    struct str line;

    find_names(rest, &names);
    while (next_line(&rest, &line) && bare_length(line)) {
        struct str name = name_of(line);

        line = whole_field(line, &rest);
        if (str_ieq(name, STR("Host"))) {
            promise_host(out, line, host, *had_host);
            *had_host = true;
        } else if (!is_listed(hop_by_hop, name) && !is_listed(names.text, name))
            add(out, line.data, line.len);
    }
    *end = line;
}

static void promise(struct buf *out, const struct http_message *m)
{
    struct str rest = m->head, start = {0}, host = {0}, end = {0};
    bool had_host = false;

    buf_reset(out);
    next_line(&rest, &start);
    promise_start(out, start, &host);
    if (bare_length(str_head(rest, str_find(rest, '\n'))) || has_version(start)) {
        promise_fields(out, rest, host, &had_host, &end);
        if (host.len && !had_host) {
            say(out, "Host: ");
            add(out, host.data, host.len);
            say(out, "\r\n");
        }
        if (is_http_1_0(start))
            say(out, "Connection: keep-alive\r\n");
        say(out, "X-Mirrorctl: 1\r\n");
        add(out, end.data, end.len);
    } else {
        add(out, rest.data, rest.len); /* HTTP/0.9 has no fields */
    }
    promise_body(out, m);
}

/* ---- records ------------------------------------------------------------------ */

/* Everything of a file of that kind goes to `each`. */
static void read_all(const char *path, void (*each)(struct record_item *item, enum record_got got))
{
    struct err e = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct record_reader *r = fd >= 0 ? record_reader_new(fd, path, false, &e) : NULL;
    struct record_item item;
    int got = -1;

    while (r && (got = record_next(r, &item, &e)) > RECORD_END)
        each(&item, (enum record_got)got);
    if (got < 0) {
        fprintf(stderr, "check_echo: %s: %s\n", path, e.text);
        exit(2);
    }
    record_reader_free(r);
    close(fd);
}

static void write_promise(struct record_item *item, enum record_got got)
{
    static struct buf bytes = {.max = MOST};

    if (got != RECORD_EXCHANGE)
        return;
    if (item->exchange->request.complete && item->exchange->request.head.len) {
        uint64_t length;

        promise(&bytes, &item->exchange->request);
        length = bytes.len;
        fwrite(&length, sizeof length, 1, stdout);
        fwrite(bytes.data, 1, bytes.len, stdout);
    }
    exchange_free(item->exchange);
}

/* ---- the answers ----------------------------------------------------------------- */

static uint8_t *kept; /* by ordinal: the call came back as promised to v1 and v2 */
static uint64_t n_kept, exchanges, as_promised;

static bool is_promised(const struct call *call, struct str promised, bool head)
{
    char hash[32];
    struct str said = {0};

    snprintf(hash, sizeof hash, "%016" PRIx64, (uint64_t)XXH64(promised.data, promised.len, 0));
    return call->outcome == OUTCOME_ANSWERED &&
           str_starts(call->response.head, STR("HTTP/1.1 200 ")) &&
           http_find_field(call->response.head, STR("X-Received"), &said) &&
           str_eq(said, str_of(hash)) && (head || str_eq(call->response.body, promised));
}

static void take_pair(struct record_item *item, enum record_got got)
{
    static struct buf bytes = {.max = MOST};
    const struct pair *p = item->pair;
    uint64_t ordinal;

    if (got != RECORD_PAIR)
        return;
    ordinal = p->exchange->ordinal;
    promise(&bytes, &p->exchange->request);
    if (ordinal >= n_kept) {
        kept = realloc(kept, ordinal + 1);
        if (!kept)
            abort();
        memset(kept + n_kept, 0, ordinal + 1 - n_kept);
        n_kept = ordinal + 1;
    }
    kept[ordinal] = true;
    for (unsigned i = 0; i < 2; i++)
        kept[ordinal] &=
            is_promised(&p->calls[i], buf_str(&bytes), str_starts(buf_str(&bytes), STR("HEAD ")));
    pair_free(item->pair);
}

/* METHOD TARGET HTTP/1.x with as many blanks as one likes, or the GET /path of HTTP/0.9. */
static bool is_request_line(struct str head)
{
    struct str line = str_head(head, bare_length(str_head(head, str_find(head, '\n'))));
    size_t method = str_find(line, ' ');
    struct str rest = str_skip(line, method + 1);
    size_t last = rest.len;

    for (size_t i = 0; i < method; i++) {
        if (line.data[i] <= ' ' || line.data[i] > '~')
            return false;
    }
    if (str_starts(line, STR("GET /")) && str_find(rest, ' ') == rest.len)
        return true;
    while (last > 0 && rest.data[last - 1] != ' ')
        last--;
    rest = str_skip(rest, last);
    return last > 0 && rest.len == 8 && str_starts(rest, STR("HTTP/1."));
}

/* Whole, and a request that may be sent at all. */
static bool is_to_be_sent(const struct exchange *x)
{
    struct str upgrade, head = x->request.head;
    bool asks = http_find_field(head, STR("Upgrade"), &upgrade) &&
                http_field_has(head, STR("Connection"), STR("upgrade")) &&
                !str_ieq(upgrade, STR("h2c"));

    return x->request.complete && x->response.complete && !x->tunnel && !asks &&
           is_request_line(head) && !http_find_field(head, STR("X-Mirrorctl"), &upgrade) &&
           !str_starts(head, STR("CONNECT "));
}

static void take_exchange(struct record_item *item, enum record_got got)
{
    const struct exchange *x = item->exchange;

    if (got != RECORD_EXCHANGE)
        return;
    if (is_to_be_sent(x)) {
        bool is_kept = x->ordinal < n_kept && kept[x->ordinal];

        exchanges++;
        as_promised += is_kept;
        if (!is_kept)
            printf("not as promised: %" PRIu64 " %.*s\n", x->ordinal,
                   (int)bare_length(str_head(x->request.head, str_find(x->request.head, '\n'))),
                   x->request.head.data);
    }
    exchange_free(item->exchange);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "promise") == 0) {
        read_all(argv[2], write_promise);
        return 0;
    }
    if (argc != 4 || strcmp(argv[1], "compare") != 0) {
        fprintf(stderr, "usage: check_echo promise RECORD\n"
                        "       check_echo compare RECORD RESULT\n");
        return 2;
    }
    read_all(argv[3], take_pair);
    read_all(argv[2], take_exchange);
    printf("%" PRIu64 " exchanges, %" PRIu64 " as promised\n", exchanges, as_promised);
    return exchanges != as_promised;
}
