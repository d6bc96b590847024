/* What the YAML decides, printed. */
#include <unistd.h>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/plan_sources.h"
#include "cli/status.h"
#include "replay/plan.h"

enum { OUT_MAX = 256 * 1024 * 1024 };

enum { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};

struct options {
    struct plan_sources sources;
    int format;
};

static const struct option_spec table[] = {
    OPT_PART(sources, plan_sources),
    OPT_CHOICE(0, "format", format, "FORMAT", formats,
               "text (default): mirrorctl's own YAML, which reads back to the same plan; or json"),
    OPT_END,
};

static const struct options defaults = {0};

static int check(int argc, struct err *e)
{
    if (argc == 0)
        return err_set(e, ERR_USAGE,
                       "FILE is missing: YAML of Istio, the Gateway API or "
                       "mirrorctl, a directory of it, or -");
    return 0;
}

/* ---- output ------------------------------------------------------------------------ */

static int write_plan(const struct options *o, const struct config *c, struct buf *out,
                      struct err *e)
{
    if (o->format == FORMAT_JSON)
        return plan_print_json(c->plan, &c->diags, out, e) < 0 ? -1 : buf_addc(out, '\n', e);
    return plan_print(c->plan, out, e);
}

static int print(const struct options *o, const struct config *c, struct err *e)
{
    struct output out = {STDOUT_FILENO, "standard output"};
    struct buf text;
    int rc = -1;

    buf_init(&text, OUT_MAX);
    if (write_plan(o, c, &text, e) == 0)
        rc = output_write(&out, buf_str(&text), e);
    buf_release(&text);
    return rc;
}

static int run_plan(const void *options, int argc, char **argv)
{
    const struct options *o = options;
    const struct config_urls no_urls = {0};
    struct err e = {0};
    struct config c;
    int status;

    if (check(argc, &e) < 0)
        return status_fail(&e);
    config_init(&c);
    if (config_read(&c, (const char *const *)argv, (size_t)argc, &o->sources, &no_urls, &e) < 0) {
        status = status_fail(&e);
    } else {
        status = config_tell(&c) ? EXIT_USAGE : EXIT_DONE;
        if (print(o, &c, &e) < 0)
            status = status_worst(status, status_fail(&e));
    }
    config_release(&c);
    return status;
}

const struct command cmd_plan = {
    .name = "plan",
    .summary = "tell what the YAML decides, for all traffic or for one request",
    .operands = "FILE...",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof defaults,
    .run = run_plan,
};
