#include "cli/cli.h"

#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <sys/wait.h>

static const struct cli_col cols[] = {{"id", CLI_TEXT},   {"size", CLI_BYTES}, {"n", CLI_COUNT},
                                      {"when", CLI_TIME}, {"ok", CLI_YES},     {"refs", CLI_NAMES}};

static void fill(struct cli_table *t)
{
    t->cols = cols;
    t->cols_n = 6;
    cli_put_cstr(t, "model/a/b");
    cli_put_num(t, 9007199254740993); // not exact as a double
    cli_put_num(t, 3);
    cli_put_num(t, 1795254953123);
    cli_put_num(t, 1);
    cli_put_cstr(t, "main\nv1");
    cli_put_cstr(t, "x\x1b[2J\"\xe6\x97\xa5");
    cli_put_num(t, 2000000);
    cli_put_null(t);
    cli_put_null(t);
    cli_put_num(t, 0);
    cli_put_cstr(t, "");
}

// What fn prints on standard output.
static char *printed(struct cli *c, void (*fn)(struct cli *c, const struct cli_table *t))
{
    static char out[8192];
    SP_AUTO(cli_table_fini) struct cli_table t = {0};
    fill(&t);
    fflush(stdout);
    int keep = dup(1);
    FILE *f = tmpfile();
    assert_non_null(f);
    dup2(fileno(f), 1);
    fn(c, &t);
    fflush(stdout);
    dup2(keep, 1);
    close(keep);
    rewind(f);
    size_t n = fread(out, 1, sizeof out - 1, f);
    out[n] = 0;
    fclose(f);
    return out;
}

static void table(struct cli *c, const struct cli_table *t)
{
    cli_table_print(c, t, 0, "the footer");
}

static void result(struct cli *c, const struct cli_table *t)
{
    const struct cli_table row = {.cols = t->cols,
                                  .cols_n = t->cols_n,
                                  .cells = {.v = t->cells.v, .n = t->cols_n, .cap = t->cols_n}};
    cli_result_print(c, "Done", &row);
}

static void empty(struct cli *c, const struct cli_table *t)
{
    const struct cli_table none = {.cols = t->cols, .cols_n = t->cols_n};
    cli_table_print(c, &none, 0, "the footer");
}

static void human(void **state)
{
    struct cli c = {.format = CLI_HUMAN, .no_truncate = true};
    assert_string_equal(printed(&c, table),
                        "ID         SIZE  N  WHEN        OK  REFS\n"
                        "---------  ----  -  ----------  --  --------\n"
                        "model/a/b  9.0P  3  2026-11-21  \xe2\x9c\x94   main, v1\n"
                        "x?[2J\"\xe6\x97\xa5   2.0M\n" // no escape sequence of a foreign name
                                                       // reaches the terminal
                        "\n"
                        "the footer\n");
    assert_string_equal(printed(&c, result),
                        "\xe2\x9c\x93 Done\n  id: model/a/b\n  size: 9.0P\n  n: 3\n"
                        "  when: 2026-11-21\n  ok: True\n  refs: main, v1\n");
    assert_string_equal(printed(&c, empty), "No results found.\n");
    c.color = true;
    assert_true(
        sp_starts(sp_cstr(printed(&c, result)), SP_LIT("\x1b[32m\xe2\x9c\x93 Done\x1b[0m\n")));
}

static void json(void **state)
{
    struct cli c = {.format = CLI_JSON};
    assert_string_equal(
        printed(&c, table),
        "[{\"id\":\"model/a/"
        "b\",\"size\":9007199254740993,\"n\":3,\"when\":\"2026-11-21T09:55:53.123Z\",\"ok\":true,"
        "\"refs\":[\"main\",\"v1\"]},{\"id\":\"x\\u001b[2J\\\"\xe6\x97\xa5\",\"size\":2000000,"
        "\"n\":null,"
        "\"when\":null,\"ok\":false,\"refs\":[]}]\n");
    assert_string_equal(printed(&c, empty), "[]\n");
    assert_true(sp_starts(sp_cstr(printed(&c, result)), SP_LIT("{\"id\":\"model/a/b\",")));
}

static void quiet_and_agent(void **state)
{
    struct cli c = {.format = CLI_QUIET};
    assert_string_equal(printed(&c, table), "model/a/b\nx?[2J\"\xe6\x97\xa5\n");
    assert_string_equal(printed(&c, result), "model/a/b\n");
    assert_string_equal(printed(&c, empty), "");
    c.format = CLI_AGENT;
    assert_string_equal(printed(&c, table),
                        "id\tsize\tn\twhen\tok\trefs\n"
                        "model/a/b\t9007199254740993\t3\t2026-11-21T09:55:53.123Z\tTrue\tmain,v1\n"
                        "x?[2J\"\xe6\x97\xa5\t2000000\t\t\tFalse\t\n"
                        "\n"
                        "the footer\n");
    assert_string_equal(printed(&c, result),
                        "id=model/a/b size=9007199254740993 n=3 "
                        "when=2026-11-21T09:55:53.123Z ok=True refs=main,v1\n");
}

static void columns_are_cut(void **state)
{
    struct cli c = {.format = CLI_HUMAN};
    setenv("COLUMNS", "42", 1);
    char *out = printed(&c, table);
    sp_str line, rest = sp_cstr(out);
    sp_split(&rest, '\n', &line);
    while (sp_split(&rest, '\n', &line) && line.n)
        assert_true(sp_utf8_width(line) <= 42 || line.p[0] == '(');
    assert_non_null(strstr(out, "--no-truncate"));
    // The last column makes room; the first one, numbers and dates stay whole.
    assert_true(sp_starts(sp_cstr(out), SP_LIT("ID         SIZE  N  WHEN        OK\n")));
    c.no_truncate = true;
    assert_non_null(strstr(printed(&c, table), "REFS\n"));
    unsetenv("COLUMNS");
}

static void wide(struct cli *c, const struct cli_table *t)
{
    static const struct cli_col wide_cols[] = {
        {"id", CLI_TEXT}, {"gated", CLI_TEXT}, {"text", CLI_TEXT}, {"size", CLI_BYTES}};
    SP_AUTO(cli_table_fini) struct cli_table w = {wide_cols, 4, {0}};
    cli_put_cstr(&w, "alice/a-long-name-of-a-model");
    cli_put_null(&w);
    cli_put_cstr(&w, "a text that can be cut");
    cli_put_num(&w, 2000);
    cli_table_print(c, &w, 0, NULL);
}

static void what_makes_room(void **state)
{
    static const struct {
        const char *columns, *row;
    } t[] = {{"100", "alice/a-long-name-of-a-model         a text that can be cut  2.0K\n"},
             {"60", "alice/a-long-name-of-a-model         a text that ca...  2.0K\n"},
             {"50", "alice/a-long-name-of-a-model  a tex...  2.0K\n"}, // GATED says nothing
             {"40", "alice/a-long-name-of-...  a tex...  2.0K\n"},
             {"20", "alice/a...  a tex...\n"}};
    struct cli c = {.format = CLI_HUMAN};
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        setenv("COLUMNS", t[i].columns, 1);
        const char *row = strstr(printed(&c, wide), "alice/");
        assert_true(sp_starts(sp_cstr(row), sp_cstr(t[i].row)));
    }
    unsetenv("COLUMNS");
}

// What is too large to print is an error, also for a script that only looks at the status.
static void too_large_to_print(void **state)
{
    static void (*const prints[])(struct cli *, const struct cli_table *) = {table, result};
    static const enum cli_format formats[] = {CLI_HUMAN, CLI_JSON, CLI_QUIET, CLI_AGENT};
    struct sp_err err = {0};
    for (size_t i = 0; i < 8; i++) {
        struct cli c = {.format = formats[i / 2], .out_max_bytes = 8};
        assert_string_equal(printed(&c, prints[i % 2]), "");
        assert_int_equal(cli_finish(&c, 0, &err), sp_err_row(SP_ETOOBIG)->exit);
    }
    struct cli c = {.format = CLI_HUMAN};
    printed(&c, table);
    assert_int_equal(cli_finish(&c, 0, &err), 0);
}

static void sizes_and_ages(void **state)
{
    const struct {
        uint64_t n;
        const char *want;
    } t[] = {{0, "0.0"},        {999, "999.0"},       {1000, "1.0K"},
             {2000000, "2.0M"}, {1536000000, "1.5G"}, {UINT64_MAX, "18.4E"}};
    for (size_t i = 0; i < 6; i++) {
        char out[16];
        cli_size_text(out, t[i].n);
        assert_string_equal(out, t[i].want);
    }
    // As huggingface_hub's format_timesince.
    const struct {
        int64_t seconds;
        const char *want;
    } a[] = {
        {0, "a few seconds ago"},      {-50, "a few seconds ago"},  {19, "a few seconds ago"},
        {20, "20 seconds ago"},        {61, "1 minute ago"},        {480, "8 minutes ago"},
        {7200, "2 hours ago"},         {86400 * 3, "3 days ago"},   {86400 * 14, "2 weeks ago"},
        {86400 * 100, "3 months ago"}, {86400 * 800, "2 years ago"}};
    for (size_t i = 0; i < sizeof a / sizeof a[0]; i++) {
        char out[32];
        cli_ago_text(out, 1000000000000 - a[i].seconds * 1000, 1000000000000);
        assert_string_equal(out, a[i].want);
    }
}

static void nobody_to_ask(void **state)
{
    struct sp_err err = {0};
    struct cli c = {.format = CLI_JSON};
    assert_int_equal(cli_confirm(&c, true, "Sure?", &err), 0);
    assert_int_equal(cli_confirm(&c, false, "Sure?", &err), SP_EUSAGE);
    assert_string_equal(err.hint, "use --yes to skip the question");
}

// Answers "Sure?" with `text` at a terminal of its own; what the process that asked ended with.
static int answered(const char *text)
{
    int fd, status = -1;
    char seen[200] = "";
    size_t n = 0;
    pid_t pid = forkpty(&fd, NULL, NULL, NULL);
    assert_true(pid >= 0);
    if (pid == 0) {
        struct cli c = {.format = CLI_HUMAN};
        alarm(30);
        sp_cancel_signals(); // as main does
        _exit(cli_confirm(&c, false, "Sure?", NULL) == 0 ? 0 : 1);
    }
    while (n + 1 < sizeof seen && !strstr(seen, "[y/N]")) {
        ssize_t got = read(fd, seen + n, sizeof seen - 1 - n);
        assert_true(got > 0);
        n += (size_t)got;
        seen[n] = 0;
    }
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(fd);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void asked_at_a_terminal(void **state)
{
    assert_int_equal(answered("y\n"), 0);
    assert_int_equal(answered("n\n"), 1);
    assert_int_equal(answered("\n"), 1);
    assert_int_equal(answered("\x03"), 130); // Ctrl-C, the first one
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(human),
        cmocka_unit_test(json),
        cmocka_unit_test(quiet_and_agent),
        cmocka_unit_test(columns_are_cut),
        cmocka_unit_test(what_makes_room),
        cmocka_unit_test(sizes_and_ages),
        cmocka_unit_test(too_large_to_print),
        cmocka_unit_test(nobody_to_ask),
        cmocka_unit_test(asked_at_a_terminal),
    };
    return cmocka_run_group_tests_name("cli/out", t, NULL, NULL);
}
