#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void appends_stay_terminated(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_cstr(&b, "ab");
    sp_buf_ch(&b, 'c');
    sp_buf_put(&b, NULL, 0);
    sp_buf_printf(&b, "%d-%s", 7, "x");
    assert_string_equal(b.p, "abc7-x");
    assert_int_equal(b.n, 6);
    sp_buf_printf(&b, "%0500d", 1); // longer than the small buffer of printf
    assert_int_equal(b.n, 506);
    assert_int_equal(strlen(b.p), 506);
    assert_int_equal(b.p[505], '1');
    sp_buf_shift(&b, 3);
    sp_buf_cut(&b, 3);
    assert_string_equal(b.p, "7-x");
    sp_buf_shift(&b, 100);
    assert_string_equal(b.p, "");
    sp_buf_cut(&b, 5);
    assert_int_equal(b.n, 0);
}

static void ceiling_is_exact_and_sticky(void **state)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(8);
    struct sp_err err = {0};
    sp_buf_cstr(&b, "1234567");
    sp_buf_ch(&b, '8');
    assert_int_equal(sp_buf_done(&b, "etag", &err), 0);
    sp_buf_ch(&b, '9');
    assert_int_equal(sp_buf_done(&b, "etag", &err), SP_ETOOBIG);
    assert_string_equal(err.msg, "etag: more than 8 bytes");
    assert_string_equal(b.p, "12345678"); // a failed append leaves the content as it was
    sp_buf_cut(&b, 0);
    sp_buf_ch(&b, 'x');
    assert_int_equal(b.n, 0);
    assert_null(sp_buf_room(&b, 1));
    sp_buf_reset(&b);
    sp_buf_printf(&b, "%s", "123456789");
    assert_int_equal(b.bad, SP_ETOOBIG);
    assert_int_equal(b.n, 0);
    sp_buf_reset(&b);
    sp_buf_put(&b, "", SIZE_MAX); // no overflow in the sum
    assert_int_equal(b.bad, SP_ETOOBIG);
}

static void room_and_take(void **state)
{
    struct sp_buf b = {0};
    char *p = sp_buf_room(&b, 3);
    memcpy(p, "abc", 3);
    sp_buf_added(&b, 3);
    char *s = sp_buf_take(&b);
    assert_string_equal(s, "abc");
    free(s);
    assert_null(b.p);
    s = sp_buf_take(&b);
    assert_string_equal(s, "");
    free(s);
    sp_buf_fini(&b);
    sp_buf_fini(&b);
}

static void url_both_ways(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0}, back = {0};
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    sp_buf_url(&b, (sp_str){all, 256}, "");
    assert_true(sp_find(sp_buf_view(&b), SP_LIT("%00%01")) == 0);
    assert_true(sp_find(sp_buf_view(&b), SP_LIT("/")) < 0);
    assert_true(sp_find(sp_buf_view(&b), SP_LIT("%2F0123456789%3A")) > 0);
    assert_int_equal(sp_buf_unurl(&back, sp_buf_view(&b), false, NULL), 0);
    assert_int_equal(back.n, 256);
    assert_memory_equal(back.p, all, 256);
    sp_buf_reset(&b);
    sp_buf_url(&b, SP_LIT("refs/pr/1 ~"), "/");
    assert_string_equal(b.p, "refs/pr/1%20~");
    sp_buf_reset(&b);
    assert_int_equal(sp_buf_unurl(&b, SP_LIT("a+b%2b"), true, NULL), 0);
    assert_string_equal(b.p, "a b+");
    const char *bad[] = {"%", "%4", "a%zz", "%4g"};
    struct sp_err err = {0};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(sp_buf_unurl(&b, sp_cstr(bad[i]), false, &err), SP_EFORMAT);
}

static void base64_vectors(void **state)
{
    // RFC 4648 §10
    const char *plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    const char *code[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t i = 0; i < 7; i++) {
        SP_AUTO_BUF struct sp_buf b = {0}, back = {0}, nopad = {0};
        sp_buf_b64(&b, plain[i], strlen(plain[i]), false, true);
        assert_true(sp_eq(sp_buf_view(&b), sp_cstr(code[i])));
        assert_int_equal(sp_buf_unb64(&back, sp_buf_view(&b), NULL), 0);
        assert_true(sp_eq(sp_buf_view(&back), sp_cstr(plain[i])));
        sp_buf_reset(&back);
        sp_buf_b64(&nopad, plain[i], strlen(plain[i]), true, false);
        assert_int_equal(sp_find_ch(sp_buf_view(&nopad), '='), -1);
        assert_int_equal(sp_buf_unb64(&back, sp_buf_view(&nopad), NULL), 0);
        assert_true(sp_eq(sp_buf_view(&back), sp_cstr(plain[i])));
    }
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_b64(&b, "\xfb\xff", 2, true, true);
    assert_string_equal(b.p, "-_8=");
    const char *bad[] = {"Z", "Zg=", "Zg===", "Zm9v=", "Z g=", "Zh==", "Zm9=", "====", "Zm9v\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sp_buf_reset(&b);
        struct sp_err err = {0};
        assert_int_equal(sp_buf_unb64(&b, sp_cstr(bad[i]), &err), SP_EFORMAT);
        assert_int_equal(b.n, 0);
    }
}

static void hex_both_ways(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_hex(&b, "\x00\xab\xff", 3);
    assert_string_equal(b.p, "00abff");
    uint8_t out[3] = {1, 1, 1};
    assert_true(sp_hex_decode(out, 3, SP_LIT("00ABff")));
    assert_memory_equal(out, "\x00\xab\xff", 3);
    assert_false(sp_hex_decode(out, 3, SP_LIT("00abf")));
    assert_false(sp_hex_decode(out, 3, SP_LIT("00abfg")));
    assert_true(sp_is_hex(SP_LIT("0af"), 3));
    assert_false(sp_is_hex(SP_LIT("0aF"), 3));
    assert_false(sp_is_hex(SP_LIT("0af"), 4));
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(appends_stay_terminated), cmocka_unit_test(ceiling_is_exact_and_sticky),
        cmocka_unit_test(room_and_take),           cmocka_unit_test(url_both_ways),
        cmocka_unit_test(base64_vectors),          cmocka_unit_test(hex_both_ways),
    };
    return cmocka_run_group_tests_name("base/buf", t, NULL, NULL);
}
