// HTTP/1.1 load over kept connections: load HOST PORT CONNECTIONS SECONDS [RANGE_BYTES FILE_BYTES]
// The request comes on stdin, without the blank line at its end; with RANGE_BYTES a Range header of
// that length at a random multiple of it is added. Prints the number of complete answers. wrk
// cannot be used: it waits for the body that a HEAD announces. Any answer but 200 or 206 ends the
// run.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNS_MAX 256
#define HEAD_MAX  8192

struct conn {
    int fd;
    char head[HEAD_MAX];
    size_t have;
    long long body; // bytes still to come, -1 = the head is not complete
};

static char request[4096], sink[1 << 18];
static size_t request_n;
static long long range_bytes, file_bytes, answers;
static int is_head;

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "-");
    exit(1);
}

static void send_request(struct conn *c)
{
    char text[sizeof request + 100];
    int n;
    if (range_bytes) {
        long long at = random() % (file_bytes / range_bytes) * range_bytes;
        n = snprintf(text, sizeof text, "%sRange: bytes=%lld-%lld\r\n\r\n", request, at,
                     at + range_bytes - 1);
    } else {
        n = snprintf(text, sizeof text, "%s\r\n", request);
    }
    c->have = 0;
    c->body = -1;
    if (send(c->fd, text, (size_t)n, 0) != n)
        die("send");
}

// The head may be complete now: how much body follows, and how much of it is here.
static void look_at_head(struct conn *c)
{
    char *end = memmem(c->head, c->have, "\r\n\r\n", 4);
    if (!end)
        return;
    *end = 0;
    errno = 0;
    if (strncmp(c->head, "HTTP/1.1 200", 12) != 0 && strncmp(c->head, "HTTP/1.1 206", 12) != 0)
        die(c->head);
    char *length = strcasestr(c->head, "\r\ncontent-length:");
    if (!length)
        die("no Content-Length");
    long long n = is_head ? 0 : atoll(length + 17);
    c->body = n - (long long)(c->have - (size_t)(end + 4 - c->head));
    if (c->body < 0)
        die("more bytes than announced");
}

static void on_readable(struct conn *c)
{
    int in_head = c->body < 0;
    ssize_t n = in_head ? recv(c->fd, c->head + c->have, HEAD_MAX - c->have, 0)
                        : recv(c->fd, sink, sizeof sink, 0);
    if (n <= 0)
        die("connection ended");
    if (in_head) {
        c->have += (size_t)n;
        look_at_head(c);
    } else {
        c->body -= n;
        if (c->body < 0)
            die("more bytes than announced");
    }
    if (c->body == 0) {
        answers++;
        send_request(c);
    } else if (c->body < 0 && c->have == HEAD_MAX) {
        die("the head is too long");
    }
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static struct conn conns[CONNS_MAX];
    struct sockaddr_in to = {.sin_family = AF_INET};
    if (argc != 5 && argc != 7)
        return 2;
    to.sin_port = htons((unsigned short)atoi(argv[2]));
    int n = atoi(argv[3]), one = 1, ep = epoll_create1(0);
    double end = now() + atof(argv[4]);
    if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 || n < 1 || n > CONNS_MAX)
        return 2;
    if (argc == 7) {
        range_bytes = atoll(argv[5]);
        file_bytes = atoll(argv[6]);
    }
    request_n = fread(request, 1, sizeof request - 1, stdin);
    is_head = strncmp(request, "HEAD", 4) == 0;
    for (int i = 0; i < n; i++) {
        struct conn *c = &conns[i];
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
            die("connect");
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
        send_request(c);
    }
    while (now() < end) {
        struct epoll_event e[64];
        int got = epoll_wait(ep, e, 64, 100);
        for (int i = 0; i < got; i++)
            on_readable(e[i].data.ptr);
    }
    printf("%lld\n", answers);
    return 0;
}
