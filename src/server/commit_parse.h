// Private to server: one line of a commit's NDJSON body. No I/O: also a fuzz target.
#ifndef SPOKE_SERVER_COMMIT_PARSE_H
#define SPOKE_SERVER_COMMIT_PARSE_H

#include "base/base.h"

enum srv_commit_key {
    SRV_COMMIT_HEADER,
    SRV_COMMIT_FILE,
    SRV_COMMIT_LFS_FILE,
    SRV_COMMIT_DELETED_FILE,
    SRV_COMMIT_DELETED_FOLDER,
};
struct srv_commit_line {
    enum srv_commit_key key;
    sp_str path;                 // checked; a folder without its last '/', "" = everything
    sp_str content;              // of FILE, still encoded
    bool base64;                 // else the content is the text itself
    sp_str oid;                  // of LFS_FILE: 64 lower-case hex digits
    int64_t size;                // of LFS_FILE, -1 = not given
    sp_str summary, description; // of HEADER
    sp_str parent;               // 5 to 40 lower-case hex digits, "" = not given
};
#define SRV_COMMIT_SUMMARY_MAX     (4 * SP_KIB)
#define SRV_COMMIT_DESCRIPTION_MAX (256 * SP_KIB)
// Views live in the arena. SP_EFORMAT with what is wrong, SP_EINVALID for a forbidden path.
int srv_commit_line_parse(struct srv_commit_line *out, sp_str line, struct sp_arena *a,
                          struct sp_err *err);
#define SRV_PATH_PARTS_MAX 128 // deeper trees are an attack on whoever lists them
// A path that a commit may write: sp_path_check, and not nested too deeply.
int srv_path_check(sp_str path, struct sp_err *err);

#endif
