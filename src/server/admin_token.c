// `admin token`: the only place where a token is ever shown, once.
#include "server/admin.h"
#include "server/names.h"

#include <stdio.h>

static const char *role_text(enum meta_role r)
{
    return r == META_ROLE_WRITE ? "write" : "read";
}

static int read_role(enum meta_role *out, const char *text, struct sp_err *err)
{
    if (!text || strcmp(text, "read") == 0)
        *out = META_ROLE_READ; // the lesser one, when nothing is said
    else if (strcmp(text, "write") == 0)
        *out = META_ROLE_WRITE;
    else
        return sp_fail(err, SP_EUSAGE, "--role is read or write, not %s", text);
    return 0;
}

static int read_expires(int64_t *out, const char *text, struct sp_err *err)
{
    *out = 0;
    if (!text)
        return 0;
    if (!sp_time_parse_iso(sp_cstr(text), out))
        return sp_fail(err, SP_EUSAGE,
                       "--expires %s is no ISO time; write 2027-01-31 or 2027-01-31T12:00:00Z",
                       text);
    if (*out <= sp_now_ms())
        return sp_fail(err, SP_EINVALID, "--expires %s lies in the past", text);
    return 0;
}

static int check_name(const char *name, struct sp_err *err)
{
    sp_str s = sp_cstr(name);
    if (s.n == 0 || s.n > 100 || sp_has_ctl(s) || !sp_utf8_valid(s))
        return sp_fail(err, SP_EINVALID,
                       "a token's name has 1 to 100 characters, none of them control characters");
    return 0;
}

static void put_token(struct sp_jw *w, const char *user, const char *name, enum meta_role role,
                      int64_t created_ms, int64_t expires_ms)
{
    sp_jw_kcstr(w, "user", user);
    sp_jw_kcstr(w, "name", name);
    sp_jw_kcstr(w, "role", role_text(role));
    sp_jw_ktime(w, "created", created_ms);
    if (expires_ms)
        sp_jw_ktime(w, "expires", expires_ms);
    else
        sp_jw_kcstr(w, "expires", NULL);
}

int srv_admin_token_add(struct srv_admin *a, struct sp_err *err)
{
    enum meta_role role = META_ROLE_READ;
    int64_t expires;
    SP_AUTO_FREE char *value = NULL;
    SP_TRY(srv_admin_need(a->user, "user", err));
    SP_TRY(read_role(&role, a->role, err));
    SP_TRY(read_expires(&expires, a->expires, err));
    SP_AUTO_FREE char *name = a->name ? sp_dup(a->name)
                                      : sp_fmt("%s-%06llx", role_text(role),
                                               (unsigned long long)(sp_random_u64() & 0xffffff));
    SP_TRY(check_name(name, err));
    if (a->value_file)
        SP_TRY(srv_token_read(&value, a->value_file, err));
    else
        value = srv_token_new();
    uint8_t mac[HASH_SHA256_BYTES];
    srv_token_mac(&a->srv, sp_cstr(value), mac);
    SP_TRY(meta_token_add(a->srv.meta, sp_cstr(a->user), sp_cstr(name), role, expires, mac, err));
    // An imported value is known to whoever imports it: it is not shown again.
    if (a->json) {
        SP_AUTO_BUF struct sp_buf b = {0};
        struct sp_jw w = sp_jw(&b);
        sp_jw_obj(&w);
        if (!a->value_file)
            sp_jw_kcstr(&w, "token", value);
        put_token(&w, a->user, name, role, sp_now_ms(), expires);
        sp_jw_end(&w);
        printf("%s\n", b.p);
    } else if (!a->value_file) {
        printf("%s\n", value);
    }
    explicit_bzero(value, strlen(value));
    return 0;
}

int srv_admin_token_rm(struct srv_admin *a, struct sp_err *err)
{
    SP_TRY(srv_admin_need(a->user, "user", err));
    SP_TRY(srv_admin_need(a->name, "name", err));
    SP_TRY(meta_token_remove(a->srv.meta, sp_cstr(a->user), sp_cstr(a->name), err));
    SP_TRY(srv_admin_changed(a, err));
    if (!a->json) {
        printf("Removed token %s of %s\n", a->name, a->user);
        return 0;
    }
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "removed", a->name);
    sp_jw_kcstr(&w, "user", a->user);
    sp_jw_end(&w);
    printf("%s\n", b.p);
    return 0;
}

static int put_row(void *ud, const struct meta_token *t, struct sp_err *err)
{
    struct srv_list *o = ud;
    char created[SP_TIME_MAX], expires[SP_TIME_MAX] = "never";
    if (o->json) {
        sp_jw_obj(&o->w);
        put_token(&o->w, t->user, t->name, t->role, t->created_ms, t->expires_ms);
        sp_jw_end(&o->w);
        return 0;
    }
    sp_time_iso(created, t->created_ms);
    if (t->expires_ms)
        sp_time_iso(expires, t->expires_ms);
    const char *cells[] = {t->user, t->name, role_text(t->role), created, expires};
    for (size_t i = 0; i < 5; i++)
        srv_table_add(&o->table, cells[i]);
    return 0;
}

int srv_admin_token_ls(struct srv_admin *a, struct sp_err *err)
{
    static const char *const head[] = {"USER", "NAME", "ROLE", "CREATED", "EXPIRES"};
    struct srv_list o = {0};
    srv_list_begin(&o, a, head, 5);
    int rc = meta_token_each(a->srv.meta, sp_cstr(a->user ? a->user : ""), put_row, &o, err);
    return srv_list_end(&o, rc, err);
}
