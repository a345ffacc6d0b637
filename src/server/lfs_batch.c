// Checks the objects that a client names before any of them becomes a path or a link.
#include "server/lfs_batch.h"

#define OBJECT_MAX ((int64_t)1 << 47)

int srv_lfs_object_parse(struct srv_lfs_object *out, const struct sp_json *o, struct sp_err *err)
{
    sp_str oid = sp_json_get_str(o, "oid");
    int64_t size;
    if (!sp_is_hex(oid, HASH_SHA256_HEX - 1))
        return sp_fail(err, SP_EFORMAT, "oid is no SHA-256 (64 lower-case hex digits)");
    if (!sp_json_i64(sp_json_get(o, "size"), &size) || size < 0 || size > OBJECT_MAX)
        return sp_fail(err, SP_EFORMAT, "size of object %.*s is no number of bytes", SP_FMT(oid));
    memcpy(out->oid, oid.p, oid.n);
    out->oid[oid.n] = 0;
    out->size = (uint64_t)size;
    return 0;
}

int srv_lfs_batch_parse(struct srv_lfs_batch_req *out, const struct sp_json *body, size_t max,
                        struct sp_arena *a, struct sp_err *err)
{
    struct srv_lfs_batch_req r = {0};
    sp_str operation = sp_json_get_str(body, "operation"),
           algo = sp_json_get_str(body, "hash_algo");
    const struct sp_json *objects = sp_json_get(body, "objects");
    r.upload = sp_eq_lit(operation, "upload");
    if (!r.upload && !sp_eq_lit(operation, "download"))
        return sp_fail(err, SP_EFORMAT, "operation is upload or download");
    // @huggingface/hub writes it with an underscore
    if (algo.n && !sp_eq_lit(algo, "sha256") && !sp_eq_lit(algo, "sha_256"))
        return sp_fail(err, SP_EFORMAT, "hash_algo is sha256");
    if (!sp_json_is(objects, SP_JSON_ARR))
        return sp_fail(err, SP_EFORMAT, "objects is no list");
    if (objects->n > max)
        return sp_fail(err, SP_ETOOBIG, "%zu objects in one batch; at most %zu", objects->n, max);
    r.v = (struct srv_lfs_object *)sp_arena_alloc(a, (objects->n + 1) * sizeof *r.v);
    SP_JSON_EACH(o, objects)
    SP_TRY(srv_lfs_object_parse(&r.v[r.n++], o, err));
    *out = r;
    return 0;
}
