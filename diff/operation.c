#include "diff/operation.h"

#include <inttypes.h>

#include "core/http.h"
#include "core/json_tree.h"
#include "diff/difference.h"
#include "diff/tree_reader.h"

/* Larger bodies are no calls, and batches of more parts are cut. */
enum { CALL_MAX = 1024 * 1024, PARTS_MAX = 4 };

static int add_name(struct buf *out, bool first, struct str name, struct err *e)
{
    return buf_addc(out, first ? '#' : '+', e) < 0 ||
                   buf_add(out, str_head(name, OPERATION_MAX), e) < 0
               ? -1
               : 0;
}

static int add_hash(struct buf *out, bool first, struct str query, struct err *e)
{
    return buf_printf(out, e, "%cquery-%08" PRIx32, first ? '#' : '+',
                      (uint32_t)(fnv_add(FNV_START, query.data, query.len) >> 32));
}

/* ---- SOAP ---- */

/* SOAPAction of 1.1; in 1.2 the parameter of the media type. */
static struct str soap_action(struct str head)
{
    struct str value = {0}, type;

    if (!http_find_field(head, STR("soapaction"), &value) &&
        http_find_field(head, STR("content-type"), &type) &&
        str_istarts(type, STR("application/soap+xml"))) {
        while (type.data) {
            struct str part = str_trim(str_cut(&type, ';'));
            if (str_istarts(part, STR("action=")))
                value = str_skip(part, 7);
        }
    }
    value = str_trim(value);
    if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
        value = str_from(value.data + 1, value.len - 2);
    return value;
}

/* ---- GraphQL ---- */

static struct str text_of(const struct json_node *object, const char *name)
{
    const struct json_node *n = json_member(object, str_of(name));

    return n && n->type == JSON_STRING ? n->text : (struct str){0};
}

/* A text that is a document of GraphQL, not words to search for. */
static bool is_document(struct str query)
{
    static const struct str begins[] = {STR_INIT("{"),        STR_INIT("query"),
                                        STR_INIT("mutation"), STR_INIT("subscription"),
                                        STR_INIT("fragment"), STR_INIT("#")};

    query = str_trim(query);
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        if (str_starts(query, begins[i]))
            return str_find(query, '{') < query.len;
    }
    return false;
}

/* 1 when it was a call and is named, 0 when it is none, -1. */
static int name_graphql(const struct json_node *call, bool first, struct buf *out, struct err *e)
{
    struct str query = text_of(call, "query"), name = text_of(call, "operationName");
    const struct json_node *extensions = json_member(call, STR("extensions"));
    const struct json_node *persisted =
        extensions ? json_member(extensions, STR("persistedQuery")) : NULL;
    int rc;

    if (!is_document(query) && !persisted)
        return 0;
    if (!query.len && persisted)
        query = text_of(persisted, "sha256Hash");
    rc = name.len ? add_name(out, first, name, e) : add_hash(out, first, query, e);
    return rc < 0 ? -1 : 1;
}

/* ---- calls in JSON ---- */

static int name_call(const struct json_node *call, bool first, struct buf *out, struct err *e)
{
    struct str method = text_of(call, "method");

    if (call->type != JSON_OBJECT)
        return 0;
    if (json_member(call, STR("jsonrpc")) && method.len)
        return add_name(out, first, method, e) < 0 ? -1 : 1;
    return name_graphql(call, first, out, e);
}

static int name_calls(const struct json_node *top, struct buf *out, struct err *e)
{
    size_t start = out->len;
    unsigned parts = 0;
    int rc = 1;

    if (top->type != JSON_ARRAY)
        return name_call(top, true, out, e) < 0 ? -1 : 0;
    for (const struct json_node *n = top->child; n && rc > 0; n = n->next) {
        if (parts == PARTS_MAX)
            return buf_add(out, STR("+..."), e);
        rc = name_call(n, parts++ == 0, out, e);
    }
    if (rc == 0) /* not all of them are calls */
        out->len = start;
    return rc < 0 ? -1 : 0;
}

static bool holds(struct str s, struct str what)
{
    return s.len && memmem(s.data, s.len, what.data, what.len);
}

/* A look before it is parsed: few bodies are calls. */
static bool may_be_calls(struct str body)
{
    struct str s = str_trim(str_head(body, 64));

    return s.len && (s.data[0] == '{' || s.data[0] == '[') && body.len <= CALL_MAX &&
           (holds(body, STR("\"jsonrpc\"")) || holds(body, STR("\"query\"")) ||
            holds(body, STR("\"persistedQuery\"")));
}

/* ---- GraphQL in the query of a URL ---- */

static int name_url(struct str target, struct arena *mem, struct buf *out, struct err *e)
{
    struct str rest = str_skip(target, str_find(target, '?') + 1), name = {0}, query = {0};

    if (!str_ends(str_head(target, str_find(target, '?')), STR("/graphql")))
        return 0;
    while (rest.data) {
        struct str value = str_cut(&rest, '&'), key = str_cut(&value, '=');
        struct str *to = str_eq(key, STR("operationName")) ? &name
                         : str_eq(key, STR("query"))       ? &query
                                                           : NULL;
        if (to && tree_form_decode(value, mem, to, e) < 0)
            return -1;
    }
    return name.len ? add_name(out, true, name, e) : query.len ? add_hash(out, true, query, e) : 0;
}

int operation_name(struct str head, struct str body, struct arena *mem, struct buf *out,
                   struct err *e)
{
    struct http_request_line line;
    const struct json_node *top;
    struct str value;

    if (!http_request_line(head, &line))
        return 0;
    if (body.len == 0)
        return name_url(line.target, mem, out, e);
    value = soap_action(head);
    if (value.len)
        return add_name(out, true, value, e);
    if (http_find_field(head, STR("content-type"), &value) &&
        str_istarts(value, STR("application/graphql")) && is_document(body))
        return add_hash(out, true, body, e);
    if (!may_be_calls(body))
        return 0;
    top = json_parse(body, mem, NULL, NULL);
    return top ? name_calls(top, out, e) : 0;
}
