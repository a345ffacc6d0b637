#include "cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct {
    bool force, deep;
    const char *rev, *type;
    int64_t limit;
    struct cli_list include;
} o;
static const struct cli_opt opts[] = {
    {"force", 'f', CLI_FLAG, &o.force, NULL, "x", 0},
    {"recursive", 'R', CLI_FLAG, &o.deep, NULL, "x", 0},
    {"revision", 'r', CLI_STR, &o.rev, "REV", "x", 0},
    {"type", 0, CLI_PICK, &o.type, "model|dataset", "x", 0},
    {"limit", 0, CLI_INT, &o.limit, "N", "x", 0},
    {"include", 0, CLI_LIST, &o.include, "PATTERN", "x", 0},
    {"max-workers", 0, CLI_CONF, NULL, "N", "x", SP_CONF_max_workers},
    {"cache-dir", 0, CLI_CONF, NULL, "DIR", "x", SP_CONF_hub_cache},
    CLI_OPT_END,
};
static const struct cli_arg args[] = {{"REPO", "x", false, false}, {"FILE", "x", true, true}, {0}};
static const struct cli_arg one_arg[] = {{"REPO", "x", false, false}, {0}};
static const struct cli_spec spec = {.args = args, .opts = opts};
static const struct cli_spec spec_one = {.args = one_arg, .opts = opts};
static const struct cli_cmd cmd = {"download", "", "x", &spec, false};

static struct cli c;
static struct sp_err err;

static int parse_as(const struct cli_spec *s, const char *line)
{
    static char copy[512];
    static const char *words[32];
    size_t n = 0;
    strcpy(copy, line);
    for (char *save = NULL, *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        words[n++] = strcmp(w, "''") == 0 ? "" : w;
    free(o.include.v);
    memset(&o, 0, sizeof o);
    c.cmd = &cmd;
    sp_err_clear(&err);
    return cli_opt_parse(&c, s, words, n, &err);
}

static int parse(const char *line)
{
    return parse_as(&spec, line);
}

static void forms_of_values(void **state)
{
    assert_int_equal(parse("a/b --revision v1 --type=dataset --limit 5 x y"), 0);
    assert_string_equal(o.rev, "v1");
    assert_string_equal(o.type, "dataset");
    assert_int_equal(o.limit, 5);
    assert_int_equal(c.args_n, 3);
    assert_string_equal(c.args[0], "a/b");
    assert_string_equal(c.args[2], "y");
    assert_null(c.args[3]);
    assert_int_equal(parse("a -fR -rv2"), 0);
    assert_true(o.force && o.deep);
    assert_string_equal(o.rev, "v2");
    assert_int_equal(parse("a -fr v3"), 0);
    assert_string_equal(o.rev, "v3");
    assert_int_equal(parse("a --revision="), 0);
    assert_string_equal(o.rev, "");
    assert_int_equal(parse("a --revision --force"),
                     0); // the next word is the value, whatever it looks like
    assert_string_equal(o.rev, "--force");
    assert_false(o.force);
}

static void lists_repeat(void **state)
{
    assert_int_equal(parse("a --include *.json --include=*.txt"), 0);
    assert_int_equal(o.include.n, 2);
    assert_string_equal(o.include.v[0], "*.json");
    assert_string_equal(o.include.v[1], "*.txt");
    assert_null(o.include.v[2]);
    assert_int_equal(parse("a"), 0);
    assert_int_equal(o.include.n, 0);
    assert_null(o.include.v);
}

static void dashes(void **state)
{
    assert_int_equal(parse("-- --force -f"), 0);
    assert_false(o.force);
    assert_int_equal(c.args_n, 2);
    assert_string_equal(c.args[0], "--force");
    assert_int_equal(parse("a -"), 0); // standard input
    assert_string_equal(c.args[1], "-");
}

static void usage_errors(void **state)
{
    const struct {
        const char *line, *msg, *hint;
    } t[] = {
        {"a --revison v", "unknown option --revison", "did you mean --revision?"},
        {"a --revison=v", "unknown option --revison", "did you mean --revision?"},
        {"a --zzzzzz", "unknown option --zzzzzz", "spoke download --help lists the options"},
        {"a -x", "unknown option -x", "spoke download --help lists the options"},
        {"a --type kernel", "--type kernel: must be one of model|dataset", ""},
        {"a --type model|dataset", "--type model|dataset: must be one of model|dataset", ""},
        {"a --limit many", "--limit many: must be a whole number", ""},
        {"a --limit -1", "--limit -1: must be a whole number", ""},
        {"a --revision", "--revision needs a value: REV", ""},
        {"a --force=yes", "--force takes no value", ""},
        {"a --max-workers 0", "--max-workers 0: must be a number from 1 to 100000", ""},
        {"a --cache-dir ''", "--cache-dir: is empty", ""},
        {"", "missing argument REPO", "usage: spoke download REPO [FILE...] [OPTIONS]"},
        {"a --json --quiet", "--json and --quiet cannot both be given", ""},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        assert_int_equal(parse(t[i].line), SP_EUSAGE);
        assert_string_equal(err.msg, t[i].msg);
        assert_string_equal(err.hint, t[i].hint);
    }
    assert_int_equal(sp_err_row(SP_EUSAGE)->exit, 2);
}

static void too_many_arguments(void **state)
{
    assert_int_equal(parse_as(&spec_one, "a b"), SP_EUSAGE);
    assert_string_equal(err.msg, "unexpected argument b");
    assert_int_equal(parse_as(&spec_one, "a"), 0);
}

static void settings_take_flags(void **state)
{
    assert_int_equal(parse("a --max-workers 3 --cache-dir /x/y"), 0);
    assert_int_equal(sp_conf_int(SP_CONF_max_workers), 3);
    assert_string_equal(sp_conf_str(SP_CONF_hub_cache), "/x/y");
    assert_string_equal(sp_conf_origin(SP_CONF_hub_cache), "flag --cache-dir");
}

// Runs last: the common options keep what was set.
static void formats(void **state)
{
    assert_int_equal(parse("a --format agent --no-truncate"), 0);
    assert_int_equal(c.format, CLI_AGENT);
    assert_true(c.no_truncate);
    assert_int_equal(parse("a --format csv"), SP_EUSAGE);
}

static void help_is_found(void **state)
{
    const char *yes[] = {"a", "--help"}, *letter[] = {"-h"}, *value[] = {"--revision", "--help"};
    const char *behind[] = {"--", "--help"}, *eq[] = {"--revision=x", "-h"};
    assert_true(cli_wants_help(&spec, yes, 2));
    assert_true(cli_wants_help(&spec, letter, 1));
    assert_false(cli_wants_help(&spec, value, 2));
    assert_false(cli_wants_help(&spec, behind, 2));
    assert_true(cli_wants_help(&spec, eq, 2));
    static const struct cli_opt with_h[] = {{"human", 'h', CLI_FLAG, &o.deep, NULL, "x", 0},
                                            CLI_OPT_END};
    const struct cli_spec own_h = {.opts = with_h};
    assert_false(cli_wants_help(&own_h, letter, 1));
    assert_true(cli_wants_help(&own_h, yes, 2));
}

static void flags_are_taken_back(void **state)
{
    assert_int_equal(parse("a --force --no-force"), 0);
    assert_false(o.force);
    assert_int_equal(parse("a --no-force --force"), 0);
    assert_true(o.force);
    assert_int_equal(parse("a --no-revision x"), SP_EUSAGE); // only flags have it
    assert_int_equal(parse("a --no-force=1"), SP_EUSAGE);
}

static void nearest(void **state)
{
    const char *names[] = {"download", "upload", "ls", "env"};
    assert_string_equal(cli_nearest("downlaod", names, 4), "download");
    assert_string_equal(cli_nearest("uplod", names, 4), "upload");
    assert_null(cli_nearest("xyzzy", names, 4));
    assert_null(cli_nearest("q", names, 4)); // one letter is near to everything
    char big[200];
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = 0;
    assert_null(cli_nearest(big, names, 4));
}

static const struct cli_cmd *found(const char *a, const char *b, const char *c3, size_t *used)
{
    const char *words[] = {a, b, c3};
    return cli_find(words, c3 ? 3 : b ? 2 : 1, used);
}

static void commands_and_aliases(void **state)
{
    size_t used;
    assert_string_equal(found("download", "x", NULL, &used)->path, "download");
    assert_int_equal(used, 1);
    assert_string_equal(found("repo", "tag", "list", &used)->path, "repos tag ls");
    assert_int_equal(used, 3);
    assert_string_equal(found("cache", "list", NULL, &used)->path, "cache ls");
    assert_string_equal(found("auth", "ls", NULL, &used)->path, "auth list");
    const struct cli_cmd *g = found("repos", "tag", "nope", &used);
    assert_true(cli_is_group(g));
    assert_int_equal(used, 2);
    assert_null(found("nope", NULL, NULL, &used));
    assert_true(found("serve", NULL, NULL, &used)->server);
}

static void tables_are_sound(void **state)
{
    for (const struct cli_cmd *k = cli_cmds; k->path; k++) {
        assert_true(strlen(k->summary) > 10);
        assert_true(k->summary[strlen(k->summary) - 1] != '.');
        for (const struct cli_cmd *other = cli_cmds; other != k; other++)
            assert_string_not_equal(k->path, other->path);
        if (!k->spec)
            continue;
        assert_non_null(k->spec->run);
        assert_true(strlen(k->spec->examples) > 5);
        for (const struct cli_opt *a = k->spec->opts; a && a->name; a++) {
            assert_true(a->field || a->kind == CLI_CONF);
            assert_true(a->metavar || a->kind == CLI_FLAG);
            for (const struct cli_opt *b = k->spec->opts; b != a; b++)
                assert_true(strcmp(a->name, b->name) != 0 &&
                            (!a->letter || a->letter != b->letter));
            // -h may be a letter of the command, as hf's `models ls -h`: --help stays.
            for (const struct cli_opt *b = cli_common_opts; b->name; b++)
                assert_true(strcmp(a->name, b->name) != 0 &&
                            (!a->letter || a->letter == 'h' || a->letter != b->letter));
        }
    }
}

static int teardown(void **state)
{
    free(c.args);
    free(o.include.v);
    return 0;
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(forms_of_values),
        cmocka_unit_test(lists_repeat),
        cmocka_unit_test(flags_are_taken_back),
        cmocka_unit_test(dashes),
        cmocka_unit_test(too_many_arguments),
        cmocka_unit_test(settings_take_flags),
        cmocka_unit_test(help_is_found),
        cmocka_unit_test(nearest),
        cmocka_unit_test(commands_and_aliases),
        cmocka_unit_test(tables_are_sound),
        cmocka_unit_test(formats),
        cmocka_unit_test(usage_errors),
    };
    return cmocka_run_group_tests_name("cli/opt", t, NULL, teardown);
}
