// `spoke version`: a row like any other, so that --json and -q hold for it.
#include "cli/cli.h"

static int version(struct cli *c, struct sp_err *err)
{
    static const struct cli_col cols[] = {{"version", CLI_TEXT}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, 1, {0}};
    cli_put_cstr(&t, SPOKE_VERSION);
    cli_result_print(c, "spoke version", &t);
    return 0;
}
const struct cli_spec cli_version_spec = {.run = version,
                                          .examples = "spoke version\nspoke --version\n"};
