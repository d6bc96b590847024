/* rules.h -- what may differ, because somebody said so.
 *
 * A set of rules is read once and then shared by all comparers. Paths are
 * compiled into one trie over their steps, so what a path costs does not grow
 * with the number of rules. What a comparer counts is its own: a rules_use, which
 * also knows which rules concern the pair at hand.
 *
 * Rules that ignore are applied to a document before it is compared and hashed;
 * the others are asked only where something differs.
 */
#ifndef MIRRORCTL_DIFF_RULES_H
#define MIRRORCTL_DIFF_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/diag.h"
#include "core/err.h"
#include "core/json_tree.h"
#include "core/pattern.h"
#include "core/str.h"
#include "diff/json_path.h"
#include "diff/rule_path.h"

enum { RULES_MAX = 500, RULE_KEYS_MAX = 8 };

enum rule_action {
    RULE_IGNORE,    /* as if it were not there */
    RULE_COMPARE,   /* ignore: false; a header that is ignored by default counts */
    RULE_ABS,       /* numbers that far apart */
    RULE_REL,       /* numbers that part of the larger one apart */
    RULE_WITHIN,    /* times that far apart */
    RULE_UNORDERED, /* an array or a header whose order says nothing */
    RULE_KEY,       /* an array whose elements are known by members of theirs */
    RULE_JSON,      /* a string that holds JSON */
    RULE_BASE64,    /* a string that holds base64, of JSON or of anything */
    RULE_TYPE_ONLY, /* any value of the same type */
    RULE_ACTIONS
};

#define RULE_BIT(action) (1u << (action))

struct rule {
    struct rule_path path;
    struct str text;    /* the path as reports write it */
    struct str written; /* the path as somebody wrote it */
    enum rule_action action;
    struct str number;           /* ABS, REL: a decimal number, not negative */
    int64_t within_ns;           /* WITHIN */
    struct str *keys;            /* KEY */
    size_t n_keys;               /*   of it */
    struct pattern endpoint;     /* path.data NULL: any */
    struct str method;           /* empty: any */
    int status_low, status_high; /* of v1's answer; 0: any */
    struct str reason;           /* or empty */
    int until;                   /* 20270131: the last day; 0: for ever */
    uint16_t next;               /* index + 1 of the next rule with this path */
};

struct rules;

/* An empty set, or NULL with *e set. */
struct rules *rules_new(struct err *e);
void rules_free(struct rules *r);

/* --policy additive: members and headers that only v2 has are no difference. */
void rules_set_additive(struct rules *r);
bool rules_are_additive(const struct rules *r);

/* Where strings of rules to be added live. */
struct arena *rules_memory(struct rules *r);

/* Add one; what it points to must live in rules_memory(). Returns 0, or -1 with
 * *e set: no memory, or (ERR_USAGE) more rules than RULES_MAX. */
int rules_add(struct rules *r, const struct rule *rule, struct err *e);

/* Read a file of rules; mistakes go to *diags. `name` stands in them. Returns 0, or
 * -1 with *e set when memory is out. */
int rules_read(struct rules *r, struct str yaml, const char *name, struct diags *diags,
               struct err *e);

/* Ignore a path, as --ignore does. As rules_read(). */
int rules_ignore(struct rules *r, struct str path, struct diags *diags, struct err *e);

size_t rules_count(const struct rules *r);
const struct rule *rules_at(const struct rules *r, size_t i);

/* True if two numbers or times are as near as a rule of ABS, REL or WITHIN allows. */
bool rule_is_near(const struct rule *r, struct str a, struct str b);

/* "ignore", "abs", ..., "embedded". */
const char *rule_action_name(enum rule_action action);

/* 20261122 of "2026-11-22T..."; 0 when it is none. */
int rules_day(struct str time);

/* ---- using them ---- */

/* What a pair must be for rules to concern it. */
struct rules_scope {
    struct str method, path; /* of the request, the path without query */
    struct str endpoint;     /* the name of its endpoint: "/users/{id}" */
    int status;              /* of v1's answer, or 0 */
    int day;                 /* on which the run began, or 0 */
};

/* Arrays whose elements a rule could tell apart; the smallest by path. */
enum { RULES_HINTS = 8 };
struct rules_hint {
    char *path; /* NULL: none */
    struct str key;
};

struct rules_use {
    const struct rules *rules;
    bool *active;        /* rule by rule: concerns this pair */
    unsigned actions;    /* RULE_BITs of those active about bodies */
    bool headers;        /* any active about headers */
    bool counting;       /* hits count: v2 is compared, not v1 with itself */
    uint64_t *hits;      /* rule by rule */
    uint64_t *misses;    /* the same: differences that it is for, but does not allow */
    uint32_t *marks;     /* trie nodes: when they were last put in a set */
    uint32_t generation; /*   of marks */
    uint16_t *states;    /* a stack of sets of trie nodes */
    size_t n_states, states_cap;
    struct rules_hint hints[RULES_HINTS];
};

/* `rules` may be NULL: none. Returns 0, or -1 with *e set. */
int rules_use_init(struct rules_use *u, const struct rules *rules, struct err *e);
void rules_use_release(struct rules_use *u);

/* Add the hits of `from`. */
void rules_use_merge(struct rules_use *u, const struct rules_use *from);

/* From here on a pair of this scope. */
void rules_use_begin(struct rules_use *u, const struct rules_scope *scope);

/* Count one hit; one difference beyond what the rule allows, or no rule. */
void rules_hit(struct rules_use *u, const struct rule *rule);
void rules_miss(struct rules_use *u, const struct rule *rule);

/* The first active rule with one of these actions (RULE_BITs) for the place
 * `step` of a body (NULL is its top); TYPE_ONLY also counts further up. NULL
 * when there is none, and when `u` is NULL. */
const struct rule *rules_find(struct rules_use *u, const struct json_step *step, unsigned actions);

/* The same for a header, named as reports name it. */
const struct rule *rules_find_header(struct rules_use *u, struct str name, unsigned actions);

/* Remember that `key: ` for this path would tell elements apart. `key` is a
 * literal. Without memory it is forgotten. */
void rules_hint(struct rules_use *u, struct str path, struct str key);

/* Count what was taken out of two documents: a place that both had is one hit. */
void rules_hit_pruned(struct rules_use *u, const uint32_t *a, const uint32_t *b);

/* Take what active rules ignore out of the document below `root`, which stands
 * at `step`: members are unlinked, elements marked with JSON_NODE_IGNORED. What
 * each rule took is added to counts[], rule by rule. Returns 0, or -1 with *e. */
int rules_prune(struct rules_use *u, struct json_node *root, const struct json_step *step,
                uint32_t *counts, struct err *e);

#endif
