// What all handlers answer with: errors in the Hub's form, CORS, links to pages, parsed bodies.
#include "server/auth.h"

#define MESSAGE_MAX   500           // bytes of X-Error-Message
#define JSON_TREE_MAX (32 * SP_MIB) // 500,000 values

// What browsers may show to a page of another origin: the Hub's own list.
#define EXPOSED                                                                                    \
    "X-Repo-Commit, X-Request-Id, X-Error-Code, X-Error-Message, X-Total-Count, ETag, Link, "      \
    "Accept-Ranges, Content-Range, X-Linked-Size, X-Linked-ETag, X-Xet-Access-Token, "             \
    "X-Xet-Token-Expiration, X-Xet-Refresh-Route, X-Xet-Cas-Url, X-Xet-Hash"

const char *srv_type_name(enum meta_repo_type t)
{
    return t == META_DATASET ? "dataset" : t == META_SPACE ? "space" : "model";
}

char *srv_repo_url(struct http_req *q, const struct meta_repo *r)
{
    const char *prefix = r->type == META_DATASET ? "datasets/"
                         : r->type == META_SPACE ? "spaces/"
                                                 : "";
    return sp_arena_fmt(q->arena, "%.*s/%s%s/%s", SP_FMT(http_base_url(q)), prefix, r->ns, r->name);
}

// Control bytes out, and a whole number of UTF-8 characters: the text becomes a header.
static sp_str one_line(struct http_req *q, const char *text)
{
    size_t n = strlen(text);
    if (n > MESSAGE_MAX) {
        n = MESSAGE_MAX;
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
    }
    char *p = sp_arena_dupn(q->arena, text, n);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
            p[i] = ' ';
    return sp_trim(sp_str_of(p, n));
}

int srv_error(struct http_req *q, int status, const char *xcode, const char *text,
              struct sp_err *err)
{
    sp_str line = one_line(q, text);
    if (xcode && *xcode)
        http_set(q, "X-Error-Code", "%s", xcode);
    http_set_str(q, "X-Error-Message", line);
    SP_AUTO_BUF struct sp_buf body = {0};
    struct sp_jw w = sp_jw(&body);
    sp_jw_obj(&w);
    sp_jw_kstr(&w, "error", line);
    sp_jw_end(&w);
    return http_send_json(q, status, &body, err);
}

void srv_cors(struct http_req *q, const struct srv *s)
{
    // Only browsers send Origin; everybody else is spared the bytes.
    sp_str origin = http_header(q, "Origin");
    if (!origin.p || strcmp(s->cors_origin, "none") == 0)
        return;
    if (strcmp(s->cors_origin, "*") == 0) {
        // No cookies are used, so a page can only read what anybody can, or what it has a token
        // for.
        http_set_str(q, "Access-Control-Allow-Origin", SP_LIT("*"));
    } else {
        http_set(q, "Vary", "Origin");
        if (!sp_eq(origin, sp_cstr(s->cors_origin)))
            return;
        http_set_str(q, "Access-Control-Allow-Origin", origin);
    }
    http_set(q, "Access-Control-Expose-Headers", "%s", EXPOSED);
}

static void preflight(struct http_req *q, const struct srv *s)
{
    if (http_header(q, "Origin").p && strcmp(s->cors_origin, "none") != 0) {
        http_set(q, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE");
        sp_str wanted = http_header(q, "Access-Control-Request-Headers");
        if (wanted.p)
            http_set_str(q, "Access-Control-Allow-Headers", wanted);
        http_set(q, "Access-Control-Max-Age", "86400");
    }
    http_send_empty(q, 204, NULL);
}

// Failures of this machine: the details are for the operator, the caller gets the request id.
static bool is_internal(int code)
{
    return code == SP_EIO || code == SP_EACCESS || code == SP_EINTERNAL || code == SP_ECONFIG ||
           code == SP_EINCOMPLETE || code == SP_ENOSPACE;
}

void srv_fail(struct http_req *q, int code, const struct sp_err *why, void *ud)
{
    struct srv *s = ud;
    const struct sp_err_row *row = sp_err_row(code);
    int status = row->http;
    const char *text = why && why->msg[0] ? why->msg : row->text;
    srv_cors(q, s);
    if (code == SP_EMETHOD && q->method == HTTP_OPTIONS) {
        preflight(q, s);
        return;
    }
    if (is_internal(code)) {
        // SP_EINCOMPLETE is mostly a peer that left in the middle of its body.
        if (code != SP_EINCOMPLETE)
            sp_log("server", ERROR, "request %s: internal error: %s", q->request_id, text);
        text =
            code == SP_ENOSPACE ? "The server has no space left"
            : code == SP_EINCOMPLETE
                ? "The request ended early"
                : sp_arena_fmt(q->arena, "Internal error; the server's log has it under request %s",
                               q->request_id);
        status = code == SP_EINCOMPLETE ? 400 : status;
    }
    const struct srv_ctx *x = srv_ctx(q);
    bool anonymous = !x || x->who.user_id == 0;
    if (code == SP_EREPO && anonymous && q->route)
        status = 401; // log in, perhaps it is there for you
    if (status == 503 || status == 429)
        http_set(q, "Retry-After", "1");
    if (status == 401)
        http_set(q, "WWW-Authenticate",
                 "Bearer realm=\"Authentication required\", charset=\"UTF-8\"");
    srv_error(q, status, row->xcode, text, NULL);
}

// Part of a target inside the <> of a Link: what would end it there is encoded, so that a query
// made by a stranger adds no link of his.
static void put_target(struct sp_buf *b, sp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '<' || s.p[i] == '>')
            sp_buf_printf(b, "%%%02X", (unsigned)s.p[i]);
        else
            sp_buf_ch(b, s.p[i]);
}

void srv_link_next(struct http_req *q, const char *cursor)
{
    SP_AUTO_BUF struct sp_buf url = SP_BUF_MAX(4 * SP_LIM_URL_BYTES);
    sp_str base = http_base_url(q), rest = q->query, pair;
    sp_buf_printf(&url, "<%.*s", SP_FMT(base));
    put_target(&url, q->path);
    sp_buf_ch(&url, '?');
    while (rest.n && sp_split(&rest, '&', &pair)) {
        sp_str value, name = sp_cut(pair, '=', &value);
        if (pair.n == 0 || sp_eq_lit(name, "cursor"))
            continue;
        put_target(&url, pair);
        sp_buf_ch(&url, '&');
    }
    sp_buf_cstr(&url, "cursor=");
    sp_buf_url(&url, sp_cstr(cursor), "");
    sp_buf_cstr(&url, ">; rel=\"next\"");
    if (!url.bad)
        http_set_str(q, "Link", sp_buf_view(&url));
}

int srv_json_parse(struct sp_json **out, sp_str text, struct sp_arena *a, struct sp_err *err)
{
    size_t was = a->ceiling;
    a->ceiling = a->used + text.n + JSON_TREE_MAX;
    int rc = sp_json_parse(out, text, a, err);
    a->ceiling = was;
    return rc;
}

int srv_json_body(struct sp_json **out, struct http_req *q, size_t max, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf body = SP_BUF_MAX(max);
    SP_TRY(http_body_all(q, &body, err));
    if (body.n > HTTP_HOLD_FREE)
        SP_TRY(http_hold(q, body.n + JSON_TREE_MAX, err));
    return srv_json_parse(out, sp_buf_view(&body), q->arena, err);
}
