// Private to meta: rows of repositories, shared by repos.c and repos_list.c.
#ifndef SPOKE_META_REPOS_H
#define SPOKE_META_REPOS_H

#include "meta/sqlite.h"

// Column order of the statements that read repositories (REPO_COLUMNS in sql.def).
#define META_REPO_COLUMNS                                                                          \
    "r.id, r.hex_id, r.type, r.ns, r.name, r.owner_id, r.private, r.sdk, r.created_ms, "           \
    "r.updated_ms, r.head, r.card, r.used_bytes, r.downloads, r.likes"
void meta_repo_read(struct meta_repo *r, sqlite3_stmt *st, struct sp_arena *a);

#endif
