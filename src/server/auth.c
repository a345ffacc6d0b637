// Who asks and for which repository, settled before any handler runs.
#include "server/auth.h"

// Clients look at this text to tell a bad token from a repository that is not there.
#define BAD_TOKEN "Invalid credentials in Authorization header"

struct full_ctx { // srv_ctx is what handlers see
    struct srv_ctx x;
    const struct srv_known_token *token;
    const struct srv_known_repo *repo;
};

void srv_token_mac(const struct srv *s, sp_str token, uint8_t mac[HASH_SHA256_BYTES])
{
    // One secret, several uses: the prefix keeps their values apart (sign.c has the other).
    char text[6 + SP_LIM_TOKEN_BYTES];
    SP_ASSERT(token.n <= SP_LIM_TOKEN_BYTES);
    memcpy(text, "token:", 6);
    memcpy(text + 6, token.p, token.n);
    hash_hmac_sha256(mac, sp_str_of(s->secret, sizeof s->secret), sp_str_of(text, 6 + token.n));
    explicit_bzero(text, 6 + token.n);
}

bool srv_may_read(const struct srv_who *w, const struct meta_repo *r)
{
    return !r->is_private || (w->user_id != 0 && w->user_id == r->owner_id);
}

bool srv_may_write(const struct srv_who *w, const struct meta_repo *r)
{
    return w->user_id != 0 && w->user_id == r->owner_id && w->role == META_ROLE_WRITE;
}

int srv_auth_token(sp_str *out, sp_str header, struct sp_buf *scratch, struct sp_err *err)
{
    *out = (sp_str){0};
    if (!header.p)
        return 0;
    sp_str rest, scheme = sp_cut(header, ' ', &rest);
    sp_str token = sp_trim(rest);
    if (sp_eq_nocase(scheme, SP_LIT("Basic"))) {
        // What git and curl -u send. The name before the colon says nothing that the token does
        // not.
        if (sp_buf_unb64(scratch, token, NULL) < 0)
            return sp_fail(err, SP_EAUTH, BAD_TOKEN);
        sp_str password;
        sp_cut(sp_buf_view(scratch), ':', &password);
        token = password;
    } else if (!sp_eq_nocase(scheme, SP_LIT("Bearer"))) {
        return sp_fail(err, SP_EAUTH, BAD_TOKEN);
    }
    if (token.n == 0 || token.n > SP_LIM_TOKEN_BYTES)
        return sp_fail(err, SP_EAUTH, BAD_TOKEN);
    *out = token;
    return 0;
}

static size_t header_count(const struct http_req *q, sp_str name)
{
    size_t n = 0;
    for (size_t i = 0; i < q->headers_n; i++)
        n += sp_eq_nocase(q->headers[i].name, name);
    return n;
}

static int identify(struct http_req *q, struct full_ctx *f, struct sp_err *err)
{
    struct srv *s = f->x.srv;
    struct srv_who *w = &f->x.who;
    sp_str header = http_header(q, "Authorization"), token;
    if (!header.p)
        return 0;
    w->bad_token = true;
    if (header_count(q, SP_LIT("Authorization")) != 1)
        return sp_fail(err, SP_EAUTH, BAD_TOKEN);
    SP_AUTO_BUF struct sp_buf scratch = SP_BUF_MAX(2 * SP_LIM_TOKEN_BYTES);
    SP_TRY(srv_auth_token(&token, header, &scratch, err));
    uint8_t mac[HASH_SHA256_BYTES];
    srv_token_mac(s, token, mac);
    const struct srv_known_token *t;
    int rc = srv_known_token(&t, s->known, mac, err);
    if (rc == SP_ENOTFOUND)
        return sp_fail(err, SP_EAUTH, BAD_TOKEN);
    SP_TRY(rc);
    f->token = t;
    if (t->t.expires_ms != 0 && t->t.expires_ms <= sp_now_ms())
        return sp_fail(err, SP_EAUTH, BAD_TOKEN);
    *w = (struct srv_who){
        .user_id = t->t.user_id,
        .user = sp_cstr(t->t.user),
        .role = t->t.role,
        .token_id = t->t.id,
        .token_name = sp_cstr(t->t.name),
        .token_created_ms = t->t.created_ms,
    };
    q->log_user = w->user;
    return 0;
}

static enum meta_repo_type type_of(sp_str kind)
{
    return sp_eq_lit(kind, "datasets") ? META_DATASET
           : sp_eq_lit(kind, "spaces") ? META_SPACE
                                       : META_MODEL;
}

static int find_repo(struct http_req *q, struct full_ctx *f, struct sp_err *err)
{
    sp_str ns = http_param(q, "ns"), name = http_param(q, "name");
    const struct srv_known_repo *r;
    int rc = srv_known_repo(&r, f->x.srv->known, type_of(http_param(q, "kind")), ns, name, err);
    if (rc == 0) {
        f->repo = r;
        if (srv_may_read(&f->x.who, &r->r)) {
            f->x.repo = r->r;
            f->x.may_write = srv_may_write(&f->x.who, &r->r);
            return 0;
        }
        // One answer for "not there" and "not yours", and one way to it: a name that is not there
        // is looked for in the database each time, and the difference could be measured.
        struct meta_repo same;
        rc = meta_repo_get(&same, f->x.srv->meta, r->r.type, ns, name, q->arena, err);
        rc = rc < 0 ? rc : SP_EREPO;
    }
    if (rc != SP_EREPO)
        return rc;
    return sp_fail(err, SP_EREPO, "Repository not found: %.*s%s%.*s", SP_FMT(sp_sub(ns, 0, 100)),
                   ns.n ? "/" : "", SP_FMT(sp_sub(name, 0, 100)));
}

static int need_write(const struct srv_ctx *x, struct sp_err *err)
{
    if (x->may_write)
        return 0;
    if (!x->who.user_id)
        return sp_fail(err, SP_EAUTH, "Log in to change %s/%s", x->repo.ns, x->repo.name);
    if (x->who.user_id == x->repo.owner_id)
        return sp_fail(err, SP_EFORBIDDEN, "Token %.*s may only read; use one with the write role",
                       SP_FMT(x->who.token_name));
    return sp_fail(err, SP_EFORBIDDEN, "User %.*s may not write to %s/%s", SP_FMT(x->who.user),
                   x->repo.ns, x->repo.name);
}

int srv_before(struct http_req *q, void *ud, struct sp_err *err)
{
    struct full_ctx *f = sp_arena_new(q->arena, struct full_ctx);
    f->x.srv = ud;
    q->user = f;
    srv_cors(q, f->x.srv);
    enum srv_perm perm = (enum srv_perm)q->route->permission;
    if (perm == SRV_ANY || perm == SRV_SIGNED)
        return 0;
    SP_TRY(identify(q, f, err));
    switch (perm) {
    case SRV_USER:
    case SRV_USER_WRITE:
        if (!f->x.who.user_id)
            return sp_fail(err, SP_EAUTH, "Invalid username or password.");
        if (perm == SRV_USER_WRITE && f->x.who.role != META_ROLE_WRITE)
            return sp_fail(err, SP_EFORBIDDEN,
                           "Token %.*s may only read; use one with the write role",
                           SP_FMT(f->x.who.token_name));
        return 0;
    case SRV_REPO_READ:
        return find_repo(q, f, err);
    case SRV_REPO_WRITE:
    case SRV_REPO_ADMIN:
        SP_TRY(find_repo(q, f, err));
        return need_write(&f->x, err);
    case SRV_ANY:
    case SRV_SIGNED:
    case SRV_VISITOR:
        return 0;
    }
    return sp_fail(err, SP_EINTERNAL, "route %s has an unknown permission", q->route->pattern);
}

void srv_auth_done(struct http_req *q)
{
    struct full_ctx *f = q->user;
    if (!f)
        return;
    srv_known_release_token(f->x.srv->known, f->token);
    srv_known_release_repo(f->x.srv->known, f->repo);
    f->token = NULL;
    f->repo = NULL;
}
