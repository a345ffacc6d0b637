// spoke: finds the command, fills its options, runs it, ends with the exit status of err.def.
#include "cli/cli.h"

#include <signal.h>

#ifndef SPOKE_LIBEXECDIR
#define SPOKE_LIBEXECDIR "/usr/local/libexec/spoke"
#endif

// serve and admin live in a program of their own, because it needs libraries that would cost every
// other command its start-up time: beside this one in the build tree, else in libexec.
static int run_server(char **argv, struct sp_err *err)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    sp_str dir = n > 0 ? sp_path_dir((sp_str){self, (size_t)n}) : (sp_str){NULL, 0};
    SP_AUTO_FREE char *beside = sp_fmt("%.*s/spoke-server", SP_FMT(dir));
    SP_AUTO_FREE char *installed = sp_fmt("%.*s/../libexec/spoke/spoke-server", SP_FMT(dir));
    const char *const places[] = {beside, installed, SPOKE_LIBEXECDIR "/spoke-server"};
    for (size_t i = dir.n ? 0 : 2; i < 3; i++) {
        if (access(places[i], X_OK) == 0) {
            execv(places[i], argv);
            return sp_fail_os(err, errno, "cannot run %s", places[i]);
        }
    }
    sp_fail(err, SP_ECONFIG,
            "spoke-server is not installed (looked at %s, %s and " SPOKE_LIBEXECDIR ")", beside,
            installed);
    sp_hint(err, "install the whole package: make install");
    return err->code;
}

static int unknown_command(const struct cli_cmd *group, const char *word, struct sp_err *err)
{
    const char *names[64];
    size_t n = 0, skip = group ? strlen(group->path) + 1 : 0;
    for (const struct cli_cmd *c = cli_cmds; c->path && n < 64; c++) {
        bool below =
            !group || (strncmp(c->path, group->path, skip - 1) == 0 && c->path[skip - 1] == ' ');
        if (below && !strchr(c->path + skip, ' '))
            names[n++] = c->path + skip;
    }
    sp_fail(err, SP_EUSAGE, "unknown command %s%s%s", group ? group->path : "", group ? " " : "",
            word);
    const char *near = cli_nearest(word, names, n);
    const char *path = group ? group->path : "";
    if (near)
        sp_hint(err, "did you mean spoke %s%s%s?", path, *path ? " " : "", near);
    else
        sp_hint(err, "spoke %s%s--help lists the commands", path, *path ? " " : "");
    return err->code;
}

// Options that stand before the command: only the two that end at once.
static bool run_front_option(const char *word)
{
    if (strcmp(word, "--version") == 0 || strcmp(word, "-v") == 0) {
        puts(SPOKE_VERSION); // the bare number, as hf --version
        return true;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        cli_help(stdout, NULL);
        return true;
    }
    return false;
}

static enum cli_format format_in_effect(enum cli_format asked)
{
    if (asked != CLI_AUTO)
        return asked;
    // As hf: a program that says it is an agent gets tables without decoration.
    const char *const names[] = {"AI_AGENT", "AGENT"};
    for (size_t i = 0; i < 2; i++) {
        const char *v = getenv(names[i]);
        if (v && *v)
            return CLI_AGENT;
    }
    return CLI_HUMAN;
}

// HF_DEBUG and HF_HUB_VERBOSITY as levels of the log; SPOKE_LOG, which names parts, goes first.
static enum sp_log_level level_in_effect(void)
{
    static const struct {
        const char *name;
        enum sp_log_level level;
    } names[] = {{"debug", SP_LOG_DEBUG},    {"detail", SP_LOG_INFO}, {"info", SP_LOG_INFO},
                 {"warning", SP_LOG_WARN},   {"warn", SP_LOG_WARN},   {"error", SP_LOG_ERROR},
                 {"critical", SP_LOG_ERROR}, {"fatal", SP_LOG_ERROR}};
    if (sp_conf_bool(SP_CONF_debug))
        return SP_LOG_DEBUG;
    sp_str asked = sp_cstr(sp_conf_str(SP_CONF_verbosity));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (sp_eq_nocase(asked, sp_cstr(names[i].name)))
            return names[i].level;
    }
    sp_log("conf", WARN, "HF_HUB_VERBOSITY=%.*s is not debug, info, warning, error or critical",
           SP_FMT(asked));
    return SP_LOG_WARN;
}

static int run(struct cli *c, int argc, char **argv, struct sp_err *err)
{
    const char *const *words = (const char *const *)argv + 1;
    size_t n = (size_t)argc - 1, used;
    if (n == 0 || run_front_option(words[0])) {
        if (n == 0) { // as hf: not what a script meant, so it fails and standard output stays empty
            cli_help(stderr, NULL);
            c->exit = sp_err_row(SP_EUSAGE)->exit;
        }
        return 0;
    }
    if (strcmp(words[0], "dump-docs") == 0 && n == 2) // for tools/gen-docs
        return cli_docs_write(words[1], err);
    if (strcmp(words[0], "help") == 0) {
        const struct cli_cmd *about = cli_find(words + 1, n - 1, &used);
        if (used < n - 1 && (!about || cli_is_group(about)))
            return unknown_command(about, words[1 + used], err);
        if (about && about->server) { // its options are known only there
            char option[] = "--help";
            return run_server((char *[]){argv[0], argv[2], option, NULL}, err);
        }
        cli_help(stdout, about);
        return 0;
    }
    const struct cli_cmd *cmd = cli_find(words, n, &used);
    if (cmd && cmd->server)
        return run_server(argv, err);
    if (!cmd || cli_is_group(cmd)) {
        if (cmd && used < n &&
            (strcmp(words[used], "--help") == 0 || strcmp(words[used], "-h") == 0)) {
            cli_help(stdout, cmd);
            return 0;
        }
        if (used < n)
            return unknown_command(cmd, words[used], err);
        cli_help(stderr, cmd);
        return sp_fail(err, SP_EUSAGE, "spoke %s: which command?", cmd->path);
    }
    c->cmd = cmd;
    if (cli_wants_help(cmd->spec, words + used, n - used)) {
        cli_help(stdout, cmd);
        return 0;
    }
    int rc = cli_opt_parse(c, cmd->spec, words + used, n - used, err);
    c->format = format_in_effect(c->format);
    if (rc < 0)
        return rc;
    enum sp_log_level level = level_in_effect();
    if (level != SP_LOG_WARN)
        sp_log_init(NULL, level, false);
    c->cancel = sp_cancel_signals();
    return cmd->spec->run(c, err);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); // a closed pipe is an error of a write, not our end
    sp_fault_init();
    sp_log_init(NULL, SP_LOG_WARN, false);
    const char *no_color = getenv("NO_COLOR");
    struct cli c = {.color = isatty(STDOUT_FILENO) && !(no_color && *no_color)};
    struct sp_err err = {0};
    int rc = run(&c, argc, argv, &err);
    int status = cli_finish(&c, rc, &err);
    free(c.args);
    return status;
}
