#include "server/names.h"
#include "server/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct http_route rows[SRV_ROUTES_MAX];
static size_t rows_n;
static struct http_router *router;
static struct srv_limits limits = {
    .json_body = 1, .preupload_body = 2, .commit_body = 3, .lfs_object = 4};

static int begin(void **state)
{
    struct sp_err err = {0};
    rows_n = srv_routes(rows, &limits);
    if (http_router_new(&router, rows, rows_n, &err) < 0)
        fail_msg("%s", err.msg);
    return 0;
}

static int end(void **state)
{
    http_router_free(router);
    return 0;
}

static const char *match(struct sp_arena *a, struct http_req *q, enum http_method method,
                         const char *path)
{
    unsigned allow = 0;
    *q = (struct http_req){.arena = a, .method = method};
    q->path = sp_cstr(path);
    if (http_router_match(router, q, &allow, NULL) < 0)
        return "";
    return q->route->name;
}

static void test_rows_are_complete(void **state)
{
    assert_true(rows_n > 50);
    for (size_t i = 0; i < rows_n; i++) {
        const struct http_route *r = &rows[i];
        assert_non_null(r->handler);
        assert_true(r->methods != 0 && r->pattern[0] == '/');
        // What is a repository's is never open to everybody, and the other way round.
        bool repo = strstr(r->pattern, "{ns}") || strstr(r->pattern, "{name");
        bool asks = r->permission == SRV_REPO_READ || r->permission == SRV_REPO_WRITE ||
                    r->permission == SRV_REPO_ADMIN || r->permission == SRV_SIGNED;
        if (repo != asks && !(asks && r->permission == SRV_SIGNED))
            fail_msg("%s: permission %d does not fit the pattern", r->pattern, r->permission);
        if (r->methods & (HTTP_POST | HTTP_PUT) && r->permission != SRV_ANY)
            assert_true(r->body_max > 0);
        // Whoever changes something must be known.
        if (r->methods & (HTTP_POST | HTTP_PUT | HTTP_DELETE) && r->permission == SRV_ANY)
            assert_non_null(srv_later_text(r));
    }
}

static void test_parameters(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct http_req q;
    assert_string_equal(match(&a, &q, HTTP_GET, "/api/datasets/bob/d/revision/refs%2Fpr%2F1"),
                        "srv_info_get");
    assert_true(sp_eq_lit(http_param(&q, "kind"), "datasets"));
    assert_true(sp_eq_lit(http_param(&q, "ns"), "bob"));
    assert_true(sp_eq_lit(http_param(&q, "name"), "d"));
    assert_true(sp_eq_lit(http_param(&q, "rev"), "refs/pr/1"));
    assert_string_equal(match(&a, &q, HTTP_GET, "/api/models/gpt2"), "srv_info_get");
    assert_int_equal(http_param(&q, "ns").n, 0);
    assert_string_equal(match(&a, &q, HTTP_GET, "/api/models"), "srv_list_get");
    assert_string_equal(match(&a, &q, HTTP_GET, "/api/kernels/a/b"), "srv_later_answer");
    assert_string_equal(match(&a, &q, HTTP_GET, "/bob/m.git/info/refs"), "srv_later_answer");
    assert_string_equal(match(&a, &q, HTTP_GET, "/datasets/bob/d.git/info/refs"),
                        "srv_later_answer");
    assert_string_equal(match(&a, &q, HTTP_POST, "/api/spaces/bob/s/restart"), "srv_later_answer");
    assert_string_equal(match(&a, &q, HTTP_POST, "/api/models/bob/s/restart"), "");
    assert_string_equal(match(&a, &q, HTTP_GET, "/api/nothing/at/all"), "");
}

static void test_later_texts(void **state)
{
    size_t later = 0;
    for (size_t i = 0; i < rows_n; i++) {
        const char *text = srv_later_text(&rows[i]);
        assert_int_equal(text != NULL, strcmp(rows[i].name, "srv_later_answer") == 0);
        if (!text)
            continue;
        later++;
        assert_true(strlen(text) > 10 && strlen(text) < 200);
        if (strstr(rows[i].pattern, "xet-"))
            assert_non_null(strstr(text, "HF_HUB_DISABLE_XET=1"));
    }
    assert_true(later > 30);
}

static void test_print(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    SP_AUTO_BUF struct sp_buf text = {0}, json = {0};
    struct sp_json *v;
    srv_routes_print(&text, &limits, false);
    srv_routes_print(&json, &limits, true);
    assert_int_equal(sp_json_parse(&v, sp_buf_view(&json), &a, NULL), 0);
    assert_int_equal(v->n, rows_n);
    sp_str rest = sp_buf_view(&text), line, cell;
    size_t lines = 0;
    while (rest.n && sp_split(&rest, '\n', &line) && line.n) {
        size_t cells = 0;
        while (sp_split(&line, '\t', &cell))
            cells++;
        assert_int_equal(cells, 6);
        lines++;
    }
    assert_int_equal(lines, rows_n);
    assert_non_null(strstr(
        text.p, "POST\t/api/repos/create\tsrv_repo_create\tUSER_WRITE\t1\thf 2.4 create_repo\n"));
}

static void test_names(void **state)
{
    const char *good[] = {"a", "A-b_c.d", "__DUMMY_HUB_USER__", "0", "x-y"};
    const char *bad[] = {"",      "-a",  "a-",  ".a",       "a.",  "a--b", "a..b", "a.git",
                         "a.GIT", "a/b", "a b", "\xc3\xa9", "a\n", "..",   "a%2fb"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(srv_name_check(sp_cstr(good[i]), "name", NULL), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(srv_name_check(sp_cstr(bad[i]), "name", NULL), SP_EINVALID);
    char longest[98];
    memset(longest, 'x', 97);
    longest[97] = 0;
    assert_int_equal(srv_name_check(sp_cstr(longest), "name", NULL), SP_EINVALID);
    longest[96] = 0;
    assert_int_equal(srv_name_check(sp_cstr(longest), "name", NULL), 0);
    assert_int_equal(srv_name_check(sp_str_of("a\0b", 3), "name", NULL), SP_EINVALID);
    assert_int_equal(srv_user_name_check(SP_LIT("alice"), NULL), 0);
    assert_int_equal(srv_user_name_check(SP_LIT("API"), NULL), SP_EINVALID);
    // Every first segment of a path is a name that no user may have.
    for (size_t i = 0; i < rows_n; i++) {
        sp_str first, rest = sp_from(sp_cstr(rows[i].pattern), 1);
        first = sp_cut(rest, '/', &rest);
        if (first.n && first.p[0] != '{' && srv_user_name_check(first, NULL) == 0)
            fail_msg("a user could be called like the path %s", rows[i].pattern);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_complete),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_later_texts),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
