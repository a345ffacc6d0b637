// Card, date and tags of a commit, from git when it is new and from the row otherwise.
#include "server/facts.h"

#define README_MAX (4 * SP_MIB) // a card is its beginning; longer files have none
#define FRESH_MS   3000         // a commit that was made just now

static int read_card(const struct sp_json **out, struct srv *s, int64_t repo_id, const char *commit,
                     struct sp_arena *a, struct sp_err *err)
{
    struct srv_entry e;
    *out = NULL;
    int rc = srv_git_entry(&e, s->git, repo_id, commit, SP_LIT("README.md"), a, err);
    if (rc == SP_ENOTFOUND || (rc == 0 && (e.is_dir || e.lfs || e.size > README_MAX)))
        return 0;
    SP_TRY(rc);
    SP_AUTO_BUF struct sp_buf text = SP_BUF_MAX(README_MAX);
    SP_TRY(srv_git_blob(&text, s->git, repo_id, e.oid, README_MAX, err));
    sp_str block, body;
    size_t line;
    struct sp_yaml_at at;
    struct sp_json *card;
    if (!sp_yaml_front_matter(sp_buf_view(&text), &block, &body, &line))
        return 0;
    // validate-yaml has told the writer what is wrong; here a broken card is no card.
    if (sp_yaml_parse(&card, block, a, &at, NULL) == 0 && sp_json_is(card, SP_JSON_OBJ))
        *out = card;
    return 0;
}

int srv_facts_read(struct srv_facts *out, struct srv *s, int64_t repo_id, const char *commit,
                   struct sp_arena *a, struct sp_err *err)
{
    struct srv_facts f = {0};
    struct srv_commit c;
    SP_TRY(srv_git_commit_info(&c, s->git, repo_id, commit, a, err));
    snprintf(f.sha, sizeof f.sha, "%s", commit);
    f.date_ms = c.date_ms;
    SP_TRY(read_card(&f.card, s, repo_id, commit, a, err));
    *out = f;
    return 0;
}

bool srv_facts_cached(struct srv_facts *out, const struct meta_repo *r, const char *commit,
                      struct sp_arena *a)
{
    struct sp_json *card = NULL;
    if (strcmp(r->head, commit) != 0)
        return false;
    if (r->card_json && sp_json_parse(&card, sp_cstr(r->card_json), a, NULL) < 0)
        return false;
    *out = (struct srv_facts){.date_ms = r->updated_ms, .card = card};
    memcpy(out->sha, r->head, sizeof out->sha);
    return true;
}

// ---- tags

static void add_tag(struct srv_tags *t, const char *prefix, sp_str value, struct sp_arena *a)
{
    if (value.n == 0 || value.n > 200 || t->n == SRV_TAGS_MAX)
        return;
    sp_str tag = *prefix ? sp_cstr(sp_arena_fmt(a, "%s%.*s", prefix, SP_FMT(value))) : value;
    for (size_t i = 0; i < t->n; i++)
        if (sp_eq(t->v[i], tag))
            return;
    t->v[t->n++] = tag;
}

// One value or a list of them.
static void add_tags(struct srv_tags *t, const char *prefix, const struct sp_json *v,
                     struct sp_arena *a)
{
    sp_str s;
    if (sp_json_str(v, &s))
        add_tag(t, prefix, s, a);
    if (sp_json_is(v, SP_JSON_ARR))
        SP_JSON_EACH(it, v)
    if (sp_json_str(it, &s))
        add_tag(t, prefix, s, a);
}

void srv_facts_tags(struct srv_tags *out, enum meta_repo_type type, const char *sdk,
                    const struct sp_json *card, struct sp_arena *a)
{
    static const struct {
        const char *key, *prefix;
        bool of[3];
    } rows[] = {
        {"library_name", "", {true, false, false}},
        {"pipeline_tag", "", {true, false, false}},
        {"tags", "", {true, true, true}},
        {"language", "", {true, false, false}},
        {"language", "language:", {false, true, false}},
        {"license", "license:", {true, true, true}},
        {"datasets", "dataset:", {true, false, true}},
        {"models", "model:", {false, false, true}},
        {"base_model", "base_model:", {true, false, false}},
        {"task_categories", "task_categories:", {false, true, false}},
        {"task_ids", "task_ids:", {false, true, false}},
        {"size_categories", "size_categories:", {false, true, false}},
        {"annotations_creators", "annotations_creators:", {false, true, false}},
        {"language_creators", "language_creators:", {false, true, false}},
        {"multilinguality", "multilinguality:", {false, true, false}},
        {"source_datasets", "source_datasets:", {false, true, false}},
    };
    out->n = 0;
    if (type == META_SPACE && sdk)
        add_tag(out, "", sp_cstr(sdk), a);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].of[type])
            add_tags(out, rows[i].prefix, sp_json_get(card, rows[i].key), a);
}

// ---- the row

static int refresh(struct srv *s, int64_t repo_id, struct sp_err *err)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct meta_repo r;
    struct srv_facts f;
    char head[41];
    SP_TRY(meta_repo_by_id(&r, s->meta, repo_id, &a, err));
    SP_TRY(srv_git_resolve(head, s->git, repo_id, SP_LIT("main"), err));
    if (strcmp(head, r.head) == 0)
        return 0;
    SP_TRY(srv_facts_read(&f, s, repo_id, head, &a, err));
    SP_AUTO_BUF struct sp_buf card = SP_BUF_MAX(4 * SP_LIM_YAML_BYTES);
    if (f.card) {
        struct sp_jw w = sp_jw(&card);
        sp_jw_value(&w, f.card);
        SP_TRY(sp_buf_done(&card, "model card", err));
    }
    // git keeps whole seconds; a list by date must order what happened within one.
    int64_t age_ms = sp_now_ms() - f.date_ms;
    if (age_ms > 0 && age_ms < FRESH_MS)
        f.date_ms += age_ms;
    struct srv_tags *tags = sp_arena_new(&a, struct srv_tags);
    srv_facts_tags(tags, r.type, r.sdk, f.card, &a);
    SP_TRY(meta_repo_facts(s->meta, repo_id, f.sha, f.date_ms, f.card ? card.p : NULL,
                           meta_object_bytes(s->meta, repo_id), tags->v, tags->n, err));
    srv_known_drop(s->known);
    return 0;
}

void srv_facts_refresh(struct srv *s, int64_t repo_id, const char *why)
{
    struct sp_err err = {0};
    int rc = refresh(s, repo_id, &err);
    if (rc < 0 && rc != SP_EREPO) // deleted meanwhile
        sp_log("server", WARN, "facts of repository %lld (%s): %s", (long long)repo_id,
               why ? why : "commit", err.msg);
}

struct ids {
    SP_VEC(int64_t) v;
};

static int note_id(void *ud, const struct meta_repo *r, struct sp_err *err)
{
    struct ids *ids = ud;
    *sp_vec_push(&ids->v) = r->id;
    return 0;
}

void srv_facts_refresh_all(struct srv *s)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct meta_repo_query q = {.any_type = true, .all = true, .sort = "id", .limit = 1000};
    struct ids ids = {0};
    struct sp_err err = {0};
    do {
        sp_str next = {0};
        ids.v.n = 0;
        if (meta_repo_list(s->meta, &q, note_id, &ids, &next, &a, &err) < 0) {
            sp_log("server", WARN, "refreshing the facts of repositories: %s", err.msg);
            break;
        }
        for (size_t i = 0; i < ids.v.n && !sp_cancelled(&s->stop); i++)
            srv_facts_refresh(s, ids.v.v[i], "start");
        q.cursor = next;
    } while (q.cursor.n && !sp_cancelled(&s->stop));
    sp_vec_fini(&ids.v);
}
