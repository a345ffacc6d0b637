#include "server/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct srv srv = {.secret = {3, 1, 4}};
static struct srv_ctx ctx = {.srv = &srv};
static struct sp_arena arena;

static int check(enum http_method method, const char *path, const char *query)
{
    struct http_req q = {.arena = &arena, .user = &ctx, .method = method};
    q.path = sp_cstr(path);
    q.query = sp_cstr(query);
    return srv_sign_check(&q, NULL);
}

static char *sign(const char *method, const char *path, int64_t ttl)
{
    struct http_req q = {.arena = &arena, .user = &ctx};
    return srv_sign(&q, method, path, ttl);
}

static void test_good_links(void **state)
{
    char *s = sign("PUT", "/lfs/1/ab", 60);
    assert_int_equal(check(HTTP_PUT, "/lfs/1/ab", s), 0);
    s = sp_arena_fmt(&arena, "size=5&%s", sign("PUT", "/lfs/1/ab?size=5", 60));
    assert_int_equal(check(HTTP_PUT, "/lfs/1/ab", s), 0);
    s = sign("GET", "/lfs/1/ab", 60);
    assert_int_equal(check(HTTP_GET, "/lfs/1/ab", s), 0);
    assert_int_equal(check(HTTP_HEAD, "/lfs/1/ab", s), 0);
}

static void test_everything_counts(void **state)
{
    char *s = sp_arena_fmt(&arena, "size=5&%s", sign("PUT", "/lfs/1/ab?size=5", 60));
    assert_int_equal(check(HTTP_GET, "/lfs/1/ab", s), SP_EFORBIDDEN);
    assert_int_equal(check(HTTP_POST, "/lfs/1/ab", s), SP_EFORBIDDEN);
    assert_int_equal(check(HTTP_PUT, "/lfs/2/ab", s), SP_EFORBIDDEN);
    assert_int_equal(check(HTTP_PUT, "/lfs/1/ab/", s), SP_EFORBIDDEN);
    s[5] = '6';
    assert_int_equal(check(HTTP_PUT, "/lfs/1/ab", s), SP_EFORBIDDEN);
    s[5] = '5';
    assert_int_equal(check(HTTP_PUT, "/lfs/1/ab", s), 0);
    // Facts added in front of, between or behind what was signed.
    assert_int_equal(check(HTTP_PUT, "/lfs/1/ab", sp_arena_fmt(&arena, "x=1&%s", s)),
                     SP_EFORBIDDEN);
    assert_int_equal(check(HTTP_PUT, "/lfs/1/ab", sp_arena_fmt(&arena, "%s&x=1", s)),
                     SP_EFORBIDDEN);
    assert_int_equal(check(HTTP_PUT, "/lfs/1/ab", strchr(s, '&') + 1), SP_EFORBIDDEN);
    // A later end of validity.
    char *exp = strstr(s, "exp=");
    exp[4]++;
    assert_int_equal(check(HTTP_PUT, "/lfs/1/ab", s), SP_EFORBIDDEN);
    exp[4]--;
    // Another server's secret.
    srv.secret[0] ^= 1;
    assert_int_equal(check(HTTP_PUT, "/lfs/1/ab", s), SP_EFORBIDDEN);
    srv.secret[0] ^= 1;
    // Every single changed digit of the signature.
    char *sig = strstr(s, "sig=") + 4;
    assert_int_equal(strlen(sig), 64);
    for (int i = 0; i < 64; i++) {
        sig[i] ^= 1;
        assert_int_equal(check(HTTP_PUT, "/lfs/1/ab", s), SP_EFORBIDDEN);
        sig[i] ^= 1;
    }
    assert_int_equal(check(HTTP_PUT, "/lfs/1/ab", s), 0);
}

static void test_end_of_validity(void **state)
{
    assert_int_equal(check(HTTP_PUT, "/a", sign("PUT", "/a", 0)), SP_EFORBIDDEN);
    assert_int_equal(check(HTTP_PUT, "/a", sign("PUT", "/a", -1)), SP_EFORBIDDEN);
}

static void test_no_link_at_all(void **state)
{
    const char *bad[] = {
        "",
        "&",
        "exp=1",
        "sig=1",
        "exp=&sig=",
        "exp=99999999999&sig=",
        "sig=1&exp=99999999999",
        "exp=x&sig=0000000000000000000000000000000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(check(HTTP_PUT, "/a", bad[i]), SP_EFORBIDDEN);
}

static int end(void **state)
{
    sp_arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_links),
        cmocka_unit_test(test_everything_counts),
        cmocka_unit_test(test_end_of_validity),
        cmocka_unit_test(test_no_link_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
