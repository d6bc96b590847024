/* pieces.h -- HTML and XML as what they say: tags, attributes, texts.
 *
 * White space between them, the order of attributes, and how they are quoted say
 * nothing. Each piece is named by the elements that it stands in:
 *
 *     <p class=x>Hello,   world</p>    html/body/p          <p>
 *                                      html/body/p@class    x
 *                                      html/body/p          Hello, world
 *
 * It is a reader for comparing and not for rendering: it takes what comes, ends
 * what HTML lets authors leave open, and never fails on bad markup.
 */
#ifndef MIRRORCTL_DIFF_PIECES_H
#define MIRRORCTL_DIFF_PIECES_H

#include <stdbool.h>

#include "core/err.h"
#include "core/str.h"
#include "diff/units.h"

/* Append the pieces of `text` to *out, which keeps views into it. `html`: names in any
 * case, elements that have no end. Returns 0, or -1 with *e set. */
int pieces_read(struct str text, bool html, struct units *out, struct err *e);

#endif
