#include "cli/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"

struct colours {
    bool dark;
    struct option_list names;
};

struct options {
    bool flag;
    struct colours colours;
    const char *text;
    struct option_list list;
    uint64_t count;
    int choice;
};

static const char *const colours[] = {"red", "green", NULL};

/* What this command has in common with others. */
#undef OPT_STRUCT
#define OPT_STRUCT struct colours
static const struct option_spec colour_options[] = {
    OPT_FLAG(0, "dark", dark, "dark"),
    OPT_LIST('C', "name", names, "COLOUR", "names"),
    OPT_END,
};
#undef OPT_STRUCT
#define OPT_STRUCT struct options

static const struct option_spec table[] = {
    OPT_PART(colours, colour_options),
    OPT_FLAG('z', "zip", flag, "flag"),
    OPT_STRING('o', "output", text, "FILE", "text"),
    OPT_LIST('r', "read", list, "FILE", "list"),
    OPT_COUNT('n', "count", count, "N", 1, 9, "count"),
    OPT_CHOICE(0, "colour", choice, "COLOUR", colours, "choice"),
    OPT_END,
};

static const struct command cmd = {.name = "test", .operands = "", .options = table};

static struct options got;
static struct common_options common;
static struct err e;
static char room[16][64];
static char *args[17];

/* Parse a command line of blank-separated words after the program's name;
 * the result is that of option_parse(), the operands stand in args. */
static int parse(const char *line)
{
    int n = 0;

    memset(&got, 0, sizeof got);
    memset(&common, 0, sizeof common);
    memset(&e, 0, sizeof e);
    memset(args, 0, sizeof args);
    snprintf(room[n++], sizeof room[0], "test");
    while (*line) {
        size_t word = strcspn(line, " ");

        snprintf(room[n++], sizeof room[0], "%.*s", (int)word, line);
        line += word + strspn(line + word, " ");
    }
    for (int i = 0; i < n; i++)
        args[i] = room[i];
    return option_parse(&cmd, n, args, &got, &common, &e);
}

static void assert_wrong(const char *line, const char *message)
{
    assert_int_equal(parse(line), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    assert_string_equal(e.text, message);
    option_release(&cmd, &got);
}

static void short_options_bundle_and_take_their_argument_in_place(void **state)
{
    (void)state;
    assert_int_equal(parse("-zqn3 -oout"), 3);
    assert_true(got.flag);
    assert_true(common.quiet);
    assert_int_equal(got.count, 3);
    assert_string_equal(got.text, "out");
}

static void a_part_is_read_into_its_own_struct(void **state)
{
    (void)state;
    assert_int_equal(parse("--dark -Cred --name blue -z"), 6);
    assert_true(got.colours.dark && got.flag);
    assert_int_equal(got.colours.names.n, 2);
    assert_string_equal(got.colours.names.items[1], "blue");
    option_release(&cmd, &got);
    assert_null(got.colours.names.items);
    assert_wrong("--drak", "--drak: no such option; did you mean --dark?");
}

static void long_options_take_equals_or_the_next_word(void **state)
{
    (void)state;
    assert_int_equal(parse("--output=a=b --count 9 --colour=green --log json"), 7);
    assert_string_equal(got.text, "a=b");
    assert_int_equal(got.count, 9);
    assert_int_equal(got.choice, 1);
    assert_int_equal(common.log, LOG_FORMAT_JSON);
}

static void options_may_stand_between_operands(void **state)
{
    (void)state;
    assert_int_equal(parse("one -z two"), 2);
    assert_true(got.flag);
    assert_string_equal(args[2], "one");
    assert_string_equal(args[3], "two");
}

static void two_dashes_end_options_and_one_is_an_operand(void **state)
{
    (void)state;
    assert_int_equal(parse("- -- -z"), 2);
    assert_false(got.flag);
    assert_string_equal(args[2], "-");
    assert_string_equal(args[3], "-z");
}

static void repeatable_options_keep_their_order(void **state)
{
    (void)state;
    assert_true(parse("-r a --read=b -rc") > 0);
    assert_int_equal(got.list.n, 3);
    assert_string_equal(got.list.items[0], "a");
    assert_string_equal(got.list.items[2], "c");
    option_release(&cmd, &got);
    assert_int_equal(got.list.n, 0);
}

static void wrong_values_are_told_with_the_long_name(void **state)
{
    (void)state;
    assert_wrong("-n 10", "--count: \"10\" is not a whole number from 1 to 9");
    assert_wrong("-nx", "--count: \"x\" is not a whole number from 1 to 9");
    assert_wrong("--colour blue", "--colour: \"blue\" is not one of red, green");
    assert_wrong("--output=", "--output: the argument is empty");
}

static void arguments_missing_or_too_much_are_told(void **state)
{
    (void)state;
    assert_wrong("-z -o", "--output: needs an argument, FILE");
    assert_wrong("--count", "--count: needs an argument, N");
    assert_wrong("--zip=1", "--zip: takes no argument");
}

static void unknown_options_get_the_nearest_name(void **state)
{
    (void)state;
    assert_wrong("--ouptut=x", "--ouptut: no such option; did you mean --output?");
    assert_wrong("--verbos1", "--verbos1: no such option; did you mean --verbose?");
    assert_wrong("--sesquipedalian", "--sesquipedalian: no such option");
    assert_wrong("-x", "-x: no such option");
    assert_wrong("-zx", "-x: no such option");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_options_bundle_and_take_their_argument_in_place),
        cmocka_unit_test(a_part_is_read_into_its_own_struct),
        cmocka_unit_test(long_options_take_equals_or_the_next_word),
        cmocka_unit_test(options_may_stand_between_operands),
        cmocka_unit_test(two_dashes_end_options_and_one_is_an_operand),
        cmocka_unit_test(repeatable_options_keep_their_order),
        cmocka_unit_test(wrong_values_are_told_with_the_long_name),
        cmocka_unit_test(arguments_missing_or_too_much_are_told),
        cmocka_unit_test(unknown_options_get_the_nearest_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
