#include "server/opts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct sp_err err;

static int parse(struct srv_opts *o, const char *a, const char *b, const char *c, const char *d)
{
    char *argv[4];
    int n = 0;
    const char *all[] = {a, b, c, d};
    while (n < 4 && all[n]) {
        argv[n] = (char *)(uintptr_t)all[n];
        n++;
    }
    return srv_opts_parse(o, n, argv, &err);
}

static void test_defaults(void **state)
{
    struct srv_opts o = {0};
    assert_int_equal(parse(&o, "--data", "/d", NULL, NULL), 0);
    assert_string_equal(o.data, "/d");
    assert_string_equal(o.listen, "127.0.0.1:8080");
    assert_int_equal(o.limits.tree_page, 1000);
    assert_true(o.limits.lfs_object == 500 * SP_GIB);
    assert_false(o.proxy_protocol);
    srv_opts_fini(&o);
    srv_opts_fini(&o);
}

// What `serve --help` and docs/settings.md promise is what a server has that is not asked.
static void test_defaults_of_net(void **state)
{
    struct srv_opts o = {0};
    assert_int_equal(parse(&o, "--data", "/d", NULL, NULL), 0);
    assert_int_equal(o.http.header_bytes, SP_LIM_HEADERS_BYTES);
    assert_int_equal(o.http.connections, HTTP_CONNECTIONS);
    assert_int_equal(o.http.long_streams, HTTP_LONG_STREAMS);
    assert_int_equal(o.http.idle_ms, HTTP_IDLE_MS);
    assert_int_equal(o.http.head_ms, HTTP_HEAD_MS);
    assert_int_equal(o.http.send_stall_ms, HTTP_SEND_STALL_MS);
    assert_int_equal(o.http.min_rate, HTTP_MIN_RATE);
    assert_int_equal(o.http.drain_ms, HTTP_DRAIN_MS);
    assert_int_equal(o.http.body_memory, HTTP_BODY_MEMORY);
    assert_int_equal(o.http.headers_n + o.http.workers + o.http.long_per_peer + o.http.per_peer, 0);
    srv_opts_fini(&o);
}

static void test_precedence(void **state)
{
    struct srv_opts o = {0};
    setenv("SPOKE_LISTEN", ":1", 1);
    setenv("SPOKE_MAX_JSON", "7k", 1);
    assert_int_equal(parse(&o, "--data=/d", "--listen", ":2", "--proxy-protocol"), 0);
    assert_string_equal(o.listen, ":2");
    assert_int_equal(o.limits.json_body, 7000);
    assert_true(o.proxy_protocol);
    srv_opts_fini(&o);
    unsetenv("SPOKE_LISTEN");
    unsetenv("SPOKE_MAX_JSON");
}

static void refused(const char *a, const char *b, const char *c, const char *d, const char *why)
{
    struct srv_opts o = {0};
    assert_int_equal(parse(&o, a, b, c, d), SP_EUSAGE);
    if (!strstr(err.msg, why))
        fail_msg("\"%s\" does not say \"%s\"", err.msg, why);
    assert_null(o.data);
}

static void test_mistakes(void **state)
{
    refused(NULL, NULL, NULL, NULL, "no data folder");
    refused("--data", NULL, NULL, NULL, "--data needs a value");
    refused("--data", "/d", "stray", NULL, "stray");
    refused("--data", "/d", "--nonsense", NULL, "--nonsense");
    refused("--data", "/d", "--tls-cert", "c.pem", "belong together");
    refused("--data", "/d", "--max-json", "lots", "--max-json");
    refused("--data", "/d", "--tree-page", "0", "at least one");
    refused("--data", "/d", "--log-format=xml", NULL, "text or json");
    refused("--data", "/d", "--public-url", "hub.example", "is no URL");
    refused("--data", "/d", "--proxy-protocol=1", NULL, "no value");
    setenv("SPOKE_IDLE_TIMEOUT", "soon", 1);
    refused("--data", "/d", NULL, NULL, "SPOKE_IDLE_TIMEOUT");
    unsetenv("SPOKE_IDLE_TIMEOUT");
}

static void test_help_names_every_option(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    srv_opts_help(&b);
#define SRV_SETTING(field, kind, flag, env, dflt, unit, text)                                      \
    assert_non_null(strstr(b.p, "--" flag));                                                       \
    assert_non_null(strstr(b.p, env));
#include "server/settings.def"
#undef SRV_SETTING
}

static void test_words(void **state)
{
    const char *value = NULL, *words[2];
    bool on = false;
    size_t n = 0;
    const struct srv_flag flags[] = {{"value", &value, NULL}, {"on", NULL, &on}};
    char line[6][10] = {"one", "--value", "-", "--on", "--", "--two"};
    char *argv[] = {line[0], line[1], line[2], line[3], line[4], line[5]};
    assert_int_equal(srv_flags_parse(flags, 2, 6, argv, words, &n, 2, &err), 0);
    assert_int_equal(n, 2);
    assert_string_equal(words[0], "one");
    assert_string_equal(words[1], "--two");
    assert_string_equal(value, "-");
    assert_true(on);
    assert_int_equal(srv_flags_parse(flags, 2, 6, argv, words, &n, 1, &err), SP_EUSAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_defaults_of_net),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_help_names_every_option),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
