#include "diff/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *name_at(const struct findings *f, size_t i)
{
    return candidate_name(f->of[i].evidence.candidate);
}

static enum verdict verdict_at(const struct findings *f, size_t i)
{
    return f->of[i].judgement.overall;
}

/* The first of those with the worst verdict. */
static size_t find_worst(const struct findings *f)
{
    static const int badness[] = {
        [VERDICT_PASS] = 0, [VERDICT_INCONCLUSIVE] = 1, [VERDICT_FAIL] = 2};
    size_t worst = 0;

    for (size_t i = 1; i < f->n; i++) {
        if (badness[verdict_at(f, i)] > badness[verdict_at(f, worst)])
            worst = i;
    }
    return worst;
}

/* A v1 that fails is no candidate's fault: then all give the same reason. */
static bool have_one_reason(const struct findings *f)
{
    for (size_t i = 1; i < f->n; i++) {
        if (strcmp(f->of[i].judgement.reason, f->of[0].judgement.reason) != 0)
            return false;
    }
    return true;
}

__attribute__((format(printf, 2, 3))) static void say(struct findings *f, const char *fmt, ...)
{
    size_t n = strlen(f->reason);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(f->reason + n, sizeof f->reason - n, fmt, ap);
    va_end(ap);
}

/* "v2, v3 and v4 answer as v1 does" */
static void say_all_pass(struct findings *f)
{
    for (size_t i = 0; i < f->n; i++)
        say(f, "%s%s", i == 0 ? "" : i + 1 < f->n ? ", " : " and ", name_at(f, i));
    say(f, " answer %s", verdict_alike(f->of[0].evidence.run));
}

/* "v3 does not answer as v1 does; v2 PASS, v4 FAIL" */
static void say_worst(struct findings *f, size_t worst)
{
    const char *reason = f->of[worst].judgement.reason;
    const char *separator = "; ";

    if (!str_starts(str_of(reason), str_of(name_at(f, worst))))
        say(f, "%s: ", name_at(f, worst));
    say(f, "%s", reason);
    for (size_t i = 0; i < f->n; i++) {
        if (i == worst)
            continue;
        say(f, "%s%s %s", separator, name_at(f, i), verdict_word(verdict_at(f, i)));
        separator = ", ";
    }
}

void findings_judge(struct findings *f)
{
    size_t worst;

    for (size_t i = 0; i < f->n; i++)
        verdict_judge(&f->of[i].evidence, &f->of[i].judgement);
    worst = find_worst(f);
    f->verdict = verdict_at(f, worst);
    f->reason[0] = '\0';
    if (have_one_reason(f))
        say(f, "%s", f->of[0].judgement.reason);
    else if (f->verdict == VERDICT_PASS)
        say_all_pass(f);
    else
        say_worst(f, worst);
}
