// End to end over loopback sockets: what requests get for an answer.
#include "net/http_harness.h"

#include <sys/socket.h>

#define END "\r\nHost: h:1\r\n\r\n"

static struct harness h;

static void check(const char *request, int status)
{
    struct answer_text a;
    client_ask(&h, request, &a);
    if (a.status != status)
        fail_msg("%s: %d instead of %d", request, a.status, status);
    client_answer_fini(&a);
}

static void test_table(void **state)
{
    static const struct {
        const char *name, *raw;
        size_t n;
        int want;
    } cases[] = {
#define HTTP_CASE(name, ours, nginx, raw) {name, raw, sizeof raw - 1, ours},
#define HTTP_BODY(name, ours, nginx, raw) {name, raw, sizeof raw - 1, ours},
#include "net/http_cases.def"
#undef HTTP_CASE
#undef HTTP_BODY
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int fd = client_open(&h);
        struct answer_text a;
        client_send_n(fd, cases[i].raw, cases[i].n);
        client_read(fd, &a, false);
        if (a.status != cases[i].want)
            fail_msg("%s: %d instead of %d", cases[i].name, a.status, cases[i].want);
        if (a.status >= 400) { // nothing behind a bad request is looked at
            assert_true(sp_eq_lit(answer_header(&a, "Connection"), "close"));
            assert_true(answer_header(&a, "X-Error-Message").n > 0);
            assert_true(client_at_end(fd));
        }
        client_answer_fini(&a);
        close(fd);
    }
}

static void test_small(void **state)
{
    struct answer_text a;
    client_ask(&h, "GET /small HTTP/1.1\r\nX-Amzn-Trace-Id: abc-1" END, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body.p, "hello");
    assert_true(sp_eq_lit(answer_header(&a, "Content-Length"), "5"));
    assert_true(sp_eq_lit(answer_header(&a, "Content-Type"), "text/plain"));
    assert_true(sp_eq_lit(answer_header(&a, "X-Request-Id"), "abc-1"));
    assert_non_null(strstr(a.head.p, "X-Many: 1\r\nX-Many: 2\r\n"));
    int64_t when = 0;
    assert_true(sp_time_parse_http(answer_header(&a, "Date"), &when));
    assert_true(when / 1000 - sp_now_ms() / 1000 <= 1 && sp_now_ms() / 1000 - when / 1000 <= 2);
    client_answer_fini(&a);
    check("GET /missing HTTP/1.1" END, 404);
    check("POST /small HTTP/1.1" END, 405);
    check("OPTIONS * HTTP/1.1" END, 204);
    check("GET /nothing HTTP/1.1" END, 500);
    check("GET /t/../etc/passwd HTTP/1.1" END, 400);
    client_ask(&h, "DELETE /echo HTTP/1.1" END, &a);
    assert_true(sp_eq_lit(answer_header(&a, "Allow"), "POST, PUT"));
    assert_true(sp_eq_lit(answer_header(&a, "X-Error-Code"), "MethodNotAllowed"));
    client_answer_fini(&a);
}

static void test_keep_alive(void **state)
{
    struct answer_text a;
    int fd = client_open(&h);
    for (int i = 0; i < 20; i++) {
        client_send(fd, i % 2 ? "HEAD /small HTTP/1.1" END : "GET /small HTTP/1.1" END);
        client_read(fd, &a, i % 2);
        assert_int_equal(a.status, 200);
        assert_true(sp_eq_lit(answer_header(&a, "Content-Length"), "5"));
        client_answer_fini(&a);
    }
    client_send(fd, "GET /small HTTP/1.1\r\nConnection: close" END);
    client_read(fd, &a, false);
    assert_true(sp_eq_lit(answer_header(&a, "Connection"), "close"));
    assert_true(client_at_end(fd));
    client_answer_fini(&a);
    close(fd);

    fd = client_open(&h);
    client_send(fd, "GET /small HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_read(fd, &a, false);
    assert_true(sp_eq_lit(answer_header(&a, "Connection"), "keep-alive"));
    client_answer_fini(&a);
    client_send(fd, "GET /small HTTP/1.0\r\n\r\n");
    client_read(fd, &a, false);
    assert_int_equal(a.status, 200);
    assert_true(client_at_end(fd));
    client_answer_fini(&a);
    close(fd);
}

static void test_pipelining(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    for (int i = 0; i < 50; i++) {
        char body[8];
        int n = snprintf(body, sizeof body, "%d", i);
        if (i % 2)
            sp_buf_printf(&b, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", n,
                          body);
        else
            sp_buf_printf(&b,
                          "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "%x\r\n%s\r\n0\r\n\r\n",
                          n, body);
    }
    // All at once, then in pieces that cut heads and bodies anywhere.
    for (size_t step = b.n; step > 0; step = step > 400 ? 367 : step > 13 ? 13 : 0) {
        int fd = client_open(&h);
        for (size_t at = 0; at < b.n; at += step)
            client_send_n(fd, b.p + at, b.n - at < step ? b.n - at : step);
        for (int i = 0; i < 50; i++) {
            struct answer_text a;
            client_read(fd, &a, false);
            assert_int_equal(a.status, 200);
            assert_int_equal(atoi(a.body.p), i);
            client_answer_fini(&a);
        }
        close(fd);
    }
}

static bool body_is_file(const struct answer_text *a, uint64_t off, uint64_t n)
{
    if (a->body.n != n)
        return false;
    for (uint64_t i = 0; i < n; i++)
        if ((uint8_t)a->body.p[i] != harness_byte(off + i))
            return false;
    return true;
}

static void range(const char *path, const char *headers, int status, uint64_t off, uint64_t n)
{
    struct answer_text a;
    char request[512], want[80];
    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\n%s"
             "Host: h\r\n\r\n",
             path, headers);
    client_ask(&h, request, &a);
    if (a.status != status)
        fail_msg("%s: %d instead of %d", headers, a.status, status);
    if (status == 206) {
        snprintf(want, sizeof want, "bytes %llu-%llu/%zu", (unsigned long long)off,
                 (unsigned long long)(off + n - 1), FILE_BYTES);
        assert_true(sp_eq(answer_header(&a, "Content-Range"), sp_cstr(want)));
    }
    if (status < 300 && !body_is_file(&a, off, n))
        fail_msg("%s %s: wrong bytes (%zu)", path, headers, a.body.n);
    if (status != 416)
        assert_true(sp_eq_lit(answer_header(&a, "ETag"), FILE_ETAG));
    client_answer_fini(&a);
}

static void test_ranges(void **state)
{
    static const char *const paths[] = {"/file", "/file?copy=1"}; // sendfile, and read + write
    for (int i = 0; i < 2; i++) {
        const char *p = paths[i];
        range(p, "", 200, 0, FILE_BYTES);
        range(p, "Range: bytes=0-0\r\n", 206, 0, 1);
        range(p, "Range: bytes=5-99999\r\n", 206, 5, 99995);
        range(p, "Range: bytes=1000000-\r\n", 206, 1000000, FILE_BYTES - 1000000);
        range(p, "Range: bytes=-7\r\n", 206, FILE_BYTES - 7, 7);
        range(p, "Range: bytes=0-99999999\r\n", 206, 0, FILE_BYTES);
        range(p, "Range: bytes=99999999-\r\n", 416, 0, 0);
        range(p, "Range: bytes=9-1\r\n", 200, 0, FILE_BYTES);
        range(p, "Range: lines=1-2\r\n", 200, 0, FILE_BYTES);
        // two overlapping wholes would be more bytes than there are
        range(p, "Range: bytes=0-,0-\r\n", 200, 0, FILE_BYTES);
    }
    range("/file", "Range: bytes=1-2\r\nIf-Range: " FILE_ETAG "\r\n", 206, 1, 2);
    range("/file", "Range: bytes=1-2\r\nIf-Range: \"other\"\r\n", 200, 0, FILE_BYTES);
    range("/file", "Range: bytes=1-2\r\nIf-Range: W/" FILE_ETAG "\r\n", 200, 0, FILE_BYTES);
    range("/file", "Range: bytes=1-2\r\nIf-Range: " FILE_DATE "\r\n", 206, 1, 2);
    range("/file", "Range: bytes=1-2\r\nIf-Range: Sat, 21 Nov 2026 09:55:54 GMT\r\n", 200, 0,
          FILE_BYTES);
    range("/file", "Range: bytes=1-2\r\nIf-Match: \"a\", " FILE_ETAG "\r\n", 206, 1, 2);
    range("/file", "If-Match: *\r\n", 200, 0, FILE_BYTES);
    range("/file", "If-None-Match: " FILE_ETAG "\r\n", 304, 0, 0);
    range("/file", "If-None-Match: \"a\", W/" FILE_ETAG "\r\n", 304, 0, 0);
    range("/file", "If-None-Match: *\r\n", 304, 0, 0);
    range("/file", "If-None-Match: \"a\"\r\n", 200, 0, FILE_BYTES);
    range("/file", "If-Modified-Since: " FILE_DATE "\r\n", 304, 0, 0);
    range("/file", "If-Modified-Since: Sat, 21 Nov 2026 09:55:52 GMT\r\n", 200, 0, FILE_BYTES);
    // an entity tag decides alone
    range("/file", "If-None-Match: \"a\"\r\nIf-Modified-Since: " FILE_DATE "\r\n", 200, 0,
          FILE_BYTES);
}

static void test_multipart(void **state)
{
    struct answer_text a;
    client_ask(&h, "GET /memory HTTP/1.1\r\nRange: bytes=0-1,4-5,-1" END, &a);
    assert_int_equal(a.status, 206);
    sp_str type = answer_header(&a, "Content-Type"), boundary;
    sp_cut(type, '=', &boundary);
    assert_true(sp_starts(type, SP_LIT("multipart/byteranges; boundary=")));
    char want[1024];
    snprintf(want, sizeof want,
             "\r\n--%.*s\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
             "\r\n--%.*s\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-5/10\r\n\r\n45"
             "\r\n--%.*s\r\nContent-Type: text/plain\r\nContent-Range: bytes 9-9/10\r\n\r\n9"
             "\r\n--%.*s--\r\n",
             SP_FMT(boundary), SP_FMT(boundary), SP_FMT(boundary), SP_FMT(boundary));
    assert_string_equal(a.body.p, want);
    client_answer_fini(&a);
    // large parts, by sendfile
    client_ask(&h, "GET /file HTTP/1.1\r\nRange: bytes=0-99999,200000-299999" END, &a);
    assert_int_equal(a.status, 206);
    assert_true(a.body.n > 200000 && a.body.n < 200500);
    client_answer_fini(&a);
}

static void test_head(void **state)
{
    struct answer_text a;
    client_ask(&h, "HEAD /file HTTP/1.1\r\nRange: bytes=0-1" END, &a);
    assert_int_equal(a.status, 200);
    uint64_t n = 0;
    assert_true(sp_parse_u64(answer_header(&a, "Content-Length"), &n) && n == FILE_BYTES);
    assert_true(sp_eq_lit(answer_header(&a, "Accept-Ranges"), "bytes"));
    client_answer_fini(&a);
    int fd = client_open(&h);
    client_send(fd, "HEAD /stream HTTP/1.1" END "HEAD /file HTTP/1.1" END "HEAD /none HTTP/1.1" END
                    "GET /small HTTP/1.1" END);
    for (int i = 0; i < 3; i++) {
        client_read(fd, &a, true);
        assert_int_equal(a.status, i < 2 ? 200 : 404);
        client_answer_fini(&a);
    }
    client_read(fd, &a, false);
    assert_string_equal(a.body.p, "hello");
    client_answer_fini(&a);
    close(fd);
}

static void test_streams(void **state)
{
    struct answer_text a;
    client_ask(&h, "GET /stream?n=5000 HTTP/1.1" END, &a);
    assert_int_equal(a.status, 200);
    assert_true(sp_eq_lit(answer_header(&a, "Transfer-Encoding"), "chunked"));
    assert_int_equal(a.body.n, 50000);
    for (size_t i = 0; i < a.body.n; i++)
        assert_int_equal(a.body.p[i], '0' + (int)(i % 10));
    client_answer_fini(&a);
    client_ask(&h, "GET /stream?n=0 HTTP/1.1" END, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body.n, 0);
    client_answer_fini(&a);
    client_ask(&h, "GET /stream?n=5000 HTTP/1.0\r\n\r\n", &a);
    assert_int_equal(a.status, 200);
    assert_true(a.closed);
    assert_int_equal(a.body.n, 50000);
    client_answer_fini(&a);
    client_ask(&h, "GET /stream?n=3&length=30 HTTP/1.1" END, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body.p, "012345678901234567890123456789");
    client_answer_fini(&a);
    // Failures after the head must not look like a whole answer (negative: cut short).
    check("GET /stream?n=3000&fail=1 HTTP/1.1" END, -200);
    check("GET /stream?n=3000&length=40000 HTTP/1.1" END, -200);
    check("GET /stream?n=3000&length=20000 HTTP/1.1" END, -200);
}

static void test_failing_source(void **state)
{
    struct answer_text a;
    int fd = client_open(&h);
    client_send(fd, "GET /broken HTTP/1.1\r\nRange: bytes=0-99" END "GET /small HTTP/1.1" END);
    client_read(fd, &a, false);
    assert_int_equal(a.status, 500);
    assert_int_equal(answer_header(&a, "ETag").n, 0);
    assert_int_equal(answer_header(&a, "Content-Range").n, 0);
    assert_non_null(strstr(a.body.p, "the disk went away"));
    client_answer_fini(&a);
    client_read(fd, &a, false);
    assert_int_equal(a.status, 200);
    client_answer_fini(&a);
    close(fd);
    check("GET /broken?late=1 HTTP/1.1" END, -200);
}

static void test_flush(void **state)
{
    struct answer_text a;
    int fd = client_open(&h), before = atomic_load(&seen.waiting);
    client_send(fd, "GET /stream?n=2&length=25&flush=1 HTTP/1.1" END);
    char got[1000] = "";
    size_t n = 0;
    while (!strstr(got, "01234567890123456789")) { // here although the handler has not ended
        ssize_t rc = recv(fd, got + n, sizeof got - 1 - n, 0);
        assert_true(rc > 0);
        n += (size_t)rc;
    }
    assert_true(wait_for(&seen.waiting, before + 1));
    assert_null(strstr(got, "after"));
    atomic_fetch_add(&seen.release, 1);
    assert_int_equal(recv(fd, got, 5, MSG_WAITALL), 5);
    assert_memory_equal(got, "after", 5);
    client_send(fd, "GET /small HTTP/1.1" END);
    client_read(fd, &a, false);
    assert_int_equal(a.status, 200);
    client_answer_fini(&a);
    close(fd);
}

static void test_expect(void **state)
{
    struct answer_text a;
    int fd = client_open(&h);
    client_send(fd, "PUT /echo HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue" END);
    client_read(fd, &a, false);
    assert_int_equal(a.status, 100);
    client_answer_fini(&a);
    client_send(fd, "abc");
    client_read(fd, &a, false);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body.p, "abc");
    client_answer_fini(&a);
    // Refused without reading: no 100, and the connection ends, for the body may come or not.
    client_send(fd, "POST /ignore HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue" END);
    client_read(fd, &a, false);
    assert_int_equal(a.status, 403);
    assert_true(sp_eq_lit(answer_header(&a, "Connection"), "close"));
    assert_int_equal(answer_header(&a, "X-Injected").n, 0);
    client_answer_fini(&a);
    assert_true(client_at_end(fd));
    close(fd);
    fd = client_open(&h);
    client_send(fd, "PUT /echo HTTP/1.1\r\nContent-Length: 1048577\r\nExpect: 100-continue" END);
    client_read(fd, &a, false);
    assert_int_equal(a.status, 413);
    client_answer_fini(&a);
    close(fd);
}

static void test_unread_body(void **state)
{
    struct answer_text a;
    int fd = client_open(&h);
    // A small unread body is thrown away and the connection goes on.
    client_send(fd, "POST /ignore HTTP/1.1\r\nContent-Length: 3" END "abcGET /small HTTP/1.1" END);
    client_read(fd, &a, false);
    assert_int_equal(a.status, 403);
    client_answer_fini(&a);
    client_read(fd, &a, false);
    assert_int_equal(a.status, 200);
    client_answer_fini(&a);
    // A large one ends it, but the answer arrives although the client is still sending.
    client_send(fd, "POST /ignore HTTP/1.1\r\nContent-Length: 100000000" END);
    char block[65536] = {0};
    for (int i = 0; i < 8; i++)
        client_send_n(fd, block, sizeof block);
    client_read(fd, &a, false);
    assert_int_equal(a.status, 403);
    assert_true(sp_eq_lit(answer_header(&a, "Connection"), "close"));
    client_answer_fini(&a);
    close(fd);
}

static void upload(bool chunked, size_t total, size_t piece)
{
    SP_AUTO_FREE char *bytes = sp_alloc(total);
    struct answer_text a;
    char line[128];
    for (size_t i = 0; i < total; i++)
        bytes[i] = (char)harness_byte(i);
    int fd = client_open(&h);
    snprintf(line, sizeof line,
             chunked ? "POST /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                     : "POST /count HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
             total);
    client_send(fd, line);
    for (size_t at = 0; at < total; at += piece) {
        size_t n = total - at < piece ? total - at : piece;
        snprintf(line, sizeof line, "%zx;x=y\r\n", n);
        if (chunked)
            client_send(fd, line);
        client_send_n(fd, bytes + at, n);
        if (chunked)
            client_send(fd, "\r\n");
    }
    if (chunked)
        client_send(fd, "0\r\nX-Sum: 1\r\n\r\n");
    client_send(fd, "GET /small HTTP/1.1" END);
    client_read(fd, &a, false);
    snprintf(line, sizeof line, "%zu 1", total);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body.p, line);
    client_answer_fini(&a);
    client_read(fd, &a, false);
    assert_string_equal(a.body.p, "hello");
    client_answer_fini(&a);
    close(fd);
}

static void test_uploads(void **state)
{
    upload(false, 1, 1);
    upload(false, 100000, 777);
    upload(false, 8 * SP_MIB, SP_MIB);
    upload(true, 1, 1);
    upload(true, 3000, 1);
    upload(true, 100000, 777);
    upload(true, 8 * SP_MIB, 3 * SP_MIB);
}

static void test_cut_upload(void **state)
{
    int fd = client_open(&h), before = atomic_load(&seen.incomplete);
    client_send(fd, "POST /count HTTP/1.1\r\nContent-Length: 10" END "abc");
    close(fd);
    assert_true(wait_for(&seen.incomplete, before + 1));
    fd = client_open(&h);
    client_send(fd, "POST /count HTTP/1.1\r\nTransfer-Encoding: chunked" END "3\r\nab");
    close(fd);
    assert_true(wait_for(&seen.incomplete, before + 2));
}

static void test_clean_headers(void **state)
{
    struct answer_text a;
    client_ask(&h, "GET /who HTTP/1.1" END, &a);
    assert_true(sp_starts(sp_buf_view(&a.head), SP_LIT("HTTP/1.1 200 Fine  X-Evil: 1\r\n")));
    assert_int_equal(answer_header(&a, "X-Evil").n, 0);
    assert_true(sp_eq_lit(answer_header(&a, "X-Odd"), "a  X-Evil: 2"));
    assert_true(sp_starts(sp_buf_view(&a.body), SP_LIT("http://h:1 127.0.0.1 /who ")));
    client_answer_fini(&a);
    // Not asked by a trusted proxy: forwarding headers are words.
    client_ask(&h, "GET /who HTTP/1.1\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https" END,
               &a);
    assert_true(sp_starts(sp_buf_view(&a.body), SP_LIT("http://h:1 127.0.0.1 /who ")));
    client_answer_fini(&a);
    client_ask(&h, "GET /who HTTP/1.0\r\n\r\n", &a);
    assert_true(sp_starts(sp_buf_view(&a.body), sp_cstr(h.url)));
    client_answer_fini(&a);
}

static int start(void **state)
{
    struct http_server_opts o = {0};
    harness_start(&h, o);
    return 0;
}

static int finish(void **state)
{
    harness_stop(&h);
    harness_cleanup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),          cmocka_unit_test(test_small),
        cmocka_unit_test(test_keep_alive),     cmocka_unit_test(test_pipelining),
        cmocka_unit_test(test_ranges),         cmocka_unit_test(test_multipart),
        cmocka_unit_test(test_head),           cmocka_unit_test(test_streams),
        cmocka_unit_test(test_expect),         cmocka_unit_test(test_flush),
        cmocka_unit_test(test_failing_source), cmocka_unit_test(test_unread_body),
        cmocka_unit_test(test_uploads),        cmocka_unit_test(test_cut_upload),
        cmocka_unit_test(test_clean_headers),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
