// layout.c, ref.c, lookup.c
#include "cache/testdir.h"

static void repo_folders(void **state)
{
    struct cache_repo r = {0};
    struct sp_err err = {0};
    assert_int_equal(cache_repo_init(&r, "/c", "datasets", "a-b/c.d_e", &err), 0);
    assert_string_equal(r.dir, "/c/datasets--a-b--c.d_e");
    assert_string_equal(r.locks, "/c/.locks/datasets--a-b--c.d_e");
    cache_repo_fini(&r);
    assert_int_equal(cache_repo_init(&r, "/c", "models", "gpt2", &err), 0);
    assert_string_equal(r.folder, "models--gpt2");
    cache_repo_fini(&r);
    cache_repo_fini(&r);
    const char *const bad[] = {"",     "/",    "a/",    "/a",     "a/b/c",      "a--b/c", "../x",
                               "a/..", ".a/b", "-a/b",  "a b",    "a-/b",       "a/-b",   "a/b.",
                               "a/.b", "a\\b", "a/b\n", "a/b%2f", "ns/\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (cache_repo_init(&r, "/c", "models", bad[i], &err) == 0)
            fail_msg("'%s' is taken", bad[i]);
    assert_int_equal(cache_repo_init(&r, "/c", "model", "a/b", &err), SP_EINVALID);
}

static void etags(void **state)
{
    char long_one[242];
    struct sp_err err = {0};
    memset(long_one, 'e', sizeof long_one);
    assert_int_equal(cache_etag_check(SP_LIT("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"), NULL), 0);
    assert_int_equal(cache_etag_check(SP_LIT("5d41402abc4b2a76b9719d911017c592-3"), NULL), 0);
    assert_int_equal(cache_etag_check(sp_str_of(long_one, 240), NULL), 0);
    assert_int_equal(cache_etag_check(sp_str_of(long_one, 241), &err), SP_EFORMAT);
    const sp_str bad[] = {SP_LIT(""), SP_LIT("a/b"), SP_LIT(".."), SP_LIT("a..b"), SP_LIT("a\0b"),
                          SP_LIT("."), SP_LIT("a\\b"), SP_LIT("a\nb"), SP_LIT(".hide"),
                          // partial downloads of "a" are called so
                          SP_LIT("a.incomplete"), SP_LIT("a.0123abcd.incomplete"),
                          SP_LIT("a.spoke-resume")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(cache_etag_check(bad[i], &err), SP_EFORMAT);
}

static void refs(void **state)
{
    char c[41] = "";
    struct sp_err err = {0};
    assert_int_equal(cache_ref_read(c, &test_repo, C1, &err), 0);
    assert_string_equal(c, C1);
    assert_int_equal(cache_ref_read(c, &test_repo, "main", &err), SP_ENOTFOUND);
    assert_non_null(strstr(err.msg, "main"));
    assert_non_null(strstr(err.msg, test_root));
    assert_int_equal(cache_ref_write(&test_repo, "main", C1, &err), 0);
    assert_text("models--ns--m/refs/main", C1); // no newline
    assert_int_equal(cache_ref_write(&test_repo, "refs/pr/1", C2, &err), 0);
    assert_text("models--ns--m/refs/refs/pr/1", C2);
    assert_int_equal(cache_ref_read(c, &test_repo, "refs/pr/1", &err), 0);
    assert_string_equal(c, C2);
    assert_int_equal(cache_ref_write(&test_repo, C1, C1, &err), 0); // a commit is no ref
    assert_int_equal(entries("models--ns--m/refs"), 2);
    assert_int_equal(cache_ref_write(&test_repo, "main", "abc", &err), SP_EFORMAT);
    assert_int_equal(cache_ref_write(&test_repo, "../x", C1, &err), SP_EFORMAT);
    put("models--ns--m/refs/newline", C1 "\n");
    assert_int_equal(cache_ref_read(c, &test_repo, "newline", &err), 0);
    assert_string_equal(c, C1);
}

static void a_ref_is_only_written_when_it_changes(void **state)
{
    SP_AUTO_FREE char *p = at("models--ns--m/refs/same");
    struct stat a, b;
    assert_int_equal(cache_ref_write(&test_repo, "same", C1, NULL), 0);
    assert_int_equal(stat(p, &a), 0);
    assert_int_equal(cache_ref_write(&test_repo, "same", C1, NULL), 0);
    assert_int_equal(stat(p, &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    assert_int_equal(cache_ref_write(&test_repo, "same", C2, NULL), 0);
    assert_int_equal(stat(p, &b), 0);
    assert_int_not_equal(a.st_ino, b.st_ino);
}

static void junk_refs_are_refused(void **state)
{
    char c[41] = "";
    const char *const junk[] = {"", "main", "111", C1 "1", C1 "\n" C2, "../../../etc/passwd"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        put("models--ns--m/refs/junk", junk[i]);
        assert_int_equal(cache_ref_read(c, &test_repo, "junk", NULL), SP_ENOTFOUND);
    }
    char big[400];
    memset(big, '1', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    put("models--ns--m/refs/junk", big);
    assert_int_equal(cache_ref_read(c, &test_repo, "junk", NULL), SP_ENOTFOUND);
    SP_AUTO_FREE char *dir = at("models--ns--m/refs/dir");
    assert_int_equal(sp_mkdirs(dir, 0777, NULL), 0);
    assert_int_equal(cache_ref_read(c, &test_repo, "dir", NULL), SP_ENOTFOUND);
}

static void lookups(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *path = NULL;
    assert_int_equal(cache_lookup(&path, &test_repo, "main", "a/b.txt", &err), CACHE_MISS);
    put_cached("models--ns--m", C1, "a/b.txt", "etag1", "hello");
    put("models--ns--m/refs/main", C1);
    assert_int_equal(cache_lookup(&path, &test_repo, "main", "a/b.txt", &err), CACHE_HIT);
    // not resolved: transformers takes the commit out of the path
    SP_AUTO_FREE char *want = at("models--ns--m/snapshots/" C1 "/a/b.txt");
    assert_string_equal(path, want);
    free(sp_take(&path));
    assert_int_equal(cache_lookup(&path, &test_repo, C1, "a/b.txt", &err), CACHE_HIT);
    free(sp_take(&path));
    assert_int_equal(cache_lookup(&path, &test_repo, C2, "a/b.txt", &err), CACHE_MISS);
    assert_int_equal(cache_lookup(&path, &test_repo, "main", "a", &err), CACHE_MISS); // a folder
    assert_int_equal(cache_no_exist_put(&test_repo, C1, "x/none.json", &err), 0);
    assert_int_equal(cache_no_exist_put(&test_repo, C1, "x/none.json", &err), 0);
    assert_text("models--ns--m/.no_exist/" C1 "/x/none.json", "");
    assert_int_equal(cache_lookup(&path, &test_repo, "main", "x/none.json", &err),
                     CACHE_KNOWN_ABSENT);
    assert_int_equal(cache_lookup(&path, &test_repo, C2, "x/none.json", &err), CACHE_MISS);
    assert_int_equal(cache_lookup(&path, &test_repo, "main", "../../x", &err), SP_EFORMAT);
    assert_null(path);
    assert_true(cache_has_blob(&test_repo, "etag1", 5));
    assert_true(cache_has_blob(&test_repo, "etag1", -1));
    assert_false(cache_has_blob(&test_repo, "etag1", 6));
    assert_false(cache_has_blob(&test_repo, "../refs/main", -1));
}

static void a_file_of_another_size_than_listed_is_a_miss(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *path = NULL;
    put_cached("models--ns--m", C1, "a.txt", "etag1", "hello");
    assert_int_equal(cache_lookup_whole(&path, &test_repo, C1, "a.txt", &err), CACHE_HIT);
    free(sp_take(&path)); // no listing: as it is
    put("models--ns--m/trees/" C1 ".json",
        "{\"format_version\":1,\"files\":{\"a.txt\":{\"size\":5,\"blob_id\":"
        "\"" C2 "\"},\"b.txt\":{\"size\":5,\"blob_id\":\"" C2 "\"}}}");
    assert_int_equal(cache_lookup_whole(&path, &test_repo, C1, "a.txt", &err), CACHE_HIT);
    free(sp_take(&path));
    put_cached("models--ns--m", C1, "b.txt", "etag2", "hell");
    assert_int_equal(cache_lookup_whole(&path, &test_repo, C1, "b.txt", &err), CACHE_MISS);
    assert_null(path);
    assert_int_equal(cache_tree_size_of(test_repo.dir, C1, "b.txt", 1000), 5);
    assert_int_equal(cache_tree_size_of(test_repo.dir, C1, "b.txt", 10), -1); // too long to read
    assert_int_equal(cache_tree_size_of(test_repo.dir, C1, "c.txt", 1000), -1);
    put("models--ns--m/trees/" C1 ".json", "{");
    assert_int_equal(cache_lookup_whole(&path, &test_repo, C1, "b.txt", &err), CACHE_HIT);
    free(sp_take(&path));
}

static void dangling_links_are_a_miss(void **state)
{
    SP_AUTO_FREE char *path = NULL;
    put_link("models--ns--m/snapshots/" C1 "/gone", "../../blobs/none");
    assert_int_equal(cache_lookup(&path, &test_repo, C1, "gone", NULL), CACHE_MISS);
}

static void lists(void **state)
{
    struct sp_err err = {0};
    SP_AUTO(cache_names_fini) struct cache_names n = {0}, f = {0};
    assert_int_equal(cache_commits(&n, &test_repo, &err), 0);
    assert_int_equal(n.list.n, 0);
    put_cached("models--ns--m", C2, "b", "e2", "2");
    put_cached("models--ns--m", C1, "a/b", "e1", "1");
    put_link("models--ns--m/snapshots/" C1 "/gone", "../../blobs/none");
    put("models--ns--m/snapshots/.DS_Store", "");
    assert_int_equal(cache_commits(&n, &test_repo, &err), 0);
    assert_int_equal(n.list.n, 2);
    assert_string_equal(n.list.v[0], C1);
    assert_int_equal(cache_snapshot_files(&f, &test_repo, C1, &err), 0);
    assert_int_equal(f.list.n, 1);
    assert_string_equal(f.list.v[0], "a/b");
}

static int count_and_hash(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    uint64_t *sum = ud;
    *sum = *sum * 31 + sp_str_hash(sp_cstr(rel)) + (uint64_t)st->st_ino +
           (uint64_t)st->st_mtim.tv_nsec + (uint64_t)st->st_size;
    return 0;
}

static uint64_t state_of_cache(void)
{
    uint64_t sum = 0;
    assert_int_equal(sp_walk(test_root, count_and_hash, &sum, NULL), 0);
    return sum;
}

static void lookups_write_nothing(void **state)
{
    SP_AUTO_FREE char *path = NULL;
    char c[41];
    put_cached("models--ns--m", C1, "a/b", "e1", "1");
    put("models--ns--m/refs/main", C1);
    uint64_t before = state_of_cache();
    assert_int_equal(cache_lookup(&path, &test_repo, "main", "a/b", NULL), CACHE_HIT);
    free(sp_take(&path));
    assert_int_equal(cache_lookup(&path, &test_repo, "main", "none", NULL), CACHE_MISS);
    assert_int_equal(cache_ref_read(c, &test_repo, "other", NULL), SP_ENOTFOUND);
    SP_AUTO(cache_tree_fini) struct cache_tree t = {0};
    assert_int_equal(cache_tree_read(&t, test_repo.dir, C1, NULL), SP_ENOTFOUND);
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    assert_int_equal(cache_scan_run(&s, test_root, NULL), 0);
    assert_true(before == state_of_cache());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repo_folders),
        cmocka_unit_test(etags),
        cmocka_unit_test_setup_teardown(refs, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(a_ref_is_only_written_when_it_changes, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(junk_refs_are_refused, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(lookups, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(a_file_of_another_size_than_listed_is_a_miss, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(dangling_links_are_a_miss, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(lists, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(lookups_write_nothing, test_setup, test_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
