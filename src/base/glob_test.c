#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct row {
    const char *pattern, *text;
    bool want;
};

static void fnmatch_rules(void **state)
{
    // Every row was checked against Python 3.11's fnmatch.fnmatchcase.
    const struct row t[] = {
        {"*.json", "a/b.json", true},
        {"*.json", ".json", true},
        {"*.json", "a.jsonx", false},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"?", "/", true},
        {"?", "", false},
        {"?", "\xc3\xa9", true},
        {"??", "\xc3\xa9", false},
        {"**/x", "x", false},
        {"**/x", "a/b/x", true},
        {"a**b", "a/c/b", true},
        {"[ab]c", "bc", true},
        {"[!ab]c", "bc", false},
        {"[!ab]c", "/c", true},
        {"[^a]", "^", true},
        {"[^a]", "b", false},
        {"[]a]", "]", true},
        {"[]a]", "a", true},
        {"[!]a]", "]", false},
        {"[a", "[a", true},
        {"[!]", "[!]", true},
        {"[]", "[]", true},
        {"[a-c]", "b", true},
        {"[c-a]", "b", false},
        {"[c-a]", "c", false},
        {"[!c-a]", "b", true},
        {"[a-]", "-", true},
        {"[-a]", "-", true},
        {"[a-c-e]", "d", false},
        {"[a-c-e]", "-", true},
        {"[--a]", "0", true},
        {"[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", true},
        {"[\\]", "\\", true},
        {"\\*", "\\x", true},
        {"\\*", "*", false},
        {"a.c", "abc", false},
        {"A", "a", false},
        {"*a*b*c", "xxaxbxbxcc", true},
        {"*a*b*c", "xxaxbxbxcx", false},
        {"dir/*", "dir/a/b", true},
        {"dir", "dir/a", false},
        {"*.hidden", ".hidden", true},
        {"[[]", "[", true},
        {"[[a]b", "[b", true},
        {"a[\\-z]", "a^", true},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        if (sp_fnmatch(sp_cstr(t[i].pattern), sp_cstr(t[i].text)) != t[i].want)
            fail_msg("fnmatch(%s, %s) is not %d", t[i].pattern, t[i].text, t[i].want);
    }
}

static void no_exponential_time(void **state)
{
    char pat[200] = "", text[5000];
    for (int i = 0; i < 60; i++)
        strcat(pat, "a*");
    strcat(pat, "b");
    memset(text, 'a', sizeof text);
    int64_t t0 = sp_mono_ms();
    assert_false(sp_fnmatch(sp_cstr(pat), (sp_str){text, sizeof text}));
    assert_false(sp_gitglob(sp_cstr(pat), (sp_str){text, sizeof text}, false));
    char deep[400] = "";
    for (int i = 0; i < 40; i++)
        strcat(deep, "**/a/");
    strcat(deep, "b");
    for (size_t i = 1; i < sizeof text; i += 2)
        text[i] = '/';
    assert_false(sp_gitglob(sp_cstr(deep), (sp_str){text, sizeof text}, false));
    assert_true(sp_mono_ms() - t0 < 20000);
}

static void filters(void **state)
{
    const char *json[] = {"*.json"}, *dir[] = {"sub/"}, *win[] = {"sub\\*.txt"};
    assert_true(sp_filter_match(NULL, SP_LIT("x")));
    struct sp_filter f = {0};
    assert_true(sp_filter_match(&f, SP_LIT("x")));
    f = (struct sp_filter){.has_allow = true}; // an empty list matches nothing
    assert_false(sp_filter_match(&f, SP_LIT("x")));
    f = (struct sp_filter){.allow = json, .allow_n = 1, .has_allow = true};
    assert_true(sp_filter_match(&f, SP_LIT("a/b.json")));
    assert_false(sp_filter_match(&f, SP_LIT("a/b.txt")));
    f.ignore = dir;
    f.ignore_n = 1;
    assert_false(sp_filter_match(&f, SP_LIT("sub/b.json")));
    assert_true(sp_filter_match(&f, SP_LIT("subs/b.json")));
    f = (struct sp_filter){.ignore = win, .ignore_n = 1};
    assert_false(sp_filter_match(&f, SP_LIT("sub/a.txt")));
    assert_false(sp_filter_match(&f, SP_LIT("sub\\a.txt")));
    assert_true(sp_filter_match(&f, SP_LIT("sub/a.bin")));
}

static void git_rules(void **state)
{
    // Files only; every row was checked against `git check-ignore` 2.39.
    const struct row t[] = {
        {"*.bin", "a/b/x.bin", true},
        {"*.bin", "x.bin.txt", false},
        {"x", "a/x", true},
        {"/x", "x", true},
        {"/x", "a/x", false},
        {"a/x", "a/x", true},
        {"a/x", "b/a/x", false},
        {"a/*", "a/b", true},
        {"a/*", "a/b/c", false},
        {"a/**", "a/b/c", true},
        {"a/**", "ab", false},
        {"a/**/b", "a/b", true},
        {"a/**/b", "a/x/y/b", true},
        {"a/**/b", "a/xb", false},
        {"**/b", "b", true},
        {"**/b", "x/y/b", true},
        {"**/b", "xb", false},
        {"**/a/b", "x/a/b", true},
        {"a**b", "axb", true},
        {"x/a**b", "x/a/b", false},
        {"f[0-9].*", "f7.txt", true},
        {"f[!0-9]", "f7", false},
        {"f[^0-9]", "fx", true},
        {"f[]x]", "f]", true},
        {"\\*x", "*x", true},
        {"\\*x", "ax", false},
        {"x\\", "x\\", false},
        {"f[[:digit:]x]", "f5", true},
        {"f[[:digit:]x]", "fx", true},
        {"f[[:digit:]x]", "fy", false},
        {"a?c", "abc", true},
        {"x/a?c", "x/a/c", false},
        {"saved_model/**/*", "saved_model/a", true},
        {"saved_model/**/*", "saved_model/v/a.pb", true},
        {"*tfevents*", "r/events.out.tfevents.1", true},
        {"f[", "f[", false},
        {"**", "a/b", true},
        {"f[\\]]", "f]", true},
        {"/*.x", "a/b.x", false},
        {"/*.x", "b.x", true},
        {"/**", "a/b", true},
        {"[c-a]", "c", true},
        {"[c-a]", "b", false},

    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        if (sp_gitglob(sp_cstr(t[i].pattern), sp_cstr(t[i].text), false) != t[i].want)
            fail_msg("gitglob(%s, %s) is not %d", t[i].pattern, t[i].text, t[i].want);
    }
    assert_true(sp_gitglob(SP_LIT("d/"), SP_LIT("a/d"), true));
    assert_false(sp_gitglob(SP_LIT("d/"), SP_LIT("a/d"), false));
    assert_false(sp_gitglob(SP_LIT(""), SP_LIT("a"), false));
    assert_false(sp_gitglob(SP_LIT("a\0"), SP_LIT("a"), false));
}

int main(void)
{
    const struct CMUnitTest t[] = {cmocka_unit_test(fnmatch_rules),
                                   cmocka_unit_test(no_exponential_time), cmocka_unit_test(filters),
                                   cmocka_unit_test(git_rules)};
    return cmocka_run_group_tests_name("base/glob", t, NULL, NULL);
}
