#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

static void children_see_their_parents(void **state)
{
    struct sp_cancel root = {0}, child = {.parent = &root}, grand = {.parent = &child};
    struct sp_err err = {0};
    assert_int_equal(sp_cancel_check(NULL, &err), 0);
    assert_false(sp_cancelled(NULL));
    assert_int_equal(sp_cancel_check(&grand, &err), 0);
    sp_cancel_set(&child);
    assert_false(sp_cancelled(&root));
    assert_true(sp_cancelled(&grand));
    assert_int_equal(sp_cancel_check(&grand, &err), SP_ECANCELLED);
    sp_cancel_set(NULL);
}

static void deadlines(void **state)
{
    struct sp_err err = {0};
    struct sp_cancel root = {.deadline_ms = sp_mono_ms() + 100000};
    struct sp_cancel child = {.deadline_ms = sp_mono_ms() - 1, .parent = &root};
    assert_int_equal(sp_cancel_check(&root, &err), 0);
    assert_int_equal(sp_cancel_check(&child, &err), SP_ETIMEOUT);
    sp_cancel_set(&root);
    assert_int_equal(sp_cancel_check(&child, &err), SP_ECANCELLED); // somebody asked: that wins
}

static void *set_soon(void *c)
{
    sp_sleep_ms(30);
    sp_cancel_set(c);
    return NULL;
}

static void sleep_wakes(void **state)
{
    struct sp_err err = {0};
    struct sp_cancel c = {0};
    int64_t t0 = sp_mono_ms();
    assert_int_equal(sp_cancel_sleep(&c, 20, &err), 0);
    assert_true(sp_mono_ms() - t0 >= 20);
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, set_soon, &c), 0);
    t0 = sp_mono_ms();
    assert_int_equal(sp_cancel_sleep(&c, 60000, &err), SP_ECANCELLED);
    assert_true(sp_mono_ms() - t0 < 20000);
    pthread_join(t, NULL);
    struct sp_cancel late = {.deadline_ms = sp_mono_ms() + 10};
    assert_int_equal(sp_cancel_sleep(&late, 60000, &err), SP_ETIMEOUT);
}

static void first_signal_cancels_second_ends(void **state)
{
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGINT, SIG_DFL); // a suite run in the background has it ignored
        signal(SIGTERM, SIG_DFL);
        struct sp_cancel *c = sp_cancel_signals();
        raise(SIGINT);
        if (!sp_cancelled(c))
            _exit(99);
        raise(SIGTERM); // still only a wish
        raise(SIGINT);
        _exit(98);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 130);
}

static void ignored_signals_stay_ignored(void **state)
{
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGINT, SIG_IGN); // as nohup and background jobs have it
        struct sp_cancel *c = sp_cancel_signals();
        raise(SIGINT);
        raise(SIGINT);
        _exit(sp_cancelled(c) ? 1 : 0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(children_see_their_parents),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(sleep_wakes),
        cmocka_unit_test(first_signal_cancels_second_ends),
        cmocka_unit_test(ignored_signals_stay_ignored),
    };
    return cmocka_run_group_tests_name("base/cancel", t, NULL, NULL);
}
