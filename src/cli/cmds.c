// The rows of commands.def as a table.
#include "cli/cli.h"

#define CLI_GROUP(path, aliases, summary)
#define CLI_SPEC_SPOKE(id) extern const struct cli_spec cli_##id##_spec;
#define CLI_SPEC_SERVER(id)
#define CLI_CMD(id, path, aliases, program, text) CLI_SPEC_##program(id)
#include "cli/commands.def"
#undef CLI_GROUP
#undef CLI_CMD

const struct cli_cmd cli_cmds[] = {
#define CLI_GROUP(path, aliases, summary)         {path, aliases, summary, NULL, false},
#define CLI_ROW_SPOKE(id)                         &cli_##id##_spec, false
#define CLI_ROW_SERVER(id)                        NULL, true
#define CLI_CMD(id, path, aliases, program, text) {path, aliases, text, CLI_ROW_##program(id)},
#include "cli/commands.def"
#undef CLI_GROUP
#undef CLI_CMD
    {NULL, NULL, NULL, NULL, false},
};

bool cli_is_group(const struct cli_cmd *cmd)
{
    return !cmd->spec && !cmd->server;
}

static bool is_alias(sp_str word, const char *aliases)
{
    sp_str one, rest = sp_cstr(aliases);
    while (sp_split(&rest, ' ', &one)) {
        if (one.n && sp_eq(word, one))
            return true;
    }
    return false;
}

// The row whose path is `prefix` and then `word` (or one of its aliases).
static const struct cli_cmd *child(sp_str prefix, sp_str word)
{
    for (const struct cli_cmd *c = cli_cmds; c->path; c++) {
        sp_str path = sp_cstr(c->path);
        if (prefix.n) {
            if (!sp_starts(path, prefix) || path.n <= prefix.n || path.p[prefix.n] != ' ')
                continue;
            path = sp_from(path, prefix.n + 1);
        }
        if (sp_find_ch(path, ' ') < 0 && (sp_eq(path, word) || is_alias(word, c->aliases)))
            return c;
    }
    return NULL;
}

const struct cli_cmd *cli_find(const char *const *words, size_t n, size_t *used)
{
    const struct cli_cmd *at = NULL;
    for (*used = 0; *used < n; (*used)++) {
        const struct cli_cmd *next = child(sp_cstr(at ? at->path : NULL), sp_cstr(words[*used]));
        if (!next)
            break;
        at = next;
        if (!cli_is_group(at)) {
            (*used)++;
            break;
        }
    }
    return at;
}
