// Files as such under a folder of the user, with huggingface_hub's notes in .cache/huggingface
// beside them (its _local_folder.py).
#include "cache/layout.h"
#include "cache/store.h"

#include <math.h>

#define META_FILE_MAX  2048 // bytes
#define MTIME_SLACK_S  1.0  // file systems keep coarse times
#define FUTURE_SLACK_S 60.0 // clocks of machines that share a folder differ a little

static char *local_path(const char *dir, const char *file, const char *suffix)
{
    return sp_fmt("%s/.cache/huggingface/download/%s%s", dir, file, suffix);
}

// ".metadata" and ".lock" are appended to the name: the longest ones leave no room for that. Such a
// file has no note and no lock; its content tells whether it is the wanted one.
static bool has_room(const char *file)
{
    return sp_path_base(sp_cstr(file)).n + strlen(".metadata") <= SP_LIM_PATH_SEGMENT_BYTES;
}

// Files of a repo must not overwrite the notes about them.
static int check_file(const char *file, struct sp_err *err)
{
    SP_TRY(sp_path_check(sp_cstr(file), "file name", err));
    if (sp_starts(sp_cstr(file), SP_LIT(".cache/huggingface/")) ||
        strcmp(file, ".cache/huggingface") == 0 || strcmp(file, ".cache") == 0)
        return sp_fail(err, SP_EFORMAT, "file name '%s' is reserved for notes about downloads",
                       file);
    return 0;
}

int cache_local_init(const char *dir, struct sp_err *err)
{
    SP_AUTO_FREE char *notes = sp_path_join(dir, ".cache/huggingface");
    SP_AUTO_FREE char *ignore = sp_path_join(notes, ".gitignore");
    struct sp_err why = {0};
    SP_TRY_IN(sp_mkdirs(notes, 0777, err), err, "local dir %s", dir);
    if (cache_layout_write_tag(notes, &why) < 0)
        sp_log("cache", DEBUG, "%s", why.msg);
    if (sp_exists(ignore))
        return 0;
    int rc = sp_file_replace(ignore, SP_LIT("*"), 0666, SP_FILE_EXCL, err);
    return rc == SP_EEXIST ? 0 : rc;
}

bool cache_local_parse(struct cache_local_meta *out, sp_str text)
{
    struct cache_local_meta m = {0};
    sp_str rest = text;
    sp_str commit = sp_trim(sp_cut(rest, '\n', &rest));
    sp_str etag = sp_trim(sp_cut(rest, '\n', &rest));
    sp_str when = sp_trim(sp_cut(rest, '\n', &rest));
    char number[64], *end;
    if (!sp_is_hex(commit, 40) || cache_etag_check(etag, NULL) < 0 || when.n == 0 ||
        when.n >= sizeof number || sp_has_nul(when))
        return false;
    memcpy(m.commit, commit.p, 40);
    memcpy(m.etag, etag.p, etag.n);
    memcpy(number, when.p, when.n);
    number[when.n] = '\0';
    m.timestamp = strtod(number, &end);
    if (*end || !isfinite(m.timestamp))
        return false;
    *out = m;
    return true;
}

int cache_local_read(struct cache_local_meta *out, const char *dir, const char *file,
                     struct sp_err *err)
{
    SP_TRY(check_file(file, err));
    if (!has_room(file))
        return 0;
    SP_AUTO_FREE char *path = local_path(dir, file, ".metadata");
    SP_AUTO_FREE char *data = sp_path_join(dir, file);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(META_FILE_MAX + 2);
    struct cache_local_meta m;
    struct stat st;
    int rc = sp_file_read(&b, path, META_FILE_MAX, NULL);
    if (rc == SP_ENOTFOUND)
        return 0;
    if (rc < 0 || !cache_local_parse(&m, sp_buf_view(&b))) {
        sp_log("cache", WARN, "removing the unreadable note %s", path);
        unlink(path);
        return 0;
    }
    if (stat(data, &st) != 0 || !S_ISREG(st.st_mode))
        return 0;
    double mtime = (double)st.st_mtim.tv_sec + (double)st.st_mtim.tv_nsec / 1e9;
    if (mtime - MTIME_SLACK_S > m.timestamp)
        return 0; // edited since
    if (m.timestamp > (double)sp_now_ms() / 1000.0 + FUTURE_SLACK_S) {
        // Written under a clock that was ahead: until that hour it would hide every edit.
        sp_log("cache", DEBUG, "the note %s is from the future; not used", path);
        return 0;
    }
    *out = m;
    return 1;
}

int cache_local_write(const char *dir, const char *file, const char *commit, const char *etag,
                      struct sp_err *err)
{
    SP_TRY(check_file(file, err));
    SP_TRY(cache_layout_commit_check(commit, err));
    SP_TRY(cache_etag_check(sp_cstr(etag), err));
    if (!has_room(file))
        return 0;
    SP_AUTO_FREE char *path = local_path(dir, file, ".metadata");
    // microseconds, as Python's time.time() prints
    SP_AUTO_FREE char *text = sp_fmt("%s\n%s\n%.6f\n", commit, etag, (double)sp_now_ms() / 1000.0);
    SP_TRY(sp_fault("cache.local.note", err));
    SP_TRY(sp_mkdirs_for(path, 0777, err));
    return sp_file_replace(path, sp_cstr(text), 0666, 0, err);
}

int cache_local_lock(struct sp_lock *out, const char *dir, const char *file,
                     const struct sp_cancel *c, struct sp_err *err)
{
    SP_TRY(check_file(file, err));
    if (!has_room(file))
        return 0;
    SP_AUTO_FREE char *path = local_path(dir, file, ".lock");
    return cache_layout_lock(out, path, c, err);
}

// "<base64url(sha1(name))>.<etag>": short whatever the file is called.
static char *temp_stem(const char *file, const char *etag)
{
    SP_AUTO(hash_fini) struct hash_ctx h = {0};
    SP_AUTO_BUF struct sp_buf b = {0};
    uint8_t raw[HASH_SHA1_BYTES];
    sp_str base = sp_path_base(sp_cstr(file));
    hash_init(&h, HASH_SHA1);
    hash_update(&h, base.p, base.n);
    hash_update(&h, ".metadata", strlen(".metadata"));
    hash_final(&h, raw);
    sp_buf_b64(&b, raw, sizeof raw, true, true);
    sp_buf_printf(&b, ".%s", etag);
    return sp_buf_take(&b);
}

int cache_local_begin(struct cache_store **out, const char *dir, const char *file,
                      const struct cache_want *w, const struct sp_cancel *c, struct sp_err *err)
{
    SP_TRY(check_file(file, err));
    SP_TRY(cache_etag_check(sp_cstr(w->etag), err));
    SP_TRY(sp_cancel_check(c, err));
    SP_AUTO_FREE char *note = local_path(dir, file, ".metadata");
    SP_AUTO_LOCK struct sp_lock none = {0}; // the caller holds cache_local_lock
    SP_AUTO(cache_store_place_fini)
    struct cache_store_place place = {
        .dir = sp_str_dup(sp_path_dir(sp_cstr(note))),
        .stem = temp_stem(file, w->etag),
        .final = sp_path_join(dir, file),
    };
    SP_TRY(cache_local_init(dir, err));
    SP_TRY(sp_mkdirs(place.dir, 0777, err));
    SP_TRY_IN(sp_mkdirs_for(place.final, 0777, err), err, "local dir %s", dir);
    if (sp_is_dir(place.final))
        return sp_fail(err, SP_EIO, "%s is a directory; the repo has a file of that name",
                       place.final);
    return cache_store_open(out, &place, &none, w, err);
}
