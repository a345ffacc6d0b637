// The client against a scripted server that redirects, cuts, stalls and lies.
#include "net/curl_table.h"
#include "net/testserv.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "net/net.h"

static struct testserv *home, *abroad; // two origins
static struct net_client *client;
static char last_auth[100], last_cookie[100], last_if_range[100], last_method[20];
static struct sp_buf last_body;
static pthread_mutex_t last_lock = PTHREAD_MUTEX_INITIALIZER; // connections have threads

enum { BIG = 3 << 20 };

static void keep(char *out, size_t n, const struct testserv_req *q, const char *name)
{
    SP_AUTO_FREE char *v = testserv_header(q, name);
    snprintf(out, n, "%s", v ? v : "");
}

static bool redirect(const struct testserv_req *q, int status, const char *to)
{
    SP_AUTO_FREE char *extra = sp_fmt("Location: %s\r\n", to);
    return testserv_answer(q, status, extra, SP_LIT("moved"));
}

static bool raw(const struct testserv_req *q, const char *text)
{
    testserv_send(q, text, strlen(text));
    return false;
}

static bool send_big(const struct testserv_req *q, size_t promised)
{
    char head[100], block[4096];
    snprintf(head, sizeof head, "HTTP/1.1 200 T\r\nContent-Length: %zu\r\n\r\n", promised);
    testserv_send(q, head, strlen(head));
    for (size_t at = 0; at < BIG; at += sizeof block) {
        for (size_t i = 0; i < sizeof block; i++)
            block[i] = (char)((at + i) * 31 >> 7);
        if (!testserv_send(q, block, sizeof block))
            return false;
    }
    return promised == BIG;
}

static _Atomic unsigned flaky;

static _Atomic bool head_seen, body_sent;

// A server that sends a body for HEAD, when the client thinks that it has the whole answer.
static bool body_for_head(const struct testserv_req *q)
{
    if (strcmp(q->method, "HEAD") != 0)
        return testserv_answer(q, 200, NULL, SP_LIT("fine"));
    raw(q, "HTTP/1.1 200 T\r\nContent-Length: 6\r\n\r\n");
    while (!atomic_load(&head_seen))
        sp_sleep_ms(1);
    testserv_send(q, "hello\n", 6);
    atomic_store(&body_sent, true);
    return true;
}

static bool endless_trailer(const struct testserv_req *q)
{
    raw(q, "HTTP/1.1 200 T\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n");
    while (testserv_send(q, "X-T: 12345678\r\n", 15)) {
    }
    return false;
}

static bool answer_odd(struct testserv *s, const struct testserv_req *q, const char *t)
{
    if (!strcmp(t, "/stall-head"))
        return testserv_stall(s, q, 5000), false;
    if (!strcmp(t, "/stall-body")) {
        raw(q, "HTTP/1.1 200 T\r\nContent-Length: 10\r\n\r\nabc");
        return testserv_stall(s, q, 5000), false;
    }
    if (!strcmp(t, "/slow")) { // slow is no stall
        raw(q, "HTTP/1.1 200 T\r\nContent-Length: 8\r\n\r\n");
        for (int i = 0; i < 8; i++) {
            sp_sleep_ms(100);
            testserv_send(q, "s", 1);
        }
        return true;
    }
    if (!strcmp(t, "/cut"))
        return raw(q, "HTTP/1.1 200 T\r\nContent-Length: 10\r\n\r\nabc");
    if (!strcmp(t, "/nothing"))
        return false;
    if (!strcmp(t, "/body-for-head"))
        return body_for_head(q);
    if (!strcmp(t, "/endless-trailer"))
        return endless_trailer(q);
    if (!strcmp(t, "/two-lengths"))
        return raw(q, "HTTP/1.1 200 T\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd");
    if (!strcmp(t, "/bad-length"))
        return raw(q, "HTTP/1.1 200 T\r\nContent-Length: 0x3\r\n\r\nabc");
    if (!strcmp(t, "/huge-length"))
        return raw(q, "HTTP/1.1 200 T\r\nContent-Length: 99999999999999999999\r\n\r\nabc");
    if (!strcmp(t, "/garbage"))
        return raw(q, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
    if (!strcmp(t, "/bad-range"))
        return raw(q,
                   "HTTP/1.1 206 T\r\nContent-Length: 3\r\nContent-Range: bytes 9-1/5\r\n\r\nabc");
    if (!strcmp(t, "/lying-range"))
        return raw(q,
                   "HTTP/1.1 206 T\r\nContent-Length: 3\r\nContent-Range: bytes 0-9/50\r\n\r\nabc");
    if (!strcmp(t, "/no-range"))
        return raw(q, "HTTP/1.1 206 T\r\nContent-Length: 3\r\n\r\nabc");
    if (!strcmp(t, "/folded"))
        return raw(q, "HTTP/1.1 200 T\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n");
    if (!strcmp(t, "/long-header") || !strcmp(t, "/many-headers")) {
        SP_AUTO_BUF struct sp_buf b = {0};
        sp_buf_cstr(&b, "HTTP/1.1 200 T\r\nContent-Length: 0\r\n");
        for (int i = 0; i < 200; i++)
            sp_buf_printf(&b, "X-%d: %0*d\r\n", i, t[1] == 'l' ? 400 : 1, 0);
        sp_buf_cstr(&b, "\r\n");
        return raw(q, b.p);
    }
    if (!strcmp(t, "/endless-error")) {
        raw(q, "HTTP/1.1 404 T\r\n\r\n");
        static const char block[65536];
        while (testserv_send(q, block, sizeof block)) {
        }
        return false;
    }
    if (!strcmp(t, "/chunked"))
        return raw(q, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 T\r\nX-A: 1\r\nTransfer-Encoding: "
                      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");
    return testserv_answer(q, 404, NULL, SP_LIT("no such script"));
}

static bool answer(void *ud, struct testserv *s, const struct testserv_req *q)
{
    const char *t = q->target;
    pthread_mutex_lock(&last_lock);
    keep(last_auth, sizeof last_auth, q, "authorization");
    keep(last_cookie, sizeof last_cookie, q, "cookie");
    keep(last_if_range, sizeof last_if_range, q, "if-range");
    snprintf(last_method, sizeof last_method, "%s", q->method);
    sp_buf_reset(&last_body);
    sp_buf_str(&last_body, sp_buf_view(&q->body));
    pthread_mutex_unlock(&last_lock);
    SP_AUTO_FREE char *there = abroad ? sp_fmt("%s/ok", testserv_url(abroad)) : NULL;
    SP_AUTO_FREE char *via = abroad ? sp_fmt("%s/send-home", testserv_url(abroad)) : NULL;
    SP_AUTO_FREE char *back = home ? sp_fmt("%s/ok", testserv_url(home)) : NULL;
    if (!strcmp(t, "/ok") || sp_starts(sp_cstr(t), SP_LIT("/ok?")))
        return testserv_answer(q, 200, "X-Test: yes\r\n", SP_LIT("hello"));
    if (!strcmp(t, "/r302"))
        return redirect(q, 302, "/ok");
    if (!strcmp(t, "/r303"))
        return redirect(q, 303, "ok");
    if (!strcmp(t, "/r307"))
        return redirect(q, 307, "/ok?307");
    if (!strcmp(t, "/foreign"))
        return redirect(q, 302, there);
    if (!strcmp(t, "/round-trip"))
        return redirect(q, 302, via);
    if (!strcmp(t, "/send-home"))
        return redirect(q, 302, back);
    if (!strcmp(t, "/loop"))
        return redirect(q, 302, "/loop");
    if (!strcmp(t, "/bad-redirect"))
        return redirect(q, 302, "ftp://h/x");
    if (!strcmp(t, "/big"))
        return send_big(q, BIG);
    if (!strcmp(t, "/big-cut"))
        return send_big(q, 2 * (size_t)BIG);
    if (!strcmp(t, "/401"))
        return testserv_answer(q, 401, "X-Error-Code: RepoNotFound\r\n",
                               SP_LIT("{\"error\":\"no\"}"));
    if (!strcmp(t, "/limited"))
        return atomic_fetch_add(&flaky, 1)
                   ? testserv_answer(q, 200, NULL, SP_LIT("fine"))
                   : testserv_answer(q, 429, "Retry-After: 1\r\n", SP_LIT("slow down"));
    if (!strcmp(t, "/flaky"))
        return atomic_fetch_add(&flaky, 1) < 2 ? testserv_answer(q, 503, NULL, SP_LIT("x"))
                                               : testserv_answer(q, 200, NULL, SP_LIT("fine"));
    if (!strcmp(t, "/flaky-cut"))
        return atomic_fetch_add(&flaky, 1) < 1 ? false
                                               : testserv_answer(q, 200, NULL, SP_LIT("fine"));
    if (!strcmp(t, "/long-wait"))
        return testserv_answer(q, 429, "Retry-After: 100000\r\n", SP_LIT("x"));
    return answer_odd(s, q, t);
}

static char url_buf[300];
static const char *at(const char *path)
{
    snprintf(url_buf, sizeof url_buf, "%s%s", testserv_url(home), path);
    return url_buf;
}

static int fetch(const struct net_req *q, struct net_resp *r, struct sp_err *err)
{
    *err = (struct sp_err){0};
    int rc = net_fetch(client, q, r, err);
    pthread_mutex_lock(&last_lock); // what the server's threads wrote is seen from here on
    pthread_mutex_unlock(&last_lock);
    return rc;
}

static void get_simple(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    assert_int_equal(fetch(&(struct net_req){.url = at("/ok")}, &r, &err), 0);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body.p, "hello");
    assert_string_equal(net_resp_get(&r, "X-Test"), "yes");
    assert_null(net_resp_get(&r, "absent"));
    assert_string_equal(last_method, "GET");
    assert_string_equal(last_auth, "");
    assert_string_equal(r.url, at("/ok"));
    assert_int_equal(r.tries, 1);
}

static void connections_are_kept(void **state)
{
    uint64_t req0, con0, req1, con1;
    net_client_stats(client, &req0, &con0);
    for (int i = 0; i < 20; i++) {
        SP_AUTO(net_resp_fini) struct net_resp r = {0};
        struct sp_err err;
        assert_int_equal(fetch(&(struct net_req){.url = at("/r302")}, &r, &err), 0);
    }
    net_client_stats(client, &req1, &con1);
    assert_int_equal(req1 - req0, 40);
    assert_in_range(con1 - con0, 0, 1);
}

static void *many(void *ud)
{
    for (int i = 0; i < 25; i++) {
        struct net_resp r = {0};
        char url[200];
        snprintf(url, sizeof url, "%s/ok", testserv_url(home));
        if (net_fetch(client, &(struct net_req){.url = url}, &r, NULL) < 0 || r.status != 200)
            *(int *)ud = 1;
        net_resp_fini(&r);
    }
    return NULL;
}

static void threads_share_few_connections(void **state)
{
    uint64_t req, con0, con1;
    net_client_stats(client, &req, &con0);
    pthread_t t[12];
    int bad[12] = {0};
    for (int i = 0; i < 12; i++)
        assert_int_equal(pthread_create(&t[i], NULL, many, &bad[i]), 0);
    for (int i = 0; i < 12; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(bad[i], 0);
    }
    net_client_stats(client, &req, &con1);
    assert_in_range(con1 - con0, 0, 4); // .connections = 4
}

static void token_stays_home(void **state)
{
    static const char *const cookie[] = {"Cookie: c=1", "If-Range: \"e\"", NULL};
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    struct net_req q = {.url = at("/r302"), .token = "hf_secret", .headers = cookie};
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_string_equal(last_auth, "Bearer hf_secret");
    assert_string_equal(last_cookie, "c=1");
    assert_string_equal(last_if_range, "\"e\"");
    q.url = at("/foreign");
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.redirects, 1);
    assert_true(sp_starts(sp_cstr(r.url), sp_cstr(testserv_url(abroad))));
    assert_string_equal(last_auth, "");
    assert_string_equal(last_cookie, "");
    assert_string_equal(last_if_range, ""); // the storage there has ETags of its own
    q.url = at("/round-trip");              // what went abroad once gets no token any more
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_true(sp_starts(sp_cstr(r.url), sp_cstr(testserv_url(home))));
    assert_int_equal(r.redirects, 2);
    assert_string_equal(last_auth, "");
}

static void same_origin_only(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    struct net_req q = {.url = at("/foreign"), .method = "HEAD", .same_origin_redirect = true};
    unsigned before = testserv_requests(abroad);
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_int_equal(r.status, 302);
    assert_string_equal(r.url, at("/foreign"));
    assert_int_equal(testserv_requests(abroad), before);
    q.url = at("/r302");
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_int_equal(r.status, 200);
    assert_string_equal(last_method, "HEAD");
    q.no_redirect = true;
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_int_equal(r.status, 302);
}

static void redirects_of_posts(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    struct net_req q = {.url = at("/r307"), .method = "POST", .body = SP_LIT("payload")};
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_string_equal(last_method, "POST");
    assert_true(sp_eq_lit(sp_buf_view(&last_body), "payload"));
    q.url = at("/r303");
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_string_equal(last_method, "GET");
    assert_int_equal(last_body.n, 0);
    q.url = at("/r302");
    q.method = "DELETE";
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_string_equal(last_method, "DELETE");
    assert_true(sp_eq_lit(sp_buf_view(&last_body), "payload"));
}

static void redirects_end(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    unsigned before = testserv_requests(home);
    assert_int_equal(fetch(&(struct net_req){.url = at("/loop"), .max_redirects = 3}, &r, &err),
                     SP_EREPLY);
    assert_non_null(strstr(err.msg, "redirects"));
    assert_int_equal(testserv_requests(home) - before, 4);
    assert_int_equal(fetch(&(struct net_req){.url = at("/bad-redirect")}, &r, &err), SP_EFORMAT);
}

static void errors_are_answers(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    assert_int_equal(fetch(&(struct net_req){.url = at("/401")}, &r, &err), 0);
    assert_int_equal(r.status, 401);
    assert_string_equal(net_resp_get(&r, "x-error-code"), "RepoNotFound");
    assert_string_equal(r.body.p, "{\"error\":\"no\"}");
    assert_int_equal(fetch(&(struct net_req){.url = at("/endless-error")}, &r, &err), 0);
    assert_int_equal(r.status, 404);
    assert_in_range(r.body.n, 1, 1 << 20);
}

struct sink {
    uint64_t n, heads;
    bool wrong;
    int fail_at;
};

static int on_head(void *ud, struct net_resp *resp, struct sp_err *err)
{
    ((struct sink *)ud)->heads++;
    return 0;
}

static int on_body(void *ud, const void *p, size_t n, struct sp_err *err)
{
    struct sink *s = ud;
    for (size_t i = 0; i < n; i++)
        s->wrong |= ((const char *)p)[i] != (char)((s->n + i) * 31 >> 7);
    s->n += n;
    if (s->fail_at && s->n > (uint64_t)s->fail_at)
        return sp_fail(err, SP_ENOSPACE, "disk is full");
    return 0;
}

static void streams(void **state)
{
    struct sink s = {0};
    struct sp_progress p = {0};
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    struct net_req q = {.url = at("/big"),
                        .on_body = on_body,
                        .on_head = on_head,
                        .ud = &s,
                        .identity = true,
                        .progress = &p};
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_int_equal(s.n, BIG);
    assert_int_equal(s.heads, 1);
    assert_false(s.wrong);
    assert_int_equal(p.bytes_done, BIG);
    assert_int_equal(r.body.n, 0);
    s = (struct sink){.fail_at = 100000};
    assert_int_equal(fetch(&q, &r, &err), SP_ENOSPACE);
    assert_non_null(strstr(err.msg, "disk is full"));
    assert_null(r.headers); // empty after a failure
}

// A cut after bytes were handed over is never repeated behind the caller's back.
static void cut_stream_is_reported(void **state)
{
    struct sink s = {0};
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    unsigned before = testserv_requests(home);
    struct net_req q = {
        .url = at("/big-cut"), .on_body = on_body, .ud = &s, .retry = NET_RETRY_IDEMPOTENT};
    assert_int_equal(fetch(&q, &r, &err), SP_ENET);
    assert_non_null(strstr(err.msg, "/big-cut"));
    assert_int_equal(s.n, BIG);
    assert_false(s.wrong);
    assert_int_equal(testserv_requests(home) - before, 1);
}

static void expect_code(const char *path, int code)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    int rc = fetch(&(struct net_req){.url = at(path), .identity = true}, &r, &err);
    if (rc != code || err.code != code)
        fail_msg("%s: %d \"%s\", not %s", path, rc, err.msg, sp_err_row(code)->name);
    assert_non_null(strstr(err.msg, path));
}

static void bad_answers(void **state)
{
    expect_code("/cut", SP_ENET);
    expect_code("/nothing", SP_ENET);
    expect_code("/two-lengths", SP_EREPLY);
    //    expect_code("/endless-trailer", SP_ETOOBIG);
    expect_code("/bad-length", SP_EREPLY);
    expect_code("/huge-length", SP_EREPLY);
    expect_code("/garbage", SP_EREPLY);
    expect_code("/bad-range", SP_EREPLY);
    expect_code("/lying-range", SP_EREPLY);
    expect_code("/no-range", SP_EREPLY);
    expect_code("/folded", SP_EREPLY);
    expect_code("/long-header", SP_ETOOBIG);
    expect_code("/many-headers", SP_ETOOBIG);
}

static void chunked_after_100(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    assert_int_equal(fetch(&(struct net_req){.url = at("/chunked")}, &r, &err), 0);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body.p, "abcde");
    assert_string_equal(net_resp_get(&r, "x-a"), "1");
    assert_null(net_resp_get(&r, "x-trailer"));
}

static void the_rest_of_an_answer_is_no_answer(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    struct net_req q = {.url = at("/body-for-head"), .method = "HEAD"};
    assert_int_equal(fetch(&q, &r, &err), 0);
    atomic_store(&head_seen, true);
    while (!atomic_load(&body_sent))
        sp_sleep_ms(1);
    q = (struct net_req){.url = at("/body-for-head"), .retry = NET_RETRY_IDEMPOTENT};
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_true(sp_eq_lit(sp_buf_view(&r.body), "fine"));
}

static void body_ceiling(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    assert_int_equal(fetch(&(struct net_req){.url = at("/big"), .body_max = 1000}, &r, &err),
                     SP_ETOOBIG);
    assert_non_null(strstr(err.msg, "1000"));
}

static void stalls_end(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    static const char *const paths[] = {"/stall-head", "/stall-body"};
    for (int i = 0; i < 2; i++) {
        int64_t t = sp_mono_ms();
        struct net_req q = {.url = at(paths[i]), .stall_ms = 300};
        assert_int_equal(fetch(&q, &r, &err), SP_ETIMEOUT);
        assert_in_range(sp_mono_ms() - t, 300, 1500);
        assert_non_null(strstr(err.msg, "no byte"));
    }
    // 800 ms in all, but a byte every 100 ms: no stall
    assert_int_equal(fetch(&(struct net_req){.url = at("/slow"), .stall_ms = 400}, &r, &err), 0);
    assert_int_equal(r.body.n, 8);
    struct net_req q = {.url = at("/slow"), .timeout_ms = 300};
    assert_int_equal(fetch(&q, &r, &err), SP_ETIMEOUT);
}

static void *cancel_later(void *ud)
{
    sp_sleep_ms(200);
    sp_cancel_set(ud);
    return NULL;
}

static void cancel_is_quick(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    struct sp_cancel c = {0};
    pthread_t t;
    int64_t start = sp_mono_ms();
    assert_int_equal(pthread_create(&t, NULL, cancel_later, &c), 0);
    struct net_req q = {.url = at("/stall-head"), .cancel = &c, .retry = NET_RETRY_IDEMPOTENT};
    assert_int_equal(fetch(&q, &r, &err), SP_ECANCELLED);
    assert_in_range(sp_mono_ms() - start, 190, 400);
    pthread_join(t, NULL);
    unsigned before = testserv_requests(home);
    assert_int_equal(fetch(&q, &r, &err), SP_ECANCELLED); // cancelled before
    assert_int_equal(testserv_requests(home), before);
    struct sp_cancel deadline = {.deadline_ms = sp_mono_ms() + 200};
    q.cancel = &deadline;
    assert_int_equal(fetch(&q, &r, &err), SP_ETIMEOUT);
}

static void retries(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    flaky = 0;
    int64_t start = sp_mono_ms();
    struct net_req q = {.url = at("/limited"), .retry = NET_RETRY_IDEMPOTENT};
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.tries, 2);
    assert_in_range(sp_mono_ms() - start, 1000, 2500);
    flaky = 0;
    q = (struct net_req){.url = at("/flaky"),
                         .retry = NET_RETRY_IDEMPOTENT,
                         .method = "POST",
                         .body = SP_LIT("again")};
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.tries, 3);
    assert_true(sp_eq_lit(sp_buf_view(&last_body), "again"));
    flaky = 0;
    q.max_tries = 2;
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_int_equal(r.status, 503); // the last answer is the caller's
    flaky = 0;
    q.retry = NET_RETRY_UNSENT;
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_int_equal(r.status, 503);
    assert_int_equal(r.tries, 1);
    flaky = 0;
    q.url = at("/limited");
    q.max_tries = 0;
    assert_int_equal(fetch(&q, &r, &err), 0); // 429 was not acted on
    assert_int_equal(r.tries, 2);
    assert_int_equal(
        fetch(&(struct net_req){.url = at("/long-wait"), .retry = NET_RETRY_IDEMPOTENT}, &r, &err),
        0);
    assert_int_equal(r.status, 429);
    assert_int_equal(r.tries, 1);
}

static void a_closed_first_try(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    flaky = 0;
    struct net_req q = {.url = at("/flaky-cut"), .retry = NET_RETRY_IDEMPOTENT};
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_string_equal(r.body.p, "fine");
}

static void nobody_listens(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    struct testserv *gone = testserv_start(answer, NULL);
    SP_AUTO_FREE char *url = sp_fmt("%s/x?token=hf_secretsecret", testserv_url(gone));
    testserv_stop(gone);
    struct net_req q = {.url = url, .retry = NET_RETRY_UNSENT, .max_tries = 2};
    assert_int_equal(fetch(&q, &r, &err), SP_ENET);
    assert_non_null(strstr(err.msg, "cannot connect"));
    int64_t start = sp_mono_ms();
    q = (struct net_req){.url = url, .retry = NET_RETRY_IDEMPOTENT};
    assert_int_equal(fetch(&q, &r, &err), SP_ENET); // a cached copy may be waiting: be quick
    assert_in_range(sp_mono_ms() - start, 300, 1500);
    assert_null(strstr(err.msg, "secretsecret"));
    setenv("http_proxy", url, 1);
    assert_int_equal(fetch(&(struct net_req){.url = "http://hub.invalid/"}, &r, &err), SP_ENET);
    assert_non_null(strstr(err.msg, "of http_proxy"));
    unsetenv("http_proxy");
}

static void bad_requests(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    static const char *const inject[] = {"X-A: b\r\nX-Evil: 1", NULL};
    unsigned before = testserv_requests(home);
    struct net_req q = {.url = at("/ok"), .headers = inject};
    assert_int_equal(fetch(&q, &r, &err), SP_EINVALID);
    q = (struct net_req){.url = at("/ok"), .token = "hf_a\r\nX-Evil: 1"};
    assert_int_equal(fetch(&q, &r, &err), SP_EINVALID);
    assert_null(strstr(err.msg, "Evil"));
    q = (struct net_req){.url = "http://user:pw@127.0.0.1/"};
    assert_int_equal(fetch(&q, &r, &err), SP_EFORMAT);
    q = (struct net_req){.url = "file:///etc/passwd"};
    assert_int_equal(fetch(&q, &r, &err), SP_EFORMAT);
    assert_int_equal(testserv_requests(home), before);
}

static ssize_t send_some(void *ud, void *p, size_t n, struct sp_err *err)
{
    size_t *left = ud, k = n < *left ? n : *left;
    memset(p, 'u', k);
    *left -= k;
    return (ssize_t)k;
}

static ssize_t send_broken(void *ud, void *p, size_t n, struct sp_err *err)
{
    return sp_fail(err, SP_EIO, "reading failed");
}

static void uploads(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    size_t left = 5000;
    struct net_req q = {.url = at("/ok"),
                        .method = "PUT",
                        .send = send_some,
                        .send_ud = &left,
                        .send_size = -1}; // chunked
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_int_equal(last_body.n, 5000);
    assert_string_equal(last_method, "PUT");
    SP_AUTO_FREE char *bytes = sp_alloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        bytes[i] = (char)(i * 7 >> 4);
    SP_AUTO_SOURCE struct sp_source *src = sp_source_mem(sp_str_of(bytes, BIG), "bytes");
    struct sp_progress p = {0};
    q = (struct net_req){.url = at("/r307"),
                         .method = "PUT",
                         .send_src = src,
                         .send_off = 1000,
                         .send_size = BIG - 2000,
                         .progress = &p};
    assert_int_equal(fetch(&q, &r, &err), 0); // sent twice: the first answer is a redirect
    assert_int_equal(last_body.n, BIG - 2000);
    assert_memory_equal(last_body.p, bytes + 1000, BIG - 2000);
    q.send_size = BIG; // more than there is
    q.url = at("/ok");
    assert_int_equal(fetch(&q, &r, &err), SP_EINCOMPLETE);
    q = (struct net_req){.url = at("/ok"), .method = "PUT", .send = send_broken, .send_size = 10};
    assert_int_equal(fetch(&q, &r, &err), SP_EIO);
    assert_non_null(strstr(err.msg, "reading failed"));
    q = (struct net_req){.url = at("/ok"), .method = "POST"};
    assert_int_equal(fetch(&q, &r, &err), 0);
    assert_int_equal(last_body.n, 0);
    left = 10; // a body that cannot be rewound is not sent twice
    q = (struct net_req){
        .url = at("/r307"), .method = "PUT", .send = send_some, .send_ud = &left, .send_size = 10};
    assert_int_equal(fetch(&q, &r, &err), SP_ENET);
}

static void offline_refuses(void **state)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err;
    unsigned before = testserv_requests(home);
    sp_conf_set_flag(SP_CONF_offline, "1");
    assert_int_equal(fetch(&(struct net_req){.url = at("/ok")}, &r, &err), SP_EOFFLINE);
    sp_conf_set_flag(SP_CONF_offline, "0");
    assert_non_null(strstr(err.msg, "Cannot reach "));
    assert_non_null(strstr(err.msg, ": offline mode is enabled."));
    assert_int_equal(testserv_requests(home), before);
}

static void library_is_named_when_missing(void **state)
{
    static const char *const none[] = {"libcurl-of-nobody.so.4", NULL};
    struct net_curl t;
    struct sp_err err = {0};
    assert_int_equal(net_curl_load(&t, none, &err), SP_EUNSUPPORTED);
    assert_non_null(strstr(err.msg, "libcurl"));
    assert_non_null(strstr(err.hint, "libcurl4"));
}

static int nested_body(void *ud, const void *p, size_t n, struct sp_err *err)
{
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct net_client *one = ud;
    char url[200];
    snprintf(url, sizeof url, "%s/ok", testserv_url(home));
    return net_fetch(one, &(struct net_req){.url = url}, &r, err);
}

static void a_nested_fetch_does_not_wait_for_itself(void **state)
{
    struct net_client *one = NULL;
    SP_AUTO(net_resp_fini) struct net_resp r = {0};
    struct sp_err err = {0};
    assert_int_equal(net_client_new(&one, &(struct net_client_opts){.connections = 1}, &err), 0);
    struct net_req q = {.url = at("/ok"), .on_body = nested_body, .ud = one};
    assert_int_equal(net_fetch(one, &q, &r, &err), 0);
    net_client_free(one);
}

static int setup(void **state)
{
    sp_conf_init();
    home = testserv_start(answer, NULL);
    abroad = testserv_start(answer, NULL);
    return net_client_new(&client, &(struct net_client_opts){.connections = 4}, NULL);
}

static int teardown(void **state)
{
    net_client_free(client);
    testserv_stop(home);
    testserv_stop(abroad);
    sp_buf_fini(&last_body);
    return 0;
}

int main(void)
{
    static const char *const proxies[] = {"http_proxy",     "HTTP_PROXY",          "https_proxy",
                                          "HTTPS_PROXY",    "all_proxy",           "ALL_PROXY",
                                          "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"};
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        unsetenv(proxies[i]);
    const struct CMUnitTest all[] = {
        cmocka_unit_test(get_simple),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(threads_share_few_connections),
        cmocka_unit_test(token_stays_home),
        cmocka_unit_test(same_origin_only),
        cmocka_unit_test(redirects_of_posts),
        cmocka_unit_test(redirects_end),
        cmocka_unit_test(errors_are_answers),
        cmocka_unit_test(streams),
        cmocka_unit_test(cut_stream_is_reported),
        cmocka_unit_test(bad_answers),
        cmocka_unit_test(chunked_after_100),
        cmocka_unit_test(body_ceiling),
        cmocka_unit_test(the_rest_of_an_answer_is_no_answer),
        cmocka_unit_test(stalls_end),
        cmocka_unit_test(cancel_is_quick),
        cmocka_unit_test(retries),
        cmocka_unit_test(a_closed_first_try),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(bad_requests),
        cmocka_unit_test(uploads),
        cmocka_unit_test(offline_refuses),
        cmocka_unit_test(library_is_named_when_missing),
        cmocka_unit_test(a_nested_fetch_does_not_wait_for_itself),
    };
    return cmocka_run_group_tests(all, setup, teardown);
}
