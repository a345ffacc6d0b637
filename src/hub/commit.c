// Commits: one NDJSON body, streamed. The small lines are composed beforehand; the content of files
// is read and base64-encoded while it goes out, so memory does not grow with it, and the exact
// length is known at the start.
#include "hub/client.h"

enum {
    RAW_STEP = 48 * 1024,              // multiple of 3: no padding in between
    LINES_BYTES = 512 * 1024 * 1024,   // of everything but the contents
    SERVER_THINKS_MS = 10 * 60 * 1000, // a commit of many files takes its time
};

struct piece { // lines[from, to), then the base64 of src
    size_t from, to;
    struct sp_source *src;
};
struct stream {
    struct sp_buf lines;
    SP_VEC(struct piece) pieces;
    uint64_t total;
    // position
    size_t at;       // piece
    size_t line_off; // in its text
    uint64_t src_off;
    char encoded[RAW_STEP / 3 * 4];
    size_t enc_off, enc_n;
    uint8_t raw[RAW_STEP];
};

static void stream_free(struct stream **s)
{
    if (!*s)
        return;
    sp_buf_fini(&(*s)->lines);
    sp_vec_fini(&(*s)->pieces);
    free(*s);
    *s = NULL;
}

static uint64_t base64_size(uint64_t n)
{
    return (n + 2) / 3 * 4;
}

// Ends the current piece at the end of the lines.
static void cut_piece(struct stream *s, struct sp_source *src)
{
    struct piece *p = sp_vec_push(&s->pieces);
    p->from = s->pieces.n > 1 ? s->pieces.v[s->pieces.n - 2].to : 0;
    p->to = s->lines.n;
    p->src = src;
}

static void put_header(struct stream *s, const struct hub_commit_opts *o)
{
    struct sp_jw w = sp_jw(&s->lines);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "key", "header");
    sp_jw_key(&w, "value");
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "summary", o->summary ? o->summary : "");
    sp_jw_kcstr(&w, "description", o->description ? o->description : "");
    if (o->parent)
        sp_jw_kcstr(&w, "parentCommit", o->parent);
    sp_jw_end(&w);
    sp_jw_end(&w);
    sp_buf_ch(&s->lines, '\n');
}

// The content is the last member but for "path" and "encoding", which huggingface_hub puts behind
// it.
static void put_file(struct stream *s, const struct hub_op *op)
{
    sp_buf_cstr(&s->lines, "{\"key\":\"file\",\"value\":{\"content\":\"");
    cut_piece(s, op->src);
    sp_buf_cstr(&s->lines, "\",\"path\":");
    struct sp_jw w = sp_jw(&s->lines);
    sp_jw_cstr(&w, op->path);
    sp_buf_cstr(&s->lines, ",\"encoding\":\"base64\"}}\n");
}

static void put_other(struct stream *s, const struct hub_op *op)
{
    static const char *const keys[] = {"file", "lfsFile", "deletedFile", "deletedFolder"};
    struct sp_jw w = sp_jw(&s->lines);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "key", keys[op->kind]);
    sp_jw_key(&w, "value");
    sp_jw_obj(&w);
    size_t n = strlen(op->path);
    bool slash = op->kind == HUB_OP_DELETE_FOLDER && (n == 0 || op->path[n - 1] != '/');
    sp_jw_key(&w, "path");
    if (slash)
        sp_jw_strf(&w, "%s/", op->path);
    else
        sp_jw_cstr(&w, op->path);
    if (op->kind == HUB_OP_LFS) {
        sp_jw_kcstr(&w, "algo", "sha256");
        sp_jw_kcstr(&w, "oid", op->sha256);
        sp_jw_kint(&w, "size", (int64_t)op->size);
    }
    sp_jw_end(&w);
    sp_jw_end(&w);
    sp_buf_ch(&s->lines, '\n');
}

static int check_op_path(const struct hub_op *op, struct sp_err *err)
{
    sp_str path = sp_cstr(op->path);
    if (op->kind == HUB_OP_DELETE_FOLDER && path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    return sp_path_check(path, "path in the repo", err);
}

static int stream_new(struct stream **out, const struct hub_commit_opts *o,
                      const struct hub_op *ops, size_t n, struct sp_err *err)
{
    SP_AUTO(stream_free) struct stream *s = sp_new(struct stream);
    s->lines.max = LINES_BYTES;
    put_header(s, o);
    for (size_t i = 0; i < n; i++) {
        SP_TRY(check_op_path(&ops[i], err));
        if (ops[i].kind == HUB_OP_FILE)
            put_file(s, &ops[i]);
        else
            put_other(s, &ops[i]);
    }
    cut_piece(s, NULL);
    SP_TRY(sp_buf_done(&s->lines, "list of operations of a commit", err));
    s->total = s->lines.n;
    SP_VEC_EACH (&s->pieces, p)
        s->total += p->src ? base64_size(p->src->size) : 0;
    if (s->total > INT64_MAX)
        return sp_fail(err, SP_ETOOBIG, "a commit of %llu bytes", (unsigned long long)s->total);
    *out = sp_take(&s);
    return 0;
}

static int rewind_stream(void *ud)
{
    struct stream *s = ud;
    s->at = s->line_off = s->enc_off = s->enc_n = 0;
    s->src_off = 0;
    return 0;
}

static int encode_more(struct stream *s, struct piece *p, struct sp_err *err)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint64_t left = p->src->size - s->src_off;
    size_t n = left < RAW_STEP ? (size_t)left : RAW_STEP;
    SP_TRY(sp_source_read_exact(p->src, s->raw, n, s->src_off, err));
    s->src_off += n;
    char *q = s->encoded;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)s->raw[i] << 16 | (uint32_t)(i + 1 < n ? s->raw[i + 1] : 0) << 8 |
                     (uint32_t)(i + 2 < n ? s->raw[i + 2] : 0);
        *q++ = digits[v >> 18];
        *q++ = digits[v >> 12 & 63];
        *q++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
        *q++ = i + 2 < n ? digits[v & 63] : '=';
    }
    s->enc_off = 0;
    s->enc_n = (size_t)(q - s->encoded);
    return 0;
}

// Some bytes of the current piece; 0 = it is done.
static ssize_t piece_bytes(struct stream *s, struct piece *p, char *out, size_t n,
                           struct sp_err *err)
{
    size_t text = p->to - p->from - s->line_off;
    const char *from = s->lines.p + p->from + s->line_off;
    size_t *moved = &s->line_off;
    if (text == 0) {
        if (s->enc_off == s->enc_n && p->src && s->src_off < p->src->size)
            SP_TRY(encode_more(s, p, err));
        text = s->enc_n - s->enc_off;
        from = s->encoded + s->enc_off;
        moved = &s->enc_off;
    }
    n = n < text ? n : text;
    if (n)
        memcpy(out, from, n);
    *moved += n;
    return (ssize_t)n;
}

static ssize_t send_stream(void *ud, void *buf, size_t n, struct sp_err *err)
{
    struct stream *s = ud;
    size_t done = 0;
    while (done < n && s->at < s->pieces.n) {
        ssize_t k = piece_bytes(s, &s->pieces.v[s->at], (char *)buf + done, n - done, err);
        if (k < 0)
            return k;
        done += (size_t)k;
        if (k == 0) {
            s->at++;
            s->line_off = s->enc_off = s->enc_n = 0;
            s->src_off = 0;
        }
    }
    return (ssize_t)done;
}

// ---- the answer

void hub_commit_done_fini(struct hub_commit_done *d)
{
    free(d->url);
    free(d->pr_url);
    *d = (struct hub_commit_done){0};
}

static int take_url(char **out, struct hub *h, const struct net_resp *resp, const struct sp_json *j,
                    const char *key, struct sp_err *err)
{
    sp_str s;
    SP_TRY(hub_call_str(&s, resp, j, key, false, err));
    if (s.n && hub_url_own(out, h, resp->url, s, false, NULL) < 0)
        return hub_call_lied(resp, err, "\"%s\" is no URL", key);
    return 0;
}

static int take_done(struct hub_commit_done *d, struct hub *h, const struct net_resp *resp,
                     const struct sp_json *j, struct sp_err *err)
{
    sp_str oid;
    SP_TRY(hub_call_str(&oid, resp, j, "commitOid", true, err));
    SP_TRY(hub_call_hex(d->oid, 40, resp, oid, "commitOid", err));
    SP_TRY(take_url(&d->url, h, resp, j, "commitUrl", err));
    return take_url(&d->pr_url, h, resp, j, "pullRequestUrl", err);
}

int hub_commit(struct hub_commit_done *out, struct hub *h, const struct hub_repo *r,
               const char *rev, const struct hub_commit_opts *o, const struct hub_op *ops, size_t n,
               struct sp_progress *p, struct sp_err *err)
{
    SP_AUTO(stream_free) struct stream *s = NULL;
    SP_AUTO(hub_commit_done_fini) struct hub_commit_done d = {0};
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_URL_BYTES);
    SP_AUTO_FREE char *url = NULL;
    struct sp_json *j;
    hub_url_api(&b, h, r, "/commit");
    hub_url_seg(&b, rev ? rev : "main");
    if (o->create_pr)
        hub_url_query(&b, "create_pr", SP_LIT("1"));
    SP_TRY(hub_url_done(&url, &b, err));
    SP_TRY(stream_new(&s, o, ops, n, err));
    struct hub_call c = {.method = "POST",
                         .url = url,
                         .content_type = "application/x-ndjson",
                         .send = send_stream,
                         .send_rewind = rewind_stream,
                         .send_ud = s,
                         .send_size = (int64_t)s->total,
                         .stall_ms = SERVER_THINKS_MS,
                         .retry = NET_RETRY_UNSENT,
                         .progress = p};
    SP_TRY_IN(hub_call_json(&j, &a, &resp, h, &c, SP_JSON_OBJ, err), err, "committing to %s %s",
              r->id, rev ? rev : "main");
    SP_TRY(take_done(&d, h, &resp, j, err));
    *out = d;
    d = (struct hub_commit_done){0};
    return 0;
}
