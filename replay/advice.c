#include "replay/advice.h"

#include <stddef.h>

/* Words of OpenSSL 1.1 and 3. Asked in order: the first that occurs counts. */
static const struct {
    const char *words, *advice;
} rows[] = {
    {"self signed", "--cacert FILE says whom to trust"},
    {"self-signed", "--cacert FILE says whom to trust"},
    {"local issuer", "--cacert FILE says whom to trust"},
    {"has expired", "renew it, or do without checks: --insecure"},
    {"not yet valid", "compare the clocks"},
    {"subject name", "call the target as its certificate does, and say where with --resolve"},
    {"certificate required", "it wants a client certificate: --cert FILE"},
    {"alert unknown ca", "it does not trust the client certificate of --cert"},
    {"alert certificate expired", "to it the client certificate of --cert has expired"},
    {"alert certificate revoked", "to it the client certificate of --cert is revoked"},
    {"alert bad certificate", "it does not accept the client certificate of --cert"},
    {"alert certificate unknown", "it does not accept the client certificate of --cert"},
    {"alert unsupported certificate", "it does not accept the client certificate of --cert"},
    {"handshake failure", "it may want a client certificate: --cert FILE"},
    {"wrong version number", "that is not TLS; http:// instead?"},
};

const char *advice_for(struct str failure)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (failure.len && memmem(failure.data, failure.len, rows[i].words, strlen(rows[i].words)))
            return rows[i].advice;
    }
    return NULL;
}
