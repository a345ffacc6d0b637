#include "cache/testdir.h"

#include "cache/shared.h"

#define HELLO_SHA "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define XET       "abababababababababababababababababababababababababababababababab"
#define ENTRY     "blobs/ab/" XET
#define BLOB      "models--ns--m/blobs/" HELLO_SHA

static void make_store(void)
{
    put("blobs/.huggingface-shared-blobs", "1\n");
    put(ENTRY, "hello\n");
    put(ENTRY ".refs", "datasets--o--d/blobs/x\n");
    put_link("datasets--o--d/blobs/x", "../../" ENTRY);
}

static void marker_decides(void **state)
{
    assert_false(cache_shared_is_store(test_root));
    put("blobs/.huggingface-shared-blobs", "2\n");
    assert_false(cache_shared_is_store(test_root));
    put("blobs/.huggingface-shared-blobs", "1\n");
    assert_true(cache_shared_is_store(test_root));
    put_link("blobs/.huggingface-shared-blobs", "elsewhere");
    assert_false(cache_shared_is_store(test_root));
}

static int begin(int64_t size, const char *sha)
{
    struct cache_want w = {.etag = HELLO_SHA, .size = size, .sha256 = sha, .xet_hash = XET};
    struct cache_store *s = NULL;
    struct sp_err err = {0};
    int rc = cache_store_begin(&s, &test_repo, &w, NULL, &err);
    cache_store_close(&s, false);
    return rc;
}

static void links_instead_of_fetching(void **state)
{
    make_store();
    assert_int_equal(begin(6, HELLO_SHA), CACHE_STORE_PRESENT);
    assert_link(BLOB, "../../" ENTRY);
    assert_text(BLOB, "hello\n");
    assert_text(ENTRY ".refs", "datasets--o--d/blobs/x\nmodels--ns--m/blobs/" HELLO_SHA "\n");
    SP_AUTO_FREE char *blob = at(BLOB), *entry = at(ENTRY);
    SP_AUTO_FREE char *target = cache_shared_target(test_root, blob);
    assert_string_equal(target, entry);
    assert_int_equal(entries("models--ns--m/blobs"), 1);
}

static void unsound_entries_are_not_used(void **state)
{
    make_store();
    assert_int_equal(begin(7, HELLO_SHA), CACHE_STORE_READY); // size
    put(ENTRY, "hellO\n");
    assert_int_equal(begin(6, HELLO_SHA), CACHE_STORE_READY); // content
    put_link(ENTRY, "/etc/passwd");
    assert_int_equal(begin(6, HELLO_SHA), CACHE_STORE_READY);
    put(ENTRY, "hello\n");
    put("blobs/.huggingface-shared-blobs", "9\n");
    assert_int_equal(begin(6, HELLO_SHA), CACHE_STORE_READY);
    assert_int_equal(entries("models--ns--m/blobs"), 0);
    assert_text(ENTRY ".refs", "datasets--o--d/blobs/x\n");
}

static void sweep_keeps_what_is_used(void **state)
{
    make_store();
    SP_AUTO_FREE char *entry = at(ENTRY);
    put(ENTRY ".refs", "models--gone--x/blobs/y\ndatasets--o--d/blobs/x\n../../etc/passwd\n/abs\n\n"
                       "datasets--o--d/blobs/x\n");
    assert_int_equal(cache_shared_refs_left(test_root, entry, NULL), 1);
    assert_int_equal(cache_shared_sweep(test_root, entry), 0);
    assert_text(ENTRY ".refs", "datasets--o--d/blobs/x\n");
    put_link("datasets--o--d/blobs/x", "../../blobs/ab/other"); // leads elsewhere now
    assert_int_equal(cache_shared_sweep(test_root, entry), 6);
    assert_false(there(ENTRY));
    assert_false(there(ENTRY ".refs"));
}

static void sweep_never_guesses(void **state)
{
    make_store();
    SP_AUTO_FREE char *entry = at(ENTRY), *refs = at(ENTRY ".refs");
    unlink(refs);
    assert_true(cache_shared_refs_left(test_root, entry, NULL) == SIZE_MAX);
    assert_int_equal(cache_shared_sweep(test_root, entry), 0);
    put(ENTRY ".refs", "\xff\xfe\n");
    assert_int_equal(cache_shared_sweep(test_root, entry), 0);
    put_link(ENTRY ".refs", "/dev/null");
    assert_int_equal(cache_shared_sweep(test_root, entry), 0);
    unlink(refs);
    put(ENTRY ".refs", "");
    put("blobs/.huggingface-shared-blobs", "2\n");
    assert_int_equal(cache_shared_sweep(test_root, entry), 0);
    assert_text(ENTRY, "hello\n");
}

static void lines(void **state)
{
    assert_true(cache_shared_line_ok(SP_LIT("models--a--b/blobs/x")));
    assert_true(cache_shared_line_ok(SP_LIT("kernels--a/blobs/x.y")));
    const char *const bad[] = {"",
                               "models--/blobs/x",
                               "models/blobs/x",
                               "x--a/blobs/x",
                               "models--a/blobs/",
                               "models--a/blobs/..",
                               "models--a/blobs/x/y",
                               "models--a/snapshots/x",
                               "/models--a/blobs/x",
                               "models--a/../blobs/x",
                               "models--a//x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (cache_shared_line_ok(sp_cstr(bad[i])))
            fail_msg("taken: %s", bad[i]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(marker_decides),           T(links_instead_of_fetching), T(unsound_entries_are_not_used),
        T(sweep_keeps_what_is_used), T(sweep_never_guesses),       cmocka_unit_test(lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
