/* output.h -- the file, or the standard output, that a run leaves behind.
 *
 * What is written holds credentials, so files are readable by their owner only;
 * and an old file is not touched before the run that replaces it can start.
 */
#ifndef MIRRORCTL_CLI_OUTPUT_H
#define MIRRORCTL_CLI_OUTPUT_H

#include <stddef.h>

#include "core/err.h"
#include "core/str.h"

struct record_options;
struct record_writer;

struct output {
    int fd;                       /* -1: not open */
    const char *name;             /* for messages */
    struct record_writer *writer; /* from output_begin() to output_close() */
};

/* What --compress takes, in the order of enum record_codec. */
extern const char *const output_codecs[];

/* Refuse, before anything is opened for writing, what would be a mistake: a
 * missing name, binary on a terminal, an output that is one of the inputs. */
int output_check(const char *path, const char *const *inputs, size_t n_inputs, struct err *e);

/* Refuse `path`, what `option` names, where it is one of the inputs or cannot be
 * written: what a run ends with must not fail for that when the run is over. */
int output_check_later(const char *option, const char *path, const char *const *inputs,
                       size_t n_inputs, struct err *e);

/* Open `path` ("-" is standard output) for a record or result, with mode 0600. */
int output_open(struct output *out, const char *path, struct err *e);

/* The same for a file that must not be there yet. */
int output_create(struct output *out, const char *path, struct err *e);

/* Write all of it. */
int output_write(struct output *out, struct str bytes, struct err *e);

/* Start a section with its META, and pass both on at once, so that a reader
 * down a pipe can start; and complete it with its STATS. */
int output_begin(struct output *out, const struct record_options *o, struct str meta,
                 struct err *e);
int output_put_stats(struct output *out, struct str stats, struct err *e);

/* Wait until a file is on the disk. Fine with what is none. */
int output_sync(struct output *out, struct err *e);

/* Close it. -1 when the last bytes could not be kept. Fine when not open. */
int output_close(struct output *out, struct err *e);

#endif
