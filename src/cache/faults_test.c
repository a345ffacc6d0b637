// A process is killed, or told of an I/O error, at every fault point of a download. What it leaves
// must never be taken for content, must not hinder the next run, and must look sound to a scan.
#include "cache/testdir.h"

#include <sys/wait.h>

#define ETAG "ce013625030ba8dba906f756967f9e9ca394464a" // git id of "hello\n"

static const char *const points[] = {
    "cache.begin",   "cache.write", "cache.written", "cache.fsync", "cache.rename",
    "cache.renamed", "cache.link",  "cache.linked",  "cache.ref",   "cache.tree"};

static int whole_download(struct sp_err *err)
{
    struct cache_want w = {.etag = ETAG, .size = 6};
    struct cache_store *s = NULL;
    SP_AUTO(cache_tree_fini) struct cache_tree t = {0};
    struct cache_tree_file *f = sp_vec_push(&t.files);
    f->path = sp_arena_dupn(&t.arena, "a/f", 3);
    f->size = 6;
    memcpy(f->blob_id, ETAG, 41);
    SP_TRY(cache_tree_write(test_repo.dir, C1, &t, err));
    int rc = cache_store_begin(&s, &test_repo, &w, NULL, err);
    bool fresh = rc == CACHE_STORE_READY;
    if (fresh) {
        rc = cache_store_write(s, "hel", 3, 0, err);
        if (rc == 0)
            rc = cache_store_write(s, "lo\n", 3, 3, err);
        if (rc == 0)
            rc = cache_store_commit(s, true, err);
        cache_store_close(&s, true);
    }
    if (rc < 0)
        return rc;
    SP_AUTO_FREE char *path = NULL;
    SP_TRY(cache_link(&path, &test_repo, C1, "a/f", ETAG, fresh, err));
    return cache_ref_write(&test_repo, "main", C1, err);
}

static int in_child(const char *point, const char *action)
{
    pid_t pid = fork();
    if (pid == 0) {
        SP_AUTO_FREE char *spec = sp_fmt("%s:%s", point, action);
        setenv("SPOKE_FAULT", spec, 1);
        sp_fault_init();
        struct sp_err err = {0};
        _exit(whole_download(&err) == SP_EIO ? 7 : 0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

// Whatever has a name has the right content, and whatever is found is complete.
static void check_sound(const char *point)
{
    SP_AUTO_FREE char *path = NULL, *blob = cache_layout_blob_path(&test_repo, ETAG);
    char hex[HASH_SHA1_HEX];
    if (sp_exists(blob)) {
        assert_int_equal(hash_file_hex(hex, HASH_SHA1, true, blob, NULL), 0);
        assert_string_equal(hex, ETAG);
    }
    if (cache_lookup(&path, &test_repo, "main", "a/f", NULL) == CACHE_HIT)
        assert_int_equal(sp_file_size(path), 6);
    char commit[41];
    if (cache_ref_read(commit, &test_repo, "main", NULL) == 0 && !path)
        fail_msg("%s: the ref came before the file", point);
}

static void run(const char *action, bool killed)
{
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        assert_int_equal(test_setup(NULL), 0);
        int status = in_child(points[i], action);
        if (killed ? !WIFSIGNALED(status) : WEXITSTATUS(status) != 7)
            fail_msg("%s was not passed (status %x)", points[i], status);
        check_sound(points[i]);
        struct sp_err err = {0};
        if (whole_download(&err) < 0)
            fail_msg("after %s: %s", points[i], err.msg);
        assert_text("models--ns--m/snapshots/" C1 "/a/f", "hello\n");
        SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
        assert_int_equal(cache_scan_run(&s, test_root, &err), 0);
        assert_int_equal(s.warnings.n, 0);
        assert_int_equal(s.repos.n, 1);
        assert_int_equal(s.incomplete.n, 0); // the second run cleaned up after the first
        SP_AUTO(cache_plan_fini) struct cache_plan p = {0};
        assert_int_equal(cache_plan_prune(&p, &s, &err), 0);
        assert_int_equal(cache_plan_run(&p, test_root, &err), 0);
        assert_int_equal(entries("models--ns--m/blobs"), 1);
        assert_int_equal(test_teardown(NULL), 0);
    }
}

static void killed_at_every_point(void **state)
{
    run("kill", true);
}

static void error_at_every_point(void **state)
{
    run("fail", false);
}

static void deletion_killed_at_every_step(void **state)
{
    for (int step = 1; step <= 3; step++) {
        struct sp_err err = {0};
        assert_int_equal(test_setup(NULL), 0);
        put_cached("models--ns--m", C1, "a", "e1", "1");
        put_cached("models--ns--m", C2, "a", "e2", "2");
        put("models--ns--m/refs/main", C2);
        pid_t pid = fork();
        if (pid == 0) {
            SP_AUTO_FREE char *spec = sp_fmt("cache.delete:kill@%d", step);
            setenv("SPOKE_FAULT", spec, 1);
            sp_fault_init();
            struct cache_scan s = {0};
            struct cache_plan p = {0};
            const char *target = C2;
            if (cache_scan_run(&s, test_root, &err) < 0 ||
                cache_plan_delete(&p, &s, &target, 1, &err) < 0)
                _exit(1);
            cache_plan_run(&p, test_root, &err);
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
        assert_int_equal(cache_scan_run(&s, test_root, &err), 0);
        if (s.warnings.n)
            fail_msg("step %d: %s", step, s.warnings.v[0]);
        assert_text("models--ns--m/snapshots/" C1 "/a", "1");
        assert_int_equal(test_teardown(NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(killed_at_every_point),
                                       cmocka_unit_test(error_at_every_point),
                                       cmocka_unit_test(deletion_killed_at_every_step)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
