/* yaml_tree.h -- between yaml.c, which reads events, and yaml_tree.c, which
 * builds nodes of them. Nobody else includes it. */
#ifndef MIRRORCTL_CORE_YAML_TREE_H
#define MIRRORCTL_CORE_YAML_TREE_H

#include "core/yaml.h"

enum yaml_step {
    YAML_GO,
    YAML_STOP,  /* a ceiling, told in *diags: the rest of the text is not read */
    YAML_NOMEM, /* told in *e */
};

struct yaml_sorted;

/* What is being built: the open lists and maps of one document. */
struct yaml_builder {
    struct yaml_stream *stream;
    struct diags *diags;
    struct err *e;
    size_t nodes; /* so far in this document, aliases expanded */
    struct yaml_node *root;
    struct yaml_level {
        struct yaml_node *box;
        struct yaml_item *last;
        const struct yaml_node *key; /* of a map: waits for its value */
        bool in_key;                 /* part of a key: that has been told */
    } levels[YAML_MAX_DEPTH + 1];    /* levels[0] stays empty */
    size_t depth;
    struct yaml_sorted *sorted; /* items of the map that closes; grows, freed by the owner */
    size_t sorted_cap;
};

/* Start a document. */
void yaml_build_start(struct yaml_builder *b);

/* A new node: NULL when the step to take is not YAML_GO. */
struct yaml_node *yaml_build_node(struct yaml_builder *b, enum yaml_kind kind, struct place at,
                                  enum yaml_step *step);

/* True if what is put next is a key of a map. */
bool yaml_build_wants_key(const struct yaml_builder *b);

/* Put a scalar, or a node that is complete, where it belongs. `hint` is added
 * to E106, which is told when it is a list or map in the place of a key. */
enum yaml_step yaml_build_put(struct yaml_builder *b, struct yaml_node *n, struct place at,
                              const char *hint);

/* Put a list or map, and open it for what follows; then close it. */
enum yaml_step yaml_build_open(struct yaml_builder *b, struct yaml_node *n, const char *hint);
enum yaml_step yaml_build_close(struct yaml_builder *b);

/* Count `n` more nodes against the ceiling. */
enum yaml_step yaml_build_count(struct yaml_builder *b, size_t n, struct place at);

#endif
