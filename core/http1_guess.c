#include "core/http1_guess.h"

static enum http1_guess guess_request(struct str bytes)
{
    struct str line = str_head(bytes, str_find(bytes, '\n'));
    struct http_request_line request;

    if (line.len < bytes.len)
        return http_request_line(line, &request) ? HTTP1_YES : HTTP1_NO;
    return http_may_become_request(line) ? HTTP1_TOO_SHORT : HTTP1_NO;
}

static enum http1_guess guess_response(struct str bytes)
{
    struct str line = str_head(bytes, str_find(bytes, '\n'));
    struct str start = STR("HTTP/1.");
    struct http_status_line status;

    if (!str_eq(str_head(bytes, start.len), str_head(start, bytes.len)))
        return HTTP1_NO;
    if (line.len < bytes.len)
        return http_status_line(line, &status) ? HTTP1_YES : HTTP1_NO;
    return http_may_become_status(line) ? HTTP1_TOO_SHORT : HTTP1_NO;
}

bool http1_is_no_chance(struct str line)
{
    struct http_request_line request;

    return http_request_line(line, &request) && request.method.data == line.data &&
           request.version.len > 0 && http_is_known_method(request.method);
}

bool http1_is_request(struct str bytes)
{
    bytes = http_skip_empty_lines(bytes);
    return http1_guess(HTTP1_REQUESTS, bytes) == HTTP1_YES && http1_is_no_chance(bytes);
}

enum http1_guess http1_guess(enum http1_side side, struct str bytes)
{
    bytes = http_skip_empty_lines(bytes);
    if (bytes.len == 0)
        return HTTP1_TOO_SHORT;
    return side == HTTP1_REQUESTS ? guess_request(bytes) : guess_response(bytes);
}
