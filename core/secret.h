/* secret.h -- what reports hide unless they are asked to show it.
 *
 * Records hold credentials, since a request without its session cannot be
 * replayed. Reports are passed around, so every one of them asks here first.
 */
#ifndef MIRRORCTL_CORE_SECRET_H
#define MIRRORCTL_CORE_SECRET_H

#include <stdbool.h>

#include "core/str.h"

/* What stands in a secret's place. */
#define SECRET_MASK "(hidden)"

/* True for header fields that carry credentials: Authorization, Cookie, ... */
bool secret_is_header(struct str name);

/* True for names of JSON members, form fields and query parameters that hold
 * secrets: password, token, api_key, ... whole words of the name, any case. */
bool secret_is_name(struct str name);

#endif
