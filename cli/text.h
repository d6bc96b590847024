/* text.h -- bytes of the network, and numbers, as text for people.
 *
 * Everything appends to a buffer and returns 0, or -1 with *e set.
 */
#ifndef MIRRORCTL_CLI_TEXT_H
#define MIRRORCTL_CLI_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

/* True if all of it is UTF-8. */
bool text_is_utf8(struct str s);

/* True if a terminal can show it: UTF-8 without controls but white space. */
bool text_is_printable(struct str s);

/* With controls and what is not UTF-8 as \xNN. Line feeds and tabs stay if
 * `lines`. */
int text_escape(struct buf *out, struct str s, bool lines, struct err *e);

int text_base64(struct buf *out, struct str s, struct err *e);

/* "2026-11-22T20:10:00.123456789Z" with `digits` (0 to 9) of the fraction. */
enum { TEXT_TIME = 40 };
const char *text_time(int64_t wall_ns, unsigned digits, char text[TEXT_TIME]);

/* "412 B", "3.1 kB", "16.0 MB". */
enum { TEXT_SIZE = 32 };
const char *text_size(uint64_t bytes, char text[TEXT_SIZE]);

/* "1234567", "0.000001", "2.5": a number as people type it, to the millionth. */
const char *text_number(double v, char text[TEXT_SIZE]);

/* "0.412 ms", "12.3 ms", "1.50 s": three digits that matter. */
const char *text_duration(int64_t ns, char text[TEXT_SIZE]);

#endif
