#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

static void off_by_default(void **state)
{
    unsetenv("SPOKE_FAULT");
    sp_fault_init();
    assert_false(sp_fault_armed);
    assert_int_equal(sp_fault("cache.rename", NULL), 0);
}

static void fails_once_at_its_pass(void **state)
{
    setenv("SPOKE_FAULT", "a.b:fail@3,c.d:fail", 1);
    sp_fault_init();
    assert_true(sp_fault_armed);
    struct sp_err err = {0};
    assert_int_equal(sp_fault("a.b", &err), 0);
    assert_int_equal(sp_fault("a.b", &err), 0);
    assert_int_equal(sp_fault("other", &err), 0);
    assert_int_equal(sp_fault("a.b", &err), SP_EIO);
    assert_string_equal(err.msg, "fault injected at a.b");
    assert_int_equal(sp_fault("a.b", &err), 0);
    assert_int_equal(sp_fault("c.d", &err), SP_EIO);
    assert_int_equal(sp_fault("c.d", &err), 0);
}

static void star_counts_every_point(void **state)
{
    setenv("SPOKE_FAULT", "*:fail@2", 1);
    sp_fault_init();
    assert_int_equal(sp_fault("x", NULL), 0);
    assert_int_equal(sp_fault("y", NULL), SP_EIO);
    assert_int_equal(sp_fault("x", NULL), 0);
}

static int status_of(const char *spec)
{
    pid_t pid = fork();
    if (pid == 0) {
        setenv("SPOKE_FAULT", spec, 1);
        if (!freopen("/dev/null", "w", stderr))
            _exit(97);
        sp_fault_init();
        sp_fault("p", NULL);
        sp_fault("p", NULL);
        _exit(42);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    if (WIFSTOPPED(status)) {
        kill(pid, SIGKILL);
        int end;
        waitpid(pid, &end, 0);
    }
    return status;
}

static void kills_and_stops(void **state)
{
    int s = status_of("p:kill@2");
    assert_true(WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL);
    s = status_of("p:kill@3");
    assert_true(WIFEXITED(s) && WEXITSTATUS(s) == 42);
    s = status_of("p:stop");
    assert_true(WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP);
}

static void typing_mistakes_end_the_program(void **state)
{
    const char *bad[] = {"p", "p:", "p:explode", "p:kill@", "p:kill@0", "p:kill@x", ":kill"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int s = status_of(bad[i]);
        assert_true(WIFEXITED(s) && WEXITSTATUS(s) == 2);
    }
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(off_by_default),
        cmocka_unit_test(fails_once_at_its_pass),
        cmocka_unit_test(star_counts_every_point),
        cmocka_unit_test(kills_and_stops),
        cmocka_unit_test(typing_mistakes_end_the_program),
    };
    return cmocka_run_group_tests_name("base/fault", t, NULL, NULL);
}
