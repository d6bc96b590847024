/* advice.h -- what to do about a TLS failure, where something can be done. */
#ifndef MIRRORCTL_REPLAY_ADVICE_H
#define MIRRORCTL_REPLAY_ADVICE_H

#include "core/str.h"

/* For the text in which OpenSSL tells a failure; NULL where we know nothing. */
const char *advice_for(struct str failure);

#endif
