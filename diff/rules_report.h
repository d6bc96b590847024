/* rules_report.h -- what a report says of rules: what they did, and which of them
 * did nothing, since such a rule is mistyped or has outlived its reason. */
#ifndef MIRRORCTL_DIFF_RULES_REPORT_H
#define MIRRORCTL_DIFF_RULES_REPORT_H

#include <stddef.h>

#include "core/json.h"
#include "core/str.h"
#include "diff/verdict.h"

/* One warning after the other: a code, and a line of text. */
void rules_warnings(const struct evidence *ev,
                    void (*say)(void *ctx, const char *code, const char *text), void *ctx);

enum { RULES_LINE = 256 };

/* "3 rules, 12,441 hits; 1 matched nothing: $.metaa.ts (typo?)", with bytes of
 * the user's; empty when there are no rules. */
struct str rules_line(const struct rules_use *u, char text[RULES_LINE]);

/* Write the array of the JSON report. */
void rules_write_json(const struct rules_use *u, struct json_writer *w);

#endif
