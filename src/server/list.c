// Lists of repositories: filters, orders and pages.
#include "server/handlers.h"
#include "server/info.h"

#define GIT_PAGE 100 // entries of a page whose properties are read from git

struct list {
    struct sp_jw *w;
    struct srv_info info;
    struct sp_arena item; // of one row, used again
};

static int put_item(void *ud, const struct meta_repo *r, struct sp_err *err)
{
    struct list *l = ud;
    sp_arena_reset(&l->item);
    struct srv_info i = l->info;
    i.arena = &l->item;
    i.repo = r;
    // The row speaks of the commit that it was made from; lists do not look further.
    if (!r->head[0] || !srv_facts_cached(&i.facts, r, r->head, i.arena))
        i.facts = (struct srv_facts){0};
    struct sp_jw before = *l->w;
    size_t written = l->w->b->n;
    int rc = srv_info_write(l->w, &i, err);
    if (rc != SP_EREPO && rc != SP_EREVISION && rc != SP_ENOTFOUND)
        return rc;
    // Deleted between its row and its history: then it is not in the list.
    *l->w = before;
    sp_buf_cut(l->w->b, written);
    sp_err_clear(err);
    return 0;
}

static bool flag(struct http_req *q, const char *name)
{
    sp_str v;
    return http_query(q, name, &v) && sp_parse_bool(v);
}

// Searches of the Hub that need knowledge this server does not gather: better refused than ignored.
static int refuse_later(struct http_req *q, struct sp_err *err)
{
    static const char *const later[] = {"apps",           "inference",      "inference_provider",
                                        "num_parameters", "linked",         "datasets",
                                        "models",         "trained_dataset"};
    sp_str v;
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (http_query(q, later[i], &v) && !sp_eq_nocase(v, SP_LIT("false")))
            return sp_fail(
                err, SP_EUNSUPPORTED,
                "Filtering by %s comes later; search, author, filter and pipeline_tag work",
                later[i]);
    return 0;
}

static int read_order(struct meta_repo_query *m, struct http_req *q, struct sp_err *err)
{
    static const struct {
        const char *wire, *sort;
    } sorts[] = {
        {"lastModified", "updated"},
        {"last_modified", "updated"},
        {"createdAt", "created"},
        {"created_at", "created"},
        {"downloads", "downloads"},
        {"downloadsAllTime", "downloads"},
        {"likes", "likes"},
        {"likes7d", "likes"},
        {"likes30d", "likes"},
        {"id", "id"},
        {"_id", "created"},
        {"trendingScore", "updated"},
        {"trending_score", "updated"}, // nothing trends here
    };
    sp_str v;
    m->sort = "updated";
    if (http_query(q, "sort", &v) && v.n) {
        if (sp_eq_lit(v, "num_parameters") || sp_eq_lit(v, "mainSize"))
            return sp_fail(err, SP_EUNSUPPORTED,
                           "Sorting by %.*s comes later; sort by lastModified, createdAt, "
                           "downloads, likes or id",
                           SP_FMT(v));
        size_t i = 0, n = sizeof sorts / sizeof *sorts;
        while (i < n && !sp_eq(v, sp_cstr(sorts[i].wire)))
            i++;
        if (i == n)
            return sp_fail(
                err, SP_EINVALID,
                "sort=%.*s: lists are sorted by lastModified, createdAt, downloads, likes or id",
                SP_FMT(sp_sub(v, 0, 60)));
        m->sort = sorts[i].sort;
    }
    m->ascending = http_query(q, "direction", &v) && sp_eq_lit(v, "1");
    return 0;
}

static int read_filters(struct meta_repo_query *m, sp_str *tags, struct http_req *q,
                        struct sp_err *err)
{
    static const char *const names[] = {"filter",   "pipeline_tag", "tags",
                                        "language", "library",      "task"};
    sp_str v;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        for (size_t i = 0; http_query_at(q, names[k], i, &v); i++) {
            sp_str part;
            while (v.n &&
                   sp_split(&v, ',', &part)) { // one parameter may hold several, as on the Hub
                if (part.n == 0)
                    continue;
                if (m->tags_n == META_QUERY_TAGS_MAX)
                    return sp_fail(err, SP_EINVALID, "more than %d filters", META_QUERY_TAGS_MAX);
                tags[m->tags_n++] = part;
            }
        }
    }
    m->tags = tags;
    return 0;
}

// list_datasets(dataset_name=, search=) asks for two at once.
static int read_search(struct meta_repo_query *m, sp_str *words, struct http_req *q,
                       struct sp_err *err)
{
    sp_str v;
    m->search = words;
    for (size_t i = 0; http_query_at(q, "search", i, &v); i++) {
        if (v.n == 0)
            continue;
        if (m->search_n == META_QUERY_SEARCH_MAX)
            return sp_fail(err, SP_EINVALID, "more than %d words to search for",
                           META_QUERY_SEARCH_MAX);
        words[m->search_n++] = v;
    }
    return 0;
}

static int read_limit(struct meta_repo_query *m, struct http_req *q, size_t page,
                      struct sp_err *err)
{
    sp_str v;
    uint64_t n;
    m->limit = page;
    if (!http_query(q, "limit", &v) || v.n == 0)
        return 0;
    if (!sp_parse_u64(v, &n) || n == 0)
        return sp_fail(err, SP_EINVALID, "limit=%.*s is no positive number",
                       SP_FMT(sp_sub(v, 0, 30)));
    if (n < page)
        m->limit = (size_t)n;
    return 0;
}

static uint64_t list_props(struct http_req *q, enum meta_repo_type type)
{
    uint64_t props = srv_info_props(type, 'l');
    if (flag(q, "full"))
        props |= srv_info_props(type, 'f');
    if (flag(q, "cardData"))
        props |= srv_info_props(type, 'c');
    if (flag(q, "config"))
        props |= srv_info_props(type, 'g');
    return props;
}

int srv_list_get(struct http_req *q, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    struct srv *s = x->srv;
    sp_str kind = http_param(q, "kind"), v, next = {0}, tags[META_QUERY_TAGS_MAX],
           words[META_QUERY_SEARCH_MAX];
    enum meta_repo_type type = sp_eq_lit(kind, "datasets") ? META_DATASET
                               : sp_eq_lit(kind, "spaces") ? META_SPACE
                                                           : META_MODEL;
    struct meta_repo_query m = {.type = type, .viewer_id = x->who.user_id};
    uint64_t props;
    bool any;
    SP_TRY(refuse_later(q, err));
    SP_TRY(srv_info_expand(&props, &any, q, type, err));
    if (!any)
        props = list_props(q, type);
    SP_TRY(read_order(&m, q, err));
    SP_TRY(read_filters(&m, tags, q, err));
    size_t page = s->limits->list_page;
    if (srv_info_reads_git(props) && page > GIT_PAGE)
        page = GIT_PAGE;
    SP_TRY(read_limit(&m, q, page, err));
    http_query(q, "author", &m.author);
    SP_TRY(read_search(&m, words, q, err));
    http_query(q, "cursor", &m.cursor);

    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_JSON_BYTES);
    struct sp_jw w = sp_jw(&b);
    struct list l = {.w = &w, .info = {.srv = s, .props = props}};
    sp_jw_arr(&w);
    // No repository is gated: who asks for those only gets none.
    bool none = http_query(q, "gated", &v) &&
                (sp_parse_bool(v) || sp_eq_lit(v, "auto") || sp_eq_lit(v, "manual"));
    int rc = none ? 0 : meta_repo_list(s->meta, &m, put_item, &l, &next, q->arena, err);
    sp_arena_fini(&l.item);
    SP_TRY(rc);
    sp_jw_end(&w);
    if (next.n)
        srv_link_next(q, sp_arena_dupn(q->arena, next.p, next.n));
    return http_send_json(q, 200, &b, err);
}

// ---- one's own repositories of every type: `hf repos ls`

struct own {
    struct sp_jw *w;
    int64_t total_bytes;
};

static int put_own(void *ud, const struct meta_repo *r, struct sp_err *err)
{
    struct own *o = ud;
    sp_jw_obj(o->w);
    sp_jw_key(o->w, "id");
    sp_jw_strf(o->w, "%s/%s", r->ns, r->name);
    sp_jw_kcstr(o->w, "type", srv_type_name(r->type));
    sp_jw_ktime(o->w, "updatedAt", r->updated_ms);
    sp_jw_kcstr(o->w, "visibility", r->is_private ? "private" : "public");
    sp_jw_kint(o->w, "storage", (int64_t)r->used_bytes);
    sp_jw_key(o->w, "storagePercent");
    sp_jw_f64(o->w, o->total_bytes ? 100.0 * (double)r->used_bytes / (double)o->total_bytes : 0);
    sp_jw_end(o->w);
    return 0;
}

int srv_list_own(struct http_req *q, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    struct srv *s = x->srv;
    struct meta_repo_query m = {
        .any_type = true, .viewer_id = x->who.user_id, .author = x->who.user, .sort = "updated"};
    sp_str next = {0};
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_JSON_BYTES);
    struct sp_jw w = sp_jw(&b);
    struct own o = {.w = &w, .total_bytes = meta_user_bytes(s->meta, x->who.user_id, err)};
    if (o.total_bytes < 0)
        return (int)o.total_bytes;
    SP_TRY(read_limit(&m, q, s->limits->list_page, err));
    http_query(q, "cursor", &m.cursor);
    sp_jw_arr(&w);
    SP_TRY(meta_repo_list(s->meta, &m, put_own, &o, &next, q->arena, err));
    sp_jw_end(&w);
    if (next.n)
        srv_link_next(q, sp_arena_dupn(q->arena, next.p, next.n));
    return http_send_json(q, 200, &b, err);
}
