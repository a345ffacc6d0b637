// Which names a user and a repository may have, and the words for types.
#include "server/names.h"

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

int srv_name_check(sp_str name, const char *what, struct sp_err *err)
{
    if (name.n == 0)
        return sp_fail(err, SP_EINVALID, "the %s is empty", what);
    if (name.n > SP_LIM_REPO_PART_CHARS)
        return sp_fail(err, SP_EINVALID, "the %s is longer than %d characters", what,
                       SP_LIM_REPO_PART_CHARS);
    for (size_t i = 0; i < name.n; i++)
        if (!is_word(name.p[i]) && name.p[i] != '-' && name.p[i] != '.')
            return sp_fail(err, SP_EINVALID,
                           "the %s may hold letters, digits, '-', '_' and '.' only", what);
    if (!is_word(name.p[0]) || !is_word(name.p[name.n - 1]))
        return sp_fail(err, SP_EINVALID, "the %s %.*s begins or ends with '-' or '.'", what,
                       SP_FMT(name));
    if (sp_find(name, SP_LIT("--")) >= 0 || sp_find(name, SP_LIT("..")) >= 0)
        return sp_fail(err, SP_EINVALID, "the %s %.*s holds '--' or '..'", what, SP_FMT(name));
    if (name.n >= 4 && sp_eq_nocase(sp_from(name, name.n - 4), SP_LIT(".git")))
        return sp_fail(err, SP_EINVALID, "the %s %.*s ends with .git", what, SP_FMT(name));
    return 0;
}

int srv_user_name_check(sp_str name, struct sp_err *err)
{
    // First segments of paths, now or later: a user of this name could not be told from them.
    static const char *const taken[] = {
        "api",        "datasets",      "spaces",        "models",  "kernels", "buckets",
        "healthz",    "readyz",        "metrics",       "oauth",   "login",   "logout",
        "join",       "settings",      "new",           "uploads", "papers",  "collections",
        "static",     "assets",        "organizations", "me",      "docs",    "v1",
        "xet",        "resolve-cache", "admin",         "users",   "search",  "favicon.ico",
        "robots.txt",
    };
    SP_TRY(srv_name_check(name, "user name", err));
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (sp_eq_nocase(name, sp_cstr(taken[i])))
            return sp_fail(err, SP_EINVALID, "the user name %s is reserved", taken[i]);
    return 0;
}

int srv_type_parse(enum meta_repo_type *out, sp_str text, struct sp_err *err)
{
    if (text.n == 0 || sp_eq_lit(text, "model"))
        *out = META_MODEL;
    else if (sp_eq_lit(text, "dataset"))
        *out = META_DATASET;
    else if (sp_eq_lit(text, "space"))
        *out = META_SPACE;
    else if (sp_eq_lit(text, "kernel") || sp_eq_lit(text, "bucket"))
        return sp_fail(err, SP_EUNSUPPORTED,
                       "Repositories of type %.*s come later; use a model or dataset",
                       SP_FMT(text));
    else
        return sp_fail(err, SP_EINVALID, "%.*s is no type of repository: model, dataset or space",
                       SP_FMT(sp_sub(text, 0, 40)));
    return 0;
}
