// One repository: its row from half-made to removed, its facts and counts.
#include "meta/repos.h"

#define ID_BYTES 12    // the "_id" of the Hub is a MongoDB object id: 24 hex digits
#define STALE_MS 60000 // a creation that takes longer has died
#define HEAD_HEX 40

static void text_into(char *out, size_t cap, sqlite3_stmt *st, int i)
{
    sp_str s = meta_col_view(st, i);
    size_t n = s.n < cap - 1 ? s.n : cap - 1;
    if (n)
        memcpy(out, s.p, n);
    out[n] = 0;
}

void meta_repo_read(struct meta_repo *r, sqlite3_stmt *st, struct sp_arena *a)
{
    *r = (struct meta_repo){
        .id = sqlite3_column_int64(st, 0),
        .type = (enum meta_repo_type)sqlite3_column_int(st, 2),
        .ns = meta_col_text(st, 3, a),
        .name = meta_col_text(st, 4, a),
        .owner_id = sqlite3_column_int64(st, 5),
        .is_private = sqlite3_column_int(st, 6) != 0,
        .sdk = meta_col_text(st, 7, a),
        .created_ms = sqlite3_column_int64(st, 8),
        .updated_ms = sqlite3_column_int64(st, 9),
        .card_json = meta_col_text(st, 11, a),
        .used_bytes = (uint64_t)sqlite3_column_int64(st, 12),
        .downloads = (uint64_t)sqlite3_column_int64(st, 13),
        .likes = (uint64_t)sqlite3_column_int64(st, 14),
    };
    text_into(r->hex_id, sizeof r->hex_id, st, 1);
    text_into(r->head, sizeof r->head, st, 10);
}

// Lower case of "ns/name": the unique key.
static sp_str key_of(sp_str ns, sp_str name, struct sp_arena *a)
{
    char *key = sp_arena_fmt(a, "%.*s/%.*s", SP_FMT(ns), SP_FMT(name));
    for (char *p = key; *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    return sp_cstr(key);
}

// ---- add

struct add_job {
    struct meta_repo *out;
    struct sp_arena *arena;
    enum meta_repo_type type;
    sp_str ns, name, key;
    bool is_private;
    sp_str sdk;
};

static int read_first(struct meta_repo *out, struct meta_conn *c, sqlite3_stmt *st, int rc,
                      struct sp_arena *a)
{
    if (rc > 0) {
        meta_repo_read(out, st, a);
        meta_done(st);
    }
    return rc;
}

static int add_repo(struct meta_conn *c, void *arg, struct sp_err *err)
{
    struct add_job *j = arg;
    sqlite3_stmt *st;
    int rc = meta_first(c, SQL_USER_GET, &st, err, "s", j->ns);
    if (rc == 0)
        return sp_fail(err, SP_ENOTFOUND, "no user is called %.*s", SP_FMT(j->ns));
    SP_TRY(rc);
    int64_t owner = sqlite3_column_int64(st, 0);
    meta_done(st);

    int64_t now = sp_now_ms();
    SP_TRY(meta_exec(c, SQL_REPO_STALE, err, "isi", (int64_t)j->type, j->key, now - STALE_MS));
    uint8_t id[ID_BYTES];
    hash_random(id, sizeof id);
    SP_AUTO_BUF struct sp_buf hex = {0};
    sp_buf_hex(&hex, id, sizeof id);
    SP_AUTO_FREE char *sdk = j->sdk.n ? sp_str_dup(j->sdk) : NULL;
    rc = meta_exec(c, SQL_REPO_ADD, err, "sisssiizii", sp_buf_view(&hex), (int64_t)j->type, j->ns,
                   j->name, j->key, owner, (int64_t)j->is_private, sdk, now, now);
    if (rc < 0 && meta_constraint(c))
        return sp_fail(err, SP_EEXIST, "%.*s/%.*s exists already", SP_FMT(j->ns), SP_FMT(j->name));
    SP_TRY(rc);
    rc = meta_first(c, SQL_REPO_BY_NAME, &st, err, "is", (int64_t)j->type, j->key);
    rc = read_first(j->out, c, st, rc, j->arena);
    return rc < 0 ? rc : 0;
}

int meta_repo_add(struct meta_repo *out, struct meta *m, enum meta_repo_type type, sp_str ns,
                  sp_str name, bool is_private, sp_str sdk, struct sp_arena *a, struct sp_err *err)
{
    struct meta_repo r = {0};
    struct add_job j = {&r, a, type, ns, name, key_of(ns, name, a), is_private, sdk};
    SP_TRY(meta_write(m, add_repo, &j, err));
    *out = r;
    return 0;
}

// ---- read

int meta_repo_get_nocase(struct meta_repo *out, struct meta *m, enum meta_repo_type type, sp_str ns,
                         sp_str name, struct sp_arena *a, struct sp_err *err)
{
    struct meta_conn *c;
    sqlite3_stmt *st;
    SP_TRY(meta_reader(&c, m, err));
    int rc = meta_first(c, SQL_REPO_GET, &st, err, "is", (int64_t)type, key_of(ns, name, a));
    rc = read_first(out, c, st, rc, a);
    meta_reader_back(m, c);
    if (rc == 0)
        return sp_fail(err, SP_EREPO, "Repository not found: %.*s/%.*s", SP_FMT(ns), SP_FMT(name));
    return rc < 0 ? rc : 0;
}

int meta_repo_get(struct meta_repo *out, struct meta *m, enum meta_repo_type type, sp_str ns,
                  sp_str name, struct sp_arena *a, struct sp_err *err)
{
    struct meta_repo r = {0};
    SP_TRY(meta_repo_get_nocase(&r, m, type, ns, name, a, err));
    // The key does not tell "Bob/R" from "bob/r", the reader of this repository does.
    if (!sp_eq(sp_cstr(r.ns), ns) || !sp_eq(sp_cstr(r.name), name))
        return sp_fail(err, SP_EREPO, "Repository not found: %.*s/%.*s", SP_FMT(ns), SP_FMT(name));
    *out = r;
    return 0;
}

int meta_repo_by_id(struct meta_repo *out, struct meta *m, int64_t id, struct sp_arena *a,
                    struct sp_err *err)
{
    struct meta_conn *c;
    sqlite3_stmt *st;
    SP_TRY(meta_reader(&c, m, err));
    int rc = meta_first(c, SQL_REPO_BY_ID, &st, err, "i", id);
    rc = read_first(out, c, st, rc, a);
    meta_reader_back(m, c);
    if (rc == 0)
        return sp_fail(err, SP_EREPO, "no repository has the id %lld", (long long)id);
    return rc < 0 ? rc : 0;
}

int meta_repo_has_id(struct meta *m, int64_t id, struct sp_err *err)
{
    struct meta_conn *c;
    sqlite3_stmt *st;
    SP_TRY(meta_reader(&c, m, err));
    int rc = meta_first(c, SQL_REPO_HAS, &st, err, "i", id);
    if (rc > 0)
        meta_done(st);
    meta_reader_back(m, c);
    return rc;
}

int meta_repo_last_id(int64_t *out, struct meta *m, struct sp_err *err)
{
    struct meta_conn *c;
    sqlite3_stmt *st;
    SP_TRY(meta_reader(&c, m, err));
    int rc = meta_first(c, SQL_REPO_LAST_ID, &st, err, "");
    if (rc >= 0)
        *out = rc > 0 ? sqlite3_column_int64(st, 0) : 0;
    if (rc > 0)
        meta_done(st);
    meta_reader_back(m, c);
    return rc < 0 ? rc : 0;
}

int meta_repo_unready(struct meta *m, meta_id_fn cb, void *ud, struct sp_err *err)
{
    // Read first, then called: the callback removes the rows.
    SP_VEC(int64_t) ids = {0};
    struct meta_conn *c;
    sqlite3_stmt *st;
    SP_TRY(meta_reader(&c, m, err));
    int rc = meta_first(c, SQL_REPO_UNREADY, &st, err, "");
    for (; rc > 0; rc = meta_next(c, st, err))
        *sp_vec_push(&ids) = sqlite3_column_int64(st, 0);
    meta_reader_back(m, c);
    for (size_t i = 0; rc >= 0 && i < ids.n; i++)
        rc = cb(ud, ids.v[i], err);
    sp_vec_fini(&ids);
    return rc;
}

// ---- change

struct id_job {
    enum meta_sql sql;
    int64_t id, value;
    bool has_value;
};

static int change_one(struct meta_conn *c, void *arg, struct sp_err *err)
{
    const struct id_job *j = arg;
    if (j->has_value)
        SP_TRY(meta_exec(c, j->sql, err, "ii", j->value, j->id));
    else
        SP_TRY(meta_exec(c, j->sql, err, "i", j->id));
    if (sqlite3_changes(c->db) == 0)
        return sp_fail(err, SP_EREPO, "no repository has the id %lld", (long long)j->id);
    return 0;
}

int meta_repo_ready(struct meta *m, int64_t id, struct sp_err *err)
{
    struct id_job j = {SQL_REPO_READY, .id = id};
    return meta_write(m, change_one, &j, err);
}

int meta_repo_set_private(struct meta *m, int64_t id, bool is_private, struct sp_err *err)
{
    struct id_job j = {SQL_REPO_PRIVATE, .id = id, .value = is_private, .has_value = true};
    return meta_write(m, change_one, &j, err);
}

int meta_repo_remove(struct meta *m, int64_t id, struct sp_err *err)
{
    struct id_job j = {SQL_REPO_REMOVE, .id = id};
    return meta_write(m, change_one, &j, err);
}

// ---- what git says

struct facts_job {
    int64_t id;
    sp_str head;
    int64_t updated_ms;
    const char *card_json;
    uint64_t used_bytes;
    const sp_str *tags;
    size_t tags_n;
};

static int set_facts(struct meta_conn *c, void *arg, struct sp_err *err)
{
    const struct facts_job *j = arg;
    SP_TRY(meta_exec(c, SQL_REPO_FACTS, err, "sizii", j->head, j->updated_ms, j->card_json,
                     (int64_t)j->used_bytes, j->id));
    if (sqlite3_changes(c->db) == 0)
        return sp_fail(err, SP_EREPO, "no repository has the id %lld", (long long)j->id);
    SP_TRY(meta_exec(c, SQL_REPO_TAGS_CLEAR, err, "i", j->id));
    for (size_t i = 0; i < j->tags_n; i++)
        SP_TRY(meta_exec(c, SQL_REPO_TAGS_ADD, err, "is", j->id, j->tags[i]));
    return 0;
}

static int write_facts(struct meta *m, struct facts_job *j, const char head[41], struct sp_err *err)
{
    j->head = sp_cstr(head);
    SP_ASSERT(j->head.n == 0 || j->head.n == HEAD_HEX);
    return meta_write(m, set_facts, j, err);
}

int meta_repo_facts(struct meta *m, int64_t id, const char head[41], int64_t updated_ms,
                    const char *card_json, uint64_t used_bytes, const sp_str *tags, size_t tags_n,
                    struct sp_err *err)
{
    struct facts_job j = {.id = id,
                          .updated_ms = updated_ms,
                          .card_json = card_json,
                          .used_bytes = used_bytes,
                          .tags = tags,
                          .tags_n = tags_n};
    return write_facts(m, &j, head, err);
}

struct count_job {
    const struct meta_count *counts;
    size_t n;
};

static int add_counts(struct meta_conn *c, void *arg, struct sp_err *err)
{
    const struct count_job *j = arg;
    for (size_t i = 0; i < j->n; i++) // a repository that is gone meanwhile changes no row
        SP_TRY(meta_exec(c, SQL_REPO_DOWNLOADS, err, "ii", (int64_t)j->counts[i].n,
                         j->counts[i].repo_id));
    return 0;
}

int meta_repo_count_all(struct meta *m, const struct meta_count *counts, size_t n,
                        struct sp_err *err)
{
    struct count_job j = {counts, n};
    return n ? meta_write(m, add_counts, &j, err) : 0;
}
