#include "server/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void expect_token(const char *header, const char *want)
{
    SP_AUTO_BUF struct sp_buf scratch = {0};
    sp_str token = SP_LIT("untouched");
    struct sp_err err = {0};
    int rc = srv_auth_token(&token, sp_cstr(header), &scratch, &err);
    if (!want) {
        assert_int_equal(rc, SP_EAUTH);
        assert_string_equal(err.msg, "Invalid credentials in Authorization header");
        return;
    }
    assert_int_equal(rc, 0);
    assert_true(sp_eq(token, sp_cstr(want)));
}

static void test_header_forms(void **state)
{
    expect_token(NULL, "");
    expect_token("Bearer hf_abc", "hf_abc");
    expect_token("bearer  hf_abc", "hf_abc");
    expect_token("Basic YWxpY2U6aGZfYWJj", "hf_abc"); // alice:hf_abc
    expect_token("basic OmhmX2FiYw==", "hf_abc");     // :hf_abc
    expect_token("Basic eDpoZl9hOmI=", "hf_a:b");     // x:hf_a:b, only the first colon divides
    expect_token("Basic aGZfYWJj", NULL); // no colon: nothing in the place of a password
    expect_token("Basic !!!!", NULL);
    expect_token("Bearer ", NULL);
    expect_token("Bearer", NULL);
    expect_token("", NULL);
    expect_token("Digest hf_abc", NULL);
    SP_AUTO_FREE char *longer = sp_alloc(SP_LIM_TOKEN_BYTES + 20);
    memset(longer, 'x', SP_LIM_TOKEN_BYTES + 10);
    memcpy(longer, "Bearer ", 7);
    expect_token(longer, NULL);
}

static void test_macs_differ(void **state)
{
    struct srv s = {.secret = {1}}, other = {.secret = {2}};
    uint8_t a[32], b[32], c[32];
    srv_token_mac(&s, SP_LIT("hf_abc"), a);
    srv_token_mac(&s, SP_LIT("hf_abd"), b);
    srv_token_mac(&other, SP_LIT("hf_abc"), c);
    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(a, c, 32); // a leaked database is worth nothing without the secret
    srv_token_mac(&s, SP_LIT("hf_abc"), b);
    assert_memory_equal(a, b, 32);
}

static void test_rights(void **state)
{
    struct meta_repo open = {.id = 1, .owner_id = 7},
                     hidden = {.id = 2, .owner_id = 7, .is_private = true};
    struct meta_repo nobodys = {.id = 3, .owner_id = 0, .is_private = true};
    struct srv_who anonymous = {0}, stranger = {.user_id = 8, .role = META_ROLE_WRITE};
    struct srv_who reader = {.user_id = 7, .role = META_ROLE_READ},
                   owner = {.user_id = 7, .role = META_ROLE_WRITE};
    assert_true(srv_may_read(&anonymous, &open));
    assert_false(srv_may_read(&anonymous, &hidden));
    assert_false(srv_may_read(&anonymous, &nobodys));
    assert_false(srv_may_read(&stranger, &hidden));
    assert_true(srv_may_read(&reader, &hidden));
    assert_false(srv_may_write(&anonymous, &nobodys));
    assert_false(srv_may_write(&stranger, &open));
    assert_false(srv_may_write(&reader, &open));
    assert_true(srv_may_write(&owner, &hidden));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_forms),
        cmocka_unit_test(test_macs_differ),
        cmocka_unit_test(test_rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
