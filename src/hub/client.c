// The client object: endpoint, token, user agent.
#include "hub/client.h"

#include <sys/utsname.h>

static char *user_agent(void)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(1024);
    sp_buf_cstr(&b, "spoke/" SPOKE_VERSION);
    struct utsname u;
    if (!sp_conf_bool(SP_CONF_disable_telemetry) && uname(&u) == 0)
        sp_buf_printf(&b, "; os/%s; arch/%s", u.sysname, u.machine);
    const char *origin = sp_conf_str(SP_CONF_user_agent_origin);
    if (*origin && !sp_has_ctl(sp_cstr(origin)))
        sp_buf_printf(&b, "; origin/%.400s", origin);
    return sp_buf_take(&b);
}

static int check_endpoint(char **out, const char *text, struct sp_err *err)
{
    SP_AUTO_FREE char *e = sp_str_dup(sp_trim(sp_cstr(text)));
    for (size_t n = strlen(e); n && e[n - 1] == '/';)
        e[--n] = 0;
    struct net_url u;
    int rc = net_url_parse(&u, sp_cstr(e), err);
    if (rc == 0 && (u.query.n || strchr(e, '#') || strchr(e, '?')))
        rc = sp_fail(err, SP_ECONFIG, "an endpoint has no query or fragment");
    if (rc < 0) {
        const char *at = strrchr(e, '@'); // no password in messages
        sp_prefix(err, rc, "endpoint \"%.200s\" (%s)", at ? at + 1 : e,
                  sp_conf_origin(SP_CONF_endpoint));
        sp_hint(err, "HF_ENDPOINT looks like https://hub.example or http://127.0.0.1:8080");
        if (err)
            err->code = SP_ECONFIG;
        return SP_ECONFIG;
    }
    *out = sp_take(&e);
    return 0;
}

int hub_new(struct hub **out, const char *endpoint, const char *token, struct sp_err *err)
{
    SP_AUTO_FREE char *base = NULL;
    SP_AUTO_FREE char *secret = NULL;
    SP_AUTO_FREE char *agent = user_agent();
    const char *origin;
    SP_TRY(check_endpoint(&base, endpoint ? endpoint : sp_conf_str(SP_CONF_endpoint), err));
    if (token)
        secret = *token ? sp_dup(token) : NULL;
    else
        SP_TRY(hub_token_get(&secret, &origin, err));
    struct net_client *net;
    SP_TRY(net_client_new(&net, &(struct net_client_opts){.user_agent = agent}, err));
    struct hub *h = sp_new(struct hub);
    h->magic = HUB_MAGIC;
    h->endpoint = sp_take(&base);
    h->token = sp_take(&secret);
    h->net = net;
    pthread_mutex_init(&h->lock, NULL);
    *out = h;
    return 0;
}

void hub_free(struct hub *h)
{
    if (!h)
        return;
    SP_ASSERT(h->magic == HUB_MAGIC);
    net_client_free(h->net);
    for (size_t i = 0; i < h->topics_n; i++)
        free(h->topics[i]);
    pthread_mutex_destroy(&h->lock);
    free(h->endpoint);
    free(h->token);
    h->magic = 0;
    free(h);
}

const char *hub_endpoint(const struct hub *h)
{
    return h->endpoint;
}

const char *hub_token(const struct hub *h)
{
    return h->token;
}

bool hub_offline(const struct hub *h)
{
    return sp_conf_bool(SP_CONF_offline);
}

void hub_set_cancel(struct hub *h, const struct sp_cancel *c)
{
    h->cancel = c;
}
