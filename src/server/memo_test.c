#include "server/fold.h"
#include "server/memo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct value {
    struct srv_memo_item item;
    int n;
};
static int freed;

static void free_value(void *v)
{
    freed++;
    free(v);
}

static struct value *put(struct srv_memo *m, const char *key, int n, size_t cost)
{
    struct value *v = sp_new(struct value);
    v->n = n;
    srv_memo_put(m, sp_cstr(key), v, cost);
    return v;
}

static void keeps_and_replaces(void **state)
{
    freed = 0;
    struct srv_memo *m = srv_memo_new(100000, 4, free_value);
    assert_null(srv_memo_get(m, SP_LIT("a")));
    struct value *a = put(m, "a", 1, 10), *again = put(m, "a", 2, 10);
    assert_int_equal(freed, 0); // the first is still held
    assert_int_equal(a->n, 1);
    srv_memo_release(m, a);
    assert_int_equal(freed, 1);
    struct value *got = (struct value *)srv_memo_get(m, SP_LIT("a"));
    assert_ptr_equal(got, again);
    srv_memo_release(m, got);
    srv_memo_release(m, again);
    assert_int_equal(freed, 1);
    srv_memo_free(m);
    assert_int_equal(freed, 2);
}

static void least_used_goes_first(void **state)
{
    freed = 0;
    struct srv_memo *m = srv_memo_new(3500, 1, free_value);
    srv_memo_release(m, put(m, "a", 1, 1000));
    srv_memo_release(m, put(m, "b", 2, 1000));
    srv_memo_release(m, put(m, "c", 3, 1000));
    srv_memo_release(m, srv_memo_get(m, SP_LIT("a")));
    srv_memo_release(m, put(m, "d", 4, 1000));
    assert_null(srv_memo_get(m, SP_LIT("b")));
    void *a = srv_memo_get(m, SP_LIT("a"));
    assert_non_null(a);
    // one that is over the budget alone stays; the held one lives on
    srv_memo_release(m, put(m, "huge", 5, 1000000));
    assert_null(srv_memo_get(m, SP_LIT("a")));
    assert_int_equal(((struct value *)a)->n, 1);
    srv_memo_release(m, a);
    void *huge = srv_memo_get(m, SP_LIT("huge"));
    assert_non_null(huge);
    srv_memo_release(m, huge);
    assert_true(srv_memo_bytes(m) >= 1000000);
    srv_memo_drop(m, SP_LIT("hu"));
    assert_null(srv_memo_get(m, SP_LIT("huge")));
    assert_int_equal(srv_memo_bytes(m), 0);
    assert_int_equal(freed, 5);
    srv_memo_free(m);
}

static bool same(const char *a, const char *b)
{
    SP_AUTO_BUF struct sp_buf x = {0}, y = {0};
    fold_name(&x, sp_cstr(a));
    fold_name(&y, sp_cstr(b));
    return sp_eq(sp_buf_view(&x), sp_buf_view(&y));
}

static void names_fold(void **state)
{
    assert_true(same("README.md", "readme.MD"));
    assert_true(same("\xc3\x84", "a\xcc\x88"));                                // Ä, a + diaeresis
    assert_true(same("\xd0\x96", "\xd0\xb6"));                                 // Cyrillic Zhe
    assert_true(same("\xe1\xba\xa4", "A\xcc\x82\xcc\x81"));                    // two levels: U+1EA4
    assert_true(same("\xea\xb0\x81", "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8")); // Hangul
    assert_false(same("a", "b"));
    assert_false(same("a\xcc\x88", "a"));
    assert_false(same("\xff", "\xfe")); // no UTF-8: bytes as they are
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_and_replaces),
        cmocka_unit_test(least_used_goes_first),
        cmocka_unit_test(names_fold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
