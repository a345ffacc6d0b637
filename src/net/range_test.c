#include "net/net.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define MAX 3

static void test_parse(void **state)
{
    static const struct {
        const char *header;
        uint64_t size;
        int n;
        struct net_range r[MAX];
    } rows[] = {
        {"bytes=0-0", 10, 1, {{0, 1}}},
        {"bytes=0-9", 10, 1, {{0, 10}}},
        {"bytes=0-99", 10, 1, {{0, 10}}},
        {"bytes=9-", 10, 1, {{9, 1}}},
        {"bytes=-1", 10, 1, {{9, 1}}},
        {"bytes=-99", 10, 1, {{0, 10}}},
        {"Bytes=2-3", 10, 1, {{2, 2}}},
        {"bytes= 2-3 , 5-", 10, 2, {{2, 2}, {5, 5}}},
        {"bytes=5-,0-1", 10, 2, {{5, 5}, {0, 2}}},
        {"bytes=0-1,20-30", 10, 1, {{0, 2}}}, // the one that can be had
        {"bytes=,0-1,", 10, 1, {{0, 2}}},
        {"bytes=0-18446744073709551615", 10, 1, {{0, 10}}},
        {"bytes=0-99999999999999999999999", 10, 1, {{0, 10}}},
        {"bytes=-99999999999999999999999", 10, 1, {{0, 10}}},
        {"bytes=10-", 10, SP_ERANGE, {{0}}},
        {"bytes=10-20", 10, SP_ERANGE, {{0}}},
        {"bytes=99999999999999999999999-", 10, SP_ERANGE, {{0}}},
        {"bytes=-0", 10, SP_ERANGE, {{0}}},
        {"bytes=0-", 0, SP_ERANGE, {{0}}},
        {"bytes=-5", 0, SP_ERANGE, {{0}}},
        // ignored: the whole is sent
        {"", 10, 0, {{0}}},
        {"bytes", 10, 0, {{0}}},
        {"bytes=", 10, 0, {{0}}},
        {"bytes=,", 10, 0, {{0}}},
        {"bytes=-", 10, 0, {{0}}},
        {"bytes=a-b", 10, 0, {{0}}},
        {"bytes=1", 10, 0, {{0}}},
        {"bytes=5-4", 10, 0, {{0}}},
        {"bytes=1-2x", 10, 0, {{0}}},
        {"bytes=1 - 2", 10, 0, {{0}}},
        {"bytes=--1", 10, 0, {{0}}},
        {"bytes=0-1,x", 10, 0, {{0}}},
        {"bytes:0-1", 10, 0, {{0}}},
        {"items=0-1", 10, 0, {{0}}},
        {"bytes=0-0,1-1,2-2,3-3", 10, 0, {{0}}}, // more than max
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct net_range r[MAX] = {{0}};
        int n = net_range_parse(r, MAX, sp_cstr(rows[i].header), rows[i].size);
        if (n != rows[i].n)
            fail_msg("\"%s\": %d instead of %d", rows[i].header, n, rows[i].n);
        for (int k = 0; k < n; k++) {
            assert_int_equal(r[k].off, rows[i].r[k].off);
            assert_int_equal(r[k].len, rows[i].r[k].len);
        }
    }
}

static void test_content_range(void **state)
{
    uint64_t a = 1, b = 2, t = 3;
    assert_true(net_content_range_parse(SP_LIT("bytes 0-9/10"), &a, &b, &t));
    assert_true(a == 0 && b == 9 && t == 10);
    assert_true(net_content_range_parse(SP_LIT("bytes 5-5/*"), &a, &b, &t));
    assert_true(a == 5 && b == 5 && t == UINT64_MAX);
    assert_true(net_content_range_parse(SP_LIT("bytes */10"), &a, &b, &t));
    assert_true(a == 0 && b == 0 && t == 10);
    static const char *const bad[] = {"",
                                      "bytes",
                                      "bytes 0-9",
                                      "bytes 9-0/10",
                                      "bytes 0-10/10",
                                      "bytes */*",
                                      "bytes 0-/10",
                                      "bytes -9/10",
                                      "0-9/10",
                                      "bytes 0-9/10x",
                                      "bytes=0-9/10",
                                      "bytes 0-9/-1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        a = b = t = 77;
        if (net_content_range_parse(sp_cstr(bad[i]), &a, &b, &t))
            fail_msg("\"%s\" was accepted", bad[i]);
        assert_true(a == 77 && b == 77 && t == 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse),
                                       cmocka_unit_test(test_content_range)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
