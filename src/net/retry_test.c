#include "net/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int64_t asked(int status, const char *name, const char *value)
{
    char n[32], v[200];
    snprintf(n, sizeof n, "%s", name);
    snprintf(v, sizeof v, "%s", value);
    struct net_resp_header h = {n, v};
    struct net_resp r = {.status = status, .headers = &h, .headers_n = 1};
    return net_retry_after_ms(&r);
}

static void statuses(void **state)
{
    static const int yes[] = {408, 429, 500, 502, 503, 504},
                     no[] = {200, 301, 400, 401, 403, 404, 409, 412, 416, 501, 507};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(net_retry_status(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(net_retry_status(no[i]));
}

static void pauses_grow_and_stop(void **state)
{
    static const int64_t middle[] = {500, 1000, 2000, 4000, 8000, 8000, 8000};
    for (unsigned i = 0; i < 7; i++)
        for (int k = 0; k < 50; k++) {
            int64_t ms = net_retry_pause_ms(i + 2);
            assert_in_range(ms, middle[i] * 8 / 10, middle[i] * 12 / 10);
        }
    assert_in_range(net_retry_pause_ms(0), 400, 600);
    assert_in_range(net_retry_pause_ms(4000000000U), 6400, 9600);
}

static void retry_after(void **state)
{
    assert_int_equal(asked(503, "retry-after", "7"), 7000);
    assert_int_equal(asked(503, "retry-after", " 0 "), 0);
    assert_int_equal(asked(503, "retry-after", "soon"), -1);
    assert_int_equal(asked(503, "retry-after", "-5"), -1);
    assert_int_equal(asked(503, "retry-after", ""), -1);
    assert_int_equal(asked(503, "retry-after", "18446744073709551615"), (int64_t)INT32_MAX * 1000);
    assert_int_equal(asked(503, "retry-after", "99999999999999999999999"), -1);
    assert_int_equal(asked(503, "retry-after", "Sat, 21 Nov 2020 09:55:53 GMT"), 0);
    char date[SP_TIME_MAX];
    sp_time_http(date, sp_now_ms() + 100000);
    assert_in_range(asked(503, "retry-after", date), 95000, 100000);
    assert_int_equal(asked(503, "x-other", "7"), -1);
}

// RateLimit as the Hub sends it, and Retry-After
static void rate_limit(void **state)
{
    assert_int_equal(asked(429, "ratelimit", "\"api\";r=0;t=55"), 56000);
    assert_int_equal(asked(429, "ratelimit", "\"a\";r=0;t=5, \"b\"; r=0; t=9"), 10000);
    assert_int_equal(asked(429, "ratelimit", "\"api\";r=0"), -1);
    assert_int_equal(asked(429, "ratelimit", "\"api\";t=x"), -1);
    assert_int_equal(asked(429, "ratelimit", "t=99999999999"), -1);
    assert_int_equal(asked(200, "ratelimit", "\"api\";r=400;t=55"), -1);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(statuses),
        cmocka_unit_test(pauses_grow_and_stop),
        cmocka_unit_test(retry_after),
        cmocka_unit_test(rate_limit),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
