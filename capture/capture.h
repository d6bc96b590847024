/* capture.h -- packets in, exchanges out: the first stage.
 *
 * Reads packets from an interface or from files, puts TCP streams together,
 * finds the HTTP/1 messages in them, pairs requests with responses, and hands
 * each exchange to a sink in the order in which they were completed. What
 * cannot be known is marked on the exchange and counted, never made up.
 *
 * From files everything depends on packet time only: two runs over the same
 * packets give the same exchanges.
 */
#ifndef MIRRORCTL_CAPTURE_CAPTURE_H
#define MIRRORCTL_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/exchange.h"

enum { CAPTURE_MAX_PORTS = 64 };

struct capture_config {
    const char *interface;    /* live, or NULL */
    const char *const *files; /* read one after the other, "-" is stdin */
    size_t n_files;
    uint16_t ports[CAPTURE_MAX_PORTS]; /* none: HTTP is recognised on every port */
    size_t n_ports;
    const char *filter;        /* BPF instead of the one made from ports, which hold too; or NULL */
    uint64_t count;            /* stop after that many exchanges; 0 is no limit */
    int64_t duration_ns;       /* stop after that time; packet time for files; 0 is no limit */
    size_t max_body;           /* content kept per message */
    size_t memory;             /* ceiling of reassembly */
    size_t buffer;             /* kernel ring, bytes */
    const char *const *redact; /* names of what is blanked, see redact.h */
    size_t n_redact;
    bool promiscuous;

    /* Called once packets can arrive ("eth0", "file.pcap"); may be NULL. */
    void (*ready)(void *ctx, const char *name);
    /* Called about once a second of a live capture, also on a quiet link, so
     * that the sink can be flushed and progress shown; may be NULL. -1 stops. */
    int (*tick)(void *ctx, struct err *e);
    /* Called with a line for people, such as what of the input cannot be used;
     * may be NULL. */
    void (*warn)(void *ctx, const char *text);
    void *ctx;
};

/* What a connection carried that is not, or no longer, HTTP/1. */
enum capture_spoken {
    SPOKEN_TLS,
    SPOKEN_HTTP2,     /* by its preface, or in mid-stream by its frames */
    SPOKEN_WEBSOCKET, /* these four began as HTTP/1 and were agreed on there */
    SPOKEN_H2C,       /* HTTP/2 by Upgrade (RFC 7540, 3.2) */
    SPOKEN_UPGRADE,   /* any other */
    SPOKEN_CONNECT,
    SPOKEN_UNKNOWN,
    SPOKEN_NOTHING, /* no payload was seen */
    SPOKEN_KINDS,
};

enum { CAPTURE_MAX_COUNTED = 64 };

/* Counted by the port of the server: who answered the SYN, else who spoke as
 * one, else the lower of the two. */
struct capture_ports {
    struct capture_port {
        uint16_t port;
        uint64_t count[SPOKEN_KINDS];
    } port[CAPTURE_MAX_COUNTED], rest; /* rest: of ports that found no room */
    size_t n;
    size_t last; /* private */
};

/* Where every packet and connection went. The sums of contract.md hold:
 * packets = decoded + ignored + bad; connections = http + tls + http2 + other. */
struct capture_stats {
    uint64_t packets, bytes;
    uint64_t decoded;
    uint64_t cut;                         /* of decoded: the capture has not all of the payload */
    uint64_t not_ip, not_tcp, other_port; /* ignored */
    uint64_t truncated, malformed;        /* bad */
    uint64_t connections;
    uint64_t http, tls, http2, other;
    struct capture_ports spoken;   /* connections that were not, or not to the end, HTTP/1 */
    struct capture_ports unwanted; /* packets of other_port, all as SPOKEN_UNKNOWN */
    uint64_t requests, responses;
    uint64_t exchanges, complete, unanswered, incomplete;
    uint64_t unwritten;        /* of these: for who takes them to fill in */
    uint64_t given_up;         /* of the unanswered: too many were under way */
    uint64_t orphan_responses; /* answers whose request was not seen */
    uint64_t own_copies;       /* carried our marker, left out */
    uint64_t redacted;         /* exchanges in which something was blanked */
    uint64_t tunnels, tunnel_bytes;
    uint64_t gap_bytes, gaps;
    uint64_t retransmitted_bytes, conflicts, out_of_window;
    uint64_t skipped_bytes; /* of HTTP connections, in no message */
    uint64_t midstream;     /* connections whose start was not seen */
    uint64_t split_by_tags; /* connections whose other direction was taken for another one */
    uint64_t seen_twice;    /* connections that came once more, with other tags */
    uint64_t evicted;       /* connections given up for a ceiling */
    uint64_t fragments, fragments_dropped;
    uint64_t kernel_received; /* live: by the filter, dropped ones included */
    uint64_t kernel_dropped, interface_dropped, queue_dropped;
    uint64_t not_read;         /* of kernel_received, at the end: never came */
    bool not_wanted;           /* ... since there were exchanges enough */
    int64_t first_ns, last_ns; /* packet time */
    size_t memory_peak;        /* reassembly, bytes */
};

struct capture;

/* Open the sources and prepare. NULL with *e set; then nothing was read. */
struct capture *capture_open(const struct capture_config *config, struct err *e);

/* Identity of what is read, for the record's header: random for an interface,
 * from files a hash of the first packet and of the options that shape the
 * output; *created_ns likewise is now, or the first packet's time. */
void capture_identity(struct capture *c, uint8_t id[16], int64_t *created_ns);

/* Run until the end of input, a limit, or capture_stop(). Open connections are
 * then ended and what they held is handed on, marked. Returns 0, or -1 with *e
 * set: ERR_DAMAGED when a file ended inside a packet (all before was used). */
int capture_run(struct capture *c, const struct exchange_sink *sink, struct err *e);

/* Ask a run to stop in order. Safe in a signal handler and from any thread. */
void capture_stop(struct capture *c);

/* The counters so far. */
const struct capture_stats *capture_stats(const struct capture *c);

/* In how many exchanges the i-th name of config->redact was found so far. */
uint64_t capture_redact_hits(const struct capture *c, size_t i);

/* Free it. NULL is fine. */
void capture_close(struct capture *c);

#endif
