// For unit tests of hub: a loopback server that plays recorded answers and keeps what it was asked.
#ifndef SPOKE_HUB_RECORDED_H
#define SPOKE_HUB_RECORDED_H

#include "hub/hub.h"
#include "net/testserv.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct recorded {
    const char *method, *target; // target as sent, percent-encoded
    int status;
    const char *headers; // lines that end with \r\n, NULL = none; "%E" stands for the endpoint
    const char *body;    // "%E" too
};
static const struct recorded *recorded_now; // ends with a zero row
static struct testserv *recorded_server;
static struct hub *recorded_hub;
static pthread_mutex_t recorded_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sp_buf recorded_log;  // "METHOD target\n" of every request
static struct sp_buf recorded_body; // of the last request
static struct sp_buf recorded_head;

static char *recorded_fill(const char *text, struct testserv *s)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    for (const char *p = text ? text : ""; *p; p++) {
        if (p[0] == '%' && p[1] == 'E') {
            sp_buf_cstr(&b, testserv_url(s));
            p++;
        } else {
            sp_buf_ch(&b, *p);
        }
    }
    return sp_buf_take(&b);
}

static bool recorded_answer(void *ud, struct testserv *s, const struct testserv_req *q)
{
    pthread_mutex_lock(&recorded_lock);
    sp_buf_printf(&recorded_log, "%s %s\n", q->method, q->target);
    sp_buf_reset(&recorded_body);
    sp_buf_str(&recorded_body, sp_buf_view(&q->body));
    sp_buf_reset(&recorded_head);
    sp_buf_str(&recorded_head, sp_buf_view(&q->head));
    const struct recorded *r = recorded_now;
    pthread_mutex_unlock(&recorded_lock);
    for (; r && r->method; r++) {
        if (strcmp(r->method, q->method) != 0 || strcmp(r->target, q->target) != 0)
            continue;
        SP_AUTO_FREE char *headers = recorded_fill(r->headers, s);
        SP_AUTO_FREE char *body = recorded_fill(r->body, s);
        return testserv_answer(q, r->status, headers, sp_cstr(body));
    }
    return testserv_answer(q, 404, NULL, SP_LIT("not recorded"));
}

__attribute__((unused)) static void recorded_play(const struct recorded *rows)
{
    pthread_mutex_lock(&recorded_lock);
    recorded_now = rows;
    sp_buf_reset(&recorded_log);
    sp_buf_reset(&recorded_body);
    pthread_mutex_unlock(&recorded_lock);
}

__attribute__((unused)) static bool recorded_asked(const char *line)
{
    SP_AUTO_FREE char *whole = sp_fmt("%s\n", line);
    return recorded_log.p && strstr(recorded_log.p, whole);
}

__attribute__((unused)) static struct hub_repo recorded_repo(enum hub_type t)
{
    struct hub_repo r;
    SP_ASSERT(hub_repo_make(&r, t, SP_LIT("bob/r"), NULL) == 0);
    return r;
}

static int recorded_setup(void **state)
{
    static const char *const vars[] = {
        "http_proxy",     "HTTP_PROXY",           "all_proxy", "ALL_PROXY",
        "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN",  "HUGGING_FACE_HUB_TOKEN",
        "HF_ENDPOINT"};
    for (size_t i = 0; i < sizeof vars / sizeof *vars; i++)
        unsetenv(vars[i]);
    sp_conf_init();
    sp_conf_set_flag(SP_CONF_token_path, "/nonexistent/token");
    recorded_server = testserv_start(recorded_answer, NULL);
    return hub_new(&recorded_hub, testserv_url(recorded_server), "hf_test", NULL);
}

static int recorded_teardown(void **state)
{
    hub_free(recorded_hub);
    testserv_stop(recorded_server);
    sp_buf_fini(&recorded_log);
    sp_buf_fini(&recorded_body);
    sp_buf_fini(&recorded_head);
    return 0;
}

#endif
