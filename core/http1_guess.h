/* http1_guess.h -- do bytes look like HTTP/1?
 *
 * Told by the bytes alone, of which more may come, without reading messages.
 */
#ifndef MIRRORCTL_CORE_HTTP1_GUESS_H
#define MIRRORCTL_CORE_HTTP1_GUESS_H

#include <stdbool.h>

#include "core/http1.h"

enum http1_guess { HTTP1_NO, HTTP1_YES, HTTP1_TOO_SHORT };

/* Do these first bytes of a stream look like HTTP/1 of that side? */
enum http1_guess http1_guess(enum http1_side side, struct str bytes);

/* Do they begin with a whole request line that nobody writes by chance? What
 * content holds seldom does. */
bool http1_is_request(struct str bytes);

/* Is a whole line such a request line: its method is registered, its version
 * there? Content holds lines that look like "X y HTTP/1.1" more often than one
 * thinks, and behind white space there are the lines that are folded onto others. */
bool http1_is_no_chance(struct str line);

#endif
