// Small answers that concern no repository: health, readiness, front page, telemetry.
#include "server/handlers.h"

int srv_misc_harnesses(struct http_req *q, struct sp_err *err)
{
    // The first request of every fresh client machine: it asks which variables betray an agent. We
    // name the two that everybody honours and know no others.
    return http_send(q, 200, "application/json",
                     SP_LIT("{\"standardEnvVars\":[\"AI_AGENT\",\"AGENT\"],\"harnesses\":{}}"),
                     err);
}

int srv_misc_telemetry(struct http_req *q, struct sp_err *err)
{
    return http_send_empty(q, 204, err); // and dropped
}

int srv_misc_health(struct http_req *q, struct sp_err *err)
{
    return http_send(q, 200, "text/plain; charset=utf-8", SP_LIT("ok\n"), err);
}

// Ready: the database answers and the disk takes writes.
int srv_misc_ready(struct http_req *q, struct sp_err *err)
{
    const uint64_t low = 16 * SP_MIB;
    struct srv *s = srv_ctx(q)->srv;
    SP_TRY(meta_ping(s->meta, err));
    if (sp_free_bytes(s->dir) < low)
        return http_send(q, 503, "text/plain; charset=utf-8", SP_LIT("disk full\n"), err);
    return http_send(q, 200, "text/plain; charset=utf-8", SP_LIT("ready\n"), err);
}

int srv_misc_front(struct http_req *q, struct sp_err *err)
{
    char *text = sp_arena_fmt(q->arena,
                              "This is a Hub: spoke %s.\n\n"
                              "  export HF_ENDPOINT=%.*s\n"
                              "  hf download NAMESPACE/MODEL\n",
                              SPOKE_VERSION, SP_FMT(http_base_url(q)));
    return http_send(q, 200, "text/plain; charset=utf-8", sp_cstr(text), err);
}
