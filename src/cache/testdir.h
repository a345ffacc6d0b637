// For the tests of this folder: a cache in a temp folder, files put and read with one call.
#ifndef SPOKE_CACHE_TESTDIR_H
#define SPOKE_CACHE_TESTDIR_H

#include "cache/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <sys/stat.h>

#define C1 "1111111111111111111111111111111111111111"
#define C2 "2222222222222222222222222222222222222222"

__attribute__((unused)) static char test_root[64];
__attribute__((unused)) static struct cache_repo test_repo;

__attribute__((unused)) static int test_setup(void **state)
{
    struct sp_err err = {0};
    snprintf(test_root, sizeof test_root, "/tmp/spoke-cache-XXXXXX");
    return mkdtemp(test_root) && cache_repo_init(&test_repo, test_root, "models", "ns/m", &err) == 0
               ? 0
               : -1;
}

__attribute__((unused)) static int test_teardown(void **state)
{
    cache_repo_fini(&test_repo);
    return sp_remove_tree(test_root, NULL);
}

// Paths are relative to the cache root.
__attribute__((unused)) static char *at(const char *rel)
{
    return sp_path_join(test_root, rel);
}

__attribute__((unused)) static void put(const char *rel, const char *text)
{
    SP_AUTO_FREE char *p = at(rel);
    struct sp_err err = {0};
    if (sp_mkdirs_for(p, 0777, &err) < 0 || sp_file_replace(p, sp_cstr(text), 0666, 0, &err) < 0)
        fail_msg("%s", err.msg);
}

__attribute__((unused)) static void put_link(const char *rel, const char *target)
{
    SP_AUTO_FREE char *p = at(rel);
    assert_int_equal(sp_mkdirs_for(p, 0777, NULL), 0);
    unlink(p);
    assert_int_equal(symlink(target, p), 0);
}

__attribute__((unused)) static void assert_text(const char *rel, const char *want)
{
    SP_AUTO_FREE char *p = at(rel);
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_err err = {0};
    if (sp_file_read(&b, p, SP_MIB, &err) < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(b.p ? b.p : "", want);
}

__attribute__((unused)) static void assert_link(const char *rel, const char *want)
{
    char text[512] = "";
    SP_AUTO_FREE char *p = at(rel);
    ssize_t n = readlink(p, text, sizeof text - 1);
    assert_true(n > 0);
    assert_string_equal(text, want);
}

__attribute__((unused)) static bool there(const char *rel)
{
    SP_AUTO_FREE char *p = at(rel);
    struct stat st;
    return lstat(p, &st) == 0;
}

__attribute__((unused)) static size_t entries(const char *rel)
{
    SP_AUTO_FREE char *p = at(rel);
    struct cache_names n = {0};
    sp_dir_list(&n.list, p, NULL);
    size_t count = n.list.n;
    cache_names_fini(&n);
    return count;
}

// A whole cached file: blob, pointer. etag need not be a hash.
__attribute__((unused)) static void put_cached(const char *folder, const char *commit,
                                               const char *file, const char *etag, const char *text)
{
    SP_AUTO_FREE char *blob = sp_fmt("%s/blobs/%s", folder, etag);
    SP_AUTO_FREE char *pointer = sp_fmt("%s/snapshots/%s/%s", folder, commit, file);
    SP_AUTO_BUF struct sp_buf target = {0};
    sp_buf_cstr(&target, "../../");
    for (const char *p = file; *p; p++)
        if (*p == '/')
            sp_buf_cstr(&target, "../");
    sp_buf_printf(&target, "blobs/%s", etag);
    put(blob, text);
    put_link(pointer, target.p);
}

#endif
