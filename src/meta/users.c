// Users, and what they own.
#include "meta/sqlite.h"

struct user_job {
    sp_str name;
    int64_t id;
};

static int add_user(struct meta_conn *c, void *arg, struct sp_err *err)
{
    struct user_job *j = arg;
    int rc = meta_exec(c, SQL_USER_ADD, err, "ssi", j->name, j->name, sp_now_ms());
    if (rc < 0 && meta_constraint(c))
        return sp_fail(err, SP_EEXIST, "user %.*s exists already", SP_FMT(j->name));
    j->id = sqlite3_last_insert_rowid(c->db);
    return rc;
}

int meta_user_add(int64_t *id_out, struct meta *m, sp_str name, struct sp_err *err)
{
    struct user_job j = {.name = name};
    SP_TRY(meta_write(m, add_user, &j, err));
    if (id_out)
        *id_out = j.id;
    return 0;
}

static void read_user(struct meta_user *u, sqlite3_stmt *st, struct sp_arena *a)
{
    *u = (struct meta_user){
        .id = sqlite3_column_int64(st, 0),
        .name = meta_col_text(st, 1, a),
        .fullname = meta_col_text(st, 2, a),
        .email = meta_col_text(st, 3, a),
        .created_ms = sqlite3_column_int64(st, 4),
    };
}

static int find_user(struct meta_user *out, struct meta_conn *c, sp_str name, struct sp_arena *a,
                     struct sp_err *err)
{
    sqlite3_stmt *st;
    int rc = meta_first(c, SQL_USER_GET, &st, err, "s", name);
    if (rc == 0)
        return sp_fail(err, SP_ENOTFOUND, "no user is called %.*s", SP_FMT(name));
    if (rc > 0) {
        read_user(out, st, a);
        meta_done(st);
    }
    return rc < 0 ? rc : 0;
}

int meta_user_get(struct meta_user *out, struct meta *m, sp_str name, struct sp_arena *a,
                  struct sp_err *err)
{
    struct meta_conn *c;
    SP_TRY(meta_reader(&c, m, err));
    int rc = find_user(out, c, name, a, err);
    meta_reader_back(m, c);
    return rc;
}

static int remove_user(struct meta_conn *c, void *arg, struct sp_err *err)
{
    const struct user_job *j = arg;
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct meta_user u;
    SP_TRY(find_user(&u, c, j->name, &a, err));
    sqlite3_stmt *st;
    SP_TRY(meta_first(c, SQL_USER_REPOS, &st, err, "i", u.id));
    int64_t repos = sqlite3_column_int64(st, 0);
    meta_done(st);
    if (repos > 0) {
        sp_fail(err, SP_ECONFLICT, "user %s still has %lld %s", u.name, (long long)repos,
                sp_noun((uint64_t)repos, "repository", "repositories"));
        sp_hint(err, "spoke admin --data DIR repo ls --user NAME lists them, "
                     "… repo rm NS/NAME removes one");
        return SP_ECONFLICT;
    }
    return meta_exec(c, SQL_USER_REMOVE, err, "i", u.id);
}

int meta_user_remove(struct meta *m, sp_str name, struct sp_err *err)
{
    struct user_job j = {.name = name};
    return meta_write(m, remove_user, &j, err);
}

int meta_user_each(struct meta *m, meta_user_fn cb, void *ud, struct sp_err *err)
{
    struct meta_conn *c;
    sqlite3_stmt *st;
    SP_TRY(meta_reader(&c, m, err));
    int rc = meta_first(c, SQL_USER_EACH, &st, err, "");
    for (; rc > 0; rc = meta_next(c, st, err)) {
        SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
        struct meta_user u;
        read_user(&u, st, &a);
        int stop = cb(ud, &u, err);
        if (stop < 0) {
            meta_done(st);
            rc = stop;
            break;
        }
    }
    meta_reader_back(m, c);
    return rc;
}

// A statement of one row with one number.
static int64_t number(struct meta *m, enum meta_sql sql, int64_t user_id, struct sp_err *err)
{
    struct meta_conn *c;
    sqlite3_stmt *st;
    SP_TRY(meta_reader(&c, m, err));
    int64_t n =
        user_id ? meta_first(c, sql, &st, err, "i", user_id) : meta_first(c, sql, &st, err, "");
    if (n > 0) {
        n = sqlite3_column_int64(st, 0);
        meta_done(st);
    }
    meta_reader_back(m, c);
    return n;
}

int64_t meta_user_count(struct meta *m, struct sp_err *err)
{
    return number(m, SQL_USER_COUNT, 0, err);
}

int64_t meta_user_bytes(struct meta *m, int64_t user_id, struct sp_err *err)
{
    return number(m, SQL_USER_BYTES, user_id, err);
}
