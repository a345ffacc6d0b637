// GET …/tree/{rev}/{path}: a folder or everything below it, page by page.
#include "server/files.h"

#define PAGE_MAX 10000 // limit= of the request

// Where a page begins: "<commit>d<path>" or "<commit>f<path>" of the entry before it. The commit
// makes all pages speak of one state also while the branch moves.
struct cursor {
    bool set, dir;
    sp_str path;
};

static int take_cursor(struct cursor *out, struct srv_place *p, struct http_req *q,
                       struct sp_err *err)
{
    sp_str c;
    if (!http_query(q, "cursor", &c) || c.n == 0)
        return 0;
    if (c.n < GIT_HEX + 2 || !sp_is_hex(sp_sub(c, 0, GIT_HEX), GIT_HEX) ||
        (c.p[GIT_HEX] != 'd' && c.p[GIT_HEX] != 'f'))
        return sp_fail(err, SP_EINVALID, "cursor is not one that this server gave out");
    SP_TRY(srv_git_resolve(p->commit, p->srv->git, p->repo_id, sp_sub(c, 0, GIT_HEX), err));
    http_set(q, "X-Repo-Commit", "%s", p->commit);
    out->set = true;
    out->dir = c.p[GIT_HEX] == 'd';
    out->path = sp_from(c, GIT_HEX + 1);
    return 0;
}

struct request {
    struct srv_place place;
    struct cursor cursor;
    struct srv_entry folder; // where the listing begins; path "" = root
    char root[41];
    bool recursive, expand;
    size_t limit;
};

static int find_folder(struct request *r, struct http_req *q, struct sp_err *err)
{
    struct srv_place *p = &r->place;
    while (p->path.n && p->path.p[p->path.n - 1] == '/')
        p->path.n--;
    if (p->path.n == 0) {
        uint8_t tree[GIT_BIN];
        SP_TRY(srv_git_commit_tree(tree, p->srv->git, p->repo_id, p->commit, err));
        srv_git_hex(r->folder.oid, tree);
        r->folder.path = SP_LIT("");
        return 0;
    }
    SP_TRY(srv_place_entry(&r->folder, p, q, err));
    if (!r->folder.is_dir)
        return sp_fail(err, SP_ENOTFOUND, "%.*s is a file, not a folder",
                       SP_FMT(sp_sub(p->path, 0, 300)));
    return 0;
}

static int write_page(struct http_req *q, const struct request *r, const struct srv_entry *v,
                      size_t n, bool more, struct sp_err *err)
{
    const struct srv_commit **last = NULL;
    const struct srv_place *p = &r->place;
    if (r->expand && n) {
        SP_TRY(http_long(q, err)); // a long history takes seconds
        sp_str *paths = (sp_str *)sp_arena_alloc(q->arena, n * sizeof *paths);
        last = (const struct srv_commit **)sp_arena_alloc(q->arena, n * sizeof *last);
        for (size_t i = 0; i < n; i++)
            paths[i] = v[i].path;
        SP_TRY(srv_log_last(last, p->srv->git, p->repo_id, p->commit, paths, n, q->arena, q->cancel,
                            err));
    }
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        srv_entry_write(&w, &v[i], r->expand, last ? last[i] : NULL);
    sp_jw_end(&w);
    if (more && n) {
        const struct srv_entry *e = &v[n - 1];
        srv_link_next(q, sp_arena_fmt(q->arena, "%s%c%.*s", p->commit, e->is_dir ? 'd' : 'f',
                                      SP_FMT(e->path)));
    }
    return http_send_json(q, 200, &b, err);
}

static bool below(sp_str path, sp_str folder)
{
    return folder.n == 0 ||
           (path.n > folder.n && path.p[folder.n] == '/' && sp_starts(path, folder));
}

static int send_recursive(struct http_req *q, const struct request *r, struct sp_err *err)
{
    struct srv_git *g = r->place.srv->git;
    const struct srv_tree *t;
    SP_TRY(srv_git_tree(&t, g, r->place.repo_id, r->place.commit, err));
    bool found = false;
    size_t i = 0, n = 0;
    if (r->cursor.set)
        i = srv_tree_find(t, r->cursor.path, r->cursor.dir, &found);
    else if (r->folder.path.n)
        i = srv_tree_find(t, r->folder.path, true, &found);
    i += found;
    while (n < r->limit && i + n < t->n && below(t->v[i + n].path, r->folder.path))
        n++;
    bool more = i + n < t->n && below(t->v[i + n].path, r->folder.path);
    int rc = write_page(q, r, t->v + i, n, more, err);
    srv_git_tree_release(g, t);
    return rc;
}

static int send_folder(struct http_req *q, const struct request *r, struct sp_err *err)
{
    struct srv_folder_page want = {
        .tree = r->folder.oid,
        .prefix = r->folder.path,
        .after = sp_path_base(r->cursor.path),
        .after_dir = r->cursor.dir,
        .limit = r->limit,
    };
    struct srv_entry *v;
    size_t n;
    bool more;
    SP_TRY(
        srv_git_folder(&v, &n, &more, r->place.srv->git, r->place.repo_id, &want, q->arena, err));
    return write_page(q, r, v, n, more, err);
}

int srv_tree_list(struct http_req *q, struct sp_err *err)
{
    struct request r = {0};
    SP_TRY(srv_place(&r.place, q, err));
    SP_TRY(take_cursor(&r.cursor, &r.place, q, err));
    const struct srv_limits *lim = r.place.srv->limits;
    r.recursive = srv_query_bool(q, "recursive");
    r.expand = srv_query_bool(q, "expand");
    size_t page = r.expand ? lim->tree_expand_page : lim->tree_page;
    r.limit = srv_query_size(q, "limit", page, r.expand ? page : PAGE_MAX);
    SP_TRY(find_folder(&r, q, err));
    return r.recursive ? send_recursive(q, &r, err) : send_folder(q, &r, err);
}
