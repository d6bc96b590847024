/* hide.h -- views of what was captured with the credentials taken out. */
#ifndef MIRRORCTL_CORE_HIDE_H
#define MIRRORCTL_CORE_HIDE_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/http.h"
#include "core/str.h"

/* Append a request target or URL with the values of secret query parameters and
 * the user of its authority hidden. */
int hide_in_url(struct buf *out, struct str url, struct err *e);

/* Append the value of a field, which may be secret or a URL that holds secrets. */
int hide_in_field(struct buf *out, const struct http_field *field, struct err *e);

/* Append a form (a=1&token=2) with its secret values hidden. */
int hide_in_form(struct buf *out, struct str form, struct err *e);

/* Append JSON, or what there is of it, with the values of secret members
 * hidden. Everything else stays byte for byte. */
int hide_in_json(struct buf *out, struct str json, struct err *e);

/* Append text that nobody knows the form of, with what stands behind a secret name and
 * an equals sign or a colon hidden: `token=abc`, `"password": "abc"`, `Authorization:
 * Basic abc`, `<token>abc</token>`. Wherever the text ends is fine, so pieces of something can be given. */
int hide_in_text(struct buf *out, struct str text, struct err *e);

/* Append the message's content with what its type says is secret hidden; true
 * in *hidden if anything was. Content under a content coding is not read. */
int hide_in_body(struct buf *out, const struct http_message *m, bool *hidden, struct err *e);

#endif
