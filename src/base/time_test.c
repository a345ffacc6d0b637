#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <time.h>

static void iso(void **state)
{
    char out[SP_TIME_MAX];
    sp_time_iso(out, 0);
    assert_string_equal(out, "1970-01-01T00:00:00.000Z");
    sp_time_iso(out, -1);
    assert_string_equal(out, "1969-12-31T23:59:59.999Z");
    sp_time_iso(out, 1795254953123);
    assert_string_equal(out, "2026-11-21T09:55:53.123Z");
    sp_time_iso(out, INT64_MAX); // absurd times of a file system do not overflow the text
    assert_string_equal(out, "9999-12-31T23:59:59.999Z");
    sp_time_iso(out, INT64_MIN);
    assert_string_equal(out, "0000-01-01T00:00:00.000Z");
}

static void iso_agrees_with_libc(void **state)
{
    for (int64_t s = -3000000000; s < 9000000000; s += 86400 * 11 + 12345) {
        time_t t = (time_t)s;
        struct tm tm;
        gmtime_r(&t, &tm);
        char want[64], got[SP_TIME_MAX];
        strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
        sp_time_iso(got, s * 1000);
        assert_string_equal(got, want);
        int64_t back;
        assert_true(sp_time_parse_iso(sp_cstr(got), &back));
        assert_true(back == s * 1000);
        strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        sp_time_http(got, s * 1000);
        assert_string_equal(got, want);
        assert_true(sp_time_parse_http(sp_cstr(got), &back));
        assert_true(back == s * 1000);
    }
}

static void iso_forms(void **state)
{
    const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"2026-11-21", 1795219200000},
        {"2026-11-21T09:55:53Z", 1795254953000},
        {"2026-11-21T09:55:53.5Z", 1795254953500},
        {"2026-11-21T09:55:53.123456Z", 1795254953123},
        {"2026-11-21T10:55:53+01:00", 1795254953000},
        {"2026-11-21T04:25:53-0530", 1795254953000},
        {"2026-11-21 09:55:53Z", 1795254953000},
        {"2024-02-29", 1709164800000},
        {"2016-12-31T23:59:60Z", 1483228800000},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t ms = 0;
        assert_true(sp_time_parse_iso(sp_cstr(good[i].text), &ms));
        assert_true(ms == good[i].ms);
    }
    const char *bad[] = {"",
                         "2026-11",
                         "2025-02-29",
                         "2026-13-01",
                         "2026-11-31",
                         "2026-11-21T",
                         "2026-11-21T09:55:53",
                         "2026-11-21T24:00:00Z",
                         "26-11-21",
                         "2026-11-21Z",
                         "2026-11-21T09:55:53.Z",
                         "2026-11-21T09:55:53Zx",
                         "2026-00-10",
                         "2026-11-21T09:60:00Z",
                         "2026-11-21T09:55:53+99:00"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms = 7;
        assert_false(sp_time_parse_iso(sp_cstr(bad[i]), &ms));
        assert_int_equal(ms, 7);
    }
}

static void http_forms(void **state)
{
    // RFC 9110 §5.6.7: the same moment in the three forms
    const char *forms[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"};
    for (size_t i = 0; i < 3; i++) {
        int64_t ms = 0;
        assert_true(sp_time_parse_http(sp_cstr(forms[i]), &ms));
        assert_true(ms == 784111777000);
    }
    const char *bad[] = {"",
                         "Sun",
                         "Sun, 06 Nov 1994 08:49:37",
                         "Sun, 06 Nov 1994 08:49:37 CET",
                         "Sun, 31 Feb 1994 08:49:37 GMT",
                         "yesterday, noon"};
    for (size_t i = 0; i < 6; i++) {
        int64_t ms;
        assert_false(sp_time_parse_http(sp_cstr(bad[i]), &ms));
    }
}

static void clocks(void **state)
{
    uint64_t a = sp_mono_ns();
    sp_sleep_ms(2);
    assert_true(sp_mono_ns() - a >= 2000000);
    sp_sleep_ms(0);
    sp_sleep_ms(-5);
    assert_true(sp_now_ms() > 1577836800000); // after 2020
    assert_true(sp_random_u64() != sp_random_u64());
}

int main(void)
{
    const struct CMUnitTest t[] = {cmocka_unit_test(iso), cmocka_unit_test(iso_agrees_with_libc),
                                   cmocka_unit_test(iso_forms), cmocka_unit_test(http_forms),
                                   cmocka_unit_test(clocks)};
    return cmocka_run_group_tests_name("base/time", t, NULL, NULL);
}
