// scan.c, plan.c, verify.c
#include "cache/testdir.h"

#include <fcntl.h>
#include <sys/file.h>

#define C3    "3333333333333333333333333333333333333333"
#define XET   "abababababababababababababababababababababababababababababababab"
#define ENTRY "blobs/ab/" XET

// models--ns--m: C1 (main, a + shared b), C2 (no ref: a2 + shared b), C3 (v1, one file of 3 bytes)
static void make_cache(void)
{
    put_cached("models--ns--m", C1, "a", "ea1", "12345");
    put_cached("models--ns--m", C1, "d/b", "eb", "1234567");
    put_cached("models--ns--m", C1, "copy-of-b", "eb", "1234567");
    put_cached("models--ns--m", C2, "a", "ea2", "1");
    put_cached("models--ns--m", C2, "d/b", "eb", "1234567");
    put("models--ns--m/snapshots/" C2 "/built", "xx"); // no link
    put_cached("models--ns--m", C3, "c", "ec", "123");
    put("models--ns--m/refs/main", C1);
    put("models--ns--m/refs/refs/pr/1", C1);
    put("models--ns--m/refs/v1", C3);
    put("models--ns--m/blobs/orphan", "orphan");
    put("models--ns--m/blobs/x.0123abcd.incomplete", "1234");
    put("models--ns--m/blobs/x.spoke-resume", "?");
    put_cached("datasets--o--d--s", C1, "f", "e1", "ff");
    put("datasets--o--d--s/refs/main", C1);
    put("CACHEDIR.TAG", "x");
    put(".locks/models--ns--m/ea1.lock", "");
    put(".DS_Store", "x");
}

static const struct cache_scan_repo *repo_of(const struct cache_scan *s, const char *id)
{
    SP_VEC_EACH (&s->repos, r)
        if (strcmp(r->id, id) == 0)
            return r;
    fail_msg("%s was not scanned", id);
    return NULL;
}

static void whole(void **state)
{
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    struct sp_err err = {0};
    make_cache();
    assert_int_equal(cache_scan_run(&s, test_root, &err), 0);
    assert_int_equal(s.warnings.n, 0);
    assert_int_equal(s.repos.n, 2);
    const struct cache_scan_repo *m = repo_of(&s, "ns/m"), *d = repo_of(&s, "o/d/s");
    assert_string_equal(m->type, "model");
    assert_string_equal(d->type, "dataset");
    assert_int_equal(m->size, 5 + 7 + 1 + 2 + 3);
    assert_int_equal(m->blobs_n, 5);
    assert_int_equal(m->revs.n, 3);
    assert_string_equal(m->revs.v[0].commit, C1);
    assert_int_equal(m->revs.v[0].size, 12); // eb once
    assert_int_equal(m->revs.v[0].files.n, 3);
    assert_int_equal(m->revs.v[0].refs.n, 2);
    assert_string_equal(m->revs.v[0].refs.v[1], "refs/pr/1");
    assert_int_equal(m->revs.v[1].size, 10);
    assert_int_equal(m->revs.v[1].refs.n, 0);
    assert_string_equal(m->revs.v[0].files.v[2].path, "d/b");
    assert_int_equal(s.size, 20);
    assert_int_equal(s.incomplete.n, 2);
    assert_int_equal(s.incomplete_size, 5);
    assert_int_equal(s.orphans.n, 1);
    assert_int_equal(s.orphan_size, 6);
    assert_true(m->modified_ms > 1500000000000);
}

static void broken_repos_are_warnings(void **state)
{
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    struct sp_err err = {0};
    put_cached("models--ok", C1, "a", "e", "1");
    put("models--nosnap/blobs/e", "1");
    put("models--filesnap/snapshots/file", "");
    put_link("models--dangling/snapshots/" C1 "/a", "../../blobs/none");
    put("models--reffile/refs", "");
    put_cached("models--reffile", C1, "a", "e", "1");
    put("stray-folder/x", "");
    put("widgets--a--b/x", "");
    put("stray-file", "");
    assert_int_equal(cache_scan_run(&s, test_root, &err), 0);
    assert_int_equal(s.repos.n, 1);
    assert_int_equal(s.warnings.n, 7);
    assert_int_equal(s.size, 1);
    assert_int_equal(s.orphans.n, 0); // of a broken repo nothing is known
    SP_AUTO_FREE char *none = at("none");
    assert_int_equal(cache_scan_run(&s, none, &err), SP_ENOTFOUND);
}

static int plan_and_run(const char *const *targets, size_t n, uint64_t *freed)
{
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    SP_AUTO(cache_plan_fini) struct cache_plan p = {0};
    struct sp_err err = {0};
    assert_int_equal(cache_scan_run(&s, test_root, &err), 0);
    int rc = cache_plan_delete(&p, &s, targets, n, &err);
    if (rc == 0)
        rc = cache_plan_run(&p, test_root, &err);
    *freed = p.freed;
    return rc;
}

// Both clients note in the cache which commit a --local-dir download took, and Python writes refs
// before files. Neither damages what lies there.
static void refs_may_be_ahead(void **state)
{
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    struct sp_err err = {0};
    uint64_t freed = 0;
    put("models--onlyref/refs/main", C1);
    put_cached("models--ahead", C1, "a", "e", "1");
    put("models--ahead/blobs/fresh", "on its way");
    put("models--ahead/refs/main", C2);
    assert_int_equal(cache_scan_run(&s, test_root, &err), 0);
    assert_int_equal(s.warnings.n, 0);
    assert_int_equal(s.repos.n, 1);
    assert_int_equal(s.repos.v[0].revs.n, 1);
    assert_int_equal(s.repos.v[0].revs.v[0].refs.n, 0);
    assert_int_equal(s.orphans.n, 0); // the snapshot that wants it may come next
    assert_int_equal(plan_and_run((const char *[]){"model/ahead"}, 1, &freed), 0);
    assert_false(there("models--ahead"));
}

static void delete_revision(void **state)
{
    uint64_t freed = 0;
    make_cache();
    assert_int_equal(plan_and_run((const char *[]){C2}, 1, &freed), 0);
    assert_int_equal(freed, 3); // ea2 and the file in the snapshot; eb is used by C1
    assert_false(there("models--ns--m/snapshots/" C2));
    assert_false(there("models--ns--m/blobs/ea2"));
    assert_text("models--ns--m/snapshots/" C1 "/d/b", "1234567");
    assert_int_equal(plan_and_run((const char *[]){C3}, 1, &freed), 0);
    assert_false(there("models--ns--m/refs/v1"));
    assert_true(there("models--ns--m/refs/main"));
}

static void delete_repo(void **state)
{
    uint64_t freed = 0;
    make_cache();
    assert_int_equal(plan_and_run((const char *[]){"MODEL/ns/M"}, 1, &freed), 0);
    assert_int_equal(freed, 18);
    assert_false(there("models--ns--m"));
    assert_true(there(".locks/models--ns--m/ea1.lock")); // lock files are never removed
    assert_int_equal(plan_and_run((const char *[]){"hf://datasets/o/d/s"}, 1, &freed), 0);
    assert_false(there("datasets--o--d--s"));
}

static void delete_file(void **state)
{
    uint64_t freed = 0;
    make_cache();
    assert_int_equal(plan_and_run((const char *[]){"hf://ns/m/d/b"}, 1, &freed), 0);
    assert_int_equal(freed, 0); // copy-of-b still needs the blob
    assert_false(there("models--ns--m/snapshots/" C1 "/d/b"));
    assert_false(there("models--ns--m/snapshots/" C2 "/d/b"));
    assert_int_equal(plan_and_run((const char *[]){"hf://models/ns/m/copy-of-b"}, 1, &freed), 0);
    assert_int_equal(freed, 7);
    assert_false(there("models--ns--m/blobs/eb"));
    assert_int_equal(plan_and_run((const char *[]){"hf://ns/m/a", C3}, 2, &freed), SP_EUSAGE);
    assert_int_equal(plan_and_run((const char *[]){"hf://ns/m@main"}, 1, &freed), SP_EUSAGE);
}

static void missing_targets(void **state)
{
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    SP_AUTO(cache_plan_fini) struct cache_plan p = {0};
    struct sp_err err = {0};
    make_cache();
    assert_int_equal(cache_scan_run(&s, test_root, &err), 0);
    const char *none[] = {"model/ns/none", "4444444444444444444444444444444444444444",
                          "dataset/ns/m", "hf://ns/m/none", "ns/m"};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(cache_plan_delete(&p, &s, &none[i], 1, &err), SP_ENOTFOUND);
        assert_non_null(strstr(err.msg, none[i]));
    }
    const char *some[] = {"model/ns/none", C3};
    assert_int_equal(cache_plan_delete(&p, &s, some, 2, &err), 0);
    assert_int_equal(p.missing.n, 1);
    assert_string_equal(p.missing.v[0], "model/ns/none");
}

static void a_running_download_stops_deletion(void **state)
{
    uint64_t freed = 0;
    make_cache();
    SP_AUTO_FREE char *p = at(".locks/models--ns--m/ea1.lock");
    SP_AUTO_FD int fd = open(p, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(plan_and_run((const char *[]){"model/ns/m"}, 1, &freed), SP_ELOCKED);
    assert_true(there("models--ns--m/snapshots/" C1 "/a"));
    assert_int_equal(flock(fd, LOCK_UN), 0);
    assert_int_equal(plan_and_run((const char *[]){"model/ns/m"}, 1, &freed), 0);
    assert_false(there("models--ns--m"));
}

static void prune(void **state)
{
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    SP_AUTO(cache_plan_fini) struct cache_plan p = {0};
    struct sp_err err = {0};
    make_cache();
    put("models--ns--m/blobs/y.0123abcd.incomplete", "busy");
    put(".locks/models--ns--m/y.lock", "");
    assert_int_equal(cache_scan_run(&s, test_root, &err), 0);
    assert_int_equal(cache_plan_prune(&p, &s, &err), 0);
    assert_int_equal(p.freed, 3 + 9 + 6); // C2, partial files, orphan
    // the download of y begins after the check of the repo
    SP_AUTO_FREE char *lock = at(".locks/models--ns--m/y.lock");
    p.repos.n = 0;
    SP_AUTO_FD int fd = open(lock, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(cache_plan_run(&p, test_root, &err), 0);
    assert_false(there("models--ns--m/snapshots/" C2));
    assert_false(there("models--ns--m/blobs/orphan"));
    assert_false(there("models--ns--m/blobs/x.0123abcd.incomplete"));
    assert_false(there("models--ns--m/blobs/x.spoke-resume"));
    assert_true(there("models--ns--m/blobs/y.0123abcd.incomplete"));
    assert_text("models--ns--m/snapshots/" C1 "/d/b", "1234567");
    assert_text("datasets--o--d--s/snapshots/" C1 "/f", "ff");
}

static void prune_does_not_count_running_downloads(void **state)
{
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    SP_AUTO(cache_plan_fini) struct cache_plan p = {0};
    struct sp_err err = {0};
    make_cache();
    put("models--ns--m/blobs/y.0123abcd.incomplete", "busy");
    put(".locks/models--ns--m/y.lock", "");
    SP_AUTO_FREE char *lock = at(".locks/models--ns--m/y.lock");
    SP_AUTO_FD int fd = open(lock, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(cache_scan_run(&s, test_root, &err), 0);
    assert_int_equal(s.incomplete.n, 3);
    assert_int_equal(cache_plan_prune(&p, &s, &err), 0);
    assert_int_equal(p.incomplete, 2);
    assert_int_equal(p.freed, 3 + 5 + 6);
}

static void shared_blobs_are_swept(void **state)
{
    uint64_t freed = 0;
    put("blobs/.huggingface-shared-blobs", "1\n");
    put(ENTRY, "123456789");
    put(ENTRY ".refs", "models--x--a/blobs/e\nmodels--x--b/blobs/e\n");
    put_cached("models--x--a", C1, "f", "e", "");
    put_cached("models--x--b", C2, "f", "e", "");
    put_link("models--x--a/blobs/e", "../../" ENTRY);
    put_link("models--x--b/blobs/e", "../../" ENTRY);
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    assert_int_equal(cache_scan_run(&s, test_root, NULL), 0);
    assert_int_equal(s.size, 9); // physical: once
    assert_int_equal(repo_of(&s, "x/a")->size, 9);
    assert_int_equal(repo_of(&s, "x/b")->size, 9);
    assert_int_equal(s.orphans.n, 0);
    assert_int_equal(plan_and_run((const char *[]){"model/x/a"}, 1, &freed), 0);
    assert_int_equal(freed, 0);
    assert_text("models--x--b/snapshots/" C2 "/f", "123456789");
    assert_text(ENTRY ".refs", "models--x--b/blobs/e\n");
    assert_int_equal(plan_and_run((const char *[]){C2}, 1, &freed), 0);
    assert_int_equal(freed, 9);
    assert_false(there(ENTRY));
}

static void nothing_outside_is_removed(void **state)
{
    SP_AUTO(cache_plan_fini) struct cache_plan p = {0};
    struct sp_err err = {0};
    char outside[] = "/tmp/spoke-outside-XXXXXX";
    int fd = mkstemp(outside);
    close(fd);
    put_link("models--evil/snapshots/" C1 "/f", outside);
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    assert_int_equal(cache_scan_run(&s, test_root, &err), 0);
    put_cached("models--evil", C2, "g", "e", "1");
    SP_AUTO(cache_scan_fini) struct cache_scan s2 = {0};
    assert_int_equal(cache_scan_run(&s2, test_root, &err), 0);
    assert_int_equal(cache_plan_delete(&p, &s2, (const char *[]){C1}, 1, &err), 0);
    assert_int_equal(cache_plan_run(&p, test_root, &err), SP_EINVALID);
    assert_int_equal(access(outside, F_OK), 0);
    unlink(outside);
}

static void verify(void **state)
{
    SP_AUTO(cache_verify_fini) struct cache_verify v = {0};
    SP_AUTO(cache_tree_fini) struct cache_tree t = {0};
    struct sp_err err = {0};
    struct sp_progress progress = {0};
    put("dir/ok.txt", "hello\n");
    put("dir/lfs/ok.bin", "hello\n");
    put("dir/bad.txt", "hellO\n");
    put("dir/extra", "");
    put("dir/.cache/huggingface/download/x.metadata", "");
    put("dir/.git/config", "");
    put_link("dir/dangling.txt", "nowhere");
    const char *const git = "ce013625030ba8dba906f756967f9e9ca394464a";
    const char *const paths[] = {"ok.txt", "bad.txt", "missing.txt", "dangling.txt", "lfs/ok.bin"};
    for (size_t i = 0; i < 5; i++) {
        struct cache_tree_file *f = sp_vec_push(&t.files);
        f->path = sp_arena_dupn(&t.arena, paths[i], strlen(paths[i]));
        f->size = 6;
        memcpy(f->blob_id, git, 41);
    }
    strcpy(t.files.v[4].lfs_sha256,
           "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    SP_AUTO_FREE char *dir = at("dir");
    assert_int_equal(cache_verify_run(&v, dir, &t, &progress, &err), 0);
    assert_int_equal(v.checked, 3);
    assert_int_equal(v.rows.n, 4);
    assert_string_equal(v.rows.v[0].path, "bad.txt");
    assert_string_equal(v.rows.v[0].state, "mismatch");
    assert_string_equal(v.rows.v[0].expected, git);
    assert_int_equal(strlen(v.rows.v[0].actual), 40);
    assert_string_equal(v.rows.v[1].state, "missing");
    assert_string_equal(v.rows.v[2].path, "dangling.txt");
    assert_string_equal(v.rows.v[2].state, "missing");
    assert_string_equal(v.rows.v[3].path, "extra");
    assert_string_equal(v.rows.v[3].state, "extra");
    assert_int_equal(progress.hash_done, 18);
    assert_int_equal(cache_verify_run(&v, "/nonexistent", &t, NULL, &err), SP_ENOTFOUND);
}

#define T(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {T(whole),
                                       T(broken_repos_are_warnings),
                                       T(refs_may_be_ahead),
                                       T(delete_revision),
                                       T(delete_repo),
                                       T(delete_file),
                                       T(missing_targets),
                                       T(a_running_download_stops_deletion),
                                       T(prune),
                                       T(prune_does_not_count_running_downloads),
                                       T(shared_blobs_are_swept),
                                       T(nothing_outside_is_removed),
                                       T(verify)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
