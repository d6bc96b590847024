/* What becomes of documents whatever their kind: which are read, which are not,
 * and what people are told about their fields. */
#include "replay/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "replay/plan_reader.h"

/* That reading `text` tells what is in `want`, one a line, and nothing else. */
static void told(const char *text, const char *want)
{
    struct plan_input input = {str_of(text), "t"};
    struct plan_options options = {.inputs = &input, .n_inputs = 1};
    struct diags diags;
    struct plan *plan;
    struct buf out;

    diags_init(&diags);
    buf_init(&out, 1 << 20);
    plan = plan_read(&options, &diags, NULL);
    assert_non_null(plan);
    for (const struct diag *d = diags.first; d; d = d->next)
        assert_int_equal(diag_write(d, &out, NULL), 0);
    assert_string_equal(out.data ? out.data : "", want);
    plan_free(plan);
    buf_release(&out);
    diags_release(&diags);
}

static void what_is_no_object_is_an_error(void **state)
{
    (void)state;
    told("gateways: []\n", "t:1:1: error[E304]: an object without apiVersion: not of Kubernetes, "
                           "Istio, the Gateway API, or mirrorctl\n");
    told("apiVersion: v1\n", "t:1:1: error[E304]: an object without kind: not of Kubernetes, "
                             "Istio, the Gateway API, or mirrorctl\n");
    told("- x\n", "t:1:1: error[E304]: apiVersion and kind are missing: this is no object\n");
}

static void versions_and_kinds_are_known_or_told(void **state)
{
    (void)state;
    told("{apiVersion: networking.istio.io/v9, kind: VirtualService}",
         "t:1:1: error[E301]: networking.istio.io/v9 is not known (v1alpha3, v1beta1, v1)\n");
    told("{apiVersion: networking.istio.io/v1, kind: virtualservice}",
         "t:1:1: error[E301]: networking.istio.io/v1 has no kind virtualservice; did you mean "
         "\"VirtualService\"?\n");
    told("{apiVersion: config.istio.io/v1alpha2, kind: RouteRule}",
         "t:1:1: error[E302]: RouteRule of Istio 0.x is not supported: a VirtualService says the "
         "same\n");
    told("{apiVersion: v9, kind: Service}", "t:1:1: error[E301]: v9 is not known (v1)\n");
}

static void an_input_that_says_nothing_of_mirroring_is_an_error(void **state)
{
    const char *nothing = "t: error[E303]: nothing here says what to mirror: a VirtualService, "
                          "HTTPRoute or Mirror is needed\n";

    (void)state;
    told("", nothing);
    told("# only this\n---\n", nothing);
    told("{apiVersion: flagger.app/v1beta1, kind: Canary}\n"
         "---\n"
         "{apiVersion: flagger.app/v1beta1, kind: Canary}",
         "t:1:1: note[N301]: kind Canary of flagger.app/v1beta1 is ignored\n"
         "t: error[E303]: nothing here says what to mirror: a VirtualService, "
         "HTTPRoute or Mirror is needed\n");
}

static void lists_are_taken_apart(void **state)
{
    (void)state;
    told("{apiVersion: v1, kind: List, items: [\n"
         "  {apiVersion: networking.istio.io/v9, kind: Gateway},\n"
         "  {apiVersion: v1, kind: List, items: [\n"
         "    {kind: x}]}]}",
         "t:2:3: error[E301]: networking.istio.io/v9 is not known (v1alpha3, v1beta1, v1)\n"
         "t:4:5: error[E304]: an object without apiVersion: not of Kubernetes, Istio, the Gateway "
         "API, or mirrorctl\n");
}

static void names_of_hosts_are_what_dns_allows(void **state)
{
    (void)state;
    assert_true(plan_is_label(STR("v-2")));
    assert_true(plan_is_label(STR("V2")));
    assert_false(plan_is_label(STR("v_2")));
    assert_false(plan_is_label(STR("-v")));
    assert_false(plan_is_label(STR("")));
    assert_true(plan_is_subdomain(STR("a.b-c.d")));
    assert_false(plan_is_subdomain(STR("a..b")));
    assert_false(plan_is_subdomain(STR("a.")));
}

static void two_urls_are_a_plan_of_one_rule(void **state)
{
    static const char *const candidates[] = {"http://b", "http://c"};
    struct plan *p = plan_of_urls("http://a", candidates, 2, 5000, NULL);

    (void)state;
    assert_non_null(p);
    assert_int_equal(p->n_rules, 1);
    assert_null(p->rules->matches);
    assert_string_equal(p->rules->baselines->to->addresses->url.data, "http://a");
    assert_string_equal(p->rules->candidates->to->addresses->url.data, "http://b");
    assert_string_equal(p->rules->candidates->next->to->addresses->url.data, "http://c");
    assert_int_equal(p->rules->candidates->next->ppm, 5000);
    assert_null(p->rules->candidates->next->next);
    plan_free(p);
    p = plan_of_urls(NULL, candidates, 1, 1, NULL);
    assert_non_null(p);
    assert_null(p->rules->baselines);
    plan_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_object_is_an_error),
        cmocka_unit_test(versions_and_kinds_are_known_or_told),
        cmocka_unit_test(an_input_that_says_nothing_of_mirroring_is_an_error),
        cmocka_unit_test(lists_are_taken_apart),
        cmocka_unit_test(names_of_hosts_are_what_dns_allows),
        cmocka_unit_test(two_urls_are_a_plan_of_one_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
