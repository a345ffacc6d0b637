// A new bare repository with its first commit, which appears whole by one rename.
#include "server/git_commit.h"

#include <sys/stat.h>

// Files that new repositories treat as large, as on the Hub.
static const char *const lfs_patterns[] = {
    "*.7z",          "*.arrow",
    "*.bin",         "*.bz2",
    "*.ckpt",        "*.ftz",
    "*.gz",          "*.h5",
    "*.joblib",      "*.lfs.*",
    "*.mlmodel",     "*.model",
    "*.msgpack",     "*.npy",
    "*.npz",         "*.onnx",
    "*.ot",          "*.parquet",
    "*.pb",          "*.pickle",
    "*.pkl",         "*.pt",
    "*.pth",         "*.rar",
    "*.safetensors", "saved_model/**/*",
    "*.tar.*",       "*.tar",
    "*.tflite",      "*.tgz",
    "*.wasm",        "*.xz",
    "*.zip",         "*.zst",
    "*tfevents*",
};
// Datasets also hold media.
static const char *const media_patterns[] = {
    "*.lz4", "*.mds", "*.pcm", "*.sam",  "*.raw", "*.aac",  "*.flac", "*.mp3", "*.ogg",  "*.wav",
    "*.bmp", "*.gif", "*.png", "*.tiff", "*.jpg", "*.jpeg", "*.webp", "*.mp4", "*.webm",
};

static void put_patterns(struct sp_buf *b, const char *const *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sp_buf_printf(b, "%s filter=lfs diff=lfs merge=lfs -text\n", v[i]);
}

void srv_git_default_attributes(struct sp_buf *out, enum meta_repo_type type)
{
    put_patterns(out, lfs_patterns, sizeof lfs_patterns / sizeof lfs_patterns[0]);
    if (type == META_DATASET)
        put_patterns(out, media_patterns, sizeof media_patterns / sizeof media_patterns[0]);
}

// A bare repository as `git init --bare` makes it, without hooks and samples. Nobody's automatic gc
// may prune: an upload's objects are there before the ref that holds them.
static int make_layout(const char *path, struct sp_err *err)
{
    static const char *const folders[] = {"",      "/objects",    "/objects/info", "/objects/pack",
                                          "/refs", "/refs/heads", "/refs/tags"};
    // Repacking must not need much memory, also for repositories with files of many megabytes.
    static const char config[] = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n"
                                 "\tbare = true\n\tbigFileThreshold = 4m\n"
                                 "[gc]\n\tauto = 0\n"
                                 "[pack]\n\twindowMemory = 64m\n\tdeltaCacheSize = 16m\n";
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        SP_AUTO_FREE char *dir = sp_fmt("%s%s", path, folders[i]);
        SP_TRY(sp_mkdirs(dir, 0700, err));
    }
    SP_AUTO_FREE char *head = sp_path_join(path, "HEAD");
    SP_AUTO_FREE char *conf = sp_path_join(path, "config");
    SP_TRY(sp_file_replace(head, SP_LIT("ref: refs/heads/main\n"), 0644, SP_FILE_DURABLE, err));
    return sp_file_replace(conf, SP_LIT(config), 0644, SP_FILE_DURABLE, err);
}

static int first_commit(char commit[41], struct srv_git_handle *h, const struct meta_repo *r,
                        const char *author, struct sp_err *err)
{
    SP_AUTO(srv_pack_abort) struct srv_pack *p = NULL;
    SP_AUTO(srv_edit_free) struct srv_edit *e = NULL;
    SP_AUTO_BUF struct sp_buf text = {0};
    uint8_t blob[GIT_BIN], tree[GIT_BIN], oid[GIT_BIN];
    srv_git_default_attributes(&text, r->type);
    SP_TRY(srv_pack_begin(&p, h, err));
    SP_TRY(srv_pack_add(blob, p, GIT_OBJECT_BLOB, sp_buf_view(&text), err));
    SP_TRY(srv_edit_begin(&e, h, NULL, err));
    SP_TRY(srv_edit_put(e, SP_LIT(".gitattributes"), blob, err));
    SP_TRY(srv_edit_write(tree, e, p, err));
    struct srv_git_commit_text t = {.user = sp_cstr(author), .summary = SP_LIT("initial commit")};
    SP_TRY(srv_git_commit_write(oid, p, tree, NULL, &t, err));
    SP_TRY(srv_pack_commit(p, err));
    SP_TRY(sp_fault("create.pack", err));
    srv_git_hex(commit, oid);
    SP_AUTO_FREE char *ref = sp_path_join(h->shared->path, "refs/heads/main");
    SP_AUTO_FREE char *line = sp_fmt("%s\n", commit);
    return sp_file_replace(ref, sp_cstr(line), 0644, SP_FILE_DURABLE, err);
}

static int fill(char commit[41], struct srv_git *g, const char *path, const struct meta_repo *r,
                const char *author, struct sp_err *err)
{
    SP_TRY(make_layout(path, err));
    SP_TRY(sp_fault("create.layout", err));
    // A shared part of its own: nobody else knows this folder yet.
    struct srv_git_shared s = {.owner = g, .id = r->id, .path = sp_dup(path)};
    struct srv_git_handle h = {.shared = &s};
    pthread_mutex_init(&s.memo, NULL);
    int rc = git_repository_open_bare(&h.repo, path);
    if (rc >= 0)
        rc = git_repository_odb(&h.odb, h.repo);
    rc = rc < 0 ? srv_git_fail(err, rc, "opening %s", path)
                : first_commit(commit, &h, r, author, err);
    git_odb_free(h.odb);
    git_repository_free(h.repo);
    pthread_mutex_destroy(&s.memo);
    free(s.path);
    SP_TRY(rc);
    static const char *const folders[] = {"objects", "refs", ""};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        SP_AUTO_FREE char *dir = sp_path_join(path, folders[i]);
        SP_TRY(sp_fsync_dir(dir, err));
    }
    return 0;
}

int srv_git_create(struct srv_git *g, const struct meta_repo *r, const char *author,
                   char commit[41], struct sp_err *err)
{
    SP_AUTO_FREE char *path = sp_fmt("%s/%lld.git", g->dir, (long long)r->id);
    SP_AUTO_FREE char *made = sp_fmt("%s/new-%lld-%016llx.git", g->tmp, (long long)r->id,
                                     (unsigned long long)sp_random_u64());
    int rc = sp_is_dir(path) ? sp_fail(err, SP_EEXIST, "%s exists already", path)
                             : fill(commit, g, made, r, author, err);
    if (rc == 0)
        rc = sp_fault("create.rename", err);
    if (rc == 0)
        rc = sp_rename(made, path, err);
    if (rc < 0) {
        sp_remove_tree(made, NULL);
        return rc;
    }
    SP_TRY(sp_fsync_dir(g->dir, err));
    return sp_fault("create.done", err);
}
