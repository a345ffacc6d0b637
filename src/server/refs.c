// Branches and tags: list, make, remove.
#include "server/files.h"
#include "server/git_commit.h"

#define REF_MESSAGE_MAX (64 * SP_KIB)

// ---- list
struct group {
    const char *key, *prefix;
};

static void write_group(struct sp_jw *w, const struct group *g, const struct srv_ref *v, size_t n)
{
    size_t skip = strlen(g->prefix);
    sp_jw_key(w, g->key);
    sp_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        if (strncmp(v[i].name, g->prefix, skip) != 0)
            continue;
        char hex[41];
        srv_git_hex(hex, v[i].oid);
        sp_jw_obj(w);
        sp_jw_kcstr(w, "name", v[i].name + skip);
        sp_jw_kcstr(w, "ref", v[i].name);
        sp_jw_kcstr(w, "targetCommit", hex);
        sp_jw_end(w);
    }
    sp_jw_end(w);
}

int srv_refs_get(struct http_req *q, struct sp_err *err)
{
    static const struct group groups[] = {{"branches", "refs/heads/"},
                                          {"converts", "refs/convert/"},
                                          {"tags", "refs/tags/"},
                                          {"pullRequests", "refs/pr/"}};
    struct srv_ctx *x = srv_ctx(q);
    SP_AUTO_GIT struct srv_git_handle *h = NULL;
    SP_TRY(srv_git_borrow(&h, x->srv->git, x->repo.id, err));
    struct srv_ref *v;
    size_t n;
    SP_TRY(srv_refs_list(&v, &n, h, q->arena, err));
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_obj(&w);
    size_t groups_n = srv_query_bool(q, "include_prs") ? 4 : 3;
    for (size_t i = 0; i < groups_n; i++)
        write_group(&w, &groups[i], v, n);
    sp_jw_end(&w);
    return http_send_json(q, 200, &b, err);
}

// ---- change
// Holds the handle and the repository's write lock.
struct writer {
    struct srv_git_handle *h;
};

static int writer_open(struct writer *w, struct http_req *q, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    SP_TRY(srv_git_borrow(&w->h, x->srv->git, x->repo.id, err));
    pthread_mutex_lock(&w->h->shared->write);
    if (!w->h->shared->removed)
        return 0;
    pthread_mutex_unlock(&w->h->shared->write);
    srv_git_return(&w->h);
    return sp_fail(err, SP_EREPO, "the repository was deleted meanwhile");
}

static void writer_close(struct writer *w)
{
    if (!w->h)
        return;
    pthread_mutex_unlock(&w->h->shared->write);
    srv_git_return(&w->h);
}
#define AUTO_WRITER SP_AUTO(writer_close)

// An optional JSON body: branch and tag requests may come without one.
static int optional_body(struct sp_json **out, struct http_req *q, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(srv_ctx(q)->srv->limits->json_body);
    *out = NULL;
    SP_TRY(http_body_all(q, &b, err));
    return sp_trim(sp_buf_view(&b)).n ? srv_json_parse(out, sp_buf_view(&b), q->arena, err) : 0;
}

// "a" and "a/b" cannot both be: one would be a file and a folder.
static int check_beside(struct writer *w, struct http_req *q, const char *full, const char *what,
                        struct sp_err *err)
{
    struct srv_ref *v;
    size_t n;
    SP_TRY(srv_refs_list(&v, &n, w->h, q->arena, err));
    sp_str mine = sp_cstr(full);
    for (size_t i = 0; i < n; i++) {
        sp_str other = sp_cstr(v[i].name);
        sp_str longer = mine.n > other.n ? mine : other, shorter = mine.n > other.n ? other : mine;
        if (longer.n > shorter.n && longer.p[shorter.n] == '/' && sp_starts(longer, shorter))
            return sp_fail(err, SP_EEXIST, "%s %s cannot be beside %s, which exists", what,
                           strchr(full + strlen("refs/"), '/') + 1, v[i].name);
    }
    return 0;
}

static int set_new(struct writer *w, struct http_req *q, const char *full, const char *what,
                   const uint8_t *oid, struct sp_err *err)
{
    SP_TRY(check_beside(w, q, full, what, err));
    int rc = srv_ref_set(w->h, full, oid, NULL, err);
    if (rc == SP_EEXIST)
        return sp_fail(err, rc, "%s %s already exists", what,
                       strchr(full + strlen("refs/"), '/') + 1);
    return rc;
}

static int set_over(struct writer *w, struct http_req *q, const char *full, const uint8_t *oid,
                    struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    uint8_t was[GIT_BIN];
    int rc = srv_ref_get(was, x->srv->git, x->repo.id, full, NULL);
    if (rc == SP_EREVISION)
        return set_new(w, q, full, "Branch", oid, err);
    SP_TRY(rc);
    return srv_ref_set(w->h, full, oid, was, err);
}

// A branch that begins with an empty tree and no parent.
static int empty_commit(uint8_t oid[GIT_BIN], struct http_req *q, struct writer *w,
                        struct sp_err *err)
{
    SP_AUTO(srv_pack_abort) struct srv_pack *p = NULL;
    uint8_t tree[GIT_BIN];
    struct srv_git_commit_text t = {srv_ctx(q)->who.user, SP_LIT("initial commit"), SP_LIT("")};
    SP_TRY(srv_pack_begin(&p, w->h, err));
    SP_TRY(srv_pack_add(tree, p, GIT_OBJECT_TREE, SP_LIT(""), err));
    SP_TRY(srv_git_commit_write(oid, p, tree, NULL, &t, err));
    return srv_pack_commit(p, err);
}

static int starting_point(uint8_t oid[GIT_BIN], struct http_req *q, struct writer *w,
                          const struct sp_json *body, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    if (sp_json_get_bool(body, "emptyBranch", false))
        return empty_commit(oid, q, w, err);
    sp_str from = sp_json_get_str(body, "startingPoint");
    char hex[41];
    SP_TRY(srv_git_resolve(hex, x->srv->git, x->repo.id, from.n ? from : SP_LIT("main"), err));
    srv_git_bin(oid, sp_cstr(hex));
    return 0;
}

int srv_refs_branch_create(struct http_req *q, struct sp_err *err)
{
    struct sp_json *body;
    sp_str name = http_param(q, "branch");
    SP_TRY(srv_ref_name_check(name, "branch", err));
    SP_TRY(optional_body(&body, q, err));
    AUTO_WRITER struct writer w = {0};
    SP_TRY(writer_open(&w, q, err));
    uint8_t oid[GIT_BIN];
    SP_TRY(starting_point(oid, q, &w, body, err));
    char *full = sp_arena_fmt(q->arena, "refs/heads/%.*s", SP_FMT(name));
    bool over = sp_json_get_bool(body, "overwrite", false);
    SP_TRY(over ? set_over(&w, q, full, oid, err) : set_new(&w, q, full, "Branch", oid, err));
    if (sp_eq_lit(name, "main"))
        srv_facts_refresh(srv_ctx(q)->srv, srv_ctx(q)->repo.id, "branch");
    return http_send(q, 200, "application/json", SP_LIT("{}"), err);
}

static int delete_ref(struct http_req *q, const char *folder, sp_str name, struct sp_err *err)
{
    char *full = sp_arena_fmt(q->arena, "%s%.*s", folder, SP_FMT(name));
    if (!srv_ref_name_valid(sp_cstr(full)))
        return sp_fail(err, SP_EREVISION, "Invalid rev id: %.*s", SP_FMT(sp_sub(name, 0, 200)));
    AUTO_WRITER struct writer w = {0};
    SP_TRY(writer_open(&w, q, err));
    int rc = srv_ref_delete(w.h, full, err);
    if (rc == SP_EREVISION)
        return sp_fail(err, rc, "Invalid rev id: %.*s", SP_FMT(name));
    SP_TRY(rc);
    return http_send(q, 200, "application/json", SP_LIT("{}"), err);
}

int srv_refs_branch_delete(struct http_req *q, struct sp_err *err)
{
    sp_str name = http_param(q, "branch");
    if (sp_eq_lit(name, "main"))
        return sp_fail(err, SP_EFORBIDDEN,
                       "The branch main cannot be deleted; delete the repository");
    return delete_ref(q, "refs/heads/", name, err);
}

// An annotated tag's object, as git mktag writes it.
static int tag_object(uint8_t oid[GIT_BIN], struct http_req *q, struct writer *w,
                      const char *commit, sp_str name, sp_str message, struct sp_err *err)
{
    SP_AUTO(srv_pack_abort) struct srv_pack *p = NULL;
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_str user = srv_ctx(q)->who.user;
    sp_buf_printf(&b, "object %s\ntype commit\ntag %.*s\n", commit, SP_FMT(name));
    sp_buf_printf(&b, "tagger %.*s <%.*s@users.noreply.spoke> %lld +0000\n\n", SP_FMT(user),
                  SP_FMT(user), (long long)(sp_now_ms() / 1000));
    srv_git_message(&b, message, SP_LIT(""));
    SP_TRY(sp_buf_done(&b, "the tag message", err));
    SP_TRY(srv_pack_begin(&p, w->h, err));
    SP_TRY(srv_pack_add(oid, p, GIT_OBJECT_TAG, sp_buf_view(&b), err));
    return srv_pack_commit(p, err);
}

int srv_refs_tag_create(struct http_req *q, struct sp_err *err)
{
    struct srv_place p;
    struct sp_json *body;
    SP_TRY(srv_place(&p, q, err));
    SP_TRY(srv_json_body(&body, q, p.srv->limits->json_body, err));
    sp_str name = sp_json_get_str(body, "tag"), message = sp_json_get_str(body, "message");
    SP_TRY(srv_ref_name_check(name, "tag", err));
    if (message.n > REF_MESSAGE_MAX || sp_has_nul(message))
        return sp_fail(err, SP_EINVALID, "the tag message is too long or holds a NUL");
    AUTO_WRITER struct writer w = {0};
    SP_TRY(writer_open(&w, q, err));
    uint8_t oid[GIT_BIN];
    srv_git_bin(oid, sp_cstr(p.commit));
    if (sp_trim(message).n)
        SP_TRY(tag_object(oid, q, &w, p.commit, name, message, err));
    SP_TRY(set_new(&w, q, sp_arena_fmt(q->arena, "refs/tags/%.*s", SP_FMT(name)), "Tag", oid, err));
    return http_send(q, 200, "application/json", SP_LIT("{}"), err);
}

int srv_refs_tag_delete(struct http_req *q, struct sp_err *err)
{
    return delete_ref(q, "refs/tags/", http_param(q, "rev"), err);
}
