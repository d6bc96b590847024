/* flood -- run a command with a hostile capture on its standard input:
 *
 *     flood HALF_OPEN MEGABYTES GOOD COMMAND [ARGUMENT...]
 *
 * First HALF_OPEN connections of which only the SYN comes. Then as many
 * megabytes of data behind a hole, on connections whose other end acknowledges
 * nothing. Then GOOD connections with a request and its answer each. At the end
 * one line on standard error: the command's peak memory, its time, its status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/packets.h"

enum { FLOODING = 2000, SEGMENT = 1448, FIRST_PORT = 1024, PORTS = 60000, STEP_NS = 10000 };

static struct packets packets;
static FILE *out;

static void flush(bool all)
{
    if (packets.n < 1000 && !all)
        return;
    packets_write_frames(&packets, out, 0);
    packets_clear(&packets);
}

static struct talk talk_of(unsigned n, uint32_t network)
{
    struct talk t;

    talk_init(&t, &packets, (uint16_t)(FIRST_PORT + n % PORTS));
    t.address[0] = network + n / PORTS;
    return t;
}

static void half_open(unsigned n)
{
    struct talk t = talk_of(n, 0x0a100000);
    struct tcp syn = {
        .from = t.address[0],
        .to = t.address[1],
        .from_port = t.port[0],
        .to_port = t.port[1],
        .seq = t.seq[0],
        .flags = SYN,
    };

    packets_tcp(&packets, &syn);
    flush(false);
}

/* Data of all connections in turn, so that all wait at the same time. */
static void behind_holes(size_t megabytes)
{
    static struct talk talks[FLOODING];
    static char data[SEGMENT];
    size_t segments = megabytes * 1000 * 1000 / SEGMENT;

    memset(data, 'x', sizeof data);
    for (unsigned i = 0; i < FLOODING; i++) {
        talks[i] = talk_of(i, 0x0a200000);
        talk_open(&talks[i]);
        talk_lose(&talks[i], 0, 1);
    }
    for (size_t i = 0; i < segments; i++) {
        talk_send(&talks[i % FLOODING], 0, data, sizeof data);
        flush(false);
    }
}

static void good(unsigned n)
{
    struct talk t = talk_of(n, 0x0a300000);
    char text[128];

    talk_open(&t);
    snprintf(text, sizeof text, "GET /good/%u HTTP/1.1\r\nHost: a\r\n\r\n", n);
    talk_say(&t, 0, text);
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
    talk_close(&t);
    flush(false);
}

static pid_t start(char **command)
{
    int ends[2];
    pid_t child;

    if (pipe(ends) < 0 || (child = fork()) < 0)
        return -1;
    if (child == 0) {
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    close(ends[0]);
    out = fdopen(ends[1], "wb");
    return child;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    unsigned long n[3];
    struct rusage usage;
    int64_t start_ms = now_ms();
    int status;
    pid_t child;

    if (argc < 5) {
        fprintf(stderr, "usage: flood HALF_OPEN MEGABYTES GOOD COMMAND [ARGUMENT...]\n");
        return 2;
    }
    for (int i = 0; i < 3; i++)
        n[i] = strtoul(argv[1 + i], NULL, 10);
    child = start(argv + 4);
    if (child < 0 || !out) {
        perror("flood");
        return 2;
    }
    packets_init(&packets, LINK_ETHERNET);
    packets.step_ns = STEP_NS;
    packets_write_header(&packets, out, 0);
    for (unsigned i = 0; i < n[0]; i++)
        half_open(i);
    behind_holes(n[1]);
    for (unsigned i = 0; i < n[2]; i++)
        good(i);
    flush(true);
    fclose(out);
    packets_release(&packets);
    if (wait4(child, &status, 0, &usage) != child)
        return 2;
    fprintf(stderr, "flood: rss %ld KiB, %lld ms, status %d\n", usage.ru_maxrss,
            (long long)(now_ms() - start_ms), WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return 0;
}
