// A server of a few routes on the HTTP core, for measurements and comparisons with other servers
// (bench/, tests/conformance/http). Not installed.
//
// Usage: http-demo [--listen A] [--root DIR] [--cert F --key F] [--log FILE] [--workers N]
// Prints {"url":…,"pid":…} when it listens. GET /small: 64 bytes with headers like those of
// resolve; /f/{name}: a file of DIR; PUT /echo: the body; /slow?ms=N: answers late.
#include "net/http.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

static const char *root = ".";
static int log_fd = -1;
static struct http_server *server;

static int get_small(struct http_req *q, struct sp_err *err)
{
    static const char body[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    http_set(q, "X-Repo-Commit", "%s", "0123456789012345678901234567890123456789");
    http_set(q, "ETag", "\"%s\"", "9876543210987654321098765432109876543210");
    http_set(q, "Accept-Ranges", "bytes");
    http_set(q, "Content-Disposition", "inline; filename*=UTF-8''%s", "config.json");
    return http_send(q, 200, "text/plain; charset=utf-8", sp_str_of(body, 64), err);
}

static int get_file(struct http_req *q, struct sp_err *err)
{
    sp_str name = http_param(q, "name");
    char *path = sp_arena_fmt(q->arena, "%s/%.*s", root, SP_FMT(name));
    SP_AUTO_SOURCE struct sp_source *src = NULL;
    SP_TRY(sp_source_file(&src, path, err));
    char etag[32];
    snprintf(etag, sizeof etag, "\"%" PRIx64 "\"", src->size);
    return http_send_source(q, src, "application/octet-stream", etag, err);
}

static int put_echo(struct http_req *q, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_MIB);
    SP_TRY(http_body_all(q, &b, err));
    return http_send(q, 200, "application/octet-stream", sp_buf_view(&b), err);
}

static int get_slow(struct http_req *q, struct sp_err *err)
{
    sp_str ms;
    int64_t n = 100;
    if (http_query(q, "ms", &ms))
        (void)sp_parse_i64(ms, &n);
    SP_TRY(sp_cancel_sleep(q->cancel, n, err));
    return http_send_empty(q, 204, err);
}

static int get_any(struct http_req *q, struct sp_err *err)
{
    return http_send(q, 200, "text/plain", http_param(q, "path"), err);
}

static void log_line(struct http_req *q, void *ud)
{
    char line[1024];
    if (log_fd < 0)
        return;
    int n = snprintf(line, sizeof line, "%.*s [%" PRId64 "] \"%.*s\" %d %" PRIu64 " \"%.*s\"\n",
                     SP_FMT(q->peer), sp_now_ms(), q->target.n > 500 ? 500 : (int)q->target.n,
                     q->target.p ? q->target.p : "", q->status, q->body_out,
                     SP_FMT(http_header(q, "User-Agent")));
    if (n > 0)
        (void)!write(log_fd, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static const struct http_route routes[] = {
    {HTTP_GET | HTTP_HEAD, "/small", get_small, 0, 0, "small", ""},
    {HTTP_GET | HTTP_HEAD, "/f/{name}", get_file, 0, 0, "file", ""},
    {HTTP_PUT | HTTP_POST, "/echo", put_echo, 0, SP_MIB, "echo", ""},
    {HTTP_GET, "/slow", get_slow, 0, 0, "slow", ""},
    {HTTP_GET | HTTP_HEAD, "/t/{path*}", get_any, 0, 0, "any", ""},
};

int main(int argc, char **argv)
{
    struct http_server_opts o = {.listen = "127.0.0.1:0", .base_path = "", .done = log_line};
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *k = argv[i], *v = argv[i + 1];
        if (strcmp(k, "--listen") == 0)
            o.listen = v;
        else if (strcmp(k, "--root") == 0)
            root = v;
        else if (strcmp(k, "--cert") == 0)
            o.tls_cert = v;
        else if (strcmp(k, "--key") == 0)
            o.tls_key = v;
        else if (strcmp(k, "--workers") == 0)
            o.limits.workers = (unsigned)strtoul(v, NULL, 10);
        else if (strcmp(k, "--log") == 0)
            log_fd = open(v, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        else
            return 2;
    }
    struct sp_err err = {0};
    struct http_router *router = NULL;
    int rc = http_router_new(&router, routes, sizeof routes / sizeof *routes, &err);
    o.router = router;
    if (rc == 0)
        rc = http_server_new(&server, &o, &err);
    if (rc == 0) {
        printf("{\"url\":\"%s\",\"pid\":%ld}\n", http_server_url(server), (long)getpid());
        fflush(stdout);
        rc = http_server_run(server, sp_cancel_signals(), &err);
    }
    http_server_free(server);
    http_router_free(router);
    if (rc < 0)
        fprintf(stderr, "http-demo: %s\n", err.msg);
    return rc < 0 ? 1 : 0;
}
