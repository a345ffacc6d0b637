#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define S(x) SP_LIT(x)
static const sp_str none;

static void compare(void **state)
{
    assert_true(sp_eq(none, S("")));
    assert_true(sp_eq_nocase(S("Content-Length"), S("content-LENGTH")));
    assert_false(sp_eq_nocase(S("\xc3\x89"), S("\xc3\xa9"))); // ASCII only
    assert_int_equal(sp_cmp(S("a"), S("b")), -1);
    assert_int_equal(sp_cmp(S("a"), S("a\0")), -1);
    assert_int_equal(sp_cmp(S("\xff"), S("a")), 1); // bytes are unsigned
    assert_int_equal(sp_cmp(none, none), 0);
    assert_true(sp_starts(S("abc"), none));
    assert_true(sp_starts(S("abc"), S("ab")));
    assert_false(sp_starts(S("ab"), S("abc")));
    assert_true(sp_ends(S("abc"), S("bc")));
    assert_false(sp_ends(none, S("x")));
    assert_true(sp_eq_secret(S("abc"), S("abc")));
    assert_false(sp_eq_secret(S("abc"), S("abd")));
    assert_false(sp_eq_secret(S("abc"), S("ab")));
    assert_string_equal(sp_noun(1, "box", "boxes"), "box");
    assert_string_equal(sp_noun(0, "box", "boxes"), "boxes");
}

static void cut_and_find(void **state)
{
    assert_true(sp_eq_lit(sp_sub(S("hello"), 1, 3), "ell"));
    assert_true(sp_eq_lit(sp_sub(S("hello"), 4, 30), "o"));
    assert_int_equal(sp_sub(S("hello"), 9, 3).n, 0);
    assert_int_equal(sp_from(none, 3).n, 0);
    assert_int_equal(sp_find(S("abcabc"), S("ca")), 2);
    assert_int_equal(sp_find(S("abc"), S("abcd")), -1);
    assert_int_equal(sp_find(S("abc"), none), 0);
    assert_int_equal(sp_find_ch(none, 'x'), -1);
    assert_int_equal(sp_rfind_ch(S("a/b/c"), '/'), 3);
    assert_true(sp_eq_lit(sp_trim(S(" \t\r\nx y\n ")), "x y"));
    assert_int_equal(sp_trim(S("  ")).n, 0);
    sp_str rest;
    assert_true(sp_eq_lit(sp_cut(S("a=b=c"), '=', &rest), "a"));
    assert_true(sp_eq_lit(rest, "b=c"));
    assert_true(sp_eq_lit(sp_cut(S("ab"), '=', &rest), "ab"));
    assert_null(rest.p);
}

static size_t parts(sp_str s, char *out)
{
    sp_str part, rest = s;
    size_t n = 0;
    *out = 0;
    while (sp_split(&rest, ',', &part)) {
        n++;
        snprintf(out + strlen(out), 32, "[%.*s]", SP_FMT(part));
    }
    return n;
}

static void split_counts_empty_parts(void **state)
{
    char out[64];
    assert_int_equal(parts(S("a,,b,"), out), 4);
    assert_string_equal(out, "[a][][b][]");
    assert_int_equal(parts(S(","), out), 2);
    assert_int_equal(parts(S("a"), out), 1);
    assert_int_equal(parts(none, out), 0);
}

static void control_bytes(void **state)
{
    assert_true(sp_has_ctl(S("a\tb")));
    assert_true(sp_has_ctl(S("\x7f")));
    assert_false(sp_has_ctl(S("\xc3\xa9 ok")));
    for (unsigned c = 0; c < 256; c++) // every byte at every place of the words it is looked at in
        for (size_t at = 0; at < 19; at++)
            for (unsigned fill = 0x20; fill < 256; fill += 0x5f) { // ' ', DEL, 0xde
                char text[19];
                memset(text, (int)fill, sizeof text);
                text[at] = (char)c;
                bool want = c < 0x20 || c == 0x7f || fill == 0x7f;
                assert_int_equal(sp_has_ctl((sp_str){text, sizeof text}), want);
            }
    assert_true(sp_has_nul(S("a\0b")));
    assert_false(sp_has_nul(S("ab")));
}

static void integers(void **state)
{
    uint64_t u = 7;
    int64_t i = 7;
    assert_true(sp_parse_u64(S("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    const char *bad[] = {
        "18446744073709551616", "99999999999999999999", "", "+1", "-1", " 1", "1 ", "0x1"};
    for (size_t k = 0; k < 8; k++) {
        u = 7;
        assert_false(sp_parse_u64(sp_cstr(bad[k]), &u));
        assert_int_equal(u, 7);
    }
    assert_true(sp_parse_i64(S("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_true(sp_parse_i64(S("9223372036854775807"), &i));
    assert_false(sp_parse_i64(S("9223372036854775808"), &i));
    assert_false(sp_parse_i64(S("-9223372036854775809"), &i));
    assert_false(sp_parse_i64(S("-"), &i));
    assert_false(sp_parse_i64(S("--1"), &i));
}

static void booleans(void **state)
{
    const char *yes[] = {"1", "on", "ON", "yes", "True", "TRUE"};
    const char *no[] = {"", "0", "y", "t", "2", "debug", "1 ", "enabled"};
    for (size_t k = 0; k < 6; k++)
        assert_true(sp_parse_bool(sp_cstr(yes[k])));
    for (size_t k = 0; k < 8; k++)
        assert_false(sp_parse_bool(sp_cstr(no[k])));
}

static void sizes(void **state)
{
    const struct {
        const char *text;
        uint64_t want;
    } good[] = {{"10", 10},
                {"5k", 5000},
                {"1.5GB", 1500000000},
                {"2MiB", 2 << 20},
                {"1 GB", 1000000000},
                {"0.1K", 100},
                {"1Ki", 1024},
                {"3b", 3},
                {"0", 0},
                {"16383PiB", 16383ull << 50}};
    for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
        uint64_t v = 0;
        assert_true(sp_parse_size(sp_cstr(good[k].text), &v));
        assert_true(v == good[k].want);
    }
    const char *bad[] = {"",    "k",        "-1",    "1x",  "1.k",         "1..5",
                         "1kk", "16384PiB", "1 k B", ".5k", "20000000000G"};
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        uint64_t v = 7;
        assert_false(sp_parse_size(sp_cstr(bad[k]), &v));
        assert_int_equal(v, 7);
    }
}

static void durations(void **state)
{
    int64_t v;
    assert_true(sp_parse_duration(S("30"), &v) && v == 30000);
    assert_true(sp_parse_duration(S("500ms"), &v) && v == 500);
    assert_true(sp_parse_duration(S("5m"), &v) && v == 300000);
    assert_true(sp_parse_duration(S("7d"), &v) && v == 604800000);
    assert_false(sp_parse_duration(S(""), &v));
    assert_false(sp_parse_duration(S("s"), &v));
    assert_false(sp_parse_duration(S("-1s"), &v));
    assert_false(sp_parse_duration(S("1.5h"), &v));
    assert_false(sp_parse_duration(S("9223372036854775807d"), &v));
}

static void hash_depends_on_every_byte(void **state)
{
    char a[40];
    memset(a, 'x', sizeof a);
    for (size_t n = 1; n < sizeof a; n++) {
        uint64_t h = sp_str_hash((sp_str){a, n});
        assert_true(h == sp_str_hash((sp_str){a, n}));
        assert_true(h != sp_str_hash((sp_str){a, n - 1}));
        a[n - 1] = 'y';
        assert_true(h != sp_str_hash((sp_str){a, n}));
        a[n - 1] = 'x';
    }
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(compare),
        cmocka_unit_test(cut_and_find),
        cmocka_unit_test(split_counts_empty_parts),
        cmocka_unit_test(control_bytes),
        cmocka_unit_test(integers),
        cmocka_unit_test(booleans),
        cmocka_unit_test(sizes),
        cmocka_unit_test(durations),
        cmocka_unit_test(hash_depends_on_every_byte),
    };
    return cmocka_run_group_tests_name("base/str", t, NULL, NULL);
}
