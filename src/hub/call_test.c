// Errors, warnings, info, whoami and lists against recorded answers.
#include "hub/recorded.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"

static int ask(const char *target, int status, const char *headers, const char *body,
               struct sp_err *err)
{
    const struct recorded rows[] = {{"GET", target, status, headers, body}, {0}};
    struct hub_repo r = recorded_repo(HUB_MODEL);
    SP_AUTO(hub_info_fini) struct hub_info i = {0};
    recorded_play(rows);
    *err = (struct sp_err){0};
    int rc = hub_info_get(&i, recorded_hub, &r, "main", false, NULL, err);
    recorded_play(NULL);
    return rc;
}
#define INFO "/api/models/bob/r/revision/main"

// the class of an error comes from X-Error-Code, not from the status
static void errors(void **state)
{
    static const struct {
        int status;
        const char *headers, *body;
        int code;
        const char *text;
    } t[] = {
        {404, "X-Error-Code: RepoNotFound\r\nX-Error-Message: Repository not found\r\n", "",
         SP_EREPO, "Repository not found"},
        {401, "X-Error-Code: RepoNotFound\r\n", "{\"error\":\"no\"}", SP_EREPO, "no"},
        {404, "X-Error-Code: RevisionNotFound\r\n", "{\"error\":\"Invalid rev id\"}", SP_EREVISION,
         "Invalid rev id"},
        {404, "X-Error-Code: EntryNotFound\r\n", "", SP_ENOTFOUND, "404"},
        {403, "X-Error-Code: GatedRepo\r\n", "", SP_EGATED, "403"},
        {403, "X-Error-Message: Access to this resource is disabled.\r\n", "", SP_EDISABLED,
         "disabled"},
        {403, NULL, "{\"error\":[\"a\",\"b\"]}", SP_EFORBIDDEN, "a; b"},
        {401, NULL, "{\"errors\":[{\"message\":\"bad token\"}]}", SP_EAUTH, "bad token"},
        {400, NULL, "{\"error_description\":\"odd\"}", SP_EINVALID, "odd"},
        {404, NULL, "<html>nginx</html>", SP_ENOROUTE, "404"},
        {404, NULL, "plain words", SP_ENOROUTE, "plain words"},
        {409, NULL, "", SP_EEXIST, "409"},
        {412, NULL, "", SP_ECONFLICT, "412"},
        {418, "X-Error-Code: NotKnownHere\r\n", "", SP_EREMOTE, "418"},
        {501, "X-Error-Code: NotImplemented\r\nX-Error-Message: later\r\n", "", SP_EUNSUPPORTED,
         "later"},
        {507, NULL, "", SP_ENOSPACE, "507"},
        {507, "X-Error-Code: InsufficientStorage\r\n", "", SP_ENOSPACE, "507"},
        {400, "X-Error-Code: InternalError\r\n", "", SP_EINVALID, "400"}, // theirs, not ours
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct sp_err err;
        SP_AUTO_FREE char *headers =
            sp_fmt("%sX-Request-Id: req-77\r\n", t[i].headers ? t[i].headers : "");
        int rc = ask(INFO, t[i].status, headers, t[i].body, &err);
        if (rc != t[i].code)
            fail_msg("row %zu: %s, not %s: %s", i, sp_err_row(rc)->name,
                     sp_err_row(t[i].code)->name, err.msg);
        assert_int_equal(err.http, t[i].status);
        assert_non_null(strstr(err.msg, t[i].text));
        assert_non_null(strstr(err.msg, "req-77"));
        assert_non_null(strstr(err.msg, "/api/models/bob/r"));
        assert_null(strstr(err.msg, "html"));
    }
}

static void info(void **state)
{
    struct sp_err err;
    assert_int_equal(ask(INFO, 200, NULL, "{\"id\":\"bob/r\",\"sha\":\"" SHA "\"}", &err), 0);
    assert_true(recorded_head.p && strstr(recorded_head.p, "Authorization: Bearer hf_test\r\n"));
    assert_non_null(strstr(recorded_head.p, "X-Amzn-Trace-Id: "));
    assert_non_null(strstr(recorded_head.p, "User-Agent: spoke/" SPOKE_VERSION));
    static const char *const lies[] = {
        "",
        "[]",
        "{}",
        "{\"id\":7}",
        "{\"id\":\"../x\"}",
        "{\"id\":\"bob/r\",\"sha\":\"main\"}",
        "{\"id\":\"bob/r\",\"sha\":\"../../../../etc/passwd\"}",
        "{\"id\":\"bob/r\",\"sha\":1}",
        "{\"id\":\"bob/r\",\"id\":\"bob/s\"}",
        "{\"id\":\"bob/r\"",
        "<html>",
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        if (ask(INFO, 200, NULL, lies[i], &err) != SP_EREPLY)
            fail_msg("%s: code %d %s", lies[i], err.code, err.msg);
        assert_non_null(strstr(err.msg, INFO));
    }
}

static void info_query(void **state)
{
    static const char *const expand[] = {"sha", "siblings", NULL};
    static const struct recorded rows[] = {
        {"GET", "/api/datasets/bob/r/revision/refs%2Fpr%2F1?blobs=true&expand=sha&expand=siblings",
         200, NULL, "{\"id\":\"bob/r\",\"private\":true}"},
        {0}};
    struct hub_repo r = recorded_repo(HUB_DATASET);
    SP_AUTO(hub_info_fini) struct hub_info i = {0};
    recorded_play(rows);
    assert_int_equal(hub_info_get(&i, recorded_hub, &r, "refs/pr/1", true, expand, NULL), 0);
    assert_string_equal(i.id, "bob/r");
    assert_null(i.sha);
    assert_true(i.is_private);
}

static void whoami(void **state)
{
    static const struct recorded rows[] = {
        {"GET", "/api/whoami-v2", 200, NULL,
         "{\"type\":\"user\",\"name\":\"bob\",\"fullname\":\"Bob\",\"email\":null,\"orgs\":[{"
         "\"name\":"
         "\"acme\"},{\"noname\":1}],\"auth\":{\"accessToken\":{\"displayName\":\"laptop\",\"role\":"
         "\"write\"}}}"},
        {0}};
    SP_AUTO(hub_whoami_fini) struct hub_whoami w = {0};
    struct sp_err err = {0};
    recorded_play(rows);
    assert_int_equal(hub_whoami_get(&w, recorded_hub, &err), 0);
    assert_string_equal(w.name, "bob");
    assert_null(w.email);
    assert_string_equal(w.token_name, "laptop");
    assert_string_equal(w.role, "write");
    assert_int_equal(w.orgs_n, 1);
    assert_string_equal(w.orgs[0], "acme");
    struct hub *anonymous = NULL;
    assert_int_equal(hub_new(&anonymous, testserv_url(recorded_server), "", NULL), 0);
    assert_null(hub_token(anonymous));
    assert_int_equal(hub_whoami_get(&w, anonymous, &err), SP_EAUTH);
    assert_non_null(strstr(err.hint, "auth login"));
    hub_free(anonymous);
}

static int count(void *ud, const struct sp_json *item, struct sp_err *err)
{
    ++*(int *)ud;
    return sp_json_get(item, "stop") ? sp_fail(err, SP_EIO, "stop") : 0;
}

static void lists(void **state)
{
    static const struct recorded rows[] = {
        {"GET", "/api/models?author=bob&search=a%20b", 200,
         // a mirror whose upstream names itself
         "Link: <https://huggingface.co/api/models?cursor=2>; rel=\"next\", <x>; rel=\"prev\"\r\n",
         "[{\"id\":\"bob/1\"},{\"id\":\"bob/2\"}]"},
        {"GET", "/api/models?cursor=2", 200, NULL, "[{\"id\":\"bob/3\"}]"},
        {"GET", "/api/models?loop=1", 200, "Link: <%E/api/models?loop=1>; rel=\"next\"\r\n",
         "[{\"id\":\"bob/1\"}]"},
        {"GET", "/api/models?bad=1", 200, NULL, "[1]"},
        {"GET", "/api/models?stop=1", 200, NULL, "[{\"stop\":1}]"},
        {0}};
    static const char *const q[] = {"author=bob", "search=a b", NULL};
    static const char *const loop[] = {"loop=1", NULL}, *const bad[] = {"bad=1", NULL},
                             *const halt[] = {"stop=1", NULL};
    int n = 0;
    recorded_play(rows);
    assert_int_equal(hub_list(recorded_hub, HUB_MODEL, q, 0, count, &n, NULL), 0);
    assert_int_equal(n, 3);
    n = 0;
    recorded_play(rows);
    assert_int_equal(hub_list(recorded_hub, HUB_MODEL, q, 2, count, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_false(recorded_asked("GET /api/models?cursor=2")); // not more pages than needed
    assert_int_equal(hub_list(recorded_hub, HUB_MODEL, loop, 0, count, &n, NULL), SP_EREPLY);
    assert_int_equal(hub_list(recorded_hub, HUB_MODEL, bad, 0, count, &n, NULL), SP_EREPLY);
    assert_int_equal(hub_list(recorded_hub, HUB_MODEL, halt, 0, count, &n, NULL), SP_EIO);
}

static void refs(void **state)
{
    static const struct recorded rows[] = {
        {"GET", "/api/models/bob/r/refs", 200, NULL,
         "{\"branches\":[{\"name\":\"main\",\"ref\":\"refs/heads/main\",\"targetCommit\":\"" SHA
         "\"}],\"tags\":[],\"converts\":[]}"},
        {"POST", "/api/models/bob/r/branch/a%2Fb", 409, NULL, "{\"error\":\"exists\"}"},
        {"POST", "/api/models/bob/r/tag/main", 200, NULL, ""},
        {"DELETE", "/api/models/bob/r/tag/v%201", 200, NULL, ""},
        {0}};
    struct hub_repo r = recorded_repo(HUB_MODEL);
    SP_AUTO(hub_refs_fini) struct hub_refs refs = {0};
    recorded_play(rows);
    assert_int_equal(hub_refs_get(&refs, recorded_hub, &r, NULL), 0);
    assert_int_equal(refs.branches.n, 1);
    assert_string_equal(refs.branches.v[0].commit, SHA);
    assert_int_equal(hub_branch_create(recorded_hub, &r, "a/b", "main", true, NULL), 0);
    assert_true(sp_eq_lit(sp_buf_view(&recorded_body), "{\"startingPoint\":\"main\"}"));
    assert_int_equal(hub_branch_create(recorded_hub, &r, "a/b", NULL, false, NULL), SP_EEXIST);
    assert_int_equal(hub_tag_create(recorded_hub, &r, "v 1", NULL, "note", false, NULL), 0);
    assert_true(sp_eq_lit(sp_buf_view(&recorded_body), "{\"tag\":\"v 1\",\"message\":\"note\"}"));
    assert_int_equal(hub_tag_delete(recorded_hub, &r, "v 1", NULL), 0);
    static const struct recorded lie[] = {
        {"GET", "/api/models/bob/r/refs", 200, NULL,
         "{\"branches\":[{\"name\":\"main\",\"ref\":\"refs/heads/main\",\"targetCommit\":\"x\"}],"
         "\"tags\":[]}"},
        {0}};
    recorded_play(lie);
    SP_AUTO(hub_refs_fini) struct hub_refs none = {0};
    assert_int_equal(hub_refs_get(&none, recorded_hub, &r, NULL), SP_EREPLY);
}

static void repos(void **state)
{
    static const struct recorded made[] = {
        {"POST", "/api/repos/create", 200, NULL, "{\"url\":\"%E/datasets/bob/r\"}"},
        {"DELETE", "/api/repos/delete", 200, NULL, ""},
        {0}};
    static const struct recorded there[] = {
        {"POST", "/api/repos/create", 409, NULL,
         "{\"error\":\"exists\",\"url\":\"https://huggingface.co/bob/r\"}"},
        {0}};
    struct hub_repo d = recorded_repo(HUB_DATASET), m = recorded_repo(HUB_MODEL);
    SP_AUTO_FREE char *url = NULL;
    struct hub_create_opts o = {.visibility = "private", .exist_ok = true};
    recorded_play(made);
    assert_int_equal(hub_repo_create(&url, recorded_hub, &d, &o, NULL), 0);
    assert_true(sp_ends(sp_cstr(url), SP_LIT("/datasets/bob/r")));
    assert_true(sp_eq_lit(sp_buf_view(&recorded_body),
                          "{\"name\":\"r\",\"organization\":\"bob\",\"type\":\"dataset\","
                          "\"visibility\":\"private\"}"));
    assert_int_equal(hub_repo_delete(recorded_hub, &d, NULL), 0);
    assert_true(sp_eq_lit(sp_buf_view(&recorded_body),
                          "{\"name\":\"r\",\"organization\":\"bob\",\"type\":\"dataset\"}"));
    recorded_play(there);
    SP_AUTO_FREE char *again = NULL;
    assert_int_equal(hub_repo_create(&again, recorded_hub, &m, &o, NULL), 0);
    SP_AUTO_FREE char *want = sp_fmt("%s/bob/r", testserv_url(recorded_server));
    assert_string_equal(again, want); // brought back to the endpoint
    o.exist_ok = false;
    assert_int_equal(hub_repo_create(NULL, recorded_hub, &m, &o, NULL), SP_EEXIST);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(errors), cmocka_unit_test(info),  cmocka_unit_test(info_query),
        cmocka_unit_test(whoami), cmocka_unit_test(lists), cmocka_unit_test(refs),
        cmocka_unit_test(repos),
    };
    return cmocka_run_group_tests(all, recorded_setup, recorded_teardown);
}
