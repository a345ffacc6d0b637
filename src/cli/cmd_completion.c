// `spoke completion`: the script for a shell, made from the command table.
#include "cli/cli.h"

static int completion(struct cli *c, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    SP_TRY(cli_complete_write(&b, c->args[0], err));
    fwrite(b.p, 1, b.n, stdout);
    return 0;
}
static const struct cli_arg args[] = {{"SHELL", "bash, zsh or fish", false, false}, {0}};
const struct cli_spec cli_completion_spec = {
    .run = completion,
    .args = args,
    .examples = "spoke completion bash > ~/.local/share/bash-completion/completions/spoke\n"
                "spoke completion zsh > ~/.zsh/completions/_spoke\n"
                "spoke completion fish > ~/.config/fish/completions/spoke.fish\n",
    .more = "`make install` puts these files where the shells find them.\n",
};
