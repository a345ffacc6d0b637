// The scripted server behind unit tests of clients: it sends what it is told, right or wrong.
#include "net/testserv.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

enum { CONNS_MAX = 256, BODY_MAX = 64 << 20 };

struct conn {
    struct testserv *s;
    pthread_t thread;
    int fd;
    unsigned no;
};
struct testserv {
    testserv_fn fn;
    void *ud;
    int listener;
    char url[64];
    pthread_t thread;
    pthread_mutex_t lock;
    struct conn *conns[CONNS_MAX];
    unsigned conns_n;
    _Atomic unsigned requests;
    _Atomic bool stopping;
};

bool testserv_send(const struct testserv_req *q, const void *p, size_t n)
{
    const char *at = p;
    while (n) {
        ssize_t w = send(q->fd, at, n, MSG_NOSIGNAL);
        if (w <= 0)
            return false;
        at += w;
        n -= (size_t)w;
    }
    return true;
}

bool testserv_answer(const struct testserv_req *q, int status, const char *extra, sp_str body)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(BODY_MAX + 65536);
    sp_buf_printf(&b, "HTTP/1.1 %d T\r\nContent-Length: %zu\r\n%s\r\n", status, body.n,
                  extra ? extra : "");
    if (strcmp(q->method, "HEAD") != 0)
        sp_buf_str(&b, body);
    return testserv_send(q, b.p, b.n);
}

char *testserv_header(const struct testserv_req *q, const char *name)
{
    sp_str line, rest = sp_buf_view(&q->head);
    while (sp_split(&rest, '\n', &line)) {
        sp_str value, key = sp_cut(line, ':', &value);
        if (sp_eq_nocase(key, sp_cstr(name)))
            return sp_str_dup(sp_trim(value));
    }
    return NULL;
}

void testserv_stall(struct testserv *s, const struct testserv_req *q, int ms)
{
    int64_t end = sp_mono_ms() + ms;
    struct pollfd p = {.fd = q->fd, .events = POLLRDHUP};
    while (!s->stopping && sp_mono_ms() < end)
        if (poll(&p, 1, 10) > 0)
            return;
}

// Bytes of the next request's head at the start of b, 0 = the peer closed.
static size_t read_head(struct conn *c, struct sp_buf *b)
{
    for (;;) {
        ptrdiff_t end = sp_find(sp_buf_view(b), SP_LIT("\r\n\r\n"));
        if (end >= 0)
            return (size_t)end + 4;
        char *room = sp_buf_room(b, 65536);
        ssize_t n = room ? recv(c->fd, room, 65536, 0) : -1;
        if (n <= 0)
            return 0;
        sp_buf_added(b, (size_t)n);
    }
}

static bool fill(struct conn *c, struct sp_buf *b, size_t want)
{
    while (b->n < want) {
        char *room = sp_buf_room(b, 65536);
        ssize_t n = room ? recv(c->fd, room, 65536, 0) : -1;
        if (n <= 0)
            return false;
        sp_buf_added(b, (size_t)n);
    }
    return true;
}

static bool read_chunked(struct conn *c, struct sp_buf *b, struct sp_buf *body)
{
    for (;;) {
        ptrdiff_t eol;
        while ((eol = sp_find(sp_buf_view(b), SP_LIT("\r\n"))) < 0)
            if (!fill(c, b, b->n + 1))
                return false;
        size_t n = strtoul(b->p, NULL, 16), skip = (size_t)eol + 2;
        if (!fill(c, b, skip + n + 2))
            return false;
        sp_buf_put(body, b->p + skip, n);
        sp_buf_shift(b, skip + n + 2);
        if (n == 0)
            return true;
    }
}

static bool read_body(struct conn *c, struct sp_buf *b, struct testserv_req *q)
{
    SP_AUTO_FREE char *expect = testserv_header(q, "expect");
    SP_AUTO_FREE char *length = testserv_header(q, "content-length");
    SP_AUTO_FREE char *te = testserv_header(q, "transfer-encoding");
    if (expect)
        testserv_send(q, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    if (te)
        return read_chunked(c, b, &q->body);
    size_t n = length ? strtoul(length, NULL, 10) : 0;
    if (!fill(c, b, n))
        return false;
    sp_buf_put(&q->body, b->p, n);
    sp_buf_shift(b, n);
    return true;
}

static void *conn_main(void *ud)
{
    struct conn *c = ud;
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(BODY_MAX + (1 << 20));
    bool more = true;
    for (unsigned seq = 0; more; seq++) {
        size_t head = read_head(c, &b);
        if (head == 0)
            break;
        struct testserv_req q = {.fd = c->fd, .conn = c->no, .seq = seq};
        q.head.max = q.body.max = BODY_MAX;
        sp_buf_put(&q.head, b.p, head);
        sp_str rest, method = sp_cut(sp_buf_view(&q.head), ' ', &rest);
        q.method = sp_str_dup(method);
        q.target = sp_str_dup(sp_cut(rest, ' ', &rest));
        sp_buf_shift(&b, head);
        more = read_body(c, &b, &q);
        atomic_fetch_add(&c->s->requests, 1);
        more = more && c->s->fn(c->s->ud, c->s, &q);
        free(q.method);
        free(q.target);
        sp_buf_fini(&q.head);
        sp_buf_fini(&q.body);
    }
    shutdown(c->fd, SHUT_RDWR); // closed by testserv_stop, after the join
    return NULL;
}

static void *accept_main(void *ud)
{
    struct testserv *s = ud;
    for (;;) {
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0 || s->stopping || s->conns_n == CONNS_MAX) {
            if (fd >= 0)
                close(fd);
            return NULL;
        }
        struct conn *c = sp_new(struct conn);
        c->s = s;
        c->fd = fd;
        pthread_mutex_lock(&s->lock);
        c->no = s->conns_n;
        s->conns[s->conns_n++] = c;
        SP_ASSERT(pthread_create(&c->thread, NULL, conn_main, c) == 0);
        pthread_mutex_unlock(&s->lock);
    }
}

struct testserv *testserv_start(testserv_fn fn, void *ud)
{
    struct testserv *s = sp_new(struct testserv);
    s->fn = fn;
    s->ud = ud;
    pthread_mutex_init(&s->lock, NULL);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SP_ASSERT(s->listener >= 0 && bind(s->listener, (void *)&a, n) == 0 &&
              listen(s->listener, 64) == 0 && getsockname(s->listener, (void *)&a, &n) == 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", ntohs(a.sin_port));
    SP_ASSERT(pthread_create(&s->thread, NULL, accept_main, s) == 0);
    return s;
}

void testserv_stop(struct testserv *s)
{
    s->stopping = true;
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    for (unsigned i = 0; i < s->conns_n; i++)
        shutdown(s->conns[i]->fd, SHUT_RDWR);
    for (unsigned i = 0; i < s->conns_n; i++) {
        pthread_join(s->conns[i]->thread, NULL);
        close(s->conns[i]->fd);
        free(s->conns[i]);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *testserv_url(const struct testserv *s)
{
    return s->url;
}

unsigned testserv_requests(const struct testserv *s)
{
    return s->requests;
}
