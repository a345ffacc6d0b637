// admin.sock, by which `spoke admin` tells a running server what it has changed.
#include "server/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

// One line in, one line out: "drop" makes the server forget what it knows of tokens and
// repositories. The socket is 0600: who can connect could also write the database.
#define TALK_MS 5000

struct srv_control {
    struct srv *srv;
    char *path;
    int fd, wake[2];
    pthread_t thread;
};

static int address(struct sockaddr_un *a, const char *path, struct sp_err *err)
{
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a->sun_path)
        return sp_fail(err, SP_EINVALID,
                       "%s is too long for a socket; use a data folder with a shorter path", path);
    memcpy(a->sun_path, path, strlen(path));
    return 0;
}

static void talk(struct srv_control *c, int fd)
{
    char line[64];
    struct timeval limit = {.tv_sec = TALK_MS / 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    ssize_t n = recv(fd, line, sizeof line, 0);
    bool known = n == 5 && memcmp(line, "drop\n", 5) == 0;
    if (known)
        srv_known_drop(c->srv->known);
    const char *answer = known ? "ok\n" : "unknown\n";
    if (n > 0 && send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
        sp_log("server", WARN, "admin.sock: the answer did not get through");
}

static void *control_main(void *ud)
{
    struct srv_control *c = ud;
    struct pollfd p[2] = {{.fd = c->fd, .events = POLLIN}, {.fd = c->wake[0], .events = POLLIN}};
    for (;;) {
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (p[1].revents)
            return NULL;
        if (!(p[0].revents & POLLIN))
            continue;
        SP_AUTO_FD int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            talk(c, fd);
        else if (errno == EMFILE || errno == ENFILE)
            sp_sleep_ms(100); // the connection stays in the queue: do not spin on it
    }
}

static void free_control(struct srv_control **cp)
{
    struct srv_control *c = sp_take(cp);
    if (!c)
        return;
    sp_closep_(&c->fd);
    sp_closep_(&c->wake[0]);
    sp_closep_(&c->wake[1]);
    free(c->path);
    free(c);
}

int srv_control_start(struct srv_control **out, struct srv *s, struct sp_err *err)
{
    SP_AUTO(free_control) struct srv_control *c = sp_new(struct srv_control);
    struct sockaddr_un a;
    c->srv = s;
    c->wake[0] = c->wake[1] = -1;
    c->path = sp_path_join(s->dir, "admin.sock");
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || pipe2(c->wake, O_CLOEXEC) != 0)
        return sp_fail_os(err, errno, "making %s", c->path);
    SP_TRY(address(&a, c->path, err));
    unlink(c->path); // of a server that was killed; ours is the lock
    // The data folder is 0700; the mode is set before anybody could be let in through a wider one.
    mode_t old = umask(0177);
    int rc = bind(c->fd, (struct sockaddr *)&a, sizeof a);
    umask(old);
    if (rc != 0 || listen(c->fd, 16) != 0)
        return sp_fail_os(err, errno, "listening on %s", c->path);
    if (pthread_create(&c->thread, NULL, control_main, c) != 0)
        return sp_fail(err, SP_EINTERNAL, "cannot start a thread");
    *out = sp_take(&c);
    return 0;
}

void srv_control_stop(struct srv_control **cp)
{
    struct srv_control *c = *cp;
    if (!c)
        return;
    if (write(c->wake[1], "x", 1) == 1)
        pthread_join(c->thread, NULL);
    unlink(c->path);
    free_control(cp);
}

int srv_control_drop(const char *data_dir, struct sp_err *err)
{
    SP_AUTO_FREE char *path = sp_path_join(data_dir, "admin.sock");
    SP_AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un a;
    struct timeval limit = {.tv_sec = TALK_MS / 1000};
    if (fd < 0)
        return sp_fail_os(err, errno, "making a socket");
    SP_TRY(address(&a, path, err));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            return 0; // no server, or the socket of one that was killed
        return sp_fail_os(err, errno, "talking to the server through %s", path);
    }
    char line[16];
    if (send(fd, "drop\n", 5, MSG_NOSIGNAL) != 5 || recv(fd, line, sizeof line, 0) < 3 ||
        memcmp(line, "ok\n", 3) != 0)
        return sp_fail(err, SP_EBUSY, "the server does not answer on %s", path);
    return 1;
}
