/* One frame of any link type. The first byte chooses the link type, the second
 * how much of the frame the capture left out. */
#include <stdlib.h>
#include <string.h>

#include "capture/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int links[] = {0, 1, 9, 12, 50, 101, 104, 108, 113, 228, 229, 239, 276};
    struct segment s;
    struct fragment f;
    struct packet p;

    if (size < 2)
        return 0;
    p = (struct packet){
        .bytes = str_from((const char *)data + 2, size - 2),
        .length = (uint32_t)(size - 2) + data[1],
        .link = links[data[0] % (sizeof links / sizeof *links)],
    };
    switch (decode_packet(&p, &s, &f)) {
    case DECODE_SEGMENT: /* the views must lie inside the frame */
        if (s.bytes.len && (s.bytes.data < p.bytes.data ||
                            s.bytes.data + s.bytes.len > p.bytes.data + p.bytes.len))
            abort();
        break;
    case DECODE_FRAGMENT:
        if (f.bytes.len && (f.bytes.data < p.bytes.data ||
                            f.bytes.data + f.bytes.len > p.bytes.data + p.bytes.len))
            abort();
        decode_datagram(f.protocol, f.bytes, &s, &f);
        break;
    case DECODE_ON: /* private */
        abort();
    default:
        break;
    }
    return 0;
}
