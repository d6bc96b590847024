/* log.h -- lines for people on stderr, as text or as JSON.
 *
 * Only cli decides what is shown; stages get a struct log to say what a user
 * should know while they run. Lines are written whole, so threads never mix.
 */
#ifndef MIRRORCTL_CORE_LOG_H
#define MIRRORCTL_CORE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Show lines up to `level`; as JSON Lines if `json`. Thread-safe from then on. */
void log_setup(enum log_level level, bool json);

/* "mirrorctl: text", control characters escaped: names and errors can hold
 * bytes of the network. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* The same of a text of any length, which no buffer of ours cuts. */
void log_text(enum log_level level, const char *text);

/* Without the program's name in front: what begins with the name of a file, as compilers
 * tell it. Line feeds begin lines of their own, which are indented: the text may hold
 * other people's, and none of it shall pass for a message. */
void log_plain(enum log_level level, const char *text);

/* Replace the progress at the bottom of a terminal, one line or, with line feeds
 * in it, several; nothing elsewhere or with JSON or below LOG_INFO. Each line is
 * cut where the terminal ends, and those that it has no rows for are left out.
 * An empty text takes it away. */
void log_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* True where progress is shown, and how much of it there is room for. */
bool log_progress_room(unsigned *columns, unsigned *rows);

#endif
