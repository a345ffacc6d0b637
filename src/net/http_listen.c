// Where the server listens: "HOST:PORT", "[v6]:PORT", ":PORT", "unix:/path", "fd:N".
#include "net/http_core.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 4096 // the kernel lowers it to net.core.somaxconn

static int listen_unix(struct http_server *s, const char *path, struct sp_err *err)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof un.sun_path)
        return sp_fail(err, SP_ECONFIG, "listening on unix:%s: the path is too long", path);
    memcpy(un.sun_path, path, n);
    SP_AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return sp_fail_os(err, errno, "listening on unix:%s", path);
    // A socket that nobody answers on was left by a server that died.
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        if (connect(fd, (struct sockaddr *)&un, sizeof un) == 0 || errno == EAGAIN)
            return sp_fail(err, SP_EEXIST, "unix:%s: another server listens there", path);
        (void)unlink(path);
        close(sp_take_fd(&fd));
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&un, sizeof un) < 0 || listen(fd, BACKLOG) < 0)
        return sp_fail_os(err, errno, "listening on unix:%s", path);
    s->unix_path = sp_dup(path);
    s->listen_fd = sp_take_fd(&fd);
    s->url = sp_fmt("unix:%s", path);
    return 0;
}

static int name_socket(struct http_server *s, const char *spec, const char *host,
                       struct sp_err *err)
{
    struct sockaddr_storage ss = {0};
    socklen_t n = sizeof ss;
    if (getsockname(s->listen_fd, (struct sockaddr *)&ss, &n) < 0)
        return sp_fail_os(err, errno, "listening on %s", spec);
    const char *scheme = s->secure ? "https" : "http";
    struct http_addr a;
    char text[HTTP_ADDR_MAX];
    http_addr_from(&a, &ss);
    if (a.family == HTTP_FAMILY_UNIX) {
        s->url = sp_fmt("unix:%s", spec);
        return 0;
    }
    static const uint8_t any[16];
    bool wild = memcmp(a.bytes, any, sizeof any) == 0;
    http_addr_text(text, &a);
    if (wild)
        snprintf(text, sizeof text, "127.0.0.1");
    else if (host && strcmp(host, "localhost") == 0)
        snprintf(text, sizeof text, "localhost"); // what the user wrote is what he will use
    bool brackets = strchr(text, ':') != NULL;
    s->url = sp_fmt("%s://%s%s%s:%u%s", scheme, brackets ? "[" : "", text, brackets ? "]" : "",
                    a.port, s->base_path);
    return 0;
}

static int listen_inherited(struct http_server *s, const char *number, struct sp_err *err)
{
    uint64_t n = 0;
    int is_listening = 0;
    socklen_t len = sizeof is_listening;
    if (!sp_parse_u64(sp_cstr(number), &n) || n > INT32_MAX ||
        getsockopt((int)n, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) < 0 || !is_listening)
        return sp_fail(err, SP_ECONFIG, "listening on fd:%s: not a listening socket", number);
    s->listen_fd = (int)n;
    s->inherited = true;
    int flags = fcntl(s->listen_fd, F_GETFL);
    if (flags < 0 || fcntl(s->listen_fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(s->listen_fd, F_SETFD, FD_CLOEXEC) < 0)
        return sp_fail_os(err, errno, "listening on fd:%s", number);
    return name_socket(s, number, NULL, err);
}

static int bind_one(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, ai->ai_protocol);
    if (fd < 0)
        return -1;
    int on = 1, off = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (ai->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int keep = errno;
    close(fd);
    errno = keep;
    return -1;
}

static int fail_listen(const char *spec, int os, struct sp_err *err)
{
    int rc = sp_fail_os(err, os, "listening on %s", spec);
    if (os == EADDRINUSE)
        sp_hint(err,
                "another program listens there; name another port, or port 0 for any free one");
    else if (os == EACCES)
        sp_hint(err, "ports below 1024 need root, CAP_NET_BIND_SERVICE or the systemd unit");
    else if (os == EADDRNOTAVAIL)
        sp_hint(err, "no interface here has this address; 0.0.0.0 is all of them");
    return rc;
}

static int listen_inet(struct http_server *s, const char *spec, struct sp_err *err)
{
    sp_str text = sp_cstr(spec);
    ptrdiff_t colon = sp_rfind_ch(text, ':');
    if (colon < 0)
        return sp_fail(
            err, SP_ECONFIG,
            "listening on \"%s\": expected HOST:PORT, [IPv6]:PORT, :PORT, unix:PATH or fd:N", spec);
    sp_str host_text = sp_sub(text, 0, (size_t)colon), port_text = sp_from(text, (size_t)colon + 1);
    uint64_t number = 0;
    if (!sp_parse_u64(port_text, &number) || number > 65535)
        return sp_fail(err, SP_ECONFIG, "listening on \"%s\": the port is not 0…65535", spec);
    if (host_text.n >= 2 && host_text.p[0] == '[' && host_text.p[host_text.n - 1] == ']')
        host_text = sp_sub(host_text, 1, host_text.n - 2);
    SP_AUTO_FREE char *host = sp_str_dup(host_text);
    SP_AUTO_FREE char *port = sp_str_dup(port_text);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    // Without a host: every address, both families when the machine has IPv6.
    if (host_text.n == 0)
        hints.ai_family = AF_INET6;
    int rc = getaddrinfo(host_text.n ? host : NULL, port, &hints, &list);
    if (rc != 0)
        return sp_fail(err, SP_ECONFIG, "listening on \"%s\": %s", spec, gai_strerror(rc));
    int fd = -1;
    for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next)
        fd = bind_one(ai);
    freeaddrinfo(list);
    if (fd < 0 && host_text.n == 0) {
        struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
        struct addrinfo v4 = {.ai_family = AF_INET,
                              .ai_socktype = SOCK_STREAM,
                              .ai_addr = (struct sockaddr *)&any,
                              .ai_addrlen = sizeof any};
        fd = bind_one(&v4);
    }
    if (fd < 0)
        return fail_listen(spec, errno, err);
    s->listen_fd = fd;
    return name_socket(s, spec, host, err);
}

int http_listen_open(struct http_server *s, const char *spec, struct sp_err *err)
{
    if (strncmp(spec, "unix:", 5) == 0)
        return listen_unix(s, spec + 5, err);
    if (strncmp(spec, "fd:", 3) == 0)
        return listen_inherited(s, spec + 3, err);
    return listen_inet(s, spec, err);
}
