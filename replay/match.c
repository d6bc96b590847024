#include "replay/match.h"

#include "core/http.h"
#include "core/http1.h"

enum { PATTERNS_MEMORY = 8 * 1024 * 1024, ROOM = HTTP1_MAX_HEAD + 1 };

/* ---- paths as a server reads them ----------------------------------------------- */

/* Undo percent-encoding, but not of what has a meaning when it stands bare: a
 * slash, a percent sign, and what a pattern is made of. */
static size_t unescape(struct str path, bool generous, char *out)
{
    size_t n = 0;

    while (path.len) {
        int c = str_percent_value(path);

        if (c == '/' && generous) {
            out[n++] = '/';
        } else if (c > 0 && !strchr("/%{}*", c)) {
            out[n++] = (char)c;
        } else if (c >= 0) {
            out[n++] = '%';
            out[n++] = "0123456789ABCDEF"[c >> 4];
            out[n++] = "0123456789ABCDEF"[c & 15];
        } else {
            out[n++] = *path.data;
        }
        path = str_skip(path, c >= 0 ? 3 : 1);
    }
    return n;
}

/* Slashes where some servers see them, and no ";parameters" of segments. */
static size_t read_generously(char *path, size_t n)
{
    bool in_parameters = false;
    size_t out = 0;

    for (size_t i = 0; i < n; i++) {
        char c = path[i] == '\\' ? '/' : path[i];

        in_parameters = c != '/' && (in_parameters || c == ';');
        if (!in_parameters)
            path[out++] = c;
    }
    return out;
}

/* RFC 3986, 5.2.4, and empty segments taken out. The path begins with a slash. */
static size_t resolve(char *path, size_t n)
{
    struct str rest = str_from(path + 1, n - 1);
    bool ends_in_slash = false;
    size_t out = 0;

    while (rest.data) {
        struct str segment = str_cut(&rest, '/');

        ends_in_slash = true;
        if (str_eq(segment, STR(".."))) {
            while (out > 0 && path[--out] != '/')
                ;
        } else if (segment.len && !str_eq(segment, STR("."))) {
            path[out++] = '/';
            memmove(path + out, segment.data, segment.len);
            out += segment.len;
            ends_in_slash = false;
        }
    }
    if (ends_in_slash)
        path[out++] = '/';
    return out;
}

/* `room` has one byte more than the path. */
static struct str normalise(struct str path, bool generous, char *room)
{
    size_t slash = path.len == 0 || path.data[0] != '/';
    size_t n;

    room[0] = '/';
    n = slash + unescape(path, generous, room + slash);
    if (generous)
        n = read_generously(room, n);
    return str_from(room, resolve(room, n));
}

static struct str without_slash(struct str path)
{
    return path.len > 1 && str_ends(path, STR("/")) ? str_head(path, path.len - 1) : path;
}

/* ---- patterns -------------------------------------------------------------------- */

static int read_one(struct match *m, struct pattern *p, const char *text, bool generous,
                    struct err *e)
{
    const char *why;
    char *room;

    if (pattern_read(p, str_of(text), e) < 0)
        return -1;
    why = pattern_overdone(p->path);
    if (why)
        return err_set(e, ERR_USAGE, "\"%s\": %s", text, why);
    room = arena_alloc(&m->mem, p->path.len + 1, e);
    if (!room)
        return -1;
    p->path = normalise(p->path, false, room);
    if (generous)
        p->path = without_slash(p->path);
    return 0;
}

static int read_all(struct match *m, struct patterns *into, const char *const *texts, size_t n,
                    bool generous, struct err *e)
{
    into->list = arena_array(&m->mem, n + 1, sizeof *into->list, e);
    if (!into->list)
        return -1;
    for (into->n = 0; into->n < n; into->n++) {
        if (read_one(m, &into->list[into->n], texts[into->n], generous, e) < 0)
            return err_wrap(e, generous ? "--skip" : "--only");
    }
    return 0;
}

int match_init(struct match *m, const char *const *only, size_t n_only, const char *const *skip,
               size_t n_skip, struct err *e)
{
    *m = (struct match){0};
    arena_init(&m->mem, PATTERNS_MEMORY);
    if (n_only + n_skip == 0)
        return 0;
    m->room = arena_alloc(&m->mem, ROOM, e);
    if (m->room && read_all(m, &m->only, only, n_only, false, e) == 0 &&
        read_all(m, &m->skip, skip, n_skip, true, e) == 0)
        return 0;
    match_release(m);
    return -1;
}

void match_release(struct match *m)
{
    arena_release(&m->mem);
    *m = (struct match){0};
}

static bool any_fits(const struct patterns *patterns, struct str method, struct str path)
{
    for (size_t i = 0; i < patterns->n; i++) {
        if (pattern_fits(&patterns->list[i], method, path))
            return true;
    }
    return false;
}

static bool is_skipped(const struct match *m, struct str method, struct str path)
{
    struct str read;

    if (m->skip.n == 0)
        return false;
    if (any_fits(&m->skip, method, normalise(path, false, m->room)))
        return true;
    read = normalise(path, true, m->room);
    return any_fits(&m->skip, method, read) || any_fits(&m->skip, method, without_slash(read));
}

bool match_allows(const struct match *m, struct str method, struct str target)
{
    struct str path = http_target_path(target);

    if (!m->room)
        return true;
    if (str_eq(path, STR("*"))) /* OPTIONS of the server as a whole */
        return m->only.n == 0;
    if (is_skipped(m, method, path))
        return false;
    return m->only.n == 0 || any_fits(&m->only, method, normalise(path, false, m->room));
}
