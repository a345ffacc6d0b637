// A server with one handler per kind of answer, and a client that reads byte by byte, for tests.
#include "net/http_harness.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PATIENCE_MS 10000

struct http_seen seen;

static char file_path[64];
static struct http_router *router;
static pthread_t thread;
static struct sp_cancel *stop;
static int run_rc;

// ---- routes

static int get_small(struct http_req *q, struct sp_err *err)
{
    http_set(q, "ETag", "\"small\"");
    http_add(q, "X-Many", SP_LIT("1"));
    http_add(q, "X-Many", SP_LIT("2"));
    return http_send(q, 200, "text/plain", SP_LIT("hello"), err);
}

// A source that is computed, so that it has no descriptor.
static ssize_t computed_read(struct sp_source *s, void *buf, size_t n, uint64_t off,
                             const struct sp_cancel *c, struct sp_err *err)
{
    if (n > s->size - off)
        n = (size_t)(s->size - off);
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)buf)[i] = harness_byte(off + i);
    return (ssize_t)n;
}

static void computed_release(struct sp_source *s)
{
    free(s->name);
    free(s);
}

static int get_file(struct http_req *q, struct sp_err *err)
{
    static const struct sp_source_ops computed = {computed_read, computed_release};
    SP_AUTO_SOURCE struct sp_source *src = NULL;
    sp_str copy;
    if (http_query(q, "copy", &copy)) {
        src = sp_new(struct sp_source);
        *src = (struct sp_source){&computed, FILE_BYTES, sp_dup("computed"), -1, 0};
    } else {
        SP_TRY(sp_source_file(&src, file_path, err));
    }
    http_set(q, "Last-Modified", FILE_DATE);
    return http_send_source(q, src, "application/x-test", FILE_ETAG, err);
}

static ssize_t failing_read(struct sp_source *s, void *buf, size_t n, uint64_t off,
                            const struct sp_cancel *c, struct sp_err *err)
{
    if (off == 0 && s->size > SP_MIB)
        return computed_read(s, buf, n, off, c, err);
    return sp_fail(err, SP_EIO, "the disk went away");
}

// Fails at the first read, or with ?late=1 when the head and some bytes are out.
static int get_broken(struct http_req *q, struct sp_err *err)
{
    static const struct sp_source_ops failing = {failing_read, computed_release};
    SP_AUTO_SOURCE struct sp_source *src = sp_new(struct sp_source);
    sp_str late;
    bool is_late = http_query(q, "late", &late);
    *src = (struct sp_source){&failing, is_late ? 2 * SP_MIB : 1000, sp_dup("failing"), -1, 0};
    return http_send_source(q, src, "text/plain", FILE_ETAG, err);
}

static int get_memory(struct http_req *q, struct sp_err *err)
{
    SP_AUTO_SOURCE struct sp_source *src = sp_source_mem(SP_LIT("0123456789"), "memory");
    return http_send_source(q, src, "text/plain", "", err);
}

static int post_echo(struct http_req *q, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_MIB);
    SP_TRY(http_body_all(q, &b, err));
    return http_send(q, 200, "application/octet-stream", sp_buf_view(&b), err);
}

static int post_gather(struct http_req *q, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(8 * SP_MIB);
    SP_TRY(http_body_all(q, &b, err));
    return http_send(q, 200, "text/plain", SP_LIT("gathered"), err);
}

static int post_count(struct http_req *q, struct sp_err *err)
{
    static const size_t piece = 100000;
    SP_AUTO_FREE char *buf = sp_alloc(piece);
    uint64_t n = 0;
    bool same = true;
    ssize_t got;
    while ((got = http_body_read(q, buf, piece, err)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            same = same && (uint8_t)buf[i] == harness_byte(n + (uint64_t)i);
        n += (uint64_t)got;
    }
    atomic_fetch_add(&seen.incomplete, got == SP_EINCOMPLETE);
    atomic_fetch_add(&seen.timeouts, got == SP_ETIMEOUT);
    if (got < 0)
        return (int)got;
    char *text = sp_arena_fmt(q->arena, "%llu %d", (unsigned long long)n, same);
    return http_send(q, 200, "text/plain", sp_cstr(text), err);
}

static int post_ignore(struct http_req *q, struct sp_err *err)
{
    return sp_fail(err, SP_EFORBIDDEN, "not for you\r\nX-Injected: yes");
}

static int get_stream(struct http_req *q, struct sp_err *err)
{
    sp_str text;
    int64_t pieces = 3, length = -1;
    if (http_query(q, "n", &text))
        (void)sp_parse_i64(text, &pieces);
    if (http_query(q, "length", &text))
        (void)sp_parse_i64(text, &length);
    SP_TRY(http_begin(q, 200, "text/plain", length, err));
    for (int64_t i = 0; i < pieces; i++)
        SP_TRY(http_write(q, SP_LIT("0123456789"), err));
    if (http_query(q, "flush", &text)) {
        SP_TRY(http_flush(q, err));
        int before = atomic_load(&seen.release);
        atomic_fetch_add(&seen.waiting, 1);
        while (atomic_load(&seen.release) == before && !sp_cancelled(q->cancel))
            sp_sleep_ms(2);
        SP_TRY(http_write(q, SP_LIT("after"), err));
    }
    if (http_query(q, "fail", &text))
        return sp_fail(err, SP_EIO, "the disk went away");
    return http_end(q, err);
}

// Writes until the client goes or stalls.
static int get_endless(struct http_req *q, struct sp_err *err)
{
    static char block[65536];
    SP_TRY(http_begin(q, 200, "application/octet-stream", -1, err));
    int rc;
    do
        rc = http_write(q, sp_str_of(block, sizeof block), err);
    while (rc == 0);
    atomic_fetch_add(&seen.timeouts, rc == SP_ETIMEOUT);
    atomic_fetch_add(&seen.cancelled, rc == SP_ECANCELLED);
    return rc;
}

static int get_wait(struct http_req *q, struct sp_err *err)
{
    atomic_fetch_add(&seen.waiting, 1);
    int rc = sp_cancel_sleep(q->cancel, 3 * PATIENCE_MS, err);
    atomic_fetch_add(&seen.cancelled, rc == SP_ECANCELLED);
    SP_TRY(rc);
    return http_send_empty(q, 204, err);
}

static int hold(struct http_req *q, struct sp_err *err)
{
    int before = atomic_load(&seen.release);
    atomic_fetch_add(&seen.waiting, 1);
    while (atomic_load(&seen.release) == before && !sp_cancelled(q->cancel))
        sp_sleep_ms(2);
    return http_send(q, 200, "text/plain", SP_LIT("held"), err);
}

static int get_long(struct http_req *q, struct sp_err *err)
{
    SP_TRY(http_long(q, err));
    return hold(q, err);
}

static int get_who(struct http_req *q, struct sp_err *err)
{
    char *text = sp_arena_fmt(q->arena, "%.*s %.*s %.*s %s", SP_FMT(http_base_url(q)),
                              SP_FMT(q->peer), SP_FMT(q->path), q->request_id);
    http_set_reason(q, "Fine\r\nX-Evil: 1");
    http_set(q, "X-Odd", "a\r\nX-Evil: %d", 2);
    return http_send(q, 200, "text/plain", sp_cstr(text), err);
}

static int get_nothing(struct http_req *q, struct sp_err *err)
{
    return 0;
}

static const struct http_route routes[] = {
    {HTTP_GET | HTTP_HEAD, "/small", get_small, 0, 0, "small", ""},
    {HTTP_GET | HTTP_HEAD, "/t/{x*}", get_small, 0, 0, "any", ""},
    {HTTP_GET | HTTP_HEAD, "/file", get_file, 0, 0, "file", ""},
    {HTTP_GET, "/broken", get_broken, 0, 0, "broken", ""},
    {HTTP_GET | HTTP_HEAD, "/memory", get_memory, 0, 0, "memory", ""},
    {HTTP_POST, "/gather", post_gather, 0, 8 * SP_MIB, "gather", ""},
    {HTTP_POST | HTTP_PUT, "/echo", post_echo, 0, SP_MIB, "echo", ""},
    {HTTP_POST, "/count", post_count, 0, SP_GIB, "count", ""},
    {HTTP_POST, "/ignore", post_ignore, 0, SP_GIB, "ignore", ""},
    {HTTP_GET | HTTP_HEAD, "/stream", get_stream, 0, 0, "stream", ""},
    {HTTP_GET, "/endless", get_endless, 0, 0, "endless", ""},
    {HTTP_GET, "/wait", get_wait, 0, 0, "wait", ""},
    {HTTP_GET, "/hold", hold, 0, 0, "hold", ""},
    {HTTP_GET, "/long", get_long, 0, 0, "long", ""},
    {HTTP_GET, "/who", get_who, 0, 0, "who", ""},
    {HTTP_GET, "/nothing", get_nothing, 0, 0, "nothing", ""},
};

static void on_done(struct http_req *q, void *ud)
{
    atomic_store(&seen.last_status, q->status);
    atomic_fetch_add(&seen.done, 1);
}

// ---- server

uint8_t harness_byte(uint64_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static void make_file(void)
{
    if (file_path[0])
        return;
    snprintf(file_path, sizeof file_path, "%s", "/tmp/spoke-http-test-XXXXXX");
    int fd = mkstemp(file_path);
    assert_true(fd >= 0);
    char *bytes = sp_alloc(FILE_BYTES);
    for (size_t i = 0; i < FILE_BYTES; i++)
        bytes[i] = (char)harness_byte(i);
    assert_int_equal(sp_write_all(fd, bytes, FILE_BYTES, file_path, NULL), 0);
    free(bytes);
    close(fd);
}

void harness_cleanup(void)
{
    if (file_path[0])
        unlink(file_path);
    file_path[0] = 0;
    http_router_free(router);
    router = NULL;
}

static void *run(void *ud)
{
    struct sp_err err = {0};
    run_rc = http_server_run(ud, stop, &err);
    if (run_rc < 0)
        print_error("http_server_run: %s\n", err.msg);
    return NULL;
}

void harness_start(struct harness *h, struct http_server_opts opts)
{
    struct sp_err err = {0};
    make_file();
    if (!router)
        assert_int_equal(http_router_new(&router, routes, sizeof routes / sizeof *routes, &err), 0);
    memset(&seen, 0, sizeof seen);
    if (!opts.listen)
        opts.listen = "127.0.0.1:0";
    if (!opts.router)
        opts.router = router;
    opts.done = on_done;
    int rc = http_server_new(&h->server, &opts, &err);
    if (rc < 0)
        fail_msg("http_server_new: %s", err.msg);
    h->url = http_server_url(h->server);
    const char *colon = strrchr(h->url, ':');
    h->port = colon ? atoi(colon + 1) : 0;
    stop = sp_new(struct sp_cancel);
    assert_int_equal(pthread_create(&thread, NULL, run, h->server), 0);
}

void harness_ask_stop(struct harness *h)
{
    sp_cancel_set(stop);
}

void harness_join(struct harness *h)
{
    pthread_join(thread, NULL);
    assert_int_equal(run_rc, 0);
    struct http_stats st;
    http_server_stats(h->server, &st);
    assert_int_equal(st.connections, 0);
    assert_int_equal(st.busy, 0);
    assert_int_equal(st.long_streams, 0);
    http_server_free(h->server);
    free(stop);
    h->server = NULL;
}

void harness_stop(struct harness *h)
{
    harness_ask_stop(h);
    harness_join(h);
}

// ---- client

int client_open(const struct harness *h)
{
    if (strncmp(h->url, "unix:", 5) == 0) {
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        snprintf(un.sun_path, sizeof un.sun_path, "%s", h->url + 5);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof un), 0);
        return fd;
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)h->port)};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
    return fd;
}

void client_send_n(int fd, const void *p, size_t n)
{
    const char *at = p;
    while (n > 0) {
        ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
        if (sent < 0)
            return; // the server has hung up: what it said is read next
        at += sent;
        n -= (size_t)sent;
    }
}

void client_send(int fd, const char *text)
{
    client_send_n(fd, text, strlen(text));
}

// One byte; −1 at the end or when patience is over.
static int read_byte(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    unsigned char c;
    if (poll(&pfd, 1, PATIENCE_MS) <= 0 || recv(fd, &c, 1, 0) != 1)
        return -1;
    return c;
}

static bool read_line(int fd, struct sp_buf *out)
{
    size_t from = out->n;
    for (;;) {
        int c = read_byte(fd);
        if (c < 0)
            return false;
        sp_buf_ch(out, (char)c);
        if (c == '\n')
            return out->n - from >= 2 && out->p[out->n - 2] == '\r';
    }
}

static bool read_n(int fd, struct sp_buf *out, uint64_t n)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    while (n > 0) {
        char piece[65536];
        size_t want = n < sizeof piece ? (size_t)n : sizeof piece;
        ssize_t got = poll(&pfd, 1, PATIENCE_MS) > 0 ? recv(fd, piece, want, 0) : -1;
        if (got <= 0)
            return false;
        sp_buf_put(out, piece, (size_t)got);
        n -= (uint64_t)got;
    }
    return true;
}

static bool read_chunks(int fd, struct sp_buf *out)
{
    for (;;) {
        SP_AUTO_BUF struct sp_buf line = {0};
        if (!read_line(fd, &line))
            return false;
        uint64_t n = strtoull(line.p, NULL, 16);
        sp_buf_reset(&line);
        if (!read_n(fd, out, n) || !read_line(fd, &line) || line.n != 2)
            return false;
        if (n == 0)
            return true;
    }
}

sp_str answer_header(const struct answer_text *a, const char *name)
{
    sp_str line, rest = sp_buf_view(&a->head), want = sp_cstr(name);
    while (sp_split(&rest, '\n', &line)) {
        sp_str value, n = sp_cut(line, ':', &value);
        if (value.p && sp_eq_nocase(n, want))
            return sp_trim(value);
    }
    return (sp_str){0};
}

void client_read(int fd, struct answer_text *a, bool head_only)
{
    memset(a, 0, sizeof *a);
    do {
        size_t from = a->head.n;
        if (!read_line(fd, &a->head))
            return;
        if (a->head.n - from == 2)
            break;
    } while (a->head.n < 65536);
    assert_true(sp_starts(sp_buf_view(&a->head), SP_LIT("HTTP/1.1 ")));
    int status = atoi(a->head.p + 9);
    sp_str length = answer_header(a, "Content-Length");
    uint64_t n = 0;
    bool whole = true;
    if (head_only || status < 200 || status == 204 || status == 304)
        n = 0;
    else if (answer_header(a, "Transfer-Encoding").n)
        whole = read_chunks(fd, &a->body);
    else if (length.p && sp_parse_u64(length, &n))
        whole = read_n(fd, &a->body, n);
    else
        a->closed = !read_n(fd, &a->body, UINT64_MAX);
    a->status = whole ? status : -status;
}

void client_answer_fini(struct answer_text *a)
{
    sp_buf_fini(&a->head);
    sp_buf_fini(&a->body);
}

void client_ask(const struct harness *h, const char *request, struct answer_text *a)
{
    int fd = client_open(h);
    client_send(fd, request);
    client_read(fd, a, strncmp(request, "HEAD ", 5) == 0);
    close(fd);
}

bool client_at_end(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    char c;
    return poll(&pfd, 1, PATIENCE_MS) > 0 && recv(fd, &c, 1, 0) <= 0;
}

bool wait_for(const _Atomic int *v, int n)
{
    for (int64_t end = sp_mono_ms() + PATIENCE_MS; sp_mono_ms() < end; sp_sleep_ms(2))
        if (atomic_load(v) >= n)
            return true;
    return false;
}
