/* regex_reader.h -- between the files that read a regular expression.
 *
 * regex_source.c reads what an expression is made of: groups, repeats, branches.
 * regex_class.c reads what stands for one character.
 */
#ifndef MIRRORCTL_REPLAY_REGEX_READER_H
#define MIRRORCTL_REPLAY_REGEX_READER_H

#include "replay/regex_source.h"

/* What may be repeated is the item in front; `product` is how often its inmost
 * part is repeated by {n,m} alone, since RE2 has a limit for that. */
enum re_item { ITEM_NONE, ITEM_ONE, ITEM_REPEATED };

struct re_group {
    size_t at; /* of its parenthesis */
    unsigned product;
};

struct re_reader {
    struct regex_words *w;
    struct str source;
    size_t at;
    struct re_group groups[REGEX_MAX_NESTING + 1]; /* the first is the whole */
    unsigned depth;
    enum re_item item;
    unsigned product;   /* of the item */
    bool plain;         /* nothing but characters so far: w->beginning grows */
    size_t last_length; /* of the character at its end, which a repeat takes back */
    struct err *e;
};

static inline struct str re_rest(const struct re_reader *r)
{
    return str_skip(r->source, r->at);
}

static inline bool re_ahead(const struct re_reader *r, const char *text)
{
    return str_starts(re_rest(r), str_of(text));
}

static inline char re_peek(const struct re_reader *r, size_t n)
{
    return r->at + n < r->source.len ? r->source.data[r->at + n] : '\0';
}

static inline bool re_at_end(const struct re_reader *r)
{
    return r->at >= r->source.len;
}

static inline int re_say(struct re_reader *r, const char *words)
{
    return buf_add(&r->w->words, str_of(words), r->e);
}

static inline bool re_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Say what is wrong, and where. Returns -1. */
int re_fail(struct re_reader *r, enum regex_fault fault, size_t at, const char *what);

/* The character ahead, escaped or not, and one that is written for PCRE2. Each returns
 * 0, or -1 with the fault told, and so do those below. */
int re_read_code(struct re_reader *r, uint32_t *code);
int re_say_code(struct re_reader *r, uint32_t code);

/* What \d, \W, ... ahead holds, for the inside of brackets; NULL: it is none of these. */
const char *re_perl_class(const struct re_reader *r);

/* A class in brackets. */
int re_read_class(struct re_reader *r);

#endif
