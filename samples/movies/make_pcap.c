/* make_pcap -- ask a service and write what was said as a pcap file.
 *
 * For machines where packets may not be captured. The requests are real, the
 * answers are real and so are their times; only the TCP/IP around them is made
 * up here: a handshake, segments of at most MSS bytes, a close.
 *
 *     samples/movies/traffic.sh --list | make_pcap 3000 movies.pcap
 *
 * reads lines `METHOD TARGET` and leaves a capture of a client that asked for
 * each of them, on a new connection after every ten. It expects an HTTP/1.1
 * service on 127.0.0.1 whose answers carry a Content-Length, as those of
 * moviesd do, and is no general client.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MSS            1448
#define PER_CONNECTION 10
#define PACE_MS        40
#define TIMEOUT_S      10
#define HEADERS        54 /* Ethernet 14, IPv4 20, TCP 20, all without options */

enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_PSH = 0x08, TCP_ACK = 0x10 };

/* A connection with its two ends: 0 is the client, 1 the service. */
struct conn {
    int fd;
    uint16_t port[2];
    uint32_t seq[2]; /* of the next byte from that end */
};

__attribute__((format(printf, 1, 2))) _Noreturn static void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("make_pcap: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(2);
}

/* ---- packets ------------------------------------------------------------ */

static void set16(unsigned char *p, unsigned v)
{
    p[0] = (unsigned char)(v >> 8);
    p[1] = (unsigned char)v;
}

static void set32(unsigned char *p, uint32_t v)
{
    set16(p, v >> 16);
    set16(p + 2, v & 0xffff);
}

/* Internet checksum (RFC 1071) of `n` bytes, with `sum` carried in. */
static unsigned checksum(const unsigned char *p, size_t n, uint32_t sum)
{
    size_t i;

    for (i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    if (n % 2)
        sum += (uint32_t)p[n - 1] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

/* Numbers in a pcap file are in the byte order of the machine that wrote it. */
static void put_file_header(FILE *out)
{
    const uint32_t magic = 0xa1b2c3d4, zone_and_accuracy[2] = {0, 0};
    const uint16_t version[2] = {2, 4};
    const uint32_t snaplen_and_link[2] = {65535, 1}; /* 1: Ethernet */

    fwrite(&magic, sizeof magic, 1, out);
    fwrite(version, sizeof version, 1, out);
    fwrite(zone_and_accuracy, sizeof zone_and_accuracy, 1, out);
    fwrite(snaplen_and_link, sizeof snaplen_and_link, 1, out);
}

static void put_packet_header(FILE *out, size_t len)
{
    struct timeval now;
    uint32_t header[4];

    gettimeofday(&now, NULL);
    header[0] = (uint32_t)now.tv_sec;
    header[1] = (uint32_t)now.tv_usec;
    header[2] = header[3] = (uint32_t)len;
    fwrite(header, sizeof header, 1, out);
}

/* The checksum of a segment also covers the addresses, the protocol and the
 * length, set before it as a pseudo header (RFC 9293, section 3.1). */
static unsigned tcp_checksum(const unsigned char *ip, const unsigned char *tcp, size_t n)
{
    unsigned char pseudo[12];

    memcpy(pseudo, ip + 12, 8);
    set16(pseudo + 8, IPPROTO_TCP);
    set16(pseudo + 10, (unsigned)n);
    return checksum(tcp, n, ~checksum(pseudo, sizeof pseudo, 0) & 0xffff);
}

/* Write one segment of `n` bytes, at most MSS, from end `from` of `c`. */
static void put_segment(FILE *out, struct conn *c, int from, unsigned flags, const char *data,
                        size_t n)
{
    unsigned char p[HEADERS + MSS] = {0};
    unsigned char *ip = p + 14, *tcp = p + 34;

    set16(p + 12, 0x0800); /* IPv4; both Ethernet addresses stay 0, as on lo */

    ip[0] = 0x45;
    set16(ip + 2, (unsigned)(40 + n));
    set16(ip + 6, 0x4000); /* don't fragment */
    ip[8] = 64;
    ip[9] = IPPROTO_TCP;
    set32(ip + 12, INADDR_LOOPBACK);
    set32(ip + 16, INADDR_LOOPBACK);
    set16(ip + 10, checksum(ip, 20, 0));

    set16(tcp, c->port[from]);
    set16(tcp + 2, c->port[!from]);
    set32(tcp + 4, c->seq[from]);
    set32(tcp + 8, flags & TCP_ACK ? c->seq[!from] : 0);
    tcp[12] = 5 << 4; /* header length in words */
    tcp[13] = (unsigned char)flags;
    set16(tcp + 14, 65535);
    if (n)
        memcpy(tcp + 20, data, n);
    set16(tcp + 16, tcp_checksum(ip, tcp, 20 + n));

    put_packet_header(out, HEADERS + n);
    fwrite(p, 1, HEADERS + n, out);
    c->seq[from] += (uint32_t)n + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
}

static void put_data(FILE *out, struct conn *c, int from, const char *data, size_t n)
{
    while (n) {
        size_t part = n < MSS ? n : MSS;

        put_segment(out, c, from, TCP_ACK | (part == n ? TCP_PSH : 0), data, part);
        put_segment(out, c, !from, TCP_ACK, NULL, 0);
        data += part;
        n -= part;
    }
}

/* ---- requests ----------------------------------------------------------- */

static void conn_open(struct conn *c, FILE *out, uint16_t port, uint32_t number)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval timeout = {TIMEOUT_S, 0};
    socklen_t len = sizeof addr;

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
        connect(c->fd, (struct sockaddr *)&addr, sizeof addr) < 0)
        die("no answer from 127.0.0.1 port %u: %s; is the service running?", (unsigned)port,
            strerror(errno));
    if (getsockname(c->fd, (struct sockaddr *)&addr, &len) < 0)
        die("cannot tell the port of the client: %s", strerror(errno));
    c->port[0] = ntohs(addr.sin_port);
    c->port[1] = port;
    c->seq[0] = number * 1000003;
    c->seq[1] = number * 2000003;
    put_segment(out, c, 0, TCP_SYN, NULL, 0);
    put_segment(out, c, 1, TCP_SYN | TCP_ACK, NULL, 0);
    put_segment(out, c, 0, TCP_ACK, NULL, 0);
}

static void conn_close(struct conn *c, FILE *out)
{
    close(c->fd);
    put_segment(out, c, 0, TCP_FIN | TCP_ACK, NULL, 0);
    put_segment(out, c, 1, TCP_FIN | TCP_ACK, NULL, 0);
    put_segment(out, c, 0, TCP_ACK, NULL, 0);
}

/* Length of the whole answer that starts with the `have` bytes at `buf`, or 0
 * while its head is not complete. */
static size_t answer_length(const char *buf, size_t have, bool has_body)
{
    static const char name[] = "\r\nContent-Length:";
    const char *end = memmem(buf, have, "\r\n\r\n", 4), *p;
    unsigned long length;
    size_t head;

    if (!end)
        return 0;
    head = (size_t)(end - buf) + 4;
    if (!has_body)
        return head;
    for (p = buf; p < end; p++) {
        if (!strncasecmp(p, name, sizeof name - 1)) {
            length = strtoul(p + sizeof name - 1, NULL, 10);
            return head + length;
        }
    }
    die("an answer has no Content-Length; only services that send it can be asked");
}

static void read_answer(struct conn *c, FILE *out, bool has_body)
{
    static char buf[1 << 20]; /* the longest answer there may be, and a NUL */
    size_t have = 0, want = 0;
    ssize_t got;

    while (want == 0 || have < want) {
        if (have == sizeof buf - 1)
            die("an answer is larger than %zu bytes", sizeof buf - 1);
        got = read(c->fd, buf + have, sizeof buf - 1 - have);
        if (got <= 0)
            die("the service broke off: %s", got < 0 ? strerror(errno) : "connection closed");
        put_data(out, c, 1, buf + have, (size_t)got);
        have += (size_t)got;
        buf[have] = '\0';
        if (want == 0)
            want = answer_length(buf, have, has_body);
    }
}

static void ask(struct conn *c, FILE *out, const char *method, const char *target)
{
    char text[1024];
    int n = snprintf(text, sizeof text,
                     "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                     "User-Agent: make_pcap\r\nAccept: */*\r\n\r\n",
                     method, target, (unsigned)c->port[1]);

    if (n < 0 || (size_t)n >= sizeof text)
        die("a target is too long: %.60s...", target);
    put_data(out, c, 0, text, (size_t)n);
    if (send(c->fd, text, (size_t)n, MSG_NOSIGNAL) != n)
        die("the service does not take requests: %s", strerror(errno));
    read_answer(c, out, strcmp(method, "HEAD") != 0);
}

/* Requests are paced so that a replay at the recorded speed is no burst. */
static void pause_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

static unsigned ask_all(FILE *in, FILE *out, uint16_t port)
{
    char line[600], method[16], target[512];
    struct conn c = {.fd = -1};
    unsigned n = 0;

    while (fgets(line, sizeof line, in)) {
        if (sscanf(line, "%15s %511s", method, target) != 2)
            die("line %u of the input is not METHOD TARGET", n + 1);
        if (n % PER_CONNECTION == 0) {
            if (n)
                conn_close(&c, out);
            conn_open(&c, out, port, n + 1);
        }
        ask(&c, out, method, target);
        pause_ms(PACE_MS);
        n++;
    }
    if (n)
        conn_close(&c, out);
    return n;
}

int main(int argc, char **argv)
{
    unsigned long port;
    unsigned n;
    char *end;
    FILE *out;

    if (argc != 3)
        die("usage: make_pcap PORT FILE, with lines METHOD TARGET on standard input");
    port = strtoul(argv[1], &end, 10);
    if (*end || port < 1 || port > 65535)
        die("%s: not a port; give a number from 1 to 65535", argv[1]);
    out = fopen(argv[2], "wb");
    if (!out)
        die("%s: %s; give a path that can be written", argv[2], strerror(errno));
    put_file_header(out);
    n = ask_all(stdin, out, (uint16_t)port);
    if (ferror(out) || fclose(out))
        die("%s: %s", argv[2], strerror(errno));
    printf("make_pcap: %u requests in %s\n", n, argv[2]);
    return n ? 0 : 2;
}
