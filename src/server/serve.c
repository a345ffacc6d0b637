// Life of the process: open everything, say it is ready, wait for signals, end in order.
#include "server/serve.h"

#include "server/auth.h"
#include "server/counters.h"
#include "server/metrics.h"
#include "server/routes.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

int srv_exit_error(const struct sp_err *err)
{
    fprintf(stderr, "Error: %s\n", err->msg[0] ? err->msg : sp_err_row(err->code)->text);
    if (err->hint[0])
        fprintf(stderr, "Hint: %s\n", err->hint);
    return sp_err_row(err->code)->exit;
}

// ---- signals: one thread waits for all of them

struct signals {
    struct srv *srv;
    pthread_t thread;
    sigset_t set;
    bool running;
};

static void *signals_main(void *ud)
{
    struct signals *g = ud;
    for (bool told = false;;) {
        int sig;
        if (sigwait(&g->set, &sig) != 0 || sig == SIGUSR2)
            return NULL;
        if (sig == SIGHUP) {
            struct sp_err err = {0};
            if (!g->srv->tls)
                sp_log("server", INFO, "SIGHUP: no certificate to read again");
            else if (http_server_reload(g->srv->http, &err) < 0) // the old certificate stays in use
                sp_log("server", ERROR, "SIGHUP: %s", err.msg);
            else
                sp_log("server", INFO, "SIGHUP: certificate read again");
            continue;
        }
        if (told)
            _exit(128 + sig); // asked twice: now
        told = true;
        sp_log("server", INFO, "stopping: running requests are finished first");
        sp_cancel_set(&g->srv->stop);
    }
}

static void signals_block(struct signals *g)
{
    sigemptyset(&g->set);
    sigaddset(&g->set, SIGTERM);
    sigaddset(&g->set, SIGINT);
    sigaddset(&g->set, SIGHUP);
    sigaddset(&g->set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &g->set, NULL); // inherited by every thread that comes
    signal(SIGPIPE, SIG_IGN);
}

static void signals_start(struct signals *g, struct srv *s)
{
    g->srv = s;
    g->running = pthread_create(&g->thread, NULL, signals_main, g) == 0;
    SP_ASSERT(g->running);
}

static void signals_stop(struct signals *g)
{
    if (!g->running)
        return;
    pthread_kill(g->thread, SIGUSR2);
    pthread_join(g->thread, NULL);
    g->running = false;
}

// ---- the server

struct server {
    struct srv srv;
    struct srv_opts opts;
    struct srv_data_dir dir;
    struct signals signals;
    struct srv_control *control;
    struct srv_upkeep *upkeep;
    struct http_route routes[SRV_ROUTES_MAX];
};

static void raise_file_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &r) != 0)
            sp_log("server", WARN, "cannot raise the limit of open files; fewer connections fit");
    }
}

static int open_data(struct server *v, struct sp_err *err)
{
    struct srv *s = &v->srv;
    SP_TRY(srv_data_dir_open(&v->dir, v->opts.data, err));
    SP_TRY(srv_data_dir_lock(&v->dir, err));
    s->dir = v->dir.path;
    memcpy(s->secret, v->dir.secret, sizeof s->secret);
    SP_TRY(meta_open(&s->meta, s->dir, err));
    SP_TRY(obj_store_open(&s->objects, s->dir, err));
    SP_TRY(srv_git_open(&s->git, s->dir, err));
    s->known = srv_known_new(s->meta);
    s->counters = srv_counters_new();
    SP_TRY(srv_sweep(s, err));
    return srv_first_user(s, err);
}

static const char *or_null(const char *s)
{
    return s && *s ? s : NULL;
}

static int listen_http(struct server *v, struct sp_err *err)
{
    struct srv *s = &v->srv;
    const struct srv_opts *o = &v->opts;
    size_t n = srv_routes(v->routes, &o->limits);
    s->limits = &v->opts.limits;
    s->public_url = o->public_url;
    s->cors_origin = o->cors_origin;
    s->tls = o->tls_cert[0] != 0;
    s->metrics = srv_metrics_new(v->routes, n);
    SP_TRY(http_router_new(&s->router, v->routes, n, err));
    struct http_server_opts h = {
        .listen = o->listen,
        .tls_cert = or_null(o->tls_cert),
        .tls_key = or_null(o->tls_key),
        .public_url = or_null(o->public_url),
        .base_path = o->base_path,
        .trusted_proxies = or_null(o->trusted_proxies),
        .proxy_protocol = o->proxy_protocol,
        .limits = o->http,
        .router = s->router,
        .before = srv_before,
        .fail = srv_fail,
        .done = srv_done,
        .ud = s,
    };
    return http_server_new(&s->http, &h, err);
}

static void say_ready(const struct srv *s)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "event", "ready");
    sp_jw_kcstr(&w, "url", http_server_url(s->http));
    sp_jw_kint(&w, "pid", getpid());
    sp_jw_kcstr(&w, "version", SPOKE_VERSION);
    sp_jw_end(&w);
    printf("%s\n", b.p);
    fflush(stdout);
}

static void fini(struct server *v)
{
    struct srv *s = &v->srv;
    signals_stop(&v->signals);
    srv_control_stop(&v->control);
    http_server_free(s->http);
    http_router_free(s->router);
    sp_cancel_set(&s->stop); // also when the start failed half-way
    srv_upkeep_stop(&v->upkeep);
    srv_metrics_free(s->metrics);
    srv_counters_free(s->counters);
    srv_known_free(s->known);
    if (s->git)
        srv_git_close(s->git);
    if (s->objects)
        obj_store_close(s->objects);
    meta_close(s->meta);
    explicit_bzero(s->secret, sizeof s->secret);
    srv_data_dir_fini(&v->dir);
    srv_opts_fini(&v->opts);
}

static int run(struct server *v, struct sp_err *err)
{
    signals_block(&v->signals);
    raise_file_limit();
    SP_TRY(open_data(v, err));
    SP_TRY(listen_http(v, err));
    SP_TRY(srv_control_start(&v->control, &v->srv, err));
    v->upkeep = srv_upkeep_start(&v->srv);
    signals_start(&v->signals, &v->srv);
    say_ready(&v->srv);
    return http_server_run(v->srv.http, &v->srv.stop, err);
}

static int print_routes(const struct srv_opts *o)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    srv_routes_print(&b, &o->limits, o->json);
    fputs(b.p, stdout);
    return 0;
}

int srv_serve_main(int argc, char **argv)
{
    struct sp_err err = {0};
    SP_AUTO(fini) struct server v = {0};
    if (srv_opts_parse(&v.opts, argc, argv, &err) < 0)
        return srv_exit_error(&err);
    if (v.opts.help) {
        SP_AUTO_BUF struct sp_buf b = {0};
        srv_opts_help(&b);
        fputs(b.p, stdout);
        return 0;
    }
    if (v.opts.routes)
        return print_routes(&v.opts);
    bool json = strcmp(v.opts.log_format, "json") == 0;
    sp_log_init(NULL, SP_LOG_INFO, json);
    srv_access_init(json);
    if (run(&v, &err) < 0)
        return srv_exit_error(&err);
    return 0;
}
