// POST …/commit/{rev}: the body is read line by line; each file goes into the pack of the commit as
// it arrives, so memory is bounded by one line, not by the commit.
#include "server/commit_parse.h"
#include "server/files.h"
#include "server/git_commit.h"

#define LINE_MAX_BYTES (48 * SP_MIB) // a regular file of 36 MB in base64; larger ones are LFS files
#define READ_BYTES     (64 * SP_KIB)
#define LONG_BODY      ((int64_t)1 << 20)

struct commit {
    struct http_req *q;
    struct srv *srv;
    const struct meta_repo *repo;
    struct srv_job *job;
    struct sp_arena line_arena, arena; // of one line; of the whole request
    struct sp_buf content;
    bool has_header;
    struct srv_git_commit_text text;
    sp_str parent;
    size_t lines;
};

static sp_str keep(struct commit *c, sp_str s)
{
    return sp_str_of(sp_arena_dupn(&c->arena, s.n ? s.p : "", s.n), s.n);
}

static int add_header(struct commit *c, const struct srv_commit_line *l, struct sp_err *err)
{
    if (c->has_header)
        return sp_fail(err, SP_EFORMAT, "a second header");
    c->has_header = true;
    c->text.user = srv_ctx(c->q)->who.user;
    c->text.summary = keep(c, l->summary);
    c->text.description = keep(c, l->description);
    c->parent = keep(c, l->parent);
    return 0;
}

// Large content belongs to a repository only when its bytes were uploaded to it: knowing the hash
// of somebody else's file gives nobody that file.
static int check_object(struct srv *s, int64_t repo_id, sp_str path, const char *sha256,
                        int64_t size, uint64_t *real, struct sp_err *err)
{
    if (!meta_object_linked(s->meta, repo_id, sha256, real) ||
        !obj_store_has(s->objects, sha256, NULL))
        return sp_fail(
            err, SP_EINVALID,
            "%.*s: LFS pointer pointed to a file that does not exist: upload object %s to this "
            "repository first",
            SP_FMT(path), sha256);
    if (size >= 0 && (uint64_t)size != *real)
        return sp_fail(err, SP_EINVALID, "%.*s: object %s has %llu bytes, not %lld", SP_FMT(path),
                       sha256, (unsigned long long)*real, (long long)size);
    return 0;
}

int srv_commit_put(struct srv *s, int64_t repo_id, struct srv_job *j, sp_str path, sp_str content,
                   struct sp_err *err)
{
    char sha256[HASH_SHA256_HEX];
    uint64_t size, real;
    if (lfs_pointer_parse(content, sha256, &size))
        SP_TRY(check_object(s, repo_id, path, sha256, (int64_t)size, &real, err));
    return srv_job_put(j, path, content, err);
}

static int add_file(struct commit *c, const struct srv_commit_line *l, struct sp_err *err)
{
    sp_str content = l->content;
    if (l->base64) {
        sp_buf_reset(&c->content);
        SP_TRY_IN(sp_buf_unb64(&c->content, l->content, err), err, "%.*s: content",
                  SP_FMT(l->path));
        SP_TRY(sp_buf_done(&c->content, "a file", err));
        content = sp_buf_view(&c->content);
    }
    return srv_commit_put(c->srv, c->repo->id, c->job, l->path, content, err);
}

static int add_lfs(struct commit *c, const struct srv_commit_line *l, struct sp_err *err)
{
    char sha256[HASH_SHA256_HEX] = {0};
    uint64_t real;
    memcpy(sha256, l->oid.p, HASH_SHA256_HEX - 1);
    SP_TRY(check_object(c->srv, c->repo->id, l->path, sha256, l->size, &real, err));
    return srv_job_put_pointer(c->job, l->path, sha256, real, err);
}

static int add_line(struct commit *c, sp_str line, struct sp_err *err)
{
    struct srv_commit_line l;
    sp_arena_reset(&c->line_arena);
    c->lines++;
    SP_TRY_IN(srv_commit_line_parse(&l, line, &c->line_arena, err), err, "line %zu of the commit",
              c->lines);
    if (l.key != SRV_COMMIT_HEADER && !c->has_header)
        return sp_fail(err, SP_EFORMAT, "line %zu of the commit: the header must come first",
                       c->lines);
    if (srv_job_changes(c->job) >= c->srv->limits->files_per_commit)
        return sp_fail(err, SP_ETOOBIG, "more than %u files in one commit; use several commits",
                       c->srv->limits->files_per_commit);
    switch (l.key) {
    case SRV_COMMIT_HEADER:
        return add_header(c, &l, err);
    case SRV_COMMIT_FILE:
        return add_file(c, &l, err);
    case SRV_COMMIT_LFS_FILE:
        return add_lfs(c, &l, err);
    case SRV_COMMIT_DELETED_FILE:
        srv_job_delete(c->job, l.path);
        return 0;
    case SRV_COMMIT_DELETED_FOLDER:
        srv_job_delete_folder(c->job, l.path);
        return 0;
    }
    return 0;
}

static int add_lines(struct commit *c, struct sp_buf *text, size_t *scanned, bool end,
                     struct sp_err *err)
{
    size_t start = 0;
    for (;;) {
        const char *nl = text->n > *scanned
                             ? (const char *)memchr(text->p + *scanned, '\n', text->n - *scanned)
                             : NULL;
        if (!nl && !(end && start < text->n))
            break;
        size_t stop = nl ? (size_t)(nl - text->p) : text->n;
        sp_str line = sp_trim(sp_str_of(text->p + start, stop - start));
        if (line.n)
            SP_TRY(add_line(c, line, err));
        start = nl ? stop + 1 : stop;
        *scanned = start;
    }
    sp_buf_shift(text, start);
    *scanned = text->n;
    return 0;
}

static int read_lines(struct commit *c, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf text = SP_BUF_MAX(LINE_MAX_BYTES);
    size_t scanned = 0, held = 0;
    for (;;) {
        char *room = sp_buf_room(&text, READ_BYTES);
        if (!room)
            return sp_fail(
                err, SP_ETOOBIG,
                "line %zu of the commit is longer than %zu bytes: upload this file by LFS",
                c->lines + 1, LINE_MAX_BYTES);
        ssize_t n = http_body_read(c->q, room, READ_BYTES, err);
        if (n < 0)
            return (int)n;
        sp_buf_added(&text, (size_t)n);
        if (text.n > held + HTTP_HOLD_FREE) { // the line, its copy, the decoded content
            SP_TRY(http_hold(c->q, 3 * HTTP_HOLD_FREE, err));
            held += HTTP_HOLD_FREE;
        }
        SP_TRY(add_lines(c, &text, &scanned, n == 0, err));
        if (n == 0)
            return 0;
    }
}

static int answer(struct http_req *q, const struct meta_repo *repo, const char *commit,
                  struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_obj(&w);
    sp_jw_kbool(&w, "success", true);
    sp_jw_kcstr(&w, "commitOid", commit);
    sp_jw_key(&w, "commitUrl");
    sp_jw_strf(&w, "%s/commit/%s", srv_repo_url(q, repo), commit);
    sp_jw_kcstr(&w, "hookOutput", "");
    sp_jw_end(&w);
    return http_send_json(q, 200, &b, err);
}

// Full name of the branch that {rev} means. Only branches take commits.
static int branch_of(char **out, struct http_req *q, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    sp_str rev = http_param(q, "rev");
    char *name = sp_starts(rev, SP_LIT("refs/heads/"))
                     ? sp_arena_dupn(q->arena, rev.p, rev.n)
                     : sp_arena_fmt(q->arena, "refs/heads/%.*s", SP_FMT(rev));
    uint8_t head[GIT_BIN];
    if (!srv_ref_name_valid(sp_cstr(name)) ||
        srv_ref_get(head, x->srv->git, x->repo.id, name, NULL) == SP_EREVISION)
        return sp_fail(err, SP_EREVISION, "Invalid rev id: %.*s is no branch of this repository",
                       SP_FMT(sp_sub(rev, 0, 200)));
    *out = name;
    return 0;
}

static int run(struct commit *c, const char *branch, struct sp_err *err)
{
    SP_TRY(srv_job_begin(&c->job, c->srv->git, c->repo->id, err));
    SP_TRY(read_lines(c, err));
    if (!c->has_header)
        return sp_fail(err, SP_EFORMAT, "the commit has no header");
    SP_TRY(sp_fault("commit.received", err));
    struct srv_job_result r;
    SP_TRY(srv_job_finish(&r, c->job, branch, c->parent, &c->text, err));
    if (r.made && strcmp(branch, "refs/heads/main") == 0)
        srv_facts_refresh(c->srv, c->repo->id, "commit");
    SP_TRY(sp_fault("commit.rows", err));
    return answer(c->q, c->repo, r.commit, err);
}

int srv_commit_post(struct http_req *q, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    char *branch = NULL;
    SP_TRY(srv_no_pull_request(q, err));
    SP_TRY(branch_of(&branch, q, err));
    SP_TRY(http_long(q, err)); // it waits for the disk: not on a thread for short requests
    struct commit c = {.q = q, .srv = x->srv, .repo = &x->repo, .content = {.max = LINE_MAX_BYTES}};
    int rc = run(&c, branch, err);
    srv_job_free(&c.job);
    sp_buf_fini(&c.content);
    sp_arena_fini(&c.line_arena);
    sp_arena_fini(&c.arena);
    return rc;
}
