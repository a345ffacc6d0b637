// Types were compared with PyYAML 6 safe_load.
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int parse(struct sp_buf *out, const char *text, struct sp_yaml_at *at, struct sp_err *err)
{
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    struct sp_json *v = NULL;
    SP_TRY(sp_yaml_parse(&v, sp_cstr(text), &arena, at, err));
    struct sp_jw w = sp_jw(out);
    sp_jw_value(&w, v);
    return 0;
}

static void good(const char *text, const char *want)
{
    struct sp_err err = {0};
    SP_AUTO_BUF struct sp_buf b = {0};
    if (parse(&b, text, NULL, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
    assert_string_equal(b.p, want);
}

static void bad(const char *text, const char *why, size_t line, size_t column)
{
    struct sp_err err = {0};
    struct sp_yaml_at at = {0};
    SP_AUTO_BUF struct sp_buf b = {0};
    assert_int_equal(parse(&b, text, &at, &err), SP_EFORMAT);
    if (!strstr(err.msg, why))
        fail_msg("%s: %s", text, err.msg);
    assert_int_equal(at.line, line);
    assert_int_equal(at.column, column);
}

static void scalars(void **state)
{
    good("", "null");
    good("~", "null");
    good("[null, Null, NULL, nULL, '']", "[null,null,null,\"nULL\",\"\"]");
    good("[yes, No, TRUE, off, On, y, n, tRue, 'yes']",
         "[true,false,true,false,true,\"y\",\"n\",\"tRue\",\"yes\"]");
    good("[0, -0, +1, -12, 1_000, 0x1F, 0b101, 017, 08, 0o17, 1:30, -1:01]",
         "[0,0,1,-12,1000,31,5,15,\"08\",\"0o17\",90,-61]");
    good("[1.5, -.5, 0:30.5, .5_, +1., 1e3, 1.0e3, 1.0e+3, 1_0.5, 1:30.5, .inf, -.INF, .nan, "
         "1.2.3, '.', 1.e]",
         "[1.5,\"-.5\",30.5,0.5,1.0,\"1e3\",\"1.0e3\",1000.0,10.5,90.5,\".inf\",\"-.INF\",\".nan\","
         "\"1.2.3\","
         "\".\","
         "\"1.e\"]");
    good("[2001-01-01, 12345678901234567890123, 'a: b', \"\\u00e9\"]",
         "[\"2001-01-01\",12345678901234567890123,\"a: b\",\"\xc3\xa9\"]");
    good("[!!str 1, !!int '1', !!float 1.5, !!bool yes, !!null '', ! 1]",
         "[\"1\",1,1.5,true,null,1]");
}

static void structure(void **state)
{
    good("license: mit\ntags:\n- a\n- b: [c]\n  d: {}\n",
         "{\"license\":\"mit\",\"tags\":[\"a\",{\"b\":[\"c\"],\"d\":{}}]}");
    good("a: |\n  x\n  y\nb: >\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\\n\"}");
    good("a: &x [1, 2]\nb: *x\nc: {k: *x}\n", "{\"a\":[1,2],\"b\":[1,2],\"c\":{\"k\":[1,2]}}");
    good("---\na: 1\n...\n", "{\"a\":1}");
    good("\xef\xbb\xbf"
         "a: 1\n",
         "{\"a\":1}");
}

static void refused(void **state)
{
    bad("a: 1\nb: 2\na: 3\n", "the same key twice", 3, 1);
    bad("a: 1\n1: 2\n", "not a string", 2, 1);
    bad("yes: 2\n", "not a string", 1, 1);
    bad("? [a]\n: 2\n", "not a string", 1, 3);
    bad("x: !!python/object:os.system 1\n", "a tag", 1, 4);
    bad("x: !!set {a}\n", "a tag", 1, 4);
    bad("x: !!int abc\n", "does not fit", 1, 4);
    bad("a: *x\n", "alias", 1, 4);
    bad("a: &x [*x]\n", "alias", 1, 8);
    bad("a: &x {b: 1}\nc:\n  <<: *x\n", "merge", 3, 3);
    bad("a: 1\n---\nb: 2\n", "more than one document", 2, 1);
    bad("a: \"\\0\"\n", "NUL", 1, 4);
    bad("a: [1\n", "", 2, 1);
    bad("a:\n\tb: 1\n", "", 2, 1);
    struct sp_err err = {0};
    SP_AUTO_BUF struct sp_buf b = {0};
    assert_int_equal(parse(&b, "a: \xff\n", NULL, &err), SP_EFORMAT);
}

static void bombs(void **state)
{
    struct sp_err err = {0};
    SP_AUTO_BUF struct sp_buf out = {0}, laughs = {0}, deep = {0}, tower = {0};
    sp_buf_cstr(&laughs, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 10; i++) {
        sp_buf_printf(&laughs, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++)
            sp_buf_printf(&laughs, "%s*a%d", j ? "," : "", i - 1);
        sp_buf_cstr(&laughs, "]\n");
    }
    assert_int_equal(parse(&out, laughs.p, NULL, &err), SP_EFORMAT);
    assert_non_null(strstr(err.msg, "too many values"));
    for (int i = 0; i < 40; i++)
        sp_buf_ch(&deep, '[');
    assert_int_equal(parse(&out, deep.p, NULL, &err), SP_EFORMAT);
    assert_non_null(strstr(err.msg, "deep"));
    sp_buf_cstr(&tower, "t0: &t0 [x]\n");
    for (int i = 1; i < 40; i++) // each one level higher, though the text is flat
        sp_buf_printf(&tower, "t%d: &t%d [*t%d]\n", i, i, i - 1);
    assert_int_equal(parse(&out, tower.p, NULL, &err), SP_EFORMAT);
    assert_non_null(strstr(err.msg, "deep"));
}

static void card(const char *text, const char *block, const char *body, size_t off)
{
    sp_str b = {0}, rest = {0};
    size_t o = 99;
    bool has = sp_yaml_front_matter(sp_cstr(text), &b, &rest, &o);
    assert_int_equal(has, block != NULL);
    if (!has)
        return;
    assert_true(sp_eq(b, sp_cstr(block)));
    assert_true(sp_eq(rest, sp_cstr(body)));
    assert_int_equal(o, off);
}

static void front_matter(void **state)
{
    card("---\na: 1\n---\n# Title\n", "a: 1\n", "# Title\n", 1);
    card("---\r\na: 1\r\n---\r\nx", "a: 1\r\n", "x", 1);
    card("---\na: 1\n---", "a: 1\n", "", 1);
    card("\n\n---\na: 1\n---\nx", "a: 1\n", "x", 3);
    card("\xef\xbb\xbf---\na: 1\n---\nx", "a: 1\n", "x", 1);
    card("---\n---\nx", "", "x", 1);
    card("---\na: 1\n", NULL, NULL, 0);
    card("# Title\n---\na: 1\n---\n", NULL, NULL, 0);
    card("", NULL, NULL, 0);
    card("----\na\n----\n", NULL, NULL, 0);
    card("---\na: 1\n ---\n--- \nx", "a: 1\n ---\n", "x", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars), cmocka_unit_test(structure),    cmocka_unit_test(refused),
        cmocka_unit_test(bombs),   cmocka_unit_test(front_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
