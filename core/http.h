/* http.h -- what an HTTP message is, once its bytes are there.
 *
 * A message is kept as it stood on the wire: the head as raw bytes, so that
 * order, case and duplicates of fields survive, and the content without its
 * transfer coding but with its content coding. Start line and fields are read
 * from the raw head when somebody asks; nothing is stored twice.
 */
#ifndef MIRRORCTL_CORE_HTTP_H
#define MIRRORCTL_CORE_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/str.h"

/* What was odd or missing. Names for reports: http_flag_name(). */
enum http_flag {
    HTTP_GAP = 1 << 0,              /* bytes of it were not captured */
    HTTP_TRUNCATED = 1 << 1,        /* content beyond the ceiling was left out */
    HTTP_RESET = 1 << 2,            /* the connection was reset inside it */
    HTTP_CUT = 1 << 3,              /* the connection or the input ended inside it */
    HTTP_OVERLAP_CONFLICT = 1 << 4, /* a retransmission carried other bytes */
    HTTP_EARLY_RESPONSE = 1 << 5,   /* answered before the request was complete */
    HTTP_CL_TE = 1 << 6,            /* Content-Length and Transfer-Encoding (smuggling) */
    HTTP_CL_CONFLICT = 1 << 7,      /* Content-Length values that differ or are no number */
    HTTP_TE_IN_10 = 1 << 8,         /* Transfer-Encoding in HTTP/1.0 */
    HTTP_TE_UNKNOWN = 1 << 9,       /* Transfer-Encoding without final chunked */
    HTTP_BAD_CHUNK = 1 << 10,       /* chunk framing that is not RFC 9112, 7.1 */
    HTTP_CHUNK_EXT = 1 << 11,       /* chunk extensions, not kept */
    HTTP_BARE_LF = 1 << 12,         /* a line ended without CR */
    HTTP_OBS_FOLD = 1 << 13,        /* a folded field line (RFC 9112, 5.2) */
    HTTP_BAD_FIELD = 1 << 14, /* a field line without colon, blank before it, or a bare CR or NUL */
    HTTP_BAD_LINE = 1 << 15,  /* a start line with more than its parts; or bytes where a
                               * response was due that are none */
    HTTP_09 = 1 << 16,        /* HTTP/0.9: a request line without version */
    HTTP_HEAD_TOO_LARGE = 1 << 17, /* head or number of fields beyond the ceiling */
    HTTP_MIDSTREAM = 1 << 18,      /* the connection's beginning was not captured */
    HTTP_URGENT = 1 << 19,         /* TCP urgent data was left out */
    HTTP_AFTER_ANOMALY = 1 << 20,  /* begins where one that readers differ about ends */
    HTTP_LAST = HTTP_AFTER_ANOMALY,
};

/* What makes a request unfit for being sent again without being asked to:
 * two readers could disagree on what it says (RFC 9112, 11.2). */
#define HTTP_ANOMALIES                                                                          \
    (HTTP_OVERLAP_CONFLICT | HTTP_CL_TE | HTTP_CL_CONFLICT | HTTP_TE_IN_10 | HTTP_TE_UNKNOWN |  \
     HTTP_BAD_CHUNK | HTTP_BARE_LF | HTTP_OBS_FOLD | HTTP_BAD_FIELD | HTTP_BAD_LINE | HTTP_09 | \
     HTTP_HEAD_TOO_LARGE | HTTP_AFTER_ANOMALY)

/* The name of a single flag as reports write it: "gap", "cl_te". */
const char *http_flag_name(uint32_t flag);

struct http_message {
    struct str head;     /* start line to empty line, inclusive; empty: not seen */
    struct str body;     /* content, at most the ceiling of who kept it */
    struct str trailers; /* trailer field lines, without the empty line */
    uint64_t body_size;  /* content on the wire; above body.len when truncated or with gaps */
    uint64_t body_hash;  /* xxh64 of all content where HTTP_TRUNCATED, else 0 */
    uint64_t gap_bytes;  /* of body_size, bytes that were not captured */
    uint32_t flags;      /* enum http_flag */
    bool complete;       /* all of it was seen, as RFC 9112, 8 defines it */
    bool chunked;        /* came with chunked transfer coding */
};

struct http_request_line {
    struct str method;
    struct str target;
    struct str version; /* "HTTP/1.1"; empty for HTTP/0.9 */
    bool odd;           /* no target, more words than three, controls in the target, or other
                         * white space than one SP between them */
};

struct http_status_line {
    struct str version;
    struct str reason;
    int status; /* 100 to 999 */
    bool odd;   /* other white space than one SP between them */
};

struct http_field {
    struct str name;
    struct str value; /* trimmed; holds the raw line breaks of folded lines */
};

/* Read the first line of a head (or a line alone). False when it is not one. */
bool http_request_line(struct str head, struct http_request_line *line);
bool http_status_line(struct str head, struct http_status_line *line);

/* Without the empty lines in front, which are to be ignored (RFC 9112, 2.2). */
struct str http_skip_empty_lines(struct str bytes);

/* Can it become one, as far as it goes? A status line's version is known to be there. */
bool http_may_become_request(struct str head);
bool http_may_become_status(struct str head);

/* The same for a line that is no request line but was answered like one: the
 * method ends at the first blank, the rest is the target, but for a version at
 * the end. False when it holds controls. */
bool http_garbled_line(struct str head, struct http_request_line *line);

/* The same for a first line that may break off, at the end of `head`: only a
 * known method with the beginning of a target is believed then. The target may
 * have gone on, and the version is empty unless it was there. */
bool http_request_start(struct str head, struct http_request_line *line);

/* The path of a request target: without scheme and authority (absolute-form),
 * query and fragment. What is no path ("*", an authority) comes as it is. */
struct str http_target_path(struct str target);

/* Walk over the field lines:
 *
 *     struct str rest = http_fields(message->head);
 *     while (http_next_field(&rest, &field))
 *
 * Lines without a colon come with an empty value and the line as name.
 * Trailers are walked the same way, starting with the trailers themselves. */
struct str http_fields(struct str head);
bool http_next_field(struct str *rest, struct http_field *field);

/* The first field of that name. Names are compared without case. */
bool http_find_field(struct str head, struct str name, struct str *value);

/* The same for `n` names in one walk; data is NULL for those that are not there. */
void http_find_fields(struct str head, const struct str *names, struct str *values, size_t n);

/* True if `list`, a comma-separated field value, holds `token` (any case). */
bool http_list_has(struct str list, struct str token);

/* True if any field called `name` lists `token`. */
bool http_field_has(struct str head, struct str name, struct str token);

/* RFC 9110, 5.6.2: what a method or a field name may consist of; and how much of
 * the beginning of `s` does. */
bool http_is_token(struct str s);
size_t http_token_span(struct str s);

/* Could it be what Host says? It is not empty, and printable ASCII without what ends the
 * authority of a URL, or the user in it: a whole URL is none. */
bool http_may_be_host(struct str s);

/* True for methods that promise to change nothing: GET, HEAD, OPTIONS, TRACE
 * (RFC 9110, 9.2.1). */
bool http_is_safe_method(struct str method);

/* True for the safe ones, PUT and DELETE: twice is as good as once (RFC 9110, 9.2.2). */
bool http_is_idempotent_method(struct str method);

/* True for the methods in the IANA registry: what a lost reader trusts. */
bool http_is_known_method(struct str method);

#endif
