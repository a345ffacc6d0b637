// snapshots/<commit>/<path> → blobs/<etag>: a relative symlink, or the file itself where symlinks
// do not work or are not wanted.
#include "cache/layout.h"

static bool link_refused(int os) // by the file system, not by what is there
{
    return os == EPERM || os == ENOSYS || os == EOPNOTSUPP || os == EINVAL;
}

// "../../blobs/<etag>" and one more "../" for each directory of the file.
static char *target_text(const char *file, const char *etag)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_cstr(&b, "../../");
    for (const char *p = file; *p; p++)
        if (*p == '/')
            sp_buf_cstr(&b, "../");
    sp_buf_printf(&b, "blobs/%s", etag);
    return sp_buf_take(&b);
}

static bool links_to(const char *pointer, const char *target)
{
    char text[SP_LIM_PATH_BYTES * 2];
    ssize_t n = readlink(pointer, text, sizeof text);
    return n > 0 && sp_eq(sp_str_of(text, (size_t)n), sp_cstr(target));
}

// 1 = linked, 0 = symlinks do not work here, <0 error.
static int make_symlink(const struct cache_repo *r, const char *pointer, const char *target,
                        const char *etag, struct sp_err *err)
{
    int os = symlink(target, pointer) == 0 ? 0 : errno;
    if (os == 0 || (os == EEXIST && links_to(pointer, target)))
        return 1;
    if (link_refused(os))
        return 0;
    if (os != EEXIST)
        return sp_fail_os(err, os, "linking %s", pointer);
    // Something else has the name: replaced in one step. The temp name lies with the blobs, so that
    // a crash leaves nothing in a snapshot.
    SP_AUTO_FREE char *temp =
        sp_fmt("%s/blobs/.%.200s.%08x.tmp", r->dir, etag, (uint32_t)sp_random_u64());
    if (symlink(target, temp) != 0)
        return sp_fail_os(err, errno, "linking %s", pointer);
    int rc = sp_rename(temp, pointer, err);
    if (rc < 0)
        unlink(temp);
    return rc < 0 ? rc : 1;
}

static int put_file(const char *pointer, const char *blob, bool fresh, struct sp_err *err)
{
    struct stat st;
    if (fresh && lstat(blob, &st) == 0 && S_ISREG(st.st_mode))
        return sp_rename(blob, pointer, err);
    return sp_file_copy(blob, pointer, false, NULL, err);
}

int cache_link(char **path_out, const struct cache_repo *r, const char *commit, const char *file,
               const char *etag, bool fresh, struct sp_err *err)
{
    SP_TRY(cache_layout_commit_check(commit, err));
    SP_TRY(sp_path_check(sp_cstr(file), "file name", err));
    SP_TRY(cache_etag_check(sp_cstr(etag), err));
    SP_AUTO_FREE char *pointer = cache_snapshot_path(r, commit, file);
    SP_AUTO_FREE char *blob = cache_layout_blob_path(r, etag);
    SP_AUTO_FREE char *target = target_text(file, etag);
    SP_TRY(sp_fault("cache.link", err));
    SP_TRY_IN(sp_mkdirs_for(pointer, 0777, err), err, "snapshot");
    int rc =
        sp_conf_bool(SP_CONF_disable_symlinks) ? 0 : make_symlink(r, pointer, target, etag, err);
    if (rc == 0)
        rc = put_file(pointer, blob, fresh, err);
    if (rc < 0)
        return cache_layout_hint(rc, err);
    if (sp_file_size(pointer) < 0) // a deletion by another program came between
        return sp_fail(err, SP_EBUSY, "%s was removed meanwhile; run the command again", blob);
    SP_TRY(sp_fault("cache.linked", err));
    *path_out = sp_take(&pointer);
    return 0;
}
