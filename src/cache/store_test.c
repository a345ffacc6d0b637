// store.c, part.c, link.c
#include "cache/testdir.h"

#include "cache/part.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define BLOBS "models--ns--m/blobs"
#define BIG   (20 * SP_MIB + 123)

static int flock_errno; // what flock fails with, as on file systems without locks

int flock(int fd, int op)
{
    if (flock_errno) {
        errno = flock_errno;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, op);
}

static uint8_t *big; // BIG bytes
static char big_sha[HASH_SHA256_HEX];

static int make_big(void **state)
{
    big = sp_alloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        big[i] = (uint8_t)(i * 2654435761u >> 13);
    hash_sha256_hex(big_sha, sp_str_of(big, BIG));
    return 0;
}

static int drop_big(void **state)
{
    free(big);
    return 0;
}

static struct cache_want want_big(void)
{
    return (struct cache_want){.etag = big_sha, .size = BIG, .sha256 = big_sha};
}

static char *big_path(void)
{
    return cache_layout_blob_path(&test_repo, big_sha);
}

static int begin(struct cache_store **s, const struct cache_want *w)
{
    struct sp_err err = {0};
    int rc = cache_store_begin(s, &test_repo, w, NULL, &err);
    if (rc < 0)
        fail_msg("%s", err.msg);
    return rc;
}

static void put_bytes(struct cache_store *s, size_t from, size_t to)
{
    struct sp_err err = {0};
    for (size_t at_ = from; at_ < to;) {
        size_t n = to - at_ < 65536 ? to - at_ : 65536;
        assert_int_equal(cache_store_write(s, big + at_, n, at_, &err), 0);
        at_ += n;
    }
}

static void store_text(const char *etag, const char *text, const char *sha256, int want_rc)
{
    struct cache_want w = {.etag = etag, .size = (int64_t)strlen(text), .sha256 = sha256};
    struct cache_store *s = NULL;
    struct sp_err err = {0};
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    assert_int_equal(cache_store_write(s, text, strlen(text), 0, &err), 0);
    assert_int_equal(cache_store_commit(s, true, &err), want_rc);
    cache_store_close(&s, false);
    assert_null(s);
    cache_store_close(&s, false);
}

static void small_files(void **state)
{
    // git blob id of "hello\n"; its SHA-256; an ETag that is no hash
    store_text("ce013625030ba8dba906f756967f9e9ca394464a", "hello\n", NULL, 0);
    assert_text(BLOBS "/ce013625030ba8dba906f756967f9e9ca394464a", "hello\n");
    store_text("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", "hello\n", NULL,
               0);
    store_text("foreign-etag", "hello\n", NULL, 0);
    store_text("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "", NULL, 0);
    assert_int_equal(entries(BLOBS), 4);
    assert_true(there("CACHEDIR.TAG"));
    assert_true(there(".locks/models--ns--m/foreign-etag.lock"));
    SP_AUTO_FREE char *p = at(BLOBS "/foreign-etag");
    struct stat st;
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(stat(p, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
    struct cache_want w = {.etag = "foreign-etag", .size = 6};
    struct cache_store *s = NULL;
    assert_int_equal(begin(&s, &w), CACHE_STORE_PRESENT);
    assert_null(s);
}

static void wrong_bytes_get_no_name(void **state)
{
    store_text("ce013625030ba8dba906f756967f9e9ca394464a", "hellO\n", NULL, SP_EHASH);
    store_text("foreign", "hello\n", big_sha, SP_EHASH);
    assert_int_equal(entries(BLOBS), 0);
}

static void wrong_sizes_get_no_name(void **state)
{
    struct sp_err err = {0};
    struct cache_want w = {.etag = "e", .size = 5};
    struct cache_store *s = NULL;
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    assert_int_equal(cache_store_write(s, "123456", 6, 0, &err), SP_EFORMAT);
    assert_int_equal(cache_store_write(s, "12", 2, 0, &err), 0);
    assert_int_equal(cache_store_write(s, "5", 1, 4, &err), 0); // a hole at 2
    assert_int_equal(cache_store_commit(s, true, &err), SP_EINCOMPLETE);
    assert_int_equal(cache_store_write(s, "34", 2, 2, &err), 0);
    assert_int_equal(cache_store_commit(s, true, &err), 0);
    assert_text(BLOBS "/e", "12345");
    cache_store_close(&s, false);
}

static void unknown_size(void **state)
{
    struct sp_err err = {0};
    struct cache_want w = {.etag = "ce013625030ba8dba906f756967f9e9ca394464a", .size = -1};
    struct cache_store *s = NULL;
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    assert_int_equal(cache_store_write(s, "hel", 3, 0, &err), 0);
    assert_int_equal(cache_store_write(s, "lo\n", 3, 3, &err), 0);
    assert_int_equal(cache_store_commit(s, true, &err), 0);
    cache_store_close(&s, true);
    assert_int_equal(entries(BLOBS), 1);
}

static void a_corrupt_blob_is_replaced(void **state)
{
    put(BLOBS "/ce013625030ba8dba906f756967f9e9ca394464a", "hel");
    store_text("ce013625030ba8dba906f756967f9e9ca394464a", "hello\n", NULL, 0);
    assert_text(BLOBS "/ce013625030ba8dba906f756967f9e9ca394464a", "hello\n");
    // never written through: the blob may be a link into the shared store
    put("precious", "precious");
    put_link(BLOBS "/link", "../../precious");
    struct cache_want w = {.etag = "link", .size = 6, .force = true};
    struct cache_store *s = NULL;
    struct sp_err err = {0};
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    assert_int_equal(cache_store_write(s, "hello\n", 6, 0, &err), 0);
    assert_int_equal(cache_store_commit(s, false, &err), 0);
    cache_store_close(&s, false);
    assert_text("precious", "precious");
    assert_text(BLOBS "/link", "hello\n");
    assert_int_equal(cache_store_sync(&test_repo, &err), 0);
}

struct part_job {
    struct cache_store *s;
    size_t from, to;
};

static void *write_part(void *ud)
{
    struct part_job *j = ud;
    put_bytes(j->s, j->from, j->to);
    return NULL;
}

static void ranges_from_threads(void **state)
{
    struct cache_want w = want_big();
    struct cache_store *s = NULL;
    struct sp_err err = {0};
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    struct part_job jobs[4];
    pthread_t t[4];
    for (size_t i = 0; i < 4; i++) {
        jobs[i] = (struct part_job){s, BIG / 4 * i, i == 3 ? BIG : BIG / 4 * (i + 1)};
        assert_int_equal(pthread_create(&t[i], NULL, write_part, &jobs[i]), 0);
    }
    for (size_t i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    if (cache_store_commit(s, false, &err) < 0)
        fail_msg("%s", err.msg);
    cache_store_close(&s, false);
    SP_AUTO_FREE char *p = big_path();
    char hex[HASH_SHA256_HEX];
    assert_int_equal(hash_file_hex(hex, HASH_SHA256, false, p, &err), 0);
    assert_string_equal(hex, big_sha);
    assert_int_equal(entries(BLOBS), 1);
}

static void resumes_after_close(void **state)
{
    struct cache_want w = want_big();
    struct cache_store *s = NULL;
    struct sp_err err = {0};
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    assert_int_equal(cache_store_have(s), 0);
    put_bytes(s, 0, 3 * SP_MIB);
    put_bytes(s, 4 * SP_MIB, 5 * SP_MIB); // behind a hole: not counted
    cache_store_close(&s, true);
    assert_int_equal(entries(BLOBS), 2);
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    assert_int_equal(cache_store_have(s), 3 * SP_MIB);
    put_bytes(s, 3 * SP_MIB, BIG);
    if (cache_store_commit(s, true, &err) < 0)
        fail_msg("%s", err.msg);
    cache_store_close(&s, true);
    assert_int_equal(entries(BLOBS), 1);
}

static void resumes_after_kill(void **state)
{
    struct cache_want w = want_big();
    pid_t pid = fork();
    if (pid == 0) {
        struct cache_store *s = NULL;
        if (cache_store_begin(&s, &test_repo, &w, NULL, NULL) != CACHE_STORE_READY)
            _exit(1);
        for (size_t i = 0; i < 18 * SP_MIB; i += 65536)
            cache_store_write(s, big + i, 65536, i, NULL);
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    struct cache_store *s = NULL;
    struct sp_err err = {0};
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    uint64_t have = cache_store_have(s);
    assert_true(have >= 16 * SP_MIB);
    put_bytes(s, have, BIG);
    assert_int_equal(cache_store_commit(s, true, &err), 0);
    cache_store_close(&s, false);
    assert_int_equal(entries(BLOBS), 1);
}

// The journal tells of the first partial file of the folder; returns its path.
static char *only_partial(void)
{
    SP_AUTO(cache_names_fini) struct cache_names n = {0};
    SP_AUTO_FREE char *dir = at(BLOBS);
    assert_int_equal(sp_dir_list(&n.list, dir, NULL), 0);
    SP_VEC_EACH (&n.list, it) {
        if (sp_ends(sp_cstr(*it), SP_LIT(CACHE_PART_SUFFIX)))
            return sp_path_join(dir, *it);
    }
    return NULL;
}

static void rotten_partials_are_found_out(void **state)
{
    struct cache_want w = want_big();
    struct cache_store *s = NULL;
    struct sp_err err = {0};
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    put_bytes(s, 0, 3 * SP_MIB);
    cache_store_close(&s, true);
    SP_AUTO_FREE char *p = only_partial();
    SP_AUTO_FD int fd = open(p, O_WRONLY);
    assert_int_equal(pwrite(fd, "rot", 3, 1000), 3);
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    assert_int_equal(cache_store_have(s), 3 * SP_MIB);
    put_bytes(s, 3 * SP_MIB, BIG);
    assert_int_equal(cache_store_commit(s, true, &err), SP_EHASH);
    assert_true(cache_store_again(s)); // the old bytes are to blame: once more from the start
    assert_int_equal(cache_store_have(s), 0);
    put_bytes(s, 0, BIG);
    assert_int_equal(cache_store_commit(s, true, &err), 0);
    cache_store_close(&s, false);
    assert_int_equal(entries(BLOBS), 1);
}

static void a_second_writer_has_a_file_of_its_own(void **state)
{
    // as when locks do not work: two processes store the same blob at once
    struct sp_err err = {0};
    SP_AUTO_FREE char *dir = at("parts");
    struct cache_part a = {0}, b = {0}, c = {0};
    assert_int_equal(sp_mkdirs(dir, 0777, &err), 0);
    assert_int_equal(cache_part_open(&a, dir, "e", 100, CACHE_PART_OLD, &err), 0);
    assert_int_equal(pwrite(a.fd_plus1 - 1, "0123456789", 10, 0), 10);
    cache_part_wrote(&a, 0, 10);
    cache_part_save(&a);
    assert_int_equal(cache_part_open(&b, dir, "e", 100, CACHE_PART_OLD, &err), 0);
    assert_string_not_equal(a.path, b.path);
    assert_int_equal(cache_part_prefix(&b), 0);
    cache_part_wrote(&b, 0, 20);
    cache_part_save(&b); // the journal is a's
    cache_part_drop(&b);
    cache_part_fini(&a);
    assert_int_equal(cache_part_open(&c, dir, "e", 100, CACHE_PART_OLD, &err), 0);
    assert_int_equal(cache_part_prefix(&c), 10);
    cache_part_drop(&c);
    assert_int_equal(entries("parts"), 0);
}

static void nothing_is_adopted_without_locks(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *dir = at("parts");
    struct cache_part a = {0}, b = {0};
    static const int errors[] = {ENOLCK, ENOSYS, EOPNOTSUPP, EIO};
    put("parts/e.00000000.incomplete", "0123456789");
    put("parts/e.spoke-resume",
        "spoke-resume 1\ne.00000000.incomplete\n100\n00000000000000000005\n");
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        flock_errno = errors[i];
        int rc = cache_part_open(&a, dir, "e", 100, CACHE_PART_OLD, &err);
        flock_errno = 0;
        assert_int_equal(rc, 0);
        assert_int_equal(cache_part_prefix(&a), 0);
        cache_part_drop(&a);
        assert_int_equal(entries("parts"), 2);
    }
    // nor is a journal left that nobody could claim
    assert_int_equal(cache_part_open(&b, dir, "f", 100, CACHE_PART_OLD, &err), 0);
    cache_part_wrote(&b, 0, 20);
    flock_errno = ENOLCK;
    cache_part_save(&b);
    flock_errno = 0;
    assert_int_equal(b.journaled, 0);
    assert_false(there("parts/f.spoke-resume"));
    cache_part_drop(&b);
}

static void without_a_hash_nothing_is_resumed(void **state)
{
    struct cache_want w = {.etag = "foreign-etag", .size = BIG};
    struct cache_store *s = NULL;
    struct sp_err err = {0};
    // left by an earlier version of this program, or by Python
    put(BLOBS "/foreign-etag.incomplete", "old");
    put(BLOBS "/foreign-etag.00000000.incomplete", "0123456789");
    SP_AUTO_FREE char *text =
        sp_fmt("spoke-resume 1\nforeign-etag.00000000.incomplete\n%zu\n5\n", (size_t)BIG);
    put(BLOBS "/foreign-etag.spoke-resume", text);
    for (int i = 0; i < 2; i++) { // nor what this one leaves
        assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
        assert_int_equal(cache_store_have(s), 0);
        put_bytes(s, 0, 9 * SP_MIB);
        cache_store_close(&s, true);
    }
    assert_int_equal(entries(BLOBS), 3);
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    put_bytes(s, 0, BIG);
    assert_int_equal(cache_store_commit(s, true, &err), 0);
    cache_store_close(&s, false);
    assert_int_equal(entries(BLOBS), 1);
}

static void journals_are_not_believed(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *dir = at("parts");
    static const char *const journals[] = {
        "",
        "spoke-resume 1\n",
        "spoke-resume 2\ne.00000000.incomplete\n100\n5\n",
        "spoke-resume 1\n../e.00000000.incomplete\n100\n5\n",
        "spoke-resume 1\ne.0000000g.incomplete\n100\n5\n",
        "spoke-resume 1\nf.00000000.incomplete\n100\n5\n",
        "spoke-resume 1\ne.00000000.incomplete\n99\n5\n",    // other size
        "spoke-resume 1\ne.00000000.incomplete\n100\n101\n", // more than all
        "spoke-resume 1\ne.00000000.incomplete\n100\n50\n",  // more than the file has
        "spoke-resume 1\ne.00000000.incomplete\n100\n-5\n",
        "spoke-resume 1\ne.11111111.incomplete\n100\n5\n", // no such file
    };
    for (size_t i = 0; i < sizeof journals / sizeof *journals; i++) {
        struct cache_part p = {0};
        put("parts/e.00000000.incomplete", "0123456789");
        put("parts/e.spoke-resume", journals[i]);
        assert_int_equal(cache_part_open(&p, dir, "e", 100, CACHE_PART_JOURNALED, &err), 0);
        if (cache_part_prefix(&p) != 0)
            fail_msg("journal %zu is believed", i);
        cache_part_drop(&p);
    }
    struct cache_part p = {0};
    put("parts/e.spoke-resume",
        "spoke-resume 1\ne.00000000.incomplete\n100\n00000000000000000005\n");
    assert_int_equal(cache_part_open(&p, dir, "e", 100, CACHE_PART_JOURNALED, &err), 0);
    assert_int_equal(cache_part_prefix(&p), 5);
    cache_part_drop(&p);
}

static void old_partials_are_adopted(void **state)
{
    SP_AUTO_FREE char *old = sp_fmt("%s/" BLOBS "/%s.incomplete", test_root, big_sha);
    struct sp_err err = {0};
    struct cache_want w = want_big();
    struct cache_store *s = NULL;
    assert_int_equal(sp_mkdirs_for(old, 0777, &err), 0);
    assert_int_equal(sp_file_replace(old, sp_str_of(big, SP_MIB), 0666, 0, &err), 0);
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    assert_int_equal(cache_store_have(s), SP_MIB);
    put_bytes(s, SP_MIB, BIG);
    assert_int_equal(cache_store_commit(s, false, &err), 0);
    cache_store_close(&s, false);
    assert_int_equal(entries(BLOBS), 1);
}

static void leftovers_of_the_killed_go(void **state)
{
    struct sp_err err = {0};
    // of the blob that is stored; of another; of one that somebody writes; one that can be resumed
    put(BLOBS "/ce013625030ba8dba906f756967f9e9ca394464a.0123abcd.incomplete", "he");
    store_text("ce013625030ba8dba906f756967f9e9ca394464a", "hello\n", NULL, 0);
    assert_int_equal(entries(BLOBS), 1);
    put(BLOBS "/other.0123abcd.incomplete", "x");
    put(BLOBS "/busy.0123abcd.incomplete", "x");
    put(BLOBS "/later.0123abcd.incomplete", "x");
    put(BLOBS "/later.spoke-resume", "x");
    put(".locks/models--ns--m/busy.lock", "");
    SP_AUTO_FREE char *p = at(".locks/models--ns--m/busy.lock");
    SP_AUTO_FD int fd = open(p, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(cache_store_sync(&test_repo, &err), 0);
    assert_false(there(BLOBS "/other.0123abcd.incomplete"));
    assert_true(there(BLOBS "/busy.0123abcd.incomplete"));
    assert_true(there(BLOBS "/later.0123abcd.incomplete"));
    assert_int_equal(entries(BLOBS), 4);
}

static void long_etags_have_a_temp_name(void **state)
{
    char etag[241];
    memset(etag, 'e', 240);
    etag[240] = '\0';
    store_text(etag, "hello", NULL, 0);
    assert_int_equal(entries(BLOBS), 1);
}

static void written_twice(void **state)
{
    struct cache_want w = want_big();
    struct cache_store *s = NULL;
    struct sp_err err = {0};
    assert_int_equal(begin(&s, &w), CACHE_STORE_READY);
    SP_AUTO_FREE char *zeros = sp_alloc(3 * SP_MIB);
    assert_int_equal(cache_store_write(s, zeros, 3 * SP_MIB, 0, &err), 0);
    put_bytes(s, 3 * SP_MIB, BIG);
    put_bytes(s, 0, 3 * SP_MIB); // the hash has seen the zeros already
    assert_int_equal(cache_store_commit(s, false, &err), 0);
    cache_store_close(&s, false);
}

static void ranges_melt(void **state)
{
    struct cache_part p = {0};
    cache_part_wrote(&p, 10, 20);
    cache_part_wrote(&p, 30, 40);
    cache_part_wrote(&p, 50, 60);
    assert_int_equal(p.ranges.n, 3);
    assert_int_equal(cache_part_prefix(&p), 0);
    cache_part_wrote(&p, 0, 5);
    assert_int_equal(cache_part_prefix(&p), 5);
    cache_part_wrote(&p, 5, 10);
    assert_int_equal(cache_part_prefix(&p), 20);
    cache_part_wrote(&p, 15, 55);
    assert_int_equal(p.ranges.n, 1);
    assert_int_equal(cache_part_prefix(&p), 60);
    cache_part_wrote(&p, 70, 80);
    cache_part_wrote(&p, 70, 70);
    cache_part_wrote(&p, 62, 64);
    assert_int_equal(p.ranges.n, 3);
    assert_int_equal(cache_part_end(&p), 80);
    cache_part_fini(&p);
}

static void waits_for_pythons_lock(void **state)
{
    put(".locks/models--ns--m/e.lock", "");
    SP_AUTO_FREE char *p = at(".locks/models--ns--m/e.lock");
    SP_AUTO_FD int fd = open(p, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    struct cache_want w = {.etag = "e", .size = 1};
    struct cache_store *s = NULL;
    struct sp_err err = {0};
    struct sp_cancel c = {.deadline_ms = sp_mono_ms() + 120};
    assert_int_equal(cache_store_begin(&s, &test_repo, &w, &c, &err), SP_ETIMEOUT);
    assert_null(s);
    assert_int_equal(flock(fd, LOCK_UN), 0);
    assert_int_equal(cache_store_begin(&s, &test_repo, &w, NULL, &err), CACHE_STORE_READY);
    assert_int_not_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    cache_store_close(&s, false);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
}

// --- links ---

static void links(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *path = NULL;
    put(BLOBS "/e1", "one");
    put(BLOBS "/e2", "two");
    assert_int_equal(cache_link(&path, &test_repo, C1, "a/b/c.txt", "e1", true, &err), 0);
    assert_link("models--ns--m/snapshots/" C1 "/a/b/c.txt", "../../../../blobs/e1");
    free(sp_take(&path));
    assert_int_equal(cache_link(&path, &test_repo, C1, "top", "e1", false, &err), 0);
    assert_link("models--ns--m/snapshots/" C1 "/top", "../../blobs/e1");
    free(sp_take(&path));
    assert_int_equal(cache_link(&path, &test_repo, C1, "top", "e1", false, &err), 0); // again
    free(sp_take(&path));
    assert_int_equal(cache_link(&path, &test_repo, C1, "top", "e2", false, &err), 0); // another
    assert_link("models--ns--m/snapshots/" C1 "/top", "../../blobs/e2");
    free(sp_take(&path));
    put("models--ns--m/snapshots/" C1 "/file", "old"); // a file of the no-symlink mode
    assert_int_equal(cache_link(&path, &test_repo, C1, "file", "e2", false, &err), 0);
    assert_link("models--ns--m/snapshots/" C1 "/file", "../../blobs/e2");
    assert_text(BLOBS "/e2", "two");
    free(sp_take(&path));
    assert_int_equal(cache_link(&path, &test_repo, C1, "x", "none", false, &err), SP_EBUSY);
    assert_int_equal(cache_link(&path, &test_repo, C1, "../x", "e1", false, &err), SP_EFORMAT);
    assert_int_equal(cache_link(&path, &test_repo, "main", "x", "e1", false, &err), SP_EFORMAT);
    assert_int_equal(entries(BLOBS), 2);
}

static void no_symlink_mode(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *path = NULL;
    setenv("HF_HUB_DISABLE_SYMLINKS", "yes", 1);
    sp_conf_init();
    put(BLOBS "/e1", "one");
    assert_int_equal(cache_link(&path, &test_repo, C1, "a/b", "e1", true, &err), 0);
    assert_text("models--ns--m/snapshots/" C1 "/a/b", "one");
    assert_false(there(BLOBS "/e1")); // moved
    free(sp_take(&path));
    put(BLOBS "/e2", "two");
    assert_int_equal(cache_link(&path, &test_repo, C1, "c", "e2", false, &err), 0);
    assert_text("models--ns--m/snapshots/" C1 "/c", "two");
    assert_true(there(BLOBS "/e2")); // copied
    unsetenv("HF_HUB_DISABLE_SYMLINKS");
    sp_conf_init();
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

#define T(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(small_files),
        T(wrong_bytes_get_no_name),
        T(wrong_sizes_get_no_name),
        T(unknown_size),
        T(a_corrupt_blob_is_replaced),
        T(ranges_from_threads),
        T(resumes_after_close),
        T(resumes_after_kill),
        T(rotten_partials_are_found_out),
        T(a_second_writer_has_a_file_of_its_own),
        T(nothing_is_adopted_without_locks),
        T(without_a_hash_nothing_is_resumed),
        T(journals_are_not_believed),
        T(old_partials_are_adopted),
        T(long_etags_have_a_temp_name),
        T(leftovers_of_the_killed_go),
        T(written_twice),
        T(ranges_melt),
        T(waits_for_pythons_lock),
        T(links),
        T(no_symlink_mode),
    };
    return cmocka_run_group_tests(tests, make_big, drop_big);
}
