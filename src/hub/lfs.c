// Uploading LFS objects: batch, PUT of the bytes (whole or in parts), verify.
#include "hub/lfs.h"

#define LFS_JSON "application/vnd.git-lfs+json"
enum {
    OBJECTS_PER_BATCH = 256,
    PUT_TRIES = 5, // also while the server restarts
    ETAG_BYTES = 1000,
    SERVER_THINKS_MS = 10 * 60 * 1000, // hashing and syncing what was sent
};

struct job {
    struct hub *h;
    struct hub_lfs_obj *objs;
    struct hub_lfs_todo *todo;
    struct sp_progress *progress;
    unsigned parts_parallel;
};

// ---- bytes

static const char *label(const struct hub_lfs_obj *o)
{
    return o->name ? o->name : o->sha256;
}

static int put(struct net_resp *resp, struct job *j, const struct hub_lfs_obj *o, const char *url,
               const char *const *headers, uint64_t off, uint64_t n, struct sp_err *err)
{
    struct net_req q = {.method = "PUT",
                        .url = url, // signed: no token goes there
                        .headers = headers,
                        .send_src = o->src,
                        .send_off = off,
                        .send_size = (int64_t)n,
                        .retry = NET_RETRY_IDEMPOTENT,
                        .max_tries = PUT_TRIES,
                        .stall_ms = SERVER_THINKS_MS / 5,
                        .progress = j->progress,
                        .cancel = j->h->cancel};
    SP_TRY(net_fetch(j->h->net, &q, resp, err));
    if (resp->status < 200 || resp->status >= 300)
        return hub_call_fail(j->h, resp, err);
    return 0;
}

static int put_whole(struct job *j, struct hub_lfs_obj *o, const struct hub_lfs_action *a,
                     struct sp_err *err)
{
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    return put(&resp, j, o, a->href, a->headers, 0, o->size, err);
}

struct parts {
    struct job *j;
    const struct hub_lfs_obj *o;
    const struct hub_lfs_action *a;
    char **etags;
};

static int put_part(void *ud, size_t i, struct sp_err *err)
{
    struct parts *p = ud;
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    uint64_t off = (uint64_t)i * p->a->chunk_size, left = p->o->size - off;
    uint64_t n = left < p->a->chunk_size ? left : p->a->chunk_size;
    SP_TRY_IN(put(&resp, p->j, p->o, p->a->parts[i], NULL, off, n, err), err, "part %zu", i + 1);
    const char *etag = net_resp_get(&resp, "etag");
    if (!etag || !*etag || strlen(etag) > ETAG_BYTES || !sp_utf8_valid(sp_cstr(etag)))
        return hub_call_lied(&resp, err, "no ETag for part %zu", i + 1);
    p->etags[i] = sp_dup(etag);
    return 0;
}

static int complete(struct parts *p, struct sp_err *err)
{
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO_BUF struct sp_buf body = {0};
    struct sp_jw w = sp_jw(&body);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "oid", p->o->sha256);
    sp_jw_key(&w, "parts");
    sp_jw_arr(&w);
    for (size_t i = 0; i < p->a->parts_n; i++) {
        sp_jw_obj(&w);
        sp_jw_kint(&w, "partNumber", (int64_t)i + 1);
        sp_jw_kcstr(&w, "etag", p->etags[i]);
        sp_jw_end(&w);
    }
    sp_jw_end(&w);
    sp_jw_end(&w);
    SP_TRY(sp_buf_done(&body, "list of parts", err));
    struct hub_call c = {.method = "POST",
                         .url = p->a->href,
                         .body = sp_buf_view(&body),
                         .content_type = LFS_JSON,
                         .accept = LFS_JSON,
                         .no_token = true,
                         .stall_ms = SERVER_THINKS_MS,
                         .retry = NET_RETRY_IDEMPOTENT};
    return hub_call_do(&resp, p->j->h, &c, err);
}

static int put_parts(struct job *j, struct hub_lfs_obj *o, const struct hub_lfs_action *a,
                     struct sp_err *err)
{
    struct parts p = {j, o, a, sp_new_n(char *, a->parts_n)};
    int rc = sp_for_each(j->parts_parallel, a->parts_n, put_part, &p, err);
    if (rc == 0)
        rc = complete(&p, err);
    for (size_t i = 0; i < a->parts_n; i++)
        free(p.etags[i]);
    free(p.etags);
    return rc;
}

static int verify(struct job *j, const struct hub_lfs_obj *o, const struct hub_lfs_action *a,
                  struct sp_err *err)
{
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO_BUF struct sp_buf body = {0};
    struct sp_jw w = sp_jw(&body);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "oid", o->sha256);
    sp_jw_kint(&w, "size", (int64_t)o->size);
    sp_jw_end(&w);
    SP_TRY(sp_buf_done(&body, "request", err));
    // hub_call_raw sends the token to the endpoint's origin only.
    struct hub_call c = {.method = "POST",
                         .url = a->href,
                         .body = sp_buf_view(&body),
                         .content_type = LFS_JSON,
                         .accept = LFS_JSON,
                         .stall_ms = SERVER_THINKS_MS,
                         .retry = NET_RETRY_IDEMPOTENT};
    return hub_call_do(&resp, j->h, &c, err);
}

static int send_object(void *ud, size_t i, struct sp_err *err)
{
    struct job *j = ud;
    struct hub_lfs_obj *o = &j->objs[i];
    const struct hub_lfs_todo *t = &j->todo[i];
    if (t->upload.href) {
        int rc =
            t->upload.parts_n ? put_parts(j, o, &t->upload, err) : put_whole(j, o, &t->upload, err);
        if (rc < 0)
            return sp_prefix(err, rc, "sending %s", label(o));
        o->sent = true;
    }
    if (t->verify.href)
        SP_TRY_IN(verify(j, o, &t->verify, err), err, "after sending %s", label(o));
    return 0;
}

// ---- batch

static void put_batch(struct sp_buf *b, const struct hub_lfs_obj *objs, size_t n, const char *rev)
{
    struct sp_jw w = sp_jw(b);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "operation", "upload");
    sp_jw_key(&w, "transfers");
    sp_jw_arr(&w);
    sp_jw_cstr(&w, "basic");
    sp_jw_cstr(&w, "multipart");
    sp_jw_end(&w);
    sp_jw_key(&w, "objects");
    sp_jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        sp_jw_obj(&w);
        sp_jw_kcstr(&w, "oid", objs[i].sha256);
        sp_jw_kint(&w, "size", (int64_t)objs[i].size);
        sp_jw_end(&w);
    }
    sp_jw_end(&w);
    sp_jw_kcstr(&w, "hash_algo", "sha256");
    if (rev) {
        sp_jw_key(&w, "ref");
        sp_jw_obj(&w);
        sp_jw_kcstr(&w, "name", rev);
        sp_jw_end(&w);
    }
    sp_jw_end(&w);
}

static int batch(struct hub *h, const char *url, const char *rev, struct hub_lfs_obj *objs,
                 size_t n, unsigned parallel, struct sp_progress *p, struct sp_err *err)
{
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    SP_AUTO_BUF struct sp_buf body = {0};
    struct sp_json *answer;
    put_batch(&body, objs, n, rev);
    SP_TRY(sp_buf_done(&body, "LFS batch", err));
    struct hub_call c = {.method = "POST",
                         .url = url,
                         .body = sp_buf_view(&body),
                         .content_type = LFS_JSON,
                         .accept = LFS_JSON,
                         .retry = NET_RETRY_IDEMPOTENT};
    SP_TRY_IN(hub_call_json(&answer, &a, &resp, h, &c, SP_JSON_OBJ, err), err, "LFS batch");
    struct hub_lfs_todo *todo = sp_arena_alloc(&a, n * sizeof *todo);
    SP_TRY_IN(hub_lfs_parse(todo, &a, h, objs, n, &resp, answer, err), err, "LFS batch");
    parallel = parallel ? parallel : 1;
    unsigned each = n < parallel ? parallel / (unsigned)n : 1;
    struct job j = {h, objs, todo, p, each};
    return sp_for_each(parallel, n, send_object, &j, err);
}

// The same content twice in one upload is one object on the wire: the second is marked as present.
static size_t unique(struct hub_lfs_obj *out, size_t *of, const struct hub_lfs_obj *objs, size_t n)
{
    struct sp_map seen = {0};
    size_t u = 0;
    for (size_t i = 0; i < n; i++) {
        sp_str key = sp_cstr(objs[i].sha256);
        uintptr_t at = (uintptr_t)sp_map_get(&seen, key); // index + 1
        if (!at) {
            out[u] = objs[i];
            out[u].sent = false;
            at = ++u;
            sp_map_put(&seen, key, (void *)at);
            of[at - 1] = i;
        }
    }
    sp_map_fini(&seen, NULL);
    return u;
}

int hub_lfs_upload(struct hub *h, const struct hub_repo *r, const char *rev,
                   struct hub_lfs_obj *objs, size_t n, unsigned parallel, struct sp_progress *p,
                   struct sp_err *err)
{
    bool model = r->type == HUB_MODEL;
    SP_AUTO_FREE char *url = sp_fmt("%s/%s%s%s.git/info/lfs/objects/batch", h->endpoint,
                                    model ? "" : hub_type_plural(r->type), model ? "" : "/", r->id);
    SP_AUTO_FREE struct hub_lfs_obj *once = sp_new_n(struct hub_lfs_obj, n + 1);
    SP_AUTO_FREE size_t *of = sp_new_n(size_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        SP_ASSERT(sp_is_hex(sp_cstr(objs[i].sha256), 64));
        objs[i].sent = false;
    }
    size_t u = unique(once, of, objs, n);
    int rc = 0;
    for (size_t at = 0; at < u && rc == 0; at += OBJECTS_PER_BATCH) {
        size_t k = u - at < OBJECTS_PER_BATCH ? u - at : OBJECTS_PER_BATCH;
        rc = batch(h, url, rev, once + at, k, parallel, p, err);
    }
    for (size_t i = 0; i < u; i++)
        objs[of[i]].sent = once[i].sent;
    return rc;
}
