#include "net/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static bool excluded(const char *url, const char *rules)
{
    struct net_url u;
    assert_int_equal(net_url_parse(&u, sp_cstr(url), NULL), 0);
    return net_proxy_excluded(&u, sp_cstr(rules));
}

static void no_proxy_rules(void **state)
{
    assert_true(excluded("http://hub.example/", "*"));
    assert_true(excluded("http://hub.example/", "hub.example"));
    assert_true(excluded("http://hub.example/", "other, HUB.example"));
    assert_true(excluded("http://a.hub.example/", "hub.example"));
    assert_true(excluded("http://a.hub.example/", ".hub.example"));
    assert_true(excluded("http://a.hub.example/", "*.hub.example"));
    assert_true(excluded("http://hub.example:81/", "hub.example:81"));
    assert_false(excluded("http://hub.example/", "hub.example:81"));
    assert_false(excluded("http://nothub.example/", "hub.example"));
    assert_false(excluded("http://hub.example.evil/", "hub.example"));
    assert_false(excluded("http://hub.example/", ""));
    assert_false(excluded("http://hub.example/", " , ,."));
    assert_true(excluded("http://127.0.0.1/", "localhost,127.0.0.1"));
    assert_false(excluded("http://127.0.0.1/", "0.0.1"));
    assert_true(excluded("http://10.1.2.3/", "10.0.0.0/8"));
    assert_true(excluded("http://10.1.2.3:99/", "10.1.2.2/31"));
    assert_false(excluded("http://10.1.2.4/", "10.1.2.2/31"));
    assert_false(excluded("http://11.1.2.3/", "10.0.0.0/8"));
    assert_false(excluded("http://10.1.2.3/", "10.0.0.0/33"));
    assert_false(excluded("http://10.1.2.3/", "10.0.0.0/"));
    assert_true(excluded("http://[2001:db8::1]/", "2001:db8::1"));
    assert_true(excluded("http://[2001:db8::1]:5/", "[2001:db8::1]:5"));
    assert_true(excluded("http://[2001:db8::1]/", "2001:db8::/32"));
    assert_false(excluded("http://[2001:db9::1]/", "2001:db8::/32"));
}

static void expect_proxy(const char *url, const char *proxy, const char *var)
{
    struct net_url u;
    const char *got_var = "";
    assert_int_equal(net_url_parse(&u, sp_cstr(url), NULL), 0);
    assert_string_equal(net_proxy_for(&u, &got_var), proxy);
    assert_string_equal(got_var, var);
}

static void environment(void **state)
{
    static const char *const all[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                      "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    for (size_t i = 0; i < 8; i++)
        unsetenv(all[i]);
    expect_proxy("http://h/", "", "");
    setenv("ALL_PROXY", "http://all:1", 1);
    expect_proxy("http://h/", "http://all:1", "ALL_PROXY");
    setenv("HTTP_PROXY", "http://up:1", 1);
    expect_proxy("http://h/", "http://up:1", "HTTP_PROXY");
    expect_proxy("https://h/", "http://all:1", "ALL_PROXY");
    setenv("http_proxy", "http://low:1", 1);
    expect_proxy("http://h/", "http://low:1", "http_proxy");
    setenv("http_proxy", "", 1); // empty = unset
    expect_proxy("http://h/", "http://up:1", "HTTP_PROXY");
    setenv("HTTPS_PROXY", "http://s:1", 1);
    expect_proxy("HTTPS://h/", "http://s:1", "HTTPS_PROXY");
    setenv("NO_PROXY", "h", 1);
    expect_proxy("https://h/", "", "");
    setenv("no_proxy", "other", 1);
    expect_proxy("https://h/", "http://s:1", "HTTPS_PROXY");
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(no_proxy_rules),
        cmocka_unit_test(environment),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
