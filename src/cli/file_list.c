// The files of a repo as lines, as a drawn tree or as JSON, in the forms of hf.
#include "cli/file_list.h"

struct entry {
    char *path;
    bool dir;
    uint64_t size;
    int64_t ms; // of the last commit, 0 = not known
};
struct listing {
    const struct cli_file_list_opts *o;
    SP_VEC(struct entry) entries; // human, agent and quiet
    struct sp_jw *json;           // JSON
    bool dirs;
};

static void listing_fini(struct listing *l)
{
    SP_VEC_EACH (&l->entries, e)
        free(e->path);
    sp_vec_fini(&l->entries);
}

// ---- JSON: what hf's RepoFile and RepoFolder hold, and the type

static void put_commit(struct sp_jw *w, const struct sp_json *commit)
{
    int64_t ms;
    if (!sp_json_is(commit, SP_JSON_OBJ))
        return;
    sp_jw_key(w, "last_commit");
    sp_jw_obj(w);
    sp_jw_kstr(w, "oid", sp_json_get_str(commit, "id"));
    sp_jw_kstr(w, "title", sp_json_get_str(commit, "title"));
    if (sp_time_parse_iso(sp_json_get_str(commit, "date"), &ms))
        sp_jw_ktime(w, "date", ms);
    sp_jw_end(w);
}

static void put_lfs(struct sp_jw *w, const struct sp_json *lfs)
{
    int64_t pointer;
    if (!sp_json_is(lfs, SP_JSON_OBJ))
        return;
    sp_jw_key(w, "lfs");
    sp_jw_obj(w);
    sp_jw_kint(w, "size", sp_json_get_i64(lfs, "size", 0));
    sp_jw_kstr(w, "sha256", sp_json_get_str(lfs, "oid"));
    if (sp_json_i64(sp_json_get(lfs, "pointerSize"), &pointer))
        sp_jw_kint(w, "pointer_size", pointer);
    sp_jw_end(w);
}

static void put_security(struct sp_jw *w, const struct sp_json *security)
{
    if (!sp_json_is(security, SP_JSON_OBJ))
        return;
    sp_str status = sp_json_get_str(security, "status");
    sp_jw_key(w, "security");
    sp_jw_obj(w);
    sp_jw_kbool(w, "safe", sp_eq_lit(status, "safe"));
    sp_jw_kstr(w, "status", status);
    sp_jw_end(w);
}

static void put_json(struct sp_jw *w, const struct sp_json *item, bool dir)
{
    sp_jw_obj(w);
    sp_jw_kstr(w, "path", sp_json_get_str(item, "path"));
    sp_jw_kstr(w, "type", sp_json_get_str(item, "type"));
    if (dir) {
        sp_jw_kstr(w, "tree_id", sp_json_get_str(item, "oid"));
    } else {
        sp_jw_kint(w, "size", sp_json_get_i64(item, "size", 0));
        sp_jw_kstr(w, "blob_id", sp_json_get_str(item, "oid"));
        put_lfs(w, sp_json_get(item, "lfs"));
        sp_str xet = sp_json_get_str(item, "xetHash");
        if (xet.n)
            sp_jw_kstr(w, "xet_hash", xet);
    }
    put_commit(w, sp_json_get(item, "lastCommit"));
    put_security(w, sp_json_get(item, "securityFileStatus"));
    sp_jw_end(w);
}

static int add(void *ud, const struct sp_json *item, struct sp_err *err)
{
    struct listing *l = ud;
    sp_str type = sp_json_get_str(item, "type");
    bool dir = sp_eq_lit(type, "directory");
    if (!dir && !sp_eq_lit(type, "file"))
        return 0;
    l->dirs |= dir;
    if (l->json) {
        put_json(l->json, item, dir);
        return 0;
    }
    struct entry *e = sp_vec_push(&l->entries);
    e->path = sp_str_dup(sp_json_get_str(item, "path"));
    e->dir = dir;
    e->size = (uint64_t)sp_json_get_i64(item, "size", 0);
    sp_time_parse_iso(sp_json_get_str(sp_json_get(item, "lastCommit"), "date"), &e->ms);
    return 0;
}

// ---- lines

static void size_text(char out[24], uint64_t bytes, bool human)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    if (!human || bytes < 1000) {
        snprintf(out, 24, "%llu%s", (unsigned long long)bytes, human ? " B" : "");
        return;
    }
    double v = (double)bytes;
    size_t u = 0;
    for (; v >= 1000 && u < 5; u++)
        v /= 1000;
    snprintf(out, 24, "%.1f %s", v, units[u]);
}

// "2026-11-21 11:42:55", or "Nov 21 11:42".
static void date_text(char out[SP_TIME_MAX], int64_t ms, bool human)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    out[0] = 0;
    if (ms == 0)
        return;
    char iso[SP_TIME_MAX];
    sp_time_iso(iso, ms);
    iso[10] = ' ';
    uint64_t month = 1;
    sp_parse_u64(sp_sub(sp_cstr(iso), 5, 2), &month);
    if (human && month >= 1 && month <= 12)
        snprintf(out, SP_TIME_MAX, "%s %.2s %.5s", months[month - 1], iso + 8, iso + 11);
    else
        snprintf(out, SP_TIME_MAX, "%.19s", iso);
}

static void put_lines(struct sp_buf *b, const struct listing *l, bool quiet)
{
    SP_VEC_EACH (&l->entries, e) {
        char size[24] = "", date[SP_TIME_MAX];
        if (!quiet) {
            if (!e->dir)
                size_text(size, e->size, l->o->human_sizes);
            date_text(date, e->ms, l->o->human_sizes);
            sp_buf_printf(b, "%12s  %19s  ", size, date);
        }
        sp_buf_plain(b, sp_cstr(e->path));
        sp_buf_cstr(b, e->dir ? "/\n" : "\n");
    }
}

// ---- tree

static int by_path(const void *a, const void *b)
{
    // A folder stands where its name belongs and its files follow: '/' sorts before all others.
    const unsigned char *x = (const unsigned char *)((const struct entry *)a)->path;
    const unsigned char *y = (const unsigned char *)((const struct entry *)b)->path;
    while (*x && *x == *y)
        x++, y++;
    int cx = *x == '/' ? 1 : *x, cy = *y == '/' ? 1 : *y;
    return cx - cy;
}

static size_t depth_of(const char *path)
{
    size_t n = 0;
    for (; *path; path++)
        n += *path == '/';
    return n;
}

// Whether nothing of the same folder follows entry i, at the given depth of its path.
static bool is_last(const struct listing *l, size_t i, size_t depth)
{
    const char *path = l->entries.v[i].path;
    size_t n = 0, slashes = 0;
    while (path[n] && (path[n] != '/' || slashes++ < depth))
        n++;
    size_t parent = n;
    while (parent && path[parent - 1] != '/')
        parent--;
    for (size_t k = i + 1; k < l->entries.n; k++) {
        const char *next = l->entries.v[k].path;
        if (strncmp(next, path, parent) != 0)
            return true;
        if (strncmp(next, path, n) != 0 || (next[n] != '/' && next[n]))
            return false;
    }
    return true;
}

static void put_tree(struct sp_buf *b, struct listing *l, bool quiet)
{
    qsort(l->entries.v, l->entries.n, sizeof l->entries.v[0], by_path);
    int size_w = 0, date_w = 0;
    char size[24], date[SP_TIME_MAX];
    SP_VEC_EACH (&l->entries, e) {
        if (e->dir)
            continue;
        size_text(size, e->size, l->o->human_sizes);
        date_text(date, e->ms, l->o->human_sizes);
        size_w = (int)strlen(size) > size_w ? (int)strlen(size) : size_w;
        date_w = (int)strlen(date) > date_w ? (int)strlen(date) : date_w;
    }
    for (size_t i = 0; i < l->entries.n; i++) {
        const struct entry *e = &l->entries.v[i];
        size[0] = date[0] = 0;
        if (!e->dir) {
            size_text(size, e->size, l->o->human_sizes);
            date_text(date, e->ms, l->o->human_sizes);
        }
        if (!quiet && size_w)
            sp_buf_printf(b, "%*s  %-*s  ", size_w, size, date_w, date);
        size_t depth = depth_of(e->path);
        for (size_t d = 0; d < depth; d++)
            sp_buf_cstr(b, is_last(l, i, d) ? "    " : "\xe2\x94\x82   ");
        sp_buf_cstr(b, is_last(l, i, depth) ? "\xe2\x94\x94\xe2\x94\x80\xe2\x94\x80 "
                                            : "\xe2\x94\x9c\xe2\x94\x80\xe2\x94\x80 ");
        sp_buf_plain(b, sp_path_base(sp_cstr(e->path)));
        sp_buf_cstr(b, e->dir ? "/\n" : "\n");
    }
}

static void print(const struct cli *c, struct listing *l, struct sp_buf *b)
{
    bool quiet = c->format == CLI_QUIET;
    if (c->format == CLI_JSON)
        sp_buf_ch(b, '\n');
    else if (l->entries.n == 0 && !quiet)
        sp_buf_cstr(b, "(empty)\n");
    else if (l->o->tree && l->entries.n)
        put_tree(b, l, quiet);
    else
        put_lines(b, l, quiet);
    if (b->n)
        fwrite(b->p, 1, b->n, stdout);
    fflush(stdout);
    if (l->dirs && !l->o->recursive && !quiet)
        fputs("Hint: -R lists the files in folders too.\n", stderr);
}

int cli_file_list(struct cli *c, const struct cli_repo *r, const struct cli_file_list_opts *o,
                  struct sp_err *err)
{
    if (o->tree && c->format == CLI_JSON)
        return sp_fail(err, SP_EUSAGE, "--tree is for people; --json has the paths");
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_TRY(cli_hub(&h, c, err));
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_GIB);
    struct sp_jw w = sp_jw(&b);
    SP_AUTO(listing_fini) struct listing l = {.o = o, .json = c->format == CLI_JSON ? &w : NULL};
    if (l.json)
        sp_jw_arr(&w);
    SP_TRY(hub_tree_expanded(h, &r->repo, r->rev ? r->rev : "main", r->path ? r->path : "",
                             o->recursive, add, &l, err));
    if (l.json)
        sp_jw_end(&w);
    SP_TRY(sp_buf_done(&b, "the listing", err));
    print(c, &l, &b);
    return 0;
}
