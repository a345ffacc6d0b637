// Command lines against option tables.
#include "cli/cli.h"

static const char *format_name;
static bool want_json, want_quiet, want_truncate_off, want_help;

const struct cli_opt cli_common_opts[] = {
    {"format", 0, CLI_PICK, &format_name, "auto|human|json|quiet|agent", "How to print the result",
     0},
    {"json", 0, CLI_FLAG, &want_json, NULL, "Same as --format json: exact numbers, ISO times", 0},
    {"quiet", 'q', CLI_FLAG, &want_quiet, NULL, "Same as --format quiet: only ids or paths", 0},
    {"no-truncate", 0, CLI_FLAG, &want_truncate_off, NULL,
     "Do not cut table columns to the terminal", 0},
    {"token", 0, CLI_CONF, NULL, "TOKEN", "Access token to use instead of the stored one",
     SP_CONF_token},
    {"help", 'h', CLI_FLAG, &want_help, NULL, "Show this help", 0},
    CLI_OPT_END,
};

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

// Edit distance with swaps of neighbours; words longer than 40 bytes are not names of ours.
static size_t distance(sp_str a, sp_str b)
{
    enum { MAX = 40 };
    if (a.n > MAX || b.n > MAX)
        return SIZE_MAX;
    size_t d[MAX + 1][MAX + 1];
    for (size_t i = 0; i <= a.n; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= b.n; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        for (size_t j = 1; j <= b.n; j++) {
            size_t cost = a.p[i - 1] != b.p[j - 1];
            d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost);
            bool swapped = i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1];
            if (swapped && d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = d[i - 2][j - 2] + 1;
        }
    }
    return d[a.n][b.n];
}

const char *cli_nearest(const char *word, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t best_d = SIZE_MAX, len = strlen(word);
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(sp_cstr(word), sp_cstr(names[i]));
        if (d < best_d) {
            best_d = d;
            best = names[i];
        }
    }
    return best_d <= 1 + len / 4 && best_d < len ? best : NULL;
}

static const struct cli_opt *find_in(const struct cli_opt *opts, sp_str name, char letter)
{
    for (const struct cli_opt *o = opts; o && o->name; o++) {
        if (letter ? o->letter == letter : sp_eq(sp_cstr(o->name), name))
            return o;
    }
    return NULL;
}

static const struct cli_opt *find(const struct cli_spec *spec, sp_str name, char letter)
{
    const struct cli_opt *o = find_in(spec->opts, name, letter);
    return o ? o : find_in(cli_common_opts, name, letter);
}

static int unknown(const struct cli *c, const struct cli_spec *spec, sp_str word,
                   struct sp_err *err)
{
    SP_VEC(const char *) names = {0};
    for (const struct cli_opt *o = spec->opts; o && o->name; o++)
        *sp_vec_push(&names) = o->name;
    for (const struct cli_opt *o = cli_common_opts; o->name; o++)
        *sp_vec_push(&names) = o->name;
    int rc = sp_fail(err, SP_EUSAGE, "unknown option %.*s", SP_FMT(word));
    SP_AUTO_FREE char *bare = sp_str_dup(sp_from(word, sp_starts(word, SP_LIT("--")) ? 2 : 1));
    const char *near = word.n > 2 ? cli_nearest(bare, names.v, names.n) : NULL;
    if (near)
        sp_hint(err, "did you mean --%s?", near);
    else
        sp_hint(err, "spoke %s --help lists the options", c->cmd ? c->cmd->path : "");
    sp_vec_fini(&names);
    return rc;
}

static bool allowed(const char *choices, sp_str value)
{
    sp_str one, rest = sp_cstr(choices);
    while (sp_split(&rest, '|', &one)) {
        if (sp_eq(one, value))
            return true;
    }
    return false;
}

void cli_list_add(struct cli_list *l, const char *value)
{
    l->v = sp_realloc(l->v, (l->n + 2) * sizeof *l->v);
    l->v[l->n++] = value;
    l->v[l->n] = NULL;
}

static int set(const struct cli_opt *o, const char *value, struct sp_err *err)
{
    switch (o->kind) {
    case CLI_FLAG:
        *(bool *)o->field = true;
        return 0;
    case CLI_PICK:
        if (!allowed(o->metavar, sp_cstr(value)))
            return sp_fail(err, SP_EUSAGE, "--%s %s: must be one of %s", o->name, value,
                           o->metavar);
        *(const char **)o->field = value;
        return 0;
    case CLI_STR:
        *(const char **)o->field = value;
        return 0;
    case CLI_INT:
        if (!sp_parse_i64(sp_cstr(value), o->field) || *(int64_t *)o->field < 0)
            return sp_fail(err, SP_EUSAGE, "--%s %s: must be a whole number", o->name, value);
        return 0;
    case CLI_LIST:
        cli_list_add(o->field, value);
        return 0;
    case CLI_CONF: {
        int64_t n;
        bool number = sp_conf_rows[o->conf].type == SP_CT_INT;
        if (number && (!sp_parse_i64(sp_cstr(value), &n) || n < 1 || n > 100000))
            return sp_fail(err, SP_EUSAGE, "--%s %s: must be a number from 1 to 100000", o->name,
                           value);
        if (!*value)
            return sp_fail(err, SP_EUSAGE, "--%s: is empty", o->name);
        sp_conf_set_flag(o->conf, value);
        return 0;
    }
    }
    return sp_fail(err, SP_EINTERNAL, "option --%s has no kind", o->name);
}

struct words {
    const char *const *v;
    size_t n, at;
};

// The value of option o: what stands behind its '=' or letter, else the next word.
static int take_value(const struct cli_opt *o, const char *attached, struct words *w,
                      const char **out, struct sp_err *err)
{
    *out = NULL;
    if (o->kind == CLI_FLAG) {
        if (attached)
            return sp_fail(err, SP_EUSAGE, "--%s takes no value", o->name);
        return 0;
    }
    if (attached)
        *out = attached;
    else if (w->at < w->n)
        *out = w->v[w->at++];
    else
        return sp_fail(err, SP_EUSAGE, "--%s needs a value: %s", o->name, o->metavar);
    return 0;
}

static int parse_long(struct cli *c, const struct cli_spec *spec, const char *word, struct words *w,
                      struct sp_err *err)
{
    const char *eq = strchr(word, '=');
    sp_str name = sp_str_of(word + 2, eq ? (size_t)(eq - word - 2) : strlen(word + 2));
    const struct cli_opt *o = find(spec, name, 0);
    if (!o && !eq && sp_starts(name, SP_LIT("no-"))) {
        // As in hf every flag can be taken back: --no-private.
        o = find(spec, sp_from(name, 3), 0);
        if (o && o->kind == CLI_FLAG) {
            *(bool *)o->field = false;
            return 0;
        }
        o = NULL;
    }
    if (!o)
        return unknown(c, spec, (sp_str){word, name.n + 2}, err);
    const char *value;
    SP_TRY(take_value(o, eq ? eq + 1 : NULL, w, &value, err));
    return set(o, value, err);
}

// "-q", "-qf X", "-fX".
static int parse_short(struct cli *c, const struct cli_spec *spec, const char *word,
                       struct words *w, struct sp_err *err)
{
    for (const char *p = word + 1; *p; p++) {
        const struct cli_opt *o = find(spec, (sp_str){NULL, 0}, *p);
        if (!o)
            return unknown(c, spec, sp_cstr(word), err);
        if (o->kind == CLI_FLAG) {
            SP_TRY(set(o, NULL, err));
            continue;
        }
        const char *value;
        SP_TRY(take_value(o, p[1] ? p + 1 : NULL, w, &value, err));
        return set(o, value, err);
    }
    return 0;
}

static int check_args(const struct cli *c, const struct cli_spec *spec, struct sp_err *err)
{
    size_t i = 0;
    for (const struct cli_arg *a = spec->args; a && a->name; a++, i++) {
        if (i >= c->args_n && !a->optional) {
            int rc = sp_fail(err, SP_EUSAGE, "missing argument %s", a->name);
            struct sp_buf usage = {0};
            cli_usage_line(&usage, c->cmd);
            sp_hint(err, "usage: %s", usage.p ? usage.p : "");
            sp_buf_fini(&usage);
            return rc;
        }
        if (a->many)
            return 0;
    }
    if (c->args_n > i) {
        int rc = sp_fail(err, SP_EUSAGE, "unexpected argument %s", c->args[i]);
        sp_hint(err, "spoke %s --help shows how it is used", c->cmd ? c->cmd->path : "");
        return rc;
    }
    return 0;
}

static int choose_format(struct cli *c, struct sp_err *err)
{
    static const char *const names[] = {"auto", "human", "json", "quiet", "agent"};
    c->format = CLI_AUTO;
    for (int i = 0; format_name && i < 5; i++) {
        if (strcmp(format_name, names[i]) == 0)
            c->format = (enum cli_format)i;
    }
    if (want_json && want_quiet)
        return sp_fail(err, SP_EUSAGE, "--json and --quiet cannot both be given");
    if (format_name && (want_json || want_quiet))
        return sp_fail(err, SP_EUSAGE, "--format and --%s cannot both be given",
                       want_json ? "json" : "quiet");
    if (want_json)
        c->format = CLI_JSON;
    if (want_quiet)
        c->format = CLI_QUIET;
    c->no_truncate = want_truncate_off;
    return 0;
}

int cli_opt_parse(struct cli *c, const struct cli_spec *spec, const char *const *words, size_t n,
                  struct sp_err *err)
{
    struct words w = {words, n, 0};
    bool only_args = false;
    c->args = sp_realloc(c->args, (n + 1) * sizeof *c->args);
    c->args_n = 0;
    while (w.at < w.n) {
        const char *word = w.v[w.at++];
        if (only_args || word[0] != '-' || !word[1]) // "-" alone is an argument: standard input
            c->args[c->args_n++] = word;
        else if (strcmp(word, "--") == 0)
            only_args = true;
        else if (word[1] == '-')
            SP_TRY(parse_long(c, spec, word, &w, err));
        else
            SP_TRY(parse_short(c, spec, word, &w, err));
    }
    c->args[c->args_n] = NULL;
    SP_TRY(choose_format(c, err));
    return check_args(c, spec, err);
}

bool cli_wants_help(const struct cli_spec *spec, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sp_str w = sp_cstr(words[i]);
        if (sp_eq_lit(w, "--"))
            return false;
        // Where -h is a letter of the command (`models ls -h`: sizes for people), only --help
        // helps.
        if (sp_eq_lit(w, "--help") ||
            (sp_eq_lit(w, "-h") && !(spec && find_in(spec->opts, (sp_str){NULL, 0}, 'h'))))
            return true;
        // The value of an option is not looked at: `--search --help` searches for "--help".
        const struct cli_opt *o = NULL;
        if (spec && sp_starts(w, SP_LIT("--")) && sp_find_ch(w, '=') < 0)
            o = find(spec, sp_from(w, 2), 0);
        else if (spec && w.n == 2 && w.p[0] == '-')
            o = find(spec, (sp_str){NULL, 0}, w.p[1]);
        if (o && o->kind != CLI_FLAG)
            i++;
    }
    return false;
}
