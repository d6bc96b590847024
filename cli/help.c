#include <string.h>

#include "cli/command.h"
#include "cli/option.h"

enum { WIDTH = 80, INDENT = 28 };

/* Print words up to the right margin; `column` is where the first stands. */
static void print_wrapped(FILE *out, const char *text, int column)
{
    while (*text) {
        int word = (int)strcspn(text, " ");

        if (column > INDENT && column + 1 + word > WIDTH) {
            fprintf(out, "\n%*s", INDENT, "");
            column = INDENT;
        } else if (column > INDENT) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", word, text);
        column += word;
        text += word + strspn(text + word, " ");
    }
    fputc('\n', out);
}

static void print_row(void *ctx, const struct option_spec *row, size_t offset)
{
    FILE *out = ctx;
    int column = row->letter ? fprintf(out, "  -%c, --%s", row->letter, row->name)
                             : fprintf(out, "      --%s", row->name);

    (void)offset;
    if (row->arg)
        column += fprintf(out, " %s", row->arg);
    if (column > INDENT - 2) {
        fputc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", INDENT - column, "");
    print_wrapped(out, row->help, INDENT);
}

void option_help(const struct command *cmd, FILE *out)
{
    fprintf(out, "usage: mirrorctl %s [OPTION]...%s%s\n\n%s\n\n", cmd->name,
            *cmd->operands ? " " : "", cmd->operands, cmd->summary);
    option_each(cmd->options, print_row, out);
    fputc('\n', out);
    option_each(common_options, print_row, out);
}
