// POST …/paths-info: entries for the paths that a client names.
#include "server/files.h"

struct wanted {
    sp_str *v;
    size_t n;
    bool expand;
};

static int add(struct wanted *w, sp_str path, size_t max, struct sp_err *err)
{
    if (w->n == max)
        return sp_fail(err, SP_ETOOBIG, "more than %zu paths in one request; ask in several", max);
    while (path.n && path.p[path.n - 1] == '/')
        path.n--;
    w->v[w->n++] = path;
    return 0;
}

static int from_json(struct wanted *w, struct http_req *q, sp_str body, size_t max,
                     struct sp_err *err)
{
    struct sp_json *top;
    SP_TRY(srv_json_parse(&top, body, q->arena, err));
    w->expand = sp_json_get_bool(top, "expand", false);
    const struct sp_json *paths = sp_json_get(top, "paths");
    sp_str s;
    if (sp_json_str(paths, &s))
        return add(w, s, max, err);
    if (!sp_json_is(paths, SP_JSON_ARR))
        return sp_fail(err, SP_EFORMAT, "paths is no list of strings");
    SP_JSON_EACH(it, paths)
    {
        if (!sp_json_str(it, &s))
            return sp_fail(err, SP_EFORMAT, "paths is no list of strings");
        SP_TRY(add(w, s, max, err));
    }
    return 0;
}

static int from_form(struct wanted *w, struct http_req *q, sp_str body, size_t max,
                     struct sp_err *err)
{
    sp_str rest = body, name, value;
    while (http_form_next(q, &rest, &name, &value)) {
        if (sp_eq_lit(name, "expand"))
            w->expand = sp_parse_bool(value);
        else if (sp_eq_lit(name, "paths") || sp_eq_lit(name, "paths[]"))
            SP_TRY(add(w, value, max, err));
    }
    return 0;
}

static int read_wanted(struct wanted *w, struct http_req *q, struct sp_err *err)
{
    const struct srv_limits *lim = srv_ctx(q)->srv->limits;
    struct sp_buf body = SP_BUF_MAX(lim->json_body);
    int rc = http_body_all(q, &body, err);
    sp_str text = sp_str_of(sp_arena_dupn(q->arena, body.p ? body.p : "", body.n), body.n);
    sp_buf_fini(&body);
    SP_TRY(rc);
    w->v = (sp_str *)sp_arena_alloc(q->arena, (lim->paths_info + 1) * sizeof *w->v);
    sp_str type = http_header(q, "Content-Type");
    bool form = sp_starts(type, SP_LIT("application/x-www-form-urlencoded"));
    return form ? from_form(w, q, text, lim->paths_info, err)
                : from_json(w, q, text, lim->paths_info, err);
}

int srv_paths_info(struct http_req *q, struct sp_err *err)
{
    struct srv_place p;
    struct wanted w = {0};
    SP_TRY(srv_place(&p, q, err));
    SP_TRY(read_wanted(&w, q, err));
    struct srv_entry *v = (struct srv_entry *)sp_arena_alloc(q->arena, (w.n + 1) * sizeof *v);
    sp_str *paths = (sp_str *)sp_arena_alloc(q->arena, (w.n + 1) * sizeof *paths);
    size_t n = 0;
    for (size_t i = 0; i < w.n; i++) {
        int rc = srv_git_entry(&v[n], p.srv->git, p.repo_id, p.commit, w.v[i], q->arena, err);
        if (rc == SP_ENOTFOUND)
            continue;
        SP_TRY(rc);
        paths[n++] = w.v[i];
    }
    const struct srv_commit **last = NULL;
    if (w.expand && n) {
        SP_TRY(http_long(q, err)); // a long history takes seconds
        last = (const struct srv_commit **)sp_arena_alloc(q->arena, n * sizeof *last);
        SP_TRY(srv_log_last(last, p.srv->git, p.repo_id, p.commit, paths, n, q->arena, q->cancel,
                            err));
    }
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw jw = sp_jw(&b);
    sp_jw_arr(&jw);
    for (size_t i = 0; i < n; i++)
        srv_entry_write(&jw, &v[i], w.expand, last ? last[i] : NULL);
    sp_jw_end(&jw);
    return http_send_json(q, 200, &b, err);
}
