/* `openssl s_server -quiet` decrypts to its standard output and encrypts its
 * standard input; a thread of ours at the other ends of the pipes is the
 * server. */
#include "tests/support/tls_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/http1.h"

struct tls_server {
    char folder[64], certificate[96], key[96], url[64];
    bool expired;        /* the certificate is of yesterday */
    bool strict;         /* clients must show one as well */
    const char *version; /* an option of s_server, or NULL */
    unsigned port;
    pid_t openssl;
    int to_peer, from_peer;
    pthread_t thread;
    atomic_uint requests;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

/* Run a program with its output thrown away. Returns its exit status. */
static int run(const char *const *argv)
{
    pid_t pid = fork();
    int status;

    must(pid >= 0, "fork");
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(126);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    must(waitpid(pid, &status, 0) == pid, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool tls_is_available(void)
{
    const char *const argv[] = {"openssl", "version", NULL};

    return run(argv) == 0;
}

static void make_certificate(struct tls_server *s, const char *name)
{
    char subject[128], alternative[128];
    const char *const argv[] = {"openssl",
                                "req",
                                "-x509",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:prime256v1",
                                "-nodes",
                                "-keyout",
                                s->key,
                                "-out",
                                s->certificate,
                                "-subj",
                                subject,
                                "-addext",
                                alternative,
                                "-days",
                                "2",
                                NULL};

    snprintf(subject, sizeof subject, "/CN=%s", name);
    snprintf(alternative, sizeof alternative, "subjectAltName=DNS:%s", name);
    must(run(argv) == 0, "openssl req");
}

/* The same once more, from now until yesterday: `req` does not make such. */
static void let_expire(const struct tls_server *s)
{
    char old[128];
    const char *const argv[] = {"openssl",  "x509", "-in",   s->certificate,
                                "-signkey", s->key, "-days", "-1",
                                "-out",     old,    NULL};

    snprintf(old, sizeof old, "%s.old", s->certificate);
    must(run(argv) == 0 && rename(old, s->certificate) == 0, "openssl x509");
}

static unsigned free_port(void)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof v4;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(fd >= 0 && bind(fd, (struct sockaddr *)&v4, len) == 0, "bind");
    getsockname(fd, (struct sockaddr *)&v4, &len);
    close(fd);
    return ntohs(v4.sin_port);
}

/* Connections that close without a handshake do not bother s_server. */
static void wait_until_ready(unsigned port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    for (int tries = 0; tries < 2000; tries++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool ready = connect(fd, (struct sockaddr *)&v4, sizeof v4) == 0;

        close(fd);
        if (ready)
            return;
        poll(NULL, 0, 5);
    }
    must(false, "openssl s_server does not listen");
}

static void exec_server(const struct tls_server *s, const char *where)
{
    const char *argv[] = {"openssl",      "s_server", "-quiet", "-accept", where, "-cert",
                          s->certificate, "-key",     s->key,   NULL,      NULL,  NULL,
                          NULL,           NULL,       NULL,     NULL};
    size_t n = 9;

    if (s->strict) {
        argv[n++] = "-Verify";
        argv[n++] = "1";
        argv[n++] = "-verify_return_error";
        argv[n++] = "-CAfile";
        argv[n++] = s->certificate;
    }
    if (s->version)
        argv[n++] = s->version;
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void start_openssl(struct tls_server *s)
{
    int in[2], out[2];
    char where[32];

    must(pipe(in) == 0 && pipe(out) == 0, "pipe");
    snprintf(where, sizeof where, "127.0.0.1:%u", s->port);
    s->openssl = fork();
    must(s->openssl >= 0, "fork");
    if (s->openssl == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails stops nothing */
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        if (!freopen("/dev/null", "w", stderr))
            _exit(126);
        for (int fd = 3; fd < 1024; fd++)
            close(fd);
        exec_server(s, where);
    }
    close(in[0]);
    close(out[1]);
    s->to_peer = in[1];
    s->from_peer = out[0];
}

static void *talk(void *arg)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
    struct tls_server *s = arg;
    char bytes[16 * 1024];
    struct http1 framer;
    struct str in, piece;
    enum http1_event event;
    ssize_t n;

    http1_init(&framer, HTTP1_REQUESTS);
    while ((n = read(s->from_peer, bytes, sizeof bytes)) > 0) {
        in = str_from(bytes, (size_t)n);
        while ((event = http1_next(&framer, &in, &piece)) != HTTP1_MORE) {
            if (event != HTTP1_END)
                continue;
            atomic_fetch_add(&s->requests, 1);
            must(write(s->to_peer, answer, sizeof answer - 1) == sizeof answer - 1, "write");
        }
    }
    http1_release(&framer);
    return NULL;
}

static struct tls_server *start(const char *name, struct tls_server kind)
{
    struct tls_server *s = calloc(1, sizeof *s);

    must(s != NULL, "memory");
    *s = kind;
    snprintf(s->folder, sizeof s->folder, "/tmp/mirrorctl-tls-XXXXXX");
    must(mkdtemp(s->folder) != NULL, "mkdtemp");
    snprintf(s->certificate, sizeof s->certificate, "%s/certificate.pem", s->folder);
    snprintf(s->key, sizeof s->key, "%s/key.pem", s->folder);
    make_certificate(s, name);
    if (s->expired)
        let_expire(s);
    s->port = free_port();
    snprintf(s->url, sizeof s->url, "https://localhost:%u", s->port);
    start_openssl(s);
    wait_until_ready(s->port);
    must(pthread_create(&s->thread, NULL, talk, s) == 0, "thread");
    return s;
}

struct tls_server *tls_server_start(const char *name)
{
    return start(name, (struct tls_server){0});
}

struct tls_server *tls_server_start_expired(const char *name)
{
    return start(name, (struct tls_server){.expired = true});
}

struct tls_server *tls_server_start_strict(const char *name, const char *version)
{
    return start(name, (struct tls_server){.strict = true, .version = version});
}

struct tls_server *tls_server_start_strict_expired(const char *name, const char *version)
{
    return start(name, (struct tls_server){.strict = true, .expired = true, .version = version});
}

const char *tls_server_url(const struct tls_server *s)
{
    return s->url;
}

const char *tls_server_ca(const struct tls_server *s)
{
    return s->certificate;
}

const char *tls_server_key(const struct tls_server *s)
{
    return s->key;
}

unsigned tls_server_requests(struct tls_server *s)
{
    return atomic_load(&s->requests);
}

void tls_server_stop(struct tls_server *s)
{
    kill(s->openssl, SIGKILL);
    waitpid(s->openssl, NULL, 0);
    pthread_join(s->thread, NULL);
    close(s->to_peer);
    close(s->from_peer);
    unlink(s->certificate);
    unlink(s->key);
    rmdir(s->folder);
    free(s);
}
