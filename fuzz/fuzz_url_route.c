// Paths through the router: raw segments first, decoded once, nothing climbs, everything is UTF-8.
#include "net/http.h"
#include "net/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int nothing(struct http_req *q, struct sp_err *err)
{
    return 0;
}
#define R(m, pattern) {m, pattern, nothing, 0, 0, pattern, ""}
static const struct http_route rows[] = {
    R(HTTP_GET, "/"),
    R(HTTP_GET, "/api/{kind:models|datasets|spaces}/{ns}/{name}/tree/{rev}/{path*}"),
    R(HTTP_GET, "/api/{kind:models|datasets|spaces}/{name}"),
    R(HTTP_GET | HTTP_HEAD, "/{ns}/{name}/resolve/{rev}/{path*}"),
    R(HTTP_GET | HTTP_HEAD, "/{kind:datasets|spaces}/{ns}/{name}/resolve/{rev}/{path*}"),
    R(HTTP_POST, "/{ns}/{name}.git/info/lfs/objects/batch"),
    R(HTTP_GET, "/{ns}/{name.git}"),
    R(HTTP_GET, "/{ns}/{name}"),
};

static void check_params(const struct http_req *q)
{
    for (size_t i = 0; i < q->params_n; i++) {
        sp_str v = q->params[i].value, part, rest = v;
        SP_ASSERT(sp_utf8_valid(v) && !sp_has_ctl(v));
        SP_ASSERT(v.n > 0 || sp_eq_lit(q->params[i].name, "path"));
        while (sp_split(&rest, '/', &part))
            SP_ASSERT(!sp_eq_lit(part, ".") && !sp_eq_lit(part, ".."));
        SP_ASSERT(http_param(q, "kind").n == 0 || !sp_eq_lit(http_param(q, "kind"), "kernels"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_router *r;
    if (!r)
        SP_ASSERT(http_router_new(&r, rows, sizeof rows / sizeof *rows, NULL) == 0);
    struct sp_arena arena = {0};
    static const enum http_method methods[] = {HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_DELETE};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct http_req q = {.arena = &arena, .method = methods[i], .path = sp_str_of(data, size)};
        unsigned allow = 0;
        int rc = http_router_match(r, &q, &allow, NULL);
        SP_ASSERT(rc == 0 || rc == SP_ENOROUTE || rc == SP_EMETHOD || rc == SP_EFORMAT);
        SP_ASSERT(rc != SP_EMETHOD || (allow && !(allow & methods[i])));
        if (rc == 0) {
            SP_ASSERT(q.route->methods & methods[i]);
            check_params(&q);
        }
    }
    sp_arena_fini(&arena);
    return 0;
}
