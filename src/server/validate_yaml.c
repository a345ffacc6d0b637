// POST /api/validate-yaml: what is wrong with a card, before it is committed.
#include "server/card.h"
#include "server/handlers.h"
#include "server/names.h"

int srv_validate_yaml_post(struct http_req *q, struct sp_err *err)
{
    struct sp_json *body;
    sp_str content;
    enum meta_repo_type type = META_MODEL;
    const struct srv_ctx *x = srv_ctx(q);
    const struct srv_limits *lim = x->srv->limits;
    // Strangers may ask, too, but not for much memory.
    SP_TRY(srv_json_body(&body, q, x->who.user_id ? lim->preupload_body : lim->json_body, err));
    if (!sp_json_str(sp_json_get(body, "content"), &content))
        return sp_fail(err, SP_EFORMAT, "content is missing or no string");
    sp_str name = sp_json_get_str(body, "repoType");
    if (name.n)
        SP_TRY(srv_type_parse(&type, name, err));
    SP_AUTO_BUF struct sp_buf b = {0};
    int rc = srv_card_check(&b, content, type, err);
    SP_TRY(rc);
    return http_send_json(q, rc ? 400 : 200, &b, err);
}
