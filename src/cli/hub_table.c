// Answers of the Hub with any members become rows and columns here, so new members show up by
// themselves.
#include "cli/hub_table.h"

char *cli_snake(sp_str key)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    for (size_t i = 0; i < key.n; i++) {
        char ch = key.p[i];
        bool upper = ch >= 'A' && ch <= 'Z';
        if (upper && i)
            sp_buf_ch(&b, '_');
        sp_buf_ch(&b, upper ? (char)(ch + 32) : ch == '-' ? '_' : ch);
    }
    return sp_buf_take(&b);
}

// Inner ids that hf does not show.
static bool hidden(const struct sp_json *m)
{
    return sp_eq_lit(m->key, "_id") || sp_eq_lit(m->key, "modelId") || sp_json_is(m, SP_JSON_NULL);
}

// Members with snake-case names, to the depth that hf's own classes have them.
static void put_members(struct sp_jw *w, const struct sp_json *obj, unsigned depth)
{
    sp_jw_obj(w);
    SP_JSON_EACH(m, obj)
    {
        if (hidden(m))
            continue;
        SP_AUTO_FREE char *name = cli_snake(m->key);
        sp_jw_key(w, name);
        if (depth && sp_json_is(m, SP_JSON_OBJ))
            put_members(w, m, depth - 1);
        else
            sp_jw_value(w, m);
    }
    sp_jw_end(w);
}

void cli_repo_json(struct sp_jw *w, const struct sp_json *item)
{
    sp_jw_obj(w);
    SP_JSON_EACH(m, item)
    {
        if (hidden(m))
            continue;
        SP_AUTO_FREE char *name = cli_snake(m->key);
        sp_jw_key(w, name);
        // What stands in a card or a config is the author's and keeps its spelling.
        if (!sp_eq_lit(m->key, "siblings") || !sp_json_is(m, SP_JSON_ARR)) {
            sp_jw_value(w, m);
            continue;
        }
        sp_jw_arr(w);
        SP_JSON_EACH(file, m)
        put_members(w, file, 1);
        sp_jw_end(w);
    }
    sp_jw_end(w);
}

// ---- tables

static enum cli_cell kind_of(const struct sp_json *v)
{
    int64_t n;
    if (sp_eq_lit(v->key, "gated")) // false, or "auto" and "manual"
        return CLI_TEXT;
    if (sp_json_is(v, SP_JSON_BOOL))
        return CLI_YES;
    if (sp_json_i64(v, &n))
        return CLI_COUNT;
    if (sp_json_is(v, SP_JSON_STR) && v->s.n >= 11 && v->s.p[10] == 'T' &&
        sp_time_parse_iso(v->s, &n))
        return CLI_TIME;
    if (!sp_json_is(v, SP_JSON_ARR))
        return CLI_TEXT;
    SP_JSON_EACH(one, v)
    {
        if (!sp_json_is(one, SP_JSON_STR))
            return CLI_TEXT;
    }
    return CLI_NAMES;
}

static int by_key(const void *a, const void *b)
{
    const struct cli_col *x = a, *y = b;
    bool id_x = strcmp(x->key, "id") == 0, id_y = strcmp(y->key, "id") == 0;
    return id_x != id_y ? id_y - id_x : strcmp(x->key, y->key);
}

static void set_columns(struct cli_repo_table *r, const struct sp_json *first)
{
    SP_JSON_EACH(m, first)
    {
        if (!hidden(m) && !sp_eq_lit(m->key, "siblings"))
            *sp_vec_push(&r->cols) = (struct cli_col){cli_snake(m->key), kind_of(m)};
    }
    if (r->cols.n)
        qsort(r->cols.v, r->cols.n, sizeof r->cols.v[0], by_key);
    r->t.cols = r->cols.v;
    r->t.cols_n = r->cols.n;
}

static const struct sp_json *member(const struct sp_json *item, const char *name)
{
    SP_JSON_EACH(m, item)
    {
        SP_AUTO_FREE char *snake = cli_snake(m->key);
        if (strcmp(snake, name) == 0)
            return m;
    }
    return NULL;
}

static void put_names(struct cli_table *t, const struct sp_json *arr)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    SP_JSON_EACH(one, arr)
    {
        if (b.n)
            sp_buf_ch(&b, '\n');
        sp_buf_str(&b, one->s);
    }
    cli_put_text(t, sp_buf_view(&b));
}

static void put_cell(struct cli_table *t, enum cli_cell kind, const struct sp_json *v)
{
    int64_t n = 0;
    if (!v || sp_json_is(v, SP_JSON_NULL) || (kind != CLI_TEXT && kind_of(v) != kind)) {
        cli_put_null(t);
        return;
    }
    switch (kind) {
    case CLI_TIME:
        sp_time_parse_iso(v->s, &n);
        cli_put_num(t, n);
        return;
    case CLI_COUNT:
        sp_json_i64(v, &n);
        cli_put_num(t, n);
        return;
    case CLI_YES:
        cli_put_num(t, v->b);
        return;
    case CLI_NAMES:
        put_names(t, v);
        return;
    case CLI_TEXT:
    case CLI_BYTES:
    case CLI_AGO:
        break;
    }
    if (sp_json_is(v, SP_JSON_STR)) {
        cli_put_text(t, v->s);
        return;
    }
    if (sp_json_is(v, SP_JSON_BOOL) && !v->b) {
        cli_put_cstr(t, "");
        return;
    }
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_value(&w, v);
    cli_put_text(t, sp_buf_view(&b));
}

void cli_repo_table_add(struct cli_repo_table *r, const struct sp_json *item)
{
    if (!r->cols.n)
        set_columns(r, item);
    for (size_t i = 0; i < r->cols.n; i++)
        put_cell(&r->t, r->cols.v[i].kind, member(item, r->cols.v[i].key));
}

void cli_repo_table_fini(struct cli_repo_table *r)
{
    cli_table_fini(&r->t);
    SP_VEC_EACH (&r->cols, c)
        free((void *)(uintptr_t)c->key);
    sp_vec_fini(&r->cols);
}
