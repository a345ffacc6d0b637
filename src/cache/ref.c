// refs/<name>: 40 hex digits, no newline (Python reads the file without strip).
#include "cache/layout.h"

#define REF_FILE_MAX 256 // bytes; what is longer is no ref

int cache_ref_read(char commit[41], const struct cache_repo *r, const char *rev, struct sp_err *err)
{
    if (cache_layout_is_commit(rev)) {
        memcpy(commit, rev, 41);
        return 0;
    }
    SP_TRY(cache_layout_rev_check(rev, err));
    SP_AUTO_FREE char *path = cache_layout_ref_path(r, rev);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(REF_FILE_MAX + 2);
    struct sp_err why = {0};
    int rc = sp_file_read(&b, path, REF_FILE_MAX, &why);
    if (rc == 0) {
        sp_str text = sp_trim(sp_buf_view(&b)); // other tools do write a newline
        if (sp_is_hex(text, 40)) {
            memcpy(commit, text.p, 40);
            commit[40] = '\0';
            return 0;
        }
        sp_log("cache", WARN, "%s does not hold a commit; ignored", path);
        return sp_fail(err, SP_ENOTFOUND, "%s does not hold a commit", path);
    }
    if (rc == SP_EACCESS) {
        if (err)
            *err = why;
        return rc;
    }
    return sp_fail(err, SP_ENOTFOUND, "revision '%s' of %s is not in the cache %s", rev, r->folder,
                   r->root);
}

int cache_ref_write(const struct cache_repo *r, const char *rev, const char *commit,
                    struct sp_err *err)
{
    SP_TRY(cache_layout_commit_check(commit, err));
    if (strcmp(rev, commit) == 0)
        return 0;
    SP_TRY(cache_layout_rev_check(rev, err));
    SP_AUTO_FREE char *path = cache_layout_ref_path(r, rev);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(REF_FILE_MAX + 2);
    if (sp_file_read(&b, path, REF_FILE_MAX, NULL) == 0 &&
        sp_eq(sp_buf_view(&b), sp_str_of(commit, 40)))
        return 0;
    SP_TRY(sp_fault("cache.ref", err));
    SP_TRY_IN(sp_mkdirs_for(path, 0777, err), err, "ref %s", rev);
    return sp_file_replace(path, sp_str_of(commit, 40), 0666, SP_FILE_DURABLE, err);
}
