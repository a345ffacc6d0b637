// Entries and reference manifests of the shared store; their lock keeps Python's collector out.
#include "cache/shared.h"

#include "cache/layout.h"

#include <fcntl.h>

#define MARKER        ".huggingface-shared-blobs"
#define MARKER_TEXT   "1\n" // layout version
#define XET_HASH_HEX  64
#define MANIFEST_MAX  (16 * SP_MIB) // one line per repo blob that links to the entry
#define ENTRY_LOCK_MS 10000

static char *entry_path(const char *root, const char *xet_hash)
{
    return sp_fmt("%s/blobs/%.2s/%s", root, xet_hash, xet_hash);
}

static bool is_regular(const char *path, struct stat *st)
{
    return lstat(path, st) == 0 && S_ISREG(st->st_mode);
}

bool cache_shared_is_store(const char *root)
{
    SP_AUTO_FREE char *dir = sp_path_join(root, "blobs");
    SP_AUTO_FREE char *marker = sp_path_join(dir, MARKER);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(64);
    struct stat st;
    return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && is_regular(marker, &st) &&
           sp_file_read(&b, marker, 16, NULL) == 0 && sp_eq_lit(sp_buf_view(&b), MARKER_TEXT);
}

bool cache_shared_line_ok(sp_str line)
{
    static const char *const prefixes[] = {"models--", "datasets--", "spaces--", "kernels--"};
    sp_str blob, rest, folder = sp_cut(line, '/', &rest);
    sp_str middle = sp_cut(rest, '/', &blob);
    bool known = false;
    for (size_t i = 0; i < 4; i++) {
        sp_str p = sp_cstr(prefixes[i]);
        known = known || (sp_starts(folder, p) && folder.n > p.n);
    }
    return known && sp_eq_lit(middle, "blobs") && blob.n && sp_find_ch(blob, '/') < 0 &&
           !sp_has_ctl(line) && !sp_eq_lit(blob, "..") && !sp_eq_lit(blob, ".");
}

// "../../blobs/ab/ab…" as text → entry path. Python also takes absolute targets and any spelling
// that normalises to the same; only the one that everybody writes and its absolute form count here,
// so an odd link is left alone, never collected by mistake.
static char *target_of_text(const char *root, sp_str text)
{
    SP_AUTO_FREE char *abs = sp_fmt("%s/blobs/", root);
    sp_str rest;
    if (sp_starts(text, SP_LIT("../../blobs/")))
        rest = sp_from(text, strlen("../../blobs/"));
    else if (sp_starts(text, sp_cstr(abs)))
        rest = sp_from(text, strlen(abs));
    else
        return NULL;
    sp_str hash, prefix = sp_cut(rest, '/', &hash);
    if (!sp_is_hex(hash, XET_HASH_HEX) || !sp_eq(prefix, sp_sub(hash, 0, 2)))
        return NULL;
    return sp_fmt("%s/blobs/%.*s/%.*s", root, SP_FMT(prefix), SP_FMT(hash));
}

char *cache_shared_target(const char *root, const char *blob_path)
{
    char text[512];
    ssize_t n = readlink(blob_path, text, sizeof text);
    if (n <= 0 || (size_t)n == sizeof text)
        return NULL;
    return target_of_text(root, sp_str_of(text, (size_t)n));
}

// Python makes it 0666 and takes it with flock too.
static int lock_entry(struct sp_lock *out, const char *entry, struct sp_err *err)
{
    SP_AUTO_FREE char *path = sp_fmt("%s.lock", entry);
    SP_TRY(sp_lock_take(out, path, ENTRY_LOCK_MS, NULL, err));
    if (fchmod(out->fd_plus1 - 1, 0666) != 0) {
        // another user's file: he has set the mode
    }
    return 0;
}

static int append_reference(const char *entry, const char *line, struct sp_err *err)
{
    SP_AUTO_FREE char *path = sp_fmt("%s.refs", entry);
    SP_AUTO_FD int fd = -1;
    struct stat st;
    SP_TRY(sp_open(&fd, path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0666, err));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return sp_fail(err, SP_EIO, "%s is not a regular file", path);
    if (fchmod(fd, 0666) != 0) {
        // another user's file
    }
    SP_TRY(sp_write_all(fd, line, strlen(line), path, err));
    return sp_fsync(fd, path, err);
}

static bool usable(const char *entry, int64_t size, const char *sha256)
{
    struct stat st;
    char hex[HASH_SHA256_HEX];
    if (size < 0 || !is_regular(entry, &st) || access(entry, R_OK) != 0)
        return false;
    if (st.st_size != size) {
        sp_log("cache", WARN, "shared blob %s has %lld bytes instead of %lld; not used", entry,
               (long long)st.st_size, (long long)size);
        return false;
    }
    if (!sha256)
        return true;
    // Reading it costs less than fetching it, and only then is it what was asked for.
    if (hash_file_hex(hex, HASH_SHA256, false, entry, NULL) == 0 && strcmp(hex, sha256) == 0)
        return true;
    sp_log("cache", WARN, "shared blob %s does not have the content it should have; not used",
           entry);
    return false;
}

static int link_entry(const struct cache_repo *r, const char *etag, const char *xet_hash,
                      const char *entry, struct sp_err *err)
{
    SP_AUTO_FREE char *blob = cache_layout_blob_path(r, etag);
    SP_AUTO_FREE char *temp =
        sp_fmt("%s/blobs/.%s.%08x.shared", r->dir, etag, (uint32_t)sp_random_u64());
    SP_AUTO_FREE char *target = sp_fmt("../../blobs/%.2s/%s", xet_hash, xet_hash);
    SP_AUTO_FREE char *line = sp_fmt("%s/blobs/%s\n", r->folder, etag);
    if (symlink(target, temp) != 0)
        return sp_fail_os(err, errno, "creating %s", temp);
    // the manifest first: a link that no manifest names could lose its entry
    int rc = append_reference(entry, line, err);
    if (rc == 0)
        rc = sp_rename(temp, blob, err);
    if (rc < 0)
        unlink(temp);
    return rc;
}

bool cache_shared_link(const struct cache_repo *r, const char *etag, const char *xet_hash,
                       int64_t size, const char *sha256)
{
    SP_AUTO_LOCK struct sp_lock lock = {0};
    struct sp_err err = {0};
    if (!sp_is_hex(sp_cstr(xet_hash), XET_HASH_HEX) || sp_conf_bool(SP_CONF_disable_symlinks) ||
        sp_conf_bool(SP_CONF_disable_shared_blobs) || !cache_shared_is_store(r->root))
        return false;
    SP_AUTO_FREE char *entry = entry_path(r->root, xet_hash);
    struct stat st;
    if (!is_regular(entry, &st)) // before the lock: no lock files for what is not there
        return false;
    int rc = lock_entry(&lock, entry, &err);
    if (rc == 0 && !usable(entry, size, sha256))
        return false;
    if (rc == 0)
        rc = link_entry(r, etag, xet_hash, entry, &err);
    if (rc < 0)
        sp_log("cache", DEBUG, "not linked from the shared store: %s", err.msg);
    return rc == 0;
}

// --- references and garbage ---

typedef void (*reference_fn)(void *ud, const char *blob_path, sp_str line);

// Calls fn for each reference that is true today. false = manifest missing or unreadable.
static bool each_reference(const char *root, const char *entry, reference_fn fn, void *ud)
{
    SP_AUTO_FREE char *manifest = sp_fmt("%s.refs", entry);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(MANIFEST_MAX + 2);
    struct stat st;
    if (!is_regular(manifest, &st) || sp_file_read(&b, manifest, MANIFEST_MAX, NULL) < 0 ||
        !sp_utf8_valid(sp_buf_view(&b)))
        return false;
    struct sp_map seen = {0};
    sp_str line, rest = sp_buf_view(&b);
    bool ok = true;
    while (ok && sp_split(&rest, '\n', &line)) {
        if (!cache_shared_line_ok(line) || sp_map_has(&seen, line))
            continue;
        sp_map_put(&seen, line, NULL);
        SP_AUTO_FREE char *blob = sp_path_join_n(root, line);
        if (lstat(blob, &st) != 0) {
            ok = errno == ENOENT || errno == ENOTDIR; // anything else: we do not know, so keep
            continue;
        }
        SP_AUTO_FREE char *target = cache_shared_target(root, blob);
        if (target && strcmp(target, entry) == 0)
            fn(ud, blob, line);
    }
    sp_map_fini(&seen, NULL);
    return ok;
}

struct left {
    size_t n;
    const struct sp_map *going;
    struct sp_buf *text;
};

static void count_left(void *ud, const char *blob_path, sp_str line)
{
    struct left *l = ud;
    if (l->going && sp_map_has(l->going, sp_cstr(blob_path)))
        return;
    l->n++;
    if (l->text) {
        sp_buf_str(l->text, line);
        sp_buf_ch(l->text, '\n');
    }
}

size_t cache_shared_refs_left(const char *root, const char *entry, const struct sp_map *going)
{
    struct left l = {.going = going};
    return each_reference(root, entry, count_left, &l) ? l.n : SIZE_MAX;
}

uint64_t cache_shared_sweep(const char *root, const char *entry)
{
    SP_AUTO_LOCK struct sp_lock lock = {0};
    SP_AUTO_BUF struct sp_buf text = SP_BUF_MAX(MANIFEST_MAX);
    SP_AUTO_FREE char *manifest = sp_fmt("%s.refs", entry);
    struct left l = {.text = &text};
    struct sp_err err = {0};
    struct stat st;
    if (!cache_shared_is_store(root))
        return 0;
    if (lock_entry(&lock, entry, &err) < 0) {
        sp_log("cache", DEBUG, "shared blob is kept: %s", err.msg);
        return 0;
    }
    if (!each_reference(root, entry, count_left, &l) || text.bad)
        return 0;
    if (l.n > 0) {
        // 0666 whatever the umask: other users of the cache append to it
        if (sp_file_replace(manifest, sp_buf_view(&text), 0666, SP_FILE_DURABLE, &err) == 0 &&
            chmod(manifest, 0666) != 0)
            sp_log("cache", DEBUG, "%s: cannot be made writable for others", manifest);
        return 0;
    }
    if (!is_regular(entry, &st) || unlink(entry) != 0)
        return 0;
    unlink(manifest);
    return (uint64_t)st.st_size;
}

struct each {
    const char *root;
    cache_shared_fn fn;
    void *ud;
    SP_VEC(char *) entries;
};

static int collect_entry(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    struct each *e = ud;
    sp_str hash, prefix = sp_cut(sp_cstr(rel), '/', &hash);
    if (S_ISREG(st->st_mode) && sp_is_hex(hash, XET_HASH_HEX) && sp_eq(prefix, sp_sub(hash, 0, 2)))
        *sp_vec_push(&e->entries) = sp_dup(rel);
    return 0;
}

void cache_shared_each(const char *root, cache_shared_fn fn, void *ud)
{
    struct each e = {.root = root, .fn = fn, .ud = ud};
    SP_AUTO_FREE char *dir = sp_path_join(root, "blobs");
    if (!cache_shared_is_store(root))
        return;
    sp_walk(dir, collect_entry, &e, NULL);
    SP_VEC_EACH (&e.entries, it) {
        SP_AUTO_FREE char *path = sp_path_join(dir, *it);
        struct stat st;
        if (is_regular(path, &st))
            fn(ud, path, (uint64_t)st.st_size, cache_shared_refs_left(root, path, NULL));
        free(*it);
    }
    sp_vec_fini(&e.entries);
}
