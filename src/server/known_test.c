#include "server/counters.h"
#include "server/facts.h"
#include "server/known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <pthread.h>

static char *dir;
static struct sp_err err;
static struct meta *m;
static struct srv_known *k;
static struct sp_arena arena;
static struct meta_repo repo;
static const uint8_t mac[HASH_SHA256_BYTES] = {9};

static int begin(void **state)
{
    char name[] = "/tmp/spoke-known-XXXXXX";
    assert_non_null(mkdtemp(name));
    dir = sp_dup(name);
    assert_int_equal(meta_open(&m, dir, &err), 0);
    k = srv_known_new(m);
    assert_int_equal(meta_user_add(NULL, m, SP_LIT("alice"), &err), 0);
    assert_int_equal(meta_token_add(m, SP_LIT("alice"), SP_LIT("t"), META_ROLE_READ, 0, mac, &err),
                     0);
    assert_int_equal(meta_repo_add(&repo, m, META_MODEL, SP_LIT("alice"), SP_LIT("m"), false,
                                   SP_LIT(""), &arena, &err),
                     0);
    assert_int_equal(meta_repo_ready(m, repo.id, &err), 0);
    return 0;
}

static int end(void **state)
{
    srv_known_free(k);
    meta_close(m);
    sp_arena_fini(&arena);
    int rc = sp_remove_tree(dir, NULL);
    free(dir);
    return rc;
}

static int get(bool *is_private)
{
    const struct srv_known_repo *r;
    SP_TRY(srv_known_repo(&r, k, META_MODEL, SP_LIT("alice"), SP_LIT("m"), &err));
    *is_private = r->r.is_private;
    srv_known_release_repo(k, r);
    return 0;
}

static void test_repo_is_kept_until_dropped(void **state)
{
    bool is_private;
    assert_int_equal(get(&is_private), 0);
    assert_false(is_private);
    assert_int_equal(meta_repo_set_private(m, repo.id, true, &err), 0);
    assert_int_equal(get(&is_private), 0);
    assert_false(is_private); // from memory: the database was not asked
    srv_known_drop(k);
    assert_int_equal(get(&is_private), 0);
    assert_true(is_private);
    assert_int_equal(meta_repo_remove(m, repo.id, &err), 0);
    srv_known_drop(k);
    assert_int_equal(get(&is_private), SP_EREPO);
}

static void test_held_entries_stay(void **state)
{
    const struct srv_known_repo *r;
    assert_int_equal(srv_known_repo(&r, k, META_MODEL, SP_LIT("alice"), SP_LIT("m"), &err), 0);
    assert_int_equal(meta_repo_remove(m, repo.id, &err), 0);
    srv_known_drop(k);
    bool is_private;
    assert_int_equal(get(&is_private), SP_EREPO);
    assert_string_equal(r->r.name, "m"); // ASan would tell
    srv_known_release_repo(k, r);
}

static void test_tokens(void **state)
{
    const struct srv_known_token *t;
    uint8_t other[HASH_SHA256_BYTES] = {8};
    assert_int_equal(srv_known_token(&t, k, other, &err), SP_ENOTFOUND);
    assert_int_equal(srv_known_token(&t, k, mac, &err), 0);
    assert_string_equal(t->t.user, "alice");
    int64_t id = t->t.id;
    srv_known_release_token(k, t);
    assert_int_equal(srv_known_token_by_id(&t, k, id + 1, &err), SP_ENOTFOUND);
    assert_int_equal(srv_known_token_by_id(&t, k, id, &err), 0);
    assert_string_equal(t->t.name, "t");
    assert_int_equal(t->t.role, META_ROLE_READ);
    srv_known_release_token(k, t);
    assert_int_equal(meta_token_remove(m, SP_LIT("alice"), SP_LIT("t"), &err), 0);
    srv_known_drop(k);
    assert_int_equal(srv_known_token(&t, k, mac, &err), SP_ENOTFOUND);
    assert_int_equal(srv_known_token_by_id(&t, k, id, &err), SP_ENOTFOUND);
}

static void test_names_are_bounded(void **state)
{
    const struct srv_known_repo *r;
    char longer[200];
    memset(longer, 'x', sizeof longer);
    assert_int_equal(
        srv_known_repo(&r, k, META_MODEL, SP_LIT("alice"), sp_str_of(longer, 200), &err), SP_EREPO);
    assert_int_equal(srv_known_repo(&r, k, META_MODEL, SP_LIT(""), SP_LIT("m"), &err), SP_EREPO);
    assert_int_equal(srv_known_repo(&r, k, META_MODEL, SP_LIT("Alice"), SP_LIT("m"), &err),
                     SP_EREPO);
}

struct reader {
    _Atomic bool stop;
    _Atomic int phase; // rises; odd = the repository is private and was so for everybody
    int wrong;
};

static void *read_on(void *ud)
{
    struct reader *r = ud;
    while (!atomic_load(&r->stop)) {
        bool is_private;
        int before = atomic_load(&r->phase);
        if (get(&is_private) == 0 && before % 2 && atomic_load(&r->phase) == before && !is_private)
            r->wrong++;
    }
    return NULL;
}

// After set_private and drop have returned nobody sees the public row again, whatever reads
// overlap.
static void test_no_stale_entry_survives(void **state)
{
    struct reader r = {0};
    pthread_t t[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, read_on, &r);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(meta_repo_set_private(m, repo.id, true, &err), 0);
        srv_known_drop(k);
        atomic_store(&r.phase, 2 * i + 1);
        sp_sleep_ms(1);
        atomic_store(&r.phase, 2 * i + 2);
        assert_int_equal(meta_repo_set_private(m, repo.id, false, &err), 0);
        srv_known_drop(k);
    }
    atomic_store(&r.stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(r.wrong, 0);
}

static uint64_t downloads(void)
{
    struct meta_repo r;
    assert_int_equal(meta_repo_by_id(&r, m, repo.id, &arena, &err), 0);
    return r.downloads;
}

static void test_downloads(void **state)
{
    struct srv s = {.meta = m, .counters = srv_counters_new()};
    struct srv_ctx x = {.srv = &s, .repo = repo};
    struct http_req q = {.user = &x, .method = HTTP_GET, .arena = &arena};
    const char *peers[] = {"10.0.0.1", "10.0.0.1", "10.0.0.2"};
    for (int i = 0; i < 3; i++) {
        q.peer = sp_cstr(peers[i]);
        srv_count_download(&q);
    }
    q.peer = SP_LIT("10.0.0.3");
    q.method = HTTP_HEAD;
    srv_count_download(&q);
    assert_int_equal(downloads(), 0); // nothing is written per request
    assert_int_equal(srv_counters_flush(s.counters, m, &err), 0);
    assert_int_equal(downloads(), 2);
    assert_int_equal(srv_counters_flush(s.counters, m, &err), 0);
    assert_int_equal(downloads(), 2);
    srv_counters_free(s.counters);
}

static void test_card_tags(void **state)
{
    struct sp_json *card;
    struct srv_tags *tags = sp_arena_new(&arena, struct srv_tags);
    assert_int_equal(
        sp_json_parse(
            &card,
            SP_LIT("{\"license\":\"mit\",\"language\":[\"en\",\"de\",\"en\"],\"tags\":[\"x\",7],"
                   "\"pipeline_tag\":\"fill-mask\",\"datasets\":[\"a/b\"]}"),
            &arena, &err),
        0);
    srv_facts_tags(tags, META_MODEL, NULL, card, &arena);
    const char *want[] = {"fill-mask", "x", "en", "de", "license:mit", "dataset:a/b"};
    assert_int_equal(tags->n, 6);
    for (size_t i = 0; i < 6; i++)
        assert_true(sp_eq(tags->v[i], sp_cstr(want[i])));
    srv_facts_tags(tags, META_DATASET, NULL, card, &arena);
    assert_int_equal(tags->n, 4);
    assert_true(sp_eq_lit(tags->v[1], "language:en"));
    srv_facts_tags(tags, META_SPACE, "static", NULL, &arena);
    assert_int_equal(tags->n, 1);
    srv_facts_tags(tags, META_MODEL, NULL, NULL, &arena);
    assert_int_equal(tags->n, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_repo_is_kept_until_dropped),
        T(test_held_entries_stay),
        T(test_tokens),
        T(test_names_are_bounded),
        T(test_no_stale_entry_survives),
        T(test_downloads),
        T(test_card_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
