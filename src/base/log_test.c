#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>

// What fn writes to standard error.
static char *stderr_of(void (*fn)(void))
{
    int pipe_fd[2], keep = dup(2);
    assert_int_equal(pipe(pipe_fd), 0);
    dup2(pipe_fd[1], 2);
    close(pipe_fd[1]);
    fn();
    dup2(keep, 2);
    close(keep);
    static char out[65536];
    size_t n = 0;
    ssize_t r;
    fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK);
    while (n < sizeof out - 1 && (r = read(pipe_fd[0], out + n, sizeof out - 1 - n)) > 0)
        n += (size_t)r;
    out[n] = 0;
    close(pipe_fd[0]);
    return out;
}

static void levels_and_categories(void **state)
{
    sp_log_init("net:debug, cache:error,hub", SP_LOG_WARN, false);
    assert_true(sp_log_on("net", SP_LOG_DEBUG));
    assert_false(sp_log_on("cache", SP_LOG_WARN));
    assert_true(sp_log_on("cache", SP_LOG_ERROR));
    assert_true(sp_log_on("hub", SP_LOG_DEBUG)); // a category alone: all of it
    assert_true(sp_log_on("xfer", SP_LOG_WARN));
    assert_false(sp_log_on("xfer", SP_LOG_INFO));
    sp_log_init("debug", SP_LOG_WARN, false);
    assert_true(sp_log_on("xfer", SP_LOG_DEBUG));
    sp_log_init("", SP_LOG_INFO, false);
    assert_true(sp_log_on("xfer", SP_LOG_INFO));
    assert_false(sp_log_on("xfer", SP_LOG_DEBUG));
}

static void one_warning(void)
{
    sp_log("net", WARN, "bad\nline \x1b[31m %s", "https://h/x?sig=abcdef");
    sp_log("net", INFO, "not shown");
}

static void text_lines_cannot_be_forged(void **state)
{
    sp_log_init("", SP_LOG_WARN, false);
    assert_string_equal(stderr_of(one_warning),
                        "Warning: bad\\x0aline \\x1b[31m https://h/x?sig=***\n");
    sp_log_init("warn", SP_LOG_WARN, false);
    char *out = stderr_of(one_warning);
    int64_t ms;
    assert_true(sp_time_parse_iso((sp_str){out, 24}, &ms));
    assert_string_equal(out + 24, " warn net: bad\\x0aline \\x1b[31m https://h/x?sig=***\n");
}

static void json_specials(void)
{
    sp_log("hub", ERROR, "say \"hi\" \\ \xff\n");
}

static void json_lines_are_json(void **state)
{
    sp_log_init("", SP_LOG_WARN, true);
    char *out = stderr_of(json_specials);
    assert_int_equal(out[strlen(out) - 1], '\n');
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    struct sp_json *v;
    struct sp_err err = {0};
    assert_int_equal(sp_json_parse(&v, sp_cstr(out), &arena, &err), 0);
    assert_true(sp_eq_lit(sp_json_get_str(v, "level"), "error"));
    assert_true(sp_eq_lit(sp_json_get_str(v, "module"), "hub"));
    assert_true(sp_eq_lit(sp_json_get_str(v, "msg"), "say \"hi\" \\ \xef\xbf\xbd\n"));
}

static void too_long(void)
{
    sp_log("hub", ERROR, "%0*d", 100000, 1);
    sp_log_raw(SP_LIT("raw"));
}

static void long_lines_are_bounded(void **state)
{
    sp_log_init("", SP_LOG_WARN, false);
    assert_string_equal(stderr_of(too_long),
                        "Error: (a log message longer than 16 KiB was dropped)\nraw\n");
}

static void secrets_are_masked(void **state)
{
    const struct {
        const char *in, *want;
    } t[] = {
        {"token hf_AbCdEfGh12345 used", "token hf_*** used"},
        {"hf_hub_download(x)", "hf_hub_download(x)"},
        {"Authorization: Bearer hf_abcdefghij", "Authorization: Bearer ***"},
        {"authorization: basic dXNlcjpwYXNz, next", "authorization: basic ***, next"},
        {"/o/1?sig=aa%2Fbb&exp=5", "/o/1?sig=***&exp=5"},
        {"?X-Amz-Signature=00ff&X-Amz-Date=1&X-Amz-Security-Token=zz",
         "?X-Amz-Signature=***&X-Amz-Date=1&X-Amz-Security-Token=***"},
        {"?design=1&sigma=2", "?design=1&sigma=2"},
        {"GET /x?token=abc HTTP", "GET /x?token=*** HTTP"},
        {"hf_token = x", "hf_token = x"},
        {"hf_token=abc", "hf_token=***"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        SP_AUTO_BUF struct sp_buf b = {0};
        sp_redact(&b, sp_cstr(t[i].in));
        assert_string_equal(b.p ? b.p : "", t[i].want);
        if (strcmp(t[i].in, t[i].want) != 0)
            assert_true(sp_may_hold_secret(sp_cstr(t[i].in)));
    }
    assert_true(sp_may_hold_secret(SP_LIT("/api/models/api_abcdefgh")));
    assert_false(sp_may_hold_secret(SP_LIT(""))); // what a usual access line holds
    assert_false(sp_may_hold_secret(
        SP_LIT("127.0.0.1 \"HEAD /a/b/resolve/main/x\" 200 \"unknown/None; hf_hub/2.4.0\"")));
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(levels_and_categories), cmocka_unit_test(text_lines_cannot_be_forged),
        cmocka_unit_test(json_lines_are_json),   cmocka_unit_test(long_lines_are_bounded),
        cmocka_unit_test(secrets_are_masked),
    };
    return cmocka_run_group_tests_name("base/log", t, NULL, NULL);
}
