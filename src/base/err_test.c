#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void rows_agree_with_codes(void **state)
{
    assert_string_equal(sp_err_row(SP_ENOTFOUND)->name, "ENOTFOUND");
    assert_int_equal(sp_err_row(SP_ENOTFOUND)->exit, 3);
    assert_int_equal(sp_err_row(SP_EUSAGE)->exit, 2);
    assert_int_equal(sp_err_row(SP_EREPO)->http, 404);
    // 1 is what shells and crashing programs use; 0 would hide an error.
    for (int i = 1; i < SP_ERR_N; i++)
        assert_true(sp_err_row(-i)->exit >= 2 && sp_err_row(-i)->exit < 126);
    assert_string_equal(sp_err_row(0)->name, "EINTERNAL");
    assert_string_equal(sp_err_row(5)->name, "EINTERNAL");
    assert_string_equal(sp_err_row(-1000)->name, "EINTERNAL");
}

static void exit_codes_differ(void **state)
{
    for (int i = 1; i < SP_ERR_N; i++) {
        for (int j = 1; j < i; j++)
            assert_int_not_equal(sp_err_row(-i)->exit, sp_err_row(-j)->exit);
    }
}

static void xcodes_are_found(void **state)
{
    assert_int_equal(sp_err_from_xcode("RepoNotFound", 12), SP_EREPO);
    assert_int_equal(sp_err_from_xcode("GatedRepo", 9), SP_EGATED);
    assert_int_equal(sp_err_from_xcode("GatedRep", 8), 0);
    assert_int_equal(sp_err_from_xcode("", 0), 0); // rows without a code have ""
}

static void messages_grow_outwards(void **state)
{
    struct sp_err err = {0};
    assert_int_equal(sp_fail(&err, SP_EREPO, "no %s", "org/m"), SP_EREPO);
    sp_hint(&err, "spoke repos create %s", "org/m");
    assert_int_equal(sp_prefix(&err, SP_EIO, "downloading"), SP_EREPO);
    assert_string_equal(err.msg, "downloading: no org/m");
    assert_string_equal(err.hint, "spoke repos create org/m");
    assert_int_equal(err.code, SP_EREPO);
    // The message may be its own argument.
    assert_int_equal(sp_fail(&err, SP_EIO, "again: %s", err.msg), SP_EIO);
    assert_string_equal(err.msg, "again: downloading: no org/m");
    assert_string_equal(err.hint, "");
    assert_int_equal(sp_fail(NULL, SP_EIO, "x"), SP_EIO);
    assert_int_equal(sp_prefix(NULL, SP_EIO, "x"), SP_EIO);
    sp_err_clear(&err);
    assert_int_equal(err.code, 0);
}

static void errno_is_mapped(void **state)
{
    struct sp_err err = {0};
    assert_int_equal(sp_fail_os(&err, ENOSPC, "writing %s", "f"), SP_ENOSPACE);
    assert_string_equal(err.msg, "writing f: No space left on device");
    assert_int_equal(err.os, ENOSPC);
    assert_int_equal(sp_fail_os(&err, EDQUOT, "w"), SP_ENOSPACE);
    assert_int_equal(sp_fail_os(&err, EFBIG, "w"), SP_ENOSPACE);
    assert_true(sp_errno_is_full(ENOSPC) && sp_errno_is_full(EDQUOT) && sp_errno_is_full(EFBIG));
    assert_false(sp_errno_is_full(0) || sp_errno_is_full(EIO) || sp_errno_is_full(EPIPE));
    assert_int_equal(sp_fail_os(&err, EACCES, "w"), SP_EACCESS);
    assert_int_equal(sp_fail_os(&err, EROFS, "w"), SP_EACCESS);
    assert_int_equal(sp_fail_os(&err, ENOENT, "w"), SP_EIO);
}

static void long_messages_stay_utf8(void **state)
{
    // "é" is two bytes; whichever way the cut falls, no half character may remain.
    for (int shift = 0; shift < 2; shift++) {
        struct sp_buf b = {0};
        sp_buf_cstr(&b, shift ? "x" : "");
        for (int i = 0; i < 800; i++)
            sp_buf_cstr(&b, "\xc3\xa9");
        struct sp_err err = {0};
        sp_fail(&err, SP_EIO, "%s", b.p);
        assert_true(strlen(err.msg) >= sizeof err.msg - 3);
        assert_true(sp_utf8_valid(sp_cstr(err.msg)));
        sp_prefix(&err, SP_EIO, "y");
        assert_true(sp_utf8_valid(sp_cstr(err.msg)));
        sp_hint(&err, "%s", b.p);
        assert_true(sp_utf8_valid(sp_cstr(err.hint)));
        sp_buf_fini(&b);
    }
}

static int try_it(int rc, struct sp_err *err)
{
    if (rc < 0)
        sp_fail(err, rc, "inner");
    return rc;
}

static int outer(int rc, struct sp_err *err)
{
    SP_TRY_IN(try_it(rc, err), err, "outer %d", 7);
    return 1;
}

static void try_returns_early(void **state)
{
    struct sp_err err = {0};
    assert_int_equal(outer(0, &err), 1);
    assert_int_equal(outer(SP_EHASH, &err), SP_EHASH);
    assert_string_equal(err.msg, "outer 7: inner");
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(rows_agree_with_codes), cmocka_unit_test(exit_codes_differ),
        cmocka_unit_test(xcodes_are_found),      cmocka_unit_test(messages_grow_outwards),
        cmocka_unit_test(errno_is_mapped),       cmocka_unit_test(long_messages_stay_utf8),
        cmocka_unit_test(try_returns_early),
    };
    return cmocka_run_group_tests_name("base/err", t, NULL, NULL);
}
