// What the Hub says of repositories, in the names of hf (hub_table.c).
#ifndef SPOKE_CLI_HUB_TABLE_H
#define SPOKE_CLI_HUB_TABLE_H

#include "cli/cli.h"

// "lastModified" → "last_modified". Heap.
char *cli_snake(sp_str key);
// One repository as hf prints it: keys in snake case, nulls and inner ids left out.
void cli_repo_json(struct sp_jw *w, const struct sp_json *item);

// A table whose columns are the members of its first item, id first.
struct cli_repo_table {
    struct cli_table t;
    SP_VEC(struct cli_col) cols;
};
void cli_repo_table_add(struct cli_repo_table *r, const struct sp_json *item);
void cli_repo_table_fini(struct cli_repo_table *r);

#endif
