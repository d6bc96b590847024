/* recorder.h -- exchanges on their way into record files, in a thread of its own.
 *
 * Whoever captures must not wait for a disk: it hands exchanges over in
 * batches, another thread serialises, hashes and writes them. What is between
 * the two has a ceiling; beyond it the giver waits, and the packet ring in
 * front of it takes the burst. The bytes do not depend on how the threads take
 * turns: two runs over the same exchanges write the same files.
 */
#ifndef MIRRORCTL_CLI_RECORDER_H
#define MIRRORCTL_CLI_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/capture.h"
#include "core/err.h"
#include "core/exchange.h"
#include "core/record.h"

/* --rotate and --keep: when to go on in a new file, and how many stay. */
struct rotation {
    uint64_t bytes; /* before a file grows beyond this; 0: never */
    int64_t ns;     /* after so much packet time; 0: never */
    uint64_t keep;  /* files of this run; 0: all */
};

struct recorder_config {
    const char *path; /* "-" is standard output; of a rotation: NAME */
    struct rotation rotation;
    bool durable; /* wait until complete files are on the disk */
};

struct recorder;

/* Open the file; those of a rotation are opened from recorder_start() on, by
 * whoever the process then is. NULL with *e set. The path must live as long. */
struct recorder *recorder_open(const struct recorder_config *config, struct err *e);

/* Begin the record with its META and start the thread. `stats` are the
 * counters of the run: read in recorder_put() and in recorder_end(), and
 * written into each file as they stand after its last exchange. */
int recorder_start(struct recorder *r, const struct record_options *o, struct str meta,
                   const struct capture_stats *stats, struct err *e);

/* Where the exchanges go. Fails when an earlier one could not be written; by
 * then a few more may have been handed over. */
struct exchange_sink recorder_sink(struct recorder *r);

/* Let all that was handed over reach the file soon; also for when nothing
 * comes: a file whose time is over at `now_ns` is completed. Cheap when there
 * is nothing to do. Fails like the sink. */
int recorder_flush(struct recorder *r, int64_t now_ns, struct err *e);

/* Write the rest and complete the file with STATS. Also after a failure: then
 * the file is completed as it is if that can be done, and *e tells the failure
 * with what became of the file. */
int recorder_end(struct recorder *r, struct err *e);

/* After recorder_end(): exchanges that were put, refused ones too, but are in
 * no file. */
uint64_t recorder_unwritten(const struct recorder *r);

/* Say which files there are, if they are numbered. */
void recorder_summary(const struct recorder *r);

/* Stop the thread if need be, and free. What was not ended stays incomplete.
 * NULL is fine. */
void recorder_free(struct recorder *r);

#endif
