#include "core/secret.h"

#include <stddef.h>

static const struct str headers[] = {
    STR_INIT("authorization"),
    STR_INIT("proxy-authorization"),
    STR_INIT("cookie"),
    STR_INIT("set-cookie"),
    STR_INIT("x-api-key"),
    STR_INIT("x-auth-token"),
    STR_INIT("x-amz-security-token"),
    STR_INIT("x-csrf-token"),
    STR_INIT("x-forwarded-client-cert"),
};

/* One word of a name, or two that follow one another. */
static const struct {
    struct str word;
    struct str next;
} words[] = {
    {STR_INIT("password"), STR_INIT("")},
    {STR_INIT("passwd"), STR_INIT("")},
    {STR_INIT("pwd"), STR_INIT("")},
    {STR_INIT("passphrase"), STR_INIT("")},
    {STR_INIT("passcode"), STR_INIT("")},
    {STR_INIT("secret"), STR_INIT("")},
    {STR_INIT("secrets"), STR_INIT("")},
    {STR_INIT("token"), STR_INIT("")},
    {STR_INIT("jwt"), STR_INIT("")},
    {STR_INIT("apikey"), STR_INIT("")},
    {STR_INIT("api"), STR_INIT("key")},
    {STR_INIT("accesskey"), STR_INIT("")},
    {STR_INIT("access"), STR_INIT("key")},
    {STR_INIT("privatekey"), STR_INIT("")},
    {STR_INIT("private"), STR_INIT("key")},
    {STR_INIT("session"), STR_INIT("")},
    {STR_INIT("sessionid"), STR_INIT("")},
    {STR_INIT("sessid"), STR_INIT("")},
    {STR_INIT("jsessionid"), STR_INIT("")},
    {STR_INIT("phpsessid"), STR_INIT("")},
    {STR_INIT("credential"), STR_INIT("")},
    {STR_INIT("credentials"), STR_INIT("")},
    {STR_INIT("authorization"), STR_INIT("")},
    {STR_INIT("cookie"), STR_INIT("")},
    {STR_INIT("otp"), STR_INIT("")},
    {STR_INIT("signature"), STR_INIT("")}, /* of pre-signed URLs */
};

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

static bool is_letter(char c)
{
    return is_upper(c) || is_lower(c);
}

/* Cut the next word off a name. Words are runs of letters, and a capital
 * starts a new one where a small letter stands beside it: user_id, userId,
 * user[id] and USER-ID have two, APIKey as well. */
static struct str next_word(struct str *rest)
{
    struct str word;
    size_t n = 1;

    while (rest->len && !is_letter(rest->data[0]))
        *rest = str_skip(*rest, 1);
    if (!rest->len)
        return (struct str){0};
    while (n < rest->len && is_letter(rest->data[n])) {
        const char *c = rest->data + n;
        bool small_follows = n + 1 < rest->len && is_lower(c[1]);

        if (is_upper(*c) && (is_lower(c[-1]) || small_follows))
            break;
        n++;
    }
    word = str_head(*rest, n);
    *rest = str_skip(*rest, n);
    return word;
}

bool secret_is_name(struct str name)
{
    struct str word = next_word(&name);

    while (word.len) {
        struct str next = next_word(&name);

        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            if (str_ieq(word, words[i].word) &&
                (!words[i].next.len || str_ieq(next, words[i].next)))
                return true;
        }
        word = next;
    }
    return false;
}

/* Beside the fields that are known, those of a house's own: X-Vault-Token,
 * Private-Token. Access-Control-Allow-Credentials only says yes or no. */
bool secret_is_header(struct str name)
{
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (str_ieq(name, headers[i]))
            return true;
    }
    return secret_is_name(name) && !str_istarts(name, STR("access-control-"));
}
