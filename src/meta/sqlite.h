// Private to meta: one SQLite connection with its prepared statements, the pool of readers, and the
// writer. A struct meta_conn belongs to one thread at a time.
#ifndef SPOKE_META_SQLITE_H
#define SPOKE_META_SQLITE_H

#include "meta/meta.h"

#include <pthread.h>
#include <sqlite3.h>

enum meta_sql {
#define META_SQL(name, text) SQL_##name,
#include "meta/sql.def"
#undef META_SQL
    SQL_N
};

struct meta_conn {
    sqlite3 *db;
    sqlite3_stmt *st[SQL_N]; // prepared at the first use, kept
    struct meta_conn *next;  // in the pool of readers
    const char *path;        // of the database, for messages
};

// Opens the file; readers are query_only. Writers may create it.
int meta_conn_open(struct meta_conn **out, const char *path, bool writer, struct sp_err *err);
void meta_conn_close(struct meta_conn **c);
#define META_AUTO_CONN SP_AUTO(meta_conn_close)
// What SQLite says of its last failure, as one of ours. `doing` begins the message.
int meta_conn_fail(struct meta_conn *c, int rc, const char *doing, struct sp_err *err);
// Runs one or more statements without parameters.
int meta_conn_script(struct meta_conn *c, const char *sql, struct sp_err *err);

// Binding formats: i int64_t, s sp_str (empty string for empty), z char* (NULL → NULL), b uint8_t*
// of 32 bytes. meta_first runs to the first row: 1 = a row is there (read it, then meta_done), 0 =
// none. meta_next goes on. meta_exec runs to the end; sqlite3_changes(c->db) says how many rows.
int meta_first(struct meta_conn *c, enum meta_sql id, sqlite3_stmt **st, struct sp_err *err,
               const char *fmt, ...);
int meta_next(struct meta_conn *c, sqlite3_stmt *st, struct sp_err *err);
void meta_done(sqlite3_stmt *st);
int meta_exec(struct meta_conn *c, enum meta_sql id, struct sp_err *err, const char *fmt, ...);
// Was the last failure of this connection a UNIQUE or other constraint?
bool meta_constraint(const struct meta_conn *c);

// Columns. Strings are copied into the arena; NULL stays NULL.
char *meta_col_text(sqlite3_stmt *st, int i, struct sp_arena *a);
sp_str meta_col_view(sqlite3_stmt *st, int i); // until the next step

// ---- readers: a connection for the length of one call

int meta_reader(struct meta_conn **out, struct meta *m, struct sp_err *err);
void meta_reader_back(struct meta *m, struct meta_conn *c);

// ---- writer (writer.c)

// Runs job(c, arg, err) on the writer thread inside a transaction, together with whatever else
// waits; returns when it is durable. A job that fails is rolled back alone. A job must not wait
// for anything.
typedef int (*meta_job_fn)(struct meta_conn *c, void *arg, struct sp_err *err);
int meta_write(struct meta *m, meta_job_fn job, void *arg, struct sp_err *err);

struct meta_writer {
    pthread_mutex_t mutex;
    pthread_cond_t work, done;
    struct meta_job *first, **last;
    pthread_t thread;
    bool running, stop;
    uint64_t commits, jobs;
};

#define META_READERS_MAX 8
struct meta {
    char *path;
    pthread_mutex_t mutex; // of the pool
    pthread_cond_t back;
    struct meta_conn *idle;
    unsigned readers; // open, idle or in use
    struct meta_writer w;
};
void meta_writer_init(struct meta_writer *w);
void meta_writer_stop(struct meta *m);

// ---- migrations (migrate.c)

extern const char *const meta_schema[];
extern const int meta_schema_n;
// Brings the file to version n by steps[version..n-1] in one transaction; SP_EUNSUPPORTED when it
// is newer or another program's.
int meta_migrate(struct meta_conn *c, const char *const *steps, int n, struct sp_err *err);

#endif
