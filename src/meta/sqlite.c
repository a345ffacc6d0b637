// Connections, prepared statements, and what a failure of SQLite means to people.
#include "meta/sqlite.h"

#include <fcntl.h>
#include <stdarg.h>

#define BUSY_MS          30000 // another process (server or admin) writes; its commits take milliseconds
#define CACHE_READER_KIB 256 // per reader; the kernel's page cache is the real one
#define CACHE_WRITER_KIB 1024
#define APPLICATION_ID   0x73706f6b // "spok": a file of another program is not touched

static const char *const sql_text[SQL_N] = {
#define META_SQL(name, text) [SQL_##name] = (text),
#include "meta/sql.def"
#undef META_SQL
};

int meta_conn_fail(struct meta_conn *c, int rc, const char *doing, struct sp_err *err)
{
    int os = c->db ? sqlite3_system_errno(c->db) : 0;
    const char *what = c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc);
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return sp_fail(err, SP_ENOSPACE, "%s: %s: no space left for the database", doing, c->path);
    case SQLITE_IOERR:
        if (sp_errno_is_full(os))
            return sp_fail_os(err, os, "%s: %s", doing, c->path);
        return sp_fail(err, SP_EIO, "%s: %s: %s", doing, c->path, what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return sp_fail(err, SP_EBUSY, "%s: %s is locked by another process", doing, c->path);
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
        return sp_fail(err, SP_EACCESS, "%s: %s: %s", doing, c->path, what);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        sp_fail(err, SP_EIO, "%s: %s is damaged: %s", doing, c->path, what);
        sp_hint(err, "restore spoke.db from a backup");
        return SP_EIO;
    case SQLITE_CONSTRAINT:
        return sp_fail(err, SP_ECONFLICT, "%s: %s", doing, what);
    case SQLITE_TOOBIG:
        return sp_fail(err, SP_ETOOBIG, "%s: a value is too large", doing);
    default:
        return sp_fail(err, SP_EINTERNAL, "%s: %s: %s", doing, c->path, what);
    }
}

int meta_conn_script(struct meta_conn *c, const char *sql, struct sp_err *err)
{
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : meta_conn_fail(c, rc, "preparing the database", err);
}

void meta_conn_close(struct meta_conn **cp)
{
    struct meta_conn *c = sp_take(cp);
    if (!c)
        return;
    for (int i = 0; i < SQL_N; i++)
        sqlite3_finalize(c->st[i]);
    sqlite3_close(c->db);
    free(c);
}

int meta_conn_open(struct meta_conn **out, const char *path, bool writer, struct sp_err *err)
{
    META_AUTO_CONN struct meta_conn *c = sp_new(struct meta_conn);
    c->path = path;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (writer ? SQLITE_OPEN_CREATE : 0);
    int rc = sqlite3_open_v2(path, &c->db, flags, NULL);
    if (rc != SQLITE_OK)
        return meta_conn_fail(c, rc, "opening the database", err);
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, BUSY_MS);
    // The schema is ours alone: what a damaged or hostile file could hold must not run.
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    SP_AUTO_FREE char *sql = sp_fmt(
        "PRAGMA cache_size=-%d; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; %s",
        writer ? CACHE_WRITER_KIB : CACHE_READER_KIB,
        writer ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" : "PRAGMA query_only=ON;");
    SP_TRY(meta_conn_script(c, sql, err));
    *out = sp_take(&c);
    return 0;
}

static int prepared(sqlite3_stmt **out, struct meta_conn *c, enum meta_sql id, struct sp_err *err)
{
    if (!c->st[id]) {
        int rc = sqlite3_prepare_v3(c->db, sql_text[id], -1, SQLITE_PREPARE_PERSISTENT, &c->st[id],
                                    NULL);
        if (rc != SQLITE_OK)
            return meta_conn_fail(c, rc, "preparing a statement", err);
    }
    *out = c->st[id];
    return 0;
}

static void bind_all(sqlite3_stmt *st, const char *fmt, va_list ap)
{
    for (int i = 1; *fmt; fmt++, i++) {
        sp_str s;
        const char *z;
        switch (*fmt) {
        case 'i':
            sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
            break;
        case 's':
            s = va_arg(ap, sp_str);
            sqlite3_bind_text64(st, i, s.p ? s.p : "", s.n, SQLITE_STATIC, SQLITE_UTF8);
            break;
        case 'z':
            z = va_arg(ap, const char *);
            sqlite3_bind_text(st, i, z, -1, SQLITE_STATIC);
            break;
        case 'b':
            sqlite3_bind_blob(st, i, va_arg(ap, const uint8_t *), HASH_SHA256_BYTES, SQLITE_STATIC);
            break;
        default:
            SP_ASSERT(!"format of a bound value");
        }
    }
}

void meta_done(sqlite3_stmt *st)
{
    sqlite3_reset(st);
    sqlite3_clear_bindings(st); // they point into the caller's memory
}

int meta_next(struct meta_conn *c, sqlite3_stmt *st, struct sp_err *err)
{
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        return 1;
    int out = rc == SQLITE_DONE ? 0 : meta_conn_fail(c, rc, "database", err);
    meta_done(st);
    return out;
}

int meta_first(struct meta_conn *c, enum meta_sql id, sqlite3_stmt **st, struct sp_err *err,
               const char *fmt, ...)
{
    SP_TRY(prepared(st, c, id, err));
    va_list ap;
    va_start(ap, fmt);
    bind_all(*st, fmt, ap);
    va_end(ap);
    return meta_next(c, *st, err);
}

int meta_exec(struct meta_conn *c, enum meta_sql id, struct sp_err *err, const char *fmt, ...)
{
    sqlite3_stmt *st;
    SP_TRY(prepared(&st, c, id, err));
    va_list ap;
    va_start(ap, fmt);
    bind_all(st, fmt, ap);
    va_end(ap);
    int rc;
    while ((rc = meta_next(c, st, err)) > 0)
        continue;
    return rc;
}

bool meta_constraint(const struct meta_conn *c)
{
    return (sqlite3_errcode(c->db) & 0xff) == SQLITE_CONSTRAINT;
}

sp_str meta_col_view(sqlite3_stmt *st, int i)
{
    const void *p = sqlite3_column_text(st, i);
    return sp_str_of(p, p ? (size_t)sqlite3_column_bytes(st, i) : 0);
}

char *meta_col_text(sqlite3_stmt *st, int i, struct sp_arena *a)
{
    sp_str s = meta_col_view(st, i);
    return s.p ? sp_arena_dupn(a, s.p, s.n) : NULL;
}

// ---- the database

int meta_reader(struct meta_conn **out, struct meta *m, struct sp_err *err)
{
    pthread_mutex_lock(&m->mutex);
    while (!m->idle && m->readers >= META_READERS_MAX)
        pthread_cond_wait(&m->back, &m->mutex);
    struct meta_conn *c = m->idle;
    if (c)
        m->idle = c->next;
    else
        m->readers++;
    pthread_mutex_unlock(&m->mutex);
    if (!c) {
        int rc = meta_conn_open(&c, m->path, false, err);
        if (rc < 0) {
            pthread_mutex_lock(&m->mutex);
            m->readers--;
            pthread_cond_signal(&m->back);
            pthread_mutex_unlock(&m->mutex);
            return rc;
        }
    }
    *out = c;
    return 0;
}

void meta_reader_back(struct meta *m, struct meta_conn *c)
{
    pthread_mutex_lock(&m->mutex);
    c->next = m->idle;
    m->idle = c;
    pthread_cond_signal(&m->back);
    pthread_mutex_unlock(&m->mutex);
}

void meta_close(struct meta *m)
{
    if (!m)
        return;
    meta_writer_stop(m);
    while (m->idle) {
        struct meta_conn *c = m->idle;
        m->idle = c->next;
        meta_conn_close(&c);
    }
    pthread_cond_destroy(&m->back);
    pthread_mutex_destroy(&m->mutex);
    free(m->path);
    free(m);
}

static void meta_closep(struct meta **m)
{
    meta_close(*m);
}

static int check_owner(struct meta_conn *c, struct sp_err *err)
{
    sqlite3_stmt *st = NULL;
    int64_t id = 0, objects = 0;
    int rc = sqlite3_prepare_v2(c->db,
                                "SELECT (SELECT count(*) FROM sqlite_schema), application_id "
                                "FROM pragma_application_id",
                                -1, &st, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        objects = sqlite3_column_int64(st, 0);
        id = sqlite3_column_int64(st, 1);
        rc = SQLITE_OK;
    }
    int failed = rc == SQLITE_OK ? 0 : meta_conn_fail(c, rc, "opening the database", err);
    sqlite3_finalize(st);
    SP_TRY(failed);
    if (id == APPLICATION_ID)
        return 0;
    if (id != 0 || objects != 0)
        return sp_fail(err, SP_ECONFIG, "%s is a database of another program", c->path);
    SP_AUTO_FREE char *sql = sp_fmt("PRAGMA application_id=%d", APPLICATION_ID);
    return meta_conn_script(c, sql, err);
}

int meta_open(struct meta **out, const char *dir, struct sp_err *err)
{
    SP_AUTO(meta_closep) struct meta *m = sp_new(struct meta);
    m->path = sp_path_join(dir, "spoke.db");
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->back, NULL);
    meta_writer_init(&m->w);
    // SQLite would make it readable by others; its WAL takes over the mode of the file. Never
    // opened when it is there: closing it again would drop the locks of this process's connections.
    int fd = open(m->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    else if (errno != EEXIST)
        return sp_fail_os(err, errno, "making %s", m->path);
    META_AUTO_CONN struct meta_conn *c = NULL;
    SP_TRY(meta_conn_open(&c, m->path, true, err));
    SP_TRY(check_owner(c, err));
    SP_TRY(meta_migrate(c, meta_schema, meta_schema_n, err));
    *out = sp_take(&m);
    return 0;
}

int meta_ping(struct meta *m, struct sp_err *err)
{
    struct meta_conn *c;
    sqlite3_stmt *st;
    SP_TRY(meta_reader(&c, m, err));
    int rc = meta_first(c, SQL_PING, &st, err, "");
    if (rc > 0)
        meta_done(st);
    meta_reader_back(m, c);
    return rc < 0 ? rc : 0;
}

static int check_with(struct meta_conn *c, const char *sql, struct sp_buf *report,
                      struct sp_err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(c->db, sql, -1, &st, NULL), bad = 0;
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        sp_str first = meta_col_view(st, 0);
        rc = SQLITE_OK;
        if (sp_eq_lit(first, "ok"))
            continue;
        bad++;
        sp_buf_printf(report, "database: %.*s\n", SP_FMT(first));
    }
    int out = rc == SQLITE_DONE ? bad : meta_conn_fail(c, rc, "checking the database", err);
    sqlite3_finalize(st);
    return out;
}

int meta_check(struct meta *m, struct sp_buf *report, struct sp_err *err)
{
    struct meta_conn *c;
    SP_TRY(meta_reader(&c, m, err));
    int quick = check_with(c, "PRAGMA quick_check", report, err);
    int keys =
        quick < 0
            ? quick
            : check_with(c,
                         "SELECT 'row ' || rowid || ' of ' || \"table\" || ' refers to a row of '"
                         " || parent || ' that is not there' FROM pragma_foreign_key_check",
                         report, err);
    meta_reader_back(m, c);
    return keys < 0 ? keys : quick + keys;
}
