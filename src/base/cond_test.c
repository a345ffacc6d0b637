#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t wall_off_s; // how far the wall clock of this process goes wrong

// In place of libc's: the wall clock can be set without harming anybody else.
int clock_gettime(clockid_t id, struct timespec *t)
{
    int rc = (int)syscall(SYS_clock_gettime, id, t);
    if (id == CLOCK_REALTIME)
        t->tv_sec += (time_t)wall_off_s;
    return rc;
}

static void wait_150(void)
{
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t c;
    sp_cond_init(&c);
    pthread_mutex_lock(&m);
    int64_t began = sp_mono_ms(), until = began + 150;
    while (sp_cond_wait_until(&c, &m, until))
        ;
    int64_t took = sp_mono_ms() - began;
    pthread_mutex_unlock(&m);
    pthread_cond_destroy(&c);
    assert_in_range(took, 149, 20000);
}

static void a_wall_clock_that_is_set_changes_no_wait(void **state)
{
    wait_150();
    wall_off_s = 3600; // against the kernel's: as if it had been set back an hour since
    wait_150();
    wall_off_s = -3600;
    wait_150();
}

static void *signal_it(void *ud)
{
    pthread_cond_signal(ud);
    return NULL;
}

static void a_signal_ends_the_wait(void **state)
{
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t c;
    pthread_t t;
    sp_cond_init(&c);
    pthread_mutex_lock(&m);
    assert_int_equal(pthread_create(&t, NULL, signal_it, &c), 0);
    (void)sp_cond_wait_until(&c, &m, sp_mono_ms() + 50);
    pthread_mutex_unlock(&m);
    pthread_join(t, NULL);
    pthread_cond_destroy(&c);
}

int main(void)
{
    const struct CMUnitTest t[] = {cmocka_unit_test(a_wall_clock_that_is_set_changes_no_wait),
                                   cmocka_unit_test(a_signal_ends_the_wait)};
    return cmocka_run_group_tests_name("base/cond", t, NULL, NULL);
}
