// Options of `spoke serve` from settings.def, flags and environment, and the flags of `admin`.
#include "server/opts.h"

#include "net/net.h"

enum kind { STR, PATH, BOOL, INT, SIZE, DURATION };

struct row {
    size_t at; // offset in struct srv_opts
    enum kind kind;
    const char *flag, *env, *dflt, *unit, *text;
};
static const struct row rows[] = {
#define SRV_SETTING(field, kind, flag, env, dflt, unit, text)                                      \
    {offsetof(struct srv_opts, field), kind, flag, env, dflt, unit, text},
#include "server/settings.def"
#undef SRV_SETTING
};
#define ROWS_N (sizeof rows / sizeof *rows)
_Static_assert(sizeof(size_t) == sizeof(uint64_t), "SIZE rows are stored as uint64_t");

int srv_flags_parse(const struct srv_flag *flags, size_t flags_n, int argc, char **argv,
                    const char **words, size_t *words_n, size_t max, struct sp_err *err)
{
    size_t n = 0;
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        sp_str word = sp_cstr(argv[i]), value = {0};
        if (only_words || word.n < 2 || word.p[0] != '-') {
            if (n == max)
                return sp_fail(err, SP_EUSAGE, "unexpected argument %s", argv[i]);
            words[n++] = argv[i];
            continue;
        }
        if (sp_eq_lit(word, "--")) {
            only_words = true;
            continue;
        }
        sp_str name = sp_starts(word, SP_LIT("--")) ? sp_cut(sp_from(word, 2), '=', &value) : word;
        const struct srv_flag *f = NULL;
        for (size_t k = 0; k < flags_n && !f; k++)
            if (sp_eq(name, sp_cstr(flags[k].name)))
                f = &flags[k];
        if (!f)
            return sp_fail(err, SP_EUSAGE, "unknown option %s", argv[i]);
        if (f->on && value.p)
            return sp_fail(err, SP_EUSAGE, "option --%s takes no value", f->name);
        if (f->on) {
            *f->on = true;
        } else if (value.p) {
            *f->value = value.p;
        } else {
            if (i + 1 == argc)
                return sp_fail(err, SP_EUSAGE, "option --%s needs a value", f->name);
            *f->value = argv[++i];
        }
    }
    *words_n = n;
    return 0;
}

static int set_field(struct srv_opts *o, const struct row *r, const char *text, const char *origin,
                     struct sp_err *err)
{
    void *at = (char *)o + r->at;
    sp_str s = sp_cstr(text);
    int64_t ms;
    uint64_t u;
    bool fine = true;
    switch (r->kind) {
    case STR:
        free(*(char **)at);
        *(char **)at = sp_dup(text);
        break;
    case PATH:
        free(*(char **)at);
        *(char **)at = *text ? sp_path_expand(text) : sp_dup("");
        break;
    case BOOL:
        *(bool *)at = sp_parse_bool(s);
        break;
    case INT:
        fine = sp_parse_u64(s, &u) && u <= INT32_MAX;
        if (fine)
            *(unsigned *)at = (unsigned)u;
        break;
    case SIZE:
        fine = sp_parse_size(s, &u);
        if (fine)
            *(uint64_t *)at = u;
        break;
    case DURATION:
        fine = sp_parse_duration(s, &ms) && ms >= 0;
        if (fine)
            *(int64_t *)at = ms;
        break;
    }
    if (!fine)
        return sp_fail(err, SP_EUSAGE, "%s: %s is not a %s", origin, text,
                       r->kind == INT    ? "number"
                       : r->kind == SIZE ? "size"
                                         : "duration");
    return 0;
}

static int check(const struct srv_opts *o, struct sp_err *err)
{
    if (!o->data[0]) {
        sp_fail(err, SP_EUSAGE, "no data folder given");
        sp_hint(err, "spoke serve --data DIR");
        return SP_EUSAGE;
    }
    if (!o->tls_cert[0] != !o->tls_key[0])
        return sp_fail(err, SP_EUSAGE, "--tls-cert and --tls-key belong together");
    if (strcmp(o->log_format, "text") != 0 && strcmp(o->log_format, "json") != 0)
        return sp_fail(err, SP_EUSAGE, "--log-format is text or json, not %s", o->log_format);
    if (o->base_path[0] && o->base_path[0] != '/')
        return sp_fail(err, SP_EUSAGE, "--base-path begins with /");
    struct net_url url;
    if (o->public_url[0] && net_url_parse(&url, sp_cstr(o->public_url), NULL) < 0)
        return sp_fail(err, SP_EUSAGE, "--public-url %s is no URL; write https://hub.example.org",
                       o->public_url);
    if (!o->limits.tree_page || !o->limits.tree_expand_page || !o->limits.list_page)
        return sp_fail(err, SP_EUSAGE, "a page has at least one entry");
    return 0;
}

void srv_opts_fini(struct srv_opts *o)
{
    for (size_t i = 0; i < ROWS_N; i++) {
        if (rows[i].kind != STR && rows[i].kind != PATH)
            continue;
        char **at = (char **)(void *)((char *)o + rows[i].at);
        free(*at);
        *at = NULL;
    }
}

static int fill(struct srv_opts *o, const char **values, struct sp_err *err)
{
    for (size_t i = 0; i < ROWS_N; i++) {
        const char *env = getenv(rows[i].env);
        SP_TRY(set_field(o, &rows[i], rows[i].dflt, rows[i].flag, err));
        SP_AUTO_FREE char *flag = sp_fmt("--%s", rows[i].flag);
        if (values[i])
            SP_TRY(set_field(o, &rows[i], values[i], flag, err));
        else if (env && *env)
            SP_TRY(set_field(o, &rows[i], env, rows[i].env, err));
    }
    return 0;
}

int srv_opts_parse(struct srv_opts *out, int argc, char **argv, struct sp_err *err)
{
    const char *values[ROWS_N] = {0};
    struct srv_flag flags[ROWS_N + 4];
    SP_AUTO(srv_opts_fini) struct srv_opts o = {0};
    for (size_t i = 0; i < ROWS_N; i++)
        flags[i] = (struct srv_flag){.name = rows[i].flag, .value = &values[i]};
    flags[ROWS_N] = (struct srv_flag){.name = "routes", .on = &o.routes};
    flags[ROWS_N + 1] = (struct srv_flag){.name = "json", .on = &o.json};
    flags[ROWS_N + 2] = (struct srv_flag){.name = "help", .on = &o.help};
    flags[ROWS_N + 3] = (struct srv_flag){.name = "-h", .on = &o.help};
    // A switch of the table may stand alone: "--proxy-protocol".
    bool proxy_protocol = false;
    for (size_t i = 0; i < ROWS_N; i++)
        if (rows[i].kind == BOOL)
            flags[i] = (struct srv_flag){.name = rows[i].flag, .on = &proxy_protocol};
    size_t words;
    SP_TRY(srv_flags_parse(flags, ROWS_N + 4, argc, argv, NULL, &words, 0, err));
    SP_TRY(fill(&o, values, err));
    o.proxy_protocol |= proxy_protocol;
    if (!o.routes && !o.help)
        SP_TRY(check(&o, err));
    *out = o;
    o = (struct srv_opts){0};
    return 0;
}

void srv_opts_help(struct sp_buf *out)
{
    static const char *const metavars[] = {
        [STR] = " VALUE", [PATH] = " PATH", [BOOL] = "",
        [INT] = " N",     [SIZE] = " SIZE", [DURATION] = " TIME",
    };
    sp_buf_cstr(
        out,
        "Usage: spoke serve --data DIR [OPTIONS]\n\n"
        "Serve a Hub. Prints one JSON line with the URL when it is ready; one line per request on "
        "stderr.\nSIGTERM ends it after the running requests, SIGHUP reads the certificate "
        "again.\n\n"
        "Options:\n");
    for (size_t i = 0; i < ROWS_N; i++) {
        sp_buf_printf(out, "  --%s%s\n      %s", rows[i].flag, metavars[rows[i].kind],
                      rows[i].text);
        if (rows[i].dflt[0] && rows[i].kind != BOOL)
            sp_buf_printf(out, " [default: %s]", rows[i].dflt);
        sp_buf_printf(out, " [env: %s]\n", rows[i].env);
    }
    sp_buf_cstr(
        out,
        "  --routes\n      Print the route table, tab separated, and end; with --json as JSON\n"
        "  --help\n      Show this message\n\n"
        "Environment, at the first start only:\n"
        "  SPOKE_ADMIN_USER        name of a first user\n"
        "  SPOKE_ADMIN_TOKEN_FILE  file that holds this user's write token\n\n"
        "Examples:\n"
        "  spoke serve --data /srv/hub --listen 127.0.0.1:8080\n"
        "  spoke serve --data /srv/hub --listen :443 --tls-cert hub.pem --tls-key hub.key\n");
}
