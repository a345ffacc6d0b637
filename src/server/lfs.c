// LFS batch API of git-lfs, transfer "basic". Data goes through signed links that name repository,
// object, size and whose token asked, because clients send no token with the data. A link does what
// that token may do when it is used: it ends with the token and the repository, and a public one's
// links end for strangers when it becomes private. An object is present for a repository only when
// it is linked to it, that is: when its bytes were uploaded to this very repository. Fault points:
// lfs.stored lfs.linked.
#include "server/lfs_batch.h"

#include "server/files.h"
#include "server/known.h"

#define LFS_TYPE  "application/vnd.git-lfs+json"
#define GET_TTL_S ((int64_t)3600)      // as the Hub's; a download that has begun goes on
#define PUT_TTL_S ((int64_t)24 * 3600) // links of a whole folder are made before the first is used
#define BLOCK     (256 * SP_KIB)       // hashed while the processor's cache still has it
#define LONG_BODY ((uint64_t)1 << 20)

// ---- batch

static char *href(struct http_req *q, const char *method, const struct srv_lfs_object *o,
                  int64_t ttl_s)
{
    const struct srv_ctx *x = srv_ctx(q);
    char *path = sp_arena_fmt(q->arena, "/api/lfs/%lld/%s/%llu?user=%lld&token=%lld",
                              (long long)x->repo.id, o->oid, (unsigned long long)o->size,
                              (long long)x->who.user_id, (long long)x->who.token_id);
    return sp_arena_fmt(q->arena, "%.*s%s&%s", SP_FMT(http_base_url(q)), path,
                        srv_sign(q, method, path, ttl_s));
}

static char *verify_href(struct http_req *q)
{
    return sp_arena_fmt(q->arena, "%s.git/info/lfs/verify", srv_repo_url(q, &srv_ctx(q)->repo));
}

static void write_error(struct sp_jw *w, int code, const char *message)
{
    sp_jw_key(w, "error");
    sp_jw_obj(w);
    sp_jw_kint(w, "code", code);
    sp_jw_kcstr(w, "message", message);
    sp_jw_end(w);
}

static void write_action(struct sp_jw *w, const char *name, const char *link, int64_t ttl_s)
{
    sp_jw_key(w, name);
    sp_jw_obj(w);
    sp_jw_kcstr(w, "href", link);
    sp_jw_key(w, "header");
    sp_jw_obj(w);
    sp_jw_end(w);
    sp_jw_kint(w, "expires_in", ttl_s);
    sp_jw_end(w);
}

static bool present(struct srv *s, int64_t repo_id, const char *oid, uint64_t *size)
{
    uint64_t stored;
    return meta_object_linked(s->meta, repo_id, oid, size) &&
           obj_store_has(s->objects, oid, &stored) && stored == *size;
}

static void write_object(struct sp_jw *w, struct http_req *q, const struct srv_lfs_object *o,
                         bool upload)
{
    struct srv_ctx *x = srv_ctx(q);
    uint64_t size;
    sp_jw_obj(w);
    sp_jw_kcstr(w, "oid", o->oid);
    sp_jw_kint(w, "size", (int64_t)o->size);
    bool here = present(x->srv, x->repo.id, o->oid, &size);
    if (here && size != o->size) {
        write_error(w, 422,
                    sp_arena_fmt(q->arena, "object %s has %llu bytes, not %llu", o->oid,
                                 (unsigned long long)size, (unsigned long long)o->size));
    } else if (upload && o->size > x->srv->limits->lfs_object) {
        write_error(w, 413, "the object is larger than this server takes (--max-object)");
    } else if (!upload && !here) {
        write_error(w, 404, "object does not exist in this repository");
    } else if (!upload || !here) {
        sp_jw_kbool(w, "authenticated", true);
        sp_jw_key(w, "actions");
        sp_jw_obj(w);
        int64_t ttl_s = upload ? PUT_TTL_S : GET_TTL_S;
        write_action(w, upload ? "upload" : "download", href(q, upload ? "PUT" : "GET", o, ttl_s),
                     ttl_s);
        if (upload)
            write_action(w, "verify", verify_href(q), ttl_s);
        sp_jw_end(w);
    }
    sp_jw_end(w);
}

static int need_write(const struct srv_ctx *x, struct sp_err *err)
{
    if (x->may_write)
        return 0;
    return sp_fail(err, x->who.user_id ? SP_EFORBIDDEN : SP_EAUTH, "You may not upload to %s/%s",
                   x->repo.ns, x->repo.name);
}

int srv_lfs_batch(struct http_req *q, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    struct sp_json *body;
    struct srv_lfs_batch_req r;
    SP_TRY(srv_json_body(&body, q, x->srv->limits->json_body, err));
    SP_TRY(srv_lfs_batch_parse(&r, body, x->srv->limits->lfs_batch, q->arena, err));
    if (r.upload)
        SP_TRY(need_write(x, err));
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "transfer", "basic");
    sp_jw_kcstr(&w, "hash_algo", "sha256");
    sp_jw_key(&w, "objects");
    sp_jw_arr(&w);
    for (size_t i = 0; i < r.n; i++)
        write_object(&w, q, &r.v[i], r.upload);
    sp_jw_end(&w);
    sp_jw_end(&w);
    SP_TRY(sp_buf_done(&b, "the answer", err));
    return http_send(q, 200, LFS_TYPE, sp_buf_view(&b), err);
}

int srv_lfs_verify(struct http_req *q, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    struct sp_json *body;
    struct srv_lfs_object o;
    uint64_t size;
    SP_TRY(srv_json_body(&body, q, x->srv->limits->json_body, err));
    SP_TRY(srv_lfs_object_parse(&o, body, err));
    if (!present(x->srv, x->repo.id, o.oid, &size))
        return sp_fail(err, SP_ENOTFOUND, "object %s was not uploaded to this repository", o.oid);
    if (size != o.size)
        return sp_fail(err, SP_EHASH, "object %s has %llu bytes, not %llu", o.oid,
                       (unsigned long long)size, (unsigned long long)o.size);
    return http_send(q, 200, LFS_TYPE, SP_LIT("{}"), err);
}

// ---- data

struct target {
    int64_t repo_id;
    struct srv_lfs_object o;
};

// Who asked for the link, as far as the token still says so.
static int still_known(struct srv_who *who, struct http_req *q, int64_t user_id, int64_t token_id,
                       struct sp_err *err)
{
    struct srv_known *k = srv_ctx(q)->srv->known;
    const struct srv_known_token *t;
    *who = (struct srv_who){0};
    if (user_id == 0)
        return 0;
    int rc = srv_known_token_by_id(&t, k, token_id, err);
    if (rc == 0) {
        bool valid =
            t->t.user_id == user_id && (t->t.expires_ms == 0 || t->t.expires_ms > sp_now_ms());
        *who = (struct srv_who){.user_id = user_id, .role = t->t.role};
        srv_known_release_token(k, t);
        rc = valid ? 0 : SP_ENOTFOUND;
    }
    if (rc == SP_ENOTFOUND)
        return sp_fail(err, SP_EFORBIDDEN,
                       "The token that asked for this link is not valid any more");
    return rc;
}

static int check_still_may(struct http_req *q, int64_t repo_id, const struct srv_who *who,
                           struct sp_err *err)
{
    struct meta_repo r;
    int rc = meta_repo_by_id(&r, srv_ctx(q)->srv->meta, repo_id, q->arena, err);
    if (rc == SP_EREPO)
        return sp_fail(err, SP_ENOTFOUND, "the repository of this link is not there any more");
    SP_TRY(rc);
    if (q->method == HTTP_PUT ? srv_may_write(who, &r) : srv_may_read(who, &r))
        return 0;
    return sp_fail(err, SP_EFORBIDDEN, "This link is not valid any more; ask for a new one");
}

static int take_target(struct target *t, struct http_req *q, struct sp_err *err)
{
    SP_TRY(srv_sign_check(q, err));
    int64_t user_id, token_id;
    struct srv_who who;
    sp_str oid = http_param(q, "oid"), user, token;
    if (!http_query(q, "user", &user) || !sp_parse_i64(user, &user_id) ||
        !http_query(q, "token", &token) || !sp_parse_i64(token, &token_id) ||
        !sp_parse_i64(http_param(q, "repo"), &t->repo_id) || !sp_is_hex(oid, 64) ||
        !sp_parse_u64(http_param(q, "size"), &t->o.size))
        return sp_fail(err, SP_EFORMAT, "not a link that this server gave out");
    memcpy(t->o.oid, oid.p, 64);
    t->o.oid[64] = 0;
    SP_TRY(still_known(&who, q, user_id, token_id, err));
    return check_still_may(q, t->repo_id, &who, err);
}

static int receive(struct http_req *q, struct obj_ingest *in, const char *oid, struct sp_err *err)
{
    char *room, more;
    size_t n;
    ssize_t got;
    for (;;) {
        SP_TRY(obj_ingest_room(in, &room, &n, err));
        if (n == 0)
            break;
        got = http_body_read(q, room, n < BLOCK ? n : BLOCK, err);
        if (got <= 0)
            return (int)got;
        SP_TRY(obj_ingest_added(in, (size_t)got, err));
    }
    got = http_body_read(q, &more, 1, err);
    if (got > 0)
        return sp_fail(err, SP_EHASH, "object %s: more bytes than were promised", oid);
    return (int)got;
}

static bool is_there(void *ud, const char *sha256)
{
    return obj_store_has(ud, sha256, NULL);
}

int srv_lfs_put(struct http_req *q, struct sp_err *err)
{
    struct srv *s = srv_ctx(q)->srv;
    struct target t;
    SP_TRY(take_target(&t, q, err));
    if (q->content_length >= 0 && (uint64_t)q->content_length != t.o.size)
        return sp_fail(err, SP_EINVALID, "Content-Length is %lld, the object has %llu bytes",
                       (long long)q->content_length, (unsigned long long)t.o.size);
    if (t.o.size > LONG_BODY)
        SP_TRY(http_long(q, err));
    SP_AUTO(obj_ingest_abort) struct obj_ingest *in = NULL;
    SP_TRY(obj_ingest_begin(&in, s->objects, t.o.oid, t.o.size, err));
    SP_TRY(receive(q, in, t.o.oid, err));
    int rc = obj_ingest_commit(in, err);
    if (rc == SP_EINCOMPLETE)
        return sp_prefix(err, SP_EHASH, "the body is too short");
    SP_TRY(rc);
    SP_TRY(sp_fault("lfs.stored", err));
    // Garbage collection may have taken the unlinked object since: then there is no link either.
    SP_TRY(meta_object_link(s->meta, t.repo_id, (const char(*)[65]) & t.o.oid, &t.o.size, 1,
                            is_there, s->objects, err));
    SP_TRY(sp_fault("lfs.linked", err));
    return http_send_empty(q, 200, err);
}

int srv_lfs_get(struct http_req *q, struct sp_err *err)
{
    struct srv *s = srv_ctx(q)->srv;
    struct target t;
    uint64_t size;
    SP_TRY(take_target(&t, q, err));
    SP_AUTO_SOURCE struct sp_source *src = NULL;
    if (!present(s, t.repo_id, t.o.oid, &size))
        return sp_fail(err, SP_ENOTFOUND, "object %s is not there any more", t.o.oid);
    SP_TRY(obj_store_source(&src, s->objects, t.o.oid, err));
    if (size > LONG_BODY)
        SP_TRY(http_long(q, err));
    char etag[HASH_SHA256_HEX + 2];
    snprintf(etag, sizeof etag, "\"%s\"", t.o.oid);
    http_set(q, "X-Content-Type-Options", "nosniff");
    http_set(q, "Content-Security-Policy", "default-src 'none'; sandbox");
    return http_send_source(q, src, "application/octet-stream", etag, err);
}
