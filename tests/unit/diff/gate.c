/* Limits, as they are given and as they are shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "diff/gate.h"

static void limits_read_as_they_are_shown(void **state)
{
    static const struct {
        const char *text, *shown;
        enum gate_name name;
        bool warn;
    } rows[] = {
        {"body=0", "0", GATE_BODY, false},
        {"outcome=12", "12", GATE_OUTCOME, false},
        {"status=0.5%", "0.5%", GATE_STATUS, false},
        {"headers=off", "off", GATE_HEADERS, false},
        {"headers=warn", "0", GATE_HEADERS, true},
        {"latency=1.25", "1.25", GATE_LATENCY, false},
        {"latency=1.10,2ms", "1.10,2ms", GATE_LATENCY, false},
        {"latency=1.10,500us", "1.10,500us", GATE_LATENCY, false},
        {"latency=1.5,1s", "1.50,1000ms", GATE_LATENCY, false},
        {"latency=warn", "1.10,2ms", GATE_LATENCY, true},
        {"latency=off", "off", GATE_LATENCY, false},
        {"coverage=95%", "95%", GATE_COVERAGE, false},
        {"coverage=warn", "95%", GATE_COVERAGE, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gate gates[GATE_COUNT];
        char text[GATE_TEXT];
        struct err e = {0};

        gates_default(gates);
        if (gate_read(gates, rows[i].text, &e) < 0)
            fail_msg("%s: %s", rows[i].text, e.text);
        assert_string_equal(gate_limit_text(rows[i].name, &gates[rows[i].name], text),
                            rows[i].shown);
        assert_int_equal(gates[rows[i].name].warn, rows[i].warn);
    }
}

static void defaults_are_those_of_the_contract(void **state)
{
    static const char *const shown[GATE_COUNT] = {"0", "0", "0", "0", "1.10,2ms", "95%"};
    struct gate gates[GATE_COUNT];
    char text[GATE_TEXT];

    (void)state;
    gates_default(gates);
    for (int i = 0; i < GATE_COUNT; i++) {
        assert_string_equal(gate_limit_text((enum gate_name)i, &gates[i], text), shown[i]);
        assert_int_equal(gates[i].warn, i == GATE_LATENCY);
    }
}

static void nonsense_is_refused_with_what_is_wanted(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"bodies=0", "try one of outcome"},
        {"body", "a count"},
        {"body=", "a count"},
        {"body=-1", "a count"},
        {"body=1.5", "a count"},
        {"body=101%", "a count"},
        {"body=1e3", "a count"},
        {"latency=0.9", "a ratio"},
        {"latency=1.1,", "a ratio"},
        {"latency=1.1,2", "a ratio"},
        {"coverage=95", "a least share"},
        {"coverage=x%", "a least share"},
        {"", "try one of outcome"},
        {"latency=1.1,999999999999999999s", "a ratio"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gate gates[GATE_COUNT];
        struct err e = {0};

        gates_default(gates);
        assert_int_equal(gate_read(gates, rows[i].text, &e), -1);
        assert_int_equal(e.kind, ERR_USAGE);
        if (!strstr(e.text, rows[i].says))
            fail_msg("%s: %s", rows[i].text, e.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_read_as_they_are_shown),
        cmocka_unit_test(defaults_are_those_of_the_contract),
        cmocka_unit_test(nonsense_is_refused_with_what_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
