#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

static _Atomic int ran;
static void count(void *ud)
{
    atomic_fetch_add(&ran, 1);
}

static void everything_runs(void **state)
{
    struct sp_pool *p = sp_pool_new("test", 4, 8, 1000);
    atomic_store(&ran, 0);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(sp_pool_submit(p, count, NULL, NULL), 0);
    sp_pool_drain(p);
    assert_int_equal(atomic_load(&ran), 5000);
    sp_pool_drain(p); // nothing to wait for
    for (int i = 0; i < 10; i++)
        assert_int_equal(sp_pool_submit(p, count, NULL, NULL), 0);
    sp_pool_free(p); // drains
    assert_int_equal(atomic_load(&ran), 5010);
    sp_pool_free(NULL);
}

// Threads come and go while jobs arrive: idle time of one millisecond.
static void idle_threads_end_and_return(void **state)
{
    struct sp_pool *p = sp_pool_new("a-very-long-pool-name", 3, 2, 1);
    atomic_store(&ran, 0);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(sp_pool_submit(p, count, NULL, NULL), 0);
        if (i % 3 == 0)
            sp_sleep_ms(2);
    }
    sp_pool_free(p);
    assert_int_equal(atomic_load(&ran), 60);
}

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t change;
    int inside, most;
    bool open;
};

static void pass_gate(void *ud)
{
    struct gate *g = ud;
    pthread_mutex_lock(&g->lock);
    g->inside++;
    if (g->inside > g->most)
        g->most = g->inside;
    pthread_cond_broadcast(&g->change);
    while (!g->open)
        pthread_cond_wait(&g->change, &g->lock);
    g->inside--;
    pthread_mutex_unlock(&g->lock);
}

static void jobs_run_side_by_side_up_to_the_bound(void **state)
{
    struct gate g = {.lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};
    struct sp_pool *p = sp_pool_new("gate", 3, 10, 0);
    for (int i = 0; i < 8; i++)
        assert_int_equal(sp_pool_submit(p, pass_gate, &g, NULL), 0);
    pthread_mutex_lock(&g.lock);
    while (g.inside < 3) // would hang (and time out) if fewer than three threads were started
        pthread_cond_wait(&g.change, &g.lock);
    g.open = true;
    pthread_cond_broadcast(&g.change);
    pthread_mutex_unlock(&g.lock);
    sp_pool_free(p);
    assert_int_equal(g.most, 3);
    assert_int_equal(g.inside, 0);
}

struct submitter {
    struct sp_pool *pool;
};
static void *submit_many(void *ud)
{
    struct submitter *s = ud;
    for (int i = 0; i < 1000; i++)
        sp_pool_submit(s->pool, count, NULL, NULL);
    return NULL;
}

static void many_submitters(void **state)
{
    struct submitter s = {sp_pool_new("many", 2, 3, 5)};
    atomic_store(&ran, 0);
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, submit_many, &s), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    sp_pool_drain(s.pool);
    assert_int_equal(atomic_load(&ran), 4000);
    sp_pool_free(s.pool);
}

static _Atomic unsigned char seen[1000];
static void unsee(void)
{
    for (size_t i = 0; i < 1000; i++)
        atomic_store(&seen[i], 0);
}

static int mark(void *ud, size_t i, struct sp_err *err)
{
    atomic_fetch_add(&seen[i], 1);
    size_t *bad = ud;
    return bad && i == *bad ? sp_fail(err, SP_EHASH, "index %zu", i) : 0;
}

static void for_each_visits_once(void **state)
{
    for (unsigned threads = 0; threads < 6; threads++) {
        unsee();
        assert_int_equal(sp_for_each(threads, 1000, mark, NULL, NULL), 0);
        for (size_t i = 0; i < 1000; i++)
            assert_int_equal(seen[i], 1);
    }
    assert_int_equal(sp_for_each(4, 0, mark, NULL, NULL), 0);
}

static void for_each_stops_at_an_error(void **state)
{
    unsee();
    size_t bad = 10;
    struct sp_err err = {0};
    assert_int_equal(sp_for_each(1, 1000, mark, &bad, &err), SP_EHASH);
    assert_string_equal(err.msg, "index 10");
    assert_int_equal(seen[10], 1);
    assert_int_equal(seen[11], 0);
    err = (struct sp_err){0};
    assert_int_equal(sp_for_each(4, 1000, mark, &bad, &err), SP_EHASH);
    assert_string_equal(err.msg, "index 10");
    assert_int_equal(sp_for_each(4, 1000, mark, &bad, NULL), SP_EHASH);
}

static void cpus(void **state)
{
    assert_true(sp_cpu_count() >= 1 && sp_cpu_count() <= 4096);
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(everything_runs),
        cmocka_unit_test(idle_threads_end_and_return),
        cmocka_unit_test(jobs_run_side_by_side_up_to_the_bound),
        cmocka_unit_test(many_submitters),
        cmocka_unit_test(for_each_visits_once),
        cmocka_unit_test(for_each_stops_at_an_error),
        cmocka_unit_test(cpus),
    };
    return cmocka_run_group_tests_name("base/pool", t, NULL, NULL);
}
