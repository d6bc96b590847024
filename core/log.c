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
#include "core/mem.h"
#include "core/utf8.h"

enum {
    LINE_MAX_BYTES = 4096,
    ESCAPED_MAX = 6 * LINE_MAX_BYTES,
    ESCAPE_ROOM = 20, /* for what one character becomes, and the end */
    JSON_MAX = 64 * 1024 * 1024,
    USUAL_ROWS = 24,
    PROGRESS_LINES = 50,
    PROGRESS_WIDTH = 250,
    ESCAPE_SEQUENCE = 3,
    PROGRESS_MAX = PROGRESS_LINES * (PROGRESS_WIDTH + ESCAPE_SEQUENCE + 1) + 64,
};

static struct {
    pthread_mutex_t lock;
    enum log_level level;
    bool json;
    unsigned widths[PROGRESS_LINES]; /* of the progress that is shown, in columns */
    unsigned n_lines;                /* 0: none is */
} log_state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_INFO};

void log_setup(enum log_level level, bool json)
{
    pthread_mutex_lock(&log_state.lock);
    log_state.level = level;
    log_state.json = json;
    pthread_mutex_unlock(&log_state.lock);
}

/* C0, DEL, C1 (U+0080 to U+009F), and what is no character. */
static bool is_obeyed(const char *p, size_t len)
{
    uint32_t code = len ? utf8_code(p, len) : 0;

    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* Controls as \xNN, so that a hostile name cannot move the cursor. */
static void escape_controls(const char *text, char *out, size_t size)
{
    size_t n = 0, left = strlen(text);

    while (left && n + ESCAPE_ROOM < size) {
        size_t len = utf8_len(text, left);
        bool obeyed = is_obeyed(text, len);

        for (len = len ? len : 1; len; len--, left--, text++) {
            if (obeyed)
                n += (size_t)snprintf(out + n, size - n, "\\x%02x", (unsigned char)*text);
            else
                out[n++] = *text;
        }
    }
    out[n] = '\0';
}

static unsigned columns(void)
{
    struct winsize size = {0};

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col
                                                                           : PROGRESS_WIDTH;
}

/* Rows above the cursor. A terminal that became narrower since has wrapped what
 * was as wide as it. */
static unsigned rows_above(void)
{
    unsigned n = 0, width = columns();

    for (unsigned i = 0; i < log_state.n_lines; i++)
        n += (log_state.widths[i] + width - 1) / width + (log_state.widths[i] == 0);
    return n ? n - 1 : 0;
}

/* Append how progress is taken away: up to its first row, and all below. */
static size_t take_away(char *out, size_t size)
{
    unsigned up = rows_above();
    int n = 0;

    if (up)
        n = snprintf(out, size, "\r\033[%uA\033[J", up);
    else if (log_state.n_lines)
        n = snprintf(out, size, "\r\033[K");
    log_state.n_lines = 0;
    return (size_t)n;
}

static void take_progress_away(void)
{
    char away[32];

    if (take_away(away, sizeof away))
        fputs(away, stderr);
}

/* Four bytes of an escape for each that there is. Without memory a long text is cut. */
static void write_text(const char *text)
{
    char usual[ESCAPED_MAX], *line = usual, *large = NULL;
    size_t size = 4 * strlen(text) + ESCAPE_ROOM;

    if (size > sizeof usual && (large = mem_alloc(size)) != NULL)
        line = large;
    escape_controls(text, line, large ? size : sizeof usual);
    take_progress_away();
    fprintf(stderr, "mirrorctl: %s\n", line);
    mem_free(large);
}

static void write_plain(const char *text)
{
    char line[LINE_MAX_BYTES], escaped[ESCAPED_MAX];
    const char *end;

    take_progress_away();
    for (bool first = true; first || *text; first = false, text = end + (*end == '\n')) {
        end = text + strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(end - text), text);
        escape_controls(line, escaped, sizeof escaped);
        fprintf(stderr, "%s%s\n", first || *text == ' ' ? "" : "  ", escaped);
    }
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
    buf_init(&b, JSON_MAX);
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

static void tell(enum log_level level, const char *text, void (*write)(const char *text))
{
    pthread_mutex_lock(&log_state.lock);
    if (level <= log_state.level) {
        if (log_state.json)
            write_json(level, text);
        else
            write(text);
    }
    pthread_mutex_unlock(&log_state.lock);
}

void log_text(enum log_level level, const char *text)
{
    tell(level, text, write_text);
}

void log_line(enum log_level level, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_text(level, text);
}

void log_plain(enum log_level level, const char *text)
{
    tell(level, text, write_plain);
}

/* A line can be drawn over again: not in a file, nor on a terminal that only
 * goes forward. */
static bool can_redraw(void)
{
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
}

bool log_progress_room(unsigned *width, unsigned *rows)
{
    struct winsize size = {0};
    bool shown;

    pthread_mutex_lock(&log_state.lock);
    shown = log_state.level >= LOG_INFO && !log_state.json && can_redraw();
    pthread_mutex_unlock(&log_state.lock);
    (void)ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
    *width = columns() - 1;
    *rows = (size.ws_row > 1 ? size.ws_row : USUAL_ROWS) - 1;
    if (*width > PROGRESS_WIDTH)
        *width = PROGRESS_WIDTH;
    if (*rows > PROGRESS_LINES)
        *rows = PROGRESS_LINES;
    return shown;
}

/* A line that wraps would leave its first half behind. */
static size_t draw_line(const char *text, size_t n, unsigned width, char *out)
{
    char line[LINE_MAX_BYTES], escaped[ESCAPED_MAX];

    snprintf(line, sizeof line, "%.*s", (int)n, text);
    escape_controls(line, escaped, sizeof escaped);
    return (size_t)snprintf(out, width + 1, "%s", escaped) < width ? strlen(escaped) : width;
}

/* To the first row of progress that is drawn over, if it has several: a terminal that
 * keeps what is cleared, as tmux does from its first row on, would keep each picture. */
static bool go_over(char *out, size_t size, size_t *n)
{
    unsigned up = rows_above();

    if (up == 0)
        return false;
    *n = (size_t)snprintf(out, size, "\r\033[%uA", up);
    log_state.n_lines = 0;
    return true;
}

static size_t put(char *out, const char sequence[ESCAPE_SEQUENCE + 1])
{
    memcpy(out, sequence, ESCAPE_SEQUENCE);
    return ESCAPE_SEQUENCE;
}

/* In one write, so that nobody sees half of it. */
static void draw(const char *text, unsigned width, unsigned rows)
{
    char out[PROGRESS_MAX];
    size_t n = 0;
    bool over = *text && go_over(out, sizeof out, &n);

    if (!over)
        n = take_away(out, sizeof out);
    for (const char *end; *text && log_state.n_lines < rows; text = end + (*end == '\n')) {
        size_t drawn;

        end = text + strcspn(text, "\n");
        if (log_state.n_lines)
            out[n++] = '\n';
        drawn = draw_line(text, (size_t)(end - text), width, out + n);
        log_state.widths[log_state.n_lines++] = (unsigned)drawn;
        n += drawn;
        if (over)
            n += put(out + n, "\033[K");
    }
    if (over)
        n += put(out + n, "\033[J");
    fwrite(out, 1, n, stderr);
}

void log_progress(const char *fmt, ...)
{
    char text[PROGRESS_MAX];
    unsigned width, rows;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!log_progress_room(&width, &rows))
        return;
    pthread_mutex_lock(&log_state.lock);
    draw(text, width, rows);
    pthread_mutex_unlock(&log_state.lock);
}
