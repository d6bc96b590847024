/* Where destinations run: which source counts, which key, and what is said when
 * none does. Numbers are those of the acceptance tests. */
#include "tests/support/read_plan.h"

#include "replay/plan_endpoints.h"

/* The mirroring of the movies service, as a mesh has it. */
#define ROUTES                                                         \
    "apiVersion: networking.istio.io/v1beta1\n"                        \
    "kind: VirtualService\n"                                           \
    "metadata: {name: movies, namespace: demo}\n"                      \
    "spec:\n"                                                          \
    "  hosts: ['*']\n"                                                 \
    "  http:\n"                                                        \
    "  - route:\n"                                                     \
    "    - destination: {host: m, port: {number: 3000}, subset: v1}\n" \
    "    mirror: {host: m, port: {number: 3000}, subset: v2}\n"

#define SUBSETS                                   \
    "---\n"                                       \
    "apiVersion: networking.istio.io/v1beta1\n"   \
    "kind: DestinationRule\n"                     \
    "metadata: {name: movies, namespace: demo}\n" \
    "spec:\n"                                     \
    "  host: m\n"                                 \
    "  subsets: [{name: v1, labels: {version: '1'}}, {name: v2, labels: {version: '2'}}]\n"

#define SERVICE                                                                       \
    "---\n"                                                                           \
    "{apiVersion: v1, kind: Service, metadata: {name: m, namespace: demo}, spec: {\n" \
    "  selector: {app: movies}, ports: [{name: web, port: 3000, targetPort: http}]}}\n"

#define DEPLOYMENT(version)                                                         \
    "---\n"                                                                         \
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: movies-" version      \
    ", namespace: demo}, spec: {template: {\n"                                      \
    "  metadata: {labels: {app: movies, version: '" version "'}},\n"                \
    "  spec: {containers: [{ports: [{name: admin, containerPort: 9}, {name: http, " \
    "containerPort: 8080}]}]}}}}\n"

/* One destination without subset is mirrored to another. */
#define ROUTE_OF(baseline, candidate)            \
    "apiVersion: gateway.networking.k8s.io/v1\n" \
    "kind: HTTPRoute\n"                          \
    "metadata: {name: r, namespace: demo}\n"     \
    "spec:\n"                                    \
    "  rules:\n"                                 \
    "  - backendRefs: [{name: " baseline "}]\n"  \
    "    filters: [{type: RequestMirror, requestMirror: {backendRef: {name: " candidate "}}}]\n"

#define MESH ROUTES SUBSETS

static struct reading r;

static int tear_down(void **state)
{
    (void)state;
    forget(&r);
    return 0;
}

static void read_text(const char *text)
{
    forget(&r);
    with_text(&r, "f.yaml", text);
    read_it(&r);
}

/* ---- keys ------------------------------------------------------------------------- */

static void keys_are_host_port_and_subset(void **state)
{
    static const struct {
        const char *text, *host;
        unsigned port;
        const char *subset;
    } good[] = {
        {"m", "m", 0, ""},
        {"m:8080", "m", 8080, ""},
        {"m:v2", "m", 0, "v2"},
        {"m/v2", "m", 0, "v2"},
        {"m:3000/v2", "m", 3000, "v2"},
        {"m/2", "m", 0, "2"},
        {"m:2v", "m", 0, "2v"},
        {"m.demo.svc.cluster.local:80/x", "m.demo.svc.cluster.local", 80, "x"},
    };
    static const char *const bad[] = {"",       "/v2",    "m/",     "m:",       "m:0",   "m:65536",
                                      "m:x/v2", "m/v2/x", "m:1:v2", "m:80/a:b", "[::1]", "a b"};
    struct plan_key key;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(plan_key_read(&key, str_of(good[i].text), NULL), 0);
        assert_true(str_eq(key.host, str_of(good[i].host)));
        assert_int_equal(key.port, good[i].port);
        assert_true(str_eq(key.subset, str_of(good[i].subset)));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (plan_key_read(&key, str_of(bad[i]), NULL) == 0)
            fail_msg("\"%s\" is taken for a key", bad[i]);
    }
}

static void a_key_fits_what_it_does_not_contradict(void **state)
{
    static const struct plan_destination m = {
        .host = STR_INIT("m"),
        .full = STR_INIT("m.demo.svc.cluster.local"),
        .port = 3000,
        .subset = STR_INIT("v2"),
    };
    static const struct plan_destination outside = {
        .host = STR_INIT("m.example.com"),
        .full = STR_INIT("m.example.com"),
    };
    static const char *const fit[] = {
        "m",      "M",    "m.demo", "m.demo.svc",    "m.demo.svc.cluster.local",
        "m:3000", "m/v2", "m:v2",   "m.demo:3000/v2"};
    static const char *const others[] = {
        "n", "m.dem", "m.other", "m:80", "m/v1", "m:v1", "m:3000/v1", "m.demo.svc.cluster.local.x"};
    struct plan_key key;

    (void)state;
    for (size_t i = 0; i < sizeof fit / sizeof *fit; i++) {
        assert_int_equal(plan_key_read(&key, str_of(fit[i]), NULL), 0);
        if (!plan_key_fits(&key, &m))
            fail_msg("%s does not fit", fit[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(plan_key_read(&key, str_of(others[i]), NULL), 0);
        if (plan_key_fits(&key, &m))
            fail_msg("%s fits", others[i]);
    }
    assert_int_equal(plan_key_read(&key, STR("m"), NULL), 0);
    assert_false(plan_key_fits(&key, &outside));
}

/* From the least telling to the most. */
static void keys_that_say_more_win(void **state)
{
    static const char *const order[] = {"m",    "m.demo",    "m:3000",    "m.demo:3000",
                                        "m/v2", "m.demo/v2", "m:3000/v2", "m.demo:3000/v2"};
    struct plan_key a, b;

    (void)state;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        for (size_t j = 0; j < sizeof order / sizeof *order; j++) {
            assert_int_equal(plan_key_read(&a, str_of(order[i]), NULL), 0);
            assert_int_equal(plan_key_read(&b, str_of(order[j]), NULL), 0);
            assert_int_equal(plan_key_cmp(&a, &b), (i > j) - (i < j));
        }
    }
}

/* 39 */
static void ways_to_write_a_key_are_equal(void **state)
{
    static const char *const ways[] = {"m:v2=http://x", "m/v2=http://x", "m:3000/v2=http://x",
                                       "m.demo/v2=http://x",
                                       "m.demo.svc.cluster.local:3000/v2=http://x"};

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        with_text(&r, "f.yaml", MESH);
        with_endpoint(&r, "m/v1=http://y");
        with_endpoint(&r, ways[i]);
        read_it(&r);
        assert_told(&r, "");
        assert_runs_at(&r, "m:3000/v1", "http://y");
        assert_runs_at(&r, "m:3000/v2", "http://x");
        assert_string_equal(r.plan->destinations->addresses->from.data, "--endpoint");
        forget(&r);
    }
}

static void a_key_given_twice_has_two_addresses(void **state)
{
    (void)state;
    with_text(&r, "f.yaml", MESH);
    with_endpoint(&r, "m/v1=http://y");
    with_endpoint(&r, "m/v2=http://x");
    with_endpoint(&r, "m:v2=http://z/base");
    with_endpoint(&r, "m=http://w");
    read_it(&r);
    assert_told(&r, "");
    assert_runs_at(&r, "m:3000/v2", "http://x http://z/base");
}

static void a_number_is_a_port_not_a_subset(void **state)
{
    (void)state;
    with_text(&r, "f.yaml", MESH);
    with_endpoint(&r, "m:8080=http://x");
    read_it(&r);
    assert_tells(&r, "--endpoint: warning[W505]: no destination is called m:8080; there are "
                     "m:3000/v1, m:3000/v2\n");
    assert_runs_at(&r, "m:3000/v1", "");
}

/* 40 */
static void urls_are_what_replay_can_send_to(void **state)
{
    static const struct {
        const char *option, *told;
    } bad[] = {
        {"m/v2=ftp://x", "--endpoint: error[E505]: m/v2: \"ftp://x\": not a URL (http://HOST:PORT, "
                         "https://HOST:PORT, unix:/PATH)\n"},
        {"m/v2=http://user:secret@x", "--endpoint: error[E505]: m/v2: no user or password, the "
                                      "process list would show them\n"},
        {"m/v2=http://x/?a", "only a path can be put in front of requests"},
        {"m/v2=", "--endpoint: error[E505]: m/v2: there is no URL\n"},
        {"http://user:secret@x/", "\"...\" is no KEY=URL"},
        {"m:0=http://x", "error[E505]: \"m:0\" is no HOST[:PORT][/SUBSET]: a port is a number"},
    };
    static const char *const good[] = {"unix:/run/s.sock", "unix:///run/s.sock", "https://x/base"};
    char option[100];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        with_text(&r, "f.yaml", MESH);
        with_endpoint(&r, bad[i].option);
        read_it(&r);
        assert_tells(&r, bad[i].told);
        assert_silent_about(&r, "secret");
        forget(&r);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(option, sizeof option, "m/v2=%s", good[i]);
        with_text(&r, "f.yaml", MESH);
        with_endpoint(&r, "m/v1=http://y");
        with_endpoint(&r, option);
        read_it(&r);
        assert_told(&r, "");
        assert_runs_at(&r, "m:3000/v2", good[i]);
        forget(&r);
    }
}

static void files_come_behind_options(void **state)
{
    (void)state;
    with_text(&r, "f.yaml", MESH);
    with_file(&r, "e.yaml", "m/v1: http://a\nm/v2: [http://b, http://c]\n");
    with_endpoint(&r, "m:v1=http://d");
    read_it(&r);
    assert_told(&r, "");
    assert_runs_at(&r, "m:3000/v1", "http://d");
    assert_runs_at(&r, "m:3000/v2", "http://b http://c");
    assert_string_equal(r.plan->destinations->next->addresses->from.data, "e.yaml:2");
    forget(&r);

    with_text(&r, "f.yaml", MESH);
    with_file(&r, "e.yaml", "m/v1:\nm/v2: {a: b}\n");
    read_it(&r);
    assert_tells(&r, "e.yaml:1:6: error[E505]: m/v1: there is no URL\n");
    assert_tells(&r, "e.yaml:2:7: error[E401]: an address must be a scalar, not a map\n");
}

static void endpoints_of_our_own_kind_are_such_a_file(void **state)
{
    (void)state;
    read_text(MESH "---\n"
                   "apiVersion: mirrorctl/v1\n"
                   "kind: Mirror\n"
                   "endpoints: {m/v1: 'http://a', m/v2: 'http://b'}\n");
    assert_told(&r, "");
    assert_runs_at(&r, "m:3000/v1", "http://a");
    assert_runs_at(&r, "m:3000/v2", "http://b");
}

/* ---- ServiceEntry, WorkloadEntry ------------------------------------------------------ */

#define ENTRY(spec)                              \
    "---\n"                                      \
    "apiVersion: networking.istio.io/v1\n"       \
    "kind: ServiceEntry\n"                       \
    "metadata: {name: local, namespace: demo}\n" \
    "spec: " spec "\n"

/* 36 */
static void a_service_entry_gives_addresses_by_labels(void **state)
{
    (void)state;
    read_text(MESH ENTRY("{hosts: [m], resolution: STATIC,\n"
                         "  ports: [{number: 3000, name: http, protocol: HTTP}],\n"
                         "  endpoints: [\n"
                         "  {address: 127.0.0.1, ports: {http: 3001}, labels: {version: '1'}},\n"
                         "  {address: 127.0.0.1, ports: {http: 3002}, labels: {version: 2}}]}"));
    assert_told(&r, "f.yaml:25:63: warning[W210]: label version: a cluster wants a text and "
                    "refuses 2 without quotes\n");
    assert_runs_at(&r, "m:3000/v1", "http://127.0.0.1:3001");
    assert_runs_at(&r, "m:3000/v2", "http://127.0.0.1:3002");
    assert_string_equal(r.plan->destinations->addresses->from.data,
                        "ServiceEntry local, f.yaml:24");
}

/* 38 */
static void an_endpoint_may_have_more_labels_than_the_subset(void **state)
{
    (void)state;
    read_text(MESH ENTRY("{hosts: [m], resolution: STATIC, ports: [{number: 3000, name: http}],\n"
                         "  endpoints: [\n"
                         "  {address: '::1', labels: {app: x, version: '1', zone: a}},\n"
                         "  {address: 10.0.0.9, labels: {version: '9'}},\n"
                         "  {address: 10.0.0.8}]}"));
    assert_runs_at(&r, "m:3000/v1", "http://[::1]:3000");
    assert_told(&r, "f.yaml:9:5: error[E501]: no address for m:3000 subset v2 (labels version=2)\n"
                    "  What is known of this host has other labels: app=x,version=1,zone=a; "
                    "version=9; none.\n"
                    "  Say where it runs: mirrorctl ... --endpoint m/v2=http://HOST:PORT\n");
}

static void ports_of_endpoints_go_before_target_ports(void **state)
{
    (void)state;
    with_text(&r, "f.yaml",
              ROUTE_OF("a.example, port: 80", "b.example, port: 80")
                  ENTRY("{hosts: [a.example], resolution: DNS, ports: [\n"
                        "  {number: 443, name: tls, protocol: HTTPS},\n"
                        "  {number: 80, name: http, targetPort: 8080}],\n"
                        "  endpoints: [{address: one.example, ports: {http: 81, tls: 82}},\n"
                        "  {address: two.example}, {address: 'unix:///run/x.sock'}]}"));
    with_endpoint(&r, "b.example=http://b");
    read_it(&r);
    assert_told(&r, "");
    assert_runs_at(&r, "a.example:80",
                   "http://one.example:81 http://two.example:8080 unix:///run/x.sock");
}

static void a_resolution_says_what_an_address_may_be(void **state)
{
    static const struct {
        const char *resolution, *endpoints, *url, *told;
    } cases[] = {
        {"STATIC", "[{address: a.example}]", "",
         "error[E507]: address \"a.example\" must be an IP address or unix:///PATH, or resolution "
         "DNS\n"},
        {"DNS", "[]", "http://m.example:8080", ""},
        {"DNS_ROUND_ROBIN", "[]", "http://m.example:8080", ""},
        {"NONE", "[{address: 10.0.0.1}]", "http://m.example:8080", ""},
        {"STATIC", "[]", "", "error[E501]: no address for m.example:80\n"},
        {"DYNAMIC_DNS", "[]", "",
         "error[E507]: resolution DYNAMIC_DNS is not supported: NONE, STATIC, DNS or "
         "DNS_ROUND_ROBIN\n"},
    };
    char text[2048];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text,
                 ROUTE_OF("m.example, port: 80", "n, port: 80")
                     ENTRY("{hosts: ['*.example'], resolution: %s, endpoints: %s,\n"
                           "  ports: [{number: 80, name: http, targetPort: 8080}]}"),
                 cases[i].resolution, cases[i].endpoints);
        with_endpoint(&r, "n=http://n");
        with_text(&r, "f.yaml", text);
        read_it(&r);
        assert_runs_at(&r, "m.example:80", cases[i].url);
        assert_tells(&r, cases[i].told);
        if (!*cases[i].told)
            assert_told(&r, "");
        forget(&r);
    }
}

static void workload_entries_are_selected_by_their_labels(void **state)
{
    (void)state;
    read_text(MESH ENTRY(
        "{hosts: [m], resolution: STATIC, ports: [{number: 3000, name: http}],\n"
        "  workloadSelector: {labels: {app: movies}}}") "---\n"
                                                        "{apiVersion: networking.istio.io/v1, "
                                                        "kind: WorkloadEntry,\n"
                                                        "  metadata: {name: vm1, namespace: "
                                                        "demo},\n"
                                                        "  spec: {address: 10.0.0.1, ports: {http: "
                                                        "80}, labels: {app: movies, "
                                                        "version: '1'}}}\n"
                                                        "---\n"
                                                        "{apiVersion: networking.istio.io/v1, "
                                                        "kind: WorkloadEntry,\n"
                                                        "  metadata: {name: vm2, namespace: "
                                                        "demo},\n"
                                                        "  spec: {address: vm.example, weight: 1, "
                                                        "labels: {app: movies, version: '2'}}}\n"
                                                        "---\n"
                                                        "{apiVersion: networking.istio.io/v1, "
                                                        "kind: WorkloadEntry,\n"
                                                        "  metadata: {name: vm3, namespace: "
                                                        "demo},\n"
                                                        "  spec: {address: 10.0.0.3, weight: 3, "
                                                        "labels: {app: movies, version: '2'}}}\n"
                                                        "---\n"
                                                        "{apiVersion: networking.istio.io/v1, "
                                                        "kind: WorkloadEntry,\n"
                                                        "  metadata: {name: vm4, namespace: "
                                                        "other},\n"
                                                        "  spec: {address: 10.0.0.4, labels: {app: "
                                                        "movies, version: '2'}}}\n");
    assert_told(&r, "");
    assert_runs_at(&r, "m:3000/v1", "http://10.0.0.1:80");
    assert_runs_at(&r, "m:3000/v2",
                   "http://vm.example:3000 http://10.0.0.3:3000 "
                   "http://10.0.0.3:3000 http://10.0.0.3:3000");
}

/* ---- Kubernetes -------------------------------------------------------------------------- */

#define POD(name, version)                                                                   \
    "---\n"                                                                                  \
    "{apiVersion: v1, kind: Pod, metadata: {name: " name ", namespace: demo, labels: {app: " \
    "movies, version: '" version "'}}}\n"

#define SLICE(endpoints)                                                                       \
    "---\n"                                                                                    \
    "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: m-1, namespace: " \
    "demo,\n  labels: {kubernetes.io/service-name: m}}, addressType: IPv4,\n"                  \
    "  ports: [{name: admin, port: 9}, {name: web, port: 8080}], endpoints: [\n" endpoints "]}\n"

static void slices_know_addresses_and_pods_know_labels(void **state)
{
    (void)state;
    read_text(MESH SERVICE POD("p1", "1") POD("p2", "2") POD("p3", "2")
                  SLICE("  {addresses: [10.1.0.1], targetRef: {kind: Pod, name: p1}},\n"
                        "  {addresses: [10.1.0.2], conditions: {ready: true}, targetRef: {kind: "
                        "Pod, name: p2, namespace: demo}},\n"
                        "  {addresses: [10.1.0.3], conditions: {ready: false}, targetRef: {kind: "
                        "Pod, name: p3}},\n"
                        "  {addresses: [10.1.0.4]}"));
    assert_told(&r, "");
    assert_runs_at(&r, "m:3000/v1", "http://10.1.0.1:8080");
    assert_runs_at(&r, "m:3000/v2", "http://10.1.0.2:8080");
    assert_string_equal(r.plan->destinations->addresses->from.data, "EndpointSlice m-1, f.yaml:27");
}

static void endpoints_are_read_like_slices(void **state)
{
    (void)state;
    read_text(MESH SERVICE POD("p1", "1") POD(
        "p2",
        "2") "---\n"
             "{apiVersion: v1, kind: Endpoints, metadata: {name: m, namespace: demo}, subsets: [\n"
             "  {addresses: [{ip: 10.1.0.1, targetRef: {kind: Pod, name: p1}}],\n"
             "   notReadyAddresses: [{ip: 10.1.0.2, targetRef: {kind: Pod, name: p2}}],\n"
             "   ports: [{name: web, port: 8080}]}]}\n");
    assert_runs_at(&r, "m:3000/v1", "http://10.1.0.1:8080");
    assert_runs_at(&r, "m:3000/v2", "");
    assert_tells(&r, "What is known of this host has other labels: app=movies,version=1.");
}

static void ready_pods_stand_in_for_slices(void **state)
{
#define READY_POD(name, version, ip, ready)                                                  \
    "---\n"                                                                                  \
    "{apiVersion: v1, kind: Pod, metadata: {name: " name ", namespace: demo, labels: {app: " \
    "movies, version: '" version "'}},\n  spec: {containers: [{ports: [{name: http, "        \
    "containerPort: 8080}]}]},\n  status: {podIP: " ip                                       \
    ", conditions: [{type: Ready, status: '" ready "'}]}}\n"
    (void)state;
    read_text(MESH SERVICE READY_POD("a", "1", "10.1.0.1", "True")
                  READY_POD("b", "2", "10.1.0.2", "False") READY_POD("c", "2", "10.1.0.3", "True"));
    assert_told(&r, "");
    assert_runs_at(&r, "m:3000/v1", "http://10.1.0.1:8080");
    assert_runs_at(&r, "m:3000/v2", "http://10.1.0.3:8080");
    read_text(MESH SERVICE READY_POD("a", "1", "10.1.0.1", "True")
                  READY_POD("c", "2", "10.1.0.3", "True")
                      SLICE("{addresses: [10.1.0.1], targetRef: {kind: Pod, name: a}}"));
    assert_runs_at(&r, "m:3000/v1", "http://10.1.0.1:8080");
    assert_runs_at(&r, "m:3000/v2", "");
}

static void what_is_no_address_is_an_error(void **state)
{
    static const char *const bad[] = {"'a b'", "'[::1]'", "''", "'unix:relative'", "\"a\\r\\nb\""};
    char text[4096];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, MESH SERVICE SLICE("{addresses: [%s]}"), bad[i]);
        read_text(text);
        assert_tells(&r, "error[E507]: ");
        snprintf(text, sizeof text,
                 MESH ENTRY("{hosts: [m], resolution: DNS, ports: [{number: 3000, name: http}],\n"
                            "  endpoints: [{address: %s}]}"),
                 bad[i]);
        read_text(text);
        assert_tells(&r, "error[E507]: ");
    }
}

static void entries_come_before_slices(void **state)
{
    (void)state;
    read_text(MESH SERVICE POD("p1", "1") SLICE("{addresses: [10.1.0.1], targetRef: {kind: Pod, "
                                                "name: p1}}")
                  ENTRY("{hosts: [m], resolution: STATIC, ports: [{number: 3000, name: http}],\n"
                        "  endpoints: [{address: 127.0.0.1, labels: {version: '1'}}]}"));
    assert_runs_at(&r, "m:3000/v1", "http://127.0.0.1:3000");
}

static void a_cluster_ip_is_the_last_resort(void **state)
{
    (void)state;
    with_text(
        &r, "f.yaml",
        ROUTE_OF("m, port: 80",
                 "n, port: 80") "---\n"
                                "{apiVersion: v1, kind: Service, metadata: {name: m, namespace: "
                                "demo}, spec: {\n"
                                "  clusterIP: 10.96.0.1, ports: [{port: 80, targetPort: 8080}]}}\n"
                                "---\n"
                                "{apiVersion: v1, kind: Service, metadata: {name: n, namespace: "
                                "demo}, spec: {\n"
                                "  type: ExternalName, externalName: n.example.com}}\n");
    read_it(&r);
    assert_told(&r, "f.yaml:6:19: warning[W522]: m:80: the clusterIP of its Service is taken, "
                    "which can usually be reached only inside the cluster\n");
    assert_runs_at(&r, "m:80", "http://10.96.0.1:80");
    assert_runs_at(&r, "n:80", "http://n.example.com:80");
}

static void a_subset_never_takes_the_cluster_ip(void **state)
{
    (void)state;
    read_text(MESH "---\n"
                   "{apiVersion: v1, kind: Service, metadata: {name: m, namespace: demo}, spec: {\n"
                   "  clusterIP: 10.96.0.1, ports: [{port: 3000}]}}\n");
    assert_runs_at(&r, "m:3000/v1", "");
    assert_runs_at(&r, "m:3000/v2", "");
}

/* ---- DestinationRule ----------------------------------------------------------------------- */

static void tls_makes_https_of_addresses(void **state)
{
    (void)state;
    read_text(ROUTES "---\n"
                     "apiVersion: networking.istio.io/v1\n"
                     "kind: DestinationRule\n"
                     "metadata: {name: d, namespace: demo}\n"
                     "spec:\n"
                     "  host: m.demo.svc.cluster.local\n"
                     "  trafficPolicy: {tls: {mode: SIMPLE}}\n"
                     "  subsets:\n"
                     "  - {name: v1, labels: {version: '1'}}\n"
                     "  - {name: v2, labels: {version: '2'}, trafficPolicy: {tls: {mode: "
                     "ISTIO_MUTUAL}}}\n" ENTRY(
                         "{hosts: [m], resolution: STATIC, ports: [{number: 3000, name: http}],\n"
                         "  endpoints: [{address: 127.0.0.1, labels: {version: '1'}},\n"
                         "  {address: 127.0.0.2, labels: {version: '2'}}]}"));
    assert_told(&r, "f.yaml:19:68: note[N520]: tls.mode ISTIO_MUTUAL is between sidecars: copies "
                    "go in plain HTTP\n");
    assert_runs_at(&r, "m:3000/v1", "https://127.0.0.1:3000");
    assert_runs_at(&r, "m:3000/v2", "http://127.0.0.2:3000");
}

static void rules_of_one_host_add_up_but_not_twice(void **state)
{
    (void)state;
    read_text(ROUTES
              "---\n"
              "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, "
              "namespace: demo},\n"
              "  spec: {host: m, subsets: [{name: v1, labels: {a: b}}]}}\n"
              "---\n"
              "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, "
              "namespace: other},\n"
              "  spec: {host: m.demo, subsets: [{name: v2}, {name: v1}]}}\n"
              "---\n"
              "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: c, "
              "namespace: demo},\n"
              "  spec: {host: m.demo.svc.cluster.local, subsets: [{name: v2}, {name: v1}]}}\n");
    assert_tells(&r, "f.yaml:18:64: error[E506]: subset v1 of m.demo.svc.cluster.local is already "
                     "at f.yaml:12\n");
    assert_tells(&r, "no address for m:3000 subset v1 (labels a=b)\n");
    assert_tells(&r, "no address for m:3000 subset v2\n");
}

static void a_host_with_a_star_is_warned_of(void **state)
{
    (void)state;
    with_text(&r, "f.yaml",
              ROUTES "---\n"
                     "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: "
                     "{name: a},\n"
                     "  spec: {host: '*.demo.svc.cluster.local', subsets: [{name: v1}, {name: "
                     "v2}]}}\n");
    with_endpoint(&r, "m/v1=http://a");
    with_endpoint(&r, "m/v2=http://b");
    read_it(&r);
    assert_told(&r, "f.yaml:12:16: warning[W521]: host *.demo.svc.cluster.local: these subsets "
                    "are taken for every such host that no other DestinationRule names\n");
}

/* ---- what is missing ------------------------------------------------------------------------ */

/* 35 */
static void without_anything_both_versions_are_missing(void **state)
{
    (void)state;
    read_text(MESH);
    assert_told(&r, "f.yaml:8:7: error[E501]: no address for m:3000 subset v1 (labels version=1)\n"
                    "  Say where it runs: mirrorctl ... --endpoint m/v1=http://HOST:PORT\n"
                    "f.yaml:9:5: error[E501]: no address for m:3000 subset v2 (labels version=2)\n"
                    "  Say where it runs: mirrorctl ... --endpoint m/v2=http://HOST:PORT\n");
}

/* 35 */
static void deployments_tell_what_to_type(void **state)
{
    (void)state;
    read_text(MESH SERVICE DEPLOYMENT("1") DEPLOYMENT("2"));
    assert_told(&r, "f.yaml:8:7: error[E501]: no address for m:3000 subset v1 (labels version=1)\n"
                    "  Deployment demo/movies-1 carries these labels, container port 8080.\n"
                    "  Try:  kubectl -n demo port-forward deploy/movies-1 3001:8080\n"
                    "  then: mirrorctl ... --endpoint m/v1=http://127.0.0.1:3001\n"
                    "f.yaml:9:5: error[E501]: no address for m:3000 subset v2 (labels version=2)\n"
                    "  Deployment demo/movies-2 carries these labels, container port 8080.\n"
                    "  Try:  kubectl -n demo port-forward deploy/movies-2 3002:8080\n"
                    "  then: mirrorctl ... --endpoint m/v2=http://127.0.0.1:3002\n");
}

static void what_is_typed_then_works(void **state)
{
    (void)state;
    with_text(&r, "f.yaml", MESH SERVICE DEPLOYMENT("1") DEPLOYMENT("2"));
    with_endpoint(&r, "m/v1=http://127.0.0.1:3001");
    with_endpoint(&r, "m/v2=http://127.0.0.1:3002");
    read_it(&r);
    assert_told(&r, "");
}

static void siblings_of_deployments_are_named_as_kubectl_wants(void **state)
{
    (void)state;
    read_text(MESH "---\n"
                   "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: s}, spec: {template: "
                   "{metadata: {labels: {version: '1'}}}}}\n"
                   "---\n"
                   "{apiVersion: apps/v1, kind: Deployment, metadata: {name: 'x; reboot', "
                   "namespace: demo}, spec: {template: {metadata: {labels: {version: '2'}}}}}\n");
    assert_tells(&r, "  StatefulSet default/s carries these labels, container port 3000.\n"
                     "  Try:  kubectl -n default port-forward sts/s 3001:3000\n");
    assert_silent_about(&r, "reboot");
}

/* 37 */
static void a_subset_that_is_nowhere_is_told(void **state)
{
#define V3 "  - {route: [{destination: {host: m, subset: v1}}], mirror: {host: m, subset: v3}}\n"
    (void)state;
    read_text(ROUTES V3 SUBSETS);
    assert_tells(&r,
                 "f.yaml:10:53: error[E504]: m has no subset v3 in a DestinationRule; there are "
                 "v1, v2\n");
    forget(&r);

    with_text(&r, "f.yaml", ROUTES V3);
    with_endpoint(&r, "m/v3=http://x");
    with_endpoint(&r, "m=http://y");
    read_it(&r);
    assert_tells(&r, "f.yaml:9:5: error[E504]: no DestinationRule tells what subset v2 of m is\n"
                     "  Add it to the input, or say where it runs: --endpoint m/v2=URL\n");
    assert_tells(&r, "f.yaml:10:53: note[N504]: no DestinationRule tells what subset v3 of m is\n");
    assert_runs_at(&r, "m/v3", "http://x");
}

/* 41 */
static void a_host_without_subset_is_named(void **state)
{
    (void)state;
    read_text(ROUTE_OF("m, port: 80", "m-next, port: 80"));
    assert_tells(&r, "error[E501]: no address for m-next:80\n"
                     "  Say where it runs: mirrorctl ... --endpoint m-next=http://HOST:PORT\n");
}

static void what_stands_in_another_namespace_is_named(void **state)
{
    (void)state;
    read_text(ROUTES "---\n"
                     "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: "
                     "{name: a},\n"
                     "  spec: {host: m, subsets: [{name: v1}, {name: v2}]}}\n");
    assert_tells(&r, "f.yaml:8:7: error[E504]: no DestinationRule tells what subset v1 of m is; "
                     "there is one for m.default.svc.cluster.local, another namespace's\n");
}

/* A short host of a ServiceEntry is of the entry's namespace. */
static void an_entry_of_another_namespace_is_named(void **state)
{
    (void)state;
    read_text(MESH
              "---\n"
              "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: local},\n"
              "  spec: {hosts: [m], resolution: STATIC, ports: [{number: 3000, name: http}],\n"
              "  endpoints: [{address: 127.0.0.1, labels: {version: '1'}}]}}\n");
    assert_tells(&r, "error[E501]: no address for m:3000 subset v1 (labels version=1)\n"
                     "  ServiceEntry local, f.yaml:18 is for m.default.svc.cluster.local, another "
                     "namespace's.\n"
                     "  Say where it runs: mirrorctl ... --endpoint m/v1=http://HOST:PORT\n");
}

/* What is told to be typed must not mean the other one. */
static void keys_tell_namesakes_apart(void **state)
{
    (void)state;
    read_text(ROUTE_OF("m, port: 80", "m, namespace: other, port: 80"));
    assert_tells(&r, "--endpoint m.demo.svc.cluster.local=http://HOST:PORT\n");
    assert_tells(&r, "--endpoint m.other.svc.cluster.local=http://HOST:PORT\n");
}

static void hosts_that_were_to_be_filled_in_are_told(void **state)
{
    (void)state;
    read_text(MESH ENTRY("{hosts: ['${HOST}'], resolution: DNS}"));
    assert_tells(&r, "f.yaml:21:16: error[E107]: hosts[] is \"${HOST}\"");
    read_text(ROUTES "---\n"
                     "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: "
                     "{name: a},\n"
                     "  spec: {host: , subsets: [{name: V_1}]}}\n");
    assert_tells(&r, "error[E202]: spec.host of the DestinationRule is required\n");
}

static void another_port_is_told(void **state)
{
    (void)state;
    read_text(ROUTE_OF("m, port: 81", "m, port: 80") SERVICE);
    assert_tells(&r, "error[E501]: no address for m:81\n"
                     "  This host has other ports: 3000.\n"
                     "  Say where it runs: mirrorctl ... --endpoint m:81=http://HOST:PORT\n");
}

static void labels_are_not_blamed_for_a_port(void **state)
{
    (void)state;
    read_text(MESH ENTRY("{hosts: [m], resolution: STATIC, ports: [{number: 80, name: http}],\n"
                         "  endpoints: [{address: 10.0.0.1, labels: {version: '1'}}]}"));
    assert_tells(&r, "error[E501]: no address for m:3000 subset v1 (labels version=1)\n"
                     "  This host has other ports: 80.\n"
                     "  Say where it runs:");
    assert_tells(&r, "error[E501]: no address for m:3000 subset v2 (labels version=2)\n"
                     "  This host has other ports: 80.\n"
                     "  What is known of this host has other labels: version=1.\n");
}

/* Nobody can connect to *.example.com. */
static void many_hosts_are_no_address(void **state)
{
    (void)state;
    read_text(
        "apiVersion: networking.istio.io/v1\n"
        "kind: VirtualService\n"
        "metadata: {name: x, namespace: demo}\n"
        "spec:\n"
        "  hosts: ['*']\n"
        "  http:\n"
        "  - route: [{destination: {host: '*.example.com'}}]\n"
        "    mirror: {host: a.example.com}\n" ENTRY(
            "{hosts: ['*.example.com'], resolution: DNS, ports: [{number: 80, name: http}]}"));
    assert_tells(&r, "error[E501]: no address for *.example.com\n");
    assert_runs_at(&r, "a.example.com", "http://a.example.com:80");
}

static void only_what_is_sent_to_needs_an_address(void **state)
{
    (void)state;
    read_text("apiVersion: gateway.networking.k8s.io/v1\n"
              "kind: HTTPRoute\n"
              "metadata: {name: r}\n"
              "spec:\n"
              "  rules:\n"
              "  - backendRefs: [{name: a, port: 1}]\n"
              "  - backendRefs: [{name: b, port: 1}]\n"
              "    filters: [{type: RequestMirror, requestMirror: {percent: 0, backendRef: {name: "
              "c, port: 1}}}]\n"
              "  - backendRefs: [{name: d, port: 1, weight: 0}, {name: e, port: 1}]\n"
              "    filters: [{type: RequestMirror, requestMirror: {backendRef: {name: f, port: "
              "1}}}]\n");
    assert_silent_about(&r, "for a:1");
    assert_silent_about(&r, "for b:1");
    assert_silent_about(&r, "for c:1");
    assert_silent_about(&r, "for d:1");
    assert_tells(&r, "for e:1");
    assert_tells(&r, "for f:1");
}

static void a_key_that_nobody_asks_for_is_warned_of(void **state)
{
    (void)state;
    with_text(&r, "f.yaml", MESH);
    with_endpoint(&r, "m/v1=http://x");
    with_endpoint(&r, "m/v2=http://y");
    with_endpoint(&r, "m.demo/v3=http://z");
    with_endpoint(&r, "completely-different=http://z");
    read_it(&r);
    assert_told(&r, "--endpoint: warning[W505]: no destination is called m.demo/v3; there are "
                    "m/v1, m/v2\n"
                    "--endpoint: warning[W505]: no destination is called completely-different; "
                    "there are m/v1, m/v2\n");
}

/* ---- ceilings --------------------------------------------------------------------------------- */

static void objects_have_a_ceiling(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 1 << 24);
    assert_int_equal(buf_add(&text,
                             STR(MESH "---\n{apiVersion: v1, kind: Endpoints, metadata: "
                                      "{name: m, namespace: demo}, subsets: [{addresses: "
                                      "[\n"),
                             NULL),
                     0);
    for (int i = 0; i < PLAN_MAX_PLACES; i++)
        assert_int_equal(buf_printf(&text, NULL, "{ip: 10.0.%d.%d},\n", i / 256, i % 256), 0);
    assert_int_equal(buf_add(&text, STR("]}]}\n"), NULL), 0);
    read_text(text.data);
    assert_tells(&r, "error[E102]: more than 16384 objects and addresses\n");
    buf_release(&text);
}

/* A number of labels is a number of comparisons for each endpoint and each subset. */
static void labels_have_a_ceiling(void **state)
{
    char text[4096] = MESH "---\n{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {";
    size_t len = strlen(text);

    (void)state;
    for (int i = 0; i <= PLAN_MAX_LABELS; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "l%d: x, ", i);
    snprintf(text + len, sizeof text - len, "}}}\n");
    read_text(text);
    assert_tells(&r, "error[E102]: labels: more than 64 labels\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_host_port_and_subset),
        cmocka_unit_test(a_key_fits_what_it_does_not_contradict),
        cmocka_unit_test(keys_that_say_more_win),
        cmocka_unit_test_teardown(ways_to_write_a_key_are_equal, tear_down),
        cmocka_unit_test_teardown(a_key_given_twice_has_two_addresses, tear_down),
        cmocka_unit_test_teardown(a_number_is_a_port_not_a_subset, tear_down),
        cmocka_unit_test_teardown(urls_are_what_replay_can_send_to, tear_down),
        cmocka_unit_test_teardown(files_come_behind_options, tear_down),
        cmocka_unit_test_teardown(endpoints_of_our_own_kind_are_such_a_file, tear_down),
        cmocka_unit_test_teardown(a_service_entry_gives_addresses_by_labels, tear_down),
        cmocka_unit_test_teardown(an_endpoint_may_have_more_labels_than_the_subset, tear_down),
        cmocka_unit_test_teardown(ports_of_endpoints_go_before_target_ports, tear_down),
        cmocka_unit_test_teardown(a_resolution_says_what_an_address_may_be, tear_down),
        cmocka_unit_test_teardown(workload_entries_are_selected_by_their_labels, tear_down),
        cmocka_unit_test_teardown(slices_know_addresses_and_pods_know_labels, tear_down),
        cmocka_unit_test_teardown(endpoints_are_read_like_slices, tear_down),
        cmocka_unit_test_teardown(ready_pods_stand_in_for_slices, tear_down),
        cmocka_unit_test_teardown(what_is_no_address_is_an_error, tear_down),
        cmocka_unit_test_teardown(entries_come_before_slices, tear_down),
        cmocka_unit_test_teardown(a_cluster_ip_is_the_last_resort, tear_down),
        cmocka_unit_test_teardown(a_subset_never_takes_the_cluster_ip, tear_down),
        cmocka_unit_test_teardown(tls_makes_https_of_addresses, tear_down),
        cmocka_unit_test_teardown(rules_of_one_host_add_up_but_not_twice, tear_down),
        cmocka_unit_test_teardown(a_host_with_a_star_is_warned_of, tear_down),
        cmocka_unit_test_teardown(without_anything_both_versions_are_missing, tear_down),
        cmocka_unit_test_teardown(deployments_tell_what_to_type, tear_down),
        cmocka_unit_test_teardown(what_is_typed_then_works, tear_down),
        cmocka_unit_test_teardown(siblings_of_deployments_are_named_as_kubectl_wants, tear_down),
        cmocka_unit_test_teardown(a_subset_that_is_nowhere_is_told, tear_down),
        cmocka_unit_test_teardown(a_host_without_subset_is_named, tear_down),
        cmocka_unit_test_teardown(what_stands_in_another_namespace_is_named, tear_down),
        cmocka_unit_test_teardown(keys_tell_namesakes_apart, tear_down),
        cmocka_unit_test_teardown(an_entry_of_another_namespace_is_named, tear_down),
        cmocka_unit_test_teardown(labels_are_not_blamed_for_a_port, tear_down),
        cmocka_unit_test_teardown(many_hosts_are_no_address, tear_down),
        cmocka_unit_test_teardown(hosts_that_were_to_be_filled_in_are_told, tear_down),
        cmocka_unit_test_teardown(another_port_is_told, tear_down),
        cmocka_unit_test_teardown(only_what_is_sent_to_needs_an_address, tear_down),
        cmocka_unit_test_teardown(a_key_that_nobody_asks_for_is_warned_of, tear_down),
        cmocka_unit_test_teardown(objects_have_a_ceiling, tear_down),
        cmocka_unit_test_teardown(labels_have_a_ceiling, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
