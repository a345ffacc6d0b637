// cli: the program `spoke`. main.c finds the command (commands.def), opt.c fills its option table,
// cmd_<noun>.c does the work through xfer, hub and cache, out.c prints. One command per process,
// one thread but for the progress bar; nothing here runs before a command asked for it.
#ifndef SPOKE_CLI_H
#define SPOKE_CLI_H

#include "base/base.h"

// ---- tables (commands.def, opt.c)

enum cli_kind {
    CLI_FLAG, // bool *field
    CLI_STR,  // const char **field
    CLI_PICK, // const char **field; metavar "a|b|c" lists what is allowed
    CLI_INT,  // int64_t *field, ≥ 0
    CLI_LIST, // struct cli_list *field, repeatable
    CLI_CONF, // int *field = setting of conf.def (NULL: field is unused, conf names it)
};
struct cli_list {
    const char **v; // NULL-terminated once something was added
    size_t n;
};
struct cli_opt {
    const char *name; // "revision" → --revision
    char letter;      // 'f' → -f, 0 = none
    enum cli_kind kind;
    void *field;
    const char *metavar;  // "REV"
    const char *help;     // NULL = accepted but not shown (old spellings)
    enum sp_conf_id conf; // CLI_CONF
};
#define CLI_OPT_END {0}
struct cli_arg {
    const char *name; // "REPO"; NULL ends the table
    const char *help;
    bool optional, many; // many: the last one takes all that is left
};
struct cli;
struct cli_spec {
    int (*run)(struct cli *c,
               struct sp_err *err); // 0, or a negative code; the message is printed once
    const struct cli_arg *args;
    const struct cli_opt *opts; // NULL = only the common ones
    const char *examples;       // lines "spoke …", each with its newline
    const char *more;           // further paragraphs of the help, NULL = none
};
struct cli_cmd {
    const char *path, *aliases, *summary;
    const struct cli_spec *spec; // NULL: a group, or run by the server program
    bool server;
};
// Groups and commands in the order of commands.def, ended by a NULL path.
extern const struct cli_cmd cli_cmds[];
extern const struct cli_opt cli_common_opts[];

enum cli_format { CLI_AUTO, CLI_HUMAN, CLI_JSON, CLI_QUIET, CLI_AGENT };
struct cli {
    const struct cli_cmd *cmd;
    const char **args; // positional arguments
    size_t args_n;
    enum cli_format format; // never CLI_AUTO once a command runs
    bool no_truncate;
    bool color;               // standard output is a terminal that wants colours
    struct sp_cancel *cancel; // set by SIGINT and SIGTERM
    int exit;                 // status to end with although nothing failed (0 = fine)
    size_t out_max_bytes;     // of one printed result, 0 = 1 GiB
    bool unprinted;           // a result was larger than that
};
// Longest command whose words (or their aliases) begin argv; *used = words taken. NULL = none.
const struct cli_cmd *cli_find(const char *const *words, size_t n, size_t *used);
bool cli_is_group(const struct cli_cmd *cmd);
// Fills fields from words; positional ones go to c->args. SP_EUSAGE names the word and the closest
// name.
int cli_opt_parse(struct cli *c, const struct cli_spec *spec, const char *const *words, size_t n,
                  struct sp_err *err);
void cli_list_add(struct cli_list *l, const char *value); // borrows value
// --help or -h stands there as an option (not as the value of one).
bool cli_wants_help(const struct cli_spec *spec, const char *const *words, size_t n);
// The name nearest to word (edit distance at most a third of its length), NULL = none is near.
const char *cli_nearest(const char *word, const char *const *names, size_t n);

// ---- help and generated pages (help.c, docs.c, complete.c)

void cli_help(FILE *f, const struct cli_cmd *cmd); // NULL = the program
void cli_usage_line(struct sp_buf *b, const struct cli_cmd *cmd);
int cli_docs_write(const char *dir, struct sp_err *err);
int cli_complete_write(struct sp_buf *out, const char *shell,
                       struct sp_err *err); // "bash" "zsh" "fish"

// ---- output (out.c)

enum cli_cell {
    CLI_TEXT,
    CLI_BYTES, // json: integer; human: 1.2M
    CLI_COUNT,
    CLI_TIME,  // unix ms; json: ISO; human: date
    CLI_AGO,   // unix ms; json: ISO; human: "8 minutes ago"
    CLI_YES,   // json: bool; human: ✔ or nothing
    CLI_NAMES, // '\n' between names; json: array; human: comma-separated
};
struct cli_col {
    const char *key; // member in JSON; upper-cased it is the header
    enum cli_cell kind;
};
struct cli_value {
    char *text; // TEXT, NAMES; owned
    int64_t number;
    bool null;
};
struct cli_table {
    const struct cli_col *cols;
    size_t cols_n;
    SP_VEC(struct cli_value) cells; // row by row
};
void cli_put_text(struct cli_table *t, sp_str s);
void cli_put_cstr(struct cli_table *t, const char *s); // NULL = null
void cli_put_num(struct cli_table *t, int64_t v);      // BYTES, COUNT, TIME, AGO, YES
void cli_put_null(struct cli_table *t);
// Table, array, TSV, or the column `id` alone. footer: below tables for people and agents, NULL =
// none.
void cli_table_print(struct cli *c, const struct cli_table *t, size_t id, const char *footer);
void cli_table_fini(struct cli_table *t);
// One result: "✓ title" and its fields; the same columns and cells as a table of one row. Quiet
// prints the first field. Fields that are null are left out for people.
void cli_result_print(struct cli *c, const char *title, const struct cli_table *t);
void cli_say(const struct cli *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));        // human, agent only
void cli_size_text(char out[16], uint64_t bytes); // "2.0M", as hf prints it
void cli_ago_text(char out[32], int64_t ms, int64_t now_ms);
// One line from the terminal; Ctrl-C there ends the program. false = no line came.
bool cli_ask(char *line, int n, const char *question);
// Asks [y/N] on the terminal; without one, or in json/quiet, SP_EUSAGE that names --yes. 0 = yes,
// SP_ECANCELLED = no.
int cli_confirm(const struct cli *c, bool yes, const char *question, struct sp_err *err);
int cli_finish(struct cli *c, int rc,
               const struct sp_err *err); // prints the error, flushes; exit status

// ---- progress (bar.c)

struct cli_bar;
// Draws p on standard error until stopped: a line on a terminal, log lines every 30 s elsewhere;
// NULL (which is fine to stop) in json, quiet and agent mode and when the settings say so.
struct cli_bar *cli_bar_start(const struct cli *c, struct sp_progress *p);
void cli_bar_stop(struct cli_bar **bar);
#define CLI_AUTO_BAR SP_AUTO(cli_bar_stop)

#endif
