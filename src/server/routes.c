// The table of routes.def and later.def, for the router and for `serve --routes`.
#include "server/routes.h"

#include "server/handlers.h"

enum body { NONE, JSON, FORM, PREUPLOAD, COMMIT, LFS };

struct row {
    struct http_route route;
    enum body body;
    const char *later;
};
static const struct row rows[] = {
#define SRV_ROUTE(methods, pattern, handler, perm, body, client)                                   \
    {{methods, pattern, handler, SRV_##perm, 0, #handler, client}, body, NULL},
#include "server/routes.def"
#undef SRV_ROUTE
#define SRV_LATER(methods, pattern, perm, client, text)                                            \
    {{methods, pattern, srv_later_answer, SRV_##perm, 0, "srv_later_answer", client}, JSON, text},
#include "server/later.def"
#undef SRV_LATER
};
#define ROWS_N (sizeof rows / sizeof *rows)
_Static_assert(ROWS_N <= SRV_ROUTES_MAX, "SRV_ROUTES_MAX");

static const char *const permissions[] = {
    [SRV_ANY] = "ANY",
    [SRV_VISITOR] = "VISITOR",
    [SRV_USER] = "USER",
    [SRV_USER_WRITE] = "USER_WRITE",
    [SRV_REPO_READ] = "REPO_READ",
    [SRV_REPO_WRITE] = "REPO_WRITE",
    [SRV_REPO_ADMIN] = "REPO_ADMIN",
    [SRV_SIGNED] = "SIGNED",
};

static uint64_t body_max(enum body b, const struct srv_limits *lim)
{
    switch (b) {
    case NONE:
        return 0;
    case JSON:
    case FORM:
        return lim->json_body;
    case PREUPLOAD:
        return lim->preupload_body;
    case COMMIT:
        return lim->commit_body;
    case LFS:
        return lim->lfs_object;
    }
    return 0;
}

size_t srv_routes(struct http_route out[SRV_ROUTES_MAX], const struct srv_limits *lim)
{
    for (size_t i = 0; i < ROWS_N; i++) {
        out[i] = rows[i].route;
        out[i].body_max = body_max(rows[i].body, lim);
    }
    return ROWS_N;
}

const char *srv_later_text(const struct http_route *r)
{
    // The router may hold copies of the rows: pattern and methods tell them apart.
    for (size_t i = 0; i < ROWS_N; i++)
        if (rows[i].later && rows[i].route.methods == r->methods &&
            strcmp(rows[i].route.pattern, r->pattern) == 0)
            return rows[i].later;
    return NULL;
}

static char *methods_text(unsigned methods)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{HTTP_GET, "GET"},        {HTTP_HEAD, "HEAD"},     {HTTP_POST, "POST"},
                 {HTTP_PUT, "PUT"},        {HTTP_DELETE, "DELETE"}, {HTTP_PATCH, "PATCH"},
                 {HTTP_OPTIONS, "OPTIONS"}};
    struct sp_buf b = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (methods & names[i].bit)
            sp_buf_printf(&b, "%s%s", b.n ? "|" : "", names[i].name);
    return sp_buf_take(&b);
}

void srv_routes_print(struct sp_buf *out, const struct srv_limits *lim, bool json)
{
    struct sp_jw w = sp_jw_pretty(out, 1);
    if (json)
        sp_jw_arr(&w);
    for (size_t i = 0; i < ROWS_N; i++) {
        const struct http_route *r = &rows[i].route;
        SP_AUTO_FREE char *methods = methods_text(r->methods);
        uint64_t max = body_max(rows[i].body, lim);
        if (!json) {
            sp_buf_printf(out, "%s\t%s\t%s\t%s\t%llu\t%s\n", methods, r->pattern, r->name,
                          permissions[r->permission], (unsigned long long)max, r->client);
            continue;
        }
        sp_jw_obj(&w);
        sp_jw_kcstr(&w, "method", methods);
        sp_jw_kcstr(&w, "pattern", r->pattern);
        sp_jw_kcstr(&w, "handler", r->name);
        sp_jw_kcstr(&w, "permission", permissions[r->permission]);
        sp_jw_kint(&w, "body_limit", (int64_t)max);
        sp_jw_kcstr(&w, "client", r->client);
        sp_jw_end(&w);
    }
    if (json) {
        sp_jw_end(&w);
        sp_buf_ch(out, '\n');
    }
}
