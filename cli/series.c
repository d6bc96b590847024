#include "cli/series.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "core/str.h"

enum { DIGITS = 4 };

/* What has a higher number was not made by us. */
#define NUMBER_MAX UINT64_C(1000000000000)

static const struct str suffix = STR_INIT(".mrec");

static struct str without_suffix(struct str name)
{
    return str_ends(name, suffix) ? str_head(name, name.len - suffix.len) : name;
}

static void format_name(const struct series *s, uint64_t number, char name[SERIES_NAME_MAX])
{
    snprintf(name, SERIES_NAME_MAX, "%s-%0*" PRIu64 ".mrec", s->stem, DIGITS, number);
}

/* The number in "NAME-0017.mrec", 0 if it is called otherwise. */
static uint64_t number_of(struct str file, struct str name)
{
    uint64_t n;

    if (!str_starts(file, name) || !str_ends(file, suffix))
        return 0;
    file = without_suffix(str_skip(file, name.len));
    if (file.len < 1 + DIGITS || file.data[0] != '-' || !str_to_u64(str_skip(file, 1), &n))
        return 0;
    return n < NUMBER_MAX ? n : 0;
}

/* The highest number in use in that folder. */
static int find_highest(struct str folder, struct str name, uint64_t *highest, struct err *e)
{
    char path[SERIES_NAME_MAX];
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof path, "%.*s", (int)folder.len, folder.data);
    dir = opendir(path);
    if (!dir)
        return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
    *highest = 0;
    while ((entry = readdir(dir))) {
        uint64_t n = number_of(str_of(entry->d_name), name);

        if (n > *highest)
            *highest = n;
    }
    closedir(dir);
    return 0;
}

int series_init(struct series *s, const char *path, uint64_t keep, struct err *e)
{
    struct str stem = without_suffix(str_of(path)), folder = STR("."), name = stem;
    const char *slash = strrchr(path, '/');
    uint64_t highest = 0;

    if (slash) {
        size_t at = (size_t)(slash - path);
        folder = at ? str_from(path, at) : STR("/");
        name = at < stem.len ? str_skip(stem, at + 1) : STR("");
    }
    if (name.len == 0)
        return err_set(e, ERR_USAGE, "--output: %s names no file", path);
    if (stem.len >= SERIES_STEM_MAX)
        return err_set(e, ERR_USAGE, "--output: this name is too long");
    if (find_highest(folder, name, &highest, e) < 0)
        return -1;
    *s = (struct series){.first = highest + 1, .newest = highest, .keep = keep};
    memcpy(s->stem, stem.data, stem.len);
    return 0;
}

/* Make room for one more. What cannot be removed stays: the capture matters more. */
static void remove_oldest(struct series *s)
{
    char name[SERIES_NAME_MAX];
    uint64_t next = s->newest + 1;

    if (s->keep == 0 || next - s->first < s->keep)
        return;
    format_name(s, next - s->keep, name);
    if (unlink(name) < 0 && errno != ENOENT)
        log_warn("--keep: %s: %s", name, strerror(errno));
}

int series_open_next(struct series *s, struct output *out, struct err *e)
{
    int rc;

    remove_oldest(s);
    format_name(s, s->newest + 1, s->name);
    rc = output_create(out, s->name, e);
    if (rc == 0)
        s->newest++;
    format_name(s, s->newest, s->name);
    return rc;
}

void series_drop_newest(struct series *s)
{
    unlink(s->name);
    s->newest--;
    format_name(s, s->newest, s->name);
}

void series_summary(const struct series *s)
{
    uint64_t n = s->newest + 1 - s->first, left = s->keep && s->keep < n ? s->keep : n;
    char oldest[SERIES_NAME_MAX];

    format_name(s, s->newest + 1 - left, oldest);
    if (n == 1)
        log_info("1 file: %s", s->name);
    else if (left == n)
        log_info("%" PRIu64 " files: %s to %s", n, oldest, s->name);
    else
        log_info("%" PRIu64 " files, of which --keep left %" PRIu64 ": %s to %s", n, left, oldest,
                 s->name);
}
