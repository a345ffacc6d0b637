// One writer per property of a repository (expand.def).
#include "server/info.h"

#define CONFIG_MAX (1 * SP_MIB) // config.json

struct prop;
typedef int (*put_fn)(struct sp_jw *w, const char *key, const struct srv_info *i,
                      struct sp_err *err);

static int put_nothing(struct sp_jw *w, const char *key, const struct srv_info *i,
                       struct sp_err *err)
{
    return 0;
}

static int put_author(struct sp_jw *w, const char *key, const struct srv_info *i,
                      struct sp_err *err)
{
    sp_jw_kcstr(w, key, i->repo->ns);
    return 0;
}

static int put_sha(struct sp_jw *w, const char *key, const struct srv_info *i, struct sp_err *err)
{
    if (i->facts.sha[0])
        sp_jw_kcstr(w, key, i->facts.sha);
    return 0;
}

static int put_last_modified(struct sp_jw *w, const char *key, const struct srv_info *i,
                             struct sp_err *err)
{
    // A commit's date has whole seconds: a new repository must not seem older than its creation.
    int64_t ms = i->facts.sha[0] ? i->facts.date_ms : i->repo->updated_ms;
    sp_jw_ktime(w, key, ms > i->repo->created_ms ? ms : i->repo->created_ms);
    return 0;
}

static int put_created_at(struct sp_jw *w, const char *key, const struct srv_info *i,
                          struct sp_err *err)
{
    sp_jw_ktime(w, key, i->repo->created_ms);
    return 0;
}

static int put_private(struct sp_jw *w, const char *key, const struct srv_info *i,
                       struct sp_err *err)
{
    sp_jw_kbool(w, key, i->repo->is_private);
    return 0;
}

static int put_gated(struct sp_jw *w, const char *key, const struct srv_info *i, struct sp_err *err)
{
    sp_jw_kbool(w, key, false);
    return 0;
}

static int put_disabled(struct sp_jw *w, const char *key, const struct srv_info *i,
                        struct sp_err *err)
{
    sp_jw_kbool(w, key, false);
    return 0;
}

static int put_downloads(struct sp_jw *w, const char *key, const struct srv_info *i,
                         struct sp_err *err)
{
    sp_jw_kint(w, key, (int64_t)i->repo->downloads);
    return 0;
}

static int put_downloads_all_time(struct sp_jw *w, const char *key, const struct srv_info *i,
                                  struct sp_err *err)
{
    return put_downloads(w, key, i, err);
}

static int put_likes(struct sp_jw *w, const char *key, const struct srv_info *i, struct sp_err *err)
{
    sp_jw_kint(w, key, (int64_t)i->repo->likes);
    return 0;
}

static int put_trending(struct sp_jw *w, const char *key, const struct srv_info *i,
                        struct sp_err *err)
{
    sp_jw_kint(w, key, 0);
    return 0;
}

static int put_tags(struct sp_jw *w, const char *key, const struct srv_info *i, struct sp_err *err)
{
    struct srv_tags *tags = sp_arena_new(i->arena, struct srv_tags);
    srv_facts_tags(tags, i->repo->type, i->repo->sdk, i->facts.card, i->arena);
    sp_jw_key(w, key);
    sp_jw_arr(w);
    for (size_t k = 0; k < tags->n; k++)
        sp_jw_str(w, tags->v[k]);
    sp_jw_end(w);
    return 0;
}

static void copy_card(struct sp_jw *w, const char *key, const struct srv_info *i,
                      const char *card_key)
{
    const struct sp_json *v = sp_json_get(i->facts.card, card_key);
    if (!v)
        return;
    sp_jw_key(w, key);
    sp_jw_value(w, v);
}

// Clients read these as text: what the card has under the name must be text.
static void copy_card_text(struct sp_jw *w, const char *key, const struct srv_info *i,
                           const char *card_key)
{
    sp_str s;
    if (sp_json_str(sp_json_get(i->facts.card, card_key), &s))
        sp_jw_kstr(w, key, s);
}

static int put_pipeline_tag(struct sp_jw *w, const char *key, const struct srv_info *i,
                            struct sp_err *err)
{
    copy_card_text(w, key, i, "pipeline_tag");
    return 0;
}

// config.json; NULL when there is none that can be read.
static int read_config(struct sp_json **out, const struct srv_info *i, struct sp_err *err)
{
    struct srv_entry e;
    *out = NULL;
    if (!i->facts.sha[0])
        return 0;
    int rc = srv_git_entry(&e, i->srv->git, i->repo->id, i->facts.sha, SP_LIT("config.json"),
                           i->arena, err);
    if (rc == SP_ENOTFOUND || (rc == 0 && (e.is_dir || e.lfs || e.size > CONFIG_MAX)))
        return 0;
    SP_TRY(rc);
    SP_AUTO_BUF struct sp_buf text = SP_BUF_MAX(CONFIG_MAX);
    SP_TRY(srv_git_blob(&text, i->srv->git, i->repo->id, e.oid, CONFIG_MAX, err));
    if (sp_json_parse(out, sp_buf_view(&text), i->arena, NULL) < 0 ||
        !sp_json_is(*out, SP_JSON_OBJ))
        *out = NULL;
    return 0;
}

// By what the files betray, as the Hub does for a card that does not say: pipeline() of
// transformers takes no model without a library.
static int find_library(const char **out, const struct srv_info *i, struct sp_err *err)
{
    static const struct {
        const char *file, *library;
    } signs[] = {
        {"config_sentence_transformers.json", "sentence-transformers"},
        {"model_index.json", "diffusers"},
        {"adapter_config.json", "peft"},
    };
    *out = NULL;
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++) {
        struct srv_entry e;
        int rc = srv_git_entry(&e, i->srv->git, i->repo->id, i->facts.sha, sp_cstr(signs[k].file),
                               i->arena, err);
        if (rc == 0)
            *out = signs[k].library;
        if (rc != SP_ENOTFOUND)
            return rc;
    }
    struct sp_json *config;
    SP_TRY(read_config(&config, i, err));
    if (sp_json_get(config, "model_type") || sp_json_get(config, "architectures"))
        *out = "transformers";
    return 0;
}

static int put_library_name(struct sp_jw *w, const char *key, const struct srv_info *i,
                            struct sp_err *err)
{
    const char *library;
    if (sp_json_is(sp_json_get(i->facts.card, "library_name"), SP_JSON_STR)) {
        copy_card_text(w, key, i, "library_name");
        return 0;
    }
    if (!i->one || !i->facts.sha[0])
        return 0;
    SP_TRY(find_library(&library, i, err));
    if (library)
        sp_jw_kcstr(w, key, library);
    return 0;
}

static int put_model_index(struct sp_jw *w, const char *key, const struct srv_info *i,
                           struct sp_err *err)
{
    copy_card(w, key, i, "model-index");
    return 0;
}

static int put_card_data(struct sp_jw *w, const char *key, const struct srv_info *i,
                         struct sp_err *err)
{
    if (!i->facts.card)
        return 0;
    sp_jw_key(w, key);
    sp_jw_value(w, i->facts.card);
    return 0;
}

// What the Hub keeps of config.json: enough to choose a class.
static int put_config(struct sp_jw *w, const char *key, const struct srv_info *i,
                      struct sp_err *err)
{
    static const char *const kept[] = {"architectures", "model_type", "auto_map",
                                       "quantization_config"};
    struct sp_json *config;
    SP_TRY(read_config(&config, i, err));
    if (!config)
        return 0;
    sp_jw_key(w, key);
    sp_jw_obj(w);
    for (size_t k = 0; k < sizeof kept / sizeof *kept; k++) {
        const struct sp_json *v = sp_json_get(config, kept[k]);
        if (v) {
            sp_jw_key(w, kept[k]);
            sp_jw_value(w, v);
        }
    }
    sp_jw_end(w);
    return 0;
}

static void empty_list(struct sp_jw *w, const char *key)
{
    sp_jw_key(w, key);
    sp_jw_arr(w);
    sp_jw_end(w);
}

static int put_spaces(struct sp_jw *w, const char *key, const struct srv_info *i,
                      struct sp_err *err)
{
    empty_list(w, key);
    return 0;
}

static int put_used_storage(struct sp_jw *w, const char *key, const struct srv_info *i,
                            struct sp_err *err)
{
    sp_jw_kint(w, key, (int64_t)i->repo->used_bytes);
    return 0;
}

static int put_sdk(struct sp_jw *w, const char *key, const struct srv_info *i, struct sp_err *err)
{
    sp_str s; // the card decides, as on the Hub
    if (sp_json_str(sp_json_get(i->facts.card, "sdk"), &s))
        sp_jw_kstr(w, key, s);
    else if (i->repo->sdk)
        sp_jw_kcstr(w, key, i->repo->sdk);
    return 0;
}

static int put_models(struct sp_jw *w, const char *key, const struct srv_info *i,
                      struct sp_err *err)
{
    if (sp_json_is(sp_json_get(i->facts.card, "models"), SP_JSON_ARR))
        copy_card(w, key, i, "models");
    return 0;
}

static int put_datasets(struct sp_jw *w, const char *key, const struct srv_info *i,
                        struct sp_err *err)
{
    if (sp_json_is(sp_json_get(i->facts.card, "datasets"), SP_JSON_ARR))
        copy_card(w, key, i, "datasets");
    return 0;
}

static void sibling(struct sp_jw *w, const struct srv_entry *e, bool blobs)
{
    sp_jw_obj(w);
    sp_jw_kstr(w, "rfilename", e->path);
    if (blobs) {
        sp_jw_kint(w, "size", (int64_t)e->size);
        sp_jw_kcstr(w, "blobId", e->oid);
        if (e->lfs) {
            sp_jw_key(w, "lfs");
            sp_jw_obj(w);
            sp_jw_kcstr(w, "sha256", e->sha256);
            sp_jw_kint(w, "size", (int64_t)e->size);
            sp_jw_kint(w, "pointerSize", e->pointer_size);
            sp_jw_end(w);
        }
    }
    sp_jw_end(w);
}

// Always all of them: clients before 1.0 plan a snapshot by this list.
static int put_siblings(struct sp_jw *w, const char *key, const struct srv_info *i,
                        struct sp_err *err)
{
    const struct srv_tree *t = NULL;
    if (i->facts.sha[0])
        SP_TRY(srv_git_tree(&t, i->srv->git, i->repo->id, i->facts.sha, err));
    sp_jw_key(w, key);
    sp_jw_arr(w);
    for (size_t k = 0; t && k < t->n; k++)
        if (!t->v[k].is_dir)
            sibling(w, &t->v[k], i->blobs);
    sp_jw_end(w);
    if (t)
        srv_git_tree_release(i->srv->git, t);
    return 0;
}

// ---- the table

static const struct {
    const char *name;
    put_fn put;
    const char *types, *where;
} props[] = {
#define SRV_PROP(name, writer, types, where) {name, writer, types, where},
#include "server/expand.def"
#undef SRV_PROP
};
#define PROPS_N (sizeof props / sizeof *props)
_Static_assert(PROPS_N <= 64, "one bit per property");

static bool is_of(size_t prop, enum meta_repo_type type)
{
    return strchr(props[prop].types, "mds"[type]) != NULL;
}

uint64_t srv_info_props(enum meta_repo_type type, char where)
{
    uint64_t out = 0;
    for (size_t k = 0; k < PROPS_N; k++)
        if (is_of(k, type) && strchr(props[k].where, where))
            out |= 1ull << k;
    return out;
}

bool srv_info_reads_git(uint64_t want)
{
    for (size_t k = 0; k < PROPS_N; k++)
        if ((want >> k & 1) && (props[k].put == put_siblings || props[k].put == put_config))
            return true;
    return false;
}

int srv_info_expand(uint64_t *out, bool *any, struct http_req *q, enum meta_repo_type type,
                    struct sp_err *err)
{
    sp_str name;
    uint64_t want = 0;
    size_t n = 0;
    for (; http_query_at(q, "expand", n, &name); n++) {
        size_t k = 0;
        while (k < PROPS_N && !(is_of(k, type) && sp_eq(name, sp_cstr(props[k].name))))
            k++;
        if (k == PROPS_N)
            return sp_fail(err, SP_EINVALID, "expand: a %s has no property %.*s",
                           srv_type_name(type), SP_FMT(sp_sub(name, 0, 60)));
        want |= 1ull << k;
    }
    *any = n > 0;
    *out = want;
    return 0;
}

int srv_info_write(struct sp_jw *w, const struct srv_info *i, struct sp_err *err)
{
    const struct meta_repo *r = i->repo;
    sp_jw_obj(w);
    sp_jw_kcstr(w, "_id", r->hex_id);
    sp_jw_key(w, "id");
    sp_jw_strf(w, "%s/%s", r->ns, r->name);
    if (r->type == META_MODEL) {
        sp_jw_key(w, "modelId");
        sp_jw_strf(w, "%s/%s", r->ns, r->name);
    }
    for (size_t k = 0; k < PROPS_N; k++)
        if (i->props >> k & 1)
            SP_TRY(props[k].put(w, props[k].name, i, err));
    sp_jw_end(w);
    return 0;
}
