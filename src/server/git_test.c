// The git half without HTTP: ids as git's, races, repeats, crashes at every fault point, listings
// compared with the real git.
#include "server/git_commit.h"
#include "server/git_log.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/stat.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <cmocka.h>

struct fix {
    char dir[64];
    struct srv_git *g;
    struct obj_store *objects;
    struct meta_repo repo;
    char first[41];
};

#define OK(expr)                                                                                   \
    do {                                                                                           \
        int rc_ = (expr);                                                                          \
        if (rc_ < 0)                                                                               \
            fail_msg("%s: %d %s", #expr, rc_, err.msg);                                            \
    } while (0)

static int setup(void **state)
{
    struct fix *f = sp_new(struct fix);
    struct sp_err err = {0};
    strcpy(f->dir, "/tmp/spoke-git-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    OK(srv_git_open(&f->g, f->dir, &err));
    OK(obj_store_open(&f->objects, f->dir, &err));
    f->repo.id = 7;
    OK(srv_git_create(f->g, &f->repo, "alice", f->first, &err));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fix *f = (struct fix *)*state;
    srv_git_close(f->g);
    obj_store_close(f->objects);
    sp_remove_tree(f->dir, NULL);
    free(f);
    return 0;
}

// Output of the real git in the bare repository, without the last newline.
static char *__attribute__((format(printf, 2, 3))) git(const struct fix *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    SP_AUTO_BUF struct sp_buf words = {0};
    sp_buf_vprintf(&words, fmt, ap);
    va_end(ap);
    SP_AUTO_FREE char *cmd = sp_fmt("git --git-dir=%s/git/7.git %s 2>&1", f->dir, words.p);
    FILE *p = popen(cmd, "r");
    assert_non_null(p);
    struct sp_buf out = {0};
    char block[4096];
    for (size_t n; (n = fread(block, 1, sizeof block, p));)
        sp_buf_put(&out, block, n);
    assert_int_equal(pclose(p), 0);
    while (out.n && out.p[out.n - 1] == '\n')
        sp_buf_cut(&out, out.n - 1);
    return sp_buf_take(&out);
}

struct op {
    char op; // '+' put, '-' delete, '/' delete folder, '&' pointer
    const char *path, *content;
};
#define OPS(...)                                                                                   \
    (const struct op[])                                                                            \
    {                                                                                              \
        __VA_ARGS__, {0}                                                                           \
    }
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int commit_ops(struct srv_job_result *out, struct fix *f, const char *parent,
                      const char *title, const struct op *ops, struct sp_err *err)
{
    SP_AUTO(srv_job_free) struct srv_job *j = NULL;
    SP_TRY(srv_job_begin(&j, f->g, 7, err));
    for (; ops->op; ops++) {
        sp_str path = sp_cstr(ops->path);
        if (ops->op == '+')
            SP_TRY(srv_job_put(j, path, sp_cstr(ops->content), err));
        else if (ops->op == '&')
            SP_TRY(srv_job_put_pointer(j, path, SHA, 5000000000, err));
        else if (ops->op == '-')
            srv_job_delete(j, path);
        else
            srv_job_delete_folder(j, path);
    }
    struct srv_git_commit_text t = {SP_LIT("alice"), sp_cstr(title), SP_LIT("Body.")};
    return srv_job_finish(out, j, "refs/heads/main", sp_cstr(parent), &t, err);
}

static void commit_ok(char oid[41], struct fix *f, const char *title, const struct op *ops)
{
    struct sp_err err = {0};
    struct srv_job_result r;
    OK(commit_ops(&r, f, "", title, ops, &err));
    assert_true(r.made);
    if (oid)
        memcpy(oid, r.commit, 41);
}

static void assert_git(const struct fix *f, const char *words, const char *want)
{
    SP_AUTO_FREE char *got = git(f, "%s", words);
    assert_string_equal(got, want);
}

static void create_makes_a_git_repository(void **state)
{
    struct fix *f = (struct fix *)*state;
    assert_git(f, "rev-parse HEAD", f->first);
    assert_git(f, "log --format='%an|%ae|%cn|%s|%b|%D'",
               "alice|alice@users.noreply.spoke|alice|initial commit||HEAD -> main");
    assert_git(f, "ls-tree -r --name-only HEAD", ".gitattributes");
    assert_git(f, "fsck --strict --full", "");
    SP_AUTO_FREE char *attr = git(f, "show HEAD:.gitattributes");
    assert_non_null(strstr(attr, "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"));
    struct sp_err err = {0};
    char again[41];
    assert_int_equal(srv_git_create(f->g, &f->repo, "alice", again, &err), SP_EEXIST);
}

static void ids_are_gits(void **state)
{
    struct fix *f = (struct fix *)*state;
    char oid[41];
    commit_ok(oid, f, "Title",
              OPS({'+', "x.txt", "x"}, {'+', "d/e/f.json", "{}"}, {'+', "d.txt", "sorts before d/"},
                  {'+', "d-x/y", "1"}, {'+', "empty", ""}, {'&', "w.bin", NULL}));
    assert_git(f, "fsck --strict --full", "");
    SP_AUTO_FREE char *line = sp_fmt("%s|alice|Title|Body.", oid);
    assert_git(f, "log -1 --format='%H|%an|%s|%b'", line);
    assert_git(f, "show main:w.bin",
               "version https://git-lfs.github.com/spec/v1\noid sha256:" SHA "\nsize 5000000000");
    assert_git(f, "ls-tree -r --name-only main",
               ".gitattributes\nd-x/y\nd.txt\nd/e/f.json\nempty\nw.bin\nx.txt");
    assert_git(f, "rev-parse main:x.txt", "c1b0730e0133447badcfd47fd144e254807b06e1");
}

static void deletes_and_conflicts(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    struct srv_job_result r;
    commit_ok(NULL, f, "a",
              OPS({'+', "d/a", "1"}, {'+', "d/b", "2"}, {'+', "e/x/y", "3"}, {'+', "k", "4"}));
    assert_int_equal(commit_ops(&r, f, "", "b", OPS({'+', "k/below", "1"}), &err), SP_EINVALID);
    assert_non_null(strstr(err.msg, "k is a file"));
    assert_int_equal(commit_ops(&r, f, "", "b", OPS({'+', "d", "1"}), &err), SP_EINVALID);
    assert_int_equal(commit_ops(&r, f, "", "b", OPS({'-', "absent", NULL}), &err), SP_ENOTFOUND);
    assert_non_null(strstr(err.msg, "A file with this name doesn't exist: absent"));
    assert_int_equal(commit_ops(&r, f, "", "b", OPS({'-', "d", NULL}), &err), SP_ENOTFOUND);
    assert_int_equal(commit_ops(&r, f, "", "b", OPS({'/', "k", NULL}), &err), SP_ENOTFOUND);
    commit_ok(NULL, f, "c",
              OPS({'/', "d/", NULL}, {'+', "d", "now a file"}, {'-', "e/x/y", NULL},
                  {'-', "k", NULL}, {'+', "k/l", "now a folder"}));
    assert_git(f, "ls-tree -r --name-only main", ".gitattributes\nd\nk/l");
    assert_git(f, "fsck --strict --full", "");
    commit_ok(NULL, f, "all", OPS({'/', "", NULL}));
    assert_git(f, "ls-tree -r main", "");
    assert_git(f, "fsck --strict --full", "");
}

static void later_lines_win(void **state)
{
    struct fix *f = (struct fix *)*state;
    commit_ok(NULL, f, "a",
              OPS({'+', "p", "one"}, {'+', "p", "two"}, {'+', "q", "x"}, {'-', "q", NULL}));
    assert_git(f, "show main:p", "two");
    assert_git(f, "ls-tree --name-only main", ".gitattributes\np");
}

static void clashing_names_are_refused(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    struct srv_job_result r;
    commit_ok(NULL, f, "a", OPS({'+', "README.md", "1"}, {'+', "caf\xc3\xa9", "2"}));
    static const char *const bad[] = {"readme.md", "cafe\xcc\x81", "CAF\xc3\x89", "ReadMe.MD/x"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(commit_ops(&r, f, "", "b", OPS({'+', bad[i], "1"}), &err), SP_EINVALID);
        assert_non_null(strstr(err.msg, "differ only in case"));
    }
    assert_int_equal(commit_ops(&r, f, "", "b", OPS({'+', "n/A", "1"}, {'+', "n/a", "1"}), &err),
                     SP_EINVALID);
    assert_non_null(strstr(err.msg, "n/"));
    commit_ok(NULL, f, "rename", OPS({'-', "README.md", NULL}, {'+', "readme.md", "1"}));
    assert_git(f, "ls-tree --name-only main", ".gitattributes\n\"caf\\303\\251\"\nreadme.md");
}

static void repeats_get_the_first_answer(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    struct srv_job_result a, b;
    const struct op *ops = OPS({'+', "o.txt", "once"});
    OK(commit_ops(&a, f, f->first, "once", ops, &err));
    assert_true(a.made);
    OK(commit_ops(&b, f, f->first, "once", ops, &err));
    assert_false(b.made);
    assert_string_equal(a.commit, b.commit);
    // another change on the stale parent, also when it is given by a short id
    assert_int_equal(commit_ops(&b, f, f->first, "x", OPS({'+', "o.txt", "other"}), &err),
                     SP_ECONFLICT);
    assert_string_equal(err.msg, "A commit has happened since. Please refresh and try again.");
    // without a parent: nothing changes, no commit
    OK(commit_ops(&b, f, "", "again", ops, &err));
    assert_false(b.made);
    assert_string_equal(a.commit, b.commit);
    // a deletion that was done
    OK(commit_ops(&a, f, "", "rm", OPS({'-', "o.txt", NULL}), &err));
    OK(commit_ops(&b, f, "", "rm", OPS({'-', "o.txt", NULL}), &err));
    assert_false(b.made);
    assert_string_equal(a.commit, b.commit);
    assert_int_equal(commit_ops(&b, f, "", "other text", OPS({'-', "o.txt", NULL}), &err),
                     SP_ENOTFOUND);
    assert_git(f, "rev-list --count main", "3");
}

struct racer {
    struct fix *f;
    int n, rc;
};

static void *race(void *p)
{
    struct racer *r = (struct racer *)p;
    struct srv_job_result out;
    SP_AUTO_FREE char *text = sp_fmt("%d", r->n);
    r->rc = commit_ops(&out, r->f, r->f->first, "race", OPS({'+', "race.txt", text}), NULL);
    return NULL;
}

static void one_of_many_wins(void **state)
{
    struct fix *f = (struct fix *)*state;
    pthread_t t[6];
    struct racer r[6];
    for (int i = 0; i < 6; i++) {
        r[i] = (struct racer){f, i, 0};
        assert_int_equal(pthread_create(&t[i], NULL, race, &r[i]), 0);
    }
    int won = 0, lost = 0;
    for (int i = 0; i < 6; i++) {
        pthread_join(t[i], NULL);
        won += r[i].rc == 0;
        lost += r[i].rc == SP_ECONFLICT;
    }
    assert_int_equal(won, 1);
    assert_int_equal(lost, 5);
    assert_git(f, "rev-list --count main", "2");
    assert_git(f, "fsck --strict --full", "");
}

static void revisions(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    char oid[41], got[41];
    commit_ok(oid, f, "a", OPS({'+', "x", "1"}));
    SP_AUTO_FREE char *none = git(f, "tag v1 %s", f->first);
    SP_AUTO_FREE char *none2 = git(f, "-c user.name=a -c user.email=b tag -m text v2 main");
    SP_AUTO_FREE char *none3 = git(f, "update-ref refs/pr/3 %s", f->first);
    SP_AUTO_FREE char *none4 = git(f, "branch feat/one %s", f->first);
    const struct {
        const char *rev, *want;
    } good[] = {{"main", oid},
                {"v1", f->first},
                {"v2", oid},
                {"refs/pr/3", f->first},
                {"feat/one", f->first},
                {"HEAD", oid},
                {"refs/heads/main", oid},
                {oid, oid},
                {f->first, f->first}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        OK(srv_git_resolve(got, f->g, 7, sp_cstr(good[i].rev), &err));
        assert_string_equal(got, good[i].want);
    }
    for (size_t n = 7; n < 40; n += 6) {
        OK(srv_git_resolve(got, f->g, 7, sp_str_of(oid, n), &err));
        assert_string_equal(got, oid);
    }
    static const char *const bad[] = {"absent",     "0000000000000000000000000000000000000000",
                                      "refs/heads", "../x",
                                      "heads/main", "",
                                      "a..b",       "HEAD~1",
                                      "main/",      "\x01",
                                      "c1b0730"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(srv_git_resolve(got, f->g, 7, sp_cstr(bad[i]), &err), SP_EREVISION);
    assert_int_equal(srv_git_resolve(got, f->g, 7, sp_str_of(oid, 6), &err), SP_EREVISION);
    // what git itself changes is seen at once, packed or not
    SP_AUTO_FREE char *n5 = git(f, "update-ref refs/heads/main %s", f->first);
    OK(srv_git_resolve(got, f->g, 7, SP_LIT("main"), &err));
    assert_string_equal(got, f->first);
    SP_AUTO_FREE char *n6 = git(f, "pack-refs --all");
    OK(srv_git_resolve(got, f->g, 7, SP_LIT("v2"), &err));
    assert_string_equal(got, oid);
    SP_AUTO_FREE char *n7 = git(f, "update-ref refs/heads/main %s", oid);
    OK(srv_git_resolve(got, f->g, 7, SP_LIT("main"), &err));
    assert_string_equal(got, oid);
    SP_AUTO_FREE char *n8 = git(f, "tag -d v1");
    assert_int_equal(srv_git_resolve(got, f->g, 7, SP_LIT("v1"), &err), SP_EREVISION);
    assert_int_equal(srv_git_resolve(got, f->g, 8, SP_LIT("main"), &err), SP_EREPO);
}

// "<mode kind oid size>\t<path>" of every row, as `git ls-tree -r -t -l` prints them.
static char *listing(struct fix *f, const char *commit)
{
    struct sp_err err = {0};
    const struct srv_tree *t;
    OK(srv_git_tree(&t, f->g, 7, commit, &err));
    struct sp_buf b = {0};
    for (size_t i = 0; i < t->n; i++) {
        const struct srv_entry *e = &t->v[i];
        uint64_t size = e->lfs ? e->pointer_size : e->size;
        SP_AUTO_FREE char *n = e->is_dir ? sp_dup("-") : sp_fmt("%llu", (unsigned long long)size);
        sp_buf_printf(&b, "%s%s %s %s %7s\t%.*s", i ? "\n" : "", e->is_dir ? "040000" : "100644",
                      e->is_dir ? "tree" : "blob", e->oid, n, SP_FMT(e->path));
        bool found;
        assert_int_equal(srv_tree_find(t, e->path, e->is_dir, &found), i);
        assert_true(found);
        SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
        struct srv_entry one;
        OK(srv_git_entry(&one, f->g, 7, commit, e->path, &a, &err));
        assert_string_equal(one.oid, e->oid);
        assert_int_equal(one.size, e->size);
        assert_int_equal(one.is_dir, e->is_dir);
        assert_int_equal(one.lfs, e->lfs);
    }
    srv_git_tree_release(f->g, t);
    return sp_buf_take(&b);
}

static void listings_equal_gits(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    char oid[41];
    {
        SP_AUTO(srv_job_free) struct srv_job *j = NULL;
        OK(srv_job_begin(&j, f->g, 7, &err));
        for (int i = 0; i < 3000; i++) {
            SP_AUTO_FREE char *path = sp_fmt("d%d/s-%d/f%d.txt", i % 7, i % 31, i);
            SP_AUTO_FREE char *flat = sp_fmt("flat/n%d", i);
            OK(srv_job_put(j, sp_cstr(path), sp_cstr(path), &err));
            OK(srv_job_put(j, sp_cstr(flat), sp_cstr(flat), &err));
        }
        OK(srv_job_put(j, SP_LIT("a.txt"), SP_LIT(""), &err));
        OK(srv_job_put(j, SP_LIT("a/b"), SP_LIT("b"), &err));
        OK(srv_job_put(j, SP_LIT("a-"), SP_LIT("c"), &err));
        OK(srv_job_put_pointer(j, SP_LIT("a/w.bin"), SHA, 77, &err));
        struct srv_git_commit_text t = {SP_LIT("alice"), SP_LIT("many"), SP_LIT("")};
        struct srv_job_result r;
        OK(srv_job_finish(&r, j, "refs/heads/main", SP_LIT(""), &t, &err));
        memcpy(oid, r.commit, 41);
    }
    SP_AUTO_FREE char *want = git(f, "ls-tree -r -t -l main");
    SP_AUTO_FREE char *got = listing(f, oid);
    assert_string_equal(got, want);
    // again without anything in memory, and once more without the side file
    for (int i = 0; i < 2; i++) {
        srv_git_close(f->g);
        SP_AUTO_FREE char *side = sp_fmt("%s/git/7.git/spoke.sizes", f->dir);
        assert_true(sp_exists(side));
        if (i) {
            int64_t size = sp_file_size(side);
            assert_int_equal(truncate(side, size / 2 + 5), 0);
        }
        OK(srv_git_open(&f->g, f->dir, &err));
        SP_AUTO_FREE char *cold = listing(f, oid);
        assert_string_equal(cold, want);
    }
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct srv_entry e;
    OK(srv_git_entry(&e, f->g, 7, oid, SP_LIT("a/w.bin"), &a, &err));
    assert_true(e.lfs);
    assert_int_equal(e.size, 77);
    assert_string_equal(e.sha256, SHA);
    static const char *const absent[] = {"a/",         "/a",       "a/b/c",  "zzz",
                                         "flat/n3000", "flat//n1", "d0/s-0/"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        assert_int_equal(srv_git_entry(&e, f->g, 7, oid, sp_cstr(absent[i]), &a, &err),
                         SP_ENOTFOUND);
}

static void last_commits(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    char c1[41], c2[41], c3[41];
    commit_ok(c1, f, "one",
              OPS({'+', "one.txt", "1"}, {'+', "d/two.txt", "2"}, {'+', "d/e/x", "x"}));
    commit_ok(c2, f, "two", OPS({'+', "d/two.txt", "22"}));
    commit_ok(c3, f, "three", OPS({'+', "z", "z"}));
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    const sp_str paths[] = {SP_LIT("one.txt"), SP_LIT("d"), SP_LIT("d/two.txt"),      SP_LIT("d/e"),
                            SP_LIT("d/e/x"),   SP_LIT("z"), SP_LIT(".gitattributes"), SP_LIT("no")};
    const char *want[] = {c1, c2, c2, c1, c1, c3, f->first, NULL};
    const struct srv_commit *got[8];
    OK(srv_log_last(got, f->g, 7, c3, paths, 8, &a, NULL, &err));
    for (size_t i = 0; i < 8; i++) {
        if (!want[i])
            assert_null(got[i]);
        else
            assert_string_equal(got[i]->oid, want[i]);
    }
    assert_string_equal(got[1]->title, "two");
    struct srv_commit *v;
    size_t n, total;
    OK(srv_log_list(&v, &n, &total, f->g, 7, c3, 1, 2, &a, &err));
    assert_int_equal(n, 2);
    assert_int_equal(total, 4);
    assert_string_equal(v[0].oid, c2);
    assert_string_equal(v[0].message, "Body.");
    assert_string_equal(v[1].parent, f->first);
}

// Files and folders whose names begin alike, one that was the other before, and a path twice.
static void last_commits_of_neighbours(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    char c1[41], c2[41], c3[41], c4[41];
    commit_ok(c1, f, "one",
              OPS({'+', "a/x", "1"}, {'+', "a-b", "1"}, {'+', "a.d/x", "1"}, {'+', "a0", "1"},
                  {'+', "t", "a file"}));
    commit_ok(c2, f, "two", OPS({'+', "a/y", "1"}, {'+', "a0", "2"}));
    commit_ok(c3, f, "three", OPS({'-', "t"}, {'+', "t/u/v", "now a folder"}));
    commit_ok(c4, f, "four", OPS({'+', "a.d/z", "1"}));
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    const sp_str paths[] = {SP_LIT("t/u/v"), SP_LIT("a"),     SP_LIT("a/x"), SP_LIT("a-b"),
                            SP_LIT("a.d"),   SP_LIT("a.d/x"), SP_LIT("a0"),  SP_LIT("t"),
                            SP_LIT("t/u"),   SP_LIT("a/x"),   SP_LIT("a/y")};
    const char *want[] = {c3, c2, c1, c1, c4, c1, c2, c3, c3, c1, c2};
    const struct srv_commit *got[11];
    OK(srv_log_last(got, f->g, 7, c4, paths, 11, &a, NULL, &err));
    for (size_t i = 0; i < 11; i++)
        if (strcmp(got[i]->oid, want[i]) != 0)
            fail_msg("%.*s: %s", SP_FMT(paths[i]), got[i]->title);
}

static void repack_keeps_everything(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    char lone[41];
    commit_ok(lone, f, "will be unreachable", OPS({'+', "gone", "unreachable content"}));
    SP_AUTO_FREE char *none = git(f, "update-ref refs/heads/main %s", f->first);
    for (int i = 0; i < 30; i++) {
        SP_AUTO_FREE char *text = sp_fmt("%d", i);
        commit_ok(NULL, f, text, OPS({'+', "f", text}));
    }
    size_t merged;
    OK(srv_git_repack(f->g, 7, &merged, &err));
    SP_AUTO_FREE char *count = git(f, "count-objects -v");
    char *packs = strstr(count, "packs: ");
    assert_non_null(packs);
    assert_true(atoi(packs + 7) < 20);
    assert_git(f, "fsck --strict --full --no-dangling", "");
    SP_AUTO_FREE char *kind = git(f, "cat-file -t %s", lone);
    assert_string_equal(kind, "commit");
    char got[41];
    OK(srv_git_resolve(got, f->g, 7, SP_LIT("main"), &err));
    SP_AUTO_FREE char *rows = listing(f, got);
    assert_non_null(strstr(rows, "\tf"));
}

static void put_object(struct fix *f, const char *text, char sha256[65])
{
    struct sp_err err = {0};
    struct obj_ingest *i = NULL;
    hash_sha256_hex(sha256, sp_cstr(text));
    OK(obj_ingest_begin(&i, f->objects, sha256, strlen(text), &err));
    char *room;
    size_t n;
    OK(obj_ingest_room(i, &room, &n, &err));
    assert_int_equal(n, strlen(text));
    memcpy(room, text, n);
    OK(obj_ingest_added(i, n, &err));
    OK(obj_ingest_commit(i, &err));
    obj_ingest_abort(&i);
}

static size_t fsck(struct fix *f, struct sp_buf *report)
{
    struct sp_err err = {0};
    size_t problems = 0;
    OK(srv_git_fsck(f->g, 7, f->objects, report, &problems, &err));
    return problems;
}

static void fsck_finds_missing_objects(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    char sha256[65];
    put_object(f, "large content", sha256);
    SP_AUTO(srv_job_free) struct srv_job *j = NULL;
    OK(srv_job_begin(&j, f->g, 7, &err));
    OK(srv_job_put_pointer(j, SP_LIT("w.bin"), sha256, 13, &err));
    struct srv_git_commit_text t = {SP_LIT("alice"), SP_LIT("lfs"), SP_LIT("")};
    struct srv_job_result r;
    OK(srv_job_finish(&r, j, "refs/heads/main", SP_LIT(""), &t, &err));
    SP_AUTO_BUF struct sp_buf report = {0};
    assert_int_equal(fsck(f, &report), 0);
    OK(obj_store_remove(f->objects, sha256, &err));
    assert_int_equal(fsck(f, &report), 1);
    assert_non_null(strstr(report.p, "w.bin: object "));
    assert_non_null(strstr(report.p, "is missing"));
}

// Kills a child at every fault point of a commit; afterwards the repository is whole and holds the
// old or the new state, and the repeated request succeeds.
static void kill_at_every_point(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    static const char *const points[] = {"commit.pack", "commit.ref", "commit.ref_done",
                                         "repack.pack", "repack.remove"};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        srv_git_close(f->g);
        f->g = NULL;
        SP_AUTO_FREE char *text = sp_fmt("round %zu", i);
        pid_t pid = fork();
        if (pid == 0) {
            SP_AUTO_FREE char *fault = sp_fmt("%s:kill", points[i]);
            setenv("SPOKE_FAULT", fault, 1);
            sp_fault_init();
            if (srv_git_open(&f->g, f->dir, NULL) < 0)
                _exit(3);
            struct srv_job_result r;
            int rc = 0;
            for (int k = 0; k < 25 && rc == 0; k++) {
                SP_AUTO_FREE char *more = sp_fmt("%s %d", text, k);
                rc = commit_ops(&r, f, "", more, OPS({'+', "k", more}), NULL);
            }
            size_t merged;
            srv_git_repack(f->g, 7, &merged, NULL);
            _exit(4);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        OK(srv_git_open(&f->g, f->dir, &err));
        assert_git(f, "fsck --strict --full --no-dangling", "");
        SP_AUTO_BUF struct sp_buf report = {0};
        assert_int_equal(fsck(f, &report), 0);
        struct srv_job_result r;
        SP_AUTO_FREE char *last = sp_fmt("%s last", text);
        OK(commit_ops(&r, f, "", last, OPS({'+', "k", last}), &err));
        assert_true(r.made);
        assert_git(f, "show main:k", last);
    }
}

// Found by the test above: a kill inside the change of a ref leaves its lock file.
static void stale_locks_are_removed(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    srv_git_close(f->g);
    static const char *const names[] = {"refs/heads/main", "packed-refs"};
    for (size_t i = 0; i < 2; i++) {
        SP_AUTO_FREE char *path = sp_fmt("%s/git/7.git/%s.lock", f->dir, names[i]);
        OK(sp_file_replace(path, SP_LIT(""), 0644, 0, &err));
    }
    OK(srv_git_open(&f->g, f->dir, &err));
    commit_ok(NULL, f, "a", OPS({'+', "x", "1"}));
    SP_AUTO_GIT struct srv_git_handle *h = NULL;
    uint8_t oid[GIT_BIN];
    srv_git_bin(oid, sp_cstr(f->first));
    OK(srv_git_borrow(&h, f->g, 7, &err));
    OK(srv_ref_set(h, "refs/heads/gone", oid, NULL, &err));
    OK(srv_ref_delete(h, "refs/heads/gone", &err));
    // a lock that is younger than the server is somebody's
    SP_AUTO_FREE char *path = sp_fmt("%s/git/7.git/refs/heads/main.lock", f->dir);
    struct timespec soon[2] = {{.tv_sec = time(NULL) + 60}, {.tv_sec = time(NULL) + 60}};
    OK(sp_file_replace(path, SP_LIT(""), 0644, 0, &err));
    assert_int_equal(utimensat(AT_FDCWD, path, soon, 0), 0);
    struct srv_job_result r;
    assert_int_equal(commit_ops(&r, f, "", "b", OPS({'+', "x", "2"}), &err), SP_ELOCKED);
}

static void kill_while_creating(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    static const char *const points[] = {"create.layout", "create.pack", "create.rename",
                                         "create.done"};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        struct meta_repo r = {.id = 100 + (int64_t)i};
        srv_git_close(f->g);
        pid_t pid = fork();
        if (pid == 0) {
            SP_AUTO_FREE char *fault = sp_fmt("%s:kill", points[i]);
            setenv("SPOKE_FAULT", fault, 1);
            sp_fault_init();
            char oid[41];
            if (srv_git_open(&f->g, f->dir, NULL) == 0)
                srv_git_create(f->g, &r, "bob", oid, NULL);
            _exit(4);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        OK(srv_git_open(&f->g, f->dir, &err));
        // it is there whole or not at all
        char got[41], oid[41];
        int rc = srv_git_resolve(got, f->g, r.id, SP_LIT("main"), &err);
        if (i < 3) {
            assert_int_equal(rc, SP_EREPO);
            OK(srv_git_create(f->g, &r, "bob", oid, &err));
        } else {
            assert_int_equal(rc, 0);
        }
        OK(srv_git_remove(f->g, r.id, &err));
        assert_int_equal(srv_git_resolve(got, f->g, r.id, SP_LIT("main"), &err), SP_EREPO);
    }
}

static void large_commits_spool(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    SP_AUTO(srv_job_free) struct srv_job *j = NULL;
    OK(srv_job_begin(&j, f->g, 7, &err));
    size_t n = 9 * SP_MIB;
    SP_AUTO_FREE char *bytes = (char *)sp_alloc(n);
    for (int i = 0; i < 5; i++) {
        hash_random(bytes, n);
        SP_AUTO_FREE char *path = sp_fmt("r%d", i);
        OK(srv_job_put(j, sp_cstr(path), sp_str_of(bytes, n), &err));
    }
    struct srv_git_commit_text t = {SP_LIT("alice"), SP_LIT("large"), SP_LIT("")};
    struct srv_job_result r;
    OK(srv_job_finish(&r, j, "refs/heads/main", SP_LIT(""), &t, &err));
    assert_git(f, "fsck --strict --full", "");
    char want[41];
    hash_git_blob_hex(want, sp_str_of(bytes, n));
    assert_git(f, "rev-parse main:r4", want);
    SP_AUTO_BUF struct sp_buf back = {0};
    OK(srv_git_blob(&back, f->g, 7, want, n, &err));
    assert_int_equal(back.n, n);
    assert_memory_equal(back.p, bytes, n);
    assert_int_equal(srv_git_blob(&back, f->g, 7, want, n - 1, &err), SP_ETOOBIG);
}

struct reader {
    struct fix *f;
    _Atomic bool *stop;
    size_t rounds;
    char why[200];
};

// Reads head, listing and a file again and again; every commit that was seen stays readable.
static void *read_on(void *p)
{
    struct reader *r = (struct reader *)p;
    struct sp_err err = {0};
    while (!*r->stop && !r->why[0]) {
        char oid[41];
        SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
        SP_AUTO_BUF struct sp_buf b = {0};
        struct srv_entry e;
        const struct srv_tree *t = NULL;
        int rc = srv_git_resolve(oid, r->f->g, 7, SP_LIT("main"), &err);
        if (rc == 0)
            rc = srv_git_entry(&e, r->f->g, 7, oid, SP_LIT(".gitattributes"), &a, &err);
        if (rc == 0)
            rc = srv_git_blob(&b, r->f->g, 7, e.oid, SP_MIB, &err);
        if (rc == 0)
            rc = srv_git_tree(&t, r->f->g, 7, oid, &err);
        srv_git_tree_release(r->f->g, t);
        if (rc < 0)
            snprintf(r->why, sizeof r->why, "%.190s", err.msg);
        r->rounds++;
    }
    return NULL;
}

static void readers_do_not_mind_repacking(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    _Atomic bool stop = false;
    pthread_t t[3];
    struct reader r[3];
    for (int i = 0; i < 3; i++) {
        r[i] = (struct reader){f, &stop, 0, ""};
        assert_int_equal(pthread_create(&t[i], NULL, read_on, &r[i]), 0);
    }
    size_t merged;
    for (int i = 0; i < 70; i++) {
        SP_AUTO_FREE char *text = sp_fmt("%d", i);
        commit_ok(NULL, f, text, OPS({'+', text, text}));
        if (i % 23 == 22) {
            int rc = srv_git_repack(f->g, 7, &merged, &err);
            assert_true(rc == 0 || rc == SP_EBUSY);
        }
    }
    stop = true;
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], NULL);
        assert_string_equal(r[i].why, "");
        assert_true(r[i].rounds > 0);
    }
    assert_git(f, "fsck --strict --full --no-dangling", "");
    assert_git(f, "rev-list --count main", "71");
}

static void refs_change(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    SP_AUTO_GIT struct srv_git_handle *h = NULL;
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    uint8_t oid[GIT_BIN], other[GIT_BIN];
    char c2[41];
    commit_ok(c2, f, "a", OPS({'+', "x", "1"}));
    srv_git_bin(oid, sp_cstr(f->first));
    srv_git_bin(other, sp_cstr(c2));
    OK(srv_git_borrow(&h, f->g, 7, &err));
    OK(srv_ref_set(h, "refs/heads/feat/x", oid, NULL, &err));
    assert_int_equal(srv_ref_set(h, "refs/heads/feat/x", oid, NULL, &err), SP_EEXIST);
    assert_int_equal(srv_ref_set(h, "refs/heads/feat/x", other, other, &err), SP_ECONFLICT);
    assert_true(srv_ref_set(h, "refs/heads/feat", oid, NULL, &err) < 0);
    OK(srv_ref_set(h, "refs/heads/feat/x", other, oid, &err));
    OK(srv_ref_set(h, "refs/tags/v1", other, NULL, &err));
    struct srv_ref *v;
    size_t n;
    OK(srv_refs_list(&v, &n, h, &a, &err));
    assert_int_equal(n, 3);
    assert_string_equal(v[0].name, "refs/heads/feat/x");
    assert_string_equal(v[1].name, "refs/heads/main");
    assert_string_equal(v[2].name, "refs/tags/v1");
    OK(srv_ref_delete(h, "refs/heads/feat/x", &err));
    assert_int_equal(srv_ref_delete(h, "refs/heads/feat/x", &err), SP_EREVISION);
    char got[41];
    assert_int_equal(srv_git_resolve(got, f->g, 7, SP_LIT("feat/x"), &err), SP_EREVISION);
    static const char *const bad[] = {
        "",      "a..b",   "-x",  "a b",  "a/",   "/a",
        "a//b",  "x.lock", "a~1", "@",    "HEAD", "refs/heads/x",
        "a\x7f", "a\\b",   ".a",  "a/.b", "a.",   "0123456789012345678901234567890123456789",
        "a@{b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(srv_ref_name_check(sp_cstr(bad[i]), "branch", &err), SP_EINVALID);
    static const char *const good[] = {"v1.0", "a/b", "release-2", "\xc3\xa4", "a+b", "v1,2"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        OK(srv_ref_name_check(sp_cstr(good[i]), "tag", &err));
}

static void large_files_fill_disks(void **state)
{
    git_error_set_str(GIT_ERROR_OS, "could not write: File too large"); // only the text tells
    assert_int_equal(srv_git_fail(NULL, GIT_ERROR, "x"), SP_ENOSPACE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(create_makes_a_git_repository),
        T(ids_are_gits),
        T(deletes_and_conflicts),
        T(later_lines_win),
        T(clashing_names_are_refused),
        T(repeats_get_the_first_answer),
        T(one_of_many_wins),
        T(revisions),
        T(listings_equal_gits),
        T(last_commits),
        T(last_commits_of_neighbours),
        T(repack_keeps_everything),
        T(fsck_finds_missing_objects),
        T(kill_at_every_point),
        T(stale_locks_are_removed),
        T(kill_while_creating),
        T(large_commits_spool),
        T(readers_do_not_mind_repacking),
        T(refs_change),
        T(large_files_fill_disks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
