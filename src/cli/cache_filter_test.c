#include "cli/cache_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define DAY_MS ((int64_t)86400000)
static const int64_t now = 1000 * DAY_MS;
static const struct cli_cache_item item = {
    .type = "model",
    .name = "a/b",
    .size = 1500000000,
    .accessed_ms = 990 * DAY_MS, // ten days ago
    .modified_ms = 900 * DAY_MS,
    .refs = "main\nrefs/pr/1",
};

static void rules(void **state)
{
    const struct {
        const char *filter;
        int want;
    } t[] = {
        {"size>1GB", 1},      {"size<1GB", 0},       {"size>=1.5GB", 1},  {"size=1500000000", 1},
        {"size!=1.5G", 0},    {"size > 1GiB", 1},    {"accessed>7d", 1},  {"accessed<7d", 0},
        {"accessed<=10d", 1}, {"accessed>2w", 0},    {"modified>3mo", 1}, {"modified>1y", 0},
        {"refs=main", 1},     {"refs=refs/pr/1", 1}, {"refs=mai", 0},     {"refs!=main", 0},
        {"refs!=v1", 1},      {"type=model", 1},     {"type=dataset", 0}, {"type!=dataset", 1},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct sp_err err = {0};
        if (cli_cache_filter(t[i].filter, &item, now, &err) != t[i].want)
            fail_msg("%s is not %d: %s", t[i].filter, t[i].want, err.msg);
    }
    const char *bad[] = {"",         "size",          "size>",     ">1GB",
                         "size>big", "accessed>soon", "refs>main", "type<model",
                         "name=a",   "size=>1",       "size!1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sp_err err = {0};
        assert_int_equal(cli_cache_filter(bad[i], &item, now, &err), SP_EUSAGE);
        assert_true(err.hint[0] != 0);
    }
}

static void no_refs(void **state)
{
    struct cli_cache_item detached = item;
    detached.refs = "";
    assert_int_equal(cli_cache_filter("refs=main", &detached, now, NULL), 0);
    assert_int_equal(cli_cache_filter("refs!=main", &detached, now, NULL), 1);
}

static void orders(void **state)
{
    struct cli_cache_order o = {0};
    struct cli_cache_item small = item, other = item;
    small.size = 1;
    other.name = "a/c";
    assert_int_equal(cli_cache_order_parse(&o, "size", NULL), 0);
    assert_true(cli_cache_order_cmp(&o, &item, &small) < 0); // the largest first
    assert_int_equal(cli_cache_order_parse(&o, "size:asc", NULL), 0);
    assert_true(cli_cache_order_cmp(&o, &item, &small) > 0);
    assert_true(cli_cache_order_cmp(&o, &item, &other) < 0); // equal sizes: by name
    assert_int_equal(cli_cache_order_parse(&o, "name", NULL), 0);
    assert_true(cli_cache_order_cmp(&o, &item, &other) < 0);
    assert_int_equal(cli_cache_order_parse(&o, "name:desc", NULL), 0);
    assert_true(cli_cache_order_cmp(&o, &item, &other) > 0);
    assert_int_equal(cli_cache_order_cmp(&o, &item, &item), 0);
    const char *bad[] = {"", "color", "size:up", "size:", ":asc"};
    for (size_t i = 0; i < 5; i++) {
        struct sp_err err = {0};
        assert_int_equal(cli_cache_order_parse(&o, bad[i], &err), SP_EUSAGE);
    }
}

int main(void)
{
    const struct CMUnitTest t[] = {cmocka_unit_test(rules), cmocka_unit_test(no_refs),
                                   cmocka_unit_test(orders)};
    return cmocka_run_group_tests_name("cli/cache_filter", t, NULL, NULL);
}
