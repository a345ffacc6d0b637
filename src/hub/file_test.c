// Trees, HEAD resolve and ranges against recorded answers, most of them lies.
#include "hub/recorded.h"

#define SHA            "0123456789abcdef0123456789abcdef01234567"
#define OID            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define S256           "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define TREE           "/api/models/bob/r/tree/main?recursive=true&expand=false"
#define FILE_ROW(path) "{\"type\":\"file\",\"oid\":\"" OID "\",\"size\":3,\"path\":\"" path "\"}"

static int list(struct hub_files *out, const struct recorded *rows, struct sp_err *err)
{
    struct hub_repo r = recorded_repo(HUB_MODEL);
    recorded_play(rows);
    *err = (struct sp_err){0};
    return hub_tree_list(out, recorded_hub, &r, "main", "", true, err);
}

static void tree_pages(void **state)
{
    static const struct recorded rows[] = {
        {"GET", TREE, 200, "Link: <%E/next?c=1>; rel=\"next\"\r\n",
         "[" FILE_ROW("a") ",{\"type\":\"directory\",\"oid\":\"" OID
                           "\",\"size\":0,\"path\":\"d\"},"
                           "{\"type\":\"file\",\"oid\":\"" OID
                           "\",\"size\":99,\"path\":\"d/w.bin\",\"lfs\":{\"oid\":\"" S256
                           "\",\"size\":99,\"pointerSize\":130},\"xetHash\":\"" S256 "\"},"
                           "{\"type\":\"submodule\",\"path\":\"sub\"}]"},
        {"GET", "/next?c=1", 200, NULL, "[" FILE_ROW("z \xc3\xa9") "]"},
        {0}};
    SP_AUTO(hub_files_fini) struct hub_files f = {0};
    struct sp_err err;
    if (list(&f, rows, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(f.list.n, 4);
    assert_string_equal(f.list.v[0].path, "a");
    assert_string_equal(f.list.v[0].sha256, "");
    assert_true(f.list.v[1].is_dir);
    assert_string_equal(f.list.v[2].path, "d/w.bin");
    assert_string_equal(f.list.v[2].sha256, S256);
    assert_string_equal(f.list.v[2].xet_hash, S256);
    assert_int_equal(f.list.v[2].size, 99);
    assert_string_equal(f.list.v[3].path, "z \xc3\xa9");
}

static void tree_lies(void **state)
{
    static const char *const lies[] = {
        "{}",
        "[1]",
        "[" FILE_ROW("../x") "]",
        "[" FILE_ROW("/abs") "]",
        "[" FILE_ROW("a\\\\..\\\\b") "]",
        "[" FILE_ROW("a//b") "]",
        "[" FILE_ROW("") "]",
        "[" FILE_ROW("a\\u0000b") "]",
        "[" FILE_ROW("a") "," FILE_ROW("a") "]",
        "[{\"type\":\"file\",\"path\":\"a\",\"oid\":\"" OID "\"}]",
        "[{\"type\":\"file\",\"path\":\"a\",\"size\":-1}]",
        "[{\"type\":\"file\",\"path\":\"a\",\"size\":1.5}]",
        "[{\"type\":\"file\",\"path\":\"a\",\"size\":99999999999999999999}]",
        "[{\"type\":\"file\",\"path\":\"a\",\"size\":1,\"oid\":\"../../etc\"}]",
        "[{\"type\":\"file\",\"path\":\"a\",\"size\":1,\"oid\":7}]",
        "[{\"type\":\"file\",\"size\":1}]",
        "[{\"path\":\"a\",\"size\":1}]",
        "[{\"type\":\"file\",\"path\":\"a\",\"size\":1,\"lfs\":{\"oid\":\"xx\",\"size\":1}}]",
        "[{\"type\":\"file\",\"path\":\"a\",\"size\":1,\"lfs\":{\"oid\":\"" S256 "\",\"size\":2}}]",
        "[{\"type\":\"file\",\"path\":\"a\",\"size\":1,\"lfs\":[]}]",
        "[{\"type\":\"file\",\"path\":\"a\",\"size\":1,\"xetHash\":\"zz\"}]",
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        const struct recorded rows[] = {{"GET", TREE, 200, NULL, lies[i]}, {0}};
        SP_AUTO(hub_files_fini) struct hub_files f = {0};
        struct sp_err err;
        if (list(&f, rows, &err) != SP_EREPLY)
            fail_msg("%s: code %d %s", lies[i], err.code, err.msg);
        assert_int_equal(f.list.n, 0); // written on success only
        assert_non_null(strstr(err.msg, "/tree/main"));
    }
    static const struct recorded again[] = {
        // the same entry on two pages
        {"GET", TREE, 200, "Link: <%E/next>; rel=\"next\"\r\n", "[" FILE_ROW("a") "]"},
        {"GET", "/next", 200, NULL, "[" FILE_ROW("a") "]"},
        {0}};
    SP_AUTO(hub_files_fini) struct hub_files f = {0};
    struct sp_err err;
    assert_int_equal(list(&f, again, &err), SP_EREPLY);
    static const struct recorded empty[] = {
        // pages without end
        {"GET", TREE, 200, "Link: <%E/next1>; rel=\"next\"\r\n", "[]"},
        {"GET", "/next1", 200, "Link: <%E/next2>; rel=\"next\"\r\n", "[]"},
        {"GET", "/next2", 200, "Link: <%E/next1>; rel=\"next\"\r\n", "[]"},
        {0}};
    assert_int_equal(list(&f, empty, &err), SP_EREPLY);
    assert_non_null(strstr(err.msg, "empty pages"));
}

static void tree_of_a_folder(void **state)
{
    static const struct recorded rows[] = {
        {"GET", "/api/datasets/bob/r/tree/refs%2Fpr%2F1/a%2Fb?recursive=false&expand=false", 200,
         NULL, "[]"},
        {0}};
    struct hub_repo r = recorded_repo(HUB_DATASET);
    SP_AUTO(hub_files_fini) struct hub_files f = {0};
    recorded_play(rows);
    assert_int_equal(hub_tree_list(&f, recorded_hub, &r, "refs/pr/1", "a/b", false, NULL), 0);
}

// ---- HEAD resolve

#define RESOLVE "/bob/r/resolve/main/a.txt"

static int meta(struct hub_meta *m, int status, const char *headers, const char *body,
                struct sp_err *err)
{
    const struct recorded rows[] = {{"HEAD", RESOLVE, status, headers, body}, {0}};
    struct hub_repo r = recorded_repo(HUB_MODEL);
    recorded_play(rows);
    *err = (struct sp_err){0};
    int rc = hub_meta_get(m, recorded_hub, &r, "main", "a.txt", 0, err);
    recorded_play(NULL);
    return rc;
}

static void metas(void **state)
{
    SP_AUTO(hub_meta_fini) struct hub_meta m = {0}, n = {0}, o = {0};
    struct sp_err err;
    assert_int_equal(
        meta(&m, 200, "X-Repo-Commit: " SHA "\r\nETag: W/\"" OID "\"\r\n", "hello", &err), 0);
    assert_string_equal(m.commit, SHA);
    assert_string_equal(m.etag, OID);
    assert_int_equal(m.size, 5);
    assert_false(m.foreign);
    assert_true(sp_ends(sp_cstr(m.location), SP_LIT(RESOLVE)));
    assert_non_null(strstr(recorded_head.p, "Accept-Encoding: identity\r\n"));
    assert_int_equal(meta(&n, 302,
                          "X-Repo-Commit: " SHA "\r\nX-Linked-Etag: \"" S256
                          "\"\r\nETag: \"other\"\r\n"
                          "X-Linked-Size: 12345678901\r\nX-Xet-Hash: " S256 "\r\n"
                          "Location: https://cdn.example/x?sig=1\r\n",
                          "", &err),
                     0);
    assert_string_equal(n.etag, S256);
    assert_int_equal(n.size, 12345678901);
    assert_true(n.foreign);
    assert_string_equal(n.location, "https://cdn.example/x?sig=1");
    assert_string_equal(n.xet_hash, S256);
    assert_int_equal(meta(&o, 302,
                          "X-Repo-Commit: " SHA "\r\nETag: \"" OID "\"\r\nLocation: "
                          "https://cdn.example/x\r\n",
                          "", &err),
                     0);
    assert_int_equal(o.size, -1); // the Content-Length of a redirect says nothing
}

static void metas_of_missing_files(void **state)
{
    struct hub_meta m = {0};
    struct sp_err err;
    assert_int_equal(
        meta(&m, 404, "X-Error-Code: EntryNotFound\r\nX-Repo-Commit: " SHA "\r\n", "", &err),
        SP_ENOTFOUND);
    assert_string_equal(m.commit, SHA);
    assert_non_null(strstr(err.msg, "a.txt of model bob/r at main"));
    assert_int_equal(
        meta(&m, 404, "X-Error-Code: EntryNotFound\r\nX-Repo-Commit: ../x\r\n", "", &err),
        SP_ENOTFOUND);
    assert_string_equal(m.commit, "");
    assert_int_equal(meta(&m, 404, "X-Error-Code: RevisionNotFound\r\n", "", &err), SP_EREVISION);
}

static void metas_that_lie(void **state)
{
#define GOOD "X-Repo-Commit: " SHA "\r\n"
    static const char *const lies[] = {
        "ETag: \"" OID "\"\r\n", // no commit
        "X-Repo-Commit: main\r\nETag: \"" OID "\"\r\n",
        "X-Repo-Commit: ../../../../../../../../../../../tmp/x\r\nETag: \"" OID "\"\r\n",
        GOOD,
        GOOD "ETag: \"\"\r\n",
        GOOD "ETag: \"../../x\"\r\n",
        GOOD "ETag: \"/abs/x\"\r\n",
        GOOD "ETag: \"a\\..\\x\"\r\n",
        GOOD "ETag: \"..\"\r\n",
        GOOD "ETag: W/\".\"\r\n",
        GOOD "ETag: \"a\"b\"\r\n",
        GOOD "X-Linked-Etag: \"../x\"\r\nETag: \"" OID "\"\r\n",
        GOOD "ETag: \"" OID "\"\r\nX-Linked-Size: -1\r\n",
        GOOD "ETag: \"" OID "\"\r\nX-Linked-Size: 99999999999999999999\r\n",
        GOOD "ETag: \"" S256 S256 S256 S256 "\"\r\n",
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        SP_AUTO(hub_meta_fini) struct hub_meta m = {0};
        struct sp_err err;
        if (meta(&m, 200, lies[i], "", &err) != SP_EREPLY)
            fail_msg("accepted: %s -> %s", lies[i], m.etag);
        assert_null(m.location);
    }
}

// ---- bytes

struct got {
    struct sp_buf b;
};
static int take(void *ud, const void *p, size_t n, struct sp_err *err)
{
    sp_buf_put(&((struct got *)ud)->b, p, n);
    return 0;
}

static int get(struct got *g, const struct recorded *row, uint64_t off, uint64_t len,
               int64_t *total, struct sp_err *err)
{
    const struct recorded rows[] = {*row, {0}};
    SP_AUTO_FREE char *url = sp_fmt("%s/f", testserv_url(recorded_server));
    recorded_play(rows);
    sp_buf_reset(&g->b);
    *err = (struct sp_err){0};
    int rc = hub_file_get(recorded_hub, url, false, OID, off, len, total, take, g, NULL, err);
    recorded_play(NULL);
    return rc;
}

static void ranges(void **state)
{
    struct got g = {0};
    struct sp_err err;
    int64_t total = 0;
    assert_int_equal(
        get(&g, &(struct recorded){"GET", "/f", 200, NULL, "0123456789"}, 0, 0, &total, &err), 0);
    assert_string_equal(g.b.p, "0123456789");
    assert_int_equal(total, 10);
    assert_null(strstr(recorded_head.p, "Range:"));
    assert_int_equal(
        get(&g, &(struct recorded){"GET", "/f", 206, "Content-Range: bytes 4-6/10\r\n", "456"}, 4,
            3, &total, &err),
        0);
    assert_string_equal(g.b.p, "456");
    assert_int_equal(total, 10);
    assert_non_null(strstr(recorded_head.p, "\r\nRange: bytes=4-6\r\n"));
    assert_non_null(strstr(recorded_head.p, "\r\nIf-Range: \"" OID "\"\r\n"));
    assert_non_null(strstr(recorded_head.p, "Authorization: Bearer hf_test"));
    // the file ends early: fine when the total says so
    assert_int_equal(
        get(&g, &(struct recorded){"GET", "/f", 206, "Content-Range: bytes 8-9/10\r\n", "89"}, 8,
            100, &total, &err),
        0);
    // whole file instead of its start: only what was asked
    assert_int_equal(
        get(&g, &(struct recorded){"GET", "/f", 200, NULL, "0123456789"}, 0, 3, &total, &err), 0);
    assert_string_equal(g.b.p, "012");
    assert_int_equal(total, 10);
    sp_buf_fini(&g.b);
}

static void ranges_that_lie(void **state)
{
    struct got g = {0};
    struct sp_err err;
    int64_t total = -7;
    static const struct {
        struct recorded row;
        uint64_t off, len;
        int code;
    } t[] = {
        {{"GET", "/f", 200, NULL, "0123456789"}, 4, 3, SP_ERANGE},
        {{"GET", "/f", 206, "Content-Range: bytes 0-2/10\r\n", "012"}, 4, 3, SP_EREPLY},
        {{"GET", "/f", 206, "Content-Range: bytes 4-9/10\r\n", "456789"}, 4, 3, SP_EREPLY},
        {{"GET", "/f", 206, "Content-Range: bytes 4-5/10\r\n", "45"}, 4, 3, SP_EREPLY},
        {{"GET", "/f", 206, NULL, "456"}, 4, 3, SP_EREPLY},
        {{"GET", "/f", 206, "Content-Type: multipart/byteranges; boundary=x\r\n", "456"},
         4,
         3,
         SP_EREPLY},
        {{"GET", "/f", 416, "Content-Range: bytes */4\r\n", ""}, 4, 3, SP_ERANGE},
        {{"GET", "/f", 404, "X-Error-Code: EntryNotFound\r\n", ""}, 0, 0, SP_ENOTFOUND},
        {{"GET", "/f", 204, NULL, ""}, 0, 0, SP_EREPLY},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        int rc = get(&g, &t[i].row, t[i].off, t[i].len, &total, &err);
        if (rc != t[i].code)
            fail_msg("row %zu: %s: %s", i, sp_err_row(rc)->name, err.msg);
        assert_int_equal(g.b.n, 0); // refused before any byte
        assert_int_equal(total, -7);
    }
    sp_buf_fini(&g.b);
}

// The token and If-Range are for the endpoint, not for storage elsewhere.
static void foreign_storage(void **state)
{
    static const struct recorded rows[] = {
        {"GET", "/f", 206, "Content-Range: bytes 1-1/2\r\n", "x"}, {0}};
    struct testserv *cdn = testserv_start(recorded_answer, NULL);
    SP_AUTO_FREE char *url = sp_fmt("%s/f", testserv_url(cdn));
    struct got g = {0};
    recorded_play(rows);
    assert_int_equal(hub_file_get(recorded_hub, url, true, OID, 1, 1, NULL, take, &g, NULL, NULL),
                     0);
    assert_null(strstr(recorded_head.p, "Authorization"));
    assert_null(strstr(recorded_head.p, "If-Range"));
    assert_int_equal(hub_file_get(recorded_hub, url, false, OID, 1, 1, NULL, take, &g, NULL, NULL),
                     0);
    assert_null(strstr(recorded_head.p, "Authorization")); // also when the caller errs
    sp_buf_fini(&g.b);
    testserv_stop(cdn);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(tree_pages),
        cmocka_unit_test(tree_lies),
        cmocka_unit_test(tree_of_a_folder),
        cmocka_unit_test(metas),
        cmocka_unit_test(metas_of_missing_files),
        cmocka_unit_test(metas_that_lie),
        cmocka_unit_test(ranges),
        cmocka_unit_test(ranges_that_lie),
        cmocka_unit_test(foreign_storage),
    };
    return cmocka_run_group_tests(all, recorded_setup, recorded_teardown);
}
