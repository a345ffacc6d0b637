#include "hub/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void ids(void **state)
{
    static const char *const good[] = {"gpt2", "bob/r", "a/b", "A_1/x.y-z", "_x/y_", "a.b/c.d"};
    static const char *const bad[] = {
        "",     "/",      "a/",     "/a",      "a/b/c",      "a b",   "a/..",  "../a",
        "a--b", "a/b--c", "a..b/c", "a/b.git", "-a/b",       "a/-b",  "a/b.",  "a/b-",
        ".a/b", "a/b\n",  "a/b%2e", "a\\b",    "\xc3\xa9/b", "a/b?x", "a:b/c",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(hub_repo_id_check(sp_cstr(good[i]), NULL), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (hub_repo_id_check(sp_cstr(bad[i]), NULL) != SP_EINVALID)
            fail_msg("accepted \"%s\"", bad[i]);
    assert_int_equal(hub_repo_id_check(sp_str_of("a/b\0c", 5), NULL), SP_EINVALID);
    char longest[SP_LIM_REPO_PART_CHARS + 2];
    memset(longest, 'a', sizeof longest);
    assert_int_equal(hub_repo_id_check(sp_str_of(longest, SP_LIM_REPO_PART_CHARS), NULL), 0);
    assert_int_equal(hub_repo_id_check(sp_str_of(longest, SP_LIM_REPO_PART_CHARS + 1), NULL),
                     SP_EINVALID);
    struct sp_err err = {0};
    hub_repo_id_check(SP_LIT("a/b/c"), &err);
    assert_non_null(strstr(err.msg, "Repo id must be in the form 'repo_name' or "
                                    "'namespace/repo_name': 'a/b/c'"));
}

static void form(const char *text, enum hub_type type, const char *id, const char *rev,
                 const char *path)
{
    struct hub_repo r;
    SP_AUTO_FREE char *got_rev = NULL;
    SP_AUTO_FREE char *got_path = NULL;
    struct sp_err err = {0};
    if (hub_repo_parse(&r, sp_cstr(text), HUB_MODEL, &got_rev, &got_path, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
    assert_int_equal(r.type, type);
    assert_string_equal(r.id, id);
    assert_string_equal(got_rev ? got_rev : "-", rev ? rev : "-");
    assert_string_equal(got_path ? got_path : "-", path ? path : "-");
}

static void forms(void **state)
{
    sp_conf_set_flag(SP_CONF_endpoint, "http://127.0.0.1:8080/hub/");
    form("gpt2", HUB_MODEL, "gpt2", NULL, NULL);
    form("bob/r", HUB_MODEL, "bob/r", NULL, NULL);
    form("datasets/bob/r", HUB_DATASET, "bob/r", NULL, NULL);
    form("spaces/bob/r", HUB_SPACE, "bob/r", NULL, NULL);
    form("models/bob/r", HUB_MODEL, "bob/r", NULL, NULL);
    form("datasets/r", HUB_MODEL, "datasets/r", NULL, NULL);
    form("hf://bob/r", HUB_MODEL, "bob/r", NULL, NULL);
    form("hf://datasets/bob/r@v1.0", HUB_DATASET, "bob/r", "v1.0", NULL);
    form("hf://bob/r/a/b.txt", HUB_MODEL, "bob/r", NULL, "a/b.txt");
    form("hf://bob/r@main/a/b c.txt", HUB_MODEL, "bob/r", "main", "a/b c.txt");
    form("hf://bob/r@refs/pr/1/a.txt", HUB_MODEL, "bob/r", "refs/pr/1", "a.txt");
    form("hf://bob/r@refs/pr/1", HUB_MODEL, "bob/r", "refs/pr/1", NULL);
    form("hf://bob/r@refs%2Fpr%2F1/a.txt", HUB_MODEL, "bob/r", "refs/pr/1", "a.txt");
    form("hf://bob/r/x%2Fy", HUB_MODEL, "bob/r", NULL, "x%2Fy"); // a plain file name
    form("https://huggingface.co/bob/r", HUB_MODEL, "bob/r", NULL, NULL);
    form("https://hf.co/datasets/bob/r/", HUB_DATASET, "bob/r", NULL, NULL);
    form("http://127.0.0.1:8080/hub/datasets/bob/r/blob/main/a%20b.txt?x=1#L3", HUB_DATASET,
         "bob/r", "main", "a b.txt");
    form("https://huggingface.co/bob/r/tree/refs%2Fpr%2F2/sub/", HUB_MODEL, "bob/r", "refs/pr/2",
         "sub");
    form("https://huggingface.co/bob/r/resolve/refs/pr/2/x", HUB_MODEL, "bob/r", "refs/pr/2", "x");
}

static void forms_refused(void **state)
{
    sp_conf_set_flag(SP_CONF_endpoint, "http://127.0.0.1:8080/hub/");
    static const char *const bad[] = {
        "https://evil.example/bob/r",
        "http://127.0.0.1:8080/bob/r",
        "hf://bob",
        "hf://",
        "hf://bob/r@",
        "hf://bob/r/../x",
        "hf://bob/r//x",
        "hf://buckets/a/b",
        "ftp://x/y",
        "https://huggingface.co/bob",
        "https://huggingface.co/bob/r/settings",
        "https://huggingface.co/bob/r/blob/main/..%2f..%2fx",
        "hf://bob/r@a%0ab",
        "https://huggingface.co.evil.example/bob/r",
        "datasets/a/b/c",
        "hf://bob/r@%zz",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct hub_repo r;
        char *rev = NULL, *path = NULL;
        if (hub_repo_parse(&r, sp_cstr(bad[i]), HUB_MODEL, &rev, &path, NULL) >= 0)
            fail_msg("accepted %s as %s rev %s path %s", bad[i], r.id, rev, path);
        assert_null(rev);
        assert_null(path);
    }
    struct hub_repo r; // a place where no revision may stand
    assert_true(hub_repo_parse(&r, SP_LIT("hf://bob/r@v1"), HUB_MODEL, NULL, NULL, NULL) < 0);
    assert_int_equal(hub_repo_parse(&r, SP_LIT("hf://bob/r"), HUB_MODEL, NULL, NULL, NULL), 0);
}

static void types(void **state)
{
    enum hub_type t;
    assert_true(hub_type_parse(SP_LIT("dataset"), &t) && t == HUB_DATASET);
    assert_true(hub_type_parse(SP_LIT("spaces"), &t) && t == HUB_SPACE);
    assert_false(hub_type_parse(SP_LIT("kernel"), &t));
    assert_true(hub_is_commit(SP_LIT("0123456789abcdef0123456789abcdef01234567")));
    assert_false(hub_is_commit(SP_LIT("0123456789ABCDEF0123456789abcdef01234567")));
    assert_false(hub_is_commit(SP_LIT("0123456")));
}

static void urls(void **state)
{
    struct hub *h = NULL;
    struct hub_repo r;
    assert_int_equal(hub_new(&h, "http://h:1/pre/fix//", "hf_x", NULL), 0);
    assert_string_equal(hub_endpoint(h), "http://h:1/pre/fix");
    hub_repo_make(&r, HUB_DATASET, SP_LIT("bob/r"), NULL);
    SP_AUTO_FREE char *u = hub_resolve_url(h, &r, "refs/pr/1", "a b/\xc3\xa9?#%.txt");
    assert_string_equal(
        u, "http://h:1/pre/fix/datasets/bob/r/resolve/refs%2Fpr%2F1/a%20b/%C3%A9%3F%23%25.txt");
    static const char *const links[][2] = {
        // what the server says → where we go
        {"https://huggingface.co/api/models?cursor=x", "http://h:1/pre/fix/api/models?cursor=x"},
        {"http://other/pre/fix/api/models?c", "http://h:1/pre/fix/api/models?c"},
        {"http://h:1/api/models?c=1", "http://h:1/pre/fix/api/models?c=1"},
        {"http://h:1/pre/fix/api/models?c=1", "http://h:1/pre/fix/api/models?c=1"},
        {"/pre/fix/api/x", "http://h:1/pre/fix/api/x"},
        {"/api/x", "http://h:1/pre/fix/api/x"},
    };
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        SP_AUTO_FREE char *out = NULL;
        assert_int_equal(
            hub_url_own(&out, h, "http://h:1/pre/fix/api/models", sp_cstr(links[i][0]), true, NULL),
            0);
        assert_string_equal(out, links[i][1]);
    }
    SP_AUTO_FREE char *s3 = NULL, *hf = NULL;
    assert_int_equal(
        hub_url_own(&s3, h, "http://h:1/", SP_LIT("https://s3.example/x?sig=1"), false, NULL), 0);
    assert_string_equal(s3, "https://s3.example/x?sig=1");
    assert_int_equal(
        hub_url_own(&hf, h, "http://h:1/", SP_LIT("https://huggingface.co/x"), false, NULL), 0);
    assert_string_equal(hf, "http://h:1/pre/fix/x");
    hub_free(h);
    struct sp_err err = {0};
    assert_int_equal(hub_new(&h, "hub.example", "", &err), SP_ECONFIG);
    assert_non_null(strstr(err.hint, "HF_ENDPOINT"));
    assert_int_equal(hub_new(&h, "http://h/?x=1", "", &err), SP_ECONFIG);
    assert_int_equal(hub_new(&h, "http://u:p@h/", "", &err), SP_ECONFIG);
}

int main(void)
{
    sp_conf_init();
    const struct CMUnitTest all[] = {
        cmocka_unit_test(ids),   cmocka_unit_test(forms), cmocka_unit_test(forms_refused),
        cmocka_unit_test(types), cmocka_unit_test(urls),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
