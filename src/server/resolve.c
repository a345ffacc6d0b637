// HEAD and GET of a file. Everything a user can put into a repository comes back as bytes that a
// browser does not run: no HTML type, nosniff, and a sandbox for what is shown.
#include "server/files.h"

#include "net/net.h"

#define RAW_MAX     (64 * SP_MIB)       // a regular file; larger ones are LFS objects
#define LONG_STREAM ((uint64_t)4 << 20) // answers from here on take a long-stream slot

static const struct {
    const char *end, *type;
} types[] = {
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/plain; charset=utf-8"},
    {".json", "application/json"},
    {".jsonl", "text/plain; charset=utf-8"},
    {".csv", "text/plain; charset=utf-8"},
    {".tsv", "text/plain; charset=utf-8"},
    {".yaml", "text/plain; charset=utf-8"},
    {".yml", "text/plain; charset=utf-8"},
    {".py", "text/plain; charset=utf-8"},
    {".toml", "text/plain; charset=utf-8"},
    {".cfg", "text/plain; charset=utf-8"},
    {".ini", "text/plain; charset=utf-8"},
    {".jinja", "text/plain; charset=utf-8"},
    {".html", "text/plain; charset=utf-8"},
    {".htm", "text/plain; charset=utf-8"},
    {".xhtml", "text/plain; charset=utf-8"},
    {".xml", "text/plain; charset=utf-8"},
    {".js", "text/plain; charset=utf-8"},
    {".css", "text/plain; charset=utf-8"},
    {".sh", "text/plain; charset=utf-8"},
    {".gitattributes", "text/plain; charset=utf-8"},
    {".gitignore", "text/plain; charset=utf-8"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".svg", "image/svg+xml"},
    {".bmp", "image/bmp"},
    {".mp3", "audio/mpeg"},
    {".wav", "audio/wav"},
    {".flac", "audio/flac"},
    {".ogg", "audio/ogg"},
    {".mp4", "video/mp4"},
    {".webm", "video/webm"},
    {".pdf", "application/pdf"},
};

static const char *type_of(sp_str path)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        sp_str end = sp_cstr(types[i].end);
        if (path.n >= end.n && sp_eq_nocase(sp_from(path, path.n - end.n), end))
            return types[i].type;
    }
    return "application/octet-stream";
}

// "inline; filename*=UTF-8''a%20b; filename=\"a b\";": clients look for the quoted form.
static void set_disposition(struct http_req *q, sp_str path)
{
    sp_str name = sp_path_base(path);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(4 * SP_LIM_PATH_BYTES);
    sp_buf_cstr(&b, srv_query_bool(q, "download") ? "attachment" : "inline");
    sp_buf_cstr(&b, "; filename*=UTF-8''");
    sp_buf_url(&b, name, "");
    sp_buf_cstr(&b, "; filename=\"");
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        sp_buf_ch(&b, c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '%' ? c : '_');
    }
    sp_buf_cstr(&b, "\";");
    if (!b.bad)
        http_set_str(q, "Content-Disposition", sp_buf_view(&b));
}

static void set_safe(struct http_req *q, sp_str path)
{
    http_set_str(q, "X-Content-Type-Options", SP_LIT("nosniff"));
    http_set_str(q, "Content-Security-Policy", SP_LIT("default-src 'none'; sandbox"));
    set_disposition(q, path);
}

// True when the answer may carry many bytes: then it must not hold a worker for short requests.
static bool is_long(const struct http_req *q, uint64_t size)
{
    if (q->method == HTTP_HEAD || size < LONG_STREAM)
        return false;
    struct net_range r[4];
    sp_str header = http_header(q, "Range");
    int n = header.n ? net_range_parse(r, 4, header, size) : 0;
    if (n <= 0)
        return n == 0;
    uint64_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += r[i].len;
    return sum >= LONG_STREAM;
}

// An id in quotes; out has room for two more and the NUL. Not snprintf: this runs for every HEAD.
static void quote(char *out, const char *id)
{
    size_t n = strlen(id);
    out[0] = out[n + 1] = '"';
    memcpy(out + 1, id, n);
    out[n + 2] = '\0';
}

static int send_object(struct http_req *q, const struct srv_place *p, const struct srv_entry *e,
                       const char *type, struct sp_err *err)
{
    SP_AUTO_SOURCE struct sp_source *src = NULL;
    int rc = obj_store_source(&src, p->srv->objects, e->sha256, err);
    if (rc == SP_ENOTFOUND)
        return sp_fail(err, SP_EINTERNAL,
                       "object %s of repository %lld is missing: run spoke admin fsck", e->sha256,
                       (long long)p->repo_id);
    SP_TRY(rc);
    if (src->size != e->size)
        return sp_fail(err, SP_EINTERNAL,
                       "object %s has %llu bytes, not %llu: run spoke admin fsck", e->sha256,
                       (unsigned long long)src->size, (unsigned long long)e->size);
    if (is_long(q, src->size))
        SP_TRY(http_long(q, err));
    char etag[HASH_SHA256_HEX + 2];
    quote(etag, e->sha256);
    http_set_str(q, "X-Linked-Etag", sp_cstr(etag));
    http_set(q, "X-Linked-Size", "%llu", (unsigned long long)e->size);
    return http_send_source(q, src, type, etag, err);
}

static int send_blob(struct http_req *q, const struct srv_place *p, const struct srv_entry *e,
                     const char *type, struct sp_err *err)
{
    const struct srv_git_blob_value *v;
    SP_TRY(srv_git_blob_hold(&v, p->srv->git, p->repo_id, e->oid, RAW_MAX, err));
    char etag[HASH_SHA1_HEX + 2];
    quote(etag, e->oid);
    struct sp_source *src = sp_source_mem(sp_str_of(v->p, v->n), "a file");
    int rc = is_long(q, v->n) ? http_long(q, err) : 0;
    if (rc == 0)
        rc = http_send_source(q, src, type, etag, err);
    sp_source_release(&src);
    srv_git_blob_release(p->srv->git, v);
    return rc;
}

static int find_file(struct srv_place *p, struct srv_entry *e, struct http_req *q,
                     struct sp_err *err)
{
    SP_TRY(srv_place(p, q, err));
    SP_TRY(srv_place_entry(e, p, q, err));
    if (e->is_dir)
        return sp_fail(err, SP_ENOTFOUND, "%.*s is a folder, not a file",
                       SP_FMT(sp_sub(p->path, 0, 300)));
    set_safe(q, p->path);
    return 0;
}

int srv_resolve_get(struct http_req *q, struct sp_err *err)
{
    struct srv_place p;
    struct srv_entry e;
    SP_TRY(find_file(&p, &e, q, err));
    if (q->method == HTTP_GET)
        srv_count_download(q);
    const char *type = type_of(p.path);
    return e.lfs ? send_object(q, &p, &e, type, err) : send_blob(q, &p, &e, type, err);
}

// As git holds it: the pointer's text for a large file.
int srv_resolve_raw(struct http_req *q, struct sp_err *err)
{
    struct srv_place p;
    struct srv_entry e;
    SP_TRY(find_file(&p, &e, q, err));
    return send_blob(q, &p, &e, e.lfs ? "text/plain; charset=utf-8" : type_of(p.path), err);
}
