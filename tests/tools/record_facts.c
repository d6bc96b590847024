/* record_facts -- what stands in a record, a fact a line, for tests to compare.
 *
 *     record_facts FILE
 *
 *     responses 2                  every number of the accounting, by its name
 *     uri GET /a                   method and target of a request, its exact bytes
 *     exchange GET /a 100,200 3+5 complete response:chunk_ext
 *     pair GET /a answered,200,17 timeout,-,-
 *
 * An exchange line has method, target, the statuses (- without an answer), the
 * sizes of both contents on the wire, `complete` if both messages are, and the
 * flags; a pair line has, a call, the outcome, the status and X-Id of the answer.
 * What is no printable character of ASCII is written \xHH. */
#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "core/json_tree.h"
#include "core/record.h"

enum { STATS_MAX = 1 << 20 };

static void print_word(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        printf(isgraph(c) && c != '\\' ? "%c" : "\\x%02x", c);
    }
}

/* The status of a head, and skip to behind its empty line. */
static int next_status(struct str *heads)
{
    struct http_status_line line = {0};
    size_t length = 0;

    if (!http_status_line(*heads, &line))
        return -1;
    while (heads->len) {
        length = str_find(*heads, '\n');
        *heads = str_skip(*heads, length + 1);
        if (heads->len == 0 || heads->data[0] == '\n')
            break;
        if (heads->len > 1 && heads->data[0] == '\r' && heads->data[1] == '\n')
            break;
    }
    *heads = str_skip(*heads, str_find(*heads, '\n') + 1);
    return line.status;
}

static void print_statuses(const struct exchange *x)
{
    struct str informational = x->informational, final = x->response.head;
    int status;

    while (informational.len && (status = next_status(&informational)) > 0)
        printf("%d,", status);
    if (final.len && (status = next_status(&final)) > 0)
        printf("%d", status);
    else
        printf("-");
}

static void print_flags(const char *side, const struct http_message *m)
{
    for (uint32_t bit = 1; bit <= HTTP_LAST; bit <<= 1) {
        if (m->flags & bit)
            printf(" %s:%s", side, http_flag_name(bit));
    }
}

static void print_exchange(const struct exchange *x)
{
    struct http_request_line line = {0};
    bool whole = x->request.complete && x->response.complete;

    if (!http_request_start(x->request.head, &line))
        http_garbled_line(x->request.head, &line);
    if (x->request.head.len)
        printf("uri %.*s %.*s\n", STR_ARG(line.method), STR_ARG(line.target));
    printf("exchange ");
    print_word(line.method);
    printf(" ");
    print_word(line.target);
    printf(" ");
    print_statuses(x);
    printf(" %" PRIu64 "+%" PRIu64 "%s", x->request.body_size, x->response.body_size,
           whole ? " complete" : "");
    print_flags("request", &x->request);
    print_flags("response", &x->response);
    if (x->tunnel)
        printf(" tunnel=%" PRIu64, x->tunnel_bytes);
    printf("\n");
}

static void print_call(const struct call *call)
{
    struct str head = call->response.head, id = STR("-");
    int status;

    http_find_field(head, STR("X-Id"), &id);
    printf(" %s,", outcome_name(call->outcome));
    if (head.len && (status = next_status(&head)) > 0)
        printf("%d,", status);
    else
        printf("-,");
    print_word(id);
}

static void print_pair(const struct pair *p)
{
    struct http_request_line line = {0};

    http_request_start(p->exchange->request.head, &line);
    printf("pair %.*s ", STR_ARG(line.method));
    print_word(line.target);
    for (unsigned i = 0; i < p->n_calls; i++)
        print_call(&p->calls[i]);
    printf("\n");
}

static void print_numbers(const struct json_node *object)
{
    for (const struct json_node *n = object->child; n; n = n->next) {
        if (n->type == JSON_OBJECT)
            print_numbers(n);
        else if (n->type == JSON_NUMBER)
            printf("%.*s %.*s\n", STR_ARG(n->key), STR_ARG(n->text));
    }
}

static void print_stats(struct str json)
{
    struct arena mem;
    const struct json_node *root;

    arena_init(&mem, STATS_MAX);
    root = json_parse(json, &mem, NULL, NULL);
    if (root)
        print_numbers(root);
    arena_release(&mem);
}

static int print_all(struct record_reader *r, struct err *e)
{
    struct record_item item;
    int got;

    while ((got = record_next(r, &item, e)) > RECORD_END) {
        if (got == RECORD_EXCHANGE) {
            print_exchange(item.exchange);
            exchange_free(item.exchange);
        } else if (got == RECORD_PAIR) {
            print_pair(item.pair);
            pair_free(item.pair);
        } else if (got == RECORD_STATS) {
            print_stats(item.text);
        }
    }
    return got;
}

int main(int argc, char **argv)
{
    struct record_reader *r = NULL;
    struct err e = {0};
    int fd, rc = -1;

    if (argc != 2) {
        fprintf(stderr, "usage: record_facts FILE\n");
        return 2;
    }
    fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        err_set(&e, ERR_INPUT, "%s cannot be opened", argv[1]);
    else
        r = record_reader_new(fd, argv[1], false, &e);
    if (r)
        rc = print_all(r, &e);
    if (rc < 0)
        fprintf(stderr, "record_facts: %s\n", e.text);
    record_reader_free(r);
    if (fd >= 0)
        close(fd);
    return rc < 0;
}
