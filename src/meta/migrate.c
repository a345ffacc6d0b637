// Steps from an older schema to this one; a newer database is refused, not guessed at.
#include "meta/sqlite.h"

static int version(int *out, struct meta_conn *c, struct sp_err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(c->db, "PRAGMA user_version", -1, &st, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        *out = sqlite3_column_int(st, 0);
        rc = SQLITE_OK;
    }
    int failed =
        rc == SQLITE_OK ? 0 : meta_conn_fail(c, rc, "reading the version of the database", err);
    sqlite3_finalize(st);
    return failed;
}

static int refuse_newer(struct meta_conn *c, int have, int n, struct sp_err *err)
{
    if (have >= 0 && have <= n)
        return 0;
    sp_fail(err, SP_EUNSUPPORTED,
            "%s has version %d and was made by a newer spoke (this one knows up to %d)", c->path,
            have, n);
    sp_hint(err, "install the newer spoke again");
    return SP_EUNSUPPORTED;
}

static int run_steps(struct meta_conn *c, const char *const *steps, int n, struct sp_err *err)
{
    int have;
    // Again, now that we hold the lock: another process may have migrated meanwhile.
    SP_TRY(version(&have, c, err));
    SP_TRY(refuse_newer(c, have, n, err));
    for (int i = have; i < n; i++) {
        SP_TRY_IN(meta_conn_script(c, steps[i], err), err, "migration to version %d", i + 1);
        SP_TRY(sp_fault("meta.migrate.step", err));
    }
    SP_AUTO_FREE char *sql = sp_fmt("PRAGMA user_version=%d", n);
    return meta_conn_script(c, sql, err);
}

int meta_migrate(struct meta_conn *c, const char *const *steps, int n, struct sp_err *err)
{
    int have;
    SP_TRY(version(&have, c, err));
    SP_TRY(refuse_newer(c, have, n, err));
    if (have == n)
        return 0;
    SP_TRY(meta_conn_script(c, "BEGIN IMMEDIATE", err));
    int rc = run_steps(c, steps, n, err);
    if (rc == 0)
        rc = meta_conn_script(c, "COMMIT", err);
    if (rc < 0)
        meta_conn_script(c, "ROLLBACK", NULL);
    return rc;
}
