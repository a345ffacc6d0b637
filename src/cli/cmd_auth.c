// `spoke auth`: tokens are typed without echo and kept by name; only `auth token` shows one whole.
#include "cli/cli_hub.h"

#include <signal.h>
#include <sys/wait.h>
#include <termios.h>

static struct {
    const char *name;
    bool force, git;
} o;

// "hf_****abcd"
static char *masked(const char *token)
{
    size_t n = strlen(token);
    return n < 12 ? sp_dup("****") : sp_fmt("%.3s****%s", token, token + n - 4);
}

// Adds a token to git's credential helper, which is how `git push` gets it.
static int git_credential_approve(const char *endpoint, const char *token, struct sp_err *err)
{
    struct net_url url;
    SP_TRY(net_url_parse(&url, sp_cstr(endpoint), err));
    SP_AUTO_FREE char *text =
        sp_fmt("protocol=%.*s\nhost=%.*s:%d\nusername=hf_user\npassword=%s\n\n", SP_FMT(url.scheme),
               SP_FMT(url.host), url.port, token);
    int fds[2];
    if (pipe(fds) != 0)
        return sp_fail_os(err, errno, "git credential approve");
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fds[0], STDIN_FILENO);
        close(fds[0]);
        close(fds[1]);
        execlp("git", "git", "credential", "approve", (char *)NULL);
        _exit(127);
    }
    close(fds[0]);
    int rc = pid < 0 ? sp_fail_os(err, errno, "git credential approve")
                     : sp_write_all(fds[1], text, strlen(text), "git credential approve", err);
    close(fds[1]);
    int status = 0;
    if (pid > 0 && waitpid(pid, &status, 0) == pid && status != 0 && rc == 0)
        rc = sp_fail(err, SP_ECONFIG,
                     "git credential approve failed; is a credential helper configured?");
    return rc;
}

static struct termios saved_terminal;

static void restore_terminal(int sig)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &saved_terminal);
    _exit(128 + sig);
}

// One line from the terminal without echo. Ctrl-C must give the terminal its echo back.
static int prompt_secret(struct sp_buf *out, const char *question, struct sp_err *err)
{
    if (tcgetattr(STDIN_FILENO, &saved_terminal) != 0)
        return sp_fail_os(err, errno, "cannot read from the terminal");
    struct sigaction sa = {.sa_handler = restore_terminal}, old_int, old_term;
    sigaction(SIGINT, &sa, &old_int);
    sigaction(SIGTERM, &sa, &old_term);
    struct termios silent = saved_terminal;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    // In this order: what is typed once the question stands there is neither shown nor lost.
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fputs(question, stderr);
    int ch;
    while ((ch = getchar()) != EOF && ch != '\n')
        sp_buf_ch(out, (char)ch);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved_terminal);
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    fputc('\n', stderr);
    return 0;
}

static int read_token(const struct cli *c, char **out, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_TOKEN_BYTES);
    const char *flag = sp_conf_origin(SP_CONF_token);
    if (sp_starts(sp_cstr(flag), SP_LIT("flag")) && strcmp(sp_conf_str(SP_CONF_token), "-") != 0) {
        sp_buf_cstr(&b, sp_conf_str(SP_CONF_token));
    } else if (isatty(STDIN_FILENO)) {
        if (c->format != CLI_HUMAN)
            return sp_fail(err, SP_EUSAGE,
                           "nobody can be asked here; use --token or standard input");
        SP_AUTO_FREE char *question =
            sp_fmt("Token (make one at %s/settings/tokens; it is not shown): ",
                   sp_conf_str(SP_CONF_endpoint));
        SP_TRY(prompt_secret(&b, question, err));
    } else {
        int ch;
        while ((ch = getchar()) != EOF && ch != '\n' && !b.bad)
            sp_buf_ch(&b, (char)ch);
    }
    SP_TRY(sp_buf_done(&b, "token", err));
    sp_str token = sp_trim(sp_buf_view(&b));
    if (token.n == 0) {
        sp_fail(err, SP_EUSAGE, "no token was given");
        sp_hint(err, "paste it at the prompt, pipe it in, or give --token");
        return SP_EUSAGE;
    }
    for (size_t i = 0; i < token.n; i++) {
        if ((unsigned char)token.p[i] <= 0x20 || (unsigned char)token.p[i] >= 0x7f)
            return sp_fail(err, SP_EINVALID,
                           "the token has a space, control or non-ASCII character at byte %zu", i);
    }
    *out = sp_str_dup(token);
    return 0;
}

// The name of the stored token whose value is `token`, NULL = it is not stored.
static const char *stored_name(const struct hub_stored_tokens *all, const char *token)
{
    for (size_t i = 0; token && i < all->n; i++) {
        if (strcmp(all->v[i].token, token) == 0)
            return all->v[i].name;
    }
    return NULL;
}

// What the token file holds, whatever the environment says.
static int active_token(char **out, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_TOKEN_BYTES);
    *out = NULL;
    int rc = sp_file_read(&b, sp_conf_str(SP_CONF_token_path), SP_LIM_TOKEN_BYTES, err);
    if (rc == SP_ENOTFOUND) {
        sp_err_clear(err);
        return 0;
    }
    SP_TRY(rc);
    sp_str t = sp_trim(sp_buf_view(&b));
    *out = t.n ? sp_str_dup(t) : NULL;
    return 0;
}

static int login(struct cli *c, struct sp_err *err)
{
    SP_AUTO_FREE char *old = NULL;
    SP_TRY(active_token(&old, err));
    bool flag = sp_starts(sp_cstr(sp_conf_origin(SP_CONF_token)), SP_LIT("flag"));
    if (old && !flag && !o.force && isatty(STDIN_FILENO))
        cli_say(c, "A token is stored already; it stays under its name (spoke auth list).");
    SP_AUTO_FREE char *token = NULL;
    SP_TRY(read_token(c, &token, err));
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_TRY(hub_new(&h, NULL, token, err));
    hub_set_cancel(h, c->cancel);
    SP_AUTO(hub_whoami_fini) struct hub_whoami me = {0};
    int rc = hub_whoami_get(&me, h, err);
    if (rc == SP_EAUTH)
        return sp_prefix(err, rc, "%s does not know this token", hub_endpoint(h));
    SP_TRY(rc);
    const char *name = me.token_name && *me.token_name ? me.token_name : me.name;
    SP_TRY(hub_stored_token_put(name, token, err));
    SP_TRY(hub_token_active_save(token, err));
    if (o.git)
        SP_TRY(git_credential_approve(hub_endpoint(h), token, err));
    const char *env = getenv("HF_TOKEN");
    if (env && *env)
        sp_log("cli", WARN, "HF_TOKEN is set and goes before the stored token");
    static const struct cli_col cols[] = {
        {"user", CLI_TEXT}, {"token_name", CLI_TEXT}, {"token_path", CLI_TEXT}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, 3, {0}};
    cli_put_cstr(&t, me.name);
    cli_put_cstr(&t, name);
    cli_put_cstr(&t, sp_conf_str(SP_CONF_token_path));
    cli_result_print(c, "Logged in", &t);
    return 0;
}
static const struct cli_opt login_opts[] = {
    {"add-to-git-credential", 0, CLI_FLAG, &o.git, NULL, "Also give it to git's credential helper",
     0},
    {"force", 0, CLI_FLAG, &o.force, NULL, "Log in although a token is stored", 0},
    CLI_OPT_END,
};
const struct cli_spec cli_auth_login_spec = {
    .run = login,
    .opts = login_opts,
    .examples =
        "spoke auth login\nspoke auth login < token-file\nspoke auth login --token $TOKEN\n",
    .more = "The token is read from --token, else from standard input, else asked for without "
            "echo. It is checked\n"
            "with the Hub and stored with mode 0600. Prefer standard input: other users see "
            "command lines.\n",
};

static int logout(struct cli *c, struct sp_err *err)
{
    SP_AUTO(hub_stored_tokens_fini) struct hub_stored_tokens all = {0};
    SP_AUTO_FREE char *active = NULL;
    SP_TRY(hub_stored_tokens_load(&all, err));
    SP_TRY(active_token(&active, err));
    if (!o.name && !active && all.n == 0) {
        cli_say(c, "Not logged in.");
        return 0;
    }
    const char *active_name = stored_name(&all, active);
    bool was_active = !o.name || (active_name && strcmp(active_name, o.name) == 0);
    if (o.name || all.n) {
        int rc = hub_stored_token_remove(o.name, err);
        if (rc == SP_ENOTFOUND)
            sp_hint(err, "spoke auth list shows the names");
        SP_TRY(rc);
    }
    if (was_active)
        SP_TRY(hub_token_active_remove(err));
    static const struct cli_col cols[] = {{"token_name", CLI_TEXT}, {"still_logged_in", CLI_YES}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, 2, {0}};
    cli_put_cstr(&t, o.name ? o.name : "all");
    if (c->format == CLI_JSON)
        cli_put_num(&t, !was_active);
    else
        cli_put_null(&t);
    cli_result_print(c, "Logged out", &t);
    const char *env = getenv("HF_TOKEN");
    if (env && *env)
        sp_log("cli", WARN, "HF_TOKEN is still set and stays in use");
    return 0;
}
static const struct cli_opt logout_opts[] = {
    {"token-name", 0, CLI_STR, &o.name, "NAME", "Only this token (default: all)", 0}, CLI_OPT_END};
const struct cli_spec cli_auth_logout_spec = {
    .run = logout,
    .opts = logout_opts,
    .examples = "spoke auth logout\nspoke auth logout --token-name ci\n"};

static int whoami(struct cli *c, struct sp_err *err)
{
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_TRY(cli_hub(&h, c, err));
    if (!hub_token(h)) {
        int rc = sp_fail(err, SP_EAUTH, "not logged in");
        sp_hint(err, "log in with: spoke auth login");
        return rc;
    }
    SP_AUTO(hub_whoami_fini) struct hub_whoami me = {0};
    SP_TRY(hub_whoami_get(&me, h, err));
    static const struct cli_col cols[] = {{"user", CLI_TEXT},
                                          {"orgs", CLI_TEXT},
                                          {"endpoint", CLI_TEXT},
                                          {"token_name", CLI_TEXT},
                                          {"role", CLI_TEXT}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, c->format == CLI_JSON ? 5 : 3, {0}};
    SP_AUTO_BUF struct sp_buf orgs = {0};
    for (size_t i = 0; i < me.orgs_n; i++)
        sp_buf_printf(&orgs, "%s%s", i ? "," : "", me.orgs[i]);
    cli_put_cstr(&t, me.name);
    cli_put_cstr(&t, me.orgs_n ? orgs.p : NULL); // one string, as hf has it
    bool usual = strcmp(hub_endpoint(h), sp_conf_rows[SP_CONF_endpoint].dflt) == 0;
    cli_put_cstr(&t, usual ? NULL : hub_endpoint(h));
    if (t.cols_n == 5) {
        cli_put_cstr(&t, me.token_name);
        cli_put_cstr(&t, me.role);
    }
    cli_result_print(c, "Logged in", &t);
    return 0;
}
const struct cli_spec cli_auth_whoami_spec = {
    .run = whoami, .examples = "spoke auth whoami\nspoke auth whoami -q\n"};

static int list(struct cli *c, struct sp_err *err)
{
    SP_AUTO(hub_stored_tokens_fini) struct hub_stored_tokens all = {0};
    SP_AUTO_FREE char *active = NULL;
    SP_TRY(hub_stored_tokens_load(&all, err));
    // Where HF_TOKEN is set, the token in use may be none of these.
    SP_TRY(hub_token_get(&active, NULL, err));
    static const struct cli_col cols[] = {
        {"name", CLI_TEXT}, {"token", CLI_TEXT}, {"active", CLI_YES}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, 3, {0}};
    for (size_t i = 0; i < all.n; i++) {
        SP_AUTO_FREE char *shown = masked(all.v[i].token);
        cli_put_cstr(&t, all.v[i].name);
        cli_put_cstr(&t, shown);
        cli_put_num(&t, active && strcmp(active, all.v[i].token) == 0);
    }
    cli_table_print(c, &t, 0, NULL);
    const char *env = getenv("HF_TOKEN");
    if (env && *env)
        sp_log("cli", WARN, "HF_TOKEN is set and goes before the stored tokens");
    return 0;
}
const struct cli_spec cli_auth_list_spec = {.run = list, .examples = "spoke auth list\n"};

static int pick_name(const struct cli *c, const struct hub_stored_tokens *all, char line[16],
                     const char **out, struct sp_err *err)
{
    if (c->format != CLI_HUMAN || !isatty(STDIN_FILENO))
        return sp_fail(err, SP_EUSAGE, "--token-name is needed: nobody can be asked here");
    for (size_t i = 0; i < all->n; i++)
        fprintf(stderr, "%zu. %s\n", i + 1, all->v[i].name);
    uint64_t n = 0;
    if (!cli_ask(line, 16, "Which token? ") || !sp_parse_u64(sp_trim(sp_cstr(line)), &n) || n < 1 ||
        n > all->n)
        return sp_fail(err, SP_EUSAGE, "not one of these numbers");
    *out = all->v[n - 1].name;
    return 0;
}

static int switch_token(struct cli *c, struct sp_err *err)
{
    SP_AUTO(hub_stored_tokens_fini) struct hub_stored_tokens all = {0};
    SP_TRY(hub_stored_tokens_load(&all, err));
    if (all.n == 0) {
        int rc = sp_fail(err, SP_EAUTH, "no token is stored");
        sp_hint(err, "log in with: spoke auth login");
        return rc;
    }
    const char *name = o.name;
    char line[16];
    if (!name)
        SP_TRY(pick_name(c, &all, line, &name, err));
    for (size_t i = 0; i < all.n; i++) {
        if (strcmp(all.v[i].name, name) != 0)
            continue;
        SP_TRY(hub_token_active_save(all.v[i].token, err));
        if (o.git)
            SP_TRY(git_credential_approve(sp_conf_str(SP_CONF_endpoint), all.v[i].token, err));
        static const struct cli_col cols[] = {{"token_name", CLI_TEXT}};
        SP_AUTO(cli_table_fini) struct cli_table t = {cols, 1, {0}};
        cli_put_cstr(&t, name);
        cli_result_print(c, "Switched", &t);
        return 0;
    }
    int rc = sp_fail(err, SP_ENOTFOUND, "no token is stored under the name %s", name);
    sp_hint(err, "spoke auth list shows the names");
    return rc;
}
static const struct cli_opt switch_opts[] = {
    {"token-name", 0, CLI_STR, &o.name, "NAME", "Which stored token (default: asks)", 0},
    {"add-to-git-credential", 0, CLI_FLAG, &o.git, NULL, "Also give it to git's credential helper",
     0},
    CLI_OPT_END,
};
const struct cli_spec cli_auth_switch_spec = {
    .run = switch_token, .opts = switch_opts, .examples = "spoke auth switch --token-name ci\n"};

static int print_token(struct cli *c, struct sp_err *err)
{
    SP_AUTO_FREE char *token = NULL;
    const char *origin;
    SP_TRY(hub_token_get(&token, &origin, err));
    if (!token) {
        int rc = sp_fail(err, SP_EAUTH, "not logged in");
        sp_hint(err, "log in with: spoke auth login");
        return rc;
    }
    if (c->format == CLI_JSON) {
        SP_AUTO_BUF struct sp_buf b = {0};
        struct sp_jw w = sp_jw(&b);
        sp_jw_obj(&w);
        sp_jw_kcstr(&w, "token", token);
        sp_jw_end(&w);
        puts(b.p);
    } else {
        puts(token);
    }
    return 0;
}
const struct cli_spec cli_auth_token_spec = {
    .run = print_token, .examples = "curl -H \"Authorization: Bearer $(spoke auth token)\" …\n"};
