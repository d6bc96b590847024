/* rewrite_pcap -- another capture of the same traffic.
 *
 *     rewrite_pcap [--split N] [--shuffle WINDOW SEED] [--double] [--drop ONE_IN SEED] \
 *                  [--snaplen N] [--vlan PORT TO_PORT OTHER] IN OUT
 *
 * Changes are made in the order in which they stand. IN is a classic pcap file,
 * OUT has nanoseconds. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/rewrite.h"

static int usage(void)
{
    fprintf(stderr, "usage: rewrite_pcap [--split N] [--shuffle WINDOW SEED] [--double]\n"
                    "                    [--drop ONE_IN SEED] [--snaplen N]\n"
                    "                    [--vlan PORT TO_PORT OTHER] IN OUT\n");
    return 2;
}

static void cut(struct packets *p, unsigned long n)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->frame[i].captured > n)
            p->frame[i].captured = (uint32_t)n;
    }
}

/* Make the change that begins at argv[0]. Returns how many words it has, 0 if
 * it is none. */
static int change(struct packets *p, char **argv, int argc)
{
    unsigned long n[3] = {0};

    for (int i = 0; i < 3 && i + 1 < argc; i++)
        n[i] = strtoul(argv[i + 1], NULL, 10);
    if (strcmp(argv[0], "--double") == 0)
        return packets_double(p), 1;
    if (strcmp(argv[0], "--split") == 0 && n[0])
        return packets_split(p, n[0]), 2;
    if (strcmp(argv[0], "--snaplen") == 0 && n[0])
        return cut(p, n[0]), 2;
    if (strcmp(argv[0], "--shuffle") == 0 && n[0] && n[1])
        return packets_shuffle_flows(p, n[0], n[1]), 3;
    if (strcmp(argv[0], "--drop") == 0 && n[0] && n[1])
        return packets_drop(p, (unsigned)n[0], n[1], NULL), 3;
    if (strcmp(argv[0], "--vlan") == 0 && n[0] && n[1] && n[2] && p->link == LINK_ETHERNET)
        return packets_tag(p, (unsigned)n[0], (unsigned)n[1], (unsigned)n[2]), 4;
    return 0;
}

int main(int argc, char **argv)
{
    struct packets p;
    FILE *out;

    if (argc < 3)
        return usage();
    packets_init(&p, 0);
    p.step_ns = 0;
    if (!packets_load(&p, argv[argc - 2])) {
        fprintf(stderr, "rewrite_pcap: %s is not a pcap file\n", argv[argc - 2]);
        return 1;
    }
    for (int i = 1, n; i < argc - 2; i += n) {
        n = change(&p, argv + i, argc - 2 - i);
        if (n == 0)
            return usage();
    }
    out = fopen(argv[argc - 1], "wb");
    if (!out) {
        perror(argv[argc - 1]);
        return 1;
    }
    packets_write_header(&p, out, 0);
    packets_write_frames(&p, out, 0);
    packets_release(&p);
    return fclose(out) != 0;
}
