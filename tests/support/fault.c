#include "tests/support/fault.h"

#define IDENTITY FAULT_IDENTITY
#define OK       "HTTP/1.1 200 OK\r\nX-Id: " IDENTITY "\r\n"
#define CONTENT  "id=" IDENTITY /* 11 bytes */
#define PROPER   OK "Content-Length: 11\r\n\r\n" CONTENT
#define CHUNKED  OK "Transfer-Encoding: chunked\r\n\r\nb\r\n" CONTENT "\r\n"
#define TOO_MUCH "HTTP/1.1 413 Too Large\r\nX-Id: " IDENTITY "\r\nContent-Length: 11\r\n"
#define HINTS    "HTTP/1.1 103 Early Hints\r\nX-Id: " IDENTITY "\r\n\r\n"

#define TEXT_64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEXT_512 TEXT_64 TEXT_64 TEXT_64 TEXT_64 TEXT_64 TEXT_64 TEXT_64 TEXT_64
#define TEXT_2K  TEXT_512 TEXT_512 TEXT_512 TEXT_512

#define CRUMBS_8   "1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n"
#define CRUMBS_64  CRUMBS_8 CRUMBS_8 CRUMBS_8 CRUMBS_8 CRUMBS_8 CRUMBS_8 CRUMBS_8 CRUMBS_8
#define CRUMBS_512 CRUMBS_64 CRUMBS_64 CRUMBS_64 CRUMBS_64 CRUMBS_64 CRUMBS_64 CRUMBS_64 CRUMBS_64

static const struct fault faults[] = {
    /* silence, and endings in the wrong place */
    {"silent", .steps = {{ACT_SILENT}}},
    {"stops-in-head", .steps = {{ACT_SAY, OK "Content-"}, {ACT_SILENT}}},
    {"stops-in-body", .steps = {{ACT_SAY, OK "Content-Length: 99\r\n\r\n" CONTENT}, {ACT_SILENT}}},
    {"stops-in-chunks", .steps = {{ACT_SAY, CHUNKED}, {ACT_SILENT}}},
    {"closes", .steps = {{ACT_CLOSE}}},
    {"closes-in-head", .steps = {{ACT_SAY, OK "Content-"}, {ACT_CLOSE}}},
    {"closes-in-body", .steps = {{ACT_SAY, OK "Content-Length: 99\r\n\r\n" CONTENT}, {ACT_CLOSE}}},
    {"closes-in-chunks", .steps = {{ACT_SAY, CHUNKED}, {ACT_CLOSE}}},
    {"closes-in-trailers", .steps = {{ACT_SAY, CHUNKED "0\r\nX-Sum: 1\r\n"}, {ACT_CLOSE}}},
    {"resets-before-first-byte", .steps = {{ACT_RESET}}},
    {"resets-after-first-byte", .steps = {{ACT_SAY, "H"}, {ACT_RESET}}},
    {"resets-in-body", .steps = {{ACT_SAY, OK "Content-Length: 99\r\n\r\n" CONTENT}, {ACT_RESET}}},
    {"resets-until-close", .steps = {{ACT_SAY, OK "\r\n" CONTENT}, {ACT_RESET}}},
    {"drips", .steps = {{ACT_DRIP, PROPER}}},
    {"slow", .steps = {{ACT_TICK}, {ACT_SAY, PROPER}}},
    {"large", .steps = {{ACT_SAY, OK "Content-Length: 204800\r\n\r\n"}, {ACT_TIMES, TEXT_2K, 100}}},

    /* no end at all */
    {"endless-head", .steps = {{ACT_SAY, OK}, {ACT_FOR_EVER, "X-Filler: " TEXT_512 "\r\n"}}},
    {"endless-line", .steps = {{ACT_SAY, OK "X-Filler: "}, {ACT_FOR_EVER, TEXT_2K}}},
    {"endless-reason", .steps = {{ACT_SAY, "HTTP/1.1 200 "}, {ACT_FOR_EVER, TEXT_2K}}},
    {"endless-blank", .steps = {{ACT_FOR_EVER, "\r\n\r\n\r\n\r\n"}}},
    {"endless-body", .steps = {{ACT_SAY, OK "\r\n" CONTENT}, {ACT_FOR_EVER, TEXT_2K}}},
    {"endless-length",
     .steps = {{ACT_SAY, OK "Content-Length: 9223372036854775807\r\n\r\n" CONTENT},
               {ACT_FOR_EVER, TEXT_2K}}},
    {"endless-chunks", .steps = {{ACT_SAY, CHUNKED}, {ACT_FOR_EVER, "40\r\n" TEXT_64 "\r\n"}}},
    {"endless-crumbs", .steps = {{ACT_SAY, CHUNKED}, {ACT_FOR_EVER, CRUMBS_512}}},
    {"endless-chunk",
     .steps = {{ACT_SAY, CHUNKED "7fffffffffffffff\r\n"}, {ACT_FOR_EVER, TEXT_2K}}},
    {"endless-chunk-extension", .steps = {{ACT_SAY, CHUNKED "1;"}, {ACT_FOR_EVER, TEXT_2K}}},
    {"endless-chunk-zeros", .steps = {{ACT_SAY, CHUNKED}, {ACT_FOR_EVER, "0000000000000000"}}},
    {"endless-trailers",
     .steps = {{ACT_SAY, CHUNKED "0\r\n"}, {ACT_FOR_EVER, "X: " TEXT_64 "\r\n"}}},
    {"endless-trailer", .steps = {{ACT_SAY, CHUNKED "0\r\nX: "}, {ACT_FOR_EVER, TEXT_2K}}},

    /* sizes that are none */
    {"chunk-past-64-bits", .steps = {{ACT_SAY, CHUNKED "10000000000000001\r\nx"}}},
    {"chunk-in-c", .steps = {{ACT_SAY, CHUNKED "0x3\r\nabc\r\n"}}},
    {"chunk-negative", .steps = {{ACT_SAY, CHUNKED "-1\r\n"}}},
    {"chunk-without-size", .steps = {{ACT_SAY, CHUNKED "\r\nabc\r\n"}}},
    {"chunk-longer-than-said", .steps = {{ACT_SAY, CHUNKED "2\r\nabc\r\n"}}},
    {"many-fields-and-no-chunk", .steps = {{ACT_SAY, OK "Transfer-Encoding: chunked\r\n"},
                                           {ACT_TIMES, "A: b\r\n", 1001},
                                           {ACT_SAY, "\r\n-1\r\n"}}},
    {"many-fields-and-no-length", .steps = {{ACT_SAY, OK "Content-Length: -1\r\n"},
                                            {ACT_TIMES, "A: b\r\n", 1001},
                                            {ACT_SAY, "\r\n"}}},
    {"lengths-and-trailers",
     .steps = {{ACT_SAY, OK "Content-Length: 1, 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"},
               {ACT_FOR_EVER, "X: " TEXT_2K "\r\n"}}},
    {"length-past-64-bits",
     .steps = {{ACT_SAY, OK "Content-Length: 18446744073709551617\r\n\r\nx"}}},
    {"length-negative", .steps = {{ACT_SAY, OK "Content-Length: -1\r\n\r\n"}}},
    {"length-in-words", .steps = {{ACT_SAY, OK "Content-Length: eleven\r\n\r\n" CONTENT}}},
    {"lengths-differ",
     .steps = {{ACT_SAY, OK "Content-Length: 2\r\nContent-Length: 11\r\n\r\n" CONTENT}}},
    {"lengths-agree",
     .steps = {{ACT_SAY, OK "Content-Length: 11\r\nContent-Length: 11, 11\r\n\r\n" CONTENT}}},
    {"length-and-chunks",
     .steps = {{ACT_SAY, OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n" CONTENT
                            "\r\n0\r\n\r\n"}}},
    {"chunks-in-1.0",
     .steps = {{ACT_SAY, "HTTP/1.0 200 OK\r\nX-Id: " IDENTITY "\r\nConnection: keep-alive\r\n"
                         "Transfer-Encoding: chunked\r\n\r\nb\r\n" CONTENT "\r\n0\r\n\r\n"}}},

    /* answers to nothing, or to something else */
    {"two-answers", .steps = {{ACT_SAY, PROPER PROPER}}},
    {"late-answer", .steps = {{ACT_SAY, PROPER}, {ACT_TICK}, {ACT_SAY, PROPER}}},
    {"late-answer-and-end",
     .steps = {{ACT_SAY, PROPER},
               {ACT_TICK},
               {ACT_SAY, "HTTP/1.1 408 Request Timeout\r\nX-Id: " IDENTITY "\r\n"
                         "Connection: close\r\nContent-Length: 0\r\n\r\n"},
               {ACT_CLOSE}}},
    {"late-end", .steps = {{ACT_SAY, PROPER}, {ACT_TICK}, {ACT_CLOSE}}},
    {"head-with-body", .steps = {{ACT_SAY, OK "Content-Length: 11\r\n\r\n" CONTENT}}},
    {"204-with-length",
     .steps = {{ACT_SAY, "HTTP/1.1 204 No\r\nX-Id: " IDENTITY "\r\nContent-Length: 11\r\n\r\n"}}},
    {"204-in-chunks", .steps = {{ACT_SAY, "HTTP/1.1 204 No\r\nX-Id: " IDENTITY
                                          "\r\nTransfer-Encoding: chunked\r\n\r\n"}}},
    {"204-without",
     .steps = {{ACT_SAY, "HTTP/1.1 204 No\r\nX-Id: " IDENTITY "\r\nContent-Length: 0\r\n\r\n"}}},
    {"304-with-length",
     .steps = {{ACT_SAY, "HTTP/1.1 304 No\r\nX-Id: " IDENTITY "\r\nContent-Length: 11\r\n\r\n"}}},
    {"204-with-body", .steps = {{ACT_SAY, "HTTP/1.1 204 No\r\nX-Id: " IDENTITY
                                          "\r\nContent-Length: 11\r\n\r\n" CONTENT}}},
    {"304-with-body", .steps = {{ACT_SAY, "HTTP/1.1 304 No\r\nX-Id: " IDENTITY
                                          "\r\nContent-Length: 11\r\n\r\n" CONTENT}}},
    {"early", .early = true, .steps = {{ACT_SAY, TOO_MUCH "\r\n" CONTENT}}},
    {"early-close", .early = true,
     .steps = {{ACT_SAY, TOO_MUCH "Connection: close\r\n\r\n" CONTENT}, {ACT_CLOSE}}},
    {"early-reset", .early = true,
     .steps = {{ACT_SAY, TOO_MUCH "Connection: close\r\n\r\n" CONTENT}, {ACT_RESET}}},

    /* informational answers */
    {"informed-64", .steps = {{ACT_TIMES, HINTS, 64}, {ACT_SAY, PROPER}}},
    {"informed-65", .steps = {{ACT_TIMES, HINTS, 65}, {ACT_SAY, PROPER}}},
    {"informed-for-ever", .steps = {{ACT_FOR_EVER, HINTS}}},
    {"informed-at-length", .steps = {{ACT_SAY, "HTTP/1.1 102 Processing\r\nX-Filler: "},
                                     {ACT_TIMES, TEXT_2K, 64},
                                     {ACT_SAY, "\r\n\r\nHTTP/1.1 102 Processing\r\nX-Filler: "},
                                     {ACT_TIMES, TEXT_2K, 64},
                                     {ACT_SAY, "\r\n\r\n" PROPER}}},
    {"switches",
     .steps = {{ACT_SAY, "HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"}}},

    /* what is not HTTP/1 */
    {"garbage", .steps = {{ACT_SAY, "\x15\x03\x01\x02\x02\x46\r\n\r\n"}}},
    {"garbage-for-ever", .steps = {{ACT_FOR_EVER, TEXT_2K}}},
    {"http-0.9", .steps = {{ACT_SAY, "<html>" CONTENT "</html>\n"}, {ACT_CLOSE}}},
    {"http-2", .steps = {{ACT_SAY, "HTTP/2 200\r\nX-Id: " IDENTITY "\r\n\r\n"}}},
    {"shoutcast", .steps = {{ACT_SAY, "ICY 200 OK\r\nContent-Length: 11\r\n\r\n" CONTENT}}},

    /* connections that end while they are kept alive */
    {"stale", .steps = {{ACT_SAY, PROPER}, {ACT_ARRIVAL}, {ACT_RESET}}},
    {"stale-after-reading", .steps = {{ACT_SAY, PROPER}, {ACT_REQUEST}, {ACT_CLOSE}}},
    {"stale-after-a-byte",
     .steps = {{ACT_SAY, PROPER}, {ACT_REQUEST}, {ACT_SAY, "H"}, {ACT_CLOSE}}},
};

static const struct fault proper = {"", .steps = {{ACT_SAY, PROPER}}};

/* After an answer, by `closes_idle`. */
static const struct fault idle_ends[] = {
    {"at once", .steps = {{ACT_CLOSE}}},
    {"a tick later", .steps = {{ACT_TICK}, {ACT_CLOSE}}},
    {"just then", .steps = {{ACT_ARRIVAL}, {ACT_RESET}}},
};

enum { N_FAULTS = sizeof faults / sizeof *faults, N_ENDS = sizeof idle_ends / sizeof *idle_ends };

const struct fault *fault_called(struct str name)
{
    for (size_t i = 0; i < N_FAULTS; i++) {
        if (str_eq(str_of(faults[i].name), name))
            return &faults[i];
    }
    return &proper;
}

const struct fault *fault_idle_end(uint64_t number)
{
    return &idle_ends[number % N_ENDS];
}

bool fault_is_idle_end(const struct fault *fault)
{
    return fault >= idle_ends && fault < idle_ends + N_ENDS;
}
