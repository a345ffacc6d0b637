// Lists of repositories. The statement is put together from fixed pieces; every value is bound.
// Pages follow each other by the sort key and id of the last row (keyset), so that rows which come
// or go between two pages shift nothing.
#include "meta/repos.h"

#define LIMIT_MAX 10000
#define BINDS_MAX (META_QUERY_TAGS_MAX + META_QUERY_SEARCH_MAX + 16)

struct sort_row {
    const char *name, *column;
    bool text;
};
static const struct sort_row sorts[] = {
    {"updated", "r.updated_ms", false},
    {"created", "r.created_ms", false},
    {"downloads", "r.downloads", false},
    {"likes", "r.likes", false},
    {"id", "r.key", true},
};

struct statement {
    struct sp_buf sql;
    struct {
        bool text;
        sp_str s;
        int64_t i;
    } bind[BINDS_MAX];
    int binds;
};

static void add_text(struct statement *s, const char *clause, sp_str v)
{
    sp_buf_cstr(&s->sql, clause);
    s->bind[s->binds].text = true;
    s->bind[s->binds++].s = v;
}

static void add_int(struct statement *s, const char *clause, int64_t v)
{
    sp_buf_cstr(&s->sql, clause);
    s->bind[s->binds++].i = v;
}

static void fini(struct statement *s)
{
    sp_buf_fini(&s->sql);
}

static sp_str lower(sp_str s, struct sp_arena *a)
{
    char *p = sp_arena_dupn(a, s.p ? s.p : "", s.n);
    for (size_t i = 0; i < s.n; i++)
        p[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]);
    return sp_str_of(p, s.n);
}

// "<id>:<key>": where the page before ended.
static int add_cursor(struct statement *s, const struct meta_repo_query *q,
                      const struct sort_row *sort, struct sp_err *err)
{
    sp_str key, id_text = sp_cut(q->cursor, ':', &key);
    int64_t id, number = 0;
    if (!sp_parse_i64(id_text, &id) || !key.p || (!sort->text && !sp_parse_i64(key, &number)))
        return sp_fail(err, SP_EINVALID, "cursor %.*s is not one of this list",
                       SP_FMT(sp_sub(q->cursor, 0, 60)));
    sp_buf_printf(&s->sql, " AND (%s, r.id) %s (", sort->column, q->ascending ? ">" : "<");
    if (sort->text)
        add_text(s, "?", key);
    else
        add_int(s, "?", number);
    add_int(s, ", ?)", id);
    return 0;
}

static int build(struct statement *s, const struct meta_repo_query *q, const struct sort_row *sort,
                 size_t limit, struct sp_arena *a, struct sp_err *err)
{
    sp_buf_printf(&s->sql, "SELECT " META_REPO_COLUMNS ", %s FROM repos r WHERE r.ready = 1",
                  sort->column);
    if (!q->any_type)
        add_int(s, " AND r.type = ?", q->type);
    if (!q->all)
        add_int(s, " AND (r.private = 0 OR r.owner_id = ?)", q->viewer_id);
    if (q->author.n)
        add_text(s, " AND r.ns = ?", q->author);
    SP_ASSERT(q->search_n <= META_QUERY_SEARCH_MAX && q->tags_n <= META_QUERY_TAGS_MAX);
    for (size_t i = 0; i < q->search_n; i++)
        add_text(s, " AND instr(r.key, ?) > 0", lower(q->search[i], a));
    for (size_t i = 0; i < q->tags_n; i++)
        add_text(s, " AND EXISTS (SELECT 1 FROM repo_tags t WHERE t.repo_id = r.id AND t.tag = ?)",
                 q->tags[i]);
    if (q->cursor.n)
        SP_TRY(add_cursor(s, q, sort, err));
    const char *order = q->ascending ? "ASC" : "DESC";
    sp_buf_printf(&s->sql, " ORDER BY %s %s, r.id %s", sort->column, order, order);
    add_int(s, " LIMIT ?", (int64_t)limit + 1); // one more tells whether there is a next page
    return sp_buf_done(&s->sql, "statement", err);
}

static int prepare(sqlite3_stmt **out, struct meta_conn *c, const struct statement *s,
                   struct sp_err *err)
{
    int rc = sqlite3_prepare_v2(c->db, s->sql.p, -1, out, NULL);
    if (rc != SQLITE_OK)
        return meta_conn_fail(c, rc, "listing repositories", err);
    for (int i = 0; i < s->binds; i++) {
        if (s->bind[i].text)
            sqlite3_bind_text64(*out, i + 1, s->bind[i].s.p ? s->bind[i].s.p : "", s->bind[i].s.n,
                                SQLITE_STATIC, SQLITE_UTF8);
        else
            sqlite3_bind_int64(*out, i + 1, s->bind[i].i);
    }
    return 0;
}

static void finalizep(sqlite3_stmt **st)
{
    sqlite3_finalize(*st);
}

static int run(struct meta_conn *c, const struct statement *s, size_t limit, meta_repo_fn cb,
               void *ud, sp_str *next, struct sp_arena *a, struct sp_err *err)
{
    SP_AUTO(finalizep) sqlite3_stmt *st = NULL;
    SP_AUTO(sp_arena_fini) struct sp_arena row = {0};
    SP_TRY(prepare(&st, c, s, err));
    char *last = NULL;
    int rc;
    for (size_t n = 0; (rc = sqlite3_step(st)) == SQLITE_ROW; n++) {
        if (n == limit) {
            *next = sp_cstr(last);
            return 0;
        }
        struct meta_repo r;
        sp_arena_reset(&row);
        meta_repo_read(&r, st, &row);
        SP_TRY(cb(ud, &r, err));
        if (n + 1 == limit)
            last = sp_arena_fmt(a, "%lld:%.*s", (long long)r.id, SP_FMT(meta_col_view(st, 15)));
    }
    if (rc != SQLITE_DONE)
        return meta_conn_fail(c, rc, "listing repositories", err);
    *next = SP_LIT("");
    return 0;
}

int meta_repo_list(struct meta *m, const struct meta_repo_query *q, meta_repo_fn cb, void *ud,
                   sp_str *next, struct sp_arena *a, struct sp_err *err)
{
    const struct sort_row *sort = &sorts[0];
    for (size_t i = 0; q->sort && i < sizeof sorts / sizeof *sorts; i++)
        if (strcmp(sorts[i].name, q->sort) == 0)
            sort = &sorts[i];
    size_t limit = q->limit == 0 || q->limit > LIMIT_MAX ? LIMIT_MAX : q->limit;
    SP_AUTO(fini) struct statement s = {0};
    SP_TRY(build(&s, q, sort, limit, a, err));
    struct meta_conn *c;
    SP_TRY(meta_reader(&c, m, err));
    sp_str at = SP_LIT("");
    int rc = run(c, &s, limit, cb, ud, &at, a, err);
    meta_reader_back(m, c);
    if (rc == 0 && next)
        *next = at;
    return rc;
}
