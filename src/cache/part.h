// Private to cache: a file that is arriving. It has a temp name of its own, as every Python
// download has, "<stem>.<8 hex>.incomplete", and beside it, once it is worth it, a journal
// "<stem>.spoke-resume" that says which file it is and how far it is without a hole. The journal is
// claimed by flock, so two processes never write one temp file; whoever finds it claimed, or cannot
// claim it, starts a temp file of his own.
#ifndef SPOKE_CACHE_PART_H
#define SPOKE_CACHE_PART_H

#include "cache/cache.h"

#define CACHE_PART_SUFFIX      ".incomplete"
#define CACHE_PART_LONG_PREFIX "long-" // stem of an ETag too long for the suffixes: + its SHA-1
#define CACHE_JOURNAL_SUFFIX   ".spoke-resume"

struct cache_range {
    uint64_t from, to;
};
struct cache_part {
    char *dir, *stem;
    char *path;    // temp file
    char *journal; // path
    int fd_plus1, journal_fd_plus1;
    bool no_journal;                   // somebody else has the journal's name, or none is wanted
    int64_t size;                      // expected, -1 = unknown
    uint64_t journaled;                // prefix that the journal tells
    SP_VEC(struct cache_range) ranges; // written, sorted, apart
};
// What of earlier processes may be taken up; each row includes those above it.
enum cache_part_adopt {
    CACHE_PART_NONE,      // nothing, and nothing is left for later ones
    CACHE_PART_JOURNALED, // what the journal tells of
    CACHE_PART_OLD,       // "<stem>.incomplete" of huggingface_hub ≤ 1.16; under the blob's lock
};
// Adopts such a file, else makes a new one. SP_ENOSPACE when size bytes cannot be had.
int cache_part_open(struct cache_part *out, const char *dir, const char *stem, int64_t size,
                    enum cache_part_adopt adopt, struct sp_err *err);
uint64_t cache_part_prefix(const struct cache_part *p); // bytes from 0 without a hole
uint64_t cache_part_end(const struct cache_part *p);    // one past the last byte written
void cache_part_wrote(struct cache_part *p, uint64_t from, uint64_t to);
int cache_part_forget(struct cache_part *p, struct sp_err *err); // nothing is written, start again
void cache_part_save(struct cache_part *p);                      // journal := prefix; best effort
void cache_part_drop(struct cache_part *p);                      // removes both files
// After the temp file got its final name: only the journal goes.
void cache_part_done(struct cache_part *p);
void cache_part_fini(struct cache_part *p); // closes, keeps the files

#endif
