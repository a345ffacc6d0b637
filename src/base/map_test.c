#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int freed;
static void count_free(void *p)
{
    freed++;
    free(p);
}

static void put_get_replace_delete(void **state)
{
    struct sp_map m = {0};
    int a, b;
    assert_null(sp_map_get(&m, SP_LIT("x")));
    assert_null(sp_map_del(&m, SP_LIT("x")));
    assert_null(sp_map_put(&m, SP_LIT("x"), &a));
    assert_ptr_equal(sp_map_put(&m, SP_LIT("x"), &b), &a);
    assert_int_equal(m.n, 1);
    assert_ptr_equal(sp_map_get(&m, SP_LIT("x")), &b);
    assert_null(sp_map_put(&m, SP_LIT("null"), NULL));
    assert_true(sp_map_has(&m, SP_LIT("null")));
    assert_false(sp_map_has(&m, SP_LIT("nul")));
    sp_map_put(&m, (sp_str){NULL, 0}, &a); // the empty key is a key
    sp_map_put(&m, SP_LIT("a\0b"), &a);
    assert_false(sp_map_has(&m, SP_LIT("a")));
    assert_true(sp_map_has(&m, SP_LIT("")));
    assert_ptr_equal(sp_map_del(&m, SP_LIT("x")), &b);
    assert_false(sp_map_has(&m, SP_LIT("x")));
    sp_map_fini(&m, NULL);
    sp_map_fini(&m, NULL);
}

static void many_keys_and_churn(void **state)
{
    struct sp_map m = {0};
    char key[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "key-%d", i);
        sp_map_put(&m, sp_cstr(key), sp_fmt("%d", i));
    }
    for (int i = 0; i < 5000; i += 2) {
        snprintf(key, sizeof key, "key-%d", i);
        free(sp_map_del(&m, sp_cstr(key)));
    }
    assert_int_equal(m.n, 2500);
    // Put and delete of one key again and again must not fill the table with tombstones.
    for (int i = 0; i < 100000; i++) {
        sp_map_put(&m, SP_LIT("churn"), &m);
        sp_map_del(&m, SP_LIT("churn"));
    }
    assert_true(m.cap <= 16384);
    size_t it = 0, seen = 0;
    sp_str k;
    void *v;
    while (sp_map_next(&m, &it, &k, &v)) {
        snprintf(key, sizeof key, "key-%s", (char *)v);
        assert_true(sp_eq(k, sp_cstr(key)));
        seen++;
    }
    assert_int_equal(seen, 2500);
    freed = 0;
    sp_map_fini(&m, count_free);
    assert_int_equal(freed, 2500);
}

int main(void)
{
    const struct CMUnitTest t[] = {cmocka_unit_test(put_get_replace_delete),
                                   cmocka_unit_test(many_keys_and_churn)};
    return cmocka_run_group_tests_name("base/map", t, NULL, NULL);
}
