/* yaml.c -- libyaml's events, one at a time, so that a ceiling stops them.
 *
 * libyaml's own loader is not used: it builds the whole tree first, and takes
 * 20 seconds for 100,000 opening brackets where the events end at the 65th. The
 * text is handed over in small pieces, so that a document which goes on for
 * ever is stopped there, too; memory inside libyaml comes from its own malloc
 * and stays below a few times YAML_MAX_DOCUMENT.
 *
 * What libyaml lets pass is found here or in yaml_tree.c: aliases of nothing or
 * of what they stand in, keys that are not scalars or stand twice, merge keys.
 */
#include "core/yaml.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "core/mem.h"
#include "core/utf8.h"
#include "core/yaml_tree.h"

enum {
    PIECE = 4096,
    READ_AHEAD = 16 * 1024,
    MAX_DIRECTIVES = 64, /* libyaml compares every %TAG with all before it */
};

struct anchor {
    uint32_t hash;
    struct str name;
    struct yaml_node *node;
};

struct reader {
    yaml_parser_t parser;
    struct yaml_builder build;
    struct yaml_stream *stream;
    struct diags *diags;
    struct err *e;
    const char *file;
    struct str text;
    size_t fed;      /* bytes of `text` that libyaml has got */
    size_t doc_from; /* `fed` when the document began */
    struct place doc_at;
    bool doc_too_large;
    struct anchor anchors[YAML_MAX_ANCHORS];
    size_t anchor_count;
};

static struct place place_of(const struct reader *r, yaml_mark_t mark)
{
    return (struct place){r->file, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

/* ---- input ---- */

static int feed(void *data, unsigned char *buffer, size_t size, size_t *size_read)
{
    struct reader *r = data;
    struct str piece = str_head(str_skip(r->text, r->fed), size < PIECE ? size : PIECE);

    if (r->fed - r->doc_from > YAML_MAX_DOCUMENT + READ_AHEAD) {
        r->doc_too_large = true;
        return 0;
    }
    if (piece.data)
        memcpy(buffer, piece.data, piece.len);
    r->fed += piece.len;
    *size_read = piece.len;
    return 1;
}

/* ---- what the text looks like, for messages ---- */

/* Line `n`, from 1. Empty for UTF-16, whose lines are not looked at. */
static struct str line_at(struct str text, uint32_t n)
{
    if (memchr(text.data, '\0', text.len))
        return (struct str){0};
    while (--n && text.data)
        str_cut(&text, '\n');
    return str_cut(&text, '\n');
}

static bool holds(struct str s, const char *part)
{
    return s.len && memmem(s.data, s.len, part, strlen(part)) != NULL;
}

static bool is_indented_by_tab(struct str line)
{
    while (line.len && line.data[0] == ' ')
        line = str_skip(line, 1);
    return line.len && line.data[0] == '\t';
}

/* "kubectl apply -f - <<EOF" in front of the document. */
static bool is_here_document(struct str line)
{
    static const char *const marks[] = {"<<EOF", "<<-EOF", "<< EOF", "<<'EOF", "<<\"EOF"};

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (holds(line, marks[i]))
            return true;
    }
    return false;
}

static const char *template_hint(const struct reader *r, uint32_t line)
{
    struct str s = line_at(r->text, line);

    return holds(s, "{{") || holds(s, "{%") ? "; it looks like a template that was not expanded"
                                            : "";
}

/* For E106. Looking for the line is only worth it where that can be told. */
static const char *key_hint(const struct reader *r, struct place at)
{
    if (!yaml_build_wants_key(&r->build) || diags_errors(r->diags) >= DIAGS_MAX)
        return "";
    return template_hint(r, at.line);
}

/* `context` is the line where that begins in which the error was found, or 0. */
static const char *syntax_hint(const struct reader *r, uint32_t line, uint32_t context)
{
    const char *hint;

    if (is_indented_by_tab(line_at(r->text, line)))
        return "; a tab cannot indent, use blanks";
    if (is_here_document(line_at(r->text, 1)))
        return "; line 1 looks like a shell command: leave it out, and the EOF at the end";
    hint = template_hint(r, line);
    return *hint || !context ? hint : template_hint(r, context);
}

/* The place of a byte, for errors that come before there are lines. */
static struct place place_of_byte(const struct reader *r, size_t offset)
{
    struct str before = str_head(r->text, offset);
    struct place at = {r->file, 1, 1};

    for (size_t i = 0; i < before.len; i++) {
        if (before.data[i] == '\n') {
            at.line++;
            at.column = 1;
        } else if (!utf8_is_tail(before.data[i])) {
            at.column++;
        }
    }
    return at;
}

static enum yaml_step syntax_error(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "not YAML";
    struct place at = place_of(r, p->problem_mark);
    char context[128] = "";

    if (p->error == YAML_MEMORY_ERROR) {
        err_nomem(r->e, "reading YAML");
        return YAML_NOMEM;
    }
    if (r->doc_too_large) {
        diag_add(r->diags, DIAG_ERROR, "E102", r->doc_at, "a document of more than %d bytes",
                 YAML_MAX_DOCUMENT);
        return YAML_STOP;
    }
    if (p->error == YAML_READER_ERROR) {
        diag_add(r->diags, DIAG_ERROR, "E101", place_of_byte(r, p->problem_offset), "%s (byte %zu)",
                 problem, p->problem_offset);
        return YAML_STOP;
    }
    if (p->context)
        snprintf(context, sizeof context, " %s that begins at %zu:%zu", p->context,
                 p->context_mark.line + 1, p->context_mark.column + 1);
    diag_add(r->diags, DIAG_ERROR, "E101", at, "%s%s%s", problem, context,
             syntax_hint(r, at.line, p->context ? (uint32_t)p->context_mark.line + 1 : 0));
    return YAML_STOP;
}

/* ---- anchors ---- */

static uint32_t hash_of(struct str s)
{
    uint32_t h = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.data[i]) * 16777619u;
    return h;
}

/* The latest of that name: an anchor may be set anew (YAML 1.2, 3.2.2.2). */
static struct yaml_node *find_anchor(const struct reader *r, struct str name)
{
    uint32_t hash = hash_of(name);

    for (size_t i = r->anchor_count; i-- > 0;) {
        if (r->anchors[i].hash == hash && str_eq(r->anchors[i].name, name))
            return r->anchors[i].node;
    }
    return NULL;
}

static enum yaml_step set_anchor(struct reader *r, const yaml_char_t *anchor,
                                 struct yaml_node *node)
{
    struct str name = str_of((const char *)anchor), copy;

    if (!anchor)
        return YAML_GO;
    if (r->anchor_count == YAML_MAX_ANCHORS) {
        diag_add(r->diags, DIAG_ERROR, "E102", node->at, "more than %d anchors in a document",
                 YAML_MAX_ANCHORS);
        return YAML_STOP;
    }
    if (arena_dup(&r->stream->mem, name, &copy, r->e) < 0)
        return YAML_NOMEM;
    r->anchors[r->anchor_count++] = (struct anchor){hash_of(copy), copy, node};
    return YAML_GO;
}

static bool is_open(const struct yaml_builder *b, const struct yaml_node *n)
{
    for (size_t i = 1; i <= b->depth; i++) {
        if (b->levels[i].box == n)
            return true;
    }
    return false;
}

/* In the place of an alias that means nothing, so that reading can go on. */
static enum yaml_step put_nothing(struct reader *r, struct place at)
{
    enum yaml_step step;
    struct yaml_node *n = yaml_build_node(&r->build, YAML_SCALAR, at, &step);

    if (!n)
        return step;
    n->text = STR("");
    return yaml_build_put(&r->build, n, at, "");
}

static enum yaml_step take_alias(struct reader *r, const yaml_event_t *event)
{
    struct str name = str_of((const char *)event->data.alias.anchor);
    struct place at = place_of(r, event->start_mark);
    struct yaml_node *n = find_anchor(r, name);
    enum yaml_step step;

    if (!n) {
        diag_add(r->diags, DIAG_ERROR, "E101", at, "no anchor &%.*s before this alias",
                 STR_ARG(str_head(name, 100)));
        return put_nothing(r, at);
    }
    if (is_open(&r->build, n)) {
        diag_add(r->diags, DIAG_ERROR, "E105", at, "the alias *%.*s stands inside of &%.*s itself",
                 STR_ARG(str_head(name, 100)), STR_ARG(str_head(name, 100)));
        return put_nothing(r, at);
    }
    step = yaml_build_count(&r->build, n->size, at);
    return step == YAML_GO ? yaml_build_put(&r->build, n, at, key_hint(r, at)) : step;
}

/* ---- events ---- */

static enum yaml_step take_scalar(struct reader *r, const yaml_event_t *event)
{
    struct place at = place_of(r, event->start_mark);
    const char *tag = (const char *)event->data.scalar.tag;
    struct yaml_node *n;
    enum yaml_step step;

    if (event->data.scalar.length > YAML_MAX_SCALAR) {
        diag_add(r->diags, DIAG_ERROR, "E102", at, "a scalar of more than %d bytes",
                 YAML_MAX_SCALAR);
        return YAML_STOP;
    }
    n = yaml_build_node(&r->build, YAML_SCALAR, at, &step);
    if (!n)
        return step;
    n->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
                (tag && (strcmp(tag, YAML_STR_TAG) == 0 || strcmp(tag, "!") == 0));
    if (arena_dup(&r->stream->mem,
                  str_from((const char *)event->data.scalar.value, event->data.scalar.length),
                  &n->text, r->e) < 0)
        return YAML_NOMEM;
    step = set_anchor(r, event->data.scalar.anchor, n);
    return step == YAML_GO ? yaml_build_put(&r->build, n, at, "") : step;
}

static enum yaml_step take_open(struct reader *r, const yaml_event_t *event, enum yaml_kind kind,
                                const yaml_char_t *anchor)
{
    struct place at = place_of(r, event->start_mark);
    enum yaml_step step;
    struct yaml_node *n = yaml_build_node(&r->build, kind, at, &step);

    if (!n)
        return step;
    step = yaml_build_open(&r->build, n, key_hint(r, at));
    return step == YAML_GO ? set_anchor(r, anchor, n) : step;
}

static enum yaml_step start_document(struct reader *r, const yaml_event_t *event)
{
    r->doc_at = place_of(r, event->start_mark);
    if (r->stream->doc_count == YAML_MAX_DOCUMENTS) {
        diag_add(r->diags, DIAG_ERROR, "E102", r->doc_at, "more than %d documents",
                 YAML_MAX_DOCUMENTS);
        return YAML_STOP;
    }
    r->stream->doc_count++;
    r->doc_from = r->fed;
    r->anchor_count = 0;
    yaml_build_start(&r->build);
    return YAML_GO;
}

static enum yaml_step end_document(struct reader *r)
{
    struct yaml_doc *doc;

    if (yaml_is_null(r->build.root))
        return YAML_GO;
    doc = arena_alloc(&r->stream->mem, sizeof *doc, r->e);
    if (!doc)
        return YAML_NOMEM;
    doc->root = r->build.root;
    if (r->stream->last)
        r->stream->last->next = doc;
    else
        r->stream->docs = doc;
    r->stream->last = doc;
    return YAML_GO;
}

static enum yaml_step take_event(struct reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return start_document(r, event);
    case YAML_DOCUMENT_END_EVENT:
        return end_document(r);
    case YAML_ALIAS_EVENT:
        return take_alias(r, event);
    case YAML_SCALAR_EVENT:
        return take_scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
        return take_open(r, event, YAML_LIST, event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return take_open(r, event, YAML_MAP, event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return yaml_build_close(&r->build);
    default:
        return YAML_GO;
    }
}

static enum yaml_step read_events(struct reader *r)
{
    enum yaml_step step = YAML_GO;
    bool end = false;

    while (step == YAML_GO && !end) {
        yaml_event_t event;

        if (!yaml_parser_parse(&r->parser, &event))
            return syntax_error(r);
        end = event.type == YAML_STREAM_END_EVENT;
        step = take_event(r, &event);
        yaml_event_delete(&event);
    }
    return step;
}

/* ---- ceilings of the text as a whole ---- */

/* %TAG at the front of a line, in UTF-8 or UTF-16: NULs are passed over. */
static bool has_many_directives(struct str text)
{
    size_t found = 0;

    while (text.len) {
        size_t at = str_find(text, '%'), back = at;
        char word[3];
        size_t n = 0;

        for (size_t i = at + 1; i < text.len && n < sizeof word && i < at + 8; i++) {
            if (text.data[i])
                word[n++] = text.data[i];
        }
        while (back > 0 && !text.data[back - 1])
            back--;
        if (n == 3 && memcmp(word, "TAG", 3) == 0 && (back == 0 || text.data[back - 1] == '\n'))
            found++;
        text = str_skip(text, at + 1);
    }
    return found > MAX_DIRECTIVES;
}

static bool is_too_large(struct yaml_stream *s, struct str text, const char *file,
                         struct diags *diags)
{
    struct place whole = {.file = file};

    if (text.len > YAML_MAX_STREAM - s->bytes) {
        diag_add(diags, DIAG_ERROR, "E102", whole, "more than %d bytes of YAML in all",
                 YAML_MAX_STREAM);
        return true;
    }
    s->bytes += text.len;
    if (has_many_directives(text)) {
        diag_add(diags, DIAG_ERROR, "E102", whole, "more than %d %%TAG directives", MAX_DIRECTIVES);
        return true;
    }
    return false;
}

static int read_text(struct reader *r)
{
    enum yaml_step step;

    if (!yaml_parser_initialize(&r->parser))
        return err_nomem(r->e, "reading YAML");
    yaml_parser_set_input(&r->parser, feed, r);
    step = read_events(r);
    yaml_parser_delete(&r->parser);
    return step == YAML_NOMEM ? -1 : 0;
}

int yaml_read(struct yaml_stream *s, struct str text, const char *name, struct diags *diags,
              struct err *e)
{
    struct reader *r;
    struct str file;
    int rc;

    if (arena_dup(&s->mem, str_of(name), &file, e) < 0)
        return err_wrap(e, "%s", name);
    if (is_too_large(s, text, file.data, diags))
        return 0;
    r = mem_zalloc(sizeof *r);
    if (!r) {
        err_nomem(e, "reading YAML");
        return err_wrap(e, "%s", name);
    }
    r->stream = s;
    r->diags = diags;
    r->e = e;
    r->file = file.data;
    r->doc_at.file = file.data;
    r->text = text.len ? text : STR("");
    r->build = (struct yaml_builder){.stream = s, .diags = diags, .e = e};
    rc = read_text(r);
    mem_free(r->build.sorted);
    mem_free(r);
    return rc < 0 ? err_wrap(e, "%s", name) : 0;
}
