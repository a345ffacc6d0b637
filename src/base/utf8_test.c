#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void good_and_bad(void **state)
{
    const char *good[] = {"",
                          "abc",
                          "\xc2\x80",
                          "\xdf\xbf",
                          "\xe0\xa0\x80",
                          "\xed\x9f\xbf",
                          "\xee\x80\x80",
                          "\xef\xbf\xbf",
                          "\xf0\x90\x80\x80",
                          "\xf4\x8f\xbf\xbf",
                          "12345678\xc3\xa9"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(sp_utf8_valid(sp_cstr(good[i])));
    const char *bad[] = {
        "\x80",             // continuation alone
        "\xc0\x80",         // overlong NUL
        "\xc1\xbf",         // overlong
        "\xe0\x9f\xbf",     // overlong
        "\xf0\x8f\xbf\xbf", // overlong
        "\xed\xa0\x80",     // surrogate
        "\xed\xbf\xbf",     // surrogate
        "\xf4\x90\x80\x80", // above U+10FFFF
        "\xf5\x80\x80\x80",
        "\xff",
        "\xc3",
        "\xe2\x82",
        "\xf0\x90\x80",
        "\xc3(",
        "12345678\xc3",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(sp_utf8_valid(sp_cstr(bad[i])));
}

static void every_code_point_goes_round(void **state)
{
    for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
        if (cp == 0xd800)
            cp = 0xe000;
        char out[4];
        size_t n = sp_utf8_put(out, cp), at = 0;
        assert_int_equal(sp_utf8_next((sp_str){out, n}, &at), cp);
        assert_int_equal(at, n);
    }
}

static void next_stops(void **state)
{
    size_t at = 0;
    sp_str s = SP_LIT("a\xff");
    assert_int_equal(sp_utf8_next(s, &at), 'a');
    assert_int_equal(sp_utf8_next(s, &at), -1);
    assert_int_equal(at, 1); // a bad byte is not passed
    at = 2;
    assert_int_equal(sp_utf8_next(s, &at), -1);
}

static void columns(void **state)
{
    assert_int_equal(sp_utf8_width(SP_LIT("abc")), 3);
    assert_int_equal(sp_utf8_width(SP_LIT("\xe6\x97\xa5\xe6\x9c\xac")), 4); // 日本
    assert_int_equal(sp_utf8_width(SP_LIT("e\xcc\x81")), 1);                // e + acute
    assert_int_equal(sp_utf8_width(SP_LIT("\xf0\x9f\xa4\x97")), 2);         // hugging face
    assert_int_equal(sp_utf8_width(SP_LIT("\xff\xfe")), 2);
    assert_int_equal(sp_utf8_width(SP_LIT("\x1b[1m")), 3);
}

static void terminals_are_not_steered(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"plain \xc3\xa9 \xe6\x97\xa5", "plain \xc3\xa9 \xe6\x97\xa5"},
        {"\x1b[31mred\x07\r\n", "?[31mred???"},
        {"\xc2\x9b"
         "31m \xc2\x85 \x7f",
         "?31m ? ?"},                                      // C1: CSI in one character
        {"a\xe2\x80\xaegpj.exe", "a?gpj.exe"},             // right-to-left override
        {"\xe2\x81\xa6x\xe2\x81\xa9\xe2\x80\xa8", "?x??"}, // isolates, line separator
        {"\xff\xc3", "??"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SP_AUTO_BUF struct sp_buf b = {0};
        sp_buf_plain(&b, sp_cstr(rows[i].in));
        assert_string_equal(b.p, rows[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest t[] = {cmocka_unit_test(good_and_bad),
                                   cmocka_unit_test(every_code_point_goes_round),
                                   cmocka_unit_test(next_stops), cmocka_unit_test(columns),
                                   cmocka_unit_test(terminals_are_not_steered)};
    return cmocka_run_group_tests_name("base/utf8", t, NULL, NULL);
}
