#define OPT_STRUCT struct plan_sources
#include "cli/plan_sources.h"

static const char *const assumptions[] = {"nothing", "source-labels", NULL};

const struct option_spec plan_sources[] = {
    OPT_LIST(0, "endpoint", endpoints, "KEY=URL",
             "where HOST[:PORT][/SUBSET] of the YAML runs; the same KEY again: another address of "
             "it; repeatable"),
    OPT_LIST(0, "endpoints", endpoint_files, "FILE",
             "the same from a YAML map of KEY: URL or KEY: [URL, ...]; repeatable"),
    OPT_STRING(0, "namespace", namespace, "NAME", "of objects that name none (default: default)"),
    OPT_FLAG(0, "lenient", lenient, "fields that are not known are warnings, not errors"),
    OPT_CHOICE(0, "assume", assume, "WHAT", assumptions,
               "source-labels: rules for certain callers fit, though no capture knows who called"),
    OPT_END,
};
