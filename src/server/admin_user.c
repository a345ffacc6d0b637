#include "server/admin.h"
#include "server/names.h"

#include <stdio.h>

static void print_buf(struct sp_buf *b)
{
    printf("%s\n", b->p);
}

int srv_admin_user_add(struct srv_admin *a, struct sp_err *err)
{
    int64_t id;
    SP_TRY(srv_user_name_check(sp_cstr(a->operand), err));
    SP_TRY(meta_user_add(&id, a->srv.meta, sp_cstr(a->operand), err));
    if (!a->json) {
        printf("Added user %s\n", a->operand);
        return 0;
    }
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "name", a->operand);
    sp_jw_kint(&w, "id", id);
    sp_jw_end(&w);
    print_buf(&b);
    return 0;
}

int srv_admin_user_rm(struct srv_admin *a, struct sp_err *err)
{
    SP_TRY(meta_user_remove(a->srv.meta, sp_cstr(a->operand), err));
    SP_TRY(srv_admin_changed(a, err));
    if (a->json)
        printf("{\"removed\":\"%s\"}\n",
               a->operand); // the name is one that exists: no quotes in it
    else
        printf("Removed user %s\n", a->operand);
    return 0;
}

struct out {
    struct srv_table table;
    struct sp_jw w;
    bool json;
};

static int put_user(void *ud, const struct meta_user *u, struct sp_err *err)
{
    struct out *o = ud;
    char time[SP_TIME_MAX];
    if (!o->json) {
        sp_time_iso(time, u->created_ms);
        srv_table_add(&o->table, u->name);
        srv_table_add(&o->table, time);
        return 0;
    }
    sp_jw_obj(&o->w);
    sp_jw_kcstr(&o->w, "name", u->name);
    sp_jw_kint(&o->w, "id", u->id);
    sp_jw_ktime(&o->w, "created", u->created_ms);
    sp_jw_end(&o->w);
    return 0;
}

int srv_admin_user_ls(struct srv_admin *a, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    struct out o = {.table = {.columns = 2}, .w = sp_jw(&b), .json = a->json};
    if (a->json) {
        sp_jw_arr(&o.w);
    } else {
        srv_table_add(&o.table, "NAME");
        srv_table_add(&o.table, "CREATED");
    }
    int rc = meta_user_each(a->srv.meta, put_user, &o, err);
    if (!a->json) {
        srv_table_print(&o.table);
        return rc;
    }
    sp_jw_end(&o.w);
    SP_TRY(rc);
    SP_TRY(sp_buf_done(&b, "list", err));
    print_buf(&b);
    return 0;
}
