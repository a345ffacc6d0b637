// The files of a repository, as `models ls REPO` shows them (file_list.c).
#ifndef SPOKE_CLI_FILE_LIST_H
#define SPOKE_CLI_FILE_LIST_H

#include "cli/cli_hub.h"

struct cli_file_list_opts {
    bool recursive, tree, human_sizes;
};
int cli_file_list(struct cli *c, const struct cli_repo *r, const struct cli_file_list_opts *o,
                  struct sp_err *err);

#endif
