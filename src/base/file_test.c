#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

static char dir[64];

static int make_dir(void **state)
{
    snprintf(dir, sizeof dir, "/tmp/spoke-file-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    return sp_remove_tree(dir, NULL);
}

static char *in_dir(const char *rel)
{
    return sp_path_join(dir, rel);
}

static void put(const char *rel, const char *text)
{
    SP_AUTO_FREE char *p = in_dir(rel);
    struct sp_err err = {0};
    assert_int_equal(sp_mkdirs_for(p, 0777, &err), 0);
    assert_int_equal(sp_file_replace(p, sp_cstr(text), 0666, 0, &err), 0);
}

static char *get(const char *rel)
{
    SP_AUTO_FREE char *p = in_dir(rel);
    SP_AUTO_BUF struct sp_buf b = {0};
    assert_int_equal(sp_file_read(&b, p, SP_MIB, NULL), 0);
    return sp_buf_take(&b);
}

static int count_one(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    ++*(size_t *)ud;
    return 0;
}

static size_t entries(const char *rel)
{
    SP_AUTO_FREE char *p = in_dir(rel);
    size_t n = 0;
    assert_int_equal(sp_walk(p, count_one, &n, NULL), 0);
    return n;
}

static void read_bounds(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_BUF struct sp_buf b = {0};
    SP_AUTO_FREE char *p = in_dir("f"), *none = in_dir("none");
    put("f", "12345");
    sp_buf_cstr(&b, "keep:");
    assert_int_equal(sp_file_read(&b, p, 5, &err), 0);
    assert_string_equal(b.p, "keep:12345");
    SP_AUTO_BUF struct sp_buf just = SP_BUF_MAX(5), less = SP_BUF_MAX(4); // ceiling of the buffer
    assert_int_equal(sp_file_read(&just, p, 5, &err), 0);
    assert_int_equal(just.n, 5);
    assert_int_equal(sp_file_read(&less, p, 5, &err), SP_ETOOBIG);
    assert_int_equal(sp_file_read(&b, p, 4, &err), SP_ETOOBIG);
    assert_string_equal(b.p, "keep:12345");
    assert_int_equal(sp_file_read(&b, none, 4, &err), SP_ENOTFOUND);
    assert_non_null(strstr(err.msg, none));
    assert_int_equal(sp_file_read(&b, dir, 4, &err), SP_EIO);
    SP_AUTO_BUF struct sp_buf empty = {0};
    put("empty", "");
    SP_AUTO_FREE char *e = in_dir("empty");
    assert_int_equal(sp_file_read(&empty, e, 4, &err), 0);
    assert_string_equal(empty.p, "");
    sp_buf_reset(&b);
    assert_int_equal(sp_file_read(&b, "/proc/self/status", SP_MIB, &err), 0); // says size 0
    assert_true(b.n > 100);
    assert_int_equal(sp_file_read(&b, "/proc/self/status", 100, &err), SP_ETOOBIG);
}

static void replace_is_whole_and_leaves_no_temp(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *p = in_dir("r/f"), *no_dir = in_dir("none/f");
    put("r/f", "one");
    assert_int_equal(sp_file_replace(p, SP_LIT("two"), 0640, SP_FILE_DURABLE, &err), 0);
    SP_AUTO_FREE char *text = get("r/f");
    assert_string_equal(text, "two");
    struct stat st;
    assert_int_equal(stat(p, &st), 0);
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(st.st_mode & 0777, 0640 & ~mask);
    assert_int_equal(sp_file_replace(p, SP_LIT("three"), 0666, SP_FILE_EXCL, &err), SP_EEXIST);
    SP_AUTO_FREE char *same = get("r/f");
    assert_string_equal(same, "two");
    assert_int_equal(entries("r"), 1);
    SP_AUTO_FREE char *fresh = in_dir("r/g");
    assert_int_equal(sp_file_replace(fresh, SP_LIT("x"), 0666, SP_FILE_EXCL, &err), 0);
    assert_int_equal(entries("r"), 2);
    assert_int_equal(sp_file_replace(no_dir, SP_LIT("x"), 0666, 0, &err), SP_ENOTFOUND);
}

static void replace_takes_the_longest_name(void **state)
{
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    put(name, "long");
    SP_AUTO_FREE char *text = get(name);
    assert_string_equal(text, "long");
}

static void replace_does_not_write_through_a_link(void **state)
{
    SP_AUTO_FREE char *link = in_dir("link");
    put("target", "old");
    assert_int_equal(symlink("target", link), 0);
    put("link", "new");
    SP_AUTO_FREE char *text = get("target");
    assert_string_equal(text, "old");
}

static void mkdirs_cases(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *deep = in_dir("a/b/c//d/"), *file = in_dir("file"),
                      *below = in_dir("file/x");
    assert_int_equal(sp_mkdirs(deep, 0777, &err), 0);
    assert_int_equal(sp_mkdirs(deep, 0777, &err), 0);
    assert_true(sp_is_dir(deep));
    put("file", "");
    assert_true(sp_mkdirs(file, 0777, &err) < 0);
    assert_true(sp_mkdirs(below, 0777, &err) < 0);
    assert_int_equal(sp_mkdirs_for("just-a-name", 0777, &err), 0);
    // what mkdir said counts, not what a look at the missing folder says afterwards
    if (mkdir("/sys/spoke-test", 0700) != 0 && errno != ENOENT) {
        SP_AUTO_FREE char *why = sp_dup(strerror(errno));
        assert_true(sp_mkdirs("/sys/spoke-test/deep", 0777, &err) < 0);
        assert_non_null(strstr(err.msg, why));
    }
    assert_int_equal(sp_file_size(file), 0);
    assert_int_equal(sp_file_size(deep), -1);
    assert_true(sp_free_bytes(dir) > 0);
}

static int collect(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    sp_buf_cstr(ud, rel);
    sp_buf_ch(ud, S_ISDIR(st->st_mode) ? '/' : S_ISLNK(st->st_mode) ? '@' : ' ');
    sp_buf_ch(ud, '|');
    return strcmp(rel, "w/stop") == 0 ? SP_ECANCELLED : 0;
}

static void walk_is_sorted_and_follows_no_links(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_BUF struct sp_buf b = {0};
    SP_AUTO_FREE char *w = in_dir("w"), *loop = in_dir("w/loop");
    put("w/b/2", "");
    put("w/b/10", "");
    put("w/a", "");
    put("w/z", "");
    assert_int_equal(symlink("..", loop), 0);
    assert_int_equal(sp_walk(w, collect, &b, &err), 0);
    assert_string_equal(b.p, "a |b/|b/10 |b/2 |loop@|z |");
    put("w/stop", "");
    assert_int_equal(sp_walk(dir, collect, &b, &err), SP_ECANCELLED);
}

static void list_is_sorted_and_of_one_level(void **state)
{
    struct sp_err err = {0};
    SP_AUTO(sp_names_fini) struct sp_names names = {0};
    SP_AUTO_FREE char *l = in_dir("l"), *file = in_dir("l/a"), *none = in_dir("l/none");
    put("l/b/inner", "");
    put("l/a", "");
    put("l/.c", "");
    assert_int_equal(sp_dir_list(&names, l, &err), 0);
    assert_int_equal(names.n, 3);
    assert_string_equal(names.v[0], ".c");
    assert_string_equal(names.v[1], "a");
    assert_string_equal(names.v[2], "b");
    assert_int_equal(sp_dir_list(&names, none, &err), SP_ENOTFOUND);
    assert_true(sp_dir_list(&names, file, &err) < 0);
    assert_int_equal(names.n, 3);
}

static void remove_tree_spares_what_links_point_to(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *rm = in_dir("rm"), *out = in_dir("rm/x/out"), *none = in_dir("none");
    put("kept/f", "kept");
    put("rm/x/y/f", "");
    assert_int_equal(symlink("../../kept", out), 0);
    assert_int_equal(sp_remove_tree(rm, &err), 0);
    assert_false(sp_exists(rm));
    SP_AUTO_FREE char *text = get("kept/f");
    assert_string_equal(text, "kept");
    assert_int_equal(sp_remove_tree(none, &err), 0);
}

static void copy_links_or_copies(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *from = in_dir("c/link"), *to = in_dir("c/to"), *hard = in_dir("c/hard");
    SP_AUTO_FREE char *real = in_dir("c/real");
    put("c/real", "content");
    assert_int_equal(symlink("real", from), 0);
    char how = 0;
    assert_int_equal(sp_file_copy(from, to, false, &how, &err), 0);
    assert_true(how == 'r' || how == 'c');
    struct stat a, b;
    assert_int_equal(lstat(to, &a), 0);
    assert_int_equal(stat(real, &b), 0);
    assert_true(S_ISREG(a.st_mode));
    assert_true(a.st_ino != b.st_ino);
    SP_AUTO_FREE char *text = get("c/to");
    assert_string_equal(text, "content");
    assert_int_equal(sp_file_copy(from, hard, true, &how, &err), 0);
    assert_int_equal(lstat(hard, &a), 0);
    assert_true(how == 'r' ? a.st_ino != b.st_ino : how == 'h' && a.st_ino == b.st_ino);
    // over itself: rename(2) of two names of one inode does nothing, the temp name must still go
    assert_int_equal(sp_file_copy(from, hard, true, &how, &err), 0);
    assert_int_equal(entries("c"), 4);
    assert_int_equal(sp_file_copy(dir, hard, true, &how, &err), SP_EINVALID);
    SP_AUTO_FREE char *none = in_dir("c/none");
    assert_int_equal(sp_file_copy(none, hard, true, &how, &err), SP_ENOTFOUND);
    assert_int_equal(entries("c"), 4);
}

static int refuse(void *ud, const char *path, struct sp_err *err)
{
    *(int64_t *)ud = sp_file_size(path);
    return sp_fail(err, SP_EHASH, "not this one");
}

static void a_refused_copy_has_no_name(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *from = in_dir("refused/from"), *to = in_dir("refused/to");
    int64_t seen = 0;
    put("refused/from", "content");
    put("refused/to", "old");
    assert_int_equal(sp_file_copy_checked(from, to, true, NULL, refuse, &seen, &err), SP_EHASH);
    assert_int_equal(seen, 7);
    SP_AUTO_FREE char *text = get("refused/to");
    assert_string_equal(text, "old");
    assert_int_equal(entries("refused"), 2);
}

static void copy_across_file_systems(void **state)
{
    struct stat a, b;
    if (stat("/dev/shm", &a) != 0 || stat(dir, &b) != 0 || a.st_dev == b.st_dev)
        skip();
    char other[] = "/dev/shm/spoke-copy-XXXXXX";
    int fd = mkstemp(other);
    assert_true(fd >= 0);
    SP_AUTO_FREE char *big = sp_alloc(3 * SP_MIB);
    memset(big, 'b', 3 * SP_MIB);
    assert_int_equal(sp_write_all(fd, big, 3 * SP_MIB, other, NULL), 0);
    close(fd);
    SP_AUTO_FREE char *to = in_dir("across");
    char how = 0;
    int rc = sp_file_copy(other, to, true, &how, NULL);
    unlink(other);
    assert_int_equal(rc, 0);
    assert_int_equal(how, 'c');
    assert_int_equal(sp_file_size(to), 3 * SP_MIB);
}

static void positioned_io(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *p = in_dir("pos");
    SP_AUTO_FD int fd = -1;
    assert_int_equal(sp_open(&fd, p, O_RDWR | O_CREAT, 0666, &err), 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(sp_pwrite_all(fd, "world", 5, 5, p, &err), 0);
    assert_int_equal(sp_pwrite_all(fd, "hello", 5, 0, p, &err), 0);
    char b[11] = "";
    assert_int_equal(sp_pread_all(fd, b, 10, 0, p, &err), 0);
    assert_string_equal(b, "helloworld");
    assert_int_equal(sp_pread_all(fd, b, 10, 1, p, &err), SP_EINCOMPLETE);
    assert_int_equal(sp_pread_all(fd, b, 10, UINT64_MAX - 3, p, &err), SP_ETOOBIG);
    SP_AUTO_FD int full = open("/dev/full", O_WRONLY);
    assert_int_equal(sp_write_all(full, "x", 1, "/dev/full", &err), SP_ENOSPACE);
}

static void fifo_does_not_hang(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *p = in_dir("fifo");
    SP_AUTO_BUF struct sp_buf b = {0};
    assert_int_equal(mkfifo(p, 0600), 0);
    assert_int_equal(sp_file_read(&b, p, 100, &err), 0); // nobody writes: an empty file
    assert_int_equal(b.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_bounds),
        cmocka_unit_test(replace_is_whole_and_leaves_no_temp),
        cmocka_unit_test(replace_takes_the_longest_name),
        cmocka_unit_test(replace_does_not_write_through_a_link),
        cmocka_unit_test(mkdirs_cases),
        cmocka_unit_test(walk_is_sorted_and_follows_no_links),
        cmocka_unit_test(list_is_sorted_and_of_one_level),
        cmocka_unit_test(remove_tree_spares_what_links_point_to),
        cmocka_unit_test(copy_links_or_copies),
        cmocka_unit_test(a_refused_copy_has_no_name),
        cmocka_unit_test(copy_across_file_systems),
        cmocka_unit_test(positioned_io),
        cmocka_unit_test(fifo_does_not_hang),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
