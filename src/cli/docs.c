// The reference pages that are made from the tables: docs/cli.md, docs/settings.md, docs/errors.md,
// man/*.1 and the completion files. tools/gen-docs calls this; the results are in the tree.
#include "cli/cli.h"

#define DOCS_NOTE "<!-- Made by tools/gen-docs from %s. Do not edit here. -->\n\n"

static int save(const char *dir, const char *rel, const struct sp_buf *b, struct sp_err *err)
{
    SP_AUTO_FREE char *path = sp_path_join(dir, rel);
    SP_TRY(sp_buf_done(b, rel, err));
    SP_TRY(sp_mkdirs_for(path, 0755, err));
    return sp_file_replace(path, sp_buf_view(b), 0644, 0, err);
}

static void md_cell(struct sp_buf *b, const char *s)
{
    for (; *s; s++) {
        if (*s == '|')
            sp_buf_ch(b, '\\');
        sp_buf_ch(b, *s);
    }
}

static void md_options(struct sp_buf *b, const struct cli_opt *opts)
{
    bool any = false;
    for (const struct cli_opt *o = opts; o && o->name; o++) {
        if (!o->help)
            continue;
        if (!any)
            sp_buf_cstr(b, "| option | meaning |\n|---|---|\n");
        any = true;
        sp_buf_cstr(b, "| `");
        if (o->letter)
            sp_buf_printf(b, "-%c`, `", o->letter);
        sp_buf_printf(b, "--%s", o->name);
        if (o->kind != CLI_FLAG) {
            sp_buf_ch(b, ' ');
            md_cell(b, o->metavar);
        }
        sp_buf_cstr(b, "` | ");
        md_cell(b, o->help);
        sp_buf_printf(b, "%s |\n", o->kind == CLI_LIST ? " (may be repeated)" : "");
    }
    if (any)
        sp_buf_ch(b, '\n');
}

static void md_command(struct sp_buf *b, const struct cli_cmd *c)
{
    sp_buf_printf(b, "## spoke %s\n\n%s.", c->path, c->summary);
    sp_str alias, rest = sp_cstr(c->aliases);
    for (bool first = true; rest.n && sp_split(&rest, ' ', &alias); first = false)
        sp_buf_printf(b, "%s `%.*s`", first ? " Also spelled" : ",", SP_FMT(alias));
    if (*c->aliases)
        sp_buf_ch(b, '.');
    if (cli_is_group(c)) {
        sp_buf_cstr(b, "\n\n");
        return;
    }
    sp_buf_cstr(b, "\n\n    ");
    cli_usage_line(b, c);
    sp_buf_cstr(b, "\n\n");
    if (!c->spec) {
        sp_buf_printf(b, "Run by `spoke-server`; `spoke %s --help` lists its options.\n\n",
                      c->path);
        return;
    }
    const struct cli_arg *args = c->spec->args;
    for (const struct cli_arg *a = args; a && a->name; a++)
        sp_buf_printf(b, "- `%s`: %s%s\n", a->name, a->help, a->optional ? " (optional)" : "");
    if (args && args->name)
        sp_buf_ch(b, '\n');
    md_options(b, c->spec->opts);
    if (c->spec->more)
        sp_buf_printf(b, "%s\n", c->spec->more);
    sp_str line, lines = sp_cstr(c->spec->examples);
    sp_buf_cstr(b, "Examples:\n\n");
    while (sp_split(&lines, '\n', &line)) {
        if (line.n)
            sp_buf_printf(b, "    %.*s\n", SP_FMT(line));
    }
    sp_buf_ch(b, '\n');
}

static int cli_page(const char *dir, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_printf(&b, DOCS_NOTE, "src/cli/commands.def and the option tables");
    sp_buf_cstr(
        &b,
        "# Commands\n\nThe commands and flags are those of `hf`, so `alias hf=spoke` works. "
        "Exit statuses are in [errors.md](errors.md), settings in [settings.md](settings.md).\n\n"
        "Every command takes these options:\n\n");
    md_options(&b, cli_common_opts);
    for (const struct cli_cmd *c = cli_cmds; c->path; c++)
        md_command(&b, c);
    sp_buf_cut(&b, b.n - 1); // one newline at the end
    return save(dir, "docs/cli.md", &b, err);
}

static int settings_page(const char *dir, struct sp_err *err)
{
    static const char *const types[] = {"text",   "path", "on/off",  "on/off",
                                        "number", "size", "duration"};
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_printf(&b, DOCS_NOTE, "src/base/conf.def");
    sp_buf_cstr(
        &b,
        "# Settings of the client\n\n"
        "Precedence: option, then environment, then default. Of several variables the first one "
        "that "
        "is set and not empty counts.\nOn/off settings are on for `1`, `on`, `yes` and `true` in "
        "any "
        "case, off for everything else. In numbers 0 means unset.\n`spoke env` shows every value "
        "and "
        "where it comes from.\n\n"
        "| setting | variables | option | type | default | meaning |\n|---|---|---|---|---|---|\n");
    for (int i = 0; i < SP_CONF_N; i++) {
        const struct sp_conf_row *r = &sp_conf_rows[i];
        sp_buf_printf(&b, "| %s | ", r->name);
        sp_str var, rest = sp_cstr(r->env);
        for (bool first = true; rest.n && sp_split(&rest, ' ', &var); first = false)
            sp_buf_printf(&b, "%s`%.*s`", first ? "" : ", ", SP_FMT(var));
        sp_buf_cstr(&b, " | ");
        if (*r->flag)
            sp_buf_printf(&b, "`--%s`", r->flag);
        sp_buf_printf(&b, " | %s | %s%s%s | ", types[r->type], r->dflt,
                      *r->unit && *r->dflt ? " " : "",
                      *r->dflt && strcmp(r->unit, "bytes") != 0 ? r->unit : "");
        md_cell(&b, r->text);
        sp_buf_cstr(&b, " |\n");
    }
    return save(dir, "docs/settings.md", &b, err);
}

static int errors_page(const char *dir, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_printf(&b, DOCS_NOTE, "src/base/err.def");
    sp_buf_cstr(
        &b,
        "# Errors\n\n"
        "`spoke` ends with 0 when all went well, else with the status of the error's kind; scripts "
        "that "
        "know `hf` only need \"not 0\".\nThe server answers the HTTP status, with the value in "
        "`X-Error-Code` and a text for people in `X-Error-Message`.\n\n"
        "| kind | exit status | HTTP status | X-Error-Code | meaning |\n|---|---|---|---|---|\n");
    for (int i = 1; i < SP_ERR_N; i++) {
        const struct sp_err_row *r = sp_err_row(-i);
        sp_buf_printf(&b, "| %s | %d | %d | %s | %s |\n", r->name, r->exit, r->http, r->xcode,
                      r->text);
    }
    return save(dir, "docs/errors.md", &b, err);
}

// ---- man pages

static void roff(struct sp_buf *b, const char *s)
{
    for (bool start = true; *s; s++) {
        if (start && (*s == '.' || *s == '\''))
            sp_buf_cstr(b, "\\&");
        if (*s == '\\')
            sp_buf_cstr(b, "\\e");
        else if (*s == '-')
            sp_buf_cstr(b, "\\-");
        else
            sp_buf_ch(b, *s);
        start = *s == '\n';
    }
}

static void roff_option(struct sp_buf *b, const struct cli_opt *o)
{
    sp_buf_cstr(b, ".TP\n");
    if (o->letter)
        sp_buf_printf(b, "\\fB\\-%c\\fR, ", o->letter);
    sp_buf_cstr(b, "\\fB\\-\\-");
    roff(b, o->name);
    sp_buf_cstr(b, "\\fR");
    if (o->kind != CLI_FLAG) {
        sp_buf_cstr(b, " \\fI");
        roff(b, o->metavar);
        sp_buf_cstr(b, "\\fR");
    }
    sp_buf_ch(b, '\n');
    roff(b, o->help);
    sp_buf_printf(b, "%s\n", o->kind == CLI_LIST ? " (may be repeated)" : "");
}

static void roff_options(struct sp_buf *b, const char *title, const struct cli_opt *opts)
{
    if (!opts || !opts->name)
        return;
    sp_buf_printf(b, ".SH %s\n", title);
    for (const struct cli_opt *o = opts; o->name; o++) {
        if (o->help)
            roff_option(b, o);
    }
}

static void roff_head(struct sp_buf *b, const char *name, const char *summary)
{
    sp_buf_cstr(b, ".\\\" Made by tools/gen-docs. Do not edit here.\n.TH ");
    for (const char *p = name; *p; p++)
        sp_buf_ch(b, *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p);
    sp_buf_printf(b, " 1 \"\" \"spoke " SPOKE_VERSION "\" \"User Commands\"\n.SH NAME\n");
    roff(b, name);
    sp_buf_cstr(b, " \\- ");
    roff(b, summary);
    sp_buf_cstr(b, "\n.SH SYNOPSIS\n");
}

static void roff_examples(struct sp_buf *b, const char *examples)
{
    sp_buf_cstr(b, ".SH EXAMPLES\n.nf\n");
    roff(b, examples);
    sp_buf_cstr(b, ".fi\n");
}

static int man_command(const char *dir, const struct cli_cmd *c, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = {0}, usage = {0};
    SP_AUTO_FREE char *name = sp_fmt("spoke-%s", c->path);
    for (char *p = name; *p; p++)
        *p = *p == ' ' ? '-' : *p;
    roff_head(&b, name, c->summary);
    cli_usage_line(&usage, c);
    roff(&b, usage.p);
    sp_buf_ch(&b, '\n');
    if (c->spec->more || (c->spec->args && c->spec->args->name))
        sp_buf_cstr(&b, ".SH DESCRIPTION\n");
    if (c->spec->more)
        roff(&b, c->spec->more);
    for (const struct cli_arg *a = c->spec->args; a && a->name; a++) {
        sp_buf_printf(&b, ".TP\n\\fI%s\\fR\n", a->name);
        roff(&b, a->help);
        sp_buf_ch(&b, '\n');
    }
    roff_options(&b, "OPTIONS", c->spec->opts);
    roff_options(&b, "COMMON OPTIONS", cli_common_opts);
    roff_examples(&b, c->spec->examples);
    sp_buf_cstr(&b, ".SH SEE ALSO\n\\fBspoke\\fR(1)\n");
    SP_AUTO_FREE char *rel = sp_fmt("man/%s.1", name);
    return save(dir, rel, &b, err);
}

static int man_main(const char *dir, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    roff_head(&b, "spoke",
              "the Hugging Face Hub: files, cache, repositories, and a Hub of your own");
    sp_buf_cstr(&b, "\\fBspoke\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH COMMANDS\n");
    for (const struct cli_cmd *c = cli_cmds; c->path; c++) {
        if (cli_is_group(c))
            continue;
        sp_buf_cstr(&b, ".TP\n\\fBspoke ");
        roff(&b, c->path);
        sp_buf_cstr(&b, "\\fR\n");
        roff(&b, c->summary);
        sp_buf_ch(&b, '\n');
    }
    roff_options(&b, "COMMON OPTIONS", cli_common_opts);
    sp_buf_cstr(&b, ".SH ENVIRONMENT\n");
    for (int i = 0; i < SP_CONF_N; i++) {
        const struct sp_conf_row *r = &sp_conf_rows[i];
        sp_buf_cstr(&b, ".TP\n\\fB");
        sp_str var, rest = sp_cstr(r->env);
        for (bool first = true; rest.n && sp_split(&rest, ' ', &var); first = false)
            sp_buf_printf(&b, "%s%.*s", first ? "" : "\\fR, \\fB", SP_FMT(var));
        sp_buf_cstr(&b, "\\fR\n");
        roff(&b, r->text);
        if (*r->dflt)
            sp_buf_printf(&b, " (default: %s%s%s)", r->dflt,
                          *r->unit && strcmp(r->unit, "bytes") ? " " : "",
                          strcmp(r->unit, "bytes") ? r->unit : "");
        sp_buf_ch(&b, '\n');
    }
    sp_buf_cstr(&b, ".SH EXIT STATUS\n.TP\n0\nsuccess\n");
    for (int i = 1; i < SP_ERR_N; i++) {
        sp_buf_printf(&b, ".TP\n%d\n", sp_err_row(-i)->exit);
        roff(&b, sp_err_row(-i)->text);
        sp_buf_ch(&b, '\n');
    }
    return save(dir, "man/spoke.1", &b, err);
}

int cli_docs_write(const char *dir, struct sp_err *err)
{
    SP_TRY(cli_page(dir, err));
    SP_TRY(settings_page(dir, err));
    SP_TRY(errors_page(dir, err));
    SP_TRY(man_main(dir, err));
    for (const struct cli_cmd *c = cli_cmds; c->path; c++) {
        if (c->spec)
            SP_TRY(man_command(dir, c, err));
    }
    static const char *const scripts[][2] = {{"bash", "contrib/completion/spoke.bash"},
                                             {"zsh", "contrib/completion/_spoke"},
                                             {"fish", "contrib/completion/spoke.fish"}};
    for (size_t i = 0; i < 3; i++) {
        SP_AUTO_BUF struct sp_buf b = {0};
        SP_TRY(cli_complete_write(&b, scripts[i][0], err));
        SP_TRY(save(dir, scripts[i][1], &b, err));
    }
    return 0;
}
