#include "cli/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "core/clock.h"
#include "core/utf8.h"

bool text_is_utf8(struct str s)
{
    while (s.len) {
        size_t n = utf8_len(s.data, s.len);

        if (n == 0)
            return false;
        s = str_skip(s, n);
    }
    return true;
}

/* C0, DEL, and C1 (U+0080 to U+009F), which terminals obey as well. */
static bool is_control(const char *p, size_t n)
{
    unsigned char c = (unsigned char)p[0];

    return c < 0x20 || c == 0x7f || (n == 2 && c == 0xc2 && (unsigned char)p[1] < 0xa0);
}

bool text_is_printable(struct str s)
{
    while (s.len) {
        size_t n = utf8_len(s.data, s.len);
        bool white = s.data[0] == '\n' || s.data[0] == '\t' || s.data[0] == '\r';

        if (n == 0 || (is_control(s.data, n) && !white))
            return false;
        s = str_skip(s, n);
    }
    return true;
}

int text_escape(struct buf *out, struct str s, bool lines, struct err *e)
{
    while (s.len) {
        size_t n = utf8_len(s.data, s.len);
        bool keep = n > 0 && !is_control(s.data, n);

        if (lines && (s.data[0] == '\n' || s.data[0] == '\t'))
            keep = true;
        if (n == 0)
            n = 1;
        for (size_t i = 0; i < n; i++) {
            unsigned char c = (unsigned char)s.data[i];

            if (keep ? buf_addc(out, s.data[i], e) < 0 : buf_printf(out, e, "\\x%02x", c) < 0)
                return -1;
        }
        s = str_skip(s, n);
    }
    return 0;
}

int text_base64(struct buf *out, struct str s, struct err *e)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    if (s.len > SIZE_MAX / 2 || buf_reserve(out, (s.len + 2) / 3 * 4, e) < 0)
        return -1;
    while (s.len) {
        size_t n = s.len < 3 ? s.len : 3;
        uint32_t bits = 0;
        char four[4];

        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < n ? (unsigned char)s.data[i] : 0);
        for (size_t i = 0; i < 4; i++)
            four[i] = i <= n ? digits[bits >> (18 - 6 * i) & 0x3f] : '=';
        if (buf_append(out, four, sizeof four, e) < 0)
            return -1;
        s = str_skip(s, n);
    }
    return 0;
}

const char *text_time(int64_t wall_ns, unsigned digits, char text[TEXT_TIME])
{
    int64_t fraction = wall_ns % NS_PER_SEC;
    time_t seconds = (time_t)(wall_ns / NS_PER_SEC);
    struct tm tm;
    char whole[TEXT_TIME - 12], part[12];

    if (fraction < 0) {
        fraction += NS_PER_SEC;
        seconds--;
    }
    if (!gmtime_r(&seconds, &tm) || !strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &tm))
        whole[0] = '\0';
    snprintf(part, sizeof part, ".%09d", (int)fraction);
    part[digits ? digits + 1 : 0] = '\0';
    snprintf(text, TEXT_TIME, "%s%sZ", whole, part);
    return text;
}

const char *text_size(uint64_t bytes, char text[TEXT_SIZE])
{
    static const char units[] = "kMGTPE";
    double v = (double)bytes / 1000;
    size_t unit = 0;

    if (bytes < 1000) {
        snprintf(text, TEXT_SIZE, "%" PRIu64 " B", bytes);
        return text;
    }
    for (; v >= 999.95 && unit < sizeof units - 2; unit++)
        v /= 1000;
    snprintf(text, TEXT_SIZE, "%.1f %cB", v, units[unit]);
    return text;
}

const char *text_number(double v, char text[TEXT_SIZE])
{
    int n = snprintf(text, TEXT_SIZE, "%.6f", v);

    while (n > 0 && n < TEXT_SIZE && text[n - 1] == '0')
        text[--n] = '\0';
    if (n > 0 && n < TEXT_SIZE && text[n - 1] == '.')
        text[--n] = '\0';
    return text;
}

const char *text_duration(int64_t ns, char text[TEXT_SIZE])
{
    double ms = (double)ns / 1e6;

    if (ms < 0.9995)
        snprintf(text, TEXT_SIZE, "%.3f ms", ms);
    else if (ms < 9.995)
        snprintf(text, TEXT_SIZE, "%.2f ms", ms);
    else if (ms < 99.95)
        snprintf(text, TEXT_SIZE, "%.1f ms", ms);
    else if (ms < 999.5)
        snprintf(text, TEXT_SIZE, "%.0f ms", ms);
    else
        snprintf(text, TEXT_SIZE, "%.2f s", ms / 1000);
    return text;
}
