// trees/<commit>.json: the complete listing of an immutable commit.
#include "cache/layout.h"

#include <fcntl.h>

#define TREE_FORMAT_VERSION 1
#define SCAN_BLOCK_BYTES    ((size_t)256 << 10)
#define SCAN_ENTRY_BYTES    ((size_t)1 << 10)   // three hashes, two sizes and their names: some 400
#define SCAN_FILE_BYTES     ((int64_t)64 << 20) // 400,000 small entries are 40 MB and take 20 ms

static char *tree_path(const char *dir, const char *commit)
{
    return sp_fmt("%s/trees/%s.json", dir, commit);
}

static bool copy_hex(char *out, sp_str hex, size_t n)
{
    if (!sp_is_hex(hex, n))
        return false;
    memcpy(out, hex.p, n);
    out[n] = '\0';
    return true;
}

// A member that is absent or null leaves out empty; anything else must be n hex digits.
static bool optional_hex(char *out, const struct sp_json *v, size_t n)
{
    sp_str s;
    if (!v || sp_json_is(v, SP_JSON_NULL))
        return true;
    return sp_json_str(v, &s) && copy_hex(out, s, n);
}

static bool read_size(uint64_t *out, const struct sp_json *v)
{
    int64_t n = -1;
    if (!sp_json_i64(v, &n) || n < 0)
        return false;
    *out = (uint64_t)n;
    return true;
}

static const char *read_entry(struct cache_tree_file *f, const struct sp_json *v)
{
    if (!sp_json_is(v, SP_JSON_OBJ))
        return "an entry is no object";
    if (sp_path_check(v->key, "tree", NULL) < 0)
        return "a path is not safe";
    if (!read_size(&f->size, sp_json_get(v, "size")))
        return "a size is missing or negative";
    sp_str id = sp_json_get_str(v, "blob_id");
    if (!copy_hex(f->blob_id, id, 40))
        return "a blob_id is no git SHA-1";
    if (!optional_hex(f->lfs_sha256, sp_json_get(v, "lfs_sha256"), 64))
        return "an lfs_sha256 is no SHA-256";
    if (!optional_hex(f->xet_hash, sp_json_get(v, "xet_hash"), 64))
        return "an xet_hash is not 64 hex digits";
    if (f->lfs_sha256[0] && !read_size(&f->lfs_size, sp_json_get(v, "lfs_size")))
        return "an lfs_size is missing";
    return NULL;
}

// Returns NULL or what is wrong.
static const char *read_files(struct cache_tree *t, const struct sp_json *root)
{
    if (sp_json_get_i64(root, "format_version", -1) != TREE_FORMAT_VERSION)
        return "unknown format_version";
    const struct sp_json *files = sp_json_get(root, "files");
    if (!sp_json_is(files, SP_JSON_OBJ))
        return "no files";
    sp_vec_reserve(&t->files, files->n);
    SP_JSON_EACH(it, files)
    {
        struct cache_tree_file *f = sp_vec_push(&t->files);
        const char *why = read_entry(f, it);
        if (why)
            return why;
        f->path = sp_arena_dupn(&t->arena, it->key.p, it->key.n);
    }
    return NULL;
}

int cache_tree_parse(struct cache_tree *out, sp_str text, struct sp_err *err)
{
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {.ceiling = 4 * (text.n + SP_MIB) + SP_GIB};
    SP_AUTO(cache_tree_fini) struct cache_tree t = {0};
    struct sp_json *root = NULL;
    SP_TRY(sp_json_parse(&root, text, &arena, err));
    const char *why = read_files(&t, root);
    if (why)
        return sp_fail(err, SP_EFORMAT, "%s", why);
    *out = t;
    t = (struct cache_tree){0};
    return 0;
}

int cache_tree_read(struct cache_tree *out, const char *dir, const char *commit, struct sp_err *err)
{
    SP_TRY(cache_layout_commit_check(commit, err));
    SP_AUTO_FREE char *path = tree_path(dir, commit);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_JSON_BYTES + 2);
    struct sp_err why = {0};
    int rc = sp_file_read(&b, path, SP_LIM_JSON_BYTES, &why);
    if (rc == 0)
        rc = cache_tree_parse(out, sp_buf_view(&b), &why);
    if (rc == 0)
        return 0;
    if (rc != SP_ENOTFOUND)
        sp_log("cache", WARN, "ignoring the file list %s: %s", path, why.msg);
    return sp_fail(err, SP_ENOTFOUND, "no usable file list %s%s%s", path,
                   rc == SP_ENOTFOUND ? "" : ": ", rc == SP_ENOTFOUND ? "" : why.msg);
}

static int64_t entry_size(sp_str object)
{
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {.ceiling = SP_MIB};
    struct sp_json *root = NULL;
    uint64_t n;
    if (sp_json_parse(&root, object, &arena, NULL) < 0 || !read_size(&n, sp_json_get(root, "size")))
        return -1;
    return n <= INT64_MAX ? (int64_t)n : -1;
}

// The size that a large list has for one file, without its tree in memory: both programs write one
// key a line, and a line feed followed by a quote cannot stand inside a JSON string. A list in
// another layout just is not used.
static int64_t scan_size(const char *path, const char *file)
{
    SP_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    SP_AUTO_BUF struct sp_buf key = {0};
    SP_AUTO_FREE char *block = NULL;
    struct sp_jw w = sp_jw(&key);
    sp_buf_cstr(&key, "\n  ");
    sp_jw_cstr(&w, file);
    sp_buf_cstr(&key, ": {");
    size_t keep = key.n + SCAN_ENTRY_BYTES, have = 0;
    if (fd < 0 || sp_file_size(path) > SCAN_FILE_BYTES || keep > SCAN_BLOCK_BYTES / 2)
        return -1;
    block = sp_alloc(SCAN_BLOCK_BYTES);
    for (;;) {
        ssize_t got = read(fd, block + have, SCAN_BLOCK_BYTES - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        have += (size_t)got;
        const char *hit = memmem(block, have, key.p, key.n);
        if (hit) {
            const char *object = hit + key.n - 1;
            const char *end = memchr(object, '}', have - (size_t)(object - block));
            if (end)
                return entry_size(sp_str_of(object, (size_t)(end - object) + 1));
        }
        if (have > keep) { // what may have begun here goes on in the next block
            memmove(block, block + have - keep, keep);
            have = keep;
        }
    }
}

int64_t cache_tree_size_of(const char *dir, const char *commit, const char *file, size_t max)
{
    SP_AUTO_FREE char *path = tree_path(dir, commit);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(max + 2);
    SP_AUTO(cache_tree_fini) struct cache_tree t = {0};
    if (cache_layout_commit_check(commit, NULL) < 0)
        return -1;
    if (sp_file_size(path) > (int64_t)max)
        return scan_size(path, file);
    if (sp_file_read(&b, path, max, NULL) < 0 || cache_tree_parse(&t, sp_buf_view(&b), NULL) < 0)
        return -1;
    SP_VEC_EACH (&t.files, f) {
        if (strcmp(f->path, file) == 0)
            return f->size <= INT64_MAX ? (int64_t)f->size : -1;
    }
    return -1;
}

static int by_path(const void *a, const void *b)
{
    const struct cache_tree_file *const *x = a, *const *y = b;
    return strcmp((*x)->path, (*y)->path);
}

static void write_entry(struct sp_jw *w, const struct cache_tree_file *f)
{
    sp_jw_key(w, f->path);
    sp_jw_obj(w);
    sp_jw_key(w, "size");
    sp_jw_uint(w, f->size);
    sp_jw_kcstr(w, "blob_id", f->blob_id);
    if (f->lfs_sha256[0]) {
        sp_jw_kcstr(w, "lfs_sha256", f->lfs_sha256);
        sp_jw_key(w, "lfs_size");
        sp_jw_uint(w, f->lfs_size);
    }
    if (f->xet_hash[0])
        sp_jw_kcstr(w, "xet_hash", f->xet_hash);
    sp_jw_end(w);
}

int cache_tree_write(const char *dir, const char *commit, const struct cache_tree *t,
                     struct sp_err *err)
{
    SP_TRY(cache_layout_commit_check(commit, err));
    SP_AUTO_FREE char *path = tree_path(dir, commit);
    SP_AUTO_FREE const struct cache_tree_file **sorted =
        sp_new_n(const struct cache_tree_file *, t->files.n + 1);
    for (size_t i = 0; i < t->files.n; i++) {
        const struct cache_tree_file *f = &t->files.v[i];
        if (f->xet_hash[0] && !sp_is_hex(sp_cstr(f->xet_hash), 64))
            return sp_fail(err, SP_EFORMAT, "%s: xet hash '%s' is not 64 hex digits", f->path,
                           f->xet_hash);
        sorted[i] = f;
    }
    qsort(sorted, t->files.n, sizeof *sorted, by_path);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_JSON_BYTES);
    struct sp_jw w = sp_jw_pretty(&b, 1);
    sp_jw_obj(&w);
    sp_jw_kint(&w, "format_version", TREE_FORMAT_VERSION);
    sp_jw_key(&w, "files");
    sp_jw_obj(&w);
    for (size_t i = 0; i < t->files.n; i++)
        write_entry(&w, sorted[i]);
    sp_jw_end(&w);
    sp_jw_end(&w);
    SP_TRY(sp_buf_done(&b, "file list", err));
    SP_TRY(sp_fault("cache.tree", err));
    SP_TRY(sp_mkdirs_for(path, 0777, err));
    return sp_file_replace(path, sp_buf_view(&b), 0666, 0, err);
}

void cache_tree_fini(struct cache_tree *t)
{
    sp_vec_fini(&t->files);
    sp_arena_fini(&t->arena);
}
