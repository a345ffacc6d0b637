#include "hub/hub.h"

#include <sys/stat.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char dir[64], token_file[128], stored[128];

static void put(const char *path, const char *text)
{
    assert_int_equal(sp_file_replace(path, sp_cstr(text), 0600, 0, NULL), 0);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void expect(const char *token, const char *origin)
{
    SP_AUTO_FREE char *t = NULL;
    const char *from = NULL;
    struct sp_err err = {0};
    if (hub_token_get(&t, &from, &err) < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(t ? t : "-", token);
    assert_string_equal(from, origin);
}

static void order_of_sources(void **state)
{
    expect("-", "none");
    put(token_file, "  hf_file\r\n\n");
    expect("hf_file", "token file");
    put(token_file, "\n");
    expect("-", "none");
    put(token_file, "hf_file");
    sp_conf_set_flag(SP_CONF_token, "hf_flag");
    expect("hf_flag", sp_conf_origin(SP_CONF_token));
    sp_conf_set_flag(SP_CONF_disable_implicit_token, "1");
    expect("hf_flag", sp_conf_origin(SP_CONF_token));
    sp_conf_set_flag(SP_CONF_token, "");
    expect("-", "none"); // the file is implicit
    sp_conf_set_flag(SP_CONF_disable_implicit_token, "0");
    expect("hf_file", "token file");
}

static void saving(void **state)
{
    assert_int_equal(chmod(dir, 0775), 0);
    assert_int_equal(hub_token_active_save("hf_saved\n", NULL), 0);
    expect("hf_saved", "token file");
    assert_int_equal(mode_of(token_file), 0600);
    assert_int_equal(mode_of(dir), 0775); // the reference makes it 0700 and locks colleagues out
    assert_true(hub_token_active_save("", NULL) < 0);
    assert_true(hub_token_active_save("a\x01z", NULL) < 0);
    expect("hf_saved", "token file");
    assert_int_equal(hub_token_active_remove(NULL), 0);
    expect("-", "none");
    assert_int_equal(hub_token_active_remove(NULL), 0);
}

static void stored_tokens(void **state)
{
    struct hub_stored_tokens t = {0};
    put(stored, "# by hand\n[work]\nhf_token = hf_w\nrefresh_token = r1\nexpires_at = 99\n\n"
                "[alice's laptop]\nhf_token=hf_a\n");
    assert_int_equal(hub_stored_token_put("zed", "hf_z", NULL), 0);
    assert_int_equal(hub_stored_tokens_load(&t, NULL), 0);
    assert_int_equal(t.n, 3);
    assert_string_equal(t.v[0].name, "alice's laptop");
    assert_string_equal(t.v[1].name, "work");
    assert_string_equal(t.v[1].token, "hf_w");
    assert_string_equal(t.v[2].token, "hf_z");
    hub_stored_tokens_fini(&t);
    SP_AUTO_BUF struct sp_buf b = {0};
    assert_int_equal(sp_file_read(&b, stored, 10000, NULL), 0);
    assert_non_null(strstr(b.p, "refresh_token = r1")); // what is not ours stays
    assert_int_equal(mode_of(stored), 0600);
    assert_int_equal(hub_stored_token_put("work", "hf_new", NULL), 0);
    sp_buf_reset(&b);
    assert_int_equal(sp_file_read(&b, stored, 10000, NULL), 0);
    assert_null(strstr(b.p, "r1")); // it belonged to the token that went
    assert_int_equal(hub_stored_token_remove("work", NULL), 0);
    assert_int_equal(hub_stored_token_remove("work", NULL), SP_ENOTFOUND);
    assert_true(hub_stored_token_put("a]b", "hf_x", NULL) < 0);
    assert_true(hub_stored_token_put("a\nb", "hf_x", NULL) < 0);
    assert_true(hub_stored_token_put("ok", "hf_x\n[evil]\x01", NULL) < 0);
    assert_int_equal(hub_stored_tokens_load(&t, NULL), 0);
    assert_int_equal(t.n, 2);
    hub_stored_tokens_fini(&t);
    assert_int_equal(hub_stored_token_remove(NULL, NULL), 0);
    assert_int_equal(hub_stored_tokens_load(&t, NULL), 0);
    assert_int_equal(t.n, 0);
    hub_stored_tokens_fini(&t);
}

static void damaged_files(void **state)
{
    struct hub_stored_tokens t = {0};
    struct sp_err err = {0};
    put(stored, "hf_token = before any section\n");
    assert_true(hub_stored_tokens_load(&t, &err) < 0);
    assert_non_null(strstr(err.msg, stored));
    assert_true(hub_stored_token_put("x", "hf_x", NULL) < 0); // never written over
    put(stored, "[]\n");
    assert_true(hub_stored_tokens_load(&t, &err) < 0);
    put(stored, "[a]\nhf_token\n[b]\n");
    assert_int_equal(hub_stored_tokens_load(&t, &err), 0);
    assert_int_equal(t.n, 0);
    hub_stored_tokens_fini(&t);
    put(token_file, "hf_a\x01");
    char *token = NULL;
    const char *origin;
    assert_true(hub_token_get(&token, &origin, &err) < 0);
    assert_null(strstr(err.msg, "hf_a"));
}

static int setup(void **state)
{
    static const char *const vars[] = {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN",
                                       "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_TOKEN_PATH"};
    for (size_t i = 0; i < sizeof vars / sizeof *vars; i++)
        unsetenv(vars[i]);
    sp_conf_init();
    snprintf(dir, sizeof dir, "/tmp/hub_auth_test.XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(token_file, sizeof token_file, "%s/token", dir);
    snprintf(stored, sizeof stored, "%s/stored_tokens", dir);
    sp_conf_set_flag(SP_CONF_token_path, token_file);
    return 0;
}

static int teardown(void **state)
{
    return sp_remove_tree(dir, NULL);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(order_of_sources),
        cmocka_unit_test(saving),
        cmocka_unit_test(stored_tokens),
        cmocka_unit_test(damaged_files),
    };
    return cmocka_run_group_tests(all, setup, teardown);
}
