#include "server/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int check(struct sp_buf *out, const char *text)
{
    struct sp_err err = {0};
    sp_buf_reset(out);
    int rc = srv_card_check(out, sp_cstr(text), META_MODEL, &err);
    assert_true(rc >= 0);
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct sp_json *top;
    assert_int_equal(sp_json_parse(&top, sp_buf_view(out), &a, &err), 0);
    const struct sp_json *errors = sp_json_get(top, "errors");
    assert_int_equal(errors->n > 0, rc == 1);
    assert_true(sp_json_is(sp_json_get(top, "warnings"), SP_JSON_ARR));
    return rc;
}

static void cards(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    assert_int_equal(check(&b, "---\nlicense: mit\ntags:\n- a\n- b\n---\n# T\n"), 0);
    assert_string_equal(b.p, "{\"errors\":[],\"warnings\":[]}");
    assert_int_equal(check(&b, "# no card\n"), 0);
    assert_non_null(strstr(b.p, "empty or missing yaml metadata"));
    assert_int_equal(check(&b, ""), 0);
    assert_int_equal(check(&b, "---\ntags: [a\nlicense: mit\n---\n"), 1);
    assert_non_null(strstr(b.p, "line "));
    assert_non_null(strstr(b.p, "column "));
    assert_int_equal(check(&b, "---\n- a list\n---\n"), 1);
    assert_non_null(strstr(b.p, "must be a mapping"));
    assert_int_equal(check(&b, "---\nlicense:\n  a: b\ntags: x\n---\n"), 1);
    assert_non_null(strstr(b.p, "\\\"license\\\" must be a string"));
    assert_non_null(strstr(b.p, "\\\"tags\\\" must be a list of strings"));
    assert_int_equal(check(&b, "---\nlicense:\nother: {any: [1, 2]}\n---\n"), 0);
    assert_int_equal(check(&b, "---\nmodel-index:\n- name: x\n  results: []\n---\n"), 0);
    assert_int_equal(check(&b, "---\n---\n"), 0);
}

static void error_line_is_the_files(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    assert_int_equal(check(&b, "---\nlicense: mit\nbad: [\n---\n"), 1);
    // the bracket is open at line 3; libyaml notices at the end of the block
    assert_true(strstr(b.p, "line 3") || strstr(b.p, "line 4"));
    assert_int_equal(check(&b, "---\nok: 1\n\tx: y\n---\n"), 1);
    assert_non_null(strstr(b.p, "line 3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cards),
        cmocka_unit_test(error_line_is_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
