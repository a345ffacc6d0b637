// Answers of the LFS batch API, taken apart strictly: a server tells us here where to send users'
// bytes.
#include "hub/lfs.h"

static int own_href(const char **out, struct sp_arena *arena, struct hub *h,
                    const struct net_resp *resp, sp_str href, struct sp_err *err)
{
    SP_AUTO_FREE char *url = NULL;
    struct sp_err why = {0};
    if (href.n == 0 || hub_url_own(&url, h, resp->url, href, false, &why) < 0)
        return hub_call_lied(resp, err, "\"href\" is no URL: %s", why.msg);
    *out = sp_arena_dupn(arena, url, strlen(url));
    return 0;
}

static bool all_digits(sp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

static bool chunk_size(const struct sp_json *v, uint64_t *out)
{
    int64_t n;
    if (sp_json_is(v, SP_JSON_STR))
        return sp_parse_u64(v->s, out) && *out > 0;
    if (!sp_json_i64(v, &n) || n <= 0)
        return false;
    *out = (uint64_t)n;
    return true;
}

// {"chunk_size":"N","00001":"url",…}: as many parts as the size needs, numbered from 1.
static int parse_parts(struct hub_lfs_action *a, struct sp_arena *arena, struct hub *h,
                       const struct net_resp *resp, const struct sp_json *header, uint64_t size,
                       struct sp_err *err)
{
    if (!chunk_size(sp_json_get(header, "chunk_size"), &a->chunk_size))
        return hub_call_lied(resp, err, "\"chunk_size\" is no size");
    uint64_t need = size / a->chunk_size + (size % a->chunk_size != 0);
    if (need == 0 || need > HUB_LFS_PARTS_MAX)
        return hub_call_lied(resp, err, "\"chunk_size\" asks for %llu parts",
                             (unsigned long long)need);
    a->parts = sp_arena_alloc(arena, (size_t)need * sizeof *a->parts);
    SP_JSON_EACH(m, header)
    {
        uint64_t no;
        sp_str href;
        if (!all_digits(m->key))
            continue;
        if (!sp_parse_u64(m->key, &no) || no == 0 || no > need || a->parts[no - 1])
            return hub_call_lied(resp, err, "part number %.*s", SP_FMT(sp_sub(m->key, 0, 40)));
        if (!sp_json_str(m, &href))
            return hub_call_lied(resp, err, "the address of part %llu is missing",
                                 (unsigned long long)no);
        SP_TRY(own_href(&a->parts[no - 1], arena, h, resp, href, err));
        a->parts_n++;
    }
    if (a->parts_n != need)
        return hub_call_lied(resp, err, "%zu parts instead of %llu", a->parts_n,
                             (unsigned long long)need);
    return 0;
}

static bool name_ok(sp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == ':')
            return false;
    return s.n > 0;
}

// Fields that decide where a message ends or who we are talking to are not the server's to set.
static bool reserved(sp_str name)
{
    static const char *const names[] = {
        "content-length", "transfer-encoding", "host", "connection", "expect", "te", "trailer",
        "upgrade"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sp_eq_nocase(name, sp_cstr(names[i])))
            return true;
    return false;
}

static int parse_headers(struct hub_lfs_action *a, struct sp_arena *arena,
                         const struct net_resp *resp, const struct sp_json *header,
                         struct sp_err *err)
{
    if (header->n > HUB_LFS_HEADERS_MAX)
        return hub_call_lied(resp, err, "\"header\" has %zu members", header->n);
    a->headers = sp_arena_alloc(arena, (header->n + 1) * sizeof *a->headers);
    size_t n = 0;
    SP_JSON_EACH(m, header)
    {
        sp_str value;
        if (!sp_json_str(m, &value) || !name_ok(m->key) || sp_has_ctl(value))
            return hub_call_lied(resp, err, "\"header\" has a malformed member");
        if (!reserved(m->key))
            a->headers[n++] = sp_arena_fmt(arena, "%.*s: %.*s", SP_FMT(m->key), SP_FMT(value));
    }
    return 0;
}

static int parse_action(struct hub_lfs_action *a, struct sp_arena *arena, struct hub *h,
                        const struct net_resp *resp, const struct sp_json *action, uint64_t size,
                        struct sp_err *err)
{
    if (!action || sp_json_is(action, SP_JSON_NULL))
        return 0;
    sp_str href;
    SP_TRY(hub_call_str(&href, resp, action, "href", true, err));
    SP_TRY(own_href(&a->href, arena, h, resp, href, err));
    const struct sp_json *header = sp_json_get(action, "header");
    if (!header || sp_json_is(header, SP_JSON_NULL))
        return 0;
    if (!sp_json_is(header, SP_JSON_OBJ))
        return hub_call_lied(resp, err, "\"header\" is no object");
    if (size && sp_json_get(header, "chunk_size"))
        return parse_parts(a, arena, h, resp, header, size, err);
    return parse_headers(a, arena, resp, header, err);
}

static int object_error(const struct hub_lfs_obj *o, const struct net_resp *resp,
                        const struct sp_json *e, struct sp_err *err)
{
    int64_t code = sp_json_get_i64(e, "code", 0);
    sp_str m = sp_sub(sp_json_get_str(e, "message"), 0, 300);
    int rc = code == 413   ? SP_ETOOBIG
             : code == 403 ? SP_EFORBIDDEN
             : code == 422 ? SP_EHASH
                           : SP_EREMOTE;
    sp_fail(err, rc, "%s: the server refuses the object (%lld): %.*s",
            o->name ? o->name : o->sha256, (long long)code, SP_FMT(m));
    if (err)
        err->http = (int)(code > 0 && code < 1000 ? code : 0);
    return rc;
}

static int parse_object(struct hub_lfs_todo *t, struct sp_arena *arena, struct hub *h,
                        const struct hub_lfs_obj *o, const struct net_resp *resp,
                        const struct sp_json *e, struct sp_err *err)
{
    const struct sp_json *error = sp_json_get(e, "error");
    if (error && !sp_json_is(error, SP_JSON_NULL))
        return object_error(o, resp, error, err);
    const struct sp_json *size = sp_json_get(e, "size");
    int64_t n;
    if (size && (!sp_json_i64(size, &n) || n < 0 || (uint64_t)n != o->size))
        return hub_call_lied(resp, err, "another size for object %.12s than %llu", o->sha256,
                             (unsigned long long)o->size);
    const struct sp_json *actions = sp_json_get(e, "actions");
    SP_TRY(parse_action(&t->upload, arena, h, resp, sp_json_get(actions, "upload"), o->size, err));
    return parse_action(&t->verify, arena, h, resp, sp_json_get(actions, "verify"), 0, err);
}

static int parse_objects(struct hub_lfs_todo *todo, struct sp_map *open, struct sp_arena *arena,
                         struct hub *h, const struct hub_lfs_obj *objs, const struct net_resp *resp,
                         const struct sp_json *list, struct sp_err *err)
{
    SP_JSON_EACH(e, list)
    {
        sp_str oid;
        SP_TRY(hub_call_str(&oid, resp, e, "oid", true, err));
        const struct hub_lfs_obj *o = sp_map_del(open, oid);
        if (!o)
            return hub_call_lied(resp, err, "object %.*s was not asked for, or comes twice",
                                 SP_FMT(sp_sub(oid, 0, 12)));
        SP_TRY(parse_object(&todo[o - objs], arena, h, o, resp, e, err));
    }
    if (open->n)
        return hub_call_lied(resp, err, "%zu objects are missing", open->n);
    return 0;
}

int hub_lfs_parse(struct hub_lfs_todo *todo, struct sp_arena *arena, struct hub *h,
                  const struct hub_lfs_obj *objs, size_t n, const struct net_resp *resp,
                  const struct sp_json *answer, struct sp_err *err)
{
    sp_str transfer;
    SP_TRY(hub_call_str(&transfer, resp, answer, "transfer", false, err));
    if (transfer.n && !sp_eq_lit(transfer, "basic") && !sp_eq_lit(transfer, "multipart"))
        return sp_fail(err, SP_EUNSUPPORTED,
                       "the server wants the transfer \"%.*s\"; this version knows basic and "
                       "multipart",
                       SP_FMT(sp_sub(transfer, 0, 40)));
    const struct sp_json *list = sp_json_get(answer, "objects");
    if (!sp_json_is(list, SP_JSON_ARR))
        return hub_call_lied(resp, err, "\"objects\" is no list");
    struct sp_map open = {0};
    for (size_t i = 0; i < n; i++) {
        union {
            const struct hub_lfs_obj *in;
            void *out;
        } o = {.in = &objs[i]}; // the map keeps void *; it is only read
        sp_map_put(&open, sp_cstr(objs[i].sha256), o.out);
    }
    int rc = parse_objects(todo, &open, arena, h, objs, resp, list, err);
    sp_map_fini(&open, NULL);
    return rc;
}
