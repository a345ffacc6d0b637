#include "net/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct net_url good(const char *text)
{
    struct net_url u;
    struct sp_err err = {0};
    int rc = net_url_parse(&u, sp_cstr(text), &err);
    if (rc < 0)
        fail_msg("%s: %s", text, err.msg);
    return u;
}

static void assert_str(sp_str s, const char *want)
{
    if (!sp_eq(s, sp_cstr(want)))
        fail_msg("\"%.*s\" is not \"%s\"", SP_FMT(s), want);
}

static void parse_splits(void **state)
{
    struct net_url u = good("HTTPS://Hub.Example:8443/a/b%2Fc?x=1&y=/?#frag");
    assert_str(u.scheme, "HTTPS");
    assert_str(u.host, "Hub.Example");
    assert_int_equal(u.port, 8443);
    assert_str(u.path, "/a/b%2Fc");
    assert_str(u.query, "x=1&y=/?");
    u = good("http://h");
    assert_int_equal(u.port, 80);
    assert_int_equal(u.path.n, 0);
    assert_int_equal(u.query.n, 0);
    assert_int_equal(good("https://h:").port, 443);
    assert_int_equal(good("https://h?q=1").port, 443);
    assert_str(good("https://h?q=1").query, "q=1");
    u = good("http://[2001:db8::1]:81/x");
    assert_str(u.host, "[2001:db8::1]");
    assert_int_equal(u.port, 81);
    assert_str(u.path, "/x");
    assert_int_equal(good("http://[::1]").port, 80);
    assert_str(good("http://127.0.0.1:5/").host, "127.0.0.1");
}

static void parse_refuses(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "/x",
        "//h/x",
        "ftp://h/",
        "file:///etc/passwd",
        "http:/h",
        "http:h",
        "http://",
        "http:///x",
        "http://user@h/",
        "http://user:pw@h/",
        "http://h@evil/",
        "http://h:0/",
        "http://h:65536/",
        "http://h:99999999999999999999/",
        "http://h:8x/",
        "http://h:-1/",
        "http://h:80:90/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[]/",
        "http://[fe80::1%25eth0]/",
        "http://[1.2.3.4]/",
        "http://[zz::]/",
        "http://::1/",
        "http://h h/",
        "http://h\t/",
        "http://h/\r\nX: y",
        "http://h/a b",
        "http://h\\x/",
        "http://h/\x7f",
        "http://h/\xc3\xa9",
        "http://.h/",
        "http://a..b/",
        "http://-h/",
        "http://h%2fx/",
        "http://h*x/",
        "httpss://h/",
        " http://h/",
        "http://\xff/",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct net_url u = {.port = 77};
        struct sp_err err = {0};
        if (net_url_parse(&u, sp_cstr(bad[i]), &err) >= 0)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(u.port, 77); // outputs are written on success only
        assert_int_equal(err.code, SP_EFORMAT);
        assert_true(err.msg[0] != 0);
    }
    struct net_url u;
    assert_int_equal(net_url_parse(&u, sp_str_of("http://h/\0x", 11), NULL), SP_EFORMAT);
}

static void parse_bounds_length(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_cstr(&b, "http://h/");
    while (b.n < SP_LIM_URL_BYTES)
        sp_buf_ch(&b, 'a');
    struct net_url u;
    assert_int_equal(net_url_parse(&u, sp_buf_view(&b), NULL), 0);
    sp_buf_ch(&b, 'a');
    assert_int_equal(net_url_parse(&u, sp_buf_view(&b), NULL), SP_ETOOBIG);
    SP_AUTO_BUF struct sp_buf host = {0};
    sp_buf_cstr(&host, "http://");
    for (int i = 0; i < 256; i++)
        sp_buf_ch(&host, 'h');
    assert_int_equal(net_url_parse(&u, sp_buf_view(&host), NULL), SP_EFORMAT);
}

static void origins(void **state)
{
    assert_true(net_url_same_origin(SP_LIT("http://h/a"), SP_LIT("HTTP://H:80/b?c")));
    assert_true(net_url_same_origin(SP_LIT("https://h"), SP_LIT("https://h:443/")));
    assert_false(net_url_same_origin(SP_LIT("http://h/"), SP_LIT("https://h/")));
    assert_false(net_url_same_origin(SP_LIT("http://h/"), SP_LIT("http://h:81/")));
    assert_false(net_url_same_origin(SP_LIT("http://h/"), SP_LIT("http://h.evil/")));
    assert_false(net_url_same_origin(SP_LIT("http://h/"), SP_LIT("http://sub.h/")));
    assert_false(net_url_same_origin(SP_LIT("http://h/"), SP_LIT("http://h@evil/")));
    assert_false(net_url_same_origin(SP_LIT("x"), SP_LIT("x")));
}

static void resolves(const char *base, const char *ref, const char *want)
{
    SP_AUTO_FREE char *got = NULL;
    struct sp_err err = {0};
    if (net_url_resolve(&got, sp_cstr(base), sp_cstr(ref), &err) < 0)
        fail_msg("%s + %s: %s", base, ref, err.msg);
    if (strcmp(got, want) != 0)
        fail_msg("%s + %s = %s, not %s", base, ref, got, want);
}

// RFC 3986 §5.4.1 and §5.4.2, all but the ones whose result is no http URL.
static void resolve_rfc_examples(void **state)
{
    static const char *const table[][2] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y#s"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g#s/./x", "http://a/b/c/g#s/./x"},
        {"g#s/../x", "http://a/b/c/g#s/../x"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        resolves("http://a/b/c/d;p?q", table[i][0], table[i][1]);
}

static void resolve_more(void **state)
{
    resolves("http://a", "g", "http://a/g");
    resolves("http://a", "?x", "http://a?x");
    resolves("http://a:8080/p/q", "/x", "http://a:8080/x");
    resolves("https://a/x", "//b:1/y", "https://b:1/y");
    resolves("https://a/x", "http://b", "http://b");
    resolves("http://a/", " /x y ", "http://a/x%20y");
    resolves("http://a/", "/\xc3\xa9", "http://a/%C3%A9");
    resolves("http://a/b//c", "../d", "http://a/b/d");
    resolves("http://a/b", "c//..//d", "http://a/c//d");
}

static void resolve_refuses(void **state)
{
    static const char *const bad[] = {"g:h",    "http:g",      "ftp://h/x", "javascript:alert(1)",
                                      "//u@h/", "http://h:0/", "/a\x01",    "file:///etc/passwd",
                                      "//",     "http://"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *got = NULL;
        if (net_url_resolve(&got, SP_LIT("http://a/b"), sp_cstr(bad[i]), NULL) >= 0)
            fail_msg("accepted %s as %s", bad[i], got);
        assert_null(got);
    }
    char *got = NULL;
    assert_true(net_url_resolve(&got, SP_LIT("a/b"), SP_LIT("c"), NULL) < 0);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(parse_splits),         cmocka_unit_test(parse_refuses),
        cmocka_unit_test(parse_bounds_length),  cmocka_unit_test(origins),
        cmocka_unit_test(resolve_rfc_examples), cmocka_unit_test(resolve_more),
        cmocka_unit_test(resolve_refuses),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
