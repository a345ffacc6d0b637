#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

// Each test runs in a process of its own: settings are read once.
#include <sys/wait.h>

static void in_child(void (*fn)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        clearenv();
        setenv("HOME", "/home/u", 1);
        fn();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status))
        fail_msg("a check in line %d (or 250 further) failed", WEXITSTATUS(status) - 1);
}
// The exit status carries the line, which is how a child tells what failed.
#define CHECK(c)       ((c) ? (void)0 : _exit(__LINE__ % 250 + 1))
#define IS(id, want)   CHECK(strcmp(sp_conf_str(SP_CONF_##id), (want)) == 0)
#define FROM(id, want) CHECK(strcmp(sp_conf_origin(SP_CONF_##id), (want)) == 0)

static void defaults(void)
{
    sp_conf_init();
    IS(hf_home, "/home/u/.cache/huggingface");
    IS(hub_cache, "/home/u/.cache/huggingface/hub");
    IS(assets_cache, "/home/u/.cache/huggingface/assets");
    IS(token_path, "/home/u/.cache/huggingface/token");
    IS(endpoint, "https://huggingface.co");
    IS(token, "");
    FROM(hub_cache, "default");
    CHECK(sp_conf_int(SP_CONF_etag_timeout) == 10);
    CHECK(sp_conf_int(SP_CONF_range_size) == 32 << 20);
    CHECK(!sp_conf_bool(SP_CONF_offline) && !sp_conf_is_set(SP_CONF_offline));
    CHECK(!sp_conf_is_set(SP_CONF_disable_progress));
}

static void homes(void)
{
    setenv("XDG_CACHE_HOME", "/xdg", 1);
    sp_conf_init();
    IS(hub_cache, "/xdg/huggingface/hub");
    setenv("HF_HOME", "$HOME/hf", 1);
    sp_conf_init();
    IS(hf_home, "/home/u/hf");
    IS(hub_cache, "/home/u/hf/hub");
    setenv("HUGGINGFACE_HUB_CACHE", "/legacy", 1);
    sp_conf_init();
    IS(hub_cache, "/legacy");
    FROM(hub_cache, "env HUGGINGFACE_HUB_CACHE");
    setenv("HF_HUB_CACHE", "~/c", 1);
    sp_conf_init();
    IS(hub_cache, "/home/u/c");
    FROM(hub_cache, "env HF_HUB_CACHE");
    IS(token_path, "/home/u/hf/token");
    sp_conf_set_flag(SP_CONF_hub_cache, "/flag");
    IS(hub_cache, "/flag");
    FROM(hub_cache, "flag --cache-dir");
    sp_conf_init(); // a flag outlives a second reading
    IS(hub_cache, "/flag");
}

static void offline(void)
{
    setenv("HF_HUB_OFFLINE", "", 1); // empty is unset
    setenv("TRANSFORMERS_OFFLINE", "yes", 1);
    sp_conf_init();
    CHECK(sp_conf_bool(SP_CONF_offline));
    FROM(offline, "env TRANSFORMERS_OFFLINE");
    setenv("HF_HUB_OFFLINE", "0", 1); // masks TRANSFORMERS_OFFLINE
    sp_conf_init();
    CHECK(!sp_conf_bool(SP_CONF_offline));
    CHECK(sp_conf_is_set(SP_CONF_offline));
    setenv("HF_HUB_OFFLINE", "debug", 1);
    sp_conf_init();
    CHECK(!sp_conf_bool(SP_CONF_offline));
}

// Two variables of one switch: each turns it on, none takes back what the other says.
static void any(void)
{
    setenv("HF_HUB_DISABLE_SHARED_BLOBS", "0", 1);
    sp_conf_init();
    CHECK(!sp_conf_bool(SP_CONF_disable_shared_blobs));
    setenv("HF_HUB_DISABLE_XET", "1", 1);
    sp_conf_init();
    CHECK(sp_conf_bool(SP_CONF_disable_shared_blobs));
    FROM(disable_shared_blobs, "env HF_HUB_DISABLE_XET");
    setenv("HF_HUB_DISABLE_SHARED_BLOBS", "on", 1);
    setenv("HF_HUB_DISABLE_XET", "0", 1);
    sp_conf_init();
    CHECK(sp_conf_bool(SP_CONF_disable_shared_blobs));
    setenv("DO_NOT_TRACK", "true", 1);
    setenv("DISABLE_TELEMETRY", "false", 1);
    sp_conf_init();
    CHECK(sp_conf_bool(SP_CONF_disable_telemetry));
}

static void numbers(void)
{
    setenv("HF_HUB_ETAG_TIMEOUT", "25", 1);
    setenv("HF_HUB_DOWNLOAD_TIMEOUT", "0", 1);
    setenv("SPOKE_CONNECTIONS", "many", 1);
    setenv("SPOKE_RANGE_SIZE", "8MiB", 1);
    sp_log_init("error", SP_LOG_ERROR, false);
    sp_conf_init();
    CHECK(sp_conf_int(SP_CONF_etag_timeout) == 25);
    CHECK(sp_conf_int(SP_CONF_download_timeout) == 10);
    CHECK(sp_conf_int(SP_CONF_connections) == 8);
    FROM(connections, "default");
    CHECK(sp_conf_int(SP_CONF_range_size) == 8 << 20);
    sp_conf_set_flag(SP_CONF_max_workers, "-3");
    CHECK(sp_conf_int(SP_CONF_max_workers) == 8);
    sp_conf_set_flag(SP_CONF_max_workers, "3");
    CHECK(sp_conf_int(SP_CONF_max_workers) == 3);
}

static void cleaned(void)
{
    setenv("HF_ENDPOINT", "http://h:1/prefix//", 1);
    setenv("HF_TOKEN", " hf_x\r\n", 1);
    sp_conf_init();
    IS(endpoint, "http://h:1/prefix");
    IS(token, "hf_x");
    FROM(token, "env HF_TOKEN");
}

static void test_defaults(void **state)
{
    in_child(defaults);
}
static void test_homes(void **state)
{
    in_child(homes);
}
static void test_offline(void **state)
{
    in_child(offline);
}
static void test_any(void **state)
{
    in_child(any);
}
static void test_numbers(void **state)
{
    in_child(numbers);
}
static void test_cleaned(void **state)
{
    in_child(cleaned);
}

static void rows_are_sound(void **state)
{
    for (int i = 0; i < SP_CONF_N; i++) {
        const struct sp_conf_row *r = &sp_conf_rows[i];
        assert_true(r->env[0] != 0);
        assert_true(strlen(r->text) > 10);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(r->name, sp_conf_rows[j].name);
    }
}

int main(void)
{
    const struct CMUnitTest t[] = {cmocka_unit_test(test_defaults), cmocka_unit_test(test_homes),
                                   cmocka_unit_test(test_offline),  cmocka_unit_test(test_any),
                                   cmocka_unit_test(test_numbers),  cmocka_unit_test(test_cleaned),
                                   cmocka_unit_test(rows_are_sound)};
    return cmocka_run_group_tests_name("base/conf", t, NULL, NULL);
}
