#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>

static void check_reads(struct sp_source *s)
{
    struct sp_err err = {0};
    char b[16] = "";
    assert_int_equal(s->size, 10);
    assert_int_equal(sp_source_read(s, b, 4, 3, &err), 4);
    assert_memory_equal(b, "3456", 4);
    assert_int_equal(sp_source_read(s, b, 16, 8, &err), 2);
    assert_memory_equal(b, "89", 2);
    assert_int_equal(sp_source_read(s, b, 1, 10, &err), 0);
    assert_int_equal(sp_source_read(s, b, 1, UINT64_MAX, &err), 0);
    assert_int_equal(sp_source_read_exact(s, b, 10, 0, &err), 0);
    assert_int_equal(sp_source_read_exact(s, b, 3, 8, &err), SP_EINCOMPLETE);
    assert_non_null(strstr(err.msg, s->name));
}

static void memory(void **state)
{
    SP_AUTO_SOURCE struct sp_source *a = sp_source_mem(SP_LIT("0123456789"), "lit");
    check_reads(a);
    assert_int_equal(a->fd, -1);
    sp_source_release(&a);
    assert_null(a);
    sp_source_release(&a);
}

static void file(void **state)
{
    struct sp_err err = {0};
    char path[] = "/tmp/spoke-source-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(sp_write_all(fd, "0123456789", 10, path, NULL), 0);
    SP_AUTO_SOURCE struct sp_source *s = NULL;
    assert_int_equal(sp_source_file(&s, path, &err), 0);
    assert_true(s->fd >= 0);
    check_reads(s);
    SP_AUTO_SOURCE struct sp_source *taken = sp_source_fd(dup(fd), 10, "fd");
    check_reads(taken);
    char b[4];
    assert_int_equal(ftruncate(fd, 5), 0);
    assert_int_equal(sp_source_read(s, b, 4, 4, &err), SP_EINCOMPLETE);
    close(fd);
    unlink(path);
    sp_source_release(&s);
    assert_int_equal(sp_source_file(&s, path, &err), SP_ENOTFOUND);
    assert_int_equal(sp_source_file(&s, "/tmp", &err), SP_EINVALID);
    assert_int_equal(sp_source_file(&s, "/dev/null", &err), SP_EINVALID);
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory), cmocka_unit_test(file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
