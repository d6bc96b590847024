/* plan_reader.h -- between the files that make a plan of YAML; see plan.h.
 *
 * Reading goes through four steps, so that the order of documents never matters:
 *
 *   1. every document is read by the reader of its kind (plan_kinds.c), into
 *      lists of its own: routes that become rules, and objects that know
 *      addresses
 *   2. routes become rules in the order in which they are asked: our own first,
 *      then Istio's, then the Gateway API's
 *   3. destinations find their addresses (plan_endpoints.h)
 *   4. what can be said only of the whole is checked
 *
 * Each step goes on after an error, so that all errors of the input are told.
 */
#ifndef MIRRORCTL_REPLAY_PLAN_READER_H
#define MIRRORCTL_REPLAY_PLAN_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/diag.h"
#include "core/yaml.h"
#include "replay/plan.h"

struct plan_endpoints; /* plan_endpoints.h: Services, ServiceEntries, Pods, --endpoint, ... */
struct plan_istio;     /* plan_istio.h: VirtualServices until all are there */
struct plan_gateway;   /* plan_gateway.h: HTTPRoutes, likewise */
struct plan_native;    /* plan_native.h: Mirrors, likewise */

struct plan_reader {
    struct plan *plan;
    const struct plan_options *options;
    struct diags *diags;
    struct err *e;           /* only "no memory" ever stands there */
    bool failed;             /* it does: every step ends soon */
    struct yaml_stream yaml; /* the input; nodes live as long as the reader */
    struct plan_endpoints *endpoints;
    struct plan_istio *istio;
    struct plan_gateway *gateway;
    struct plan_native *native;
    size_t usable;            /* documents that say something about mirroring */
    bool has_mirror;          /* the input asks for one somewhere, whatever becomes of it */
    struct plan_noted *noted; /* what was said of a file already, the latest first */
    size_t n_noted;
};

/* The object at hand, as metadata tells it. */
struct plan_object {
    struct plan_reader *r;
    const struct yaml_node *root;
    const struct yaml_node *metadata, *spec; /* NULL: missing */
    struct str api_version, kind, name, namespace;
    struct place at;
};

/* ---- telling --------------------------------------------------------------------- */

#define plan_error(r, code, at, ...) diag_add((r)->diags, DIAG_ERROR, code, at, __VA_ARGS__)
#define plan_warn(r, code, at, ...)  diag_add((r)->diags, DIAG_WARNING, code, at, __VA_ARGS__)
#define plan_note(r, code, at, ...)  diag_add((r)->diags, DIAG_NOTE, code, at, __VA_ARGS__)

/* True the first time that it is asked about this text in this file: for what needs
 * no second note. `what` is copied. */
bool plan_is_news(struct plan_reader *r, struct place at, struct str what);

/* Zeroed memory of the plan; NULL sets r->failed. */
void *plan_alloc(struct plan_reader *r, size_t size);
void *plan_array(struct plan_reader *r, size_t n, size_t size);
struct str plan_text_copy(struct plan_reader *r, struct str s);

/* One more mirror of a rule, behind those that it has. */
void plan_add_candidate(struct plan_reader *r, struct plan_rule *rule, struct plan_arrow *arrow);

/* ---- fields of an object ----------------------------------------------------------- */

/* A field that an object may have, in a table whose rows the reader's enum numbers. */
struct plan_known {
    const char *name;  /* lowerCamelCase, as a cluster wants it */
    const char *snake; /* its other name in protobuf JSON; NULL: the same */
    unsigned flags;
    const char *belongs; /* PLAN_FIELD_ELSEWHERE: "spec.http[]" */
};

enum plan_field_flag {
    PLAN_FIELD_NOTED = 1 << 0,     /* understood, not applied: one NOTE a field and file */
    PLAN_FIELD_BOTH = 1 << 1,      /* a cluster knows the snake_case name as well */
    PLAN_FIELD_ELSEWHERE = 1 << 2, /* an error that says where it belongs */
    PLAN_FIELD_SILENT = 1 << 3,    /* says nothing about requests: no note either */
};

struct plan_fields {
    const char *what; /* "http[]", for messages: "unknown field in http[]" */
    const struct plan_known *known;
    size_t n;
};

enum { PLAN_FIELDS_MAX = 48 };

/* Take a map apart: values[i] is what the field known[i] has, NULL where it is absent
 * or null. `keys`, unless NULL, gets their keys. Told are: a value that is no map
 * (E401, false is returned), a field that is not known (E201 with the nearest one), one
 * given under both names (E104), a name that a cluster drops (W201), what is not
 * applied. A NULL map is an empty one. */
bool plan_take(struct plan_reader *r, const struct yaml_node *map, const struct plan_fields *fields,
               const struct yaml_node *values[], const struct yaml_node *keys[]);

/* ---- values ------------------------------------------------------------------------ */

/* Each returns false after telling what is wrong, where NULL nodes never are wrong
 * but leave *value as it is. `what` is the field's name. */
bool plan_take_text(struct plan_reader *r, const struct yaml_node *n, const char *what,
                    struct str *value); /* a scalar; copied into the plan */
bool plan_take_bool(struct plan_reader *r, const struct yaml_node *n, const char *what,
                    bool *value);
/* An integer between the two, without zeros in front, which a cluster reads as
 * octal; quoted is W211. `code` is that of the error. */
bool plan_take_int(struct plan_reader *r, const struct yaml_node *n, const char *what,
                   const char *code, uint64_t least, uint64_t most, uint64_t *value);
/* "1.5s", "200ms", "1h"; protobuf's and Go's (E407). */
bool plan_take_duration(struct plan_reader *r, const struct yaml_node *n, const char *what,
                        int64_t *ns);
/* True if it is a list, or NULL, which is an empty one; else E401. */
bool plan_is_list(struct plan_reader *r, const struct yaml_node *n, const char *what);
bool plan_is_map(struct plan_reader *r, const struct yaml_node *n, const char *what);
bool plan_is_scalar(struct plan_reader *r, const struct yaml_node *n, const char *what);
/* The name of a host: E202 when it is missing or empty, E107 when it is a placeholder, E408 when
 * it is none. *.example may be one, "*" only if `any`. `at` is told when `n` is NULL. */
bool plan_take_host(struct plan_reader *r, const struct yaml_node *n, struct place at,
                    const char *what, bool any, struct str *host);
/* The name of a subset, or of nothing: E408. */
bool plan_take_label(struct plan_reader *r, const struct yaml_node *n, const char *what,
                     struct str *label);

/* ---- what all kinds have in common --------------------------------------------------- */

/* Find or add a destination. Never NULL but when r->failed. */
struct plan_destination *plan_destination(struct plan_reader *r, struct str host, uint16_t port,
                                          struct str subset, struct str namespace);

/* The destination of that name; where there is none a copy of `like`, whose name, host,
 * full name, port and subset are kept as they are. NULL only when r->failed. */
struct plan_destination *plan_destination_like(struct plan_reader *r,
                                               const struct plan_destination *like);

/* The rule of --v1 and --v2 (plan_urls.c): from `v1`, which may be NULL, to each of the
 * `n` candidates, all there is. */
void plan_rule_of_urls(struct plan_reader *r, const char *v1, const char *const *candidates,
                       size_t n, uint32_t ppm);

/* Compile text->text; E460 to E462 with the position. Returns false after telling. */
bool plan_compile(struct plan_reader *r, struct plan_text *text, struct place at);

/* May copies be changed so? False after telling why not, under this code. */
bool plan_check_change(struct plan_reader *r, const char *code, const struct plan_change *c,
                       struct place at);
bool plan_check_path(struct plan_reader *r, const char *code, struct str path, struct place at);
bool plan_check_authority(struct plan_reader *r, const char *code, struct str authority,
                          struct place at);

/* A host name in its namespace: "m" is m.NAMESPACE.svc.cluster.local, as is m.NAMESPACE;
 * a name with a dot that is none of these forms, or "*", stays. */
struct str plan_full_host(struct plan_reader *r, struct str host, struct str namespace);

/* Append a rule; NULL when r->failed or PLAN_MAX_RULES (told) is reached. Name and
 * source are made of what is given. */
struct plan_rule *plan_add_rule(struct plan_reader *r, struct str object, struct str rule_name,
                                size_t place_in_object, struct place at);

/* Is it a DNS-1123 label, or labels with dots between them? As in Istio letters may be upper
 * case. */
bool plan_is_label(struct str s);
bool plan_is_subdomain(struct str s);

#endif
