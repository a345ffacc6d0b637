// What a killed server left half-made goes at the next start, before anybody can ask.
#include "server/serve.h"

static int drop_unready(void *ud, int64_t id, struct sp_err *err)
{
    struct srv *s = ud;
    sp_log("server", INFO, "removing the half-made repository %lld", (long long)id);
    SP_TRY(srv_git_remove(s->git, id, err));
    return meta_repo_remove(s->meta, id, err);
}

// "<id>.git"; false = something else.
static bool folder_id(const char *name, int64_t *id)
{
    sp_str s = sp_cstr(name);
    return sp_ends(s, SP_LIT(".git")) && sp_parse_i64(sp_sub(s, 0, s.n - 4), id) && *id > 0;
}

// The database never gave this id out, so it is older than the folder: restored from a backup. What
// the folder holds was acknowledged to somebody and is kept, under a name that no later repository
// gets.
static int put_aside(struct srv *s, const char *name, struct sp_err *err)
{
    SP_AUTO_FREE char *from = sp_fmt("%s/git/%s", s->dir, name);
    SP_AUTO_FREE char *to = sp_fmt("%s.unknown-%08x", from, (unsigned)sp_random_u64());
    SP_TRY(sp_rename(from, to, err));
    sp_log("server", WARN,
           "git/%s belongs to no repository, and spoke.db is older than it: kept as %s", name, to);
    return 0;
}

static int drop_orphans(struct srv *s, struct sp_err *err)
{
    SP_AUTO(sp_names_fini) struct sp_names names = {0};
    SP_AUTO_FREE char *path = sp_path_join(s->dir, "git");
    int64_t last;
    SP_TRY(meta_repo_last_id(&last, s->meta, err));
    SP_TRY(sp_dir_list(&names, path, err));
    SP_VEC_EACH (&names, name) {
        int64_t id;
        if (!folder_id(*name, &id))
            continue;
        int rc = meta_repo_has_id(s->meta, id, err);
        SP_TRY(rc);
        if (rc > 0)
            continue;
        if (id > last) {
            SP_TRY(put_aside(s, *name, err));
            continue;
        }
        sp_log("server", INFO, "removing git/%s: no repository has it", *name);
        SP_TRY(srv_git_remove(s->git, id, err));
    }
    return 0;
}

int srv_sweep(struct srv *s, struct sp_err *err)
{
    SP_TRY_IN(meta_repo_unready(s->meta, drop_unready, s, err), err,
              "sweeping half-made repositories");
    return drop_orphans(s, err);
}
