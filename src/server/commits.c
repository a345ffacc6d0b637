// GET …/commits/{rev}: history, page by page.
#include "server/files.h"

#define COMMITS_PAGE 50 // as the Hub
#define SKIP_MAX     10000000

static void escape(struct sp_buf *b, const char *s)
{
    for (; *s; s++) {
        const char *as = *s == '<'   ? "&lt;"
                         : *s == '>' ? "&gt;"
                         : *s == '&' ? "&amp;"
                         : *s == '"' ? "&quot;"
                                     : NULL;
        if (as)
            sp_buf_cstr(b, as);
        else
            sp_buf_ch(b, *s);
    }
}

static void write_formatted(struct sp_jw *w, const char *key, const char *text)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    escape(&b, text);
    sp_jw_kstr(w, key, sp_buf_view(&b));
}

static void write_commit(struct sp_jw *w, const struct srv_commit *c, bool formatted)
{
    sp_jw_obj(w);
    sp_jw_kcstr(w, "id", c->oid);
    sp_jw_kcstr(w, "title", c->title);
    sp_jw_kcstr(w, "message", c->message);
    sp_jw_key(w, "authors");
    sp_jw_arr(w);
    sp_jw_obj(w);
    sp_jw_kcstr(w, "user", c->author);
    sp_jw_kcstr(w, "avatar", "");
    sp_jw_end(w);
    sp_jw_end(w);
    sp_jw_ktime(w, "date", c->date_ms);
    if (formatted) {
        sp_jw_key(w, "formatted");
        sp_jw_obj(w);
        write_formatted(w, "title", c->title);
        write_formatted(w, "message", c->message);
        sp_jw_end(w);
    }
    sp_jw_end(w);
}

static bool wants_formatted(struct http_req *q)
{
    sp_str v;
    for (size_t i = 0; http_query_at(q, "expand", i, &v); i++)
        if (sp_eq_lit(v, "formatted"))
            return true;
    return false;
}

int srv_commits_list(struct http_req *q, struct sp_err *err)
{
    struct srv_place p;
    SP_TRY(srv_place(&p, q, err));
    SP_TRY(http_long(q, err)); // the whole history is walked, for the total
    size_t limit = srv_query_size(q, "limit", COMMITS_PAGE, p.srv->limits->list_page);
    size_t page = srv_query_size(q, "p", 0, SKIP_MAX / limit);
    size_t skip = srv_query_size(q, "cursor", page * limit, SKIP_MAX);
    struct srv_commit *v;
    size_t n, total;
    SP_TRY(
        srv_log_list(&v, &n, &total, p.srv->git, p.repo_id, p.commit, skip, limit, q->arena, err));
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    bool formatted = wants_formatted(q);
    sp_jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        write_commit(&w, &v[i], formatted);
    sp_jw_end(&w);
    http_set(q, "X-Total-Count", "%zu", total);
    if (skip + n < total)
        srv_link_next(q, sp_arena_fmt(q->arena, "%zu", skip + n));
    return http_send_json(q, 200, &b, err);
}
