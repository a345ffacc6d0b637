// What a user reads when something is neither cached nor to be had.
#include "xfer/ctx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define C1 "1111111111111111111111111111111111111111"
#define C2 "2222222222222222222222222222222222222222"

static char root[64];
static struct xfer_ctx x;
static struct xfer_opts opts;
static const struct hub_repo model = {HUB_MODEL, "alice/m"}, data = {HUB_DATASET, "alice/d"};
static struct sp_err err;

static void use(const struct hub_repo *r, const char *rev)
{
    cache_repo_fini(&x.cache);
    opts = (struct xfer_opts){0};
    x = (struct xfer_ctx){.repo = r, .rev = rev, .o = &opts, .offline = true};
    err = (struct sp_err){0};
    assert_int_equal(cache_repo_init(&x.cache, root, hub_type_plural(r->type), r->id, &err), 0);
}

static int setup(void **state)
{
    snprintf(root, sizeof root, "/tmp/spoke-miss-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    use(&model, "main");
    return 0;
}

static int teardown(void **state)
{
    cache_repo_fini(&x.cache);
    return sp_remove_tree(root, NULL);
}

static void put(const char *commit, const char *file)
{
    SP_AUTO_FREE char *dir = cache_snapshot_dir(&x.cache, commit);
    SP_AUTO_FREE char *path = sp_path_join(dir, file);
    assert_int_equal(sp_mkdirs_for(path, 0777, &err), 0);
    assert_int_equal(sp_file_replace(path, SP_LIT("x"), 0666, 0, &err), 0);
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in: %s", part, text);
}

static void nothing_cached(void **state)
{
    assert_int_equal(xfer_miss(&x, "a/b.json", NULL, &err), SP_EOFFLINE);
    assert_int_equal(err.code, SP_EOFFLINE);
    assert_says(err.msg, "a/b.json of model alice/m (revision main) is not in the cache /tmp/");
    assert_says(err.msg, "Nothing of this repository is cached.");
    assert_says(err.msg, "Only local files were asked for.");
    assert_string_equal(err.hint, "spoke download alice/m a/b.json");
    assert_int_equal(xfer_miss(&x, NULL, NULL, &err), SP_EOFFLINE);
    assert_says(err.msg, "no snapshot of model alice/m (revision main) is in the cache");
    assert_string_equal(err.hint, "spoke download alice/m");
}

static void what_is_there_instead(void **state)
{
    put(C1, "one.txt");
    assert_int_equal(cache_ref_write(&x.cache, "main", C1, &err), 0);
    xfer_miss(&x, "two.txt", NULL, &err);
    assert_says(err.msg, "Cached of this revision (111111111111): one.txt.");
    // Another revision: the ones that are there are named.
    put(C2, "two.txt");
    x.rev = "v2";
    xfer_miss(&x, "two.txt", NULL, &err);
    assert_says(err.msg, "Cached revisions of this repository: ");
    assert_says(err.msg, C1);
    assert_says(err.msg, C2);
    assert_string_equal(err.hint, "spoke download alice/m two.txt --revision v2");
}

static void only_the_first_names(void **state)
{
    char name[16];
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof name, "f%d.txt", i);
        put(C1, name);
    }
    assert_int_equal(cache_ref_write(&x.cache, "main", C1, &err), 0);
    xfer_miss(&x, "absent", NULL, &err);
    assert_says(err.msg, "(4 more)");
}

static void the_command_has_type_and_place(void **state)
{
    use(&data, "main");
    opts.local_dir = "out";
    xfer_miss(&x, "t.csv", NULL, &err);
    assert_says(err.msg, "t.csv of dataset alice/d");
    assert_string_equal(err.hint, "spoke download alice/d t.csv --type dataset --local-dir out");
}

static void nobody_there(void **state)
{
    struct sp_err why = {.code = SP_ENET};
    snprintf(why.msg, sizeof why.msg, "cannot connect to hub.example");
    assert_int_equal(xfer_miss(&x, "a.txt", &why, &err), SP_ENET);
    assert_says(err.msg, "The Hub could not be asked: cannot connect to hub.example.");
    assert_says(err.hint, "HF_ENDPOINT=");
    assert_says(err.hint, "spoke cache ls");
    assert_null(strstr(err.hint, "spoke download")); // it has just failed
}

static void the_hub_answered(void **state)
{
    struct sp_err why = {.code = SP_ERATE, .http = 429};
    snprintf(why.hint, sizeof why.hint, "wait a minute");
    assert_int_equal(xfer_miss(&x, "a.txt", &why, &err), SP_ERATE);
    assert_int_equal(err.http, 429);
    assert_string_equal(err.hint, "wait a minute");
    why = (struct sp_err){.code = SP_EREMOTE, .http = 500};
    assert_int_equal(xfer_miss(&x, NULL, &why, &err), SP_EREMOTE);
    assert_says(err.hint, "try again later");
}

static void incomplete_snapshot(void **state)
{
    const char *const missing[] = {"a", "b", "c", "d", "e"};
    assert_int_equal(xfer_incomplete(&x, C1, missing, 5, NULL, &err), SP_EINCOMPLETE);
    assert_says(err.msg,
                "(revision main, commit 111111111111) is incomplete: 5 file(s) are missing");
    assert_says(err.msg, "a, b, c, ");
    assert_says(err.msg, "(2 more)");
    assert_string_equal(err.hint, "spoke download alice/m");
    struct sp_err why = {.code = SP_ETIMEOUT};
    assert_int_equal(xfer_incomplete(&x, C1, missing, 1, &why, &err), SP_EINCOMPLETE);
    assert_says(err.hint, "HF_ENDPOINT=");
}

static void nobody_listens(void **state)
{
    // Callers that only want the code pass no error.
    assert_int_equal(xfer_miss(&x, "a.txt", NULL, NULL), SP_EOFFLINE);
    assert_int_equal(xfer_miss(&x, "a.txt", &(struct sp_err){.code = SP_ENET}, NULL), SP_ENET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_cached, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_there_instead, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_first_names, setup, teardown),
        cmocka_unit_test_setup_teardown(the_command_has_type_and_place, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_there, setup, teardown),
        cmocka_unit_test_setup_teardown(the_hub_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(incomplete_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_listens, setup, teardown),
    };
    return cmocka_run_group_tests_name("xfer/miss", tests, NULL, NULL);
}
