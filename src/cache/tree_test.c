#include "cache/testdir.h"

#define SHA1_A   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA256_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct cache_tree_file *add(struct cache_tree *t, const char *path, uint64_t size)
{
    struct cache_tree_file *f = sp_vec_push(&t->files);
    f->path = sp_arena_dupn(&t->arena, path, strlen(path));
    f->size = size;
    strcpy(f->blob_id, SHA1_A);
    return f;
}

static void written_as_python_does(void **state)
{
    struct sp_err err = {0};
    SP_AUTO(cache_tree_fini) struct cache_tree t = {0}, back = {0};
    struct cache_tree_file *f = add(&t, "z.bin", 3);
    strcpy(f->lfs_sha256, SHA256_B);
    strcpy(f->xet_hash, SHA256_B);
    f->lfs_size = 3;
    add(&t, "a/\xc3\xa9.txt", 0);
    mode_t mask = umask(022);
    assert_int_equal(cache_tree_write(test_repo.dir, C1, &t, &err), 0);
    umask(mask);
    assert_text(
        "models--ns--m/trees/" C1 ".json",
        "{\n \"format_version\": 1,\n \"files\": {\n  \"a/\xc3\xa9.txt\": {\n   \"size\": 0,\n"
        "   \"blob_id\": \"" SHA1_A
        "\"\n  },\n  \"z.bin\": {\n   \"size\": 3,\n   \"blob_id\": \"" SHA1_A
        "\",\n   \"lfs_sha256\": \"" SHA256_B
        "\",\n   \"lfs_size\": 3,\n   \"xet_hash\": \"" SHA256_B "\"\n  }\n }\n}");
    // readable for others, unlike Python's 0600
    SP_AUTO_FREE char *p = at("models--ns--m/trees/" C1 ".json");
    struct stat st;
    assert_int_equal(stat(p, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_int_equal(cache_tree_read(&back, test_repo.dir, C1, &err), 0);
    assert_int_equal(back.files.n, 2);
    assert_string_equal(back.files.v[1].path, "z.bin");
    assert_string_equal(back.files.v[1].lfs_sha256, SHA256_B);
    assert_string_equal(back.files.v[1].xet_hash, SHA256_B);
    assert_int_equal(back.files.v[1].lfs_size, 3);
    assert_string_equal(back.files.v[0].lfs_sha256, "");
    assert_int_equal(entries("models--ns--m/trees"), 1);
}

static int parse(const char *text, struct sp_err *err)
{
    SP_AUTO(cache_tree_fini) struct cache_tree t = {0};
    return cache_tree_parse(&t, sp_cstr(text), err);
}

#define ENTRY(path, body) "{\"format_version\":1,\"files\":{\"" path "\":{" body "}}}"

static void corrupt_ones_are_refused(void **state)
{
    struct sp_err err = {0};
    assert_int_equal(
        parse(ENTRY("a", "\"size\":1,\"blob_id\":\"" SHA1_A "\",\"lfs_sha256\":null"), &err), 0);
    assert_int_equal(parse("{\"format_version\":1,\"files\":{}}", &err), 0);
    const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"format_version\":2,\"files\":{}}",
        "{\"format_version\":1}",
        "{\"format_version\":1,\"files\":[]}",
        "{\"format_version\":1,\"files\":{\"a\":1}}",
        ENTRY("a", ""),
        ENTRY("a", "\"size\":1"),
        ENTRY("a", "\"size\":-1,\"blob_id\":\"" SHA1_A "\""),
        ENTRY("a", "\"size\":1.5,\"blob_id\":\"" SHA1_A "\""),
        ENTRY("a", "\"size\":1,\"blob_id\":\"x\""),
        ENTRY("../a", "\"size\":1,\"blob_id\":\"" SHA1_A "\""),
        ENTRY("/a", "\"size\":1,\"blob_id\":\"" SHA1_A "\""),
        ENTRY("a", "\"size\":1,\"blob_id\":\"" SHA1_A "\",\"xet_hash\":\"abc\""),
        ENTRY("a", "\"size\":1,\"blob_id\":\"" SHA1_A "\",\"lfs_sha256\":\"" SHA256_B "\""),
        ENTRY("a", "\"size\":1,\"blob_id\":\"" SHA1_A "\",\"lfs_sha256\":7"),
        "{\"format_version\":1,\"files\":{\"a\":{\"size\":1,\"blob_id\":\"" SHA1_A "\"}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parse(bad[i], &err) != SP_EFORMAT)
            fail_msg("taken: %s", bad[i]);
    SP_AUTO(cache_tree_fini) struct cache_tree t = {0};
    put("models--ns--m/trees/" C2 ".json", "{\"format_version\": 1, \"fi");
    assert_int_equal(cache_tree_read(&t, test_repo.dir, C2, &err), SP_ENOTFOUND);
    assert_int_equal(cache_tree_read(&t, test_repo.dir, "main", &err), SP_EFORMAT);
    assert_int_equal(t.files.n, 0);
}

static void sizes_from_a_large_list(void **state)
{
    struct sp_err err = {0};
    SP_AUTO(cache_tree_fini) struct cache_tree t = {0};
    char name[64];
    for (uint64_t i = 0; i < 3000; i++) { // entries lie across the borders of blocks
        snprintf(name, sizeof name, "d\xc3\xa9/\"quoted\"/%05llu.txt", (unsigned long long)i);
        add(&t, name, i);
    }
    assert_int_equal(cache_tree_write(test_repo.dir, C1, &t, &err), 0);
    for (uint64_t i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "d\xc3\xa9/\"quoted\"/%05llu.txt", (unsigned long long)i);
        if (cache_tree_size_of(test_repo.dir, C1, name, 256 * SP_KIB) != (int64_t)i)
            fail_msg("%s", name);
    }
    assert_int_equal(cache_tree_size_of(test_repo.dir, C1, "00001.txt", 256 * SP_KIB), -1);
    assert_int_equal(cache_tree_size_of(test_repo.dir, C1, "files", 256 * SP_KIB), -1);
    // bytes that only look like an entry, and one without an end
    put("models--ns--m/trees/" C2 ".json", "\n  \"a\": {\"size\": -1}\n  \"b\": {\"size\": 1");
    assert_int_equal(cache_tree_size_of(test_repo.dir, C2, "a", 8), -1);
    assert_int_equal(cache_tree_size_of(test_repo.dir, C2, "b", 8), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_as_python_does, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(corrupt_ones_are_refused, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(sizes_from_a_large_list, test_setup, test_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
