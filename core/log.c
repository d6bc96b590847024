#include "core/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/json.h"

enum { LINE_MAX_BYTES = 4096, ESCAPED_MAX = 6 * LINE_MAX_BYTES };

static struct {
    pthread_mutex_t lock;
    enum log_level level;
    bool json;
    bool progress_shown;
} log_state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_INFO};

void log_setup(enum log_level level, bool json)
{
    pthread_mutex_lock(&log_state.lock);
    log_state.level = level;
    log_state.json = json;
    pthread_mutex_unlock(&log_state.lock);
}

/* Controls as \xNN, so that a hostile name cannot move the cursor. */
static void escape_controls(const char *text, char *out, size_t size)
{
    size_t n = 0;

    for (; *text && n + 5 < size; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f)
            n += (size_t)snprintf(out + n, size - n, "\\x%02x", c);
        else
            out[n++] = (char)c;
    }
    out[n] = '\0';
}

static void take_progress_away(void)
{
    if (log_state.progress_shown)
        fputs("\r\033[K", stderr);
    log_state.progress_shown = false;
}

static void write_text(const char *text)
{
    char line[ESCAPED_MAX];

    escape_controls(text, line, sizeof line);
    take_progress_away();
    fprintf(stderr, "mirrorctl: %s\n", line);
}

static void write_json(enum log_level level, const char *text)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    struct buf b;
    struct json_writer w;
    struct timespec now;
    struct tm tm;
    char when[64];
    size_t n;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    n = strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(when + n, sizeof when - n, ".%03ldZ", now.tv_nsec / 1000000);
    buf_init(&b, 2 * ESCAPED_MAX);
    json_begin(&w, &b, false, NULL);
    json_open_object(&w);
    json_key(&w, "time");
    json_cstr(&w, when);
    json_key(&w, "level");
    json_cstr(&w, names[level]);
    json_key(&w, "message");
    json_cstr(&w, text);
    if (json_end_all(&w) == 0)
        fprintf(stderr, "%s\n", b.data);
    buf_release(&b);
}

void log_line(enum log_level level, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&log_state.lock);
    if (level <= log_state.level) {
        if (log_state.json)
            write_json(level, text);
        else
            write_text(text);
    }
    pthread_mutex_unlock(&log_state.lock);
}

/* A line can be drawn over again: not in a file, nor on a terminal that only
 * goes forward. */
static bool can_redraw(void)
{
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
}

/* A line that wraps would leave its first half behind. */
static void cut_to_terminal(char *line)
{
    struct winsize size = {0};

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
        strlen(line) >= size.ws_col)
        line[size.ws_col - 1] = '\0';
}

void log_progress(const char *fmt, ...)
{
    char text[512], line[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&log_state.lock);
    if (log_state.level >= LOG_INFO && !log_state.json && can_redraw()) {
        take_progress_away();
        escape_controls(text, line, sizeof line);
        cut_to_terminal(line);
        fputs(line, stderr);
        log_state.progress_shown = line[0] != '\0';
    }
    pthread_mutex_unlock(&log_state.lock);
}
