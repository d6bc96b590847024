/* dialogue.h -- HTTP/1 conversations made up at random, and what is in them.
 *
 * A dialogue is what the two ends of one connection send, in turns, with the
 * exchanges a faithful recorder finds in it. The same number gives the same
 * dialogue. Between them they reach every rule of framing and pairing that the
 * recorder has to know (RFC 9112, 6.3 and 9.3, and what servers do besides);
 * dialogue_reached() counts how often each was:
 *
 *      1  informational answers          7  requests without content, HTTP/0.9
 *      2  answers without content        8  odd lines, names, chunks
 *      3  CONNECT and upgrades           9  pipelines, early answers, 100-continue
 *      4  Transfer-Encoding             10  holes
 *      5  Content-Length                11  ceilings
 *      6  content until the end         12  marks on what is odd or missing
 *
 * Running out of memory aborts: this is test code.
 */
#ifndef MIRRORCTL_TESTS_DIALOGUE_H
#define MIRRORCTL_TESTS_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/exchange.h"
#include "tests/support/packets.h"

enum { DIALOGUE_MAX_BODY = 64 * 1024 }; /* --max-body the exchanges are made for */

enum turn_kind {
    TURN_SAY,
    TURN_LOSE,   /* sent, and not captured */
    TURN_URGENT, /* a byte that TCP delivers apart from the stream */
    TURN_REPEAT, /* the last segment again with other bytes; none of its own */
    TURN_FIN,
    TURN_RESET,
};

struct turn {
    enum turn_kind kind;
    int dir; /* 0: the client speaks */
    size_t n;
};

/* What a recorder is to make of a request. */
enum verdict {
    WANT_EXACTLY, /* this exchange and no other */
    WANT_MARKED,  /* two readers may differ: the line of the request, and these flags */
    WANT_BROKEN,  /* a hole took part of it: nothing complete */
    WANT_OPEN,    /* this request; and its answer, or none: see below */
    WANT_UNSURE,  /* the same for one where two readers may differ */
};

/* A client that pipelines may have more requests under way than were seen. When
 * a hole has swallowed the end of a message, nobody can know any more which
 * answer belongs to whom: what such a client sends behind the hole may stay
 * unanswered, but must not get another's answer. And a request that does not
 * stand out may not be found there. */

struct wanted {
    struct exchange *x;
    enum verdict verdict;
    size_t from[2], to[2]; /* by direction: its bytes in the streams */
    bool begins;           /* a segment, whatever their size */
    bool until_fin;        /* the server's FIN ends it */
    bool pipelined;        /* sent before the one in front of it was answered */
};

struct dialogue {
    unsigned number;
    bool strict;          /* only what every reader accepts */
    bool in_order;        /* means something else when its packets change places */
    bool urgent;          /* TCP delivers a byte apart */
    uint64_t dice;        /* state of the random numbers */
    struct buf stream[2]; /* all that each side sends */
    struct turn *turn;
    size_t turns, turn_cap;
    struct wanted *want;
    size_t wants, want_cap;
};

/* Make the dialogue of that number up. `strict`: nothing odd, nothing lost. */
void dialogue_make(struct dialogue *d, unsigned number, bool strict);
void dialogue_release(struct dialogue *d);

/* Can this request be told from content, its method being registered and the
 * version there? */
bool dialogue_stands_out(const struct exchange *x);

/* How often each rule was reached by all dialogues made so far, a line each:
 * "# rule 8: 3170 times: folded lines 456, bare LF 442, ...". Returns how many
 * cases were not reached at all. */
unsigned dialogue_reached(struct buf *out);

/* How it is carried: which packets, not what they say. */
struct manner {
    uint64_t seed;
    size_t least, most; /* payload of a segment */
    bool repeats;       /* parts are sent again, cut differently */
};

/* The part of a dialogue that a frame carries. */
struct carried {
    size_t at; /* the frame's place in the packets' bytes */
    unsigned dialogue;
    int dir;
    size_t from, to; /* of the stream */
    uint8_t flags;   /* of TCP */
};

struct carriage {
    struct carried *item;
    size_t n, cap;
};

/* Add its packets. Address family, VLAN tags, first sequence numbers, some of
 * them about to wrap, and lone acknowledgements follow from the seed; the
 * client's port tells the dialogue: dialogue_of(). `c` may be NULL. */
void dialogue_speak(const struct dialogue *d, const struct manner *m, struct packets *p,
                    struct carriage *c);
void carriage_release(struct carriage *c);

unsigned dialogue_of(const struct exchange *x);

/* An exchange as one line, all but its times and numbers. Flags of `ignored`
 * are left out. */
void dialogue_print(struct buf *out, const struct exchange *x, uint32_t ignored);

#endif
