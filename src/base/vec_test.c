#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct pair {
    int a, b;
};

static void push_zeroes_and_grows(void **state)
{
    SP_VEC(struct pair) v = {0};
    for (int i = 0; i < 1000; i++) {
        struct pair *p = sp_vec_push(&v);
        assert_int_equal(p->a, 0);
        assert_int_equal(p->b, 0);
        p->a = i;
        p->b = -i;
    }
    assert_int_equal(v.n, 1000);
    int sum = 0;
    SP_VEC_EACH (&v, it)
        sum += it->a + 1 + it->b;
    assert_int_equal(sum, 1000);
    assert_int_equal(v.v[999].a, 999);
    sp_vec_fini(&v);
    assert_null(v.v);
    sp_vec_fini(&v);
}

static void reserve_keeps_content(void **state)
{
    SP_VEC(char) v = {0};
    *sp_vec_push(&v) = 'x';
    sp_vec_reserve(&v, 10000);
    assert_true(v.cap >= 10000);
    assert_int_equal(v.v[0], 'x');
    char *at = v.v;
    for (int i = 0; i < 9999; i++)
        *sp_vec_push(&v) = 'y';
    assert_ptr_equal(at, v.v);
    sp_vec_fini(&v);
}

static void each_of_none(void **state)
{
    SP_VEC(int) v = {0};
    SP_VEC_EACH (&v, it)
        fail();
    assert_int_equal(v.n, 0);
}

int main(void)
{
    const struct CMUnitTest t[] = {cmocka_unit_test(push_zeroes_and_grows),
                                   cmocka_unit_test(reserve_keeps_content),
                                   cmocka_unit_test(each_of_none)};
    return cmocka_run_group_tests_name("base/vec", t, NULL, NULL);
}
