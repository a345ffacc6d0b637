// `spoke admin`: finds the command and opens the data folder for it.
#include "server/admin.h"

#include "server/known.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

struct command {
    const char *words;
    srv_admin_fn run;
    size_t operands;
    const char *operands_text, *text;
};
static const struct command commands[] = {
#define SRV_ADMIN(words, function, n, operands, text) {words, function, n, operands, text},
#include "server/admin.def"
#undef SRV_ADMIN
};
#define COMMANDS_N (sizeof commands / sizeof *commands)

static void help(void)
{
    printf("Usage: spoke admin --data DIR COMMAND [OPTIONS]\n\n"
           "Manage users, tokens and repositories of a data folder, also while a server runs on "
           "it.\n\nCommands:\n");
    for (size_t i = 0; i < COMMANDS_N; i++)
        printf("  %s%s%s\n      %s\n", commands[i].words, *commands[i].operands_text ? " " : "",
               commands[i].operands_text, commands[i].text);
    printf("\nOptions:\n"
           "  --data DIR\n      Data folder [env: SPOKE_DATA]\n"
           "  --json\n      Print JSON: bytes as integers, times as ISO 8601\n"
           "  --help\n      Show this message\n\n"
           "Examples:\n"
           "  spoke admin --data /srv/hub user add alice\n"
           "  spoke admin --data /srv/hub token add --user alice --role write --name laptop\n"
           "  spoke admin --data /srv/hub gc --dry-run\n");
}

// The command whose words begin the line; *used = how many words it has.
static const struct command *find(const char **words, size_t n, size_t *used)
{
    for (size_t i = 0; i < COMMANDS_N; i++) {
        sp_str second, first = sp_cut(sp_cstr(commands[i].words), ' ', &second);
        if (n < 1 || !sp_eq(first, sp_cstr(words[0])))
            continue;
        if (second.n == 0 || (n > 1 && sp_eq(second, sp_cstr(words[1])))) {
            *used = second.n ? 2 : 1;
            return &commands[i];
        }
    }
    return NULL;
}

static int unknown(const char **words, size_t n, struct sp_err *err)
{
    if (n == 0)
        sp_fail(err, SP_EUSAGE, "no command given");
    else
        sp_fail(err, SP_EUSAGE, "no such command: %s%s%s", words[0], n > 1 ? " " : "",
                n > 1 ? words[1] : "");
    sp_hint(err, "spoke admin --help lists the commands");
    return SP_EUSAGE;
}

// A mistyped --data must not look like an empty Hub: only `user add` may make the folder.
static int must_exist(const char *path, struct sp_err *err)
{
    SP_AUTO_FREE char *version = sp_path_join(path, "VERSION");
    if (access(version, F_OK) == 0 || errno != ENOENT)
        return 0;
    sp_fail(err, SP_ENOTFOUND, "%s is not a data folder", path);
    sp_hint(err, "name the --data of your server; spoke admin --data DIR user add NAME makes one");
    return SP_ENOTFOUND;
}

static int open_data(struct srv_admin *a, bool may_make, struct sp_err *err)
{
    if (!a->data || !*a->data)
        a->data = getenv("SPOKE_DATA");
    if (!a->data || !*a->data) {
        sp_fail(err, SP_EUSAGE, "no data folder given");
        sp_hint(err, "spoke admin --data DIR …");
        return SP_EUSAGE;
    }
    SP_AUTO_FREE char *path = sp_path_expand(a->data);
    if (!may_make)
        SP_TRY(must_exist(path, err));
    SP_TRY(srv_data_dir_open(&a->dir, path, err));
    a->srv.dir = a->dir.path;
    memcpy(a->srv.secret, a->dir.secret, sizeof a->srv.secret);
    SP_TRY(meta_open(&a->srv.meta, a->srv.dir, err));
    a->srv.known = srv_known_new(a->srv.meta);
    return 0;
}

static void fini(struct srv_admin *a)
{
    if (a->srv.git)
        srv_git_close(a->srv.git);
    if (a->srv.objects)
        obj_store_close(a->srv.objects);
    srv_known_free(a->srv.known);
    meta_close(a->srv.meta);
    explicit_bzero(a->srv.secret, sizeof a->srv.secret);
    srv_data_dir_fini(&a->dir);
}

static int run(struct srv_admin *a, int argc, char **argv, struct sp_err *err)
{
    const struct srv_flag flags[] = {
        {"data", &a->data, NULL},       {"user", &a->user, NULL},
        {"role", &a->role, NULL},       {"name", &a->name, NULL},
        {"expires", &a->expires, NULL}, {"value-file", &a->value_file, NULL},
        {"type", &a->type, NULL},       {"json", NULL, &a->json},
        {"dry-run", NULL, &a->dry_run}, {"quick", NULL, &a->quick},
        {"help", NULL, &a->help},       {"-h", NULL, &a->help},
    };
    const char *words[4];
    size_t n, used = 0;
    SP_TRY(srv_flags_parse(flags, sizeof flags / sizeof *flags, argc, argv, words, &n, 4, err));
    if (a->help) {
        help();
        return 0;
    }
    const struct command *c = find(words, n, &used);
    if (!c)
        return unknown(words, n, err);
    if (n - used != c->operands)
        return sp_fail(err, SP_EUSAGE, "usage: spoke admin --data DIR %s %s", c->words,
                       c->operands_text);
    a->operand = n > used ? words[used] : NULL;
    SP_TRY(open_data(a, c->run == srv_admin_user_add, err));
    return c->run(a, err);
}

int srv_admin_stores(struct srv_admin *a, struct sp_err *err)
{
    SP_TRY(obj_store_open(&a->srv.objects, a->srv.dir, err));
    return srv_git_open(&a->srv.git, a->srv.dir, err);
}

int srv_admin_changed(struct srv_admin *a, struct sp_err *err)
{
    int rc = srv_control_drop(a->srv.dir, err);
    return rc < 0 ? sp_prefix(
                        err, rc,
                        "the change is written, but the server may use the old state until it is "
                        "restarted")
                  : 0;
}

int srv_admin_need(const char *value, const char *option, struct sp_err *err)
{
    if (value && *value)
        return 0;
    return sp_fail(err, SP_EUSAGE, "the option --%s is needed", option);
}

void srv_table_add(struct srv_table *t, const char *cell)
{
    *sp_vec_push(&t->cells) = sp_dup(cell);
}

// Prints and frees.
static void print_table(struct srv_table *t)
{
    size_t n = t->cells.n;
    for (size_t i = 0; i < n; i++) {
        size_t column = i % t->columns, width = 0;
        for (size_t k = column; k < n; k += t->columns)
            width = sp_utf8_width(sp_cstr(t->cells.v[k])) > width
                        ? sp_utf8_width(sp_cstr(t->cells.v[k]))
                        : width;
        bool last = column == t->columns - 1;
        size_t own = sp_utf8_width(sp_cstr(t->cells.v[i]));
        printf("%s%*s%s", t->cells.v[i], last ? 0 : (int)(width - own), "", last ? "\n" : "  ");
    }
    for (size_t i = 0; i < n; i++)
        free(t->cells.v[i]);
    sp_vec_fini(&t->cells);
}

void srv_list_begin(struct srv_list *l, const struct srv_admin *a, const char *const *head,
                    size_t columns)
{
    l->json = a->json;
    l->table.columns = columns;
    l->json_text = SP_BUF_MAX(SP_LIM_JSON_BYTES);
    l->w = sp_jw(&l->json_text);
    if (l->json)
        sp_jw_arr(&l->w);
    for (size_t i = 0; i < columns && !l->json; i++)
        srv_table_add(&l->table, head[i]);
}

int srv_list_end(struct srv_list *l, int rc, struct sp_err *err)
{
    if (!l->json) {
        print_table(&l->table);
        return rc;
    }
    sp_jw_end(&l->w);
    if (rc >= 0)
        rc = sp_buf_done(&l->json_text, "list", err);
    if (rc >= 0)
        printf("%s\n", l->json_text.p);
    sp_buf_fini(&l->json_text);
    return rc < 0 ? rc : 0;
}

int srv_admin_main(int argc, char **argv)
{
    struct sp_err err = {0};
    SP_AUTO(fini) struct srv_admin a = {0};
    int rc = run(&a, argc, argv, &err);
    if (rc < 0)
        return srv_exit_error(&err);
    if (fflush(stdout) != 0) {
        sp_fail_os(&err, errno, "writing the output");
        return srv_exit_error(&err);
    }
    return 0;
}
