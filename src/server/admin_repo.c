// `admin repo`: repositories of a data folder, seen without asking who may see them.
#include "server/admin.h"
#include "server/names.h"

#include <stdio.h>

struct collected {
    SP_VEC(struct meta_repo) repos;
    struct sp_arena arena;
};

static int collect(void *ud, const struct meta_repo *r, struct sp_err *err)
{
    struct collected *c = ud;
    struct meta_repo *to = sp_vec_push(&c->repos);
    *to = *r;
    to->ns = sp_arena_dupn(&c->arena, r->ns, strlen(r->ns));
    to->name = sp_arena_dupn(&c->arena, r->name, strlen(r->name));
    to->sdk = r->sdk ? sp_arena_dupn(&c->arena, r->sdk, strlen(r->sdk)) : NULL;
    to->card_json = NULL;
    return 0;
}

int srv_admin_each_repo(struct srv_admin *a,
                        int (*cb)(void *ud, const struct meta_repo *r, struct sp_err *err),
                        void *ud, struct sp_err *err)
{
    struct collected c = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena cursors = {0};
    struct meta_repo_query q = {
        .any_type = true, .all = true, .sort = "id", .ascending = true, .limit = 1000};
    int rc;
    do {
        sp_str next = {0};
        c.repos.n = 0;
        sp_arena_reset(&c.arena);
        rc = meta_repo_list(a->srv.meta, &q, collect, &c, &next, &cursors, err);
        for (size_t i = 0; rc == 0 && i < c.repos.n; i++)
            rc = cb(ud, &c.repos.v[i], err);
        q.cursor = next;
    } while (rc == 0 && q.cursor.n);
    sp_vec_fini(&c.repos);
    sp_arena_fini(&c.arena);
    return rc;
}

struct out {
    struct srv_admin *a;
    struct srv_list list;
    bool any_type;
    enum meta_repo_type type;
};

static int put_repo(void *ud, const struct meta_repo *r, struct sp_err *err)
{
    struct out *o = ud;
    if ((!o->any_type && r->type != o->type) || (o->a->user && strcmp(o->a->user, r->ns) != 0))
        return 0;
    uint64_t bytes = meta_object_bytes(o->a->srv.meta, r->id);
    if (o->a->json) {
        sp_jw_obj(&o->list.w);
        sp_jw_kcstr(&o->list.w, "type", srv_type_name(r->type));
        sp_jw_key(&o->list.w, "id");
        sp_jw_strf(&o->list.w, "%s/%s", r->ns, r->name);
        sp_jw_kbool(&o->list.w, "private", r->is_private);
        sp_jw_kint(&o->list.w, "large_bytes", (int64_t)bytes);
        sp_jw_kint(&o->list.w, "downloads", (int64_t)r->downloads);
        sp_jw_ktime(&o->list.w, "created", r->created_ms);
        sp_jw_ktime(&o->list.w, "updated", r->updated_ms);
        sp_jw_key(&o->list.w, "git");
        sp_jw_strf(&o->list.w, "git/%lld.git", (long long)r->id);
        sp_jw_end(&o->list.w);
        return 0;
    }
    char updated[SP_TIME_MAX];
    sp_time_iso(updated, r->updated_ms);
    SP_AUTO_FREE char *id = sp_fmt("%s/%s", r->ns, r->name);
    SP_AUTO_FREE char *size = sp_fmt("%llu", (unsigned long long)bytes);
    SP_AUTO_FREE char *git = sp_fmt("git/%lld.git", (long long)r->id);
    const char *cells[] = {
        srv_type_name(r->type), id, r->is_private ? "private" : "public", size, updated, git};
    for (size_t i = 0; i < 6; i++)
        srv_table_add(&o->list.table, cells[i]);
    return 0;
}

int srv_admin_repo_ls(struct srv_admin *a, struct sp_err *err)
{
    static const char *const head[] = {"TYPE",        "ID",      "VISIBILITY",
                                       "LARGE_BYTES", "UPDATED", "FOLDER"};
    struct out o = {.a = a, .any_type = !a->type};
    if (a->type)
        SP_TRY(srv_type_parse(&o.type, sp_cstr(a->type), err));
    srv_list_begin(&o.list, a, head, 6);
    int rc = srv_admin_each_repo(a, put_repo, &o, err);
    return srv_list_end(&o.list, rc, err);
}

int srv_admin_repo_rm(struct srv_admin *a, struct sp_err *err)
{
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    enum meta_repo_type type;
    struct meta_repo r;
    sp_str name, ns = sp_cut(sp_cstr(a->operand), '/', &name);
    SP_TRY(srv_type_parse(&type, sp_cstr(a->type), err));
    int rc = meta_repo_get(&r, a->srv.meta, type, ns, name, &arena, err);
    if (rc == SP_EREPO) {
        sp_fail(err, SP_EREPO, "there is no %s %s", srv_type_name(type), a->operand);
        sp_hint(err, "spoke admin --data DIR repo ls shows all; --type dataset or space for others "
                     "than models");
    }
    SP_TRY(rc);
    SP_TRY(srv_admin_stores(a, err));
    // As in srv_repo_delete: the row first, then what nobody can see any more.
    SP_TRY(meta_repo_remove(a->srv.meta, r.id, err));
    int told = srv_admin_changed(a, err);
    SP_TRY(srv_git_remove(a->srv.git, r.id, err));
    SP_TRY(told);
    if (a->json)
        printf("{\"removed\":\"%s/%s\",\"type\":\"%s\"}\n", r.ns, r.name, srv_type_name(type));
    else
        printf("Removed %s %s/%s\n", srv_type_name(type), r.ns, r.name);
    return 0;
}
