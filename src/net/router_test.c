#include "net/http.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static int nothing(struct http_req *q, struct sp_err *err)
{
    return 0;
}
#define R(m, pattern) {m, pattern, nothing, 0, 0, pattern, ""}

static const struct http_route rows[] = {
    R(HTTP_GET, "/"),
    R(HTTP_GET, "/api/whoami-v2"),
    R(HTTP_POST, "/api/repos/create"),
    R(HTTP_GET, "/api/{kind:models|datasets|spaces}"),
    R(HTTP_GET, "/api/{kind:models|datasets|spaces}/{name}"),
    R(HTTP_GET, "/api/{kind:models|datasets|spaces}/{ns}/{name}"),
    R(HTTP_GET, "/api/{kind:models|datasets|spaces}/{ns}/{name}/tree/{rev}/{path*}"),
    R(HTTP_PUT, "/api/{kind:models|datasets|spaces}/{ns}/{repo}/settings"),
    R(HTTP_GET | HTTP_HEAD, "/{ns}/{name}/resolve/{rev}/{path*}"),
    R(HTTP_GET | HTTP_HEAD, "/{kind:datasets|spaces}/{ns}/{name}/resolve/{rev}/{path*}"),
    R(HTTP_POST, "/{ns}/{name}.git/info/lfs/objects/batch"),
    R(HTTP_GET, "/{ns}/{name.git}"),
    R(HTTP_GET, "/{ns}/{name}"),
    R(HTTP_DELETE, "/{ns}/settled"),
    R(HTTP_GET, "/api/spaces/semantic-search"),
    R(HTTP_GET, "/api/spaces/zero-gpu/quota"),
};

struct fixture {
    struct http_router *r;
    struct sp_arena arena;
    struct http_req q;
};
static struct fixture f;

static int match(enum http_method m, const char *path, unsigned *allow)
{
    unsigned none;
    sp_arena_reset(&f.arena);
    f.q = (struct http_req){.arena = &f.arena, .method = m, .path = sp_cstr(path)};
    return http_router_match(f.r, &f.q, allow ? allow : &none, NULL);
}

static void is(enum http_method m, const char *path, const char *pattern, const char *params)
{
    int rc = match(m, path, NULL);
    if (rc < 0 || strcmp(f.q.route->pattern, pattern) != 0)
        fail_msg("%s → %d %s instead of %s", path, rc, rc < 0 ? "-" : f.q.route->pattern, pattern);
    SP_AUTO_BUF struct sp_buf b = {0};
    for (size_t i = 0; i < f.q.params_n; i++)
        sp_buf_printf(&b, "%s%.*s=%.*s", i ? " " : "", SP_FMT(f.q.params[i].name),
                      SP_FMT(f.q.params[i].value));
    assert_string_equal(b.n ? b.p : "", params);
}

static void test_matches(void **state)
{
    is(HTTP_GET, "/", "/", "");
    is(HTTP_GET, "/api/whoami-v2", "/api/whoami-v2", "");
    is(HTTP_GET, "/api/models", rows[3].pattern, "kind=models");
    is(HTTP_GET, "/api/models/gpt2", rows[4].pattern, "kind=models name=gpt2");
    is(HTTP_GET, "/api/datasets/a/b", rows[5].pattern, "kind=datasets ns=a name=b");
    is(HTTP_GET, "/api/spaces/a/b/tree/refs%2Fpr%2F1/x%2Fy/z", rows[6].pattern,
       "kind=spaces ns=a name=b rev=refs/pr/1 path=x/y/z");
    is(HTTP_GET, "/api/models/a/b/tree/main/", rows[6].pattern,
       "kind=models ns=a name=b rev=main path=");
    is(HTTP_GET, "/api/models/a/b/tree/main", rows[6].pattern,
       "kind=models ns=a name=b rev=main path=");
    is(HTTP_PUT, "/api/models/a/b/settings", rows[7].pattern, "kind=models ns=a repo=b");
    is(HTTP_HEAD, "/a/b/resolve/main/%C3%A9%20x", rows[8].pattern, "ns=a name=b rev=main path=é x");
    is(HTTP_GET, "/datasets/a/b/resolve/main/f", rows[9].pattern,
       "kind=datasets ns=a name=b rev=main path=f");
    is(HTTP_POST, "/a/b.git/info/lfs/objects/batch", rows[10].pattern, "ns=a name=b");
    is(HTTP_GET, "/a/b.git", rows[11].pattern, "ns=a name=b");
    is(HTTP_GET, "/a/.git", rows[12].pattern,
       "ns=a name=.git"); // nothing would be left of the name
    is(HTTP_GET, "/a/b", rows[12].pattern, "ns=a name=b");
}

static void test_backtracking(void **state)
{
    // "datasets" as a namespace: the literal edge leads nowhere, the parameter does.
    is(HTTP_GET, "/datasets/b", rows[12].pattern, "ns=datasets name=b");
    is(HTTP_GET, "/datasets/b/resolve/main/f", rows[8].pattern,
       "ns=datasets name=b rev=main path=f");
    // A plain literal wins over the same word in a list, wherever its row stands.
    is(HTTP_GET, "/api/spaces/semantic-search", rows[14].pattern, "");
    is(HTTP_GET, "/api/spaces/zero-gpu/quota", rows[15].pattern, "");
    is(HTTP_GET, "/api/spaces/zero-gpu/other", rows[5].pattern,
       "kind=spaces ns=zero-gpu name=other");
    // The literal has the path for another method only.
    is(HTTP_GET, "/a/settled", rows[12].pattern, "ns=a name=settled");
    is(HTTP_DELETE, "/a/settled", rows[13].pattern, "ns=a");
}

static void test_refusals(void **state)
{
    unsigned allow = 0;
    assert_int_equal(match(HTTP_GET, "/api/nothing/a/b/c", NULL), SP_ENOROUTE);
    assert_int_equal(match(HTTP_GET, "/a", NULL), SP_ENOROUTE);
    assert_int_equal(match(HTTP_GET, "/a/", NULL), SP_ENOROUTE);
    assert_int_equal(match(HTTP_GET, "//a", NULL), SP_ENOROUTE);
    assert_int_equal(match(HTTP_GET, "/a/b/", NULL), SP_ENOROUTE);
    assert_int_equal(match(HTTP_POST, "/a/b/resolve/main/f", &allow), SP_EMETHOD);
    assert_int_equal(allow, HTTP_GET | HTTP_HEAD);
    assert_int_equal(match(HTTP_PATCH, "/a/settled", &allow), SP_EMETHOD);
    assert_int_equal(allow, HTTP_GET | HTTP_DELETE);
    static const char *const bad[] = {
        "/a/b/resolve/main/../x",
        "/a/b/resolve/main/..",
        "/a/b/resolve/main/%2e%2e/x",
        "/a/b/resolve/main/x%2F..",
        "/a/b/resolve/main/x%2F%2E%2E%2Fy",
        "/../b",
        "/a/%2e",
        "/a/b/resolve/%00/f",
        "/a/b/resolve/main/%ff",
        "/a/b/resolve/main/%0a",
        "/a/%zz",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (match(HTTP_GET, bad[i], NULL) != SP_EFORMAT)
            fail_msg("%s was not refused", bad[i]);
    is(HTTP_GET, "/a/b/resolve/a..b/...x", rows[8].pattern, "ns=a name=b rev=a..b path=...x");
}

static void test_bad_tables(void **state)
{
    static const struct http_route same[] = {R(HTTP_GET, "/{a}/x"),
                                             R(HTTP_GET | HTTP_PUT, "/{b}/x")};
    static const struct http_route rest[] = {R(HTTP_GET, "/{a*}/x")};
    static const struct http_route open[] = {R(HTTP_GET, "/{a/x")};
    static const struct http_route relative[] = {R(HTTP_GET, "x")};
    struct http_router *r = NULL;
    struct sp_err err = {0};
    assert_int_equal(http_router_new(&r, same, 2, &err), SP_EINVALID);
    assert_non_null(strstr(err.msg, "/{b}/x"));
    assert_int_equal(http_router_new(&r, rest, 1, &err), SP_EINVALID);
    assert_int_equal(http_router_new(&r, open, 1, &err), SP_EINVALID);
    assert_int_equal(http_router_new(&r, relative, 1, &err), SP_EINVALID);
    assert_null(r);
}

static void test_query(void **state)
{
    sp_str v;
    f.q = (struct http_req){
        .arena = &f.arena,
        .query = SP_LIT("a=1&expand[]=x&expand=y+z&e=&expand%5B%5D=%2Bq&bad=%zz&nul=%00&f")};
    assert_true(http_query(&f.q, "a", &v));
    assert_true(sp_eq_lit(v, "1"));
    assert_true(http_query(&f.q, "expand", &v));
    assert_true(sp_eq_lit(v, "x"));
    assert_true(http_query_at(&f.q, "expand", 1, &v));
    assert_true(sp_eq_lit(v, "y z"));
    assert_true(http_query_at(&f.q, "expand", 2, &v));
    assert_true(sp_eq_lit(v, "+q"));
    assert_false(http_query_at(&f.q, "expand", 3, &v));
    assert_true(http_query(&f.q, "e", &v));
    assert_int_equal(v.n, 0);
    assert_true(http_query(&f.q, "f", &v));
    assert_false(http_query(&f.q, "bad", &v));
    assert_false(http_query(&f.q, "nul", &v));
    assert_false(http_query(&f.q, "A", &v));
    assert_true(http_form_at(&f.q, SP_LIT("paths=a&paths=b%20c&expand=True"), "paths", 1, &v));
    assert_true(sp_eq_lit(v, "b c"));
    assert_false(http_form_at(&f.q, (sp_str){0}, "paths", 0, &v));
    sp_str rest = SP_LIT("a=1&&=x&b=%41"), name, value;
    assert_true(http_form_next(&f.q, &rest, &name, &value));
    assert_true(http_form_next(&f.q, &rest, &name, &value));
    assert_true(sp_eq_lit(name, "b") && sp_eq_lit(value, "A"));
    assert_false(http_form_next(&f.q, &rest, &name, &value));
}

static int setup(void **state)
{
    struct sp_err err = {0};
    int rc = http_router_new(&f.r, rows, sizeof rows / sizeof *rows, &err);
    if (rc < 0)
        print_error("%s\n", err.msg);
    return rc;
}

static int teardown(void **state)
{
    http_router_free(f.r);
    sp_arena_fini(&f.arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),  cmocka_unit_test(test_backtracking),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_bad_tables),
        cmocka_unit_test(test_query),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
