// `spoke env`: every setting, its value and where that comes from.
#include "cli/cli.h"

// A token is told by its first and last letters only.
static char *masked(const char *secret)
{
    size_t n = strlen(secret);
    if (n == 0)
        return sp_dup("");
    return n < 12 ? sp_dup("****") : sp_fmt("%.3s****%s", secret, secret + n - 4);
}

static int env(struct cli *c, struct sp_err *err)
{
    static const struct cli_col cols[] = {
        {"setting", CLI_TEXT}, {"value", CLI_TEXT}, {"origin", CLI_TEXT}, {"variables", CLI_TEXT}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, 4, {0}};
    for (int i = 0; i < SP_CONF_N; i++) {
        enum sp_conf_id id = (enum sp_conf_id)i;
        SP_AUTO_FREE char *secret = id == SP_CONF_token ? masked(sp_conf_str(id)) : NULL;
        cli_put_cstr(&t, sp_conf_rows[i].name);
        cli_put_cstr(&t, secret ? secret : sp_conf_str(id));
        cli_put_cstr(&t, sp_conf_origin(id));
        cli_put_cstr(&t, sp_conf_rows[i].env);
    }
    if (c->format == CLI_HUMAN)
        puts("spoke " SPOKE_VERSION "\n");
    cli_table_print(c, &t, 0, NULL);
    return 0;
}
const struct cli_spec cli_env_spec = {
    .run = env,
    .examples = "spoke env\nHF_HUB_OFFLINE=1 spoke env --json\n",
    .more = "Precedence: option, then environment, then default. Of several variables the first "
            "one that is\n"
            "set and not empty counts.\n",
};
