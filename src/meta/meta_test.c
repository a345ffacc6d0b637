#include "meta/sqlite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/wait.h>

static char *dir;
static struct sp_err err;

static int make_dir(void **state)
{
    char name[] = "/tmp/spoke-meta-XXXXXX";
    assert_non_null(mkdtemp(name));
    dir = sp_dup(name);
    err = (struct sp_err){0};
    return 0;
}

static int drop_dir(void **state)
{
    int rc = sp_remove_tree(dir, NULL);
    free(dir);
    return rc;
}

static struct meta *open_here(void)
{
    struct meta *m = NULL;
    if (meta_open(&m, dir, &err) < 0)
        fail_msg("meta_open: %s", err.msg);
    return m;
}

static int64_t user(struct meta *m, const char *name)
{
    int64_t id = 0;
    assert_int_equal(meta_user_add(&id, m, sp_cstr(name), &err), 0);
    return id;
}

static struct meta_repo repo(struct meta *m, struct sp_arena *a, enum meta_repo_type type,
                             const char *ns, const char *name, bool is_private)
{
    struct meta_repo r = {0};
    if (meta_repo_add(&r, m, type, sp_cstr(ns), sp_cstr(name), is_private, SP_LIT(""), a, &err) < 0)
        fail_msg("meta_repo_add: %s", err.msg);
    assert_int_equal(meta_repo_ready(m, r.id, &err), 0);
    return r;
}

static void count(struct meta *m, int64_t id, uint64_t n)
{
    assert_int_equal(meta_repo_count_all(m, &(struct meta_count){id, n}, 1, &err), 0);
}

static void test_users(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct meta *m = open_here();
    struct stat st;
    assert_int_equal(stat(m->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600); // it holds what tokens are checked against
    assert_int_equal(meta_user_count(m, &err), 0);
    int64_t id = user(m, "alice");
    assert_true(id > 0);
    assert_int_equal(meta_user_count(m, &err), 1);
    assert_int_equal(meta_user_add(NULL, m, SP_LIT("alice"), &err), SP_EEXIST);
    assert_int_equal(meta_user_add(NULL, m, SP_LIT("ALICE"), &err), SP_EEXIST);
    struct meta_user u;
    assert_int_equal(meta_user_get(&u, m, SP_LIT("alice"), &a, &err), 0);
    assert_int_equal(u.id, id);
    assert_string_equal(u.name, "alice");
    assert_null(u.email);
    assert_true(sp_now_ms() - u.created_ms < 60000);
    assert_int_equal(meta_user_get(&u, m, SP_LIT("Alice"), &a, &err), SP_ENOTFOUND);

    struct meta_repo r = repo(m, &a, META_MODEL, "alice", "m", false);
    assert_int_equal(meta_user_remove(m, SP_LIT("alice"), &err), SP_ECONFLICT);
    assert_string_equal(err.msg, "user alice still has 1 repository");
    assert_non_null(strstr(err.hint, "admin --data DIR repo ls"));
    assert_int_equal(meta_repo_remove(m, r.id, &err), 0);
    assert_int_equal(meta_user_remove(m, SP_LIT("alice"), &err), 0);
    assert_int_equal(meta_user_get(&u, m, SP_LIT("alice"), &a, &err), SP_ENOTFOUND);
    assert_int_equal(meta_user_remove(m, SP_LIT("alice"), &err), SP_ENOTFOUND);
    meta_close(m);
}

static int count_tokens(void *ud, const struct meta_token *t, struct sp_err *e)
{
    ++*(int *)ud;
    return 0;
}

static void test_tokens(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct meta *m = open_here();
    int64_t alice = user(m, "alice");
    user(m, "bob");
    uint8_t mac[32] = {1}, other[32] = {2};
    assert_int_equal(
        meta_token_add(m, SP_LIT("alice"), SP_LIT("t"), META_ROLE_WRITE, 77, mac, &err), 0);
    assert_int_equal(
        meta_token_add(m, SP_LIT("alice"), SP_LIT("t"), META_ROLE_READ, 0, other, &err), SP_EEXIST);
    assert_int_equal(meta_token_add(m, SP_LIT("bob"), SP_LIT("t"), META_ROLE_READ, 0, mac, &err),
                     SP_EEXIST);
    assert_int_equal(
        meta_token_add(m, SP_LIT("nobody"), SP_LIT("t"), META_ROLE_READ, 0, other, &err),
        SP_ENOTFOUND);
    assert_int_equal(meta_token_add(m, SP_LIT("bob"), SP_LIT("t"), META_ROLE_READ, 0, other, &err),
                     0);
    struct meta_token t;
    assert_int_equal(meta_token_find(&t, m, mac, &a, &err), 0);
    assert_int_equal(t.user_id, alice);
    assert_string_equal(t.user, "alice");
    assert_int_equal(t.role, META_ROLE_WRITE);
    assert_int_equal(t.expires_ms, 77);
    int n = 0;
    assert_int_equal(meta_token_each(m, SP_LIT(""), count_tokens, &n, &err), 0);
    assert_int_equal(n, 2);
    n = 0;
    assert_int_equal(meta_token_each(m, SP_LIT("bob"), count_tokens, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(meta_token_remove(m, SP_LIT("alice"), SP_LIT("t"), &err), 0);
    assert_int_equal(meta_token_remove(m, SP_LIT("alice"), SP_LIT("t"), &err), SP_ENOTFOUND);
    assert_int_equal(meta_token_find(&t, m, mac, &a, &err), SP_ENOTFOUND);
    // A user's tokens end with the user.
    assert_int_equal(meta_user_remove(m, SP_LIT("bob"), &err), 0);
    assert_int_equal(meta_token_find(&t, m, other, &a, &err), SP_ENOTFOUND);
    meta_close(m);
}

static int note_id(void *ud, int64_t id, struct sp_err *e)
{
    *(int64_t *)ud = id;
    return 0;
}

static void test_repo_life(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct meta *m = open_here();
    int64_t alice = user(m, "alice");
    struct meta_repo r, got;
    assert_int_equal(meta_repo_add(&r, m, META_MODEL, SP_LIT("nobody"), SP_LIT("m"), false,
                                   SP_LIT(""), &a, &err),
                     SP_ENOTFOUND);
    assert_int_equal(meta_repo_add(&r, m, META_SPACE, SP_LIT("alice"), SP_LIT("M"), true,
                                   SP_LIT("static"), &a, &err),
                     0);
    assert_int_equal(strlen(r.hex_id), 24);
    // Invisible until ready, but the name is taken.
    assert_int_equal(meta_repo_get(&got, m, META_SPACE, SP_LIT("alice"), SP_LIT("M"), &a, &err),
                     SP_EREPO);
    assert_int_equal(meta_repo_by_id(&got, m, r.id, &a, &err), SP_EREPO);
    assert_int_equal(meta_repo_has_id(m, r.id, &err), 1);
    assert_int_equal(meta_repo_add(&got, m, META_SPACE, SP_LIT("alice"), SP_LIT("m"), true,
                                   SP_LIT(""), &a, &err),
                     SP_EEXIST);
    int64_t left = 0;
    assert_int_equal(meta_repo_unready(m, note_id, &left, &err), 0);
    assert_int_equal(left, r.id);

    assert_int_equal(meta_repo_ready(m, r.id, &err), 0);
    assert_int_equal(meta_repo_get(&got, m, META_SPACE, SP_LIT("alice"), SP_LIT("M"), &a, &err), 0);
    assert_int_equal(got.id, r.id);
    assert_int_equal(got.owner_id, alice);
    assert_true(got.is_private);
    assert_string_equal(got.sdk, "static");
    assert_string_equal(got.head, "");
    assert_null(got.card_json);
    assert_int_equal(meta_repo_get(&got, m, META_SPACE, SP_LIT("alice"), SP_LIT("m"), &a, &err),
                     SP_EREPO);
    assert_int_equal(meta_repo_get(&got, m, META_MODEL, SP_LIT("alice"), SP_LIT("M"), &a, &err),
                     SP_EREPO);

    const char head[41] = "0123456789012345678901234567890123456789";
    sp_str tags[] = {SP_LIT("license:mit"), SP_LIT("x")};
    assert_int_equal(meta_repo_facts(m, r.id, head, 5, "{\"a\":1}", 99, tags, 2, &err), 0);
    assert_int_equal(meta_repo_set_private(m, r.id, false, &err), 0);
    struct meta_count counts[] = {{r.id, 3}, {r.id + 1000, 4}};
    assert_int_equal(meta_repo_count_all(m, counts, 2, &err), 0);
    assert_int_equal(meta_repo_by_id(&got, m, r.id, &a, &err), 0);
    assert_string_equal(got.head, head);
    assert_int_equal(got.updated_ms, 5);
    assert_string_equal(got.card_json, "{\"a\":1}");
    assert_int_equal(got.used_bytes, 99);
    assert_int_equal(got.downloads, 3);
    assert_false(got.is_private);

    assert_int_equal(meta_repo_remove(m, r.id, &err), 0);
    assert_int_equal(meta_repo_remove(m, r.id, &err), SP_EREPO);
    assert_int_equal(meta_repo_set_private(m, r.id, true, &err), SP_EREPO);
    assert_int_equal(meta_repo_has_id(m, r.id, &err), 0);
    // The id names a folder: it never comes back.
    struct meta_repo again = repo(m, &a, META_SPACE, "alice", "M", false);
    assert_true(again.id > r.id);
    meta_close(m);
}

struct seen {
    char names[64][40];
    size_t n;
};

static int see(void *ud, const struct meta_repo *r, struct sp_err *e)
{
    struct seen *s = ud;
    snprintf(s->names[s->n++], sizeof s->names[0], "%s/%s", r->ns, r->name);
    return 0;
}

static void expect_list(struct meta *m, struct meta_repo_query q, const char *want)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct seen s = {0};
    sp_str next;
    assert_int_equal(meta_repo_list(m, &q, see, &s, &next, &a, &err), 0);
    assert_int_equal(next.n, 0);
    SP_AUTO_BUF struct sp_buf got = {0};
    for (size_t i = 0; i < s.n; i++)
        sp_buf_printf(&got, "%s%s", i ? " " : "", s.names[i]);
    assert_string_equal(got.n ? got.p : "", want);
}

static void test_list_filters(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct meta *m = open_here();
    int64_t alice = user(m, "alice");
    user(m, "bob");
    struct meta_repo r1 = repo(m, &a, META_MODEL, "alice", "Bert", false);
    struct meta_repo r2 = repo(m, &a, META_MODEL, "alice", "hidden", true);
    struct meta_repo r3 = repo(m, &a, META_MODEL, "bob", "gpt", false);
    repo(m, &a, META_DATASET, "bob", "data", false);
    struct meta_repo half;
    assert_int_equal(meta_repo_add(&half, m, META_MODEL, SP_LIT("bob"), SP_LIT("half"), false,
                                   SP_LIT(""), &a, &err),
                     0);
    sp_str mit = SP_LIT("license:mit"), en = SP_LIT("en"),
           both[] = {SP_LIT("license:mit"), SP_LIT("en")}, words[] = {SP_LIT("E/BE"), SP_LIT("rt")};
    const char *h = "0000000000000000000000000000000000000000";
    assert_int_equal(meta_repo_facts(m, r1.id, h, 30, NULL, 0, &mit, 1, &err), 0);
    assert_int_equal(meta_repo_facts(m, r2.id, h, 20, NULL, 0, both, 2, &err), 0);
    assert_int_equal(meta_repo_facts(m, r3.id, h, 10, NULL, 0, &en, 1, &err), 0);
    count(m, r3.id, 7);

    expect_list(m, (struct meta_repo_query){.type = META_MODEL}, "alice/Bert bob/gpt");
    expect_list(m, (struct meta_repo_query){.type = META_MODEL, .viewer_id = alice},
                "alice/Bert alice/hidden bob/gpt");
    expect_list(
        m, (struct meta_repo_query){.any_type = true, .all = true, .sort = "id", .ascending = true},
        "alice/Bert alice/hidden bob/data bob/gpt");
    expect_list(m, (struct meta_repo_query){.type = META_MODEL, .ascending = true},
                "bob/gpt alice/Bert");
    expect_list(m, (struct meta_repo_query){.type = META_MODEL, .sort = "downloads"},
                "bob/gpt alice/Bert");
    expect_list(m, (struct meta_repo_query){.type = META_MODEL, .author = SP_LIT("bob")},
                "bob/gpt");
    expect_list(m, (struct meta_repo_query){.type = META_MODEL, .search = words, .search_n = 2},
                "alice/Bert");
    words[1] = SP_LIT("gpt");
    expect_list(m, (struct meta_repo_query){.type = META_MODEL, .search = words, .search_n = 2},
                "");
    words[0] = SP_LIT("%");
    expect_list(m, (struct meta_repo_query){.type = META_MODEL, .search = words, .search_n = 1},
                "");
    expect_list(m, (struct meta_repo_query){.type = META_MODEL, .tags = &mit, .tags_n = 1},
                "alice/Bert");
    expect_list(m, (struct meta_repo_query){.type = META_MODEL, .tags = both, .tags_n = 2}, "");
    expect_list(
        m,
        (struct meta_repo_query){.type = META_MODEL, .tags = both, .tags_n = 2, .viewer_id = alice},
        "alice/hidden");
    // New facts replace the old tags.
    assert_int_equal(meta_repo_facts(m, r1.id, h, 30, NULL, 0, &en, 1, &err), 0);
    expect_list(m, (struct meta_repo_query){.type = META_MODEL, .tags = &mit, .tags_n = 1}, "");
    meta_close(m);
}

// Pages of 3 over 20 rows of which most have equal sort keys: each row once, in order.
static void test_list_pages(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct meta *m = open_here();
    user(m, "alice");
    for (int i = 0; i < 20; i++) {
        SP_AUTO_FREE char *name = sp_fmt("r%02d", i);
        struct meta_repo r = repo(m, &a, META_MODEL, "alice", name, false);
        count(m, r.id, i < 15 ? 1 : 2);
    }
    const char *sorts[] = {"downloads", "id", "updated"};
    for (size_t s = 0; s < 3; s++) {
        for (int up = 0; up < 2; up++) {
            struct meta_repo_query q = {
                .type = META_MODEL, .sort = sorts[s], .ascending = up, .limit = 3};
            struct seen all = {0}, paged = {0};
            sp_str next;
            do {
                assert_int_equal(meta_repo_list(m, &q, see, &paged, &next, &a, &err), 0);
                q.cursor = next;
            } while (next.n);
            q.limit = 0;
            assert_int_equal(meta_repo_list(m, &q, see, &all, &next, &a, &err), 0);
            assert_int_equal(all.n, 20);
            assert_int_equal(paged.n, 20);
            for (int i = 0; i < 20; i++)
                assert_string_equal(all.names[i], paged.names[i]);
        }
    }
    const char *bad[] = {"x", "1", "1:x", ":", "9999999999999999999999:1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct meta_repo_query q = {.type = META_MODEL, .cursor = sp_cstr(bad[i])};
        struct seen s = {0};
        assert_int_equal(meta_repo_list(m, &q, see, &s, NULL, &a, &err), SP_EINVALID);
    }
    meta_close(m);
}

static int fail_now(void *ud, struct sp_err *e)
{
    return sp_fail(e, SP_EIO, "no");
}

static int note_drop(void *ud, struct sp_err *e)
{
    ++*(int *)ud;
    return 0;
}

static bool is_there(void *ud, const char *sha256)
{
    return *(bool *)ud;
}

static void test_objects(void **state)
{
    bool there = true;
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct meta *m = open_here();
    user(m, "alice");
    struct meta_repo r1 = repo(m, &a, META_MODEL, "alice", "a", false);
    struct meta_repo r2 = repo(m, &a, META_MODEL, "alice", "b", false);
    char shas[2][65];
    hash_sha256_hex(shas[0], SP_LIT("one"));
    hash_sha256_hex(shas[1], SP_LIT("two"));
    uint64_t sizes[] = {3, 1ull << 40}, size = 0;
    assert_int_equal(meta_object_link(m, r1.id, shas, sizes, 2, is_there, &there, &err), 0);
    assert_int_equal(meta_object_link(m, r1.id, shas, sizes, 2, is_there, &there, &err), 0);
    assert_true(meta_object_linked(m, r1.id, shas[1], &size));
    assert_true(size == 1ull << 40);
    assert_true(meta_object_bytes(m, r1.id) == (1ull << 40) + 3);
    assert_int_equal(meta_object_bytes(m, r2.id), 0);
    assert_false(meta_object_linked(m, r2.id, shas[1], &size));
    assert_false(meta_object_linked(m, r1.id, "zz", &size));
    assert_int_equal(meta_object_link(m, r1.id + 50, shas, sizes, 1, is_there, &there, &err),
                     SP_EREPO);
    char upper[1][65] = {"ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789"};
    assert_int_equal(meta_object_link(m, r1.id, upper, sizes, 1, is_there, &there, &err),
                     SP_EINVALID);

    int drops = 0;
    assert_int_equal(meta_object_drop(m, shas[0], note_drop, &drops, &err), 0);
    assert_int_equal(drops, 0);
    assert_int_equal(meta_repo_remove(m, r1.id, &err), 0);
    assert_false(meta_object_used(m, shas[0]));
    assert_int_equal(meta_object_drop(m, shas[0], note_drop, &drops, &err), 1);
    assert_int_equal(drops, 1);
    assert_int_equal(meta_object_drop(m, shas[0], fail_now, NULL, &err), SP_EIO);
    // Collected before it was linked: no row stays that names it.
    there = false;
    assert_int_equal(meta_object_link(m, r2.id, shas, sizes, 1, is_there, &there, &err), SP_EBUSY);
    assert_false(meta_object_used(m, shas[0]));
    meta_close(m);
}

// ---- the writer

struct racer {
    struct meta *m;
    int from, n, fine, exist;
};

static void *race(void *ud)
{
    struct racer *r = ud;
    for (int i = r->from; i < r->from + r->n; i++) {
        SP_AUTO_FREE char *name = sp_fmt("u%d", i);
        int rc = meta_user_add(NULL, r->m, sp_cstr(name), NULL);
        r->fine += rc == 0;
        r->exist += rc == SP_EEXIST;
    }
    return NULL;
}

// Half of the names clash: every failure is its own job's, no neighbour in the group is lost.
static void test_group_commit(void **state)
{
    enum { THREADS = 16, EACH = 20 };
    struct meta *m = open_here();
    struct racer r[THREADS];
    pthread_t t[THREADS];
    for (int i = 0; i < THREADS; i++) {
        r[i] = (struct racer){m, (i / 2) * EACH, EACH, 0, 0};
        pthread_create(&t[i], NULL, race, &r[i]);
    }
    int fine = 0, exist = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        fine += r[i].fine;
        exist += r[i].exist;
    }
    assert_int_equal(fine, THREADS / 2 * EACH);
    assert_int_equal(exist, THREADS / 2 * EACH);
    assert_int_equal(meta_user_count(m, &err), fine);
    uint64_t commits, jobs;
    meta_stats(m, &commits, &jobs);
    assert_int_equal(jobs, THREADS * EACH);
    assert_true(commits < jobs); // they were grouped
    meta_close(m);
}

// Server and admin write at the same time, from processes of their own.
static void test_two_processes(void **state)
{
    meta_close(open_here());
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct meta *m = NULL;
        struct racer r = {NULL, 1000, 60, 0, 0};
        if (meta_open(&m, dir, NULL) == 0) {
            r.m = m;
            race(&r);
            meta_close(m);
        }
        _exit(r.fine == 60 ? 0 : 1);
    }
    struct meta *m = open_here();
    struct racer r = {m, 0, 60, 0, 0};
    race(&r);
    assert_int_equal(r.fine, 60);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(meta_user_count(m, &err), 120);
    meta_close(m);
}

// kill -9 right after a write returned: it is there. (Power loss is another test's business.)
static void test_acknowledged_survives(void **state)
{
    int pipe_fd[2];
    assert_int_equal(pipe(pipe_fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct meta *m = NULL;
        close(pipe_fd[0]);
        if (meta_open(&m, dir, NULL) < 0)
            _exit(1);
        for (int i = 0; i < 10000; i++) {
            SP_AUTO_FREE char *name = sp_fmt("u%d", i);
            if (meta_user_add(NULL, m, sp_cstr(name), NULL) < 0)
                _exit(1);
            if (write(pipe_fd[1], &i, sizeof i) != sizeof i)
                _exit(1);
        }
        _exit(0);
    }
    close(pipe_fd[1]);
    int last = -1;
    while (last < 25)
        assert_int_equal(read(pipe_fd[0], &last, sizeof last), sizeof last);
    kill(pid, SIGKILL);
    while (read(pipe_fd[0], &last, sizeof last) == sizeof last)
        continue;
    close(pipe_fd[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    struct meta *m = open_here();
    int64_t n = meta_user_count(m, &err);
    assert_true(n >= last + 1 && n <= last + 2);
    SP_AUTO_BUF struct sp_buf report = {0};
    assert_int_equal(meta_check(m, &report, &err), 0);
    assert_int_equal(report.n, 0);
    meta_close(m);
}

// A commit that fails reaches everybody in the group, and the next write works again.
static void test_failed_commit(void **state)
{
    struct meta *m = open_here();
    user(m, "first");
    setenv("SPOKE_FAULT", "meta.commit.before:fail", 1);
    sp_fault_init();
    assert_true(meta_user_add(NULL, m, SP_LIT("second"), &err) < 0);
    assert_true(err.msg[0]);
    unsetenv("SPOKE_FAULT");
    sp_fault_init();
    assert_int_equal(meta_user_count(m, &err), 1);
    user(m, "second");
    meta_close(m);
}

// ---- files

static const char *const steps[] = {
    "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7)",
    "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 5",
    "THIS IS NO SQL",
};

static int64_t one_number(struct meta_conn *c, const char *sql)
{
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_prepare_v2(c->db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return v;
}

static void test_migrations(void **state)
{
    SP_AUTO_FREE char *path = sp_path_join(dir, "m.db");
    struct meta_conn *c = NULL;
    assert_int_equal(meta_conn_open(&c, path, true, &err), 0);
    assert_int_equal(meta_migrate(c, steps, 1, &err), 0);
    assert_int_equal(one_number(c, "PRAGMA user_version"), 1);
    assert_int_equal(meta_migrate(c, steps, 2, &err), 0);
    assert_int_equal(one_number(c, "SELECT x + y FROM a"), 12);
    // A step that fails leaves the version and the data of before.
    assert_true(meta_migrate(c, steps, 3, &err) < 0);
    assert_non_null(strstr(err.msg, "migration to version 3"));
    assert_int_equal(one_number(c, "PRAGMA user_version"), 2);
    // Forward only.
    assert_int_equal(meta_migrate(c, steps, 1, &err), SP_EUNSUPPORTED);
    assert_non_null(strstr(err.msg, "newer spoke"));
    meta_conn_close(&c);
}

static void test_newer_refused(void **state)
{
    meta_close(open_here());
    SP_AUTO_FREE char *path = sp_path_join(dir, "spoke.db");
    struct meta_conn *c = NULL;
    assert_int_equal(meta_conn_open(&c, path, true, &err), 0);
    assert_int_equal(meta_conn_script(c, "PRAGMA user_version=1000", &err), 0);
    meta_conn_close(&c);
    struct meta *m = NULL;
    assert_int_equal(meta_open(&m, dir, &err), SP_EUNSUPPORTED);
    assert_null(m);
}

static void test_foreign_files_refused(void **state)
{
    SP_AUTO_FREE char *path = sp_path_join(dir, "spoke.db");
    struct meta *m = NULL;
    assert_int_equal(sp_file_replace(path,
                                     SP_LIT("this is not a database, it is longer than a header"),
                                     0600, 0, &err),
                     0);
    assert_int_equal(meta_open(&m, dir, &err), SP_EIO);
    assert_non_null(strstr(err.msg, "spoke.db"));
    unlink(path);
    struct meta_conn *c = NULL;
    assert_int_equal(meta_conn_open(&c, path, true, &err), 0);
    assert_int_equal(meta_conn_script(c, "CREATE TABLE theirs (x)", &err), 0);
    meta_conn_close(&c);
    assert_int_equal(meta_open(&m, dir, &err), SP_ECONFIG);
    assert_null(m);
}

static void test_check_finds_orphans(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct meta *m = open_here();
    user(m, "alice");
    repo(m, &a, META_MODEL, "alice", "m", false);
    SP_AUTO_BUF struct sp_buf report = {0};
    assert_int_equal(meta_check(m, &report, &err), 0);
    struct meta_conn *c = NULL;
    assert_int_equal(meta_conn_open(&c, m->path, true, &err), 0);
    assert_int_equal(meta_conn_script(c, "PRAGMA foreign_keys=OFF; DELETE FROM users", &err), 0);
    meta_conn_close(&c);
    assert_int_equal(meta_check(m, &report, &err), 1);
    assert_non_null(strstr(report.p, "repos"));
    assert_int_equal(meta_ping(m, &err), 0);
    meta_close(m);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_users),
        T(test_tokens),
        T(test_repo_life),
        T(test_list_filters),
        T(test_list_pages),
        T(test_objects),
        T(test_group_commit),
        T(test_two_processes),
        T(test_acknowledged_survives),
        T(test_failed_commit),
        T(test_migrations),
        T(test_newer_refused),
        T(test_foreign_files_refused),
        T(test_check_finds_orphans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
