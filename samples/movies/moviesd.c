/* moviesd -- a small movie catalogue over HTTP, in two versions.
 *
 * The service that the demo and the tests dark-launch. v2 differs from v1 in
 * three planted ways, one per endpoint (see the table `planted`), and in
 * nothing else, so whoever compares the two knows what must be found.
 *
 * Every answer except the greeting is rendered once at the start and then
 * shared by all connections. Each connection has a thread of its own: the slow
 * endpoint may simply sleep in it and holds up nobody else.
 */
#include <errno.h>
#include <getopt.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SLOW_MS         15
#define MAX_CONNECTIONS 1024
#define IDLE_SECONDS    120

/* Thumbnails are uncompressed 24-bit bitmaps: 54 bytes of header and three for
 * each pixel; a row of 32 pixels needs no padding. In base64 that is 3144. */
#define THUMB_WIDTH  32
#define THUMB_HEIGHT 24
#define THUMB_HEADER 54
#define THUMB_BYTES  (THUMB_HEADER + THUMB_WIDTH * THUMB_HEIGHT * 3)
#define THUMB_BASE64 ((THUMB_BYTES + 2) / 3 * 4)

struct movie {
    const char *title;
    const char *director;
    const char *rating; /* text: printed as it stands, never through a float */
    int year;
    int runtime;
    const char *genres[4];
    const char *cast[4];
    const char *reviews[3];
};

/* The id of a movie is its place here, from 1. No text needs JSON escaping.
 * Every third movie has no reviews: those show the planted status. */
static const struct movie movies[] = {
    {"Metropolis",
     "Fritz Lang",
     "8.30",
     1927,
     153,
     {"Drama", "Science Fiction"},
     {"Brigitte Helm", "Gustav Fröhlich", "Alfred Abel"},
     {"The city is the star.", "Still looks like the future."}},
    {"Casablanca",
     "Michael Curtiz",
     "8.50",
     1942,
     102,
     {"Drama", "Romance", "War"},
     {"Humphrey Bogart", "Ingrid Bergman", "Paul Henreid"},
     {"Nobody says the line the way you remember it."}},
    {"Seven Samurai",
     "Akira Kurosawa",
     "8.60",
     1954,
     207,
     {"Action", "Drama"},
     {"Toshiro Mifune", "Takashi Shimura", "Keiko Tsushima"},
     {NULL}},
    {"Vertigo",
     "Alfred Hitchcock",
     "8.20",
     1958,
     128,
     {"Mystery", "Romance", "Thriller"},
     {"James Stewart", "Kim Novak"},
     {"Watch it twice.", "The score does half of the work."}},
    {"Some Like It Hot",
     "Billy Wilder",
     "8.20",
     1959,
     121,
     {"Comedy", "Romance"},
     {"Marilyn Monroe", "Tony Curtis", "Jack Lemmon"},
     {"Well, nobody is perfect."}},
    {"La dolce vita",
     "Federico Fellini",
     "8.00",
     1960,
     174,
     {"Comedy", "Drama"},
     {"Marcello Mastroianni", "Anita Ekberg", "Anouk Aimée"},
     {NULL}},
    {"2001: A Space Odyssey",
     "Stanley Kubrick",
     "8.30",
     1968,
     149,
     {"Adventure", "Science Fiction"},
     {"Keir Dullea", "Gary Lockwood", "Douglas Rain"},
     {"Bring patience, leave with questions."}},
    {"Stalker",
     "Andrei Tarkovsky",
     "8.10",
     1979,
     162,
     {"Drama", "Science Fiction"},
     {"Alexander Kaidanovsky", "Anatoly Solonitsyn"},
     {"Slow like a river.", "I would not go into that room."}},
    {"Blade Runner",
     "Ridley Scott",
     "8.10",
     1982,
     117,
     {"Drama", "Science Fiction", "Thriller"},
     {"Harrison Ford", "Rutger Hauer", "Sean Young"},
     {NULL}},
    {"Wings of Desire",
     "Wim Wenders",
     "7.90",
     1987,
     128,
     {"Drama", "Fantasy", "Romance"},
     {"Bruno Ganz", "Solveig Dommartin", "Otto Sander"},
     {"Colour has to be earned."}},
    {"Spirited Away",
     "Hayao Miyazaki",
     "8.60",
     2001,
     125,
     {"Animation", "Adventure", "Family"},
     {"Rumi Hiiragi", "Miyu Irino", "Mari Natsuki"},
     {"Do not eat what is not yours.", "The train scene!"}},
    {"Amélie",
     "Jean-Pierre Jeunet",
     "8.20",
     2001,
     122,
     {"Comedy", "Romance"},
     {"Audrey Tautou", "Mathieu Kassovitz"},
     {NULL}},
};
#define MOVIES ((int)(sizeof movies / sizeof movies[0]))

enum { PLANT_RENAME = 1, PLANT_STATUS = 2, PLANT_SLOW = 4 };

/* What v2 does otherwise than v1, on purpose. `--help` and `--without` both
 * read this table; README.md tells the same. */
static const struct planted {
    const char *name;
    unsigned bit;
    const char *what;
} planted[] = {
    {"rename", PLANT_RENAME, "GET /movies/{id}: the field `rating` is called `score`"},
    {"status", PLANT_STATUS,
     "GET /movies/{id}/reviews: 404, not 200, where there are none (same body)"},
    {"slow", PLANT_SLOW, "GET /movies: takes about 15 ms longer"},
};
#define PLANTED (sizeof planted / sizeof planted[0])

struct options {
    const char *version; /* "v1" or "v2" */
    const char *listen;
    const char *port;
    const char *port_file;
    unsigned plants; /* the planted differences at work, none in v1 */
};

/* An answer ready to be sent: the same response serves any number of requests. */
struct answer {
    unsigned status;
    bool slow;
    struct MHD_Response *response;
};

struct catalogue {
    const char *version;
    char server[32]; /* value of the Server header */
    struct answer list;
    struct answer movie[MOVIES];
    struct answer reviews[MOVIES];
    struct answer no_such_movie;
    struct answer no_such_path;
    struct answer bad_method;
};

/* One request, from its first line until its answer has been sent. */
struct request {
    bool head_seen;
    char target[]; /* as it came over the wire, for the log */
};

__attribute__((format(printf, 1, 2))) _Noreturn static void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("moviesd: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(2);
}

static void *must(void *p)
{
    if (!p)
        die("out of memory");
    return p;
}

/* ---- rendering ---------------------------------------------------------- */

static void put_base64(FILE *out, const unsigned char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t i;

    for (i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16;

        if (i + 1 < n)
            v |= (uint32_t)p[i + 1] << 8;
        if (i + 2 < n)
            v |= p[i + 2];
        fputc(digits[v >> 18], out);
        fputc(digits[v >> 12 & 63], out);
        fputc(i + 1 < n ? digits[v >> 6 & 63] : '=', out);
        fputc(i + 2 < n ? digits[v & 63] : '=', out);
    }
}

static void set_le32(unsigned char *p, uint32_t v)
{
    p[0] = (unsigned char)v;
    p[1] = (unsigned char)(v >> 8);
    p[2] = (unsigned char)(v >> 16);
    p[3] = (unsigned char)(v >> 24);
}

/* A real bitmap, a gradient whose colours follow from the id alone. */
static void put_thumbnail(FILE *out, int id)
{
    unsigned char bmp[THUMB_BYTES] = {'B', 'M'};
    unsigned char *p = bmp + THUMB_HEADER;
    int x, y;

    set_le32(bmp + 2, THUMB_BYTES);
    set_le32(bmp + 10, THUMB_HEADER);
    set_le32(bmp + 14, 40); /* size of the header that starts here */
    set_le32(bmp + 18, THUMB_WIDTH);
    set_le32(bmp + 22, THUMB_HEIGHT);
    set_le32(bmp + 26, 24 << 16 | 1); /* one plane, 24 bits a pixel */
    for (y = 0; y < THUMB_HEIGHT; y++) {
        for (x = 0; x < THUMB_WIDTH; x++) {
            *p++ = (unsigned char)(id * 37 + x * 5);
            *p++ = (unsigned char)(id * 91 + y * 7);
            *p++ = (unsigned char)(id * 53 + x * y);
        }
    }
    put_base64(out, bmp, sizeof bmp);
}

static void put_strings(FILE *out, const char *name, const char *const *strings, size_t max)
{
    size_t i;

    fprintf(out, "\"%s\":[", name);
    for (i = 0; i < max && strings[i]; i++)
        fprintf(out, "%s\"%s\"", i ? "," : "", strings[i]);
    fputc(']', out);
}

static void put_list(FILE *out)
{
    int id;

    fputs("{\"movies\":[", out);
    for (id = 1; id <= MOVIES; id++) {
        const struct movie *m = &movies[id - 1];

        fprintf(out, "%s{\"id\":%d,\"title\":\"%s\",\"year\":%d,\"thumbnail\":\"",
                id > 1 ? "," : "", id, m->title, m->year);
        put_thumbnail(out, id);
        fputs("\"}", out);
    }
    fputs("]}\n", out);
}

static void put_movie(FILE *out, int id, const char *rating_name)
{
    const struct movie *m = &movies[id - 1];

    fprintf(out, "{\"id\":%d,\"title\":\"%s\",\"year\":%d,\"director\":\"%s\",", id, m->title,
            m->year, m->director);
    fprintf(out, "\"%s\":%s,\"runtime\":%d,", rating_name, m->rating, m->runtime);
    put_strings(out, "genres", m->genres, sizeof m->genres / sizeof m->genres[0]);
    fputc(',', out);
    put_strings(out, "cast", m->cast, sizeof m->cast / sizeof m->cast[0]);
    fputs(",\"thumbnail\":\"", out);
    put_thumbnail(out, id);
    fputs("\"}\n", out);
}

static void put_reviews(FILE *out, int id)
{
    const struct movie *m = &movies[id - 1];

    fprintf(out, "{\"id\":%d,", id);
    put_strings(out, "reviews", m->reviews, sizeof m->reviews / sizeof m->reviews[0]);
    fputs("}\n", out);
}

/* ---- the catalogue ------------------------------------------------------ */

/* What a document is written into until it becomes a response. */
struct page {
    FILE *out;
    char *text;
    size_t len;
};

static FILE *page_open(struct page *page)
{
    page->out = must(open_memstream(&page->text, &page->len));
    return page->out;
}

static struct MHD_Response *page_close(struct page *page, const char *server)
{
    struct MHD_Response *r;

    if (fclose(page->out))
        die("out of memory");
    r = must(MHD_create_response_from_buffer(page->len, page->text, MHD_RESPMEM_MUST_FREE));
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    MHD_add_response_header(r, MHD_HTTP_HEADER_SERVER, server);
    return r;
}

static struct answer error_answer(const struct catalogue *c, unsigned status, const char *text)
{
    struct page page;

    fprintf(page_open(&page), "{\"error\":\"%s\"}\n", text);
    return (struct answer){.status = status, .response = page_close(&page, c->server)};
}

/* Render all there is to say, in the version that `o` asks for. */
static void catalogue_init(struct catalogue *c, const struct options *o)
{
    const char *rating = o->plants & PLANT_RENAME ? "score" : "rating";
    unsigned no_reviews = o->plants & PLANT_STATUS ? MHD_HTTP_NOT_FOUND : MHD_HTTP_OK;
    struct page page;
    int i;

    c->version = o->version;
    snprintf(c->server, sizeof c->server, "movies/%s", o->version);

    put_list(page_open(&page));
    c->list = (struct answer){MHD_HTTP_OK, o->plants & PLANT_SLOW, page_close(&page, c->server)};
    for (i = 0; i < MOVIES; i++) {
        put_movie(page_open(&page), i + 1, rating);
        c->movie[i] = (struct answer){MHD_HTTP_OK, false, page_close(&page, c->server)};
        put_reviews(page_open(&page), i + 1);
        c->reviews[i] = (struct answer){movies[i].reviews[0] ? MHD_HTTP_OK : no_reviews, false,
                                        page_close(&page, c->server)};
    }
    c->no_such_movie = error_answer(c, MHD_HTTP_NOT_FOUND, "no such movie");
    c->no_such_path = error_answer(c, MHD_HTTP_NOT_FOUND, "no such path");
    c->bad_method = error_answer(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are known");
    MHD_add_response_header(c->bad_method.response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
}

static void catalogue_release(struct catalogue *c)
{
    int i;

    MHD_destroy_response(c->list.response);
    for (i = 0; i < MOVIES; i++) {
        MHD_destroy_response(c->movie[i].response);
        MHD_destroy_response(c->reviews[i].response);
    }
    MHD_destroy_response(c->no_such_movie.response);
    MHD_destroy_response(c->no_such_path.response);
    MHD_destroy_response(c->bad_method.response);
}

/* The id that the first `n` bytes of `text` name, or 0 where no movie has it.
 * Only the plain form counts: 7, not 07 nor +7. */
static int movie_id(const char *text, size_t n)
{
    int id = 0;
    size_t i;

    if (n == 0 || n > 4 || text[0] == '0')
        return 0;
    for (i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        id = id * 10 + (text[i] - '0');
    }
    return id <= MOVIES ? id : 0;
}

/* The answer to `path`, or NULL for the greeting, which is new every time. */
static const struct answer *catalogue_find(const struct catalogue *c, const char *path)
{
    static const char prefix[] = "/movies/";
    size_t n;
    int id;

    if (!strcmp(path, "/"))
        return NULL;
    if (!strcmp(path, "/movies"))
        return &c->list;
    if (strncmp(path, prefix, sizeof prefix - 1))
        return &c->no_such_path;

    path += sizeof prefix - 1;
    n = strcspn(path, "/");
    id = movie_id(path, n);
    path += n;
    if (*path && strcmp(path, "/reviews"))
        return &c->no_such_path;
    if (!id)
        return &c->no_such_movie;
    return *path ? &c->reviews[id - 1] : &c->movie[id - 1];
}

/* ---- answering ---------------------------------------------------------- */

/* Write the time in UTC with `places` digits, 0 to 9, after the second. */
static void format_now(char *to, size_t size, int places)
{
    struct timespec now;
    struct tm tm;
    char fraction[16];
    size_t n;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    n = strftime(to, size, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(fraction, sizeof fraction, "%09ld", now.tv_nsec);
    snprintf(to + n, size - n, ".%.*sZ", places, fraction);
}

/* Targets come from the network: what could steer a terminal or fake a line of
 * the log is written as \xNN. */
static void put_escaped(FILE *out, const char *s)
{
    for (; *s; s++) {
        unsigned char ch = (unsigned char)*s;

        if (ch <= 0x20 || ch >= 0x7f || ch == '\\')
            fprintf(out, "\\x%02x", ch);
        else
            fputc(ch, out);
    }
}

static void log_request(const struct catalogue *c, struct MHD_Connection *conn, const char *method,
                        const char *target, unsigned status)
{
    const char *mark = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "X-Mirrorctl");
    char now[40];

    format_now(now, sizeof now, 3);
    flockfile(stdout); /* one line stays one line, whichever threads write */
    printf("%s %s ", now, c->version);
    put_escaped(stdout, method);
    putchar(' ');
    put_escaped(stdout, target);
    printf(" %u %s\n", status, mark ? "copy" : "live");
    funlockfile(stdout);
}

/* Noise on purpose: no two calls say the same, in either version. */
static struct MHD_Response *greeting(const struct catalogue *c)
{
    char now[40], text[128];
    struct MHD_Response *r;
    int n;

    format_now(now, sizeof now, 6);
    n = snprintf(text, sizeof text, "This is the movies service. It is %s.\n", now);
    r = MHD_create_response_from_buffer((size_t)n, text, MHD_RESPMEM_MUST_COPY);
    if (r) {
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
        MHD_add_response_header(r, MHD_HTTP_HEADER_SERVER, c->server);
    }
    return r;
}

static enum MHD_Result send_greeting(const struct catalogue *c, struct MHD_Connection *conn)
{
    struct MHD_Response *r = greeting(c);
    enum MHD_Result queued;

    if (!r)
        return MHD_NO;
    queued = MHD_queue_response(conn, MHD_HTTP_OK, r);
    MHD_destroy_response(r);
    return queued;
}

static void sleep_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

/* libmicrohttpd calls this when the head is there, for each part of the body,
 * and once more at the end. Bodies are read and dropped even where the method
 * is refused, so that the connection stays usable. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *conn, const char *path,
                              const char *method, const char *http_version, const char *upload,
                              size_t *upload_size, void **context)
{
    const struct catalogue *c = cls;
    struct request *req = *context;
    const struct answer *answer;

    (void)http_version;
    (void)upload;
    if (!req)
        return MHD_NO;
    if (!req->head_seen) {
        req->head_seen = true;
        return MHD_YES;
    }
    if (*upload_size) {
        *upload_size = 0;
        return MHD_YES;
    }

    if (!strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD))
        answer = catalogue_find(c, path);
    else
        answer = &c->bad_method;
    if (answer && answer->slow)
        sleep_ms(SLOW_MS);
    log_request(c, conn, method, req->target, answer ? answer->status : MHD_HTTP_OK);
    if (!answer)
        return send_greeting(c, conn);
    return MHD_queue_response(conn, answer->status, answer->response);
}

/* Keep the target as sent: `handle` gets it decoded and without its query. */
static void *request_begin(void *cls, const char *target, struct MHD_Connection *conn)
{
    size_t n = strlen(target) + 1;
    struct request *req = calloc(1, sizeof *req + n);

    (void)cls;
    (void)conn;
    if (req)
        memcpy(req->target, target, n);
    return req;
}

static void request_end(void *cls, struct MHD_Connection *conn, void **context,
                        enum MHD_RequestTerminationCode why)
{
    (void)cls;
    (void)conn;
    (void)why;
    free(*context);
    *context = NULL;
}

/* ---- starting and stopping ---------------------------------------------- */

_Noreturn static void cannot_listen(const struct options *o, int error)
{
    if (error == EADDRINUSE)
        die("port %s on %s is in use; stop what listens there, or give another --port "
            "(0: any free one)",
            o->port, o->listen);
    if (error == EADDRNOTAVAIL)
        die("%s is not an address of this machine; give another --listen", o->listen);
    if (error == EACCES)
        die("no permission for port %s on %s; give a --port from 1024 up, or 0", o->port,
            o->listen);
    die("cannot listen on %s port %s: %s; check --listen and --port", o->listen, o->port,
        strerror(error));
}

static int open_listener(const struct options *o)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    int on = 1, rc = getaddrinfo(o->listen, o->port, &hints, &found);
    int fd;

    if (rc)
        die("--listen %s: %s; give an address of this machine", o->listen, gai_strerror(rc));
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0)
        cannot_listen(o, errno);
    freeaddrinfo(found);
    return fd;
}

/* Port and address as they turned out, ready to stand in a URL. */
static void describe_listener(int fd, char *where, size_t size, char *port, size_t port_size)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof addr;
    char host[64];
    int rc = getsockname(fd, (struct sockaddr *)&addr, &len);

    if (rc == 0)
        rc = getnameinfo((struct sockaddr *)&addr, len, host, sizeof host, port,
                         (socklen_t)port_size, NI_NUMERICHOST | NI_NUMERICSERV);
    if (rc)
        die("cannot tell which port was opened; give one with --port");
    snprintf(where, size, addr.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

/* Whoever sees the file sees all of it: it is written aside and renamed. */
static void write_port_file(const char *path, const char *port)
{
    char *aside;
    FILE *f;

    if (asprintf(&aside, "%s.new", path) < 0)
        die("out of memory");
    f = fopen(aside, "w");
    if (!f || fprintf(f, "%s\n", port) < 0 || fclose(f) || rename(aside, path) < 0)
        die("--port-file %s: %s; give a path that can be written", path, strerror(errno));
    free(aside);
}

static int serve(const struct options *o)
{
    struct catalogue catalogue;
    struct MHD_Daemon *daemon;
    char where[80], port[8];
    sigset_t stop;
    int fd, signal_seen;

    /* Blocked before the first thread starts, so that only sigwait gets them. */
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);

    catalogue_init(&catalogue, o);
    fd = open_listener(o);
    describe_listener(fd, where, sizeof where, port, sizeof port);
    daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL, 0, NULL,
        NULL, handle, &catalogue, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK,
        request_begin, NULL, MHD_OPTION_NOTIFY_COMPLETED, request_end, NULL,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    if (!daemon)
        die("cannot start the server on %s; is the limit on threads or files reached?", where);
    if (o->port_file)
        write_port_file(o->port_file, port);
    printf("moviesd %s listening on %s\n", o->version, where);

    sigwait(&stop, &signal_seen);
    MHD_stop_daemon(daemon);
    catalogue_release(&catalogue);
    return 0;
}

/* ---- the command line --------------------------------------------------- */

static int help(void)
{
    size_t i;

    puts("usage: moviesd --as v1|v2 --port N [--listen ADDR] [--port-file FILE]\n"
         "               [--without rename|status|slow]...\n"
         "\n"
         "A small movie catalogue over HTTP, in two versions to compare.\n"
         "\n"
         "  --as v1|v2         which version to be\n"
         "  --port N           port to listen on; 0 takes any free one\n"
         "  --listen ADDR      address to listen on (127.0.0.1)\n"
         "  --port-file FILE   write the port here once it is open\n"
         "  --without NAME     take one planted difference away from v2; repeatable\n"
         "  -h, --help         print this\n"
         "\n"
         "GET or HEAD of /, /movies, /movies/{id} and /movies/{id}/reviews, ids 1 to 12.\n"
         "Each request is a line on standard output; it ends in `copy` if the request\n"
         "carried X-Mirrorctl, else in `live`. SIGTERM and SIGINT stop the service.\n"
         "\n"
         "v2 differs from v1 in three planted ways and no other:");
    for (i = 0; i < PLANTED; i++)
        printf("  %-7s %s\n", planted[i].name, planted[i].what);
    return 0;
}

static unsigned planted_bit(const char *name)
{
    size_t i;

    for (i = 0; i < PLANTED; i++) {
        if (!strcmp(name, planted[i].name))
            return planted[i].bit;
    }
    die("--without %s: not a planted difference (have: rename, status, slow)", name);
}

static void check_port(const char *text)
{
    size_t n = strspn(text, "0123456789");

    if (n == 0 || n > 5 || text[n] || strtol(text, NULL, 10) > 65535)
        die("--port %s: not a port; give a number from 0 to 65535", text);
}

static void check_options(const struct options *o, unsigned without)
{
    if (!o->version)
        die("--as is missing; give --as v1 or --as v2");
    if (strcmp(o->version, "v1") && strcmp(o->version, "v2"))
        die("--as %s: no such version (have: v1, v2)", o->version);
    if (!o->port)
        die("--port is missing; give a number, or 0 for any free port");
    check_port(o->port);
    if (without && !strcmp(o->version, "v1"))
        die("--without is for v2: v1 has no planted differences");
}

int main(int argc, char **argv)
{
    static const struct option longopts[] = {
        {"as", required_argument, NULL, 'a'},
        {"port", required_argument, NULL, 'p'},
        {"listen", required_argument, NULL, 'l'},
        {"port-file", required_argument, NULL, 'f'},
        {"without", required_argument, NULL, 'w'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options o = {.listen = "127.0.0.1"};
    unsigned without = 0;
    int c;

    while ((c = getopt_long(argc, argv, "h", longopts, NULL)) != -1) {
        switch (c) {
        case 'a':
            o.version = optarg;
            break;
        case 'p':
            o.port = optarg;
            break;
        case 'l':
            o.listen = optarg;
            break;
        case 'f':
            o.port_file = optarg;
            break;
        case 'w':
            without |= planted_bit(optarg);
            break;
        case 'h':
            return help();
        default: /* getopt has said what is wrong */
            return 2;
        }
    }
    if (optind < argc)
        die("%s: unexpected argument; see moviesd --help", argv[optind]);
    check_options(&o, without);
    if (!strcmp(o.version, "v2"))
        o.plants = (PLANT_RENAME | PLANT_STATUS | PLANT_SLOW) & ~without;
    return serve(&o);
}
