// Which local files an upload takes, and where they go: files only, dot-files too, links to files
// followed, linked folders not descended, .git and .cache/huggingface never.
#include "xfer/ctx.h"

#include <sys/stat.h>

static const char *const always_ignored[] = {".git",
                                             ".git/*",
                                             "*/.git",
                                             "**/.git/**",
                                             ".cache/huggingface",
                                             ".cache/huggingface/*",
                                             "*/.cache/huggingface",
                                             "**/.cache/huggingface/**"};

size_t xfer_list_len(const char *const *list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    return n;
}

// "./a//b/" → "a/b": what a user types as a place in the repo. Heap.
static int clean_prefix(char **out, const char *s, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_PATH_BYTES);
    sp_str rest = sp_cstr(s), part;
    while (sp_split(&rest, '/', &part)) {
        if (part.n == 0 || sp_eq_lit(part, "."))
            continue;
        if (b.n)
            sp_buf_ch(&b, '/');
        sp_buf_str(&b, part);
    }
    SP_TRY(sp_buf_done(&b, "path in the repository", err));
    if (b.n)
        SP_TRY(sp_path_check(sp_buf_view(&b), "path in the repository", err));
    *out = sp_buf_take(&b);
    return 0;
}

static int check_allowed(const char *path, struct sp_err *err)
{
    sp_str rest = sp_cstr(path), part;
    SP_TRY(sp_path_check(rest, "path in the repository", err));
    while (sp_split(&rest, '/', &part))
        if (sp_eq_lit(part, ".git") || sp_eq_lit(part, ".cache"))
            return sp_fail(err, SP_EINVALID,
                           "cannot upload to %s: a path must not have the segment '%.*s'", path,
                           SP_FMT(part));
    return 0;
}

static int add_file(struct xfer_picks *p, const char *local, const char *path, uint64_t size,
                    struct sp_err *err)
{
    SP_TRY(check_allowed(path, err));
    struct xfer_pick *f = sp_vec_push(&p->list);
    f->local = sp_dup(local);
    f->path = sp_dup(path);
    f->size = size;
    if (strcmp(path, "README.md") == 0 && !p->readme)
        p->readme = sp_dup(local);
    return 0;
}

struct walk {
    struct xfer_picks *out;
    const char *root, *prefix;
    struct sp_filter user, always;
};

static int on_entry(void *ud, const char *rel, const struct stat *lst, struct sp_err *err)
{
    struct walk *w = ud;
    struct stat st = *lst;
    SP_AUTO_FREE char *local = sp_path_join(w->root, rel);
    if (S_ISDIR(st.st_mode))
        return 0;
    if (!sp_filter_match(&w->always, sp_cstr(rel)) || !sp_filter_match(&w->user, sp_cstr(rel)))
        return 0;
    if (S_ISLNK(st.st_mode) && stat(local, &st) < 0) {
        if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
            return sp_fail_os(err, errno, "%s: following the link", local);
        // hf passes over it without a word
        sp_log("xfer", WARN, "%s is a broken link and is not uploaded", local);
        return 0;
    }
    if (!S_ISREG(st.st_mode))
        return 0; // folder links, sockets, devices
    SP_AUTO_FREE char *path = w->prefix[0] ? sp_fmt("%s/%s", w->prefix, rel) : sp_dup(rel);
    return add_file(w->out, local, path, (uint64_t)st.st_size, err);
}

static int read_gitignore(struct xfer_picks *p, const char *root, struct sp_err *err)
{
    SP_AUTO_FREE char *path = sp_path_join(root, ".gitignore");
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_MIB);
    if (sp_file_size(path) < 0)
        return 0;
    SP_TRY(sp_file_read(&b, path, SP_MIB, err));
    p->gitignore_n = b.n;
    p->gitignore = sp_buf_take(&b);
    return 0;
}

static int cmp_pick(const void *a, const void *b)
{
    return strcmp(((const struct xfer_pick *)a)->path, ((const struct xfer_pick *)b)->path);
}

static int pick_folder(struct xfer_picks *p, const char *local, const struct xfer_upload_opts *o,
                       struct sp_err *err)
{
    SP_AUTO_FREE char *prefix = NULL;
    SP_TRY(clean_prefix(&prefix, o->path_in_repo ? o->path_in_repo : "", err));
    struct walk w = {.out = p,
                     .root = local,
                     .prefix = prefix,
                     .user = {.allow = o->include,
                              .allow_n = xfer_list_len(o->include),
                              .has_allow = o->include != NULL,
                              .ignore = o->exclude,
                              .ignore_n = xfer_list_len(o->exclude)},
                     .always = {.ignore = always_ignored,
                                .ignore_n = sizeof always_ignored / sizeof *always_ignored}};
    SP_TRY(read_gitignore(p, local, err));
    SP_TRY(sp_walk(local, on_entry, &w, err));
    if (p->list.n)
        qsort(p->list.v, p->list.n, sizeof *p->list.v, cmp_pick);
    return 0;
}

static int pick_one(struct xfer_picks *p, const char *local, const struct stat *st,
                    const struct xfer_upload_opts *o, struct sp_err *err)
{
    SP_AUTO_FREE char *path = NULL;
    sp_str base = sp_path_base(sp_cstr(local));
    SP_AUTO_FREE char *name = sp_str_dup(base);
    // "up/" is a folder: the file keeps its name in it.
    const char *to = o->path_in_repo ? o->path_in_repo : name;
    size_t n = strlen(to);
    SP_AUTO_FREE char *inside = n && to[n - 1] == '/' ? sp_fmt("%s%s", to, name) : NULL;
    SP_TRY(clean_prefix(&path, inside ? inside : to, err));
    if (!path[0])
        return sp_fail(err, SP_EINVALID, "%s needs a path in the repository", local);
    return add_file(p, local, path, (uint64_t)st->st_size, err);
}

int xfer_pick_files(struct xfer_picks *out, const char *local, const struct xfer_upload_opts *o,
                    struct sp_err *err)
{
    struct stat st;
    SP_AUTO(xfer_picks_fini) struct xfer_picks p = {0};
    if (stat(local, &st) < 0)
        return sp_fail(err, SP_ENOTFOUND, "%s: %s", local, strerror(errno));
    if (S_ISDIR(st.st_mode))
        SP_TRY(pick_folder(&p, local, o, err));
    else if (S_ISREG(st.st_mode))
        SP_TRY(pick_one(&p, local, &st, o, err));
    else
        return sp_fail(err, SP_EINVALID, "%s is neither a file nor a folder", local);
    *out = p;
    p = (struct xfer_picks){0};
    return 0;
}

void xfer_picks_fini(struct xfer_picks *p)
{
    SP_VEC_EACH (&p->list, f) {
        free(f->local);
        free(f->path);
        sp_source_release(&f->src);
    }
    sp_vec_fini(&p->list);
    free(p->gitignore);
    free(p->readme);
    *p = (struct xfer_picks){0};
}
