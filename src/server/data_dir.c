// Makes or opens the data folder; refuses one that is newer, damaged or none at all.
#include "server/data_dir.h"

#include "hash/hash.h"

#include <fcntl.h>

// Names that may lie in a folder whose making was cut off before VERSION was written, the last
// step.
static const char *const ours[] = {"lock",       "secret",    "git",          "objects",
                                   "tmp",        "spoke.db",  "spoke.db-wal", "spoke.db-shm",
                                   "admin.sock", "lost+found"};

static bool is_ours(const char *name)
{
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcmp(ours[i], name) == 0)
            return true;
    return sp_ends(sp_cstr(name), SP_LIT(".tmp")); // of an atomic write that was cut off
}

static int check_empty(const char *path, struct sp_err *err)
{
    SP_AUTO(sp_names_fini) struct sp_names names = {0};
    SP_TRY(sp_dir_list(&names, path, err));
    size_t i = 0;
    while (i < names.n && is_ours(names.v[i]))
        i++;
    if (i == names.n)
        return 0;
    sp_fail(err, SP_EUSAGE, "%s is no data folder of spoke: it holds %s and no VERSION", path,
            names.v[i]);
    sp_hint(err, "name a new or empty folder");
    return SP_EUSAGE;
}

static int read_version(const char *path, bool *there, struct sp_err *err)
{
    SP_AUTO_FREE char *file = sp_path_join(path, "VERSION");
    SP_AUTO_BUF struct sp_buf b = {0};
    int rc = sp_file_read(&b, file, SP_LIM_SMALL_FILE_BYTES, err);
    *there = rc == 0;
    if (rc == SP_ENOTFOUND)
        return 0;
    if (rc == SP_EACCESS)
        sp_hint(err, "the data folder belongs to another user: sudo -u USER spoke …");
    SP_TRY(rc);
    sp_str rest, word = sp_cut(sp_trim(sp_buf_view(&b)), ' ', &rest);
    uint64_t version;
    if (!sp_eq_lit(word, "spoke-data") || !sp_parse_u64(rest, &version))
        return sp_fail(err, SP_EFORMAT, "%s does not say which version this data folder has", file);
    if (version > SRV_DATA_VERSION) {
        sp_fail(err, SP_EUNSUPPORTED,
                "data folder %s has version %llu and was made by a newer spoke", path,
                (unsigned long long)version);
        sp_hint(err, "install the newer spoke again");
        return SP_EUNSUPPORTED;
    }
    return 0;
}

// The rows say which history belongs to whom. With an empty database in their place every
// repository would be an orphan, so a lost spoke.db is nothing to go on with.
static int check_database(const char *path, struct sp_err *err)
{
    SP_AUTO_FREE char *db = sp_path_join(path, "spoke.db");
    SP_AUTO_FREE char *git = sp_path_join(path, "git");
    if (sp_exists(db))
        return 0;
    SP_AUTO(sp_names_fini) struct sp_names names = {0};
    int rc = sp_dir_list(&names, git, err);
    if (rc < 0) {
        if (rc == SP_ENOTFOUND)
            sp_err_clear(err);
        return rc == SP_ENOTFOUND ? 0 : rc;
    }
    size_t i = 0;
    while (i < names.n && !sp_ends(sp_cstr(names.v[i]), SP_LIT(".git")))
        i++;
    if (i == names.n)
        return 0;
    sp_fail(err, SP_ENOTFOUND, "%s is missing, but %s holds repositories", db, git);
    sp_hint(err, "restore it from the backup of the data folder");
    return SP_ENOTFOUND;
}

static int read_secret(struct srv_data_dir *d, struct sp_err *err)
{
    SP_AUTO_FREE char *file = sp_path_join(d->path, "secret");
    SP_AUTO_BUF struct sp_buf b = {0};
    int rc = sp_file_read(&b, file, SP_LIM_SMALL_FILE_BYTES, err);
    if (rc == SP_ENOTFOUND) {
        sp_fail(err, SP_ENOTFOUND, "%s is missing: no token can be checked without it", file);
        sp_hint(err, "restore it from the backup of the data folder");
        return SP_ENOTFOUND;
    }
    SP_TRY(rc);
    if (b.n != SRV_SECRET_BYTES)
        return sp_fail(err, SP_EFORMAT, "%s does not hold %d bytes", file, SRV_SECRET_BYTES);
    memcpy(d->secret, b.p, SRV_SECRET_BYTES);
    struct stat st;
    if (stat(file, &st) == 0 && (st.st_mode & 077) != 0)
        sp_log("server", WARN, "%s is readable by others; chmod 600 it", file);
    return 0;
}

// Order: folders, secret, VERSION. Whoever finds VERSION finds all of it; two that make the folder
// at the same time agree on one secret, because it is written only where there is none.
static int make(const char *path, struct sp_err *err)
{
    static const char *const folders[] = {"git", "objects", "tmp"};
    for (size_t i = 0; i < 3; i++) {
        SP_AUTO_FREE char *dir = sp_path_join(path, folders[i]);
        SP_TRY(sp_mkdirs(dir, 0700, err));
    }
    uint8_t secret[SRV_SECRET_BYTES];
    hash_random(secret, sizeof secret);
    SP_AUTO_FREE char *file = sp_path_join(path, "secret");
    int rc = sp_file_replace(file, sp_str_of(secret, sizeof secret), 0600,
                             SP_FILE_DURABLE | SP_FILE_EXCL, err);
    explicit_bzero(secret, sizeof secret);
    if (rc < 0 && rc != SP_EEXIST)
        return rc;
    SP_TRY(sp_fault("server.data_dir.version", err));
    SP_AUTO_FREE char *version = sp_path_join(path, "VERSION");
    SP_AUTO_FREE char *text = sp_fmt("spoke-data %d\n", SRV_DATA_VERSION);
    rc = sp_file_replace(version, sp_cstr(text), 0600, SP_FILE_DURABLE | SP_FILE_EXCL, err);
    return rc == SP_EEXIST ? 0 : rc;
}

int srv_data_dir_open(struct srv_data_dir *out, const char *path, struct sp_err *err)
{
    SP_AUTO(srv_data_dir_fini) struct srv_data_dir d = {.path = sp_path_abs(path)};
    bool there;
    SP_TRY(sp_mkdirs(d.path, 0700, err));
    SP_TRY(read_version(d.path, &there, err));
    if (!there) {
        SP_TRY(check_empty(d.path, err));
        SP_TRY_IN(make(d.path, err), err, "making data folder %s", path);
    }
    SP_TRY(check_database(d.path, err));
    SP_TRY(read_secret(&d, err));
    *out = d;
    d = (struct srv_data_dir){0};
    return 0;
}

int srv_data_dir_lock(struct srv_data_dir *d, struct sp_err *err)
{
    SP_AUTO_FREE char *file = sp_path_join(d->path, "lock");
    int rc = sp_lock_take(&d->lock, file, 0, NULL, err);
    if (rc == SP_ELOCKED) {
        sp_fail(err, SP_ELOCKED, "another server uses the data folder %s", d->path);
        sp_hint(err, "stop it, or name another folder with --data");
        return SP_ELOCKED;
    }
    SP_TRY(rc);
    // The caches share their locks with a group; this one is the server's alone, also where an
    // older spoke made it. A file system without modes is no reason not to start.
    if (fchmod(d->lock.fd_plus1 - 1, 0600) != 0)
        sp_log("server", DEBUG, "%s keeps its mode: %s", file, strerror(errno));
    SP_AUTO_FREE char *tmp = sp_path_join(d->path, "tmp");
    SP_TRY(sp_remove_tree(tmp, err)); // what an earlier server left unfinished
    return sp_mkdirs(tmp, 0700, err);
}

void srv_data_dir_fini(struct srv_data_dir *d)
{
    sp_lock_release(&d->lock);
    explicit_bzero(d->secret, sizeof d->secret);
    free(d->path);
    d->path = NULL;
}
