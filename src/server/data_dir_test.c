#include "server/data_dir.h"
#include "server/serve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/wait.h>

static char *dir;
static struct sp_err err;

static int begin(void **state)
{
    char name[] = "/tmp/spoke-data-XXXXXX";
    assert_non_null(mkdtemp(name));
    dir = sp_dup(name);
    return 0;
}

static int end(void **state)
{
    int rc = sp_remove_tree(dir, NULL);
    free(dir);
    return rc;
}

static char *in(const char *name)
{
    return sp_path_join(dir, name);
}

static void put(const char *name, const char *text)
{
    SP_AUTO_FREE char *path = in(name);
    assert_int_equal(sp_file_replace(path, sp_cstr(text), 0600, 0, &err), 0);
}

static unsigned mode(const char *name)
{
    SP_AUTO_FREE char *path = in(name);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void test_made_once(void **state)
{
    struct srv_data_dir a = {0}, b = {0};
    assert_int_equal(srv_data_dir_open(&a, dir, &err), 0);
    assert_int_equal(srv_data_dir_open(&b, dir, &err), 0);
    assert_memory_equal(a.secret, b.secret, SRV_SECRET_BYTES);
    uint8_t zero[SRV_SECRET_BYTES] = {0};
    assert_memory_not_equal(a.secret, zero, SRV_SECRET_BYTES);
    assert_int_equal(mode("secret"), 0600);
    assert_int_equal(mode("git"), 0700);
    srv_data_dir_fini(&a);
    srv_data_dir_fini(&b);
    srv_data_dir_fini(&b);
}

static void test_one_server(void **state)
{
    struct srv_data_dir a = {0}, b = {0};
    assert_int_equal(srv_data_dir_open(&a, dir, &err), 0);
    assert_int_equal(srv_data_dir_open(&b, dir, &err), 0);
    put("tmp/left-over", "x");
    assert_int_equal(srv_data_dir_lock(&a, &err), 0);
    SP_AUTO_FREE char *left = in("tmp/left-over");
    assert_false(sp_exists(left));
    put("tmp/in-use", "x");
    assert_int_equal(srv_data_dir_lock(&b, &err), SP_ELOCKED);
    SP_AUTO_FREE char *used = in("tmp/in-use");
    assert_true(sp_exists(used)); // who does not hold the lock sweeps nothing
    srv_data_dir_fini(&a);
    SP_AUTO_FREE char *lock = in("lock");
    struct stat st;
    assert_int_equal(chmod(lock, 0664), 0); // as an older server left it
    assert_int_equal(srv_data_dir_lock(&b, &err), 0);
    assert_int_equal(stat(lock, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    srv_data_dir_fini(&b);
}

static void test_strange_folders_refused(void **state)
{
    struct srv_data_dir d = {0};
    put("thesis.tex", "years of work");
    assert_int_equal(srv_data_dir_open(&d, dir, &err), SP_EUSAGE);
    assert_non_null(strstr(err.msg, "thesis.tex"));
    SP_AUTO_FREE char *secret = in("secret");
    assert_false(sp_exists(secret));
}

static void test_versions(void **state)
{
    struct srv_data_dir d = {0};
    assert_int_equal(srv_data_dir_open(&d, dir, &err), 0);
    srv_data_dir_fini(&d);
    put("VERSION", "spoke-data 2\n");
    assert_int_equal(srv_data_dir_open(&d, dir, &err), SP_EUNSUPPORTED);
    assert_non_null(strstr(err.msg, "newer spoke"));
    put("VERSION", "something else\n");
    assert_int_equal(srv_data_dir_open(&d, dir, &err), SP_EFORMAT);
}

static void test_secret_is_never_replaced(void **state)
{
    struct srv_data_dir d = {0};
    assert_int_equal(srv_data_dir_open(&d, dir, &err), 0);
    srv_data_dir_fini(&d);
    SP_AUTO_FREE char *secret = in("secret");
    assert_int_equal(unlink(secret), 0);
    assert_int_equal(srv_data_dir_open(&d, dir, &err), SP_ENOTFOUND);
    assert_false(sp_exists(secret));
    put("secret", "short");
    assert_int_equal(srv_data_dir_open(&d, dir, &err), SP_EFORMAT);
}

static void make_folder(const char *name)
{
    SP_AUTO_FREE char *path = in(name);
    assert_int_equal(sp_mkdirs(path, 0700, &err), 0);
}

// A new database in place of a lost one would make every repository an orphan.
static void test_lost_database(void **state)
{
    struct srv_data_dir d = {0};
    assert_int_equal(srv_data_dir_open(&d, dir, &err), 0); // no database yet, and nothing to lose
    srv_data_dir_fini(&d);
    make_folder("git/1.git");
    assert_int_equal(srv_data_dir_open(&d, dir, &err), SP_ENOTFOUND);
    assert_non_null(strstr(err.msg, "spoke.db is missing"));
    put("spoke.db", "");
    assert_int_equal(srv_data_dir_open(&d, dir, &err), 0);
    srv_data_dir_fini(&d);
}

static bool there(const char *name)
{
    SP_AUTO_FREE char *path = in(name);
    return sp_exists(path);
}

static int count_kept(void *ud, const char *rel, const struct stat *st, struct sp_err *e)
{
    size_t *n = (size_t *)ud;
    *n +=
        sp_starts(sp_cstr(rel), SP_LIT("2.git.unknown-")) && sp_ends(sp_cstr(rel), SP_LIT("/HEAD"));
    return 0;
}

// What a removal left behind goes; what a database from a backup knows nothing of stays.
static void test_sweep(void **state)
{
    struct srv s = {.dir = dir};
    struct meta_repo r;
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    assert_int_equal(meta_open(&s.meta, dir, &err), 0);
    assert_int_equal(srv_git_open(&s.git, dir, &err), 0);
    assert_int_equal(meta_user_add(NULL, s.meta, SP_LIT("alice"), &err), 0);
    assert_int_equal(meta_repo_add(&r, s.meta, META_MODEL, SP_LIT("alice"), SP_LIT("m"), false,
                                   SP_LIT(""), &a, &err),
                     0);
    assert_int_equal(meta_repo_remove(s.meta, r.id, &err), 0);
    assert_int_equal(r.id, 1);
    make_folder("git/1.git");
    make_folder("git/2.git");
    put("git/2.git/HEAD", "acknowledged");
    assert_int_equal(srv_sweep(&s, &err), 0);
    assert_int_equal(srv_sweep(&s, &err), 0);
    assert_false(there("git/1.git"));
    assert_false(there("git/2.git")); // the id is given out again
    size_t kept = 0;
    SP_AUTO_FREE char *git = in("git");
    assert_int_equal(sp_walk(git, count_kept, &kept, &err), 0);
    assert_int_equal(kept, 1);
    srv_git_close(s.git);
    meta_close(s.meta);
}

// Killed before VERSION was there: the next one finishes, with the secret that was drawn first.
static void test_cut_off_while_made(void **state)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct srv_data_dir d = {0};
        setenv("SPOKE_FAULT", "server.data_dir.version:kill", 1);
        sp_fault_init();
        srv_data_dir_open(&d, dir, NULL);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    SP_AUTO_FREE char *file = in("secret");
    SP_AUTO_BUF struct sp_buf first = {0};
    assert_int_equal(sp_file_read(&first, file, 100, &err), 0);
    put("VERSION.12345678.tmp", "of a write that was cut off");
    struct srv_data_dir d = {0};
    assert_int_equal(srv_data_dir_open(&d, dir, &err), 0);
    assert_memory_equal(d.secret, first.p, SRV_SECRET_BYTES);
    srv_data_dir_fini(&d);
}

static void test_tokens(void **state)
{
    SP_AUTO_FREE char *a = srv_token_new(), *b = srv_token_new();
    assert_int_equal(strlen(a), SRV_TOKEN_CHARS);
    assert_memory_equal(a, "hf_", 3);
    assert_string_not_equal(a, b);
    for (const char *p = a + 3; *p; p++)
        assert_true((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
                    (*p >= 'A' && *p <= 'Z'));
    SP_AUTO_FREE char *path = in("token");
    char *read = NULL;
    put("token", "  hf_0123456789\n");
    assert_int_equal(srv_token_read(&read, path, &err), 0);
    assert_string_equal(read, "hf_0123456789");
    free(read);
    const char *bad[] = {
        "", "\n", "short", "two words here", "line one\nline two", "caf\xc3\xa9-token-long"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put("token", bad[i]);
        assert_int_equal(srv_token_read(&read, path, &err), SP_EINVALID);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_made_once),
        T(test_one_server),
        T(test_strange_folders_refused),
        T(test_versions),
        T(test_secret_is_never_replaced),
        T(test_lost_database),
        T(test_sweep),
        T(test_cut_off_while_made),
        T(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
