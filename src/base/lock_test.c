#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char dir[64];

static int make_dir(void **state)
{
    snprintf(dir, sizeof dir, "/tmp/spoke-lock-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    return sp_remove_tree(dir, NULL);
}

static void taken_and_released(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *p = sp_path_join(dir, "new/folder/a.lock");
    mode_t mask = umask(077);
    SP_AUTO_LOCK struct sp_lock a = {0}, b = {0};
    assert_int_equal(sp_lock_take(&a, p, 0, NULL, &err), 0);
    umask(mask);
    struct stat st;
    assert_int_equal(stat(p, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0664); // others of the group must be able to open it
    assert_int_equal(st.st_size, 0);
    // the same process on another descriptor is also excluded: threads are
    assert_int_equal(sp_lock_take(&b, p, 0, NULL, &err), SP_ELOCKED);
    assert_non_null(strstr(err.msg, p));
    int64_t t = sp_mono_ms();
    assert_int_equal(sp_lock_take(&b, p, 120, NULL, &err), SP_ELOCKED);
    assert_true(sp_mono_ms() - t >= 120);
    sp_lock_release(&a);
    assert_true(sp_exists(p)); // the file stays
    assert_int_equal(sp_lock_take(&b, p, 0, NULL, &err), 0);
    sp_lock_release(&b);
    sp_lock_release(&b);
}

static void excludes_a_plain_flock(void **state)
{
    // what Python's filelock holds is exactly this
    struct sp_err err = {0};
    SP_AUTO_FREE char *p = sp_path_join(dir, "py.lock");
    SP_AUTO_FD int fd = open(p, O_RDWR | O_CREAT, 0664);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    SP_AUTO_LOCK struct sp_lock l = {0};
    assert_int_equal(sp_lock_take(&l, p, 0, NULL, &err), SP_ELOCKED);
    assert_int_equal(flock(fd, LOCK_UN), 0);
    assert_int_equal(sp_lock_take(&l, p, 0, NULL, &err), 0);
    assert_int_not_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
}

static void waits_for_a_child_and_survives_its_death(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *p = sp_path_join(dir, "child.lock");
    int ready[2], go[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct sp_lock l = {0};
        char c = 0;
        if (sp_lock_take(&l, p, 0, NULL, NULL) < 0 || write(ready[1], "x", 1) != 1 ||
            read(go[0], &c, 1) != 1)
            _exit(1);
        _exit(0); // without release: the kernel drops the lock
    }
    char c;
    assert_int_equal(read(ready[0], &c, 1), 1);
    SP_AUTO_LOCK struct sp_lock l = {0};
    assert_int_equal(sp_lock_take(&l, p, 0, NULL, &err), SP_ELOCKED);
    struct sp_cancel c1 = {.deadline_ms = sp_mono_ms() + 80};
    assert_int_equal(sp_lock_take(&l, p, -1, &c1, &err), SP_ETIMEOUT);
    struct sp_cancel c2 = {0};
    sp_cancel_set(&c2);
    assert_int_equal(sp_lock_take(&l, p, -1, &c2, &err), SP_ECANCELLED);
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(sp_lock_take(&l, p, -1, NULL, &err), 0);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
}

static void an_unlinked_file_is_no_lock(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *p = sp_path_join(dir, "gone.lock");
    SP_AUTO_LOCK struct sp_lock a = {0}, b = {0};
    assert_int_equal(sp_lock_take(&a, p, 0, NULL, &err), 0);
    assert_int_equal(unlink(p), 0);
    assert_int_equal(sp_lock_take(&b, p, 0, NULL, &err), 0);
    assert_true(sp_exists(p));
}

static void odd_files_are_refused(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *link = sp_path_join(dir, "link.lock"), *sub = sp_path_join(dir, "sub.lock");
    SP_AUTO_LOCK struct sp_lock l = {0};
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_true(sp_lock_take(&l, link, 0, NULL, &err) < 0);
    assert_int_equal(mkdir(sub, 0777), 0);
    assert_true(sp_lock_take(&l, sub, 0, NULL, &err) < 0);
    assert_int_equal(l.fd_plus1, 0);
}

static int lock_in_new_folder(void *ud, size_t i, struct sp_err *err)
{
    // Eight locks a folder: whoever comes second finds it missing at the open, there a moment
    // later.
    SP_AUTO_FREE char *path = sp_fmt("%s/many/%zu/deep/%zu.lock", dir, i / 8, i);
    SP_AUTO_LOCK struct sp_lock l = {0};
    return sp_lock_take(&l, path, 0, NULL, err);
}

static void threads_make_one_folder(void **state)
{
    struct sp_err err = {0};
    if (sp_for_each(8, 1600, lock_in_new_folder, NULL, &err) < 0)
        fail_msg("%s", err.msg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken_and_released),
        cmocka_unit_test(excludes_a_plain_flock),
        cmocka_unit_test(waits_for_a_child_and_survives_its_death),
        cmocka_unit_test(an_unlinked_file_is_no_lock),
        cmocka_unit_test(odd_files_are_refused),
        cmocka_unit_test(threads_make_one_folder),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
