#include "cli/hub_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct sp_json *parsed(struct sp_arena *a, const char *text)
{
    struct sp_json *j = NULL;
    struct sp_err err = {0};
    if (sp_json_parse(&j, sp_cstr(text), a, &err) < 0)
        fail_msg("%s", err.msg);
    return j;
}

static void names(void **state)
{
    static const char *const rows[][2] = {{"id", "id"},
                                          {"lastModified", "last_modified"},
                                          {"downloadsAllTime", "downloads_all_time"},
                                          {"model-index", "model_index"},
                                          {"pipeline_tag", "pipeline_tag"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        SP_AUTO_FREE char *got = cli_snake(sp_cstr(rows[i][0]));
        assert_string_equal(got, rows[i][1]);
    }
}

static void json_keeps_what_authors_wrote(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    cli_repo_json(&w, parsed(&a, "{\"_id\":\"0\",\"id\":\"a/b\",\"modelId\":\"a/b\",\"sha\":null,"
                                 "\"cardData\":{\"baseModel\":\"x\"},\"siblings\":[{\"rfilename\":"
                                 "\"w\",\"blobId\":\"1\",\"lfs\":{\"pointerSize\":9}}]}"));
    assert_string_equal(b.p,
                        "{\"id\":\"a/b\",\"card_data\":{\"baseModel\":\"x\"},\"siblings\":[{"
                        "\"rfilename\":\"w\",\"blob_id\":\"1\",\"lfs\":{\"pointer_size\":9}}]}");
}

static void columns_of_the_first_item(void **state)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    SP_AUTO(cli_repo_table_fini) struct cli_repo_table r = {0};
    cli_repo_table_add(
        &r, parsed(&a, "{\"tags\":[\"x\",\"y\"],\"private\":true,\"gated\":false,"
                       "\"likes\":3,\"siblings\":[],\"gguf\":null,\"id\":\"a/b\","
                       "\"lastModified\":\"2026-11-21T11:00:00.000Z\",\"z\":{\"q\":1}}"));
    cli_repo_table_add(&r, parsed(&a, "{\"id\":\"a/c\",\"gated\":\"auto\",\"likes\":\"many\","
                                      "\"sdk\":\"static\"}"));
    static const struct cli_col want[] = {
        {"id", CLI_TEXT},     {"gated", CLI_TEXT},  {"last_modified", CLI_TIME},
        {"likes", CLI_COUNT}, {"private", CLI_YES}, {"tags", CLI_NAMES},
        {"z", CLI_TEXT}};
    assert_int_equal(r.t.cols_n, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(r.t.cols[i].key, want[i].key);
        assert_int_equal(r.t.cols[i].kind, want[i].kind);
    }
    const struct cli_value *v = r.t.cells.v;
    assert_int_equal(r.t.cells.n, 14);
    assert_string_equal(v[0].text, "a/b");
    assert_string_equal(v[1].text, ""); // not gated
    assert_int_equal(v[3].number, 3);
    assert_int_equal(v[4].number, 1);
    assert_string_equal(v[5].text, "x\ny");
    assert_string_equal(v[6].text, "{\"q\":1}");
    assert_string_equal(v[7].text, "a/c");
    assert_string_equal(v[8].text, "auto");
    assert_true(v[9].null && v[10].null && v[11].null); // absent, another kind
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(json_keeps_what_authors_wrote),
        cmocka_unit_test(columns_of_the_first_item),
    };
    return cmocka_run_group_tests_name("cli/hub_table", tests, NULL, NULL);
}
