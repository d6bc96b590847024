/* plan_names.c -- names of hosts and subsets, and what people leave in their place. */
#include <ctype.h>

#include "replay/plan_reader.h"

enum { SHOWN = 100 };

static bool is_letter_or_digit(char c)
{
    return isalnum((unsigned char)c) != 0; /* of the C locale: nothing sets another */
}

bool plan_is_label(struct str s)
{
    if (s.len == 0 || s.len > 63 || s.data[0] == '-' || s.data[s.len - 1] == '-')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_letter_or_digit(s.data[i]) && s.data[i] != '-')
            return false;
    }
    return true;
}

bool plan_is_subdomain(struct str s)
{
    bool good = s.len > 0 && s.len <= 253;

    while (good && s.data)
        good = plan_is_label(str_cut(&s, '.'));
    return good;
}

/* ${HOST}, $HOST, <host>, {{ .host }} */
static bool is_placeholder(struct str s)
{
    size_t dollar = str_find(s, '$'), open = str_find(s, '<'), brace = str_find(s, '{');

    if (dollar + 1 < s.len)
        return s.data[dollar + 1] == '{' || s.data[dollar + 1] == '_' ||
               is_letter_or_digit(s.data[dollar + 1]);
    if (brace + 1 < s.len && s.data[brace + 1] == '{')
        return true;
    return open < s.len && str_find(str_skip(s, open), '>') < s.len - open;
}

static void tell_placeholder(struct plan_reader *r, const struct yaml_node *n, const char *what)
{
    plan_error(r, "E107", n->at, "%s is \"%.*s\": something was to be filled in there", what,
               STR_ARG(str_head(n->text, SHOWN)));
}

static bool is_host(struct str s, bool any)
{
    if (str_eq(s, STR("*")))
        return any;
    return plan_is_subdomain(str_starts(s, STR("*.")) ? str_skip(s, 2) : s);
}

bool plan_take_host(struct plan_reader *r, const struct yaml_node *n, struct place at,
                    const char *what, bool any, struct str *host)
{
    if (n && !plan_is_scalar(r, n, what))
        return false;
    if (!n || n->text.len == 0) {
        plan_error(r, "E202", n ? n->at : at, "%s is required", what);
    } else if (is_placeholder(n->text)) {
        tell_placeholder(r, n, what);
    } else if (!is_host(n->text, any)) {
        plan_error(r, "E408", n->at, "%s cannot be \"%.*s\": it must be %s", what,
                   STR_ARG(str_head(n->text, SHOWN)),
                   any ? "the name of a host, *.SUFFIX or *" : "the name of one service");
    } else {
        return plan_take_text(r, n, what, host);
    }
    return false;
}

bool plan_take_label(struct plan_reader *r, const struct yaml_node *n, const char *what,
                     struct str *label)
{
    if (!n || (n->kind == YAML_SCALAR && n->text.len == 0))
        return true;
    if (!plan_is_scalar(r, n, what))
        return false;
    if (plan_is_label(n->text))
        return plan_take_text(r, n, what, label);
    if (is_placeholder(n->text)) {
        tell_placeholder(r, n, what);
        return false;
    }
    plan_error(r, "E408", n->at,
               "%s cannot be \"%.*s\": letters, digits and - inside, at most 63 of them", what,
               STR_ARG(str_head(n->text, SHOWN)));
    return false;
}
