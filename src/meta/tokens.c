// Tokens by their MAC: the value itself is never stored.
#include "meta/sqlite.h"

struct token_job {
    sp_str user, name;
    enum meta_role role;
    int64_t expires_ms;
    const uint8_t *mac;
};

static int user_id(int64_t *out, struct meta_conn *c, sp_str user, struct sp_err *err)
{
    sqlite3_stmt *st;
    int rc = meta_first(c, SQL_USER_GET, &st, err, "s", user);
    if (rc == 0) {
        sp_fail(err, SP_ENOTFOUND, "no user is called %.*s", SP_FMT(user));
        sp_hint(err, "spoke admin --data DIR user ls shows all users");
        return SP_ENOTFOUND;
    }
    if (rc > 0) {
        *out = sqlite3_column_int64(st, 0);
        meta_done(st);
    }
    return rc < 0 ? rc : 0;
}

static int add_token(struct meta_conn *c, void *arg, struct sp_err *err)
{
    const struct token_job *j = arg;
    int64_t user;
    SP_TRY(user_id(&user, c, j->user, err));
    int rc = meta_exec(c, SQL_TOKEN_ADD, err, "isibii", user, j->name, (int64_t)j->role, j->mac,
                       sp_now_ms(), j->expires_ms);
    if (rc < 0 && meta_constraint(c))
        return sp_fail(err, SP_EEXIST, "user %.*s has a token %.*s already, or this value is taken",
                       SP_FMT(j->user), SP_FMT(j->name));
    return rc;
}

int meta_token_add(struct meta *m, sp_str user, sp_str name, enum meta_role role,
                   int64_t expires_ms, const uint8_t mac[HASH_SHA256_BYTES], struct sp_err *err)
{
    struct token_job j = {user, name, role, expires_ms, mac};
    return meta_write(m, add_token, &j, err);
}

static void read_token(struct meta_token *t, sqlite3_stmt *st, struct sp_arena *a)
{
    *t = (struct meta_token){
        .id = sqlite3_column_int64(st, 0),
        .user_id = sqlite3_column_int64(st, 1),
        .user = meta_col_text(st, 2, a),
        .name = meta_col_text(st, 3, a),
        .role = (enum meta_role)sqlite3_column_int(st, 4),
        .created_ms = sqlite3_column_int64(st, 5),
        .expires_ms = sqlite3_column_int64(st, 6),
    };
}

// rc: of meta_first.
static int found(struct meta_token *out, int rc, sqlite3_stmt *st, struct sp_arena *a,
                 struct sp_err *err)
{
    if (rc == 0)
        return sp_fail(err, SP_ENOTFOUND, "no such token");
    SP_TRY(rc);
    read_token(out, st, a);
    meta_done(st);
    return 0;
}

int meta_token_find(struct meta_token *out, struct meta *m, const uint8_t mac[HASH_SHA256_BYTES],
                    struct sp_arena *a, struct sp_err *err)
{
    struct meta_conn *c;
    sqlite3_stmt *st = NULL;
    SP_TRY(meta_reader(&c, m, err));
    int rc = meta_first(c, SQL_TOKEN_FIND, &st, err, "b", mac);
    rc = found(out, rc, st, a, err);
    meta_reader_back(m, c);
    return rc;
}

int meta_token_by_id(struct meta_token *out, struct meta *m, int64_t id, struct sp_arena *a,
                     struct sp_err *err)
{
    struct meta_conn *c;
    sqlite3_stmt *st = NULL;
    SP_TRY(meta_reader(&c, m, err));
    int rc = meta_first(c, SQL_TOKEN_BY_ID, &st, err, "i", id);
    rc = found(out, rc, st, a, err);
    meta_reader_back(m, c);
    return rc;
}

static int remove_token(struct meta_conn *c, void *arg, struct sp_err *err)
{
    const struct token_job *j = arg;
    int64_t user;
    SP_TRY(user_id(&user, c, j->user, err));
    SP_TRY(meta_exec(c, SQL_TOKEN_REMOVE, err, "is", user, j->name));
    if (sqlite3_changes(c->db) > 0)
        return 0;
    sp_fail(err, SP_ENOTFOUND, "user %.*s has no token %.*s", SP_FMT(j->user), SP_FMT(j->name));
    sp_hint(err, "spoke admin --data DIR token ls shows all tokens");
    return SP_ENOTFOUND;
}

int meta_token_remove(struct meta *m, sp_str user, sp_str name, struct sp_err *err)
{
    struct token_job j = {.user = user, .name = name};
    return meta_write(m, remove_token, &j, err);
}

int meta_token_each(struct meta *m, sp_str user, meta_token_fn cb, void *ud, struct sp_err *err)
{
    struct meta_conn *c;
    sqlite3_stmt *st;
    SP_TRY(meta_reader(&c, m, err));
    int rc = meta_first(c, SQL_TOKEN_EACH, &st, err, "s", user);
    for (; rc > 0; rc = meta_next(c, st, err)) {
        SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
        struct meta_token t;
        read_token(&t, st, &a);
        int stop = cb(ud, &t, err);
        if (stop < 0) {
            meta_done(st);
            rc = stop;
            break;
        }
    }
    meta_reader_back(m, c);
    return rc;
}
