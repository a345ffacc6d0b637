// 501 for what is known but not there yet, with a reason that clients show.
#include "server/handlers.h"
#include "server/routes.h"

int srv_later_answer(struct http_req *q, struct sp_err *err)
{
    const char *text = srv_later_text(q->route);
    SP_ASSERT(text);
    // hf_xet shows its user the status line and nothing else of this answer.
    http_set_reason(q, text);
    return srv_error(q, 501, "NotImplemented", text, err);
}
