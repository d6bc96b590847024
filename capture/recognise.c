#include "capture/recognise.h"

#include "core/http1.h"

/* A TLS record (RFC 8446, 5.1): a handshake at the beginning, any later. */
static enum http1_guess guess_tls(struct str b, bool midstream)
{
    unsigned char type = (unsigned char)b.data[0];

    if (midstream ? type < 20 || type > 23 : type != 22)
        return HTTP1_NO;
    if (b.len < 3)
        return HTTP1_TOO_SHORT;
    return b.data[1] == 3 && (unsigned char)b.data[2] <= 4 ? HTTP1_YES : HTTP1_NO;
}

static enum http1_guess guess_http2(struct str b)
{
    struct str preface = HTTP2_PREFACE;

    if (!str_eq(str_head(b, preface.len), str_head(preface, b.len)))
        return HTTP1_NO;
    return b.len >= preface.len ? HTTP1_YES : HTTP1_TOO_SHORT;
}

enum protocol recognise(struct str first, unsigned senders, bool midstream, bool *from_client)
{
    enum http1_guess tls = guess_tls(first, midstream);
    enum http1_guess http2 = HTTP1_NO, request = HTTP1_NO, response = HTTP1_NO;

    if (senders & FROM_CLIENT) {
        http2 = guess_http2(first);
        request = http1_guess(HTTP1_REQUESTS, first);
    }
    if (senders & FROM_SERVER)
        response = http1_guess(HTTP1_RESPONSES, first);
    if (tls == HTTP1_YES)
        return PROTOCOL_TLS;
    if (http2 == HTTP1_YES)
        return PROTOCOL_HTTP2;
    /* The HTTP/2 preface begins like a request. */
    if ((request == HTTP1_YES && http2 == HTTP1_NO) || response == HTTP1_YES) {
        *from_client = request == HTTP1_YES;
        return PROTOCOL_HTTP;
    }
    if (tls == HTTP1_TOO_SHORT || http2 == HTTP1_TOO_SHORT || request == HTTP1_TOO_SHORT ||
        response == HTTP1_TOO_SHORT)
        return PROTOCOL_UNKNOWN;
    return PROTOCOL_OTHER;
}
