/* dialogue_pcap -- write a dialogue as the packets that would carry it.
 *
 *     dialogue_pcap [PORT] <dialogue >file.pcap
 *
 * Lines of the dialogue:
 *
 *     >>> GET / HTTP/1.1\r\n\r\n   a segment of the client
 *     <<< HTTP/1.1 204 \r\n\r\n    a segment of the server
 *     !!! 100                      100 bytes of the server that are not captured
 *     ---                          the connection ends, the next line starts another
 *     # ...                        nothing
 *
 * \r \n \t \\ and \xNN mean what they mean in C; the line break at the end of a
 * line does not count. Packets are a millisecond apart from 2026-01-01 on, so
 * the same dialogue gives the same bytes.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS = 54, MAX_PAYLOAD = 16384, FIRST_SECOND = 1767225600 };
enum { FIN = 0x01, SYN = 0x02, PSH = 0x08, ACK = 0x10 };

struct conn {
    unsigned port[2]; /* of the client, of the server */
    uint32_t seq[2];
    int open;
};

static void put(unsigned char *p, unsigned n, uint32_t v)
{
    while (n-- > 0) {
        p[n] = (unsigned char)v;
        v >>= 8;
    }
}

static void put_native(uint32_t v)
{
    fwrite(&v, sizeof v, 1, stdout);
}

static void write_header(void)
{
    put_native(0xa1b2c3d4);
    put_native(2 | 4 << 16);
    put_native(0);
    put_native(0);
    put_native(65535);
    put_native(1); /* Ethernet */
}

/* A packet from end `from`; checksums are zero, as with offloading. */
static void packet(struct conn *c, int from, unsigned flags, const char *bytes, size_t n)
{
    static uint32_t ms;
    unsigned char h[HEADERS] = {0};

    h[5] = (unsigned char)(2 - from);
    h[11] = (unsigned char)(1 + from);
    put(h + 12, 2, 0x0800);
    h[14] = 0x45;
    put(h + 16, 2, (uint32_t)(HEADERS - 14 + n));
    h[22] = 64;
    h[23] = 6;
    put(h + 26, 4, from ? 0x0a000002 : 0x0a000001);
    put(h + 30, 4, from ? 0x0a000001 : 0x0a000002);
    put(h + 34, 2, c->port[from]);
    put(h + 36, 2, c->port[!from]);
    put(h + 38, 4, c->seq[from]);
    put(h + 42, 4, flags == SYN ? 0 : c->seq[!from]);
    h[46] = 5 << 4;
    h[47] = (unsigned char)flags;
    put(h + 48, 2, 65535);
    put_native(FIRST_SECOND + ms / 1000);
    put_native(ms % 1000 * 1000);
    put_native((uint32_t)(HEADERS + n));
    put_native((uint32_t)(HEADERS + n));
    fwrite(h, sizeof h, 1, stdout);
    fwrite(bytes, 1, n, stdout);
    ms++;
    c->seq[from] += (uint32_t)n + ((flags & (SYN | FIN)) != 0);
}

static void connection_open(struct conn *c)
{
    if (c->open)
        return;
    c->open = 1;
    c->port[0]++;
    c->seq[0] = 1000;
    c->seq[1] = 5000;
    packet(c, 0, SYN, "", 0);
    packet(c, 1, SYN | ACK, "", 0);
    packet(c, 0, ACK, "", 0);
}

static void connection_close(struct conn *c)
{
    if (!c->open)
        return;
    c->open = 0;
    packet(c, 0, FIN | ACK, "", 0);
    packet(c, 1, FIN | ACK, "", 0);
    packet(c, 0, ACK, "", 0);
}

/* Resolve escapes in place; returns the length. */
static size_t unescape(char *s)
{
    static const char names[] = "rnt\\", values[] = "\r\n\t\\";
    char *to = s, *from = s;
    char hex[3] = "";

    while (*from && *from != '\n') {
        const char *name;

        if (*from != '\\') {
            *to++ = *from++;
        } else if (from[1] == 'x' && from[2] && from[3]) {
            memcpy(hex, from + 2, 2);
            *to++ = (char)strtoul(hex, NULL, 16);
            from += 4;
        } else if (from[1] && (name = strchr(names, from[1]))) {
            *to++ = values[name - names];
            from += 2;
        } else {
            fprintf(stderr, "dialogue_pcap: what is %.2s?\n", from);
            exit(2);
        }
    }
    return (size_t)(to - s);
}

int main(int argc, char **argv)
{
    static char line[4 * MAX_PAYLOAD];
    struct conn c = {.port = {40000, 3000}};

    if (argc > 1)
        c.port[1] = (unsigned)strtoul(argv[1], NULL, 10);
    write_header();
    while (fgets(line, sizeof line, stdin)) {
        if (strncmp(line, ">>> ", 4) == 0 || strncmp(line, "<<< ", 4) == 0) {
            size_t n = unescape(line + 4);

            connection_open(&c);
            packet(&c, line[0] == '<', PSH | ACK, line + 4, n);
        } else if (strncmp(line, "!!! ", 4) == 0) {
            c.seq[1] += (uint32_t)strtoul(line + 4, NULL, 10);
        } else if (strncmp(line, "---", 3) == 0) {
            connection_close(&c);
        } else if (line[0] != '#' && line[0] != '\n') {
            fprintf(stderr, "dialogue_pcap: what is %s", line);
            return 2;
        }
    }
    connection_close(&c);
    return fflush(stdout) == 0 ? 0 : 1;
}
