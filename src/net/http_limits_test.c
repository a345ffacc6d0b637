// End to end: time-outs, ceilings, hang-ups, stopping, many connections at once.
#include "net/http_harness.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#define END "\r\nHost: h:1\r\n\r\n"

static struct harness h;

static void start(struct http_limits lim)
{
    struct http_server_opts o = {.limits = lim};
    harness_start(&h, o);
}

static struct http_stats stats(void)
{
    struct http_stats st;
    http_server_stats(h.server, &st);
    return st;
}

static void expect(int fd, int status)
{
    struct answer_text a;
    client_read(fd, &a, false);
    assert_int_equal(a.status, status);
    client_answer_fini(&a);
}

static void test_slow_heads(void **state)
{
    start((struct http_limits){.head_ms = 400, .idle_ms = 400, .workers = 1});
    // Nothing at all, and nothing after an answer: closed without a word.
    int fd = client_open(&h);
    assert_true(client_at_end(fd));
    close(fd);
    fd = client_open(&h);
    client_send(fd, "GET /small HTTP/1.1" END);
    expect(fd, 200);
    assert_true(client_at_end(fd));
    close(fd);
    assert_int_equal(stats().timeouts, 0);
    // Byte by byte, for ever: each byte must not extend the time.
    fd = client_open(&h);
    client_send(fd, "GET /small HTTP/1.1\r\nX: ");
    int64_t began = sp_mono_ms();
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    while (poll(&pfd, 1, 20) == 0 && sp_mono_ms() - began < 8000)
        client_send(fd, "x");
    assert_true(sp_mono_ms() - began < 6000);
    expect(fd, 408);
    close(fd);
    assert_int_equal(stats().timeouts, 1);
    harness_stop(&h);
}

static void test_slow_heads_do_not_block(void **state)
{
    start((struct http_limits){.workers = 1});
    int slow[20];
    for (int i = 0; i < 20; i++) {
        slow[i] = client_open(&h);
        client_send(slow[i], "GET /small HTTP/1.1\r\nHo");
    }
    int fd = client_open(&h);
    client_send(fd, "GET /small HTTP/1.1" END);
    expect(fd, 200);
    close(fd);
    for (int i = 0; i < 20; i++) {
        client_send(slow[i], "st: h\r\n\r\n");
        expect(slow[i], 200);
        close(slow[i]);
    }
    harness_stop(&h);
}

static void test_stalled_upload(void **state)
{
    start((struct http_limits){.send_stall_ms = 300});
    int fd = client_open(&h);
    client_send(fd, "POST /count HTTP/1.1\r\nContent-Length: 10" END "abc");
    expect(fd, 408);
    assert_true(client_at_end(fd));
    assert_int_equal(atomic_load(&seen.timeouts), 1);
    close(fd);
    harness_stop(&h);
}

static void test_slow_upload(void **state)
{
    // Always a byte before the stall time is over, but far below the rate.
    start((struct http_limits){.send_stall_ms = 400, .min_rate = 1000});
    int fd = client_open(&h);
    client_send(fd, "POST /count HTTP/1.1\r\nContent-Length: 100000" END);
    int64_t began = sp_mono_ms();
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    while (poll(&pfd, 1, 20) == 0 && sp_mono_ms() - began < 8000)
        client_send(fd, "x");
    expect(fd, 408);
    assert_int_equal(atomic_load(&seen.timeouts), 1);
    close(fd);
    harness_stop(&h);
}

static void test_stalled_reader(void **state)
{
    start((struct http_limits){.send_stall_ms = 300});
    int fd = client_open(&h);
    client_send(fd, "GET /endless HTTP/1.1" END);
    assert_true(wait_for(&seen.timeouts, 1)); // we read nothing
    close(fd);
    harness_stop(&h);
}

static void test_slow_streams_do_not_block(void **state)
{
    // One thread for short requests, two slots for streams. Two uploads stall, one asks for a slot.
    start((struct http_limits){.workers = 1, .long_streams = 2, .long_per_peer = 2});
    int up[2];
    for (int i = 0; i < 2; i++) {
        up[i] = client_open(&h);
        client_send(up[i], "POST /count HTTP/1.1\r\nContent-Length: 3" END "\t");
    }
    int fd = client_open(&h);
    for (int i = 0; i < 5; i++) {
        client_send(fd, "GET /small HTTP/1.1" END);
        expect(fd, 200);
    }
    for (int i = 0; i < 500 && stats().long_streams < 2; i++)
        sp_sleep_ms(10);
    assert_int_equal(stats().long_streams, 2);
    client_send(fd, "GET /long HTTP/1.1" END);
    struct answer_text a;
    client_read(fd, &a, false);
    assert_int_equal(a.status, 503);
    assert_true(answer_header(&a, "Retry-After").n > 0);
    client_answer_fini(&a);
    // A third one gets little patience, so that the only thread comes back.
    int third = client_open(&h);
    client_send(third, "POST /count HTTP/1.1\r\nContent-Length: 3" END "\t");
    expect(third, 408);
    close(third);
    client_send(fd, "GET /small HTTP/1.1" END);
    expect(fd, 200);
    for (int i = 0; i < 2; i++) {
        client_send(up[i], "ab");
        expect(up[i], 200);
        close(up[i]);
    }
    client_send(fd, "GET /long HTTP/1.1" END); // slots are free again
    assert_true(wait_for(&seen.waiting, 1));
    int other = client_open(&h);
    client_send(other, "GET /small HTTP/1.1" END); // and it does not sit on the thread
    expect(other, 200);
    close(other);
    atomic_fetch_add(&seen.release, 1);
    expect(fd, 200);
    close(fd);
    harness_stop(&h);
}

// Peers that only stall cannot take the last quarter of the slots from handlers that ask for one.
static void test_slow_streams_leave_slots(void **state)
{
    start((struct http_limits){.workers = 4, .long_streams = 4, .long_per_peer = 4});
    int up[6];
    for (int i = 0; i < 6; i++) {
        up[i] = client_open(&h);
        client_send(up[i], "POST /count HTTP/1.1\r\nContent-Length: 3" END "\t");
    }
    for (int i = 0; i < 500 && stats().long_streams < 3; i++)
        sp_sleep_ms(10);
    sp_sleep_ms(50);
    assert_int_equal(stats().long_streams, 3);
    int before = atomic_load(&seen.waiting), fd = client_open(&h);
    client_send(fd, "GET /long HTTP/1.1" END);
    assert_true(wait_for(&seen.waiting, before + 1));
    assert_int_equal(stats().long_streams, 4);
    atomic_fetch_add(&seen.release, 1);
    expect(fd, 200);
    close(fd);
    for (int i = 0; i < 6; i++)
        close(up[i]);
    harness_stop(&h);
}

static int ask_long(const char *from)
{
    char request[200];
    int fd = client_open(&h);
    snprintf(request, sizeof request, "GET /long HTTP/1.1\r\n%sHost: h:1\r\n\r\n", from);
    client_send(fd, request);
    return fd;
}

static void refused_long(const char *from)
{
    int fd = ask_long(from);
    expect(fd, 503);
    close(fd);
}

// Half of the slots are what one address gets, however many connections it has; a proxy is not
// whoever it speaks for, and an IPv6 host has many addresses.
static void test_one_address_leaves_slots(void **state)
{
    struct http_server_opts o = {.trusted_proxies = "127.0.0.1",
                                 .limits = {.workers = 2, .long_streams = 8}};
    static const char *const from[] = {"X-Forwarded-For: 6.6.6.6\r\n",
                                       "X-Forwarded-For: 6.6.6.6\r\n",
                                       "X-Forwarded-For: 6.6.6.6\r\n",
                                       "X-Forwarded-For: 6.6.6.6\r\n",
                                       "X-Forwarded-For: 2001:db8::1\r\n",
                                       "X-Forwarded-For: 7.7.7.7\r\n",
                                       ""};
    enum { HELD = sizeof from / sizeof *from };
    harness_start(&h, o);
    int held[HELD], before = atomic_load(&seen.waiting);
    for (int i = 0; i < HELD; i++) {
        held[i] = ask_long(from[i]);
        assert_true(wait_for(&seen.waiting, before + i + 1));
        if (i >= 3)
            refused_long(from[0]);
    }
    atomic_fetch_add(&seen.release, 1);
    for (int i = 0; i < HELD; i++) {
        expect(held[i], 200);
        close(held[i]);
    }
    for (int i = 0; i < 500 && stats().long_streams; i++)
        sp_sleep_ms(10);
    int fd = ask_long(from[0]); // given back
    assert_true(wait_for(&seen.waiting, before + HELD + 1));
    atomic_fetch_add(&seen.release, 1);
    expect(fd, 200);
    close(fd);
    harness_stop(&h);
}

static void test_an_ipv6_network_is_one_address(void **state)
{
    struct http_server_opts o = {.trusted_proxies = "127.0.0.1",
                                 .limits = {.long_streams = 4, .long_per_peer = 1}};
    harness_start(&h, o);
    int before = atomic_load(&seen.waiting), a = ask_long("X-Forwarded-For: 2001:db8::1\r\n");
    assert_true(wait_for(&seen.waiting, before + 1));
    refused_long("X-Forwarded-For: 2001:db8::1:2\r\n");
    int b = ask_long("X-Forwarded-For: 2001:db8:0:1::1\r\n");
    assert_true(wait_for(&seen.waiting, before + 2));
    atomic_fetch_add(&seen.release, 1);
    expect(a, 200);
    expect(b, 200);
    close(a);
    close(b);
    harness_stop(&h);
}

static void test_a_crowd_of_stalled_peers_does_not_block(void **state)
{
    // One slot for streams; whoever else stalls may hold two of four threads for two seconds each.
    enum { CROWD = 60 };
    start((struct http_limits){.workers = 4, .long_streams = 1});
    int crowd[CROWD];
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = client_open(&h);
        client_send(crowd[i], "POST /count HTTP/1.1\r\nContent-Length: 3" END "\t");
    }
    int64_t began = sp_mono_ms();
    int fd = client_open(&h);
    client_send(fd, "GET /small HTTP/1.1" END);
    expect(fd, 200);
    close(fd);
    // Two at a time for two seconds each would take a minute.
    assert_true(sp_mono_ms() - began < 10000);
    for (int i = 0; i < CROWD; i++)
        close(crowd[i]);
    harness_stop(&h);
}

static void test_hang_up(void **state)
{
    start((struct http_limits){0});
    // Closed: the handler's token is set, whether the peer says FIN or RST.
    int fd = client_open(&h);
    client_send(fd, "GET /wait HTTP/1.1" END);
    assert_true(wait_for(&seen.waiting, 1));
    close(fd);
    assert_true(wait_for(&seen.cancelled, 1));
    fd = client_open(&h);
    client_send(fd, "GET /wait HTTP/1.1" END);
    assert_true(wait_for(&seen.waiting, 2));
    struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    assert_true(wait_for(&seen.cancelled, 2));
    // While writing.
    fd = client_open(&h);
    client_send(fd, "GET /endless HTTP/1.1" END);
    char some[1000];
    assert_true(recv(fd, some, sizeof some, 0) > 0);
    close(fd);
    assert_true(wait_for(&seen.cancelled, 3));
    // Only the sending side closed, as "nc -N" does: a quick answer still comes.
    fd = client_open(&h);
    client_send(fd, "GET /small HTTP/1.1" END "GET /small HTTP/1.1" END);
    shutdown(fd, SHUT_WR);
    expect(fd, 200);
    expect(fd, 200);
    assert_true(client_at_end(fd));
    close(fd);
    harness_stop(&h);
}

static void test_connection_ceiling(void **state)
{
    start((struct http_limits){.connections = 4, .workers = 8});
    int fd[5];
    for (int i = 0; i < 4; i++) {
        fd[i] = client_open(&h);
        client_send(fd[i], "GET /small HTTP/1.1" END);
        expect(fd[i], 200);
        sp_sleep_ms(3); // so that "oldest" means something in milliseconds
    }
    fd[4] = client_open(&h);
    client_send(fd[4], "GET /small HTTP/1.1" END);
    expect(fd[4], 200);
    assert_true(client_at_end(fd[0])); // the oldest idle one made room
    close(fd[0]);
    for (int i = 1; i < 5; i++)
        client_send(fd[i], "GET /hold HTTP/1.1" END);
    assert_true(wait_for(&seen.waiting, 4));
    int more = client_open(&h); // all are busy
    expect(more, 503);
    close(more);
    assert_true(stats().refused >= 1);
    atomic_fetch_add(&seen.release, 1);
    for (int i = 1; i < 5; i++) {
        expect(fd[i], 200);
        close(fd[i]);
    }
    harness_stop(&h);
}

static void test_per_peer(void **state)
{
    start((struct http_limits){.per_peer = 2});
    int a = client_open(&h), b = client_open(&h);
    client_send(a, "GET /small HTTP/1.1" END);
    expect(a, 200);
    client_send(b, "GET /small HTTP/1.1" END);
    expect(b, 200);
    int c = client_open(&h);
    expect(c, 429);
    close(c);
    client_send(a, "GET /small HTTP/1.1\r\nConnection: close" END);
    expect(a, 200);
    assert_true(client_at_end(a));
    close(a);
    c = client_open(&h);
    client_send(c, "GET /small HTTP/1.1" END);
    expect(c, 200);
    close(b);
    close(c);
    harness_stop(&h);
}

static void test_header_limits(void **state)
{
    start((struct http_limits){.header_bytes = 1024, .headers_n = 4});
    char request[3000];
    struct answer_text a;
    snprintf(request, sizeof request, "GET /small HTTP/1.1\r\nX: %01000d" END, 0);
    client_ask(&h, request, &a);
    assert_int_equal(a.status, 431);
    client_answer_fini(&a);
    client_ask(&h, "GET /small HTTP/1.1\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1" END, &a);
    assert_int_equal(a.status, 431);
    client_answer_fini(&a);
    snprintf(request, sizeof request, "GET /small?%02000d HTTP/1.1" END, 0);
    client_ask(&h, request, &a);
    assert_int_equal(a.status, 414);
    client_answer_fini(&a);
    harness_stop(&h);
}

static int gather(size_t n)
{
    SP_AUTO_FREE char *body = sp_alloc(n);
    struct answer_text a;
    char head[100];
    int fd = client_open(&h);
    snprintf(head, sizeof head, "POST /gather HTTP/1.1\r\nContent-Length: %zu" END, n);
    client_send(fd, head);
    client_send_n(fd, body, n);
    client_read(fd, &a, false);
    client_answer_fini(&a);
    close(fd);
    return a.status;
}

static void wait_held(size_t n)
{
    for (int i = 0; i < 2000 && stats().body_memory != n; i++)
        sp_sleep_ms(5);
    assert_int_equal(stats().body_memory, n);
}

#define MANY 2000

// One connection with thousands of requests in flight leaves room for others between them, and
// every one of them is answered.
static void test_pipelining_is_fair(void **state)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    start((struct http_limits){.workers = 1});
    int before = atomic_load(&seen.waiting), many = client_open(&h), one = client_open(&h);
    sp_buf_cstr(&b, "GET /hold HTTP/1.1" END); // until all is there
    for (int i = 0; i < MANY; i++)
        sp_buf_cstr(&b, "GET /small HTTP/1.1" END);
    client_send_n(many, b.p, b.n);
    assert_true(wait_for(&seen.waiting, before + 1));
    client_send(one, "GET /small HTTP/1.1" END);
    int done = atomic_load(&seen.done);
    atomic_fetch_add(&seen.release, 1);
    expect(one, 200);
    assert_true(atomic_load(&seen.done) - done < MANY / 2);
    close(one);
    for (int i = 0; i < MANY + 1; i++)
        expect(many, 200);
    close(many);
    harness_stop(&h);
}

static void test_body_memory(void **state)
{
    start((struct http_limits){.body_memory = 2 * SP_MIB});
    assert_int_equal(gather(3 * SP_MIB), 200);
    wait_held(0);
    // Two large bodies at once do not fit, small ones always do.
    int fd = client_open(&h);
    SP_AUTO_FREE char *part = sp_alloc(3 * SP_MIB);
    client_send(fd, "POST /gather HTTP/1.1\r\nContent-Length: 3145728" END);
    client_send_n(fd, part, 3 * SP_MIB - 1);
    wait_held(2 * SP_MIB);
    assert_int_equal(gather(2 * SP_MIB - 1), 503);
    assert_int_equal(gather(SP_MIB), 200);
    client_send_n(fd, part, 1);
    expect(fd, 200);
    close(fd);
    wait_held(0);
    assert_int_equal(gather(2 * SP_MIB - 1), 200);
    harness_stop(&h);
}

// A refused upload may go on for a while: whoever sends first and reads then must be able to.
static void test_a_refused_upload_is_read_on(void **state)
{
    enum { BODY = 12 << 20 };
    static char block[1 << 16];
    start((struct http_limits){.workers = 1});
    // The only thread is busy until much of the body waits in the socket.
    int before = atomic_load(&seen.waiting), hold = client_open(&h), fd = client_open(&h);
    client_send(hold, "GET /hold HTTP/1.1" END);
    assert_true(wait_for(&seen.waiting, before + 1));
    client_send(fd, "POST /ignore HTTP/1.1\r\nContent-Length: 12582912" END);
    size_t n = 0;
    for (bool released = false; n < BODY;) {
        ssize_t sent = send(fd, block, sizeof block, MSG_NOSIGNAL | (released ? 0 : MSG_DONTWAIT));
        if (sent < 0 && released)
            break;
        if (sent < 0) {
            released = true;
            atomic_fetch_add(&seen.release, 1);
        } else {
            n += (size_t)sent;
        }
    }
    assert_true(n >= BODY);
    expect(fd, 403);
    expect(hold, 200);
    close(fd);
    close(hold);
    harness_stop(&h);
}

static void test_drain(void **state)
{
    start((struct http_limits){.drain_ms = 60000});
    int idle = client_open(&h), busy = client_open(&h), part = client_open(&h);
    client_send(idle, "GET /small HTTP/1.1" END);
    expect(idle, 200);
    client_send(part, "GET /small HTTP/1.1\r\n");
    client_send(busy, "GET /hold HTTP/1.1" END);
    assert_true(wait_for(&seen.waiting, 1));
    for (int i = 0; i < 500 && stats().idle < 2; i++)
        sp_sleep_ms(5); // the half request is parked
    harness_ask_stop(&h);
    assert_true(client_at_end(idle)); // at once
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)h.port)};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(late, (struct sockaddr *)&in, sizeof in), -1);
    // What was under way ends well.
    client_send(part, "Host: h\r\n\r\n");
    struct answer_text a;
    client_read(part, &a, false);
    assert_int_equal(a.status, 200);
    assert_true(sp_eq_lit(answer_header(&a, "Connection"), "close"));
    client_answer_fini(&a);
    atomic_fetch_add(&seen.release, 1);
    client_read(busy, &a, false);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body.p, "held");
    client_answer_fini(&a);
    assert_true(client_at_end(busy));
    harness_join(&h);
    close(late);
    close(idle);
    close(busy);
    close(part);
}

static void test_drain_ends(void **state)
{
    start((struct http_limits){.drain_ms = 200});
    int wait = client_open(&h), endless = client_open(&h), upload = client_open(&h);
    client_send(wait, "GET /wait HTTP/1.1" END);
    client_send(endless, "GET /endless HTTP/1.1" END); // and we do not read
    client_send(upload, "POST /count HTTP/1.1\r\nContent-Length: 10" END "abc");
    assert_true(wait_for(&seen.waiting, 1));
    int64_t began = sp_mono_ms();
    harness_stop(&h);
    assert_true(sp_mono_ms() - began < 8000);
    assert_true(atomic_load(&seen.cancelled) >= 1);
    close(wait);
    close(endless);
    close(upload);
}

// ---- many at once

static void *hammer(void *ud)
{
    uint64_t seed = (uintptr_t)ud;
    intptr_t bad = 0;
    for (int i = 0; i < 25; i++) {
        int fd = client_open(&h);
        for (int k = 0; k < 8; k++) {
            struct answer_text a;
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            switch (seed >> 60) {
            case 0: // leaves without waiting
                client_send(fd, "GET /file HTTP/1.1" END);
                k = 8;
                continue;
            case 1: // leaves in the middle of a head
                client_send(fd, "GET /small HTT");
                k = 8;
                continue;
            case 2:
                client_send(fd, "GET /stream?n=3000 HTTP/1.1" END);
                client_read(fd, &a, false);
                bad += a.status != 200 || a.body.n != 30000;
                break;
            case 3:
                client_send(fd, "GET /file HTTP/1.1\r\nRange: bytes=100-70000" END);
                client_read(fd, &a, false);
                bad += a.status != 206 || a.body.n != 69901 ||
                       (uint8_t)a.body.p[69900] != harness_byte(70000);
                break;
            case 4:
                client_send(fd, "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked" END "3\r\nab");
                client_send(fd, "c\r\n0\r\n\r\n");
                client_read(fd, &a, false);
                bad += a.status != 200 || a.body.n != 3;
                break;
            default:
                client_send(fd, "GET /small HTTP/1.1" END);
                client_read(fd, &a, false);
                bad += a.status != 200 || a.body.n != 5;
            }
            client_answer_fini(&a);
        }
        close(fd);
    }
    return (void *)bad;
}

static void test_many(void **state)
{
    enum { CLIENTS = 8 };
    pthread_t t[CLIENTS];
    start((struct http_limits){.workers = 4, .connections = 100});
    for (intptr_t i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, hammer, (void *)(i + 1)), 0);
    for (int i = 0; i < CLIENTS; i++) {
        void *bad = NULL;
        pthread_join(t[i], &bad);
        assert_null(bad);
    }
    harness_stop(&h);
    assert_true(atomic_load(&seen.done) > 0);
}

static int cleanup(void **state)
{
    harness_cleanup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_heads),
        cmocka_unit_test(test_slow_heads_do_not_block),
        cmocka_unit_test(test_stalled_upload),
        cmocka_unit_test(test_slow_upload),
        cmocka_unit_test(test_stalled_reader),
        cmocka_unit_test(test_slow_streams_do_not_block),
        cmocka_unit_test(test_slow_streams_leave_slots),
        cmocka_unit_test(test_one_address_leaves_slots),
        cmocka_unit_test(test_an_ipv6_network_is_one_address),
        cmocka_unit_test(test_a_crowd_of_stalled_peers_does_not_block),
        cmocka_unit_test(test_hang_up),
        cmocka_unit_test(test_connection_ceiling),
        cmocka_unit_test(test_per_peer),
        cmocka_unit_test(test_header_limits),
        cmocka_unit_test(test_pipelining_is_fair),
        cmocka_unit_test(test_body_memory),
        cmocka_unit_test(test_a_refused_upload_is_read_on),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_drain_ends),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, cleanup);
}
