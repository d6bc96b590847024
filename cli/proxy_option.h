/* proxy_option.h -- the URL of a proxy, which may hold a password.
 *
 * From @FILE it is read where nobody else can; on the command line its user and
 * password are overwritten, since everybody can read that of a process.
 */
#ifndef MIRRORCTL_CLI_PROXY_OPTION_H
#define MIRRORCTL_CLI_PROXY_OPTION_H

#include "cli/option.h"

/* The field of the option; "" without a proxy. */
struct proxy_option {
    char url[1024];
};

extern option_reader option_proxy;

#endif
