// Order of the write path (bytes, rows, the one visible step, cache rows): objects are durable in a
// pack → the ref moves by compare-and-swap. The rows that keep LFS objects alive were written when
// the objects were uploaded. A crash in between leaves a pack that nothing refers to.
#include "server/git_commit.h"

struct change {
    enum { PUT, DELETE, DELETE_FOLDER } op;
    sp_str path;
    uint8_t oid[GIT_BIN];
};
struct srv_job {
    struct srv_git_handle *h;
    struct srv_pack *pack;
    struct sp_arena arena;
    SP_VEC(struct change) changes;
    SP_VEC(struct srv_sizes_row) sizes;
};

int srv_job_begin(struct srv_job **out, struct srv_git *g, int64_t repo_id, struct sp_err *err)
{
    SP_AUTO(srv_job_free) struct srv_job *j = sp_new(struct srv_job);
    SP_TRY(srv_git_borrow(&j->h, g, repo_id, err));
    SP_TRY(srv_pack_begin(&j->pack, j->h, err));
    *out = sp_take(&j);
    return 0;
}

void srv_job_free(struct srv_job **jp)
{
    struct srv_job *j = *jp;
    if (!j)
        return;
    *jp = NULL;
    srv_pack_abort(&j->pack);
    srv_git_return(&j->h);
    sp_vec_fini(&j->changes);
    sp_vec_fini(&j->sizes);
    sp_arena_fini(&j->arena);
    free(j);
}

static struct change *add(struct srv_job *j, int op, sp_str path)
{
    struct change *c = sp_vec_push(&j->changes);
    c->op = op;
    c->path = sp_str_of(sp_arena_dupn(&j->arena, path.p, path.n), path.n);
    return c;
}

int srv_job_put(struct srv_job *j, sp_str path, sp_str content, struct sp_err *err)
{
    struct srv_sizes_row row;
    SP_TRY(srv_pack_add(row.oid, j->pack, GIT_OBJECT_BLOB, content, err));
    srv_blob_facts_of(&row.f, content);
    *sp_vec_push(&j->sizes) = row;
    memcpy(add(j, PUT, path)->oid, row.oid, GIT_BIN);
    return 0;
}

int srv_job_put_pointer(struct srv_job *j, sp_str path, const char *sha256, uint64_t size,
                        struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf text = SP_BUF_MAX(LFS_POINTER_MAX);
    lfs_pointer_write(&text, sha256, size);
    return srv_job_put(j, path, sp_buf_view(&text), err);
}

void srv_job_delete(struct srv_job *j, sp_str path)
{
    add(j, DELETE, path);
}

void srv_job_delete_folder(struct srv_job *j, sp_str path)
{
    add(j, DELETE_FOLDER, path);
}

size_t srv_job_changes(const struct srv_job *j)
{
    return j->changes.n;
}

// The tree that the changes make of a base (NULL = empty), written to the pack.
static int apply(uint8_t tree[GIT_BIN], struct srv_job *j, const uint8_t *base, struct srv_pack *p,
                 struct sp_err *err)
{
    SP_AUTO(srv_edit_free) struct srv_edit *e = NULL;
    SP_TRY(srv_edit_begin(&e, j->h, base, err));
    SP_VEC_EACH (&j->changes, c) {
        if (c->op == PUT)
            SP_TRY(srv_edit_put(e, c->path, c->oid, err));
        else if (c->op == DELETE)
            SP_TRY(srv_edit_delete(e, c->path, err));
        else
            SP_TRY(srv_edit_delete_folder(e, c->path, err));
    }
    return srv_edit_write(tree, e, p, err);
}

static int read_commit(struct srv_git_commit_raw *out, git_odb_object **obj,
                       struct srv_git_handle *h, const uint8_t *oid, struct sp_err *err)
{
    sp_str raw;
    SP_TRY(srv_git_read(obj, &raw, h, oid, GIT_OBJECT_COMMIT, err));
    return srv_git_commit_parse(out, raw, err);
}

// True when head is what these changes make of its parent: the request was answered before and the
// answer was lost.
static bool made_before(struct srv_job *j, const struct srv_git_commit_raw *head)
{
    if (head->parents_n != 1)
        return false;
    SP_AUTO_OBJ git_odb_object *obj = NULL;
    SP_AUTO(srv_pack_abort) struct srv_pack *scratch = NULL;
    struct srv_git_commit_raw parent;
    uint8_t tree[GIT_BIN];
    return read_commit(&parent, &obj, j->h, head->parent, NULL) == 0 &&
           srv_pack_begin(&scratch, j->h, NULL) == 0 &&
           apply(tree, j, parent.tree, scratch, NULL) == 0 &&
           memcmp(tree, head->tree, GIT_BIN) == 0;
}

static void put_text(struct sp_buf *b, sp_str s)
{
    sp_buf_str(b, s);
    if (s.n == 0 || s.p[s.n - 1] != '\n')
        sp_buf_ch(b, '\n');
}

void srv_git_message(struct sp_buf *out, sp_str summary, sp_str description)
{
    put_text(out, sp_trim(summary));
    description = sp_trim(description);
    if (description.n) {
        sp_buf_ch(out, '\n');
        put_text(out, description);
    }
}

int srv_git_commit_write(uint8_t oid[GIT_BIN], struct srv_pack *p, const uint8_t tree[GIT_BIN],
                         const uint8_t *parent, const struct srv_git_commit_text *t,
                         struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_MIB);
    char hex[41];
    srv_git_hex(hex, tree);
    sp_buf_printf(&b, "tree %s\n", hex);
    if (parent) {
        srv_git_hex(hex, parent);
        sp_buf_printf(&b, "parent %s\n", hex);
    }
    long long now = (long long)(sp_now_ms() / 1000);
    for (int i = 0; i < 2; i++)
        sp_buf_printf(&b, "%s %.*s <%.*s@users.noreply.spoke> %lld +0000\n",
                      i ? "committer" : "author", SP_FMT(t->user), SP_FMT(t->user), now);
    sp_buf_ch(&b, '\n');
    srv_git_message(&b, t->summary, t->description);
    SP_TRY(sp_buf_done(&b, "the commit message", err));
    return srv_pack_add(oid, p, GIT_OBJECT_COMMIT, sp_buf_view(&b), err);
}

static bool same_text(const struct srv_git_commit_raw *head, const struct srv_git_commit_text *t)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_MIB);
    srv_git_message(&b, t->summary, t->description);
    return !b.bad && sp_eq(sp_buf_view(&b), head->message) && sp_eq(head->author, t->user);
}

static int stale(struct sp_err *err)
{
    return sp_fail(err, SP_ECONFLICT, "A commit has happened since. Please refresh and try again.");
}

// Decides on which commit the changes go. 1 = answer with head, it is done already.
static int check_parent(struct srv_job *j, const char *head_hex,
                        const struct srv_git_commit_raw *head, sp_str parent, struct sp_err *err)
{
    if (parent.n == 0 || sp_starts(sp_cstr(head_hex), parent))
        return 0;
    char was[41];
    srv_git_hex(was, head->parent);
    if (head->parents_n == 1 && sp_starts(sp_cstr(was), parent) && made_before(j, head))
        return 1;
    return stale(err);
}

static int finish(struct srv_job_result *out, struct srv_job *j, const char *ref, sp_str parent,
                  const struct srv_git_commit_text *text, struct sp_err *err)
{
    struct srv_git_shared *s = j->h->shared;
    uint8_t head[GIT_BIN], tree[GIT_BIN], commit[GIT_BIN];
    SP_TRY(srv_ref_get(head, s->owner, s->id, ref, err));
    SP_AUTO_OBJ git_odb_object *obj = NULL;
    struct srv_git_commit_raw raw;
    SP_TRY(read_commit(&raw, &obj, j->h, head, err));
    *out = (struct srv_job_result){0};
    srv_git_hex(out->commit, head);
    int rc = check_parent(j, out->commit, &raw, parent, err);
    if (rc)
        return rc < 0 ? rc : 0;
    struct sp_err why = {0};
    rc = apply(tree, j, raw.tree, j->pack, &why);
    // A deletion that was done already fails when it is repeated; the head tells whether that is
    // it.
    if (rc == SP_ENOTFOUND && parent.n == 0 && same_text(&raw, text) && made_before(j, &raw))
        return 0;
    if (rc < 0) {
        if (err)
            *err = why;
        return rc;
    }
    if (memcmp(tree, raw.tree, GIT_BIN) == 0)
        return 0; // empty commits are never made
    SP_TRY(srv_git_commit_write(commit, j->pack, tree, head, text, err));
    SP_TRY(srv_pack_commit(j->pack, err));
    SP_TRY(sp_fault("commit.pack", err));
    srv_sizes_add(s, j->sizes.v, j->sizes.n);
    SP_TRY(sp_fault("commit.ref", err));
    rc = srv_ref_set(j->h, ref, commit, head, err);
    if (rc == SP_ECONFLICT || rc == SP_ENOTFOUND)
        return stale(err); // somebody else's git moved it
    SP_TRY(rc);
    srv_git_hex(out->commit, commit);
    out->made = true;
    return sp_fault("commit.ref_done", err);
}

int srv_job_finish(struct srv_job_result *out, struct srv_job *j, const char *ref, sp_str parent,
                   const struct srv_git_commit_text *text, struct sp_err *err)
{
    struct srv_git_shared *s = j->h->shared;
    pthread_mutex_lock(&s->write);
    int rc = s->removed ? sp_fail(err, SP_EREPO, "the repository was deleted meanwhile")
                        : finish(out, j, ref, parent, text, err);
    pthread_mutex_unlock(&s->write);
    if (rc == 0 && out->made)
        srv_git_repack_maybe(s->owner, s->id);
    return rc;
}
