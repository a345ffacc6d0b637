// Repo ids and the forms in which people name repositories.
#include "hub/client.h"

const char *hub_type_name(enum hub_type t)
{
    static const char *const names[] = {"model", "dataset", "space"};
    return names[t];
}

const char *hub_type_plural(enum hub_type t)
{
    static const char *const names[] = {"models", "datasets", "spaces"};
    return names[t];
}

bool hub_type_parse(sp_str s, enum hub_type *out)
{
    for (int t = HUB_MODEL; t <= HUB_SPACE; t++)
        if (sp_eq(s, sp_cstr(hub_type_name((enum hub_type)t))) ||
            sp_eq(s, sp_cstr(hub_type_plural((enum hub_type)t)))) {
            *out = (enum hub_type)t;
            return true;
        }
    return false;
}

bool hub_is_commit(sp_str rev)
{
    return sp_is_hex(rev, 40);
}

// ---- ids

static bool word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// One part of an id: 1–96 of [A-Za-z0-9_.-], a word character at both ends (\b in the pattern of
// huggingface_hub's validate_repo_id).
static bool part_ok(sp_str p)
{
    if (p.n == 0 || p.n > SP_LIM_REPO_PART_CHARS || !word(p.p[0]) || !word(p.p[p.n - 1]))
        return false;
    for (size_t i = 0; i < p.n; i++)
        if (!word(p.p[i]) && p.p[i] != '.' && p.p[i] != '-')
            return false;
    return true;
}

// For messages: one line of printable ASCII.
static void show(char out[128], sp_str s)
{
    size_t n = s.n < 120 ? s.n : 120;
    for (size_t i = 0; i < n; i++)
        out[i] = s.p[i] >= ' ' && s.p[i] < 0x7f ? s.p[i] : '?';
    out[n] = 0;
}

int hub_repo_id_check(sp_str id, struct sp_err *err)
{
    char id_text[128];
    show(id_text, id);
    sp_str name, ns = sp_cut(id, '/', &name);
    bool two = name.p != NULL;
    if (two && sp_find_ch(name, '/') >= 0)
        return sp_fail(
            err, SP_EINVALID,
            "Repo id must be in the form 'repo_name' or 'namespace/repo_name': '%s'. Use "
            "`repo_type` argument if needed.",
            id_text);
    if (!part_ok(ns) || (two && !part_ok(name)))
        return sp_fail(
            err, SP_EINVALID,
            "Repo id must use alphanumeric chars, '-', '_' or '.'. The name cannot start "
            "or end with '-' or '.' and the maximum length is 96: '%s'.",
            id_text);
    if (sp_find(id, SP_LIT("--")) >= 0 || sp_find(id, SP_LIT("..")) >= 0)
        return sp_fail(err, SP_EINVALID, "Cannot have -- or .. in repo_id: '%s'.", id_text);
    if (sp_ends(id, SP_LIT(".git")))
        return sp_fail(err, SP_EINVALID, "Repo_id cannot end by '.git': '%s'.", id_text);
    return 0;
}

int hub_repo_make(struct hub_repo *out, enum hub_type type, sp_str id, struct sp_err *err)
{
    SP_TRY(hub_repo_id_check(id, err));
    *out = (struct hub_repo){.type = type};
    memcpy(out->id, id.p, id.n);
    return 0;
}

// ---- forms

struct form { // what a text says; views into it
    enum hub_type type;
    sp_str id, rev, path; // rev, path: p NULL = none
    bool rev_quoted;
};

static int bad_form(sp_str text, const char *why, struct sp_err *err)
{
    char t[128];
    show(t, text);
    sp_fail(err, SP_EINVALID, "'%s' does not name a repository: %s", t, why);
    sp_hint(err, "write ns/name, datasets/ns/name, or hf://[datasets/]ns/name[@revision][/path]");
    return SP_EINVALID;
}

// Takes "models/", "datasets/" or "spaces/" off the front.
static bool take_type(sp_str *rest, enum hub_type *type)
{
    sp_str after, first = sp_cut(*rest, '/', &after);
    enum hub_type t;
    if (!after.p || !hub_type_parse(first, &t) || first.p[first.n - 1] != 's')
        return false;
    *type = t;
    *rest = after;
    return true;
}

// refs/pr/N and refs/convert/x contain slashes where hf:// and web URLs put the revision.
static size_t special_ref(sp_str s)
{
    static const char *const heads[] = {"refs/pr/", "refs/convert/"};
    for (size_t i = 0; i < 2; i++) {
        sp_str head = sp_cstr(heads[i]);
        if (!sp_starts(s, head))
            continue;
        ptrdiff_t end = sp_find_ch(sp_from(s, head.n), '/');
        return end < 0 ? s.n : head.n + (size_t)end;
    }
    return 0;
}

static void split_rev(sp_str s, sp_str *rev, sp_str *path)
{
    size_t n = special_ref(s);
    ptrdiff_t slash = sp_find_ch(s, '/');
    n = n ? n : slash < 0 ? s.n : (size_t)slash;
    *rev = sp_sub(s, 0, n);
    *path = n < s.n ? sp_from(s, n + 1) : (sp_str){0};
}

// hf://[type/]ns/name[@rev][/path]
static int parse_hf(struct form *f, sp_str text, struct sp_err *err)
{
    sp_str rest = sp_from(text, 5), after;
    if (sp_starts(rest, SP_LIT("buckets/")))
        return bad_form(text, "buckets are not supported yet", err);
    take_type(&rest, &f->type);
    sp_str ns = sp_cut(rest, '/', &after);
    if (!after.p || ns.n == 0)
        return bad_form(text, "hf:// needs namespace and name", err);
    size_t end = 0;
    while (end < after.n && after.p[end] != '/' && after.p[end] != '@')
        end++;
    f->id = sp_str_of(ns.p, ns.n + 1 + end);
    sp_str tail = sp_from(after, end);
    if (tail.n && tail.p[0] == '@') {
        split_rev(sp_from(tail, 1), &f->rev, &f->path);
        f->rev_quoted = true;
        if (f->rev.n == 0)
            return bad_form(text, "nothing stands after the @", err);
    } else if (tail.n) {
        f->path = sp_from(tail, 1);
    }
    return 0;
}

// /[type/]ns/name[/(tree|blob|resolve|raw)/rev[/path]] after the endpoint
static int parse_web(struct form *f, sp_str text, sp_str rest, struct sp_err *err)
{
    ptrdiff_t cut = sp_find_ch(rest, '#');
    rest = cut < 0 ? rest : sp_sub(rest, 0, (size_t)cut);
    cut = sp_find_ch(rest, '?');
    rest = cut < 0 ? rest : sp_sub(rest, 0, (size_t)cut);
    while (rest.n && rest.p[rest.n - 1] == '/')
        rest.n--;
    f->type = HUB_MODEL;
    take_type(&rest, &f->type);
    sp_str after, ns = sp_cut(rest, '/', &after);
    sp_str tail, name = sp_cut(after, '/', &tail);
    if (ns.n == 0 || name.n == 0)
        return bad_form(text, "a web address needs namespace and name", err);
    f->id = sp_str_of(ns.p, (size_t)(name.p + name.n - ns.p));
    if (!tail.p)
        return 0;
    sp_str more, verb = sp_cut(tail, '/', &more);
    if (!sp_eq_lit(verb, "tree") && !sp_eq_lit(verb, "blob") && !sp_eq_lit(verb, "resolve") &&
        !sp_eq_lit(verb, "raw"))
        return bad_form(text, "only /tree, /blob, /resolve and /raw pages name files", err);
    if (more.n)
        split_rev(more, &f->rev, &f->path);
    f->rev_quoted = true;
    return 0;
}

static bool web_rest(sp_str text, sp_str *rest)
{
    SP_AUTO_FREE char *own = sp_dup(sp_conf_str(SP_CONF_endpoint));
    for (size_t n = strlen(own); n && own[n - 1] == '/';)
        own[--n] = 0;
    const char *const bases[] = {own, "https://huggingface.co", "https://hf.co"};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        sp_str base = sp_cstr(bases[i]);
        if (base.n && sp_starts(text, base) && text.n > base.n && text.p[base.n] == '/') {
            *rest = sp_from(text, base.n + 1);
            return true;
        }
    }
    return false;
}

static int unquoted(char **out, sp_str s, bool quoted, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_PATH_BYTES);
    if (quoted)
        SP_TRY(sp_buf_unurl(&b, s, false, err));
    else
        sp_buf_str(&b, s);
    SP_TRY(sp_buf_done(&b, "path", err));
    if (sp_has_ctl(sp_buf_view(&b)) || !sp_utf8_valid(sp_buf_view(&b)))
        return sp_fail(err, SP_EINVALID, "control bytes or bad UTF-8 in a revision or path");
    *out = sp_buf_take(&b);
    return 0;
}

int hub_repo_parse(struct hub_repo *out, sp_str text, enum hub_type dflt, char **rev_out,
                   char **path_out, struct sp_err *err)
{
    struct form f = {.type = dflt};
    sp_str rest = {0};
    bool web = web_rest(text, &rest);
    if (web)
        SP_TRY(parse_web(&f, text, rest, err));
    else if (sp_starts(text, SP_LIT("hf://")))
        SP_TRY(parse_hf(&f, text, err));
    else if (sp_find(text, SP_LIT("://")) >= 0)
        return bad_form(text, "this address is of another host than HF_ENDPOINT", err);
    else {
        f.id = text;
        sp_str two = text;
        enum hub_type t;
        // "datasets/x" alone is a repo "x" of a namespace "datasets" for nobody: three parts
        // decide.
        if (take_type(&two, &t) && sp_find_ch(two, '/') > 0) {
            f.type = t;
            f.id = two;
        }
    }
    struct hub_repo r;
    SP_AUTO_FREE char *rev = NULL;
    SP_AUTO_FREE char *path = NULL;
    SP_TRY(hub_repo_make(&r, f.type, f.id, err));
    if (f.rev.p)
        SP_TRY_IN(unquoted(&rev, f.rev, f.rev_quoted, err), err, "%.*s", SP_FMT(text));
    if (f.path.n) {
        SP_TRY_IN(unquoted(&path, f.path, web, err), err, "%.*s", SP_FMT(text));
        sp_str p = sp_cstr(path);
        while (p.n > 1 && p.p[p.n - 1] == '/')
            path[--p.n] = 0;
        SP_TRY(sp_path_check(p, "file", err));
    }
    if ((rev && !rev_out) || (path && !path_out))
        return bad_form(text, "a revision or path cannot stand here", err);
    *out = r;
    if (rev_out)
        *rev_out = sp_take(&rev);
    if (path_out)
        *path_out = sp_take(&path);
    return 0;
}
