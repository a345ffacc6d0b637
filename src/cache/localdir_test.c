#include "cache/testdir.h"

#include <fcntl.h>
#include <time.h>
#include <utime.h>

#define HELLO_GIT "ce013625030ba8dba906f756967f9e9ca394464a"
#define NOTES     ".cache/huggingface/download/"

static void init(void **state)
{
    struct sp_err err = {0};
    assert_int_equal(cache_local_init(test_root, &err), 0);
    assert_text(".cache/huggingface/.gitignore", "*");
    assert_true(there(".cache/huggingface/CACHEDIR.TAG"));
    put(".cache/huggingface/.gitignore", "mine");
    assert_int_equal(cache_local_init(test_root, &err), 0);
    assert_text(".cache/huggingface/.gitignore", "mine");
}

static void fetched(void **state)
{
    struct sp_err err = {0};
    struct cache_want w = {.etag = HELLO_GIT, .size = 6};
    struct cache_store *s = NULL;
    SP_AUTO_LOCK struct sp_lock lock = {0};
    assert_int_equal(cache_local_lock(&lock, test_root, "a/b.txt", NULL, &err), 0);
    assert_true(there(NOTES "a/b.txt.lock"));
    assert_int_equal(cache_local_begin(&s, test_root, "a/b.txt", &w, NULL, &err), 0);
    // base64url(sha1("b.txt.metadata")).<etag>.<8hex>.incomplete, as Python computes it
    SP_AUTO(cache_names_fini) struct cache_names n = {0};
    SP_AUTO_FREE char *dir = at(NOTES "a");
    assert_int_equal(sp_dir_list(&n.list, dir, &err), 0);
    size_t temps = 0;
    SP_VEC_EACH (&n.list, it)
        temps += sp_starts(sp_cstr(*it), SP_LIT("_uyS0o2qDePd8qnKbWnxUl4enPU=." HELLO_GIT ".")) &&
                 sp_ends(sp_cstr(*it), SP_LIT(".incomplete"));
    assert_int_equal(temps, 1);
    assert_int_equal(cache_store_write(s, "hello\n", 6, 0, &err), 0);
    assert_int_equal(cache_store_commit(s, true, &err), 0);
    cache_store_close(&s, false);
    assert_text("a/b.txt", "hello\n");
    assert_int_equal(entries(NOTES "a"), 1); // the lock
    assert_int_equal(cache_local_write(test_root, "a/b.txt", C1, HELLO_GIT, &err), 0);
    struct cache_local_meta m = {0};
    assert_int_equal(cache_local_read(&m, test_root, "a/b.txt", &err), 1);
    assert_string_equal(m.commit, C1);
    assert_string_equal(m.etag, HELLO_GIT);
    assert_true(m.timestamp > 1e9);
}

static void edited_or_gone_files_have_no_note(void **state)
{
    struct sp_err err = {0};
    struct cache_local_meta m = {0};
    assert_int_equal(cache_local_read(&m, test_root, "f", &err), 0);
    put("f", "hello\n");
    assert_int_equal(cache_local_write(test_root, "f", C1, "e", &err), 0);
    assert_int_equal(cache_local_read(&m, test_root, "f", &err), 1);
    SP_AUTO_FREE char *f = at("f");
    struct utimbuf later = {.actime = time(NULL) + 100, .modtime = time(NULL) + 100};
    assert_int_equal(utime(f, &later), 0);
    assert_int_equal(cache_local_read(&m, test_root, "f", &err), 0);
    unlink(f);
    assert_int_equal(cache_local_read(&m, test_root, "f", &err), 0);
    assert_true(there(NOTES "f.metadata")); // stale, not corrupt
}

// Written under a clock that was ahead, a note would hide every edit until that hour.
static void notes_from_the_future_do_not_count(void **state)
{
    struct cache_local_meta m = {0};
    put("f", "hello\n");
    SP_AUTO_FREE char *soon = sp_fmt(C1 "\ne\n%lld.5\n", (long long)time(NULL) + 30);
    SP_AUTO_FREE char *far = sp_fmt(C1 "\ne\n%lld.5\n", (long long)time(NULL) + 4000);
    put(NOTES "f.metadata", soon);
    assert_int_equal(cache_local_read(&m, test_root, "f", NULL), 1);
    put(NOTES "f.metadata", far);
    assert_int_equal(cache_local_read(&m, test_root, "f", NULL), 0);
    assert_true(there(NOTES "f.metadata"));
}

static void corrupt_notes_are_removed(void **state)
{
    const char *const bad[] = {"",           "x\ny\nz\n",     C1 "\n\n1.5\n",   C1 "\na/b\n1.5\n",
                               C1 "\ne\n\n", C1 "\ne\nnan\n", C1 "\ne\n1.5x\n", "main\ne\n1.5\n"};
    struct cache_local_meta m = {0};
    put("f", "");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(NOTES "f.metadata", bad[i]);
        if (cache_local_read(&m, test_root, "f", NULL) != 0)
            fail_msg("taken: %s", bad[i]);
        assert_false(there(NOTES "f.metadata"));
    }
    assert_true(cache_local_parse(&m, SP_LIT(C1 "\ne\n1795247714.1444094\n")));
    assert_true(cache_local_parse(&m, SP_LIT(C1 "\r\ne\r\n1795247714\r\n")));
}

static void reserved_names(void **state)
{
    struct sp_err err = {0};
    struct cache_want w = {.etag = HELLO_GIT, .size = 6};
    struct cache_store *s = NULL;
    const char *const bad[] = {"../x",   "/x",        ".cache/huggingface/download/a.metadata",
                               ".cache", "a/../../b", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(cache_local_begin(&s, test_root, bad[i], &w, NULL, &err), SP_EFORMAT);
    SP_AUTO_FREE char *d = at("dir");
    assert_int_equal(sp_mkdirs(d, 0777, NULL), 0);
    assert_int_equal(cache_local_begin(&s, test_root, "dir", &w, NULL, &err), SP_EIO);
    assert_null(s);
}

static void users_file_is_replaced_not_written_into(void **state)
{
    // a hardlink elsewhere keeps its content
    struct sp_err err = {0};
    struct cache_want w = {.etag = HELLO_GIT, .size = 6};
    struct cache_store *s = NULL;
    put("f", "old");
    SP_AUTO_FREE char *f = at("f"), *other = at("other");
    assert_int_equal(link(f, other), 0);
    assert_int_equal(cache_local_begin(&s, test_root, "f", &w, NULL, &err), 0);
    assert_int_equal(cache_store_write(s, "hellO\n", 6, 0, &err), 0);
    assert_int_equal(cache_store_commit(s, true, &err), SP_EHASH);
    cache_store_close(&s, true);
    assert_text("f", "old");
    assert_int_equal(cache_local_begin(&s, test_root, "f", &w, NULL, &err), 0);
    assert_int_equal(cache_store_write(s, "hello\n", 6, 0, &err), 0);
    assert_int_equal(cache_store_commit(s, true, &err), 0);
    cache_store_close(&s, false);
    assert_text("f", "hello\n");
    assert_text("other", "old");
}

static void the_longest_names_have_no_note(void **state)
{
    char name[256];
    struct sp_err err = {0};
    struct cache_local_meta m;
    SP_AUTO_LOCK struct sp_lock lock = {0};
    struct cache_want w = {.etag = HELLO_GIT, .size = 6};
    struct cache_store *s = NULL;
    memset(name, 'n', 255);
    name[255] = '\0';
    assert_int_equal(cache_local_lock(&lock, test_root, name, NULL, &err), 0);
    assert_int_equal(cache_local_read(&m, test_root, name, &err), 0);
    assert_int_equal(cache_local_begin(&s, test_root, name, &w, NULL, &err), 0);
    assert_int_equal(cache_store_write(s, "hello\n", 6, 0, &err), 0);
    assert_int_equal(cache_store_commit(s, true, &err), 0);
    cache_store_close(&s, false);
    assert_int_equal(cache_local_write(test_root, name, C1, HELLO_GIT, &err), 0);
    assert_int_equal(cache_local_read(&m, test_root, name, &err), 0);
    assert_text(name, "hello\n");
    name[246] = '\0'; // + ".metadata" is a name of 255 bytes
    put(name, "hello\n");
    assert_int_equal(cache_local_write(test_root, name, C1, HELLO_GIT, &err), 0);
    assert_int_equal(cache_local_read(&m, test_root, name, &err), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {T(init),
                                       T(fetched),
                                       T(edited_or_gone_files_have_no_note),
                                       T(notes_from_the_future_do_not_count),
                                       T(corrupt_notes_are_removed),
                                       T(reserved_names),
                                       T(the_longest_names_have_no_note),
                                       T(users_file_is_replaced_not_written_into)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
