// Preupload, cards, LFS and commits: what goes out, byte for byte, and what lying servers get.
#include "hub/recorded.h"

#define SHA   "0123456789abcdef0123456789abcdef01234567"
#define OID1  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OID2  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define PRE   "/api/models/bob/r/preupload/main"
#define BATCH "/bob/r.git/info/lfs/objects/batch"

static int preupload(struct hub_preupload *f, size_t n, const char *answer, struct sp_err *err)
{
    const struct recorded rows[] = {{"POST", PRE, 200, NULL, answer}, {0}};
    struct hub_repo r = recorded_repo(HUB_MODEL);
    recorded_play(rows);
    *err = (struct sp_err){0};
    return hub_preupload_ask(recorded_hub, &r, "main", f, n, (sp_str){0}, false, err);
}

static void preuploads(void **state)
{
    struct hub_preupload f[2] = {{.path = "a.txt", .size = 3, .sample = "abc", .sample_n = 3},
                                 {.path = "w.bin", .size = 9000, .sample = "\0\1", .sample_n = 2}};
    struct sp_err err;
    assert_int_equal(
        preupload(f, 2,
                  "{\"files\":[{\"path\":\"w.bin\",\"uploadMode\":\"lfs\",\"shouldIgnore\":"
                  "false,\"oid\":null},{\"path\":\"a.txt\",\"uploadMode\":\"regular\","
                  "\"shouldIgnore\":true,\"oid\":\"" SHA "\"}]}",
                  &err),
        0);
    assert_false(f[0].lfs);
    assert_true(f[0].ignore);
    assert_string_equal(f[0].oid, SHA);
    assert_true(f[1].lfs);
    assert_string_equal(f[1].oid, "");
    assert_true(
        sp_eq_lit(sp_buf_view(&recorded_body),
                  "{\"files\":[{\"path\":\"a.txt\",\"sample\":\"YWJj\",\"size\":3},{\"path\":"
                  "\"w.bin\",\"sample\":\"AAE=\",\"size\":9000}]}"));
    f[1].size = 0; // empty files are regular whatever the server says
    assert_int_equal(
        preupload(f + 1, 1,
                  "{\"files\":[{\"path\":\"w.bin\",\"uploadMode\":\"lfs\",\"shouldIgnore\":"
                  "false}]}",
                  &err),
        0);
    assert_false(f[1].lfs);
    static const char *const lies[] = {
        "{}",
        "{\"files\":{}}",
        "{\"files\":[]}",
        "{\"files\":[{}]}",
        "{\"files\":[{\"path\":\"other\",\"uploadMode\":\"lfs\",\"shouldIgnore\":false}]}",
        "{\"files\":[{\"path\":\"a.txt\",\"uploadMode\":\"xet\",\"shouldIgnore\":false}]}",
        "{\"files\":[{\"path\":\"a.txt\",\"uploadMode\":\"lfs\"}]}",
        "{\"files\":[{\"path\":\"a.txt\",\"uploadMode\":\"lfs\",\"shouldIgnore\":false,\"oid\":"
        "\"x\"}]}",
        "{\"files\":[{\"path\":\"a.txt\",\"uploadMode\":\"lfs\",\"shouldIgnore\":false},{\"path\":"
        "\"a.txt\",\"uploadMode\":\"lfs\",\"shouldIgnore\":false}]}",
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        if (preupload(f, 1, lies[i], &err) != SP_EREPLY)
            fail_msg("accepted %s", lies[i]);
}

static void preuploads_in_batches(void **state)
{
    enum { N = 300 };
    SP_AUTO_FREE struct hub_preupload *f = sp_new_n(struct hub_preupload, N);
    char names[N][8];
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "f%d", i);
        f[i].path = names[i];
        f[i].size = 1;
    }
    struct hub_repo r = recorded_repo(HUB_MODEL);
    recorded_play((const struct recorded[]){{0}});
    struct sp_err err = {0};
    // 404: the first batch fails, no second one follows
    assert_true(hub_preupload_ask(recorded_hub, &r, "main", f, N, (sp_str){0}, false, &err) < 0);
    assert_string_equal(recorded_log.p, "POST " PRE "\n");
    assert_non_null(strstr(recorded_body.p, "\"f255\""));
    assert_null(strstr(recorded_body.p, "\"f256\"")); // 256 files a call, as huggingface_hub
}

static void cards(void **state)
{
    static const struct recorded ok[] = {{"POST", "/api/validate-yaml", 200, NULL,
                                          "{\"errors\":[],\"warnings\":[{\"message\":\"hm\"}]}"},
                                         {0}};
    static const struct recorded bad[] = {
        {"POST", "/api/validate-yaml", 400, NULL,
         "{\"errors\":[{\"message\":\"line 3: no\"}],\"warnings\":[]}"},
        {0}};
    static const struct recorded other[] = {
        {"POST", "/api/validate-yaml", 400, NULL, "{\"error\":\"what?\"}"}, {0}};
    SP_AUTO_BUF struct sp_buf report = {0};
    struct sp_err err = {0};
    recorded_play(ok);
    assert_int_equal(
        hub_validate_yaml(recorded_hub, HUB_DATASET, SP_LIT("---\n---\n"), &report, &err), 0);
    assert_string_equal(report.p, "warning: hm\n");
    assert_true(sp_eq_lit(sp_buf_view(&recorded_body),
                          "{\"content\":\"---\\n---\\n\",\"repoType\":\"dataset\"}"));
    sp_buf_reset(&report);
    recorded_play(bad);
    assert_int_equal(hub_validate_yaml(recorded_hub, HUB_MODEL, SP_LIT("x"), &report, &err),
                     SP_EFORMAT);
    assert_string_equal(report.p, "error: line 3: no\n");
    recorded_play(other);
    assert_int_equal(hub_validate_yaml(recorded_hub, HUB_MODEL, SP_LIT("x"), &report, &err),
                     SP_EINVALID);
}

// ---- LFS

static int upload(const struct recorded *rows, struct hub_lfs_obj *o, size_t n, struct sp_err *err)
{
    struct hub_repo r = recorded_repo(HUB_MODEL);
    recorded_play(rows);
    *err = (struct sp_err){0};
    return hub_lfs_upload(recorded_hub, &r, "main", o, n, 4, NULL, err);
}

static void lfs_basic(void **state)
{
    static const struct recorded rows[] = {
        {"POST", BATCH, 200, NULL,
         "{\"transfer\":\"basic\",\"objects\":[{\"oid\":\"" OID1
         "\",\"size\":5,\"actions\":{\"upload\":{"
         "\"href\":\"%E/put/"
         "1?sig=x\",\"header\":{\"X-Up\":\"1\",\"Content-Length\":\"99\"}},\"verify\":{"
         "\"href\":\"https://huggingface.co/verify\"}}},{\"oid\":\"" OID2 "\",\"size\":3}]}"},
        {"PUT", "/put/1?sig=x", 200, NULL, ""},
        {"POST", "/verify", 200, NULL, ""},
        {0}};
    SP_AUTO_SOURCE struct sp_source *a = sp_source_mem(SP_LIT("hello"), "a");
    SP_AUTO_SOURCE struct sp_source *b = sp_source_mem(SP_LIT("bye"), "b");
    struct hub_lfs_obj o[] = {
        {OID1, 5, a, "a", false}, {OID2, 3, b, "b", false}, {OID1, 5, a, "a2", false}};
    struct sp_err err;
    if (upload(rows, o, 3, &err) < 0)
        fail_msg("%s", err.msg);
    assert_true(o[0].sent);
    assert_false(o[1].sent); // was there
    assert_false(o[2].sent); // the same content travels once
    assert_true(recorded_asked("PUT /put/1?sig=x"));
    assert_true(recorded_asked("POST /verify")); // huggingface.co became the endpoint
    assert_true(sp_eq_lit(sp_buf_view(&recorded_body), "{\"oid\":\"" OID1 "\",\"size\":5}"));
    assert_non_null(strstr(recorded_head.p, "Authorization: Bearer hf_test"));
}

static void lfs_put_carries_no_token(void **state)
{
    static const struct recorded rows[] = {
        {"POST", BATCH, 200, NULL,
         "{\"objects\":[{\"oid\":\"" OID1
         "\",\"size\":5,\"actions\":{\"upload\":{\"href\":\"%E/put/1\","
         "\"header\":{\"X-Up\":\"1\"}}}}]}"},
        {"PUT", "/put/1", 200, NULL, ""},
        {0}};
    SP_AUTO_SOURCE struct sp_source *a = sp_source_mem(SP_LIT("hello"), "a");
    struct hub_lfs_obj o = {OID1, 5, a, "a", false};
    struct sp_err err;
    assert_int_equal(upload(rows, &o, 1, &err), 0);
    assert_true(sp_eq_lit(sp_buf_view(&recorded_body), "hello"));
    assert_null(strstr(recorded_head.p, "Authorization"));
    assert_non_null(strstr(recorded_head.p, "X-Up: 1\r\n"));
    assert_non_null(strstr(recorded_head.p, "Content-Length: 5\r\n"));
}

static void lfs_multipart(void **state)
{
    static const struct recorded rows[] = {
        {"POST", BATCH, 200, NULL,
         "{\"transfer\":\"multipart\",\"objects\":[{\"oid\":\"" OID1 "\",\"size\":5,\"actions\":{"
         "\"upload\":{\"href\":\"%E/done\",\"header\":{\"chunk_size\":\"2\",\"00001\":\"%E/p/1\","
         "\"00002\":\"%E/p/2\",\"00003\":\"%E/p/3\"}}}}]}"},
        {"PUT", "/p/1", 200, "ETag: \"e1\"\r\n", ""},
        {"PUT", "/p/2", 200, "ETag: \"e2\"\r\n", ""},
        {"PUT", "/p/3", 200, "ETag: \"e3\"\r\n", ""},
        {"POST", "/done", 200, NULL, ""},
        {0}};
    SP_AUTO_SOURCE struct sp_source *a = sp_source_mem(SP_LIT("hello"), "a");
    struct hub_lfs_obj o = {OID1, 5, a, "a", false};
    struct sp_err err;
    if (upload(rows, &o, 1, &err) < 0)
        fail_msg("%s", err.msg);
    assert_true(o.sent);
    assert_true(sp_eq_lit(sp_buf_view(&recorded_body),
                          "{\"oid\":\"" OID1
                          "\",\"parts\":[{\"partNumber\":1,\"etag\":\"\\\"e1\\\"\"},{"
                          "\"partNumber\":2,\"etag\":\"\\\"e2\\\"\"},{\"partNumber\":3,\"etag\":"
                          "\"\\\"e3\\\"\"}]}"));
    assert_null(strstr(recorded_head.p, "Authorization"));
}

static void lfs_lies(void **state)
{
#define UP(header)                                                                                 \
    "{\"objects\":[{\"oid\":\"" OID1 "\",\"size\":5,\"actions\":{\"upload\":{\"href\":"            \
    "\"%E/x\",\"header\":" header "}}}]}"
    static const struct {
        const char *answer;
        int code;
    } t[] = {
        {"{}", SP_EREPLY},
        {"{\"objects\":[]}", SP_EREPLY},
        {"{\"objects\":[{\"oid\":\"" OID2 "\",\"size\":5}]}", SP_EREPLY},
        {"{\"objects\":[{\"oid\":\"" OID1 "\",\"size\":6}]}", SP_EREPLY},
        {"{\"objects\":[{\"oid\":\"" OID1 "\"},{\"oid\":\"" OID1 "\"}]}", SP_EREPLY},
        {"{\"transfer\":\"xet\",\"objects\":[{\"oid\":\"" OID1 "\"}]}", SP_EUNSUPPORTED},
        {"{\"objects\":[{\"oid\":\"" OID1 "\",\"error\":{\"code\":413,\"message\":\"big\"}}]}",
         SP_ETOOBIG},
        {"{\"objects\":[{\"oid\":\"" OID1 "\",\"actions\":{\"upload\":{\"href\":7}}}]}", SP_EREPLY},
        {"{\"objects\":[{\"oid\":\"" OID1 "\",\"actions\":{\"upload\":{\"href\":\"file:///x\"}}}]}",
         SP_EREPLY},
        {UP("7"), SP_EREPLY},
        {UP("{\"A\\r\\nB\":\"1\"}"), SP_EREPLY},
        {UP("{\"A\":\"1\\r\\nB: 2\"}"), SP_EREPLY},
        {UP("{\"chunk_size\":0}"), SP_EREPLY},
        {UP("{\"chunk_size\":\"-2\",\"1\":\"%E/a\"}"), SP_EREPLY},
        {UP("{\"chunk_size\":2,\"00001\":\"%E/a\"}"), SP_EREPLY},
        {UP("{\"chunk_size\":2,\"1\":\"%E/a\",\"2\":\"%E/a\",\"3\":\"%E/a\",\"4\":\"%E/a\"}"),
         SP_EREPLY},
        {UP("{\"chunk_size\":2,\"1\":\"%E/a\",\"01\":\"%E/a\",\"3\":\"%E/a\"}"), SP_EREPLY},
        {UP("{\"chunk_size\":2,\"0\":\"%E/a\",\"1\":\"%E/a\",\"2\":\"%E/a\"}"), SP_EREPLY},
        {UP("{\"chunk_size\":2,\"1\":\"ftp://a\",\"2\":\"%E/a\",\"3\":\"%E/a\"}"), SP_EREPLY},
    };
    SP_AUTO_SOURCE struct sp_source *a = sp_source_mem(SP_LIT("hello"), "a");
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        const struct recorded rows[] = {{"POST", BATCH, 200, NULL, t[i].answer}, {0}};
        struct hub_lfs_obj o = {OID1, 5, a, "w.bin", false};
        struct sp_err err;
        int rc = upload(rows, &o, 1, &err);
        if (rc != t[i].code)
            fail_msg("row %zu: %s: %s", i, sp_err_row(rc)->name, err.msg);
        assert_false(o.sent);
        assert_string_equal(recorded_log.p, "POST " BATCH "\n"); // nothing was sent anywhere
    }
}

// ---- commits

static void commit_body(void **state)
{
    static const struct recorded rows[] = {
        {"POST", "/api/models/bob/r/commit/refs%2Fpr%2F1?create_pr=1", 200, NULL,
         "{\"commitOid\":\"" SHA "\",\"commitUrl\":\"%E/bob/r/commit/" SHA "\",\"pullRequestUrl\":"
         "\"%E/bob/r/discussions/1\"}"},
        {0}};
    SP_AUTO_FREE char *big = sp_alloc(200001); // several steps of the encoder and a rest
    for (int i = 0; i < 200001; i++)
        big[i] = (char)(i * 131 >> 3);
    SP_AUTO_SOURCE struct sp_source *a = sp_source_mem(SP_LIT("hi"), "a");
    SP_AUTO_SOURCE struct sp_source *e = sp_source_mem(SP_LIT(""), "e");
    SP_AUTO_SOURCE struct sp_source *b = sp_source_mem(sp_str_of(big, 200001), "b");
    const struct hub_op ops[] = {
        {.kind = HUB_OP_DELETE, .path = "old"},
        {.kind = HUB_OP_DELETE_FOLDER, .path = "dir"},
        {.kind = HUB_OP_FILE, .path = "a \"q\".txt", .src = a},
        {.kind = HUB_OP_FILE, .path = "empty", .src = e},
        {.kind = HUB_OP_FILE, .path = "big", .src = b},
        {.kind = HUB_OP_LFS, .path = "w.bin", .sha256 = OID1, .size = 77},
    };
    struct hub_repo r = recorded_repo(HUB_MODEL);
    struct hub_commit_opts o = {.summary = "one\ntwo", .parent = SHA, .create_pr = true};
    SP_AUTO(hub_commit_done_fini) struct hub_commit_done d = {0};
    struct sp_err err = {0};
    recorded_play(rows);
    if (hub_commit(&d, recorded_hub, &r, "refs/pr/1", &o, ops, 6, NULL, &err) < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(d.oid, SHA);
    assert_true(sp_ends(sp_cstr(d.pr_url), SP_LIT("/bob/r/discussions/1")));
    SP_AUTO_BUF struct sp_buf want = {0};
    sp_buf_cstr(&want,
                "{\"key\":\"header\",\"value\":{\"summary\":\"one\\ntwo\",\"description\":\"\","
                "\"parentCommit\":\"" SHA "\"}}\n"
                "{\"key\":\"deletedFile\",\"value\":{\"path\":\"old\"}}\n"
                "{\"key\":\"deletedFolder\",\"value\":{\"path\":\"dir/\"}}\n"
                "{\"key\":\"file\",\"value\":{\"content\":\"aGk=\",\"path\":\"a \\\"q\\\".txt\","
                "\"encoding\":\"base64\"}}\n"
                "{\"key\":\"file\",\"value\":{\"content\":\"\",\"path\":\"empty\",\"encoding\":"
                "\"base64\"}}\n"
                "{\"key\":\"file\",\"value\":{\"content\":\"");
    sp_buf_b64(&want, big, 200001, false, true);
    sp_buf_cstr(
        &want,
        "\",\"path\":\"big\",\"encoding\":\"base64\"}}\n"
        "{\"key\":\"lfsFile\",\"value\":{\"path\":\"w.bin\",\"algo\":\"sha256\",\"oid\":\"" OID1
        "\",\"size\":77}}\n");
    assert_int_equal(recorded_body.n, want.n);
    assert_memory_equal(recorded_body.p, want.p, want.n);
    assert_non_null(strstr(recorded_head.p, "Content-Type: application/x-ndjson\r\n"));
    SP_AUTO_FREE char *length = sp_fmt("Content-Length: %zu\r\n", want.n);
    assert_non_null(strstr(recorded_head.p, length));
}

static void commit_refused(void **state)
{
    static const struct recorded conflict[] = {{"POST", "/api/models/bob/r/commit/main", 412, NULL,
                                                "{\"error\":\"A commit has happened since.\"}"},
                                               {0}};
    static const struct recorded lie[] = {{"POST", "/api/models/bob/r/commit/main", 200, NULL,
                                           "{\"success\":true,\"commitOid\":\"abc\"}"},
                                          {0}};
    struct hub_repo r = recorded_repo(HUB_MODEL);
    struct hub_commit_opts o = {.summary = "s"};
    struct hub_op op = {.kind = HUB_OP_DELETE, .path = "x"};
    struct hub_commit_done d = {0};
    struct sp_err err = {0};
    recorded_play(conflict);
    assert_int_equal(hub_commit(&d, recorded_hub, &r, "main", &o, &op, 1, NULL, &err),
                     SP_ECONFLICT);
    recorded_play(lie);
    assert_int_equal(hub_commit(&d, recorded_hub, &r, "main", &o, &op, 1, NULL, &err), SP_EREPLY);
    op.path = "../x";
    recorded_play(lie);
    assert_int_equal(hub_commit(&d, recorded_hub, &r, "main", &o, &op, 1, NULL, &err), SP_EFORMAT);
    assert_int_equal(recorded_log.n, 0);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(preuploads),
        cmocka_unit_test(preuploads_in_batches),
        cmocka_unit_test(cards),
        cmocka_unit_test(lfs_basic),
        cmocka_unit_test(lfs_put_carries_no_token),
        cmocka_unit_test(lfs_multipart),
        cmocka_unit_test(lfs_lies),
        cmocka_unit_test(commit_body),
        cmocka_unit_test(commit_refused),
    };
    return cmocka_run_group_tests(all, recorded_setup, recorded_teardown);
}
