/* Make a plan of files of all kinds while the n-th allocation fails, once and for
 * ever: no crash, no leak (LeakSanitizer), and no other plan than with memory. */
#include <stdio.h>
#include <stdlib.h>

#include "core/mem.h"
#include "replay/plan.h"

enum { TEXT_MAX = 64 * 1024, PRINTED_MAX = 1 << 20 };

static const char *const names[] = {"movies", "match",     "changes", "two",     "native",
                                    "route",  "addresses", "gateway", "entries", "kubernetes"};

enum { N_INPUTS = sizeof names / sizeof *names };

static struct plan_input inputs[N_INPUTS];
static char texts[N_INPUTS][TEXT_MAX];

static void load(void)
{
    for (size_t i = 0; i < N_INPUTS; i++) {
        char path[256];
        FILE *in;

        snprintf(path, sizeof path, "tests/fuzz/corpus/plan/%s.yaml", names[i]);
        in = fopen(path, "rb");
        if (!in) {
            printf("not ok 1 %s cannot be read\n", path);
            exit(1);
        }
        inputs[i] = (struct plan_input){.text = {texts[i], fread(texts[i], 1, TEXT_MAX, in)},
                                        .name = names[i]};
        fclose(in);
    }
}

struct made {
    size_t errors, warnings;
    struct buf printed;
};

/* 0 when there is a plan, -1 when it failed and said so, 1 when it failed silently. */
static int make(struct made *m)
{
    static const char *const endpoints[] = {"m/v1=http://127.0.0.1:3001",
                                            "m/v2=http://127.0.0.1:3002"};
    static const struct plan_input file = {STR_INIT("k/v9: [http://a, http://b]\n"), "e.yaml"};
    struct plan_options options = {.inputs = inputs,
                                   .n_inputs = N_INPUTS,
                                   .endpoints = endpoints,
                                   .n_endpoints = 2,
                                   .endpoint_files = &file,
                                   .n_endpoint_files = 1};
    struct err e = {0};
    struct plan_router *router = NULL;
    struct diags diags;
    struct plan *p;
    int rc = -1;

    diags_init(&diags);
    p = plan_read(&options, &diags, &e);
    if (p && plan_print(p, &m->printed, &e) == 0)
        router = plan_router_new(p, &e);
    if (router)
        rc = 0;
    m->errors = diags.found[DIAG_ERROR];
    m->warnings = diags.found[DIAG_WARNING];
    plan_router_free(router);
    plan_free(p);
    diags_release(&diags);
    return rc < 0 && e.kind == ERR_NONE ? 1 : rc;
}

/* Nothing but the same plan, or a failure, is honest. */
static int run(const struct made *want)
{
    struct made m = {0};
    int rc;

    buf_init(&m.printed, PRINTED_MAX);
    rc = make(&m);
    if (rc == 0 && (m.errors != want->errors || m.warnings != want->warnings ||
                    !str_eq(buf_str(&m.printed), buf_str(&want->printed))))
        rc = 1;
    buf_release(&m.printed);
    return rc;
}

static int torture(const struct made *want, int *n)
{
    int lies = 0;

    for (int how = MEM_FAIL_ONCE; how <= MEM_FAIL_FROM; how++) {
        uint64_t nth = 0, asked;
        int rc;

        do {
            mem_fail_at(++nth, (enum mem_fail)how);
            rc = run(want);
            asked = mem_count();
            mem_fail_at(0, MEM_FAIL_NEVER);
            if (rc > 0)
                printf("# allocation %llu\n", (unsigned long long)nth);
            lies += rc > 0;
            ++*n;
        } while (asked >= nth);
        lies += rc != 0;
    }
    return lies;
}

int main(void)
{
    struct made want = {0};
    int n = 0, lies;

    load();
    buf_init(&want.printed, PRINTED_MAX);
    if (make(&want) != 0) {
        printf("not ok 1 there is no plan with all memory\n");
        return 1;
    }
    lies = torture(&want, &n);
    printf("%s 1 a plan survives each of %d failing allocations\n", lies ? "not ok" : "ok", n);
    printf("1..1\n");
    buf_release(&want.printed);
    return lies != 0;
}
