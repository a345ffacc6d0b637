// GET /api/whoami-v2: what `hf auth login` and the libraries ask first about a token.
#include "server/handlers.h"

// _id of things that have only a number here: 24 hex digits, as the Hub's are.
static void id_of(struct sp_jw *w, const char *key, int64_t id)
{
    sp_jw_key(w, key);
    sp_jw_strf(w, "%024llx", (unsigned long long)id);
}

int srv_whoami_get(struct http_req *q, struct sp_err *err)
{
    const struct srv_who *who = &srv_ctx(q)->who;
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "type", "user");
    id_of(&w, "id", who->user_id);
    sp_jw_kstr(&w, "name", who->user);
    sp_jw_kstr(&w, "fullname", who->user);
    sp_jw_kcstr(&w, "email", NULL);
    sp_jw_kbool(&w, "emailVerified", false);
    sp_jw_kbool(&w, "isPro", false);
    sp_jw_kbool(&w, "canPay", false);
    sp_jw_kcstr(&w, "periodEnd", NULL);
    sp_jw_kcstr(&w, "avatarUrl", "");
    sp_jw_key(&w, "orgs");
    sp_jw_arr(&w);
    sp_jw_end(&w);
    sp_jw_key(&w, "auth");
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "type", "access_token");
    sp_jw_key(&w, "accessToken");
    sp_jw_obj(&w);
    sp_jw_kstr(&w, "displayName", who->token_name);
    sp_jw_kcstr(&w, "role", who->role == META_ROLE_WRITE ? "write" : "read");
    sp_jw_ktime(&w, "createdAt", who->token_created_ms);
    sp_jw_end(&w);
    sp_jw_end(&w);
    sp_jw_end(&w);
    return http_send_json(q, 200, &b, err);
}
