// Rows of tokens and repositories in memory, dropped when one of them changes.
#include "server/known.h"

#define TOKENS_BYTES (512 * SP_KIB)
#define REPOS_BYTES  (4 * SP_MIB)
#define SHARDS       8

struct srv_known {
    struct meta *meta;
    struct srv_memo *tokens, *repos;
    _Atomic uint64_t gen;
};

static void free_token(void *value)
{
    struct srv_known_token *t = value;
    sp_arena_fini(&t->arena);
    free(t);
}

static void free_repo(void *value)
{
    struct srv_known_repo *r = value;
    sp_arena_fini(&r->arena);
    free(r);
}

struct srv_known *srv_known_new(struct meta *m)
{
    struct srv_known *k = sp_new(struct srv_known);
    k->meta = m;
    k->tokens = srv_memo_new(TOKENS_BYTES, SHARDS, free_token);
    k->repos = srv_memo_new(REPOS_BYTES, SHARDS, free_repo);
    return k;
}

void srv_known_free(struct srv_known *k)
{
    if (!k)
        return;
    srv_memo_free(k->tokens);
    srv_memo_free(k->repos);
    free(k);
}

void srv_known_drop(struct srv_known *k)
{
    atomic_fetch_add(&k->gen, 1);
}

// By mac or, where that is NULL, by id. Their keys differ in length.
static int token(const struct srv_known_token **out, struct srv_known *k, const uint8_t *mac,
                 int64_t id, struct sp_err *err)
{
    // The generation is read before the database: a row that changes meanwhile makes this entry
    // old.
    uint64_t gen = atomic_load(&k->gen);
    sp_str key = mac ? sp_str_of(mac, HASH_SHA256_BYTES) : sp_str_of(&id, sizeof id);
    struct srv_known_token *t = srv_memo_get(k->tokens, key);
    if (t && t->gen == gen) {
        *out = t;
        return 0;
    }
    srv_memo_release(k->tokens, t);
    t = sp_new(struct srv_known_token);
    t->gen = gen;
    int rc = mac ? meta_token_find(&t->t, k->meta, mac, &t->arena, err)
                 : meta_token_by_id(&t->t, k->meta, id, &t->arena, err);
    if (rc < 0) {
        free_token(t);
        return rc;
    }
    srv_memo_put(k->tokens, key, t, sizeof *t + t->arena.used);
    *out = t;
    return 0;
}

int srv_known_token(const struct srv_known_token **out, struct srv_known *k,
                    const uint8_t mac[HASH_SHA256_BYTES], struct sp_err *err)
{
    return token(out, k, mac, 0, err);
}

int srv_known_token_by_id(const struct srv_known_token **out, struct srv_known *k, int64_t id,
                          struct sp_err *err)
{
    return token(out, k, NULL, id, err);
}

int srv_known_repo(const struct srv_known_repo **out, struct srv_known *k, enum meta_repo_type type,
                   sp_str ns, sp_str name, struct sp_err *err)
{
    uint64_t gen = atomic_load(&k->gen);
    char text[2 * SP_LIM_REPO_PART_CHARS + 4];
    if (ns.n > SP_LIM_REPO_PART_CHARS || name.n > SP_LIM_REPO_PART_CHARS || ns.n == 0 ||
        name.n == 0)
        return sp_fail(err, SP_EREPO, "Repository not found");
    size_t n = 0;
    text[n++] = (char)('0' + type);
    memcpy(text + n, ns.p, ns.n);
    n += ns.n;
    text[n++] = '/';
    memcpy(text + n, name.p, name.n);
    n += name.n;
    sp_str key = sp_str_of(text, n);
    struct srv_known_repo *r = srv_memo_get(k->repos, key);
    if (r && r->gen == gen) {
        *out = r;
        return 0;
    }
    srv_memo_release(k->repos, r);
    r = sp_new(struct srv_known_repo);
    r->gen = gen;
    int rc = meta_repo_get(&r->r, k->meta, type, ns, name, &r->arena, err);
    if (rc < 0) {
        free_repo(r);
        return rc;
    }
    srv_memo_put(k->repos, key, r, sizeof *r + r->arena.used);
    *out = r;
    return 0;
}

void srv_known_release_token(struct srv_known *k, const struct srv_known_token *t)
{
    srv_memo_release(k->tokens, (void *)(uintptr_t)t);
}

void srv_known_release_repo(struct srv_known *k, const struct srv_known_repo *r)
{
    srv_memo_release(k->repos, (void *)(uintptr_t)r);
}
