// `admin user`: one ends only when nothing is theirs any more, and with them their tokens.
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

static int put_user(void *ud, const struct meta_user *u, struct sp_err *err)
{
    struct srv_list *o = ud;
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
    static const char *const head[] = {"NAME", "CREATED"};
    struct srv_list o = {0};
    srv_list_begin(&o, a, head, 2);
    int rc = meta_user_each(a->srv.meta, put_user, &o, err);
    return srv_list_end(&o, rc, err);
}
