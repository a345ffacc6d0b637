#include "net/http_parse.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct http_head_limits limits = {.bytes = 4096, .target_bytes = 1024, .headers_n = 8};

// Gives the head in pieces of `step` bytes, as a slow network does. The status that would be
// answered: 200 = accepted, 0 = not complete.
static int status_of(sp_str raw, size_t step, struct http_head *out)
{
    struct http_header headers[8];
    struct http_head h = {0};
    size_t scan = 0;
    for (size_t n = step < raw.n ? step : raw.n;; n = n + step < raw.n ? n + step : raw.n) {
        int status = 0;
        struct sp_err err = {0};
        ssize_t rc = http_head_parse(&h, headers, &limits, sp_sub(raw, 0, n), &scan, &status, &err);
        if (rc < 0) {
            assert_int_equal(rc, SP_EFORMAT);
            assert_true(err.msg[0]);
            assert_true(status >= 400);
            return status;
        }
        if (rc > 0) {
            assert_true((size_t)rc <= n);
            if (out)
                *out = h;
            return 200;
        }
        if (n == raw.n)
            return 0;
    }
}

static const struct {
    const char *name;
    int want;
    const char *raw;
    size_t n;
    bool body;
} cases[] = {
#define HTTP_CASE(name, ours, nginx, raw) {name, ours, raw, sizeof raw - 1, false},
#define HTTP_BODY(name, ours, nginx, raw) {name, ours, raw, sizeof raw - 1, true},
#include "net/http_cases.def"
#undef HTTP_CASE
#undef HTTP_BODY
};

static void test_table(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        // A body case has a good head; a length above the route's limit is the server's business.
        int want = cases[i].body || cases[i].want == 413 ? 200 : cases[i].want;
        sp_str raw = sp_str_of(cases[i].raw, cases[i].n);
        for (size_t step = 1; step <= raw.n; step = step < 8 ? step + 1 : step * 3) {
            int got = status_of(raw, step, NULL);
            if (got != want)
                fail_msg("%s in steps of %zu: %d instead of %d", cases[i].name, step, got, want);
        }
        assert_int_equal(status_of(raw, raw.n, NULL), want);
    }
}

static void test_fields(void **state)
{
    struct http_head h;
    assert_int_equal(
        status_of(SP_LIT("PUT /a%2Fb/c?x=1&y HTTP/1.1\r\nHost: h:80\r\nContent-Length: 12\r\n"
                         "Expect: 100-Continue\r\nConnection: x, Close\r\n\r\n"),
                  1000, &h),
        200);
    assert_int_equal(h.method, HTTP_PUT);
    assert_true(sp_eq_lit(h.path, "/a%2Fb/c"));
    assert_true(sp_eq_lit(h.query, "x=1&y"));
    assert_true(sp_eq_lit(h.host, "h:80"));
    assert_int_equal(h.content_length, 12);
    assert_true(h.expect_continue);
    assert_false(h.keep_alive);
    assert_int_equal(h.headers_n, 4);

    assert_int_equal(status_of(SP_LIT("GET http://H?q HTTP/1.1\r\nHost: h\r\n\r\n"), 1000, &h),
                     200);
    assert_true(sp_eq_lit(h.path, "/"));
    assert_true(sp_eq_lit(h.query, "q"));
    assert_true(h.keep_alive);

    assert_int_equal(status_of(SP_LIT("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 9, &h),
                     200);
    assert_true(h.keep_alive);
    assert_int_equal(h.host.n, 0);

    assert_int_equal(
        status_of(SP_LIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 5,
                  &h),
        200);
    assert_int_equal(h.content_length, -1);

    assert_int_equal(status_of(SP_LIT("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 5, &h), 200);
    assert_true(sp_eq_lit(h.path, "*"));
}

static void test_limits(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_cstr(&b, "GET /");
    for (int i = 0; i < 1100; i++)
        sp_buf_ch(&b, 'a');
    assert_int_equal(status_of(sp_buf_view(&b), b.n, NULL),
                     414); // also before the line is complete
    sp_buf_cstr(&b, " HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(status_of(sp_buf_view(&b), b.n, NULL), 414);

    sp_buf_reset(&b);
    sp_buf_cstr(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 7; i++)
        sp_buf_printf(&b, "X-%d: y\r\n", i);
    size_t eight = b.n;
    sp_buf_cstr(&b, "\r\n");
    assert_int_equal(status_of(sp_buf_view(&b), b.n, NULL), 200);
    sp_buf_cut(&b, eight);
    sp_buf_cstr(&b, "X-8: y\r\n\r\n");
    assert_int_equal(status_of(sp_buf_view(&b), b.n, NULL), 431);

    sp_buf_reset(&b);
    sp_buf_cstr(&b, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    while (b.n < 4200)
        sp_buf_ch(&b, 'a');
    assert_int_equal(status_of(sp_buf_view(&b), b.n, NULL), 431); // before it is complete
    assert_int_equal(status_of(sp_str_of(b.p, 4000), 100, NULL), 0);
}

static void test_pipelined(void **state)
{
    sp_str two = SP_LIT("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_header headers[8];
    struct http_head h;
    size_t scan = 0;
    int status = 0;
    ssize_t n = http_head_parse(&h, headers, &limits, two, &scan, &status, NULL);
    assert_int_equal(n, two.n / 2);
    assert_true(sp_eq_lit(h.path, "/1"));
    scan = 0;
    n = http_head_parse(&h, headers, &limits, sp_from(two, (size_t)n), &scan, &status, NULL);
    assert_int_equal(n, two.n / 2);
    assert_true(sp_eq_lit(h.path, "/2"));
}

static void test_hosts(void **state)
{
    static const char *const good[] = {"a", "A-b.c_d", "127.0.0.1:8080", "[::1]",
                                       "[fe80::1]:65535"};
    static const char *const bad[] = {"",    "a:",   ":80",  "a:0",      "a:65536",  "a:8x",
                                      "a b", "[::1", "[]",   "[::1]x",   "[::1]:",   "[g::1]",
                                      "a,b", "a@b",  "a\"b", "\303\251", "[::1%25e]"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(http_host_valid(sp_cstr(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (http_host_valid(sp_cstr(bad[i])))
            fail_msg("host \"%s\" was accepted", bad[i]);
}

static void test_chunk_sizes(void **state)
{
    static const struct {
        const char *line;
        bool ok;
        uint64_t size;
    } rows[] = {
        {"0", true, 0},
        {"a", true, 10},
        {"FF", true, 255},
        {"0001;x=\"y\"", true, 1},
        {"", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x1", false, 0},
        {"g", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {"1\t", false, 0},
        {"1;\001", false, 0},
        {"1\r", false, 0},
        {"1,2", false, 0},
        {"1_0", false, 0},
        {"fffffffffffffff", true, 0xfffffffffffffffU},
        {"ffffffffffffffff", false, 0},
        {"0000000000000001", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t size = 77;
        if (http_chunk_size_parse(sp_cstr(rows[i].line), &size) != rows[i].ok)
            fail_msg("chunk size \"%s\"", rows[i].line);
        assert_int_equal(size, rows[i].ok ? rows[i].size : 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),  cmocka_unit_test(test_fields),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_hosts),  cmocka_unit_test(test_chunk_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
