#include "base/base.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void wire_paths(void **state)
{
    const char *good[] = {
        "a", "a/b.txt", ".gitattributes", "a b/\xc3\xa9", "...", "a..b", "..a", "a:b", "x\\y",
        "C", "c:d"};
    struct sp_err err = {0};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(sp_path_check(sp_cstr(good[i]), "tree", &err), 0);
    const char *bad[] = {"",     "/a",    "a//b",     "a/",    ".",     "..",         "a/../b",
                         "./a",  "a/.",   "a\\..\\b", "..\\x", "\\x",   "a\\\\b",     "C:",
                         "C:/x", "c:\\x", "a\nb",     "a\x7f", "a\xff", "\xc0\xaf..", "a\\"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(sp_path_check(sp_cstr(bad[i]), "tree", &err), SP_EFORMAT);
        assert_true(sp_utf8_valid(sp_cstr(err.msg)));
        assert_false(sp_has_ctl(sp_cstr(err.msg)));
        assert_true(sp_starts(sp_cstr(err.msg), SP_LIT("tree: ")));
    }
    assert_int_equal(sp_path_check(SP_LIT("a\0b"), "tree", &err), SP_EFORMAT);
}

static void nothing_goes_into_git(void **state)
{
    const char *bad[] = {".git",
                         ".git/config",
                         "a/.git/hooks/x",
                         ".GIT/x",
                         "x\\.Git\\y",
                         ".git./x",
                         ".git . ./x",
                         "git~1",
                         "GIT~1/x",
                         ".git::$x/c",
                         ".g\xe2\x80\x8cit/config",
                         ".git\xef\xbb\xbf"};
    struct sp_err err = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(sp_path_check(sp_cstr(bad[i]), "tree", &err), SP_EFORMAT);
        assert_true(sp_find(sp_cstr(err.msg), SP_LIT(".git")) >= 0);
    }
    const char *good[] = {".gitattributes", ".gitignore", ".github/x", "a.git",  "git",
                          ".git.x",         ".git x",     "git~10",    "x.git/y"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(sp_path_check(sp_cstr(good[i]), "tree", &err), 0);
}

static void lengths(void **state)
{
    char long_path[5000];
    memset(long_path, 'x', sizeof long_path);
    assert_int_equal(sp_path_check((sp_str){long_path, 255}, "t", NULL), 0);
    assert_int_equal(sp_path_check((sp_str){long_path, 256}, "t", NULL), SP_EFORMAT);
    for (size_t i = 200; i < sizeof long_path; i += 200)
        long_path[i] = '/';
    assert_int_equal(sp_path_check((sp_str){long_path, 4096}, "t", NULL), 0);
    assert_int_equal(sp_path_check((sp_str){long_path, 4097}, "t", NULL), SP_EFORMAT);
    // deeper than sp_walk and sp_remove_tree go: nobody could list or remove it again
    memset(long_path, 'x', sizeof long_path);
    for (size_t i = 1; i < sizeof long_path; i += 2)
        long_path[i] = '/';
    assert_int_equal(sp_path_check((sp_str){long_path, 2 * SP_LIM_PATH_PARTS - 1}, "t", NULL), 0);
    assert_int_equal(sp_path_check((sp_str){long_path, 2 * SP_LIM_PATH_PARTS + 1}, "t", NULL),
                     SP_EFORMAT);
    memset(long_path, 'x', sizeof long_path);
    for (size_t i = 200; i < sizeof long_path; i += 200)
        long_path[i] = '/';
    long_path[200] = '\\'; // only '/' ends a name on this system
    assert_int_equal(sp_path_check((sp_str){long_path, 4096}, "t", NULL), SP_EFORMAT);
}

static void check_join(const char *a, const char *b, const char *want)
{
    SP_AUTO_FREE char *p = sp_path_join(a, b);
    assert_string_equal(p, want);
}

static void join_and_split(void **state)
{
    check_join("a", "b", "a/b");
    check_join("a/", "b", "a/b");
    check_join("a", "/b", "/b");
    check_join("", "b", "b");
    assert_true(sp_eq_lit(sp_path_base(SP_LIT("a/b/c")), "c"));
    assert_true(sp_eq_lit(sp_path_base(SP_LIT("c")), "c"));
    assert_int_equal(sp_path_base(SP_LIT("a/")).n, 0);
    assert_true(sp_eq_lit(sp_path_dir(SP_LIT("a/b/c")), "a/b"));
    assert_true(sp_eq_lit(sp_path_dir(SP_LIT("/c")), "/"));
    assert_int_equal(sp_path_dir(SP_LIT("c")).n, 0);
}

static void check_expand(const char *in, const char *want)
{
    SP_AUTO_FREE char *p = sp_path_expand(in);
    assert_string_equal(p, want);
}

static void expand(void **state)
{
    setenv("HOME", "/home/u", 1);
    setenv("SP_T", "val", 1);
    unsetenv("SP_NONE");
    check_expand("~", "/home/u");
    check_expand("~/x", "/home/u/x");
    check_expand("a/~", "a/~");
    check_expand("~no-such-user/x", "~no-such-user/x");
    struct passwd *pw = getpwnam("root");
    SP_AUTO_FREE char *root = sp_fmt("%s/x", pw ? pw->pw_dir : "~root");
    check_expand("~root/x", root);
    check_expand("$SP_T/x", "val/x");
    check_expand("a${SP_T}b", "avalb");
    check_expand("$SP_NONE/${SP_NONE}/${", "$SP_NONE/${SP_NONE}/${"); // as Python leaves them
    check_expand("$", "$");
    check_expand("", "");
}

static void absolute(void **state)
{
    const char *t[][2] = {{"/a/b/../c/./d//e/", "/a/c/d/e"}, {"/../..", "/"}, {"/", "/"}};
    for (size_t i = 0; i < 3; i++) {
        SP_AUTO_FREE char *p = sp_path_abs(t[i][0]);
        assert_string_equal(p, t[i][1]);
    }
    assert_int_equal(chdir("/usr"), 0);
    SP_AUTO_FREE char *p = sp_path_abs("x/../y");
    assert_string_equal(p, "/usr/y");
}

// What is printed holds in any folder, also before it is made.
static void real(void **state)
{
    char dir[] = "/tmp/spoke-path-XXXXXX", link[64], want[64];
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    snprintf(link, sizeof link, "%s/link", dir);
    assert_int_equal(mkdir("there", 0777), 0);
    assert_int_equal(symlink("there", "link"), 0);
    setenv("HOME", dir, 1);
    const char *t[][2] = {{"link", "there"},    {"link/new/x", "there/new/x"},
                          {"./new/../y/", "y"}, {"~/link/z", "there/z"},
                          {"link/../q", "q"},   {"~bob", "~bob"},
                          {link, "there"},      {"$HOME", "$HOME"}};
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        SP_AUTO_FREE char *p = sp_path_real(t[i][0]);
        snprintf(want, sizeof want, "%s/%s", dir, t[i][1]);
        assert_string_equal(p, want);
    }
    SP_AUTO_FREE char *root = sp_path_real("/");
    assert_string_equal(root, "/");
    const struct passwd *pw = getpwuid(0);
    SP_AUTO_FREE char *of_root = sp_fmt("~%s/not/there", pw->pw_name);
    SP_AUTO_FREE char *below = sp_path_real(of_root), *home = sp_path_real(pw->pw_dir);
    SP_AUTO_FREE char *expected = sp_path_join(home, "not/there");
    assert_string_equal(below, expected);
    assert_int_equal(unlink("link") | rmdir("there") | chdir("/") | rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(wire_paths), cmocka_unit_test(nothing_goes_into_git),
        cmocka_unit_test(lengths),    cmocka_unit_test(join_and_split),
        cmocka_unit_test(expand),     cmocka_unit_test(absolute),
        cmocka_unit_test(real)};
    return cmocka_run_group_tests_name("base/path", t, NULL, NULL);
}
