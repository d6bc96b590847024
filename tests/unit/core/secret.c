#include "core/secret.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct row {
    const char *name;
    bool hidden;
};

static void fields_with_credentials_are_hidden_in_any_case(void **state)
{
    static const struct row rows[] = {
        {"Authorization", true},
        {"authorization", true},
        {"PROXY-AUTHORIZATION", true},
        {"Cookie", true},
        {"Set-Cookie", true},
        {"X-Api-Key", true},
        {"X-Auth-Token", true},
        {"X-Amz-Security-Token", true},
        {"X-Csrf-Token", true},
        {"X-Forwarded-Client-Cert", true},
        {"X-Vault-Token", true},
        {"Private-Token", true},
        {"Access-Control-Allow-Credentials", false},
        {"WWW-Authenticate", false},
        {"Cache-Control", false},
        {"Content-Type", false},
        {"ETag", false},
        {"Idempotency-Key", false},
        {"Sec-WebSocket-Key", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (secret_is_header(str_of(rows[i].name)) != rows[i].hidden)
            fail_msg("%s is %s", rows[i].name, rows[i].hidden ? "shown" : "hidden");
    }
}

static void names_are_judged_by_whole_words(void **state)
{
    static const struct row rows[] = {
        {"password", true},
        {"Password", true},
        {"PASSWORD", true},
        {"user_password", true},
        {"user-password-2", true},
        {"newPassword", true},
        {"user[password]", true},
        {"password2", true},
        {"passwd", true},
        {"db.pwd", true},
        {"secret", true},
        {"client_secret", true},
        {"clientSecret", true},
        {"ClientSECRET", true},
        {"token", true},
        {"accessToken", true},
        {"refresh_token", true},
        {"JWTToken", true},
        {"apikey", true},
        {"api_key", true},
        {"api-key", true},
        {"apiKey", true},
        {"APIKey", true},
        {"APIKEY", true},
        {"X-Api-Key", true},
        {"myApiKeyId", true},
        {"access_key", true},
        {"aws.access.key.id", true},
        {"private_key", true},
        {"privateKey", true},
        {"session", true},
        {"sessionId", true},
        {"JSESSIONID", true},
        {"PHPSESSID", true},
        {"X-Amz-Credential", true},
        {"X-Amz-Signature", true},
        {"credentials", true},
        /* only parts of words, or words of another kind */
        {"passwordless", false},
        {"tokenizer", false},
        {"total_tokens", false},
        {"secretary", false},
        {"obsession", false},
        {"key", false},
        {"api", false},
        {"api_version_key", false},
        {"monkey", false},
        {"keyApi", false},
        {"private", false},
        {"accessible_keys", false},
        {"author", false},
        {"name", false},
        {"", false},
        {"_", false},
        {"123", false},
        {"\xff\xfe", false},
        {"p\xc3\xa4ssword", false},
        {"token\xc3\xa9", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (secret_is_name(str_of(rows[i].name)) != rows[i].hidden)
            fail_msg("%s is %s", rows[i].name, rows[i].hidden ? "shown" : "hidden");
    }
    assert_false(secret_is_name((struct str){0}));
    assert_true(secret_is_name(STR("a\0token")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_with_credentials_are_hidden_in_any_case),
        cmocka_unit_test(names_are_judged_by_whole_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
