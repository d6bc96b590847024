/* idlike.h -- what looks like data and not like a name.
 *
 * /users/17 and /users/18 are one endpoint, {"17": ..} and {"18": ..} one field:
 * whoever groups answers asks here which words to fold.
 */
#ifndef MIRRORCTL_DIFF_IDLIKE_H
#define MIRRORCTL_DIFF_IDLIKE_H

#include "core/str.h"

enum idlike {
    IDLIKE_NAME, /* keep it */
    IDLIKE_ID,   /* digits, ULID, KSUID, ObjectId */
    IDLIKE_UUID,
    IDLIKE_HEX,  /* 8 and more hexadecimal digits, one of them a decimal */
    IDLIKE_DATE, /* 2026-11-22, with or without a time */
    IDLIKE_EMAIL,
    IDLIKE_TOKEN, /* long, and letters and digits mixed */
    IDLIKE_NUM,   /* sign, decimal point, "lat,lng" */
};

/* Classify a word whose percent-encoding is undone. */
enum idlike idlike_of(struct str word);

/* "{id}", "{uuid}", ...; NULL for names. */
const char *idlike_placeholder(enum idlike kind);

#endif
