// Large content without git: what is stored has its hash, what has a name is whole, a kill at every
// fault point leaves the whole object or none.
#include "server/server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <cmocka.h>

struct fix {
    char dir[64];
    struct obj_store *objects;
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
    strcpy(f->dir, "/tmp/spoke-obj-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    OK(obj_store_open(&f->objects, f->dir, &err));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fix *f = (struct fix *)*state;
    obj_store_close(f->objects);
    sp_remove_tree(f->dir, NULL);
    free(f);
    return 0;
}

static void add(struct obj_ingest *i, const char *p, size_t n)
{
    struct sp_err err = {0};
    while (n) {
        char *room;
        size_t k;
        OK(obj_ingest_room(i, &room, &k, &err));
        assert_int_not_equal(k, 0);
        k = k < n ? k : n;
        memcpy(room, p, k);
        OK(obj_ingest_added(i, k, &err));
        p += k;
        n -= k;
    }
}

static void put_object(struct fix *f, const char *text, char sha256[65])
{
    struct sp_err err = {0};
    struct obj_ingest *i = NULL;
    hash_sha256_hex(sha256, sp_cstr(text));
    OK(obj_ingest_begin(&i, f->objects, sha256, strlen(text), &err));
    add(i, text, strlen(text));
    OK(obj_ingest_commit(i, &err));
    obj_ingest_abort(&i);
}

static void objects_are_checked(void **state)
{
    struct fix *f = (struct fix *)*state;
    struct sp_err err = {0};
    char sha256[65];
    put_object(f, "bytes", sha256);
    put_object(f, "bytes", sha256);
    uint64_t size;
    assert_true(obj_store_has(f->objects, sha256, &size));
    assert_int_equal(size, 5);
    struct sp_source *src = NULL;
    OK(obj_store_source(&src, f->objects, sha256, &err));
    char back[6] = {0};
    OK(sp_source_read_exact(src, back, 5, 0, &err));
    assert_string_equal(back, "bytes");
    // Open once for all; who has it reads on after it was removed, who comes later finds nothing.
    struct sp_source *again = NULL;
    OK(obj_store_source(&again, f->objects, sha256, &err));
    assert_int_equal(again->fd, src->fd);
    sp_source_release(&again);
    OK(obj_store_remove(f->objects, sha256, &err));
    assert_int_equal(obj_store_source(&again, f->objects, sha256, &err), SP_ENOTFOUND);
    OK(sp_source_read_exact(src, back, 5, 0, &err));
    assert_string_equal(back, "bytes");
    sp_source_release(&src);
    put_object(f, "bytes", sha256);
    OK(obj_store_source(&src, f->objects, sha256, &err));
    put_object(f, "bytes", sha256); // the same bytes in a new file: it replaces the open one
    OK(obj_store_source(&again, f->objects, sha256, &err));
    assert_int_not_equal(again->fd, src->fd);
    sp_source_release(&src);
    sp_source_release(&again);
    char other[65];
    hash_sha256_hex(other, SP_LIT("other"));
    struct obj_ingest *i = NULL;
    OK(obj_ingest_begin(&i, f->objects, other, 5, &err));
    add(i, "wrong", 5);
    char *room;
    size_t n;
    OK(obj_ingest_room(i, &room, &n, &err));
    assert_int_equal(n, 0); // no more than was promised
    assert_int_equal(obj_ingest_commit(i, &err), SP_EHASH);
    obj_ingest_abort(&i);
    OK(obj_ingest_begin(&i, f->objects, other, 5, &err));
    add(i, "oth", 3);
    assert_int_equal(obj_ingest_commit(i, &err), SP_EINCOMPLETE);
    obj_ingest_abort(&i);
    assert_false(obj_store_has(f->objects, other, NULL));
    assert_int_equal(obj_ingest_begin(&i, f->objects, "../../etc/passwd", 5, &err), SP_EFORMAT);
    SP_AUTO_FREE char *left = sp_fmt("ls %s/tmp | wc -l | grep -qx 0", f->dir);
    assert_int_equal(system(left), 0);
}

// Around the sizes where the way of writing changes, and where a part or the last block is not
// full.
static void every_size_comes_back(void **state)
{
    struct fix *f = (struct fix *)*state;
    static const size_t sizes[] = {0,       1,       4095,    4096,    524287,  524288, 524289,
                                   1048577, 4194303, 4194304, 4194305, 4718592, 6000001};
    SP_AUTO_FREE char *bytes = sp_alloc(6000001);
    hash_random(bytes, 6000001);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct sp_err err = {0};
        struct obj_ingest *i = NULL;
        char sha256[65], back[65];
        uint64_t size;
        hash_sha256_hex(sha256, sp_str_of(bytes, sizes[k]));
        OK(obj_ingest_begin(&i, f->objects, sha256, sizes[k], &err));
        for (size_t at = 0; at < sizes[k];) { // pieces of no particular size
            size_t n = sizes[k] - at < 77777 ? sizes[k] - at : 77777;
            add(i, bytes + at, n);
            at += n;
        }
        OK(obj_ingest_commit(i, &err));
        obj_ingest_abort(&i);
        assert_true(obj_store_has(f->objects, sha256, &size));
        assert_int_equal(size, sizes[k]);
        SP_AUTO_FREE char *path =
            sp_fmt("%s/objects/%.2s/%.2s/%s", f->dir, sha256, sha256 + 2, sha256);
        OK(hash_file_hex(back, HASH_SHA256, false, path, &err));
        assert_string_equal(back, sha256);
    }
}

static void kill_while_storing(void **state)
{
    struct fix *f = (struct fix *)*state;
    static const char *const points[] = {"object.begin", "object.written", "object.fsynced",
                                         "object.renamed", "object.done"};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        SP_AUTO_FREE char *text = sp_fmt("content of round %zu", i);
        char sha256[65];
        hash_sha256_hex(sha256, sp_cstr(text));
        pid_t pid = fork();
        if (pid == 0) {
            SP_AUTO_FREE char *fault = sp_fmt("%s:kill", points[i]);
            setenv("SPOKE_FAULT", fault, 1);
            sp_fault_init();
            put_object(f, text, sha256);
            _exit(4);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        // under its name there is the whole object or none
        assert_int_equal(obj_store_has(f->objects, sha256, NULL), i >= 3);
        put_object(f, text, sha256);
        SP_AUTO_FREE char *path =
            sp_fmt("%s/objects/%.2s/%.2s/%s", f->dir, sha256, sha256 + 2, sha256);
        char back[65];
        struct sp_err err = {0};
        OK(hash_file_hex(back, HASH_SHA256, false, path, &err));
        assert_string_equal(back, sha256);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(objects_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(every_size_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(kill_while_storing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
