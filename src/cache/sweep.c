// Temp files that killed downloads left. Whoever writes one holds the blob's lock, spoke and Python
// alike, so under that lock every temp file of the blob that is not one's own is nobody's. Where
// locks may not be what they seem (network file systems) nothing is removed; prune does it there.
#include "cache/layout.h"
#include "cache/part.h"

static bool is_temp(sp_str name)
{
    return sp_ends(name, SP_LIT(CACHE_PART_SUFFIX)) &&
           !sp_starts(name, SP_LIT(CACHE_PART_LONG_PREFIX));
}

void cache_sweep_siblings(const char *dir, const char *stem)
{
    SP_AUTO(cache_names_fini) struct cache_names names = {0};
    if (cache_layout_is_network(dir) || sp_dir_list(&names.list, dir, NULL) < 0)
        return;
    SP_VEC_EACH (&names.list, it) {
        sp_str name = sp_cstr(*it);
        // a journal tells of a temp file that goes
        bool ours = is_temp(name) || sp_ends(name, SP_LIT(CACHE_JOURNAL_SUFFIX));
        if (!ours || !sp_eq(cache_layout_etag_of(name), sp_cstr(stem)))
            continue;
        SP_AUTO_FREE char *path = sp_path_join(dir, *it);
        if (unlink(path) == 0)
            sp_log("cache", DEBUG, "removed %s, which a killed download left", path);
    }
}

// A temp file that a journal names goes on being worth something, unless its blob has come since.
static bool may_resume(const struct cache_repo *r, const char *etag)
{
    SP_AUTO_FREE char *journal = sp_fmt("%s/blobs/%s" CACHE_JOURNAL_SUFFIX, r->dir, etag);
    return sp_exists(journal) && !cache_has_blob(r, etag, -1);
}

static void sweep_one(const struct cache_repo *r, const char *dir, const char *name)
{
    SP_AUTO_FREE char *path = sp_path_join(dir, name);
    SP_AUTO_FREE char *etag = sp_str_dup(cache_layout_etag_of(sp_cstr(name)));
    SP_AUTO_FREE char *lock_path = cache_layout_lock_path(r, etag);
    SP_AUTO_LOCK struct sp_lock lock = {0};
    if (cache_etag_check(sp_cstr(etag), NULL) < 0 ||
        sp_lock_take(&lock, lock_path, 0, NULL, NULL) < 0 || lock.soft || may_resume(r, etag))
        return;
    if (unlink(path) == 0)
        sp_log("cache", DEBUG, "removed %s, which a killed download left", path);
}

void cache_sweep_repo(const struct cache_repo *r)
{
    SP_AUTO_FREE char *dir = sp_path_join(r->dir, "blobs");
    SP_AUTO(cache_names_fini) struct cache_names names = {0};
    if (cache_layout_is_network(dir) || sp_dir_list(&names.list, dir, NULL) < 0)
        return;
    SP_VEC_EACH (&names.list, it) {
        if (is_temp(sp_cstr(*it)))
            sweep_one(r, dir, *it);
    }
}
