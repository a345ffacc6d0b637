// `admin gc`: large objects that no repository uses and that no upload can still be about to use.
#include "server/admin.h"

#include <stdio.h>

// An upload puts its bytes first and links them afterwards, and a commit may come hours later:
// nothing younger than this is garbage.
#define GRACE_MS ((int64_t)24 * 60 * 60 * 1000)

struct gc {
    struct srv_admin *a;
    int64_t now_ms;
    size_t n, kept;
    uint64_t bytes;
    struct {
        char sha256[HASH_SHA256_HEX];
        uint64_t size;
    } *v;
    size_t v_n, v_cap;
};

static int note(void *ud, const char *sha256, uint64_t size, int64_t mtime_ms, struct sp_err *err)
{
    struct gc *g = ud;
    if (g->now_ms - mtime_ms < GRACE_MS || meta_object_used(g->a->srv.meta, sha256)) {
        g->kept++;
        return 0;
    }
    if (g->v_n == g->v_cap)
        sp_vec_grow_((void **)&g->v, &g->v_cap, g->v_n + 1, sizeof *g->v);
    snprintf(g->v[g->v_n].sha256, sizeof g->v->sha256, "%s", sha256);
    g->v[g->v_n++].size = size;
    return 0;
}

struct drop {
    struct obj_store *objects;
    const char *sha256;
};

static int drop(void *ud, struct sp_err *err)
{
    const struct drop *d = ud;
    return obj_store_remove(d->objects, d->sha256, err);
}

static int collect(struct gc *g, struct sp_err *err)
{
    struct srv *s = &g->a->srv;
    SP_TRY(obj_store_open(&s->objects, s->dir, err));
    SP_TRY(obj_store_each(s->objects, note, g, err));
    for (size_t i = 0; i < g->v_n; i++) {
        int rc = 1;
        struct drop d = {s->objects, g->v[i].sha256};
        if (!g->a->dry_run)
            rc = meta_object_drop(s->meta, d.sha256, drop, &d, err);
        SP_TRY(rc);
        if (rc == 0) {
            g->kept++; // linked in the meantime
            continue;
        }
        g->n++;
        g->bytes += g->v[i].size;
        if (g->a->dry_run && !g->a->json)
            printf("%s  %llu\n", g->v[i].sha256, (unsigned long long)g->v[i].size);
    }
    return 0;
}

int srv_admin_gc(struct srv_admin *a, struct sp_err *err)
{
    struct gc g = {.a = a, .now_ms = sp_now_ms()};
    int rc = collect(&g, err);
    free(g.v);
    SP_TRY(rc);
    if (a->json)
        printf("{\"removed\":%zu,\"bytes\":%llu,\"kept\":%zu,\"dry_run\":%s}\n", g.n,
               (unsigned long long)g.bytes, g.kept, a->dry_run ? "true" : "false");
    else
        printf("%s %zu large %s of %llu %s; %zu %s\n", a->dry_run ? "Would remove" : "Removed", g.n,
               sp_noun(g.n, "object", "objects"), (unsigned long long)g.bytes,
               sp_noun(g.bytes, "byte", "bytes"), g.kept, sp_noun(g.kept, "stays", "stay"));
    return 0;
}
