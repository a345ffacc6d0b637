/*
 * Replays a corpus through one fuzz target without a fuzzer, so that every build of the tree
 * (gcc, with sanitizers in `make check`) proves again what fuzzing has found.
 *
 * Usage: fuzz_<x>_replay FOLDER|FILE...
 * Each file runs as it is, then cut at up to 64 places and with up to 128 single bytes changed, the
 * same ones every time: truncation and bit damage are what parsers meet most.
 * An empty or missing folder is a failure: a target without a corpus tests nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS = 64, CHANGES = 128 };

// Every run gets its own exact-size heap block: a read one byte past the end is then an ASan
// report.
static void run_one(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_variants(uint8_t *data, size_t size)
{
    run_one(data, size);
    size_t cut_step = size / CUTS + 1;
    for (size_t n = 0; n < size; n += cut_step)
        run_one(data, n);
    size_t change_step = size / CHANGES + 1;
    uint32_t seed = 2463534242U;
    for (size_t at = 0; at < size; at += change_step) {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        uint8_t kept = data[at];
        data[at] = (uint8_t)(seed >> 11);
        run_one(data, size);
        data[at] = kept;
    }
}

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    uint8_t *data = NULL;
    size_t size = 0, room = 0;
    for (;;) {
        if (size == room) {
            room = room ? room * 2 : 65536;
            uint8_t *grown = realloc(data, room);
            if (!grown)
                abort();
            data = grown;
        }
        size_t n = fread(data + size, 1, room - size, f);
        if (n == 0)
            break;
        size += n;
    }
    int bad = ferror(f);
    fclose(f);
    if (!bad) {
        // The name goes out first: when a sanitizer stops the process, the last line names the
        // file.
        printf("# %s (%zu bytes)\n", path, size);
        fflush(stdout);
        run_variants(data, size);
    } else {
        fprintf(stderr, "%s: cannot be read\n", path);
    }
    free(data);
    return bad ? -1 : 1;
}

// Returns the number of files replayed, -1 on failure.
static int replay_folder(const char *path)
{
    struct dirent **names = NULL;
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    int done = 0, bad = 0;
    for (int i = 0; i < n; i++) {
        char file[4096];
        int len = snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        struct stat st;
        if (names[i]->d_name[0] != '.' && len > 0 && (size_t)len < sizeof file &&
            stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
            if (replay_file(file) < 0)
                bad = 1;
            else
                done++;
        }
        free(names[i]);
    }
    free(names);
    return bad ? -1 : done;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        int is_folder = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);
        int n = is_folder ? replay_folder(argv[i]) : replay_file(argv[i]);
        if (n < 0)
            return 1;
        total += n;
    }
    if (total == 0) {
        fprintf(stderr, "no corpus file to replay: add seeds to fuzz/corpus/<target>/\n");
        return 1;
    }
    printf("replayed %d files\n", total);
    return 0;
}
