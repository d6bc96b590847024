/* replay.c -- runs a fuzz target over files found before, with any compiler.
 *
 * Each argument is a file or a folder of files. Prints TAP: one line a target,
 * since what matters is that nothing crashes.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data;
    struct stat st;

    if (!f)
        return 0;
    if (fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode)) {
        fclose(f);
        return 0;
    }
    data = malloc((size_t)st.st_size + 1);
    if (data && fread(data, 1, (size_t)st.st_size, f) == (size_t)st.st_size)
        LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
    free(data);
    fclose(f);
    return 1;
}

static int run_path(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    char name[4096];
    int n = 0;

    if (!dir)
        return run_file(path);
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        n += run_file(name);
    }
    closedir(dir);
    return n;
}

int main(int argc, char **argv)
{
    int n = 0;

    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        n += run_path(argv[i]);
    printf("%s 1 %d inputs and none crashed\n1..1\n", n ? "ok" : "not ok", n);
    return n ? 0 : 1;
}
