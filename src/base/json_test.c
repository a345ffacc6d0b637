// The table of texts is in tests/data/json (make.py there makes it and asks Python about each).
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct table {
    const char *dir;
    size_t n;
};

static char *data_path(const char *rel)
{
    const char *root = getenv("SPOKE_TEST_DATA");
    assert_non_null(root);
    return sp_path_join(root, rel);
}

static void slurp(struct sp_buf *b, const char *dir, const char *name)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *path = sp_path_join(dir, name);
    assert_int_equal(sp_file_read(b, path, SP_MIB, &err), 0);
}

static int check_ok(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    struct table *t = ud;
    if (!sp_ends(sp_cstr(rel), SP_LIT(".json")))
        return 0;
    SP_AUTO_BUF struct sp_buf text = {0}, want = {0}, got = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    SP_AUTO_FREE char *out = sp_fmt("%.*s.out", (int)strlen(rel) - 5, rel);
    slurp(&text, t->dir, rel);
    slurp(&want, t->dir, out);
    struct sp_json *v = NULL;
    if (sp_json_parse(&v, sp_buf_view(&text), &arena, err) < 0)
        fail_msg("%s is refused: %s", rel, err->msg);
    memset(text.p, 'x', text.n); // the tree must not lean on the text
    struct sp_jw w = sp_jw(&got);
    sp_jw_value(&w, v);
    assert_int_equal(got.bad, 0);
    if (!sp_eq(sp_buf_view(&got), sp_buf_view(&want)))
        fail_msg("%s: got %.300s, want %.300s", rel, got.p, want.p);
    t->n++;
    return 0;
}

static void texts_that_python_takes(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *dir = data_path("json/ok");
    struct table t = {.dir = dir};
    assert_int_equal(sp_walk(dir, check_ok, &t, &err), 0);
    assert_true(t.n >= 30);
}

static int check_bad(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    struct table *t = ud;
    SP_AUTO_BUF struct sp_buf text = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    struct sp_json *v = NULL;
    slurp(&text, t->dir, rel);
    // exact size on the heap, so that ASan sees a read past the end
    SP_AUTO_FREE char *exact = malloc(text.n ? text.n : 1);
    if (text.n)
        memcpy(exact, text.p, text.n);
    int rc = sp_json_parse(&v, sp_str_of(exact, text.n), &arena, err);
    if (rc == 0)
        fail_msg("%s is taken", rel);
    assert_int_equal(rc, SP_EFORMAT);
    assert_null(v);
    assert_non_null(strstr(err->msg, "line "));
    t->n++;
    return 0;
}

static void texts_that_python_refuses(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *bad = data_path("json/bad"), *stricter = data_path("json/stricter");
    struct table t = {.dir = bad}, u = {.dir = stricter};
    assert_int_equal(sp_walk(bad, check_bad, &t, &err), 0);
    assert_int_equal(sp_walk(stricter, check_bad, &u, &err), 0);
    assert_true(t.n >= 55);
    assert_true(u.n >= 12);
}

static void message_has_place(void **state)
{
    struct sp_err err = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    struct sp_json *v = NULL;
    assert_int_equal(sp_json_parse(&v, SP_LIT("{\n  \"a\": 1,\n  \"b\" 2\n}"), &arena, &err),
                     SP_EFORMAT);
    assert_non_null(strstr(err.msg, "line 3 column 7"));
    assert_non_null(strstr(err.msg, "':'"));
    assert_non_null(strstr(err.msg, "met '2'"));
    assert_int_equal(sp_json_parse(&v, SP_LIT("[1, \"\xc3\"]"), &arena, &err), SP_EFORMAT);
    assert_non_null(strstr(err.msg, "line 1 column 6: not UTF-8, met byte 0xc3"));
}

static void arena_ceiling(void **state)
{
    struct sp_err err = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {.ceiling = 64 * SP_KIB};
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_json *v = NULL;
    sp_buf_ch(&b, '[');
    for (int i = 0; i < 5000; i++)
        sp_buf_cstr(&b, "0,");
    sp_buf_cstr(&b, "0]");
    assert_int_equal(sp_json_parse(&v, sp_buf_view(&b), &arena, &err), SP_ETOOBIG);
}

static void accessors(void **state)
{
    struct sp_err err = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    struct sp_json *v = NULL;
    const char text[] =
        "{\"s\":\"x\\ny\",\"i\":-12,\"f\":2.5,\"t\":true,\"n\":null,\"a\":[1,\"b\",{}],"
        "\"big\":9223372036854775808,\"e\":1e2,\"inf\":1e999}";
    assert_int_equal(sp_json_parse(&v, SP_LIT(text), &arena, &err), 0);
    sp_str s = sp_json_get_str(v, "s");
    assert_true(sp_eq_lit(s, "x\ny"));
    assert_int_equal(s.p[s.n], 0);
    int64_t i = 5;
    assert_true(sp_json_i64(sp_json_get(v, "i"), &i));
    assert_int_equal(i, -12);
    assert_false(sp_json_i64(sp_json_get(v, "big"), &i));
    assert_false(sp_json_i64(sp_json_get(v, "f"), &i));
    assert_false(sp_json_i64(sp_json_get(v, "e"), &i));
    assert_false(sp_json_i64(sp_json_get(v, "s"), &i));
    assert_int_equal(i, -12);
    double d = 0;
    assert_true(sp_json_f64(sp_json_get(v, "f"), &d));
    assert_true(d == 2.5);
    assert_true(sp_json_f64(sp_json_get(v, "e"), &d));
    assert_true(d == 100);
    assert_false(sp_json_f64(sp_json_get(v, "inf"), &d));
    bool b = false;
    assert_true(sp_json_bool(sp_json_get(v, "t"), &b));
    assert_true(b);
    assert_false(sp_json_bool(sp_json_get(v, "i"), &b));
    assert_true(sp_json_is(sp_json_get(v, "n"), SP_JSON_NULL));
    const struct sp_json *a = sp_json_get(v, "a");
    assert_int_equal(a->n, 3);
    assert_true(sp_json_str(sp_json_at(a, 1), &s));
    assert_true(sp_eq_lit(s, "b"));
    assert_null(sp_json_at(a, 3));
    assert_null(sp_json_at(v, 0));
    assert_null(sp_json_get(a, "x"));
    assert_null(sp_json_get(NULL, "x"));
    assert_null(sp_json_get_str(v, "missing").p);
    assert_int_equal(sp_json_get_i64(v, "missing", 7), 7);
    assert_true(sp_json_get_bool(v, "missing", true));
    assert_false(sp_json_is(NULL, SP_JSON_NULL));
}

static void write_something(struct sp_jw *w)
{
    sp_jw_obj(w);
    sp_jw_kint(w, "a", 1);
    sp_jw_key(w, "b");
    sp_jw_arr(w);
    sp_jw_cstr(w, "x\"\\\n\x01");
    sp_jw_cstr(w, NULL);
    sp_jw_f64(w, 0.1);
    sp_jw_f64(w, 3);
    sp_jw_f64(w, 1.0 / 0.0);
    sp_jw_uint(w, UINT64_MAX);
    sp_jw_int(w, INT64_MIN);
    sp_jw_end(w);
    sp_jw_key(w, "c");
    sp_jw_arr(w);
    sp_jw_end(w);
    sp_jw_key(w, "d");
    sp_jw_obj(w);
    sp_jw_kbool(w, "e", true);
    sp_jw_key(w, "f");
    sp_jw_strf(w, "%d-%s", 7, "\xc3\xa9");
    sp_jw_end(w);
    sp_jw_end(w);
}

static void writer_steers_no_terminal(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_cstr(&w, "\xc2\x9b"
                   "31m \xc2\xa9 \xe2\x80\xae"
                   "x\xe2\x82\xac\xd8\x9c\xd8\xa7");
    assert_string_equal(b.p, "\"\\u009b31m \xc2\xa9 \\u202ex\xe2\x82\xac\\u061c\xd8\xa7\"");
}

static void writer_layouts(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    write_something(&w);
    assert_string_equal(
        b.p, "{\"a\":1,\"b\":[\"x\\\"\\\\\\n\\u0001\",null,0.1,3.0,null,18446744073709551615,"
             "-9223372036854775808],\"c\":[],\"d\":{\"e\":true,\"f\":\"7-\xc3\xa9\"}}");
    sp_buf_reset(&b);
    w = sp_jw(&b);
    w.spaced = true;
    write_something(&w);
    assert_non_null(strstr(b.p, "{\"a\": 1, \"b\": [\"x"));
    sp_buf_reset(&b);
    w = sp_jw(&b);
    sp_jw_obj(&w);
    sp_jw_key_str(&w, SP_LIT("a\"b"));
    sp_jw_raw(&w, SP_LIT("{\"x\":[1]}"));
    sp_jw_key_str(&w, SP_LIT(""));
    sp_jw_raw(&w, SP_LIT("2"));
    sp_jw_end(&w);
    assert_string_equal(b.p, "{\"a\\\"b\":{\"x\":[1]},\"\":2}");
    sp_buf_reset(&b);
    w = sp_jw_pretty(&b, 1);
    sp_jw_obj(&w);
    sp_jw_key(&w, "files");
    sp_jw_obj(&w);
    sp_jw_kint(&w, "a", 1);
    sp_jw_kint(&w, "b", 2);
    sp_jw_end(&w);
    sp_jw_key(&w, "n");
    sp_jw_arr(&w);
    sp_jw_end(&w);
    sp_jw_end(&w);
    // as Python's json.dumps(..., indent=1)
    assert_string_equal(b.p, "{\n \"files\": {\n  \"a\": 1,\n  \"b\": 2\n },\n \"n\": []\n}");
}

static void writer_mends_utf8(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_str(&w, SP_LIT("a\xff\xc3\xa9\xe2\x82"));
    sp_str s = sp_buf_view(&b);
    assert_true(sp_utf8_valid(s));
    assert_true(sp_starts(s, SP_LIT("\"a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd")));
}

static void writer_too_deep(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    for (int i = 0; i < 100; i++)
        sp_jw_arr(&w);
    for (int i = 0; i < 100; i++)
        sp_jw_end(&w);
    assert_int_equal(sp_buf_done(&b, "deep", NULL), SP_EINTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_that_python_takes),
        cmocka_unit_test(texts_that_python_refuses),
        cmocka_unit_test(message_has_place),
        cmocka_unit_test(arena_ceiling),
        cmocka_unit_test(accessors),
        cmocka_unit_test(writer_steers_no_terminal),
        cmocka_unit_test(writer_layouts),
        cmocka_unit_test(writer_mends_utf8),
        cmocka_unit_test(writer_too_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
