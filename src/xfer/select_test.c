// Which files of a folder an upload takes, and under which paths.
#include "xfer/ctx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <sys/stat.h>

static char root[64];
static struct sp_err err;

static int setup(void **state)
{
    snprintf(root, sizeof root, "/tmp/spoke-select-XXXXXX");
    err = (struct sp_err){0};
    return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
    return sp_remove_tree(root, NULL);
}

static char *at(const char *rel)
{
    return sp_path_join(root, rel);
}

static void put(const char *rel, const char *text)
{
    SP_AUTO_FREE char *p = at(rel);
    assert_int_equal(sp_mkdirs_for(p, 0777, &err), 0);
    assert_int_equal(sp_file_replace(p, sp_cstr(text), 0666, 0, &err), 0);
}

static void put_link(const char *rel, const char *target)
{
    SP_AUTO_FREE char *p = at(rel);
    assert_int_equal(sp_mkdirs_for(p, 0777, &err), 0);
    assert_int_equal(symlink(target, p), 0);
}

// The paths in the repository, one per line; or the code of the error.
static int picked(struct sp_buf *out, const char *rel, const struct xfer_upload_opts *o)
{
    SP_AUTO(xfer_picks_fini) struct xfer_picks p = {0};
    SP_AUTO_FREE char *local = at(rel);
    SP_TRY(xfer_pick_files(&p, local, o, &err));
    SP_VEC_EACH (&p.list, f)
        sp_buf_printf(out, "%s\n", f->path);
    return 0;
}

static void assert_picked(const char *rel, const struct xfer_upload_opts *o, const char *want)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    int rc = picked(&b, rel, o);
    if (rc < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(b.p ? b.p : "", want);
}

static void files_in_order(void **state)
{
    const struct xfer_upload_opts o = {0};
    put("b.txt", "b");
    put("a/z.txt", "z");
    put("a.txt", "a");
    put(".dot", "d");
    SP_AUTO_FREE char *empty = at("empty");
    assert_int_equal(mkdir(empty, 0777), 0);
    assert_picked(".", &o, ".dot\na.txt\na/z.txt\nb.txt\n");
}

static void git_and_own_notes_stay(void **state)
{
    const struct xfer_upload_opts o = {0};
    put("a.txt", "a");
    put(".git/config", "x");
    put(".git/objects/ab/cd", "x");
    put("sub/.git/config", "x");
    put(".gitignore", "*.log\n");
    put(".github/x.yml", "x");
    put(".cache/huggingface/download/a.txt.metadata", "x");
    put("sub/.cache/huggingface/x", "x");
    assert_picked(".", &o, ".github/x.yml\n.gitignore\na.txt\n");
}

static void other_caches_are_refused(void **state)
{
    // The Hub refuses such paths; the user hears of it before anything is sent.
    const struct xfer_upload_opts o = {0};
    SP_AUTO_BUF struct sp_buf b = {0};
    put("sub/.cache/pip/x", "x");
    assert_int_equal(picked(&b, ".", &o), SP_EINVALID);
    assert_non_null(strstr(err.msg, "sub/.cache/pip/x"));
    const struct xfer_upload_opts into_git = {.path_in_repo = ".git/hooks/x"};
    put("y", "y");
    assert_true(picked(&b, "y", &into_git) < 0);
    assert_non_null(strstr(err.msg, ".git"));
}

static void links(void **state)
{
    const struct xfer_upload_opts o = {0};
    put("real/f.txt", "f");
    put("up/a.txt", "a");
    put_link("up/file", "../real/f.txt");
    put_link("up/folder", "../real");
    put_link("up/loop", ".");
    assert_picked("up", &o, "a.txt\nfile\n");
    put_link("up/broken", "nowhere"); // warned of and passed over
    put_link("up/round", "round");
    assert_picked("up", &o, "a.txt\nfile\n");
}

static void sockets_and_pipes_are_passed_over(void **state)
{
    const struct xfer_upload_opts o = {0};
    put("a.txt", "a");
    SP_AUTO_FREE char *pipe_path = at("pipe");
    assert_int_equal(mkfifo(pipe_path, 0666), 0);
    assert_picked(".", &o, "a.txt\n");
    SP_AUTO_BUF struct sp_buf b = {0};
    assert_int_equal(picked(&b, "pipe", &o), SP_EINVALID);
    assert_int_equal(picked(&b, "absent", &o), SP_ENOTFOUND);
}

static void patterns(void **state)
{
    const char *const only[] = {"*.bin", "docs/*", NULL}, *const none[] = {"*tmp*", NULL};
    put("w.bin", "w");
    put("deep/w.bin", "w");
    put("tmp.bin", "w");
    put("docs/x/y.md", "y");
    put("z.md", "z");
    assert_picked(".", &(struct xfer_upload_opts){.include = only},
                  "deep/w.bin\ndocs/x/y.md\ntmp.bin\nw.bin\n");
    assert_picked(".", &(struct xfer_upload_opts){.include = only, .exclude = none},
                  "deep/w.bin\ndocs/x/y.md\nw.bin\n");
}

static void prefix_is_cleaned(void **state)
{
    static const char *const rows[][2] = {{"", "a.txt\n"},
                                          {".", "a.txt\n"},
                                          {"./", "a.txt\n"},
                                          {"/", "a.txt\n"},
                                          {"/train", "train/a.txt\n"},
                                          {"./x//y/", "x/y/a.txt\n"},
                                          {"x/./y", "x/y/a.txt\n"}};
    put("m/a.txt", "a");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct xfer_upload_opts o = {.path_in_repo = rows[i][0]};
        assert_picked("m", &o, rows[i][1]);
    }
    SP_AUTO_BUF struct sp_buf b = {0};
    const struct xfer_upload_opts up = {.path_in_repo = "../x"};
    assert_true(picked(&b, "m", &up) < 0);
    assert_non_null(strstr(err.msg, "path in the repository"));
}

static void one_file(void **state)
{
    put("m/a.txt", "a");
    assert_picked("m/a.txt", &(struct xfer_upload_opts){0}, "a.txt\n");
    assert_picked("m/a.txt", &(struct xfer_upload_opts){.path_in_repo = "/d//b.txt"}, "d/b.txt\n");
    assert_picked("m/a.txt", &(struct xfer_upload_opts){.path_in_repo = "/d/e/"}, "d/e/a.txt\n");
    assert_picked("m/a.txt", &(struct xfer_upload_opts){.path_in_repo = "./"}, "a.txt\n");
    SP_AUTO_BUF struct sp_buf b = {0};
    const struct xfer_upload_opts nowhere = {.path_in_repo = "."};
    assert_int_equal(picked(&b, "m/a.txt", &nowhere), SP_EINVALID);
}

static void card_and_gitignore_are_found(void **state)
{
    SP_AUTO(xfer_picks_fini) struct xfer_picks p = {0};
    put("README.md", "---\n---\n");
    put("sub/README.md", "x");
    put(".gitignore", "*.log\n");
    assert_int_equal(xfer_pick_files(&p, root, &(struct xfer_upload_opts){0}, &err), 0);
    SP_AUTO_FREE char *card = at("README.md");
    assert_string_equal(p.readme, card);
    assert_int_equal(p.gitignore_n, 6);
    assert_memory_equal(p.gitignore, "*.log\n", 6);
    xfer_picks_fini(&p);
    const struct xfer_upload_opts below = {.path_in_repo = "sub"};
    assert_int_equal(xfer_pick_files(&p, root, &below, &err), 0);
    assert_null(p.readme); // sub/README.md is no card
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(git_and_own_notes_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(other_caches_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(links, setup, teardown),
        cmocka_unit_test_setup_teardown(sockets_and_pipes_are_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(patterns, setup, teardown),
        cmocka_unit_test_setup_teardown(prefix_is_cleaned, setup, teardown),
        cmocka_unit_test_setup_teardown(one_file, setup, teardown),
        cmocka_unit_test_setup_teardown(card_and_gitignore_are_found, setup, teardown),
    };
    return cmocka_run_group_tests_name("xfer/select", tests, NULL, NULL);
}
