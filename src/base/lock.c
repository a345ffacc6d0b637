// flock and, where a file system lacks it, the existence lock of Python's filelock.
#include "base/lock.h"

#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/time.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <time.h>

#define LOCK_POLL_MS     50    // as filelock does
#define LOCK_SAY_MS      10000 // then tell the user once for which path we wait
#define LOCK_MODE        0664  // group members of a shared cache can take it, whatever the umask
#define SOFT_CONTENT_MAX 1024
#define SOFT_MALFORMED_S 2 // an empty or broken existence lock older than this is nobody's

// 1 = taken, 0 = busy, <0 error.
static int try_flock(struct sp_lock *l, const char *path, struct sp_err *err)
{
    // O_NONBLOCK: a FIFO put there must not hang us. O_NOFOLLOW: nor lead us elsewhere.
    const int flags = O_RDWR | O_CREAT | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC;
    int raw = open(path, flags | O_EXCL, LOCK_MODE);
    bool created = raw >= 0;
    if (!created && errno == EEXIST) {
        raw = open(path, flags & ~O_CREAT);
        if (raw < 0 && errno == ENOENT)
            return 0; // unlinked between the two opens
    }
    if (raw < 0)
        return sp_fail_os(err, errno, "opening lock file %s", path);
    SP_AUTO_FD int fd = raw;
    if (created && fchmod(fd, LOCK_MODE) != 0) {
        // foreign file systems without modes: the lock works all the same
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK || errno == EACCES || errno == EINTR)
            return 0;
        if (errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOLCK) {
            if (created)
                unlink(path); // the existence lock wants the name free
            return sp_fail(err, SP_EUNSUPPORTED, "%s: no file locks here", path);
        }
        return sp_fail_os(err, errno, "locking %s", path);
    }
    struct stat st;
    if (fstat(fd, &st) != 0)
        return sp_fail_os(err, errno, "locking %s", path);
    if (st.st_nlink == 0)
        return 0; // somebody removed the file: a lock on it excludes nobody
    l->fd_plus1 = sp_take_fd(&fd) + 1;
    return 1;
}

// A lock left by a process of this host that is gone, or an empty one nobody finished writing.
static bool soft_is_stale(const char *path)
{
    struct stat st;
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SOFT_CONTENT_MAX + 1);
    if (lstat(path, &st) != 0 || sp_file_read(&b, path, SOFT_CONTENT_MAX, NULL) < 0)
        return false;
    sp_str rest = sp_buf_view(&b);
    sp_str pid_text = sp_trim(sp_cut(rest, '\n', &rest));
    sp_str host = sp_trim(sp_cut(rest, '\n', &rest));
    uint64_t pid;
    if (!sp_parse_u64(pid_text, &pid) || pid == 0 || pid > INT32_MAX || host.n == 0)
        return sp_now_ms() / 1000 - (int64_t)st.st_mtime > SOFT_MALFORMED_S;
    char me[256] = "";
    gethostname(me, sizeof me - 1);
    return sp_eq(host, sp_cstr(me)) && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

// Moves the stale file aside before it is removed: of two who see it only one wins the rename, and
// neither can remove the lock that the winner then makes.
static void soft_break(const char *path)
{
    SP_AUTO_FREE char *aside = sp_fmt("%s.%08x.stale", path, (uint32_t)sp_random_u64());
    if (rename(path, aside) == 0)
        unlink(aside);
}

static int try_soft(struct sp_lock *l, const char *path, struct sp_err *err)
{
    int raw = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (raw < 0 && errno == EEXIST) {
        if (soft_is_stale(path))
            soft_break(path);
        return 0;
    }
    if (raw < 0)
        return sp_fail_os(err, errno, "creating lock file %s", path);
    SP_AUTO_FD int fd = raw;
    char me[256] = "";
    gethostname(me, sizeof me - 1);
    SP_AUTO_FREE char *text = sp_fmt("%ld\n%s\n", (long)getpid(), me);
    int rc = sp_write_all(fd, text, strlen(text), path, err);
    if (rc < 0) {
        unlink(path);
        return rc;
    }
    l->fd_plus1 = sp_take_fd(&fd) + 1;
    l->soft = true;
    return 1;
}

static int try_once(struct sp_lock *l, const char *path, bool *soft, struct sp_err *err)
{
    if (!*soft) {
        struct sp_err e = {0};
        int rc = try_flock(l, path, &e);
        if (rc != SP_EUNSUPPORTED) {
            if (rc < 0 && err)
                *err = e;
            return rc;
        }
        *soft = true;
    }
    return try_soft(l, path, err);
}

int sp_lock_take(struct sp_lock *l, const char *path, int64_t timeout_ms, const struct sp_cancel *c,
                 struct sp_err *err)
{
    SP_ASSERT(l->fd_plus1 == 0);
    int64_t start = sp_mono_ms();
    bool said = false, soft = false, made_dir = false;
    for (;;) {
        struct sp_err why = {0};
        int rc = try_once(l, path, &soft, &why);
        if (rc == 1) {
            l->path = sp_dup(path);
            return 0;
        }
        if (rc < 0) {
            sp_str dir = sp_path_dir(sp_cstr(path));
            SP_AUTO_FREE char *d = sp_str_dup(dir);
            // Not "is the folder there now": another thread may have made it since the open.
            if (made_dir || !dir.n || why.os != ENOENT) {
                if (err)
                    *err = why;
                return rc;
            }
            made_dir = true;
            SP_TRY_IN(sp_mkdirs(d, 0777, err), err, "lock file %s", path);
            continue;
        }
        int64_t waited = sp_mono_ms() - start;
        if (timeout_ms >= 0 && waited >= timeout_ms)
            return sp_fail(err, SP_ELOCKED, "another process holds the lock %s", path);
        if (!said && waited >= LOCK_SAY_MS) {
            said = true;
            sp_log("base", WARN, "still waiting for the lock %s that another process holds", path);
        }
        int64_t nap = LOCK_POLL_MS;
        if (timeout_ms >= 0 && timeout_ms - waited < nap)
            nap = timeout_ms - waited;
        SP_TRY_IN(sp_cancel_sleep(c, nap, err), err, "waiting for the lock %s", path);
    }
}

void sp_lock_release(struct sp_lock *l)
{
    if (l->fd_plus1 > 0) {
        // The flock file stays: removing it would let two hold "the" lock.
        if (l->soft)
            unlink(l->path);
        close(l->fd_plus1 - 1);
    }
    free(l->path);
    *l = (struct sp_lock){0};
}
