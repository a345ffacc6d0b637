// What the commands that speak of repositories share (repo_arg.c).
#ifndef SPOKE_CLI_HUB_H
#define SPOKE_CLI_HUB_H

#include "cli/cli.h"
#include "hub/hub.h"

// A repository as the user wrote it: id with --type, "datasets/ns/name", hf:// or a web URL. A
// revision or type given twice (in the text and by option) is SP_EUSAGE; beside hf:// both are, as
// in hf.
struct cli_repo {
    struct hub_repo repo;
    char *rev;  // NULL = none given
    char *path; // NULL = none given
};
#define CLI_TYPES "model|dataset|space"
#define CLI_TYPE_OPTS(field)                                                                       \
    {"type", 0, CLI_PICK, (field), CLI_TYPES, "Kind of repository (default: model)", 0},           \
        {"repo-type", 0, CLI_PICK, (field), CLI_TYPES, NULL, 0}
int cli_repo_arg(struct cli_repo *out, const char *text, const char *type, const char *rev,
                 struct sp_err *err);
void cli_repo_fini(struct cli_repo *r);
int cli_hub(struct hub **out, const struct cli *c, struct sp_err *err);
static inline void cli_hub_free(struct hub **h)
{
    hub_free(*h);
}
#define CLI_AUTO_HUB SP_AUTO(cli_hub_free)

#endif
