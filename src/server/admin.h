// Private: `spoke admin`, which works on a data folder whether or not a server runs.
#ifndef SPOKE_SERVER_ADMIN_H
#define SPOKE_SERVER_ADMIN_H

#include "server/serve.h"

struct srv_admin {
    struct srv srv; // meta and secret; git and objects after srv_admin_stores
    struct srv_data_dir dir;
    const char *data, *user, *role, *name, *expires, *value_file, *type;
    const char *operand; // the word after the command
    bool json, dry_run, quick, help;
};
typedef int (*srv_admin_fn)(struct srv_admin *a, struct sp_err *err);
#define SRV_ADMIN(words, function, n, operands, text)                                              \
    int function(struct srv_admin *a, struct sp_err *err);
#include "server/admin.def"
#undef SRV_ADMIN

// Opens the git repositories and the object store.
int srv_admin_stores(struct srv_admin *a, struct sp_err *err);
// After a change: the server that may be running forgets what it knew.
int srv_admin_changed(struct srv_admin *a, struct sp_err *err);
// "the option --x is needed".
int srv_admin_need(const char *value, const char *option, struct sp_err *err);
// Every repository of the server. The callback may call meta.
int srv_admin_each_repo(struct srv_admin *a,
                        int (*cb)(void *ud, const struct meta_repo *r, struct sp_err *err),
                        void *ud, struct sp_err *err);

// Rows of text with aligned columns. Cells are copied.
struct srv_table {
    size_t columns;
    SP_VEC(char *) cells; // the first row is the head
};
void srv_table_add(struct srv_table *t, const char *cell);

// What a `… ls` command prints: rows of a table, or elements of a JSON array. It stays where it is
// between begin and end, because `w` writes into `json_text`.
struct srv_list {
    bool json; // rows go to w, else to table
    struct srv_table table;
    struct sp_jw w;
    struct sp_buf json_text;
};
void srv_list_begin(struct srv_list *l, const struct srv_admin *a, const char *const *head,
                    size_t columns);
// Prints and frees. rc: what walking the rows returned; a failure is passed on.
int srv_list_end(struct srv_list *l, int rc, struct sp_err *err);

#endif
