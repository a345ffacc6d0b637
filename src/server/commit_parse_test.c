#include "server/commit_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int parse(struct srv_commit_line *out, struct sp_arena *a, const char *text,
                 struct sp_err *err)
{
    return srv_commit_line_parse(out, sp_cstr(text), a, err);
}

static void good_lines(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct srv_commit_line l;
    struct sp_err err = {0};
    assert_int_equal(
        parse(&l, &a,
              "{\"key\": \"header\", \"value\": {\"summary\": \"msg\", \"description\": \"d\", "
              "\"parentCommit\": \"ABCDEF0\"}}",
              &err),
        0);
    assert_int_equal(l.key, SRV_COMMIT_HEADER);
    assert_true(sp_eq_lit(l.summary, "msg"));
    assert_true(sp_eq_lit(l.description, "d"));
    assert_true(sp_eq_lit(l.parent, "abcdef0"));
    assert_int_equal(
        parse(&l, &a, "{\"key\":\"header\",\"value\":{\"summary\":\"x\",\"parentCommit\":null}}",
              &err),
        0);
    assert_int_equal(l.parent.n, 0);
    assert_int_equal(parse(&l, &a, "{\"key\":\"header\",\"value\":{\"summary\":\"\"}}", &err), 0);
    assert_true(sp_eq_lit(l.summary, "Update files"));
    assert_int_equal(parse(&l, &a,
                           "{\"key\":\"file\",\"value\":{\"content\":\"aGk=\",\"path\":\"a/"
                           "b.txt\",\"encoding\":\"base64\"}}",
                           &err),
                     0);
    assert_int_equal(l.key, SRV_COMMIT_FILE);
    assert_true(l.base64);
    assert_true(sp_eq_lit(l.path, "a/b.txt"));
    assert_int_equal(parse(&l, &a,
                           "{\"key\":\"file\",\"value\":{\"content\":\"hi\",\"path\":\"a\","
                           "\"encoding\":\"utf-8\"}}",
                           &err),
                     0);
    assert_false(l.base64);
    assert_true(sp_eq_lit(l.content, "hi"));
    assert_int_equal(
        parse(&l, &a,
              "{\"key\":\"lfsFile\",\"value\":{\"path\":\"w\",\"algo\":\"sha256\",\"oid\":"
              "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"size\":7}}",
              &err),
        0);
    assert_int_equal(l.key, SRV_COMMIT_LFS_FILE);
    assert_int_equal(l.size, 7);
    assert_int_equal(parse(&l, &a,
                           "{\"key\":\"lfsFile\",\"value\":{\"path\":\"w\",\"oid\":"
                           "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}}",
                           &err),
                     0);
    assert_int_equal(l.size, -1);
    assert_int_equal(parse(&l, &a, "{\"key\":\"deletedFile\",\"value\":{\"path\":\"x\"}}", &err),
                     0);
    assert_int_equal(l.key, SRV_COMMIT_DELETED_FILE);
    assert_int_equal(
        parse(&l, &a, "{\"key\":\"deletedFolder\",\"value\":{\"path\":\"dir/sub/\"}}", &err), 0);
    assert_int_equal(l.key, SRV_COMMIT_DELETED_FOLDER);
    assert_true(sp_eq_lit(l.path, "dir/sub"));
    assert_int_equal(parse(&l, &a, "{\"key\":\"deletedFolder\",\"value\":{\"path\":\"/\"}}", &err),
                     0);
    assert_int_equal(l.path.n, 0);
}

static void bad_lines(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"key\":\"header\"}",
        "{\"key\":\"header\",\"value\":[]}",
        "{\"key\":\"header\",\"value\":{}}",
        "{\"key\":\"header\",\"value\":{\"summary\":null}}",
        "{\"key\":\"header\",\"value\":{\"summary\":\"a\\u0000b\"}}",
        "{\"key\":\"header\",\"value\":{\"summary\":\"x\",\"parentCommit\":\"main\"}}",
        "{\"key\":\"header\",\"value\":{\"summary\":\"x\",\"parentCommit\":\"abc\"}}",
        "{\"key\":\"file\",\"value\":{\"path\":\"a\"}}",
        "{\"key\":\"file\",\"value\":{\"path\":1,\"content\":\"\"}}",
        "{\"key\":\"file\",\"value\":{\"path\":\".gitattributes/a\",\"content\":\"\"}}",
        "{\"key\":\"file\",\"value\":{\"path\":\"x/.GitModules/a\",\"content\":\"\"}}",
        "{\"key\":\"lfsFile\",\"value\":{\"path\":\".gitattributes/a\",\"oid\":"
        "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"size\":1}}",
        "{\"key\":\"file\",\"value\":{\"path\":\"a\",\"content\":\"\",\"encoding\":\"utf-16\"}}",
        "{\"key\":\"lfsFile\",\"value\":{\"path\":\"a\",\"oid\":\"../../x\",\"size\":1}}",
        "{\"key\":\"lfsFile\",\"value\":{\"path\":\"a\",\"oid\":"
        "\"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\",\"size\":1}}",
        "{\"key\":\"lfsFile\",\"value\":{\"path\":\"a\",\"algo\":\"md5\",\"oid\":"
        "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"size\":1}}",
        "{\"key\":\"lfsFile\",\"value\":{\"path\":\"a\",\"oid\":"
        "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"size\":-1}}",
        "{\"key\":\"deletedFile\",\"value\":{}}",
        "{\"key\":\"rename\",\"value\":{\"path\":\"a\"}}",
        "{\"key\":\"deletedFile\",\"value\":{\"path\":\"a\"}} trailing",
    };
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct srv_commit_line l = {.size = 42};
        struct sp_err err = {0};
        if (parse(&l, &a, bad[i], &err) >= 0)
            fail_msg("accepted: %s", bad[i]);
        assert_true(err.msg[0]);
        assert_int_equal(l.size, 42); // outs are written only on success
    }
}

static void paths(void **state)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "/abs",
                                      "a/",
                                      "a//b",
                                      ".",
                                      "..",
                                      "a/../b",
                                      "a/./b",
                                      ".git",
                                      "a/.git/config",
                                      ".GIT/x",
                                      "a/.Git",
                                      ".git./x",
                                      ".git /x",
                                      "git~1",
                                      "a\\..\\b",
                                      "a\x01"
                                      "b",
                                      "a\nb",
                                      "\xff",
                                      "a/\xc3",
                                      "C:/x"};
    static const char *const good[] = {"a",          "a/b/c.txt", ".gitattributes", ".github/x",
                                       ".gitignore", "a.git/x",   "sp ace",         "\xc3\xbc",
                                       "...",        "a..b",      ".cache/x",       "100%.txt",
                                       "a+b&c=d?e#f"};
    struct sp_err err;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (srv_path_check(sp_cstr(bad[i]), &err) >= 0)
            fail_msg("accepted: %s", bad[i]);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (srv_path_check(sp_cstr(good[i]), &err) < 0)
            fail_msg("refused: %s: %s", good[i], err.msg);
    assert_true(srv_path_check(sp_str_of("a\0b", 3), &err) < 0);
    char deep[2 * SRV_PATH_PARTS_MAX + 2];
    for (size_t i = 0; i < sizeof deep; i++)
        deep[i] = i % 2 ? '/' : 'd';
    assert_int_equal(srv_path_check(sp_str_of(deep, 2 * SRV_PATH_PARTS_MAX - 1), &err), 0);
    assert_true(srv_path_check(sp_str_of(deep, 2 * SRV_PATH_PARTS_MAX + 1), &err) < 0);
    char longest[300];
    memset(longest, 'x', sizeof longest);
    assert_int_equal(srv_path_check(sp_str_of(longest, 255), &err), 0);
    assert_true(srv_path_check(sp_str_of(longest, 256), &err) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lines),
        cmocka_unit_test(bad_lines),
        cmocka_unit_test(paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
