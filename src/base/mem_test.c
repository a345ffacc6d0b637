#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void allocations_are_zeroed(void **state)
{
    SP_AUTO_FREE unsigned char *p = sp_alloc(1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(p[i], 0);
    SP_AUTO_FREE void *none = sp_alloc(0);
    assert_non_null(none);
}

static void copies(void **state)
{
    assert_null(sp_dup(NULL));
    SP_AUTO_FREE char *a = sp_dup("abc"), *b = sp_dupn("a\0c", 3), *c = sp_dupn(NULL, 0);
    assert_string_equal(a, "abc");
    assert_memory_equal(b, "a\0c\0", 4);
    assert_string_equal(c, "");
    SP_AUTO_FREE char *f = sp_fmt("%s-%d", "x", 42);
    assert_string_equal(f, "x-42");
}

static void foreign_sizes_have_a_ceiling(void **state)
{
    struct sp_err err = {0};
    void *p = (void *)1;
    assert_int_equal(sp_try_alloc(&p, 101, 100, "tree page", &err), SP_ETOOBIG);
    assert_ptr_equal(p, (void *)1); // outs are written only on success
    assert_string_equal(err.msg, "tree page: 101 bytes, at most 100 are allowed");
    assert_int_equal(sp_try_alloc(&p, 100, 100, "tree page", &err), 0);
    assert_int_equal(((char *)p)[99], 0);
    free(p);
    assert_int_equal(sp_try_alloc(&p, 0, 0, "nothing", &err), 0);
    free(p);
}

static void take_moves(void **state)
{
    char *p = sp_dup("x");
    char *q = sp_take(&p);
    assert_null(p);
    assert_string_equal(q, "x");
    free(q);
    int fd = 3, got = sp_take_fd(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(got, 3);
}

static void arena_is_aligned_and_zeroed(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    for (size_t n = 0; n < 3000; n += 7) {
        unsigned char *p = sp_arena_alloc(&a, n);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, n); // the next piece must not overlap and must be clean again after reset
    }
    sp_arena_reset(&a);
    assert_int_equal(a.used, 0);
    unsigned char *p = sp_arena_alloc(&a, 500);
    for (size_t i = 0; i < 500; i++)
        assert_int_equal(p[i], 0);
    assert_string_equal(sp_arena_dupn(&a, "hello", 4), "hell");
    assert_string_equal(sp_arena_fmt(&a, "%0300d", 1) + 298, "01");
    char *big = sp_arena_alloc(&a, 3 << 20); // larger than any block
    big[(3 << 20) - 1] = 1;
}

static void arena_ceiling(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {.ceiling = 64};
    assert_non_null(sp_arena_try(&a, 48));
    assert_null(sp_arena_try(&a, 32));
    assert_non_null(sp_arena_try(&a, 16));
    assert_null(sp_arena_try(&a, 0)); // a piece has at least one byte of its own
    assert_null(sp_arena_try(&a, SIZE_MAX));
    sp_arena_reset(&a);
    assert_non_null(sp_arena_try(&a, 64));
}

static void fini_twice_is_harmless(void **state)
{
    struct sp_arena a = {0};
    sp_arena_fini(&a);
    sp_arena_alloc(&a, 1);
    sp_arena_fini(&a);
    sp_arena_fini(&a);
    assert_null(a.head);
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(allocations_are_zeroed),       cmocka_unit_test(copies),
        cmocka_unit_test(foreign_sizes_have_a_ceiling), cmocka_unit_test(take_moves),
        cmocka_unit_test(arena_is_aligned_and_zeroed),  cmocka_unit_test(arena_ceiling),
        cmocka_unit_test(fini_twice_is_harmless),
    };
    return cmocka_run_group_tests_name("base/mem", t, NULL, NULL);
}
