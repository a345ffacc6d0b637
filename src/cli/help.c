// Help texts, made from the command and option tables.
#include "cli/cli.h"

static void put_option(struct sp_buf *b, const struct cli_opt *o)
{
    SP_AUTO_BUF struct sp_buf left = {0};
    if (o->letter)
        sp_buf_printf(&left, "-%c, ", o->letter);
    else
        sp_buf_cstr(&left, "    ");
    sp_buf_printf(&left, "--%s", o->name);
    if (o->kind != CLI_FLAG)
        sp_buf_printf(&left, " %s", o->metavar);
    if (left.n <= 26)
        sp_buf_printf(b, "  %-26s  ", left.p);
    else
        sp_buf_printf(b, "  %s\n%30s", left.p, "");
    sp_buf_printf(b, "%s%s\n", o->help, o->kind == CLI_LIST ? " (may be repeated)" : "");
}

static void put_options(struct sp_buf *b, const char *title, const struct cli_opt *opts)
{
    bool any = false;
    for (const struct cli_opt *o = opts; o && o->name; o++) {
        if (!o->help)
            continue;
        if (!any)
            sp_buf_printf(b, "\n%s:\n", title);
        any = true;
        put_option(b, o);
    }
}

void cli_usage_line(struct sp_buf *b, const struct cli_cmd *cmd)
{
    sp_buf_printf(b, "spoke %s", cmd->path);
    if (cli_is_group(cmd)) {
        sp_buf_cstr(b, " COMMAND");
        return;
    }
    for (const struct cli_arg *a = cmd->spec ? cmd->spec->args : NULL; a && a->name; a++)
        sp_buf_printf(b, " %s%s%s%s", a->optional ? "[" : "", a->name, a->many ? "..." : "",
                      a->optional ? "]" : "");
    sp_buf_cstr(b, " [OPTIONS]");
}

static bool direct_child(const char *group, const char *path)
{
    sp_str p = sp_cstr(path), g = sp_cstr(group);
    if (g.n) {
        if (!sp_starts(p, g) || p.n <= g.n || p.p[g.n] != ' ')
            return false;
        p = sp_from(p, g.n + 1);
    }
    return sp_find_ch(p, ' ') < 0;
}

static void put_commands(struct sp_buf *b, const char *group)
{
    sp_buf_cstr(b, "\nCommands:\n");
    for (const struct cli_cmd *c = cli_cmds; c->path; c++) {
        if (!direct_child(group, c->path))
            continue;
        const char *word = strrchr(c->path, ' ');
        sp_buf_printf(b, "  %-14s  %s\n", word ? word + 1 : c->path, c->summary);
    }
}

static void put_command(struct sp_buf *b, const struct cli_cmd *cmd)
{
    sp_buf_printf(b, "%s.\n\nUsage: ", cmd->summary);
    cli_usage_line(b, cmd);
    sp_buf_ch(b, '\n');
    if (cli_is_group(cmd)) {
        put_commands(b, cmd->path);
        return;
    }
    if (!cmd->spec)
        return;
    const struct cli_arg *args = cmd->spec->args;
    if (args && args->name) {
        sp_buf_cstr(b, "\nArguments:\n");
        for (const struct cli_arg *a = args; a->name; a++)
            sp_buf_printf(b, "  %-26s  %s\n", a->name, a->help);
    }
    put_options(b, "Options", cmd->spec->opts);
    put_options(b, "Common options", cli_common_opts);
    if (cmd->spec->more)
        sp_buf_printf(b, "\n%s", cmd->spec->more);
    sp_str line, rest = sp_cstr(cmd->spec->examples);
    if (rest.n)
        sp_buf_cstr(b, "\nExamples:\n");
    while (sp_split(&rest, '\n', &line)) {
        if (line.n)
            sp_buf_printf(b, "  %.*s\n", SP_FMT(line));
    }
}

void cli_help(FILE *f, const struct cli_cmd *cmd)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    if (cmd) {
        put_command(&b, cmd);
    } else {
        sp_buf_cstr(
            &b, "The Hugging Face Hub in C: files, cache, repositories, and a Hub of your own.\n\n"
                "Usage: spoke COMMAND [OPTIONS]\n");
        put_commands(&b, "");
        sp_buf_cstr(
            &b, "\nspoke COMMAND --help shows options and examples. spoke env shows the settings.\n"
                "Whoever knows hf knows spoke: the commands and flags are the same.\n");
    }
    fputs(b.p, f);
}
