// Tokens on disk as huggingface_hub has them: the active one in the token file, named ones in
// `stored_tokens` beside it, an INI file that Python's configparser reads and writes. Files are
// 0600; the folder's own mode is left alone (a shared HF_HOME must stay shared).
#include "hub/hub.h"

#include <fcntl.h>

#define STORED_LOCK_MS 30000 // as the reference

// \r and \n removed, trimmed, empty = none. Heap or NULL; a control byte inside is an error.
static int clean(char **out, sp_str raw, const char *where, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_TOKEN_BYTES);
    for (size_t i = 0; i < raw.n; i++)
        if (raw.p[i] != '\r' && raw.p[i] != '\n')
            sp_buf_ch(&b, raw.p[i]);
    SP_TRY(sp_buf_done(&b, where, err));
    sp_str t = sp_trim(sp_buf_view(&b));
    *out = NULL;
    if (!t.n)
        return 0;
    if (sp_has_ctl(t) || sp_has_nul(t))
        return sp_fail(err, SP_EFORMAT, "the token from %s holds control characters", where);
    *out = sp_str_dup(t);
    return 0;
}

static int read_token_file(char **out, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_TOKEN_BYTES);
    const char *path = sp_conf_str(SP_CONF_token_path);
    struct sp_err why = {0};
    *out = NULL;
    int rc = sp_file_read(&b, path, SP_LIM_TOKEN_BYTES, &why);
    if (rc == SP_ENOTFOUND)
        return 0;
    if (rc < 0) {
        if (err)
            *err = why;
        return sp_prefix(err, rc, "reading the token file");
    }
    return clean(out, sp_buf_view(&b), path, err);
}

int hub_token_get(char **out, const char **origin, struct sp_err *err)
{
    const char *where = "none";
    char *token = NULL;
    bool given = sp_conf_is_set(SP_CONF_token);
    bool flag = given && strncmp(sp_conf_origin(SP_CONF_token), "flag", 4) == 0;
    if (given && (flag || !sp_conf_bool(SP_CONF_disable_implicit_token))) {
        where = sp_conf_origin(SP_CONF_token);
        SP_TRY(clean(&token, sp_cstr(sp_conf_str(SP_CONF_token)), where, err));
    }
    if (!token && !sp_conf_bool(SP_CONF_disable_implicit_token)) {
        where = "token file";
        SP_TRY(read_token_file(&token, err));
    }
    *out = token;
    if (origin)
        *origin = token ? where : "none";
    return 0;
}

int hub_token_active_save(const char *token, struct sp_err *err)
{
    const char *path = sp_conf_str(SP_CONF_token_path);
    SP_AUTO_FREE char *t = NULL;
    SP_TRY(clean(&t, sp_cstr(token), "the caller", err));
    if (!t)
        return sp_fail(err, SP_EINVALID, "the token is empty");
    SP_TRY_IN(sp_mkdirs_for(path, 0777, err), err, "saving the token");
    SP_TRY_IN(sp_file_replace(path, sp_cstr(t), 0600, 0, err), err, "saving the token");
    return 0;
}

int hub_token_active_remove(struct sp_err *err)
{
    const char *path = sp_conf_str(SP_CONF_token_path);
    if (unlink(path) < 0 && errno != ENOENT)
        return sp_fail_os(err, errno, "removing %s", path);
    return 0;
}

// ---- stored_tokens

struct section {
    char *name;
    char *token;         // value of hf_token, NULL = none
    struct sp_buf other; // its other lines, kept as they are (refresh_token, expires_at)
};
struct ini {
    SP_VEC(struct section) list;
};

static void ini_fini(struct ini *f)
{
    SP_VEC_EACH (&f->list, s) {
        free(s->name);
        free(s->token);
        sp_buf_fini(&s->other);
    }
    sp_vec_fini(&f->list);
}

static char *stored_path(void)
{
    const char *token = sp_conf_str(SP_CONF_token_path);
    sp_str dir = sp_path_dir(sp_cstr(token));
    SP_AUTO_FREE char *d = dir.n ? sp_str_dup(dir) : sp_dup(token[0] == '/' ? "/" : ".");
    return sp_path_join(d, "stored_tokens");
}

static int ini_line(struct ini *f, sp_str line, const char *path, size_t number, struct sp_err *err)
{
    sp_str text = sp_trim(line), value;
    if (!text.n || text.p[0] == '#' || text.p[0] == ';')
        return 0;
    if (text.p[0] == '[') {
        if (text.n < 3 || text.p[text.n - 1] != ']')
            return sp_fail(err, SP_EFORMAT, "%s:%zu: a section without a name", path, number);
        struct section *s = sp_vec_push(&f->list);
        s->name = sp_str_dup(sp_sub(text, 1, text.n - 2));
        s->other.max = SP_LIM_SMALL_FILE_BYTES;
        return 0;
    }
    if (!f->list.n)
        return sp_fail(err, SP_EFORMAT, "%s:%zu: a line before the first [section]", path, number);
    struct section *s = &f->list.v[f->list.n - 1];
    sp_str key = sp_trim(sp_cut(text, '=', &value));
    if (sp_eq_nocase(key, SP_LIT("hf_token"))) {
        free(s->token);
        s->token = sp_str_dup(sp_trim(value));
        return 0;
    }
    sp_buf_str(&s->other, text);
    sp_buf_ch(&s->other, '\n');
    return sp_buf_done(&s->other, path, err);
}

static int ini_read(struct ini *out, const char *path, struct sp_err *err)
{
    SP_AUTO(ini_fini) struct ini f = {0};
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_CONF_FILE_BYTES);
    size_t number = 0;
    int rc = sp_file_read(&b, path, SP_LIM_CONF_FILE_BYTES, err);
    if (rc == SP_ENOTFOUND) {
        sp_err_clear(err);
        return 0;
    }
    SP_TRY(rc);
    sp_str rest = sp_buf_view(&b), line;
    if (!sp_utf8_valid(rest) || sp_has_nul(rest))
        return sp_fail(err, SP_EFORMAT, "%s is not a text file", path);
    while (sp_split(&rest, '\n', &line))
        SP_TRY(ini_line(&f, line, path, ++number, err));
    *out = f;
    f = (struct ini){0};
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct section *)a)->name, ((const struct section *)b)->name);
}

static int ini_write(struct ini *f, const char *path, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_CONF_FILE_BYTES);
    if (f->list.n)
        qsort(f->list.v, f->list.n, sizeof *f->list.v, by_name);
    SP_VEC_EACH (&f->list, s) {
        sp_buf_printf(&b, "[%s]\n", s->name);
        if (s->token)
            sp_buf_printf(&b, "hf_token = %s\n", s->token);
        sp_buf_str(&b, sp_buf_view(&s->other));
        sp_buf_ch(&b, '\n');
    }
    SP_TRY(sp_buf_done(&b, path, err));
    return sp_file_replace(path, sp_buf_view(&b), 0600, 0, err);
}

static int stored_lock(struct sp_lock *l, const char *path, struct sp_err *err)
{
    SP_AUTO_FREE char *lock = sp_fmt("%s.lock", path);
    SP_TRY(sp_mkdirs_for(path, 0777, err));
    return sp_lock_take(l, lock, STORED_LOCK_MS, NULL, err);
}

int hub_stored_tokens_load(struct hub_stored_tokens *out, struct sp_err *err)
{
    SP_AUTO(ini_fini) struct ini f = {0};
    SP_AUTO_FREE char *path = stored_path();
    SP_TRY(ini_read(&f, path, err));
    struct hub_stored_tokens t = {.v = sp_new_n(struct hub_stored_token, f.list.n + 1)};
    SP_VEC_EACH (&f.list, s) {
        if (s->token && *s->token) {
            t.v[t.n].name = sp_take(&s->name);
            t.v[t.n++].token = sp_take(&s->token);
        }
    }
    *out = t;
    return 0;
}

void hub_stored_tokens_fini(struct hub_stored_tokens *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->v[i].name);
        free(t->v[i].token);
    }
    free(t->v);
    *t = (struct hub_stored_tokens){0};
}

int hub_stored_token_put(const char *name, const char *token, struct sp_err *err)
{
    SP_AUTO(ini_fini) struct ini f = {0};
    SP_AUTO_LOCK struct sp_lock lock = {0};
    SP_AUTO_FREE char *path = stored_path();
    SP_AUTO_FREE char *t = NULL;
    sp_str n = sp_cstr(name);
    // What INI cannot hold as a section would come back as something else.
    if (!n.n || sp_has_ctl(n) || sp_find_ch(n, ']') >= 0 || sp_trim(n).n != n.n ||
        sp_eq_lit(n, "DEFAULT"))
        return sp_fail(err, SP_EINVALID, "'%s' cannot be the name of a token", name);
    SP_TRY(clean(&t, sp_cstr(token), "the caller", err));
    if (!t)
        return sp_fail(err, SP_EINVALID, "the token is empty");
    SP_TRY(stored_lock(&lock, path, err));
    SP_TRY(ini_read(&f, path, err));
    struct section *found = NULL;
    SP_VEC_EACH (&f.list, s) {
        if (strcmp(s->name, name) == 0)
            found = s;
    }
    if (!found) {
        found = sp_vec_push(&f.list);
        found->name = sp_dup(name);
    } else if (!found->token || strcmp(found->token, t) != 0) {
        sp_buf_reset(&found->other); // a refresh token belongs to the access token it came with
    }
    free(found->token);
    found->token = sp_take(&t);
    return ini_write(&f, path, err);
}

int hub_stored_token_remove(const char *name, struct sp_err *err)
{
    SP_AUTO(ini_fini) struct ini f = {0};
    SP_AUTO_LOCK struct sp_lock lock = {0};
    SP_AUTO_FREE char *path = stored_path();
    SP_TRY(stored_lock(&lock, path, err));
    if (!name) {
        if (unlink(path) < 0 && errno != ENOENT)
            return sp_fail_os(err, errno, "removing %s", path);
        return 0;
    }
    SP_TRY(ini_read(&f, path, err));
    for (size_t i = 0; i < f.list.n; i++) {
        struct section *s = &f.list.v[i];
        if (strcmp(s->name, name) != 0)
            continue;
        free(s->name);
        free(s->token);
        sp_buf_fini(&s->other);
        memmove(s, s + 1, (f.list.n - i - 1) * sizeof *s);
        f.list.n--;
        return ini_write(&f, path, err);
    }
    return sp_fail(err, SP_ENOTFOUND, "no stored token has the name '%s'", name);
}
