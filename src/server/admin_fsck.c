// `admin fsck`: do rows, histories and objects agree, and do bytes have the hash they are named by.
#include "server/admin.h"
#include "server/facts.h"

#include <stdio.h>

#define REPORT_MAX (16 * SP_MIB)

struct check {
    struct srv_admin *a;
    struct sp_buf report; // one line per problem
    size_t problems, repos, objects, links;
    uint64_t bytes;
};

static void problem(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void problem(struct check *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sp_buf_vprintf(&c->report, fmt, ap);
    va_end(ap);
    sp_buf_ch(&c->report, '\n');
    c->problems++;
}

static int check_repo(void *ud, const struct meta_repo *r, struct sp_err *err)
{
    struct check *c = ud;
    struct srv *s = &c->a->srv;
    struct sp_err why = {0};
    size_t found = 0;
    SP_AUTO_BUF struct sp_buf report = SP_BUF_MAX(REPORT_MAX);
    c->repos++;
    int rc = srv_git_fsck(s->git, r->id, s->objects, &report, &found, &why);
    // The server goes on meanwhile: what was removed since it was listed has no problems.
    if ((found || rc < 0) && meta_repo_has_id(s->meta, r->id, NULL) == 0)
        return 0;
    sp_str rest = sp_buf_view(&report), line;
    while (rest.n && sp_split(&rest, '\n', &line))
        if (line.n)
            sp_buf_printf(&c->report, "%s %s/%s: %.*s\n", srv_type_name(r->type), r->ns, r->name,
                          SP_FMT(line));
    c->problems += found;
    if (rc < 0)
        problem(c, "%s %s/%s: %s", srv_type_name(r->type), r->ns, r->name, why.msg);
    else
        srv_facts_refresh(s, r->id, "fsck"); // rows that say what git says
    return 0;
}

static int check_link(void *ud, int64_t repo_id, const char *sha256, uint64_t size,
                      struct sp_err *err)
{
    struct check *c = ud;
    uint64_t have;
    c->links++;
    bool there = obj_store_has(c->a->srv.objects, sha256, &have);
    if (!there && !meta_object_linked(c->a->srv.meta, repo_id, sha256, NULL))
        return 0; // the repository was removed since it was listed
    if (!there)
        problem(c, "repository %lld: object %s is missing", (long long)repo_id, sha256);
    else if (have != size)
        problem(c, "object %s has %llu bytes, repository %lld knows %llu", sha256,
                (unsigned long long)have, (long long)repo_id, (unsigned long long)size);
    return 0;
}

static int check_object(void *ud, const char *sha256, uint64_t size, int64_t mtime_ms,
                        struct sp_err *err)
{
    struct check *c = ud;
    SP_AUTO_SOURCE struct sp_source *src = NULL;
    struct sp_err why = {0};
    char hex[HASH_SHA256_HEX];
    if (!obj_store_has(c->a->srv.objects, sha256, NULL))
        return 0; // collected since it was listed
    c->objects++;
    c->bytes += size;
    if (c->a->quick)
        return 0;
    if (obj_store_source(&src, c->a->srv.objects, sha256, &why) < 0 ||
        hash_source_hex(hex, HASH_SHA256, false, src, NULL, NULL, &why) < 0)
        problem(c, "object %s: %s", sha256, why.msg);
    else if (strcmp(hex, sha256) != 0)
        problem(c, "object %s holds bytes of the hash %s", sha256, hex);
    return 0;
}

static void print_json(const struct check *c)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(2 * REPORT_MAX);
    struct sp_jw w = sp_jw(&b);
    sp_str rest = sp_buf_view(&c->report), line;
    sp_jw_obj(&w);
    sp_jw_kint(&w, "repos", (int64_t)c->repos);
    sp_jw_kint(&w, "objects", (int64_t)c->objects);
    sp_jw_kint(&w, "bytes", (int64_t)c->bytes);
    sp_jw_kbool(&w, "hashed", !c->a->quick);
    sp_jw_key(&w, "problems");
    sp_jw_arr(&w);
    while (rest.n && sp_split(&rest, '\n', &line))
        if (line.n)
            sp_jw_str(&w, line);
    sp_jw_end(&w);
    sp_jw_end(&w);
    printf("%s\n", b.p);
}

static int check_all(struct check *c, struct sp_err *err)
{
    struct srv_admin *a = c->a;
    SP_TRY(srv_admin_stores(a, err));
    int rows = meta_check(a->srv.meta, &c->report, err);
    SP_TRY(rows);
    c->problems += (size_t)rows;
    SP_TRY(srv_admin_each_repo(a, check_repo, c, err));
    SP_TRY(meta_object_each(a->srv.meta, 0, check_link, c, err));
    return obj_store_each(a->srv.objects, check_object, c, err);
}

int srv_admin_fsck(struct srv_admin *a, struct sp_err *err)
{
    struct check c = {.a = a, .report = SP_BUF_MAX(REPORT_MAX)};
    int rc = check_all(&c, err);
    if (rc == 0 && a->json)
        print_json(&c);
    else if (rc == 0)
        printf("%s%zu %s, %zu large %s of %llu %s%s: %zu %s\n", c.report.n ? c.report.p : "",
               c.repos, sp_noun(c.repos, "repository", "repositories"), c.objects,
               sp_noun(c.objects, "object", "objects"), (unsigned long long)c.bytes,
               sp_noun(c.bytes, "byte", "bytes"), a->quick ? " (not hashed)" : "", c.problems,
               sp_noun(c.problems, "problem", "problems"));
    sp_buf_fini(&c.report);
    SP_TRY(rc);
    if (c.problems == 0)
        return 0;
    fflush(stdout);
    return sp_fail(err, SP_EINCOMPLETE, "fsck found %zu %s", c.problems,
                   sp_noun(c.problems, "problem", "problems"));
}
