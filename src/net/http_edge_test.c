// End to end: TLS, proxies, base paths, other kinds of sockets.
#include "net/http_harness.h"
#include "net/http_proxy.h"

#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#define END "\r\nHost: h:1\r\n\r\n"

static struct harness h;

static void who(const char *request, const char *want)
{
    struct answer_text a;
    client_ask(&h, request, &a);
    assert_int_equal(a.status, 200);
    if (!sp_starts(sp_buf_view(&a.body), sp_cstr(want)))
        fail_msg("\"%s\" instead of \"%s\"", a.body.p, want);
    client_answer_fini(&a);
}

// ---- proxies

static void test_forwarding(void **state)
{
    struct http_server_opts o = {.trusted_proxies = "127.0.0.0/8, 10.0.0.0/8"};
    harness_start(&h, o);
    who("GET /who HTTP/1.1" END, "http://h:1 127.0.0.1 ");
    who("GET /who HTTP/1.1\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: hub.example" END,
        "https://hub.example 1.2.3.4 ");
    // The client may write anything on the left; the first one that is not ours counts.
    who("GET /who HTTP/1.1\r\nX-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.1.1.1" END,
        "http://h:1 1.2.3.4 ");
    // The same when the proxy adds lines of its own behind the client's.
    who("GET /who HTTP/1.1\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: http\r\n"
        "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https" END,
        "https://h:1 1.2.3.4 ");
    who("GET /who HTTP/1.1\r\nX-Forwarded-For: 10.2.2.2,10.1.1.1" END, "http://h:1 10.2.2.2 ");
    who("GET /who HTTP/1.1\r\nForwarded: for=6.6.6.6;host=evil.example;proto=http\r\n"
        "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https" END,
        "https://h:1 1.2.3.4 "); // the client's own Forwarded, passed on
    who("GET /who HTTP/1.1\r\nX-Forwarded-For: nonsense" END, "http://h:1 127.0.0.1 ");
    who("GET /who HTTP/1.1\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Host: a/b" END,
        "http://h:1 127.0.0.1 ");
    who("GET /who HTTP/1.1\r\nForwarded: for=6.6.6.6, "
        "for=\"[2001:db8::1]:4711\";proto=https;host=\"a:8\"" END,
        "https://a:8 2001:db8::1 ");
    harness_stop(&h);
}

static void test_proxy_protocol(void **state)
{
    struct http_server_opts o = {
        .trusted_proxies = "127.0.0.1", .proxy_protocol = true, .limits.head_ms = 2000};
    harness_start(&h, o);
    who("PROXY TCP4 1.2.3.4 5.6.7.8 1000 80\r\nGET /who HTTP/1.1" END, "http://h:1 1.2.3.4 ");
    who("PROXY TCP6 ::2 ::1 1000 80\r\nGET /who HTTP/1.1" END, "http://h:1 ::2 ");
    who("PROXY UNKNOWN\r\nGET /who HTTP/1.1" END, "http://h:1 127.0.0.1 ");
    // What the client writes does not change who the proxy says he is.
    who("PROXY TCP4 1.2.3.4 5.6.7.8 1000 80\r\nGET /who HTTP/1.1\r\nX-Forwarded-For: 6.6.6.6\r\n"
        "X-Forwarded-Proto: https" END,
        "https://h:1 1.2.3.4 ");
    who("PROXY TCP4 127.0.0.1 5.6.7.8 1000 80\r\nGET /who HTTP/1.1\r\nX-Forwarded-For: 6.6.6.6" END,
        "http://h:1 6.6.6.6 ");
    static const char v2[] =
        "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x09\x08\x07\x06\x01\x01\x01\x01\0\x50\0\x50";
    int fd = client_open(&h);
    struct answer_text a;
    for (size_t i = 0; i < sizeof v2 - 1; i++)
        client_send_n(fd, v2 + i, 1);
    client_send(fd, "GET /who HTTP/1.1" END);
    client_read(fd, &a, false);
    assert_true(sp_starts(sp_buf_view(&a.body), SP_LIT("http://h:1 9.8.7.6 ")));
    client_answer_fini(&a);
    close(fd);
    // Without the header there is no connection, and half of one that ends does not loop.
    fd = client_open(&h);
    client_send(fd, "GET /who HTTP/1.1" END);
    assert_true(client_at_end(fd));
    close(fd);
    fd = client_open(&h);
    client_send(fd, "PROXY TCP4 1.2");
    shutdown(fd, SHUT_WR);
    assert_true(client_at_end(fd));
    close(fd);
    harness_stop(&h);
    // From a peer that is not trusted the header is what it looks like: no request.
    o.trusted_proxies = "10.0.0.1";
    harness_start(&h, o);
    client_ask(&h, "PROXY TCP4 1.2.3.4 5.6.7.8 1000 80\r\nGET /who HTTP/1.1" END, &a);
    assert_int_equal(a.status, 400);
    client_answer_fini(&a);
    harness_stop(&h);
}

static void test_proxy_parse(void **state)
{
    struct http_addr a;
    static const char *const bad[] = {
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 80 9\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
        "PROXY TCP4 ::1 ::2 1 80\r\n",
        "PROXY TCP6 1.2.3.4 5.6.7.8 1 80\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 80\n",
        "PROXY  TCP4 1.2.3.4 5.6.7.8 1 80\r\n",
        "PROXX",
        "PROXY TCP5 1.2.3.4 5.6.7.8 1 80\r\n",
        "PROXY \r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (http_proxy_parse(&a, sp_cstr(bad[i])) >= 0)
            fail_msg("accepted: %s", bad[i]);
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_cstr(&b, "PROXY UNKNOWN ");
    while (b.n < 107)
        sp_buf_ch(&b, 'f');
    assert_true(http_proxy_parse(&a, sp_buf_view(&b)) < 0); // no end within the longest line
    assert_int_equal(http_proxy_parse(&a, SP_LIT("PROXY TCP4 1.2.3.4 5.6")), 0);
    assert_int_equal(http_proxy_parse(&a, SP_LIT("\r\n\r\n\0\r\nQU")), 0);
    assert_true(http_proxy_parse(&a, sp_str_of("\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0", 16)) < 0);
    assert_true(http_proxy_parse(&a, sp_str_of("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x04"
                                               "abcd",
                                               20)) < 0);
    assert_int_equal(http_proxy_parse(&a, sp_str_of("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16)), 16);
    assert_int_equal(a.family, HTTP_FAMILY_NONE);
}

static bool trusts(const char *list, const char *addr)
{
    struct http_trust t = {0};
    struct http_addr a;
    assert_int_equal(http_trust_parse(&t, list, NULL), 0);
    assert_true(http_addr_parse(&a, sp_cstr(addr)));
    bool yes = http_trust_has(&t, &a);
    http_trust_fini(&t);
    return yes;
}

static void test_trust(void **state)
{
    struct http_trust t = {0};
    struct sp_err err = {0};
    assert_true(trusts("10.0.0.0/8", "10.255.0.1"));
    assert_false(trusts("10.0.0.0/8", "11.0.0.1"));
    assert_true(trusts(" 192.168.1.64/26 ,::1", "192.168.1.127:80"));
    assert_false(trusts("192.168.1.64/26", "192.168.1.128"));
    assert_true(trusts("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(trusts("2001:db8::/33", "[2001:db8:8000::1]:80"));
    assert_true(trusts("0.0.0.0/0", "1.2.3.4"));
    assert_false(trusts("0.0.0.0/0", "::1"));
    assert_false(trusts("", "127.0.0.1"));
    assert_int_equal(http_trust_parse(&t, "10.0.0.0/33", &err), SP_ECONFIG);
    assert_int_equal(http_trust_parse(&t, "proxy.example", &err), SP_ECONFIG);
    assert_non_null(strstr(err.msg, "proxy.example"));
}

// ---- addresses of the server

static void test_base_path(void **state)
{
    struct http_server_opts o = {.base_path = "/hub/", .public_url = "https://x.example/hub/"};
    harness_start(&h, o);
    assert_true(sp_ends(sp_cstr(h.url), SP_LIT("/hub")));
    who("GET /hub/who HTTP/1.1" END, "http://h:1/hub 127.0.0.1 /who ");
    who("GET /hub/who HTTP/1.0\r\n\r\n", "https://x.example/hub 127.0.0.1 /who ");
    struct answer_text a;
    client_ask(&h, "GET /who HTTP/1.1" END, &a);
    assert_int_equal(a.status, 404);
    client_answer_fini(&a);
    client_ask(&h, "GET /hubwho HTTP/1.1" END, &a);
    assert_int_equal(a.status, 404);
    client_answer_fini(&a);
    harness_stop(&h);
}

static void test_unix_socket(void **state)
{
    char dir[] = "/tmp/spoke-http-unix-XXXXXX", listen_at[80];
    assert_non_null(mkdtemp(dir));
    snprintf(listen_at, sizeof listen_at, "unix:%s/s", dir);
    struct http_server_opts o = {.listen = listen_at, .trusted_proxies = "unix"};
    harness_start(&h, o);
    who("GET /who HTTP/1.1" END, "http://h:1 unix ");
    who("GET /who HTTP/1.1\r\nX-Forwarded-For: 1.2.3.4" END, "http://h:1 1.2.3.4 ");
    struct http_server *second = NULL;
    struct sp_err err = {0};
    o.router = NULL;
    assert_int_equal(http_server_new(&second, &o, &err), SP_EEXIST);
    harness_stop(&h);
    assert_false(sp_exists(listen_at + 5));
    assert_int_equal(rmdir(dir), 0);
}

static void test_inherited_socket(void **state)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    char text[32];
    snprintf(text, sizeof text, "fd:%d", fd);
    struct http_server_opts o = {.listen = text};
    struct http_server *none = NULL;
    assert_int_equal(http_server_new(&none, &o, NULL), SP_ECONFIG); // does not listen
    assert_int_equal(listen(fd, 5), 0);
    int ours = dup(fd);
    harness_start(&h, o);
    who("GET /who HTTP/1.1" END, "http://h:1 127.0.0.1 ");
    harness_stop(&h);
    // The socket of the one who gave it still listens.
    int on = 0;
    socklen_t n = sizeof on;
    assert_int_equal(getsockopt(ours, SOL_SOCKET, SO_ACCEPTCONN, &on, &n), 0);
    assert_int_equal(on, 1);
    close(ours);
}

static void test_bad_settings(void **state)
{
    static const char *const bad[] = {"127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536",
                                      "fd:x",      "fd:999",      "no such host:1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_server_opts o = {.listen = bad[i]};
        struct http_server *s = NULL;
        struct sp_err err = {0};
        if (http_server_new(&s, &o, &err) != SP_ECONFIG)
            fail_msg("%s was accepted", bad[i]);
        assert_non_null(strstr(err.msg, "listening on"));
    }
    struct http_server *s = NULL;
    struct http_server_opts o = {
        .listen = "127.0.0.1:0", .tls_cert = "/nowhere/c", .tls_key = "/nowhere/k"};
    struct sp_err err = {0};
    assert_int_equal(http_server_new(&s, &o, &err), SP_ECONFIG);
    assert_non_null(strstr(err.msg, "/nowhere/c"));
    o.tls_key = NULL;
    assert_int_equal(http_server_new(&s, &o, &err), SP_ECONFIG);
    assert_null(s);
}

// ---- TLS

static char tls_dir[64], cert_path[80], key_path[80];

static void make_certificate(const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    assert_non_null(key);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_NAME *subject = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, subject);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    FILE *f = fopen(cert_path, "w");
    assert_int_equal(PEM_write_X509(f, x), 1);
    fclose(f);
    f = fopen(key_path, "w");
    assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(f);
    X509_free(x);
    EVP_PKEY_free(key);
}

struct tls_client {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};

static bool tls_open(struct tls_client *c, int max_version)
{
    c->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(c->ctx, max_version);
    SSL_CTX_set_min_proto_version(c->ctx, TLS1_VERSION);
    SSL_CTX_set_security_level(c->ctx, 0);
    c->ssl = SSL_new(c->ctx);
    c->fd = client_open(&h);
    SSL_set_fd(c->ssl, c->fd);
    static const unsigned char alpn[] = "\x02h2\x08http/1.1";
    SSL_set_alpn_protos(c->ssl, alpn, sizeof alpn - 1);
    return SSL_connect(c->ssl) == 1;
}

static void tls_close(struct tls_client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->fd);
    ERR_clear_error();
}

// Reads until `n` bytes of body followed the head.
static void tls_ask(struct tls_client *c, const char *request, size_t n, struct sp_buf *out)
{
    assert_true(SSL_write(c->ssl, request, (int)strlen(request)) > 0);
    for (;;) {
        char *end = out->n ? strstr(out->p, "\r\n\r\n") : NULL;
        if (end && out->n - (size_t)(end + 4 - out->p) >= n)
            return;
        char piece[20000];
        int got = SSL_read(c->ssl, piece, sizeof piece);
        assert_true(got > 0);
        sp_buf_put(out, piece, (size_t)got);
    }
}

static void peer_name(struct tls_client *c, char out[64])
{
    X509 *x = SSL_get1_peer_certificate(c->ssl);
    X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, out, 64);
    X509_free(x);
}

static void test_tls(void **state)
{
    snprintf(tls_dir, sizeof tls_dir, "/tmp/spoke-http-tls-XXXXXX");
    assert_non_null(mkdtemp(tls_dir));
    snprintf(cert_path, sizeof cert_path, "%s/cert", tls_dir);
    snprintf(key_path, sizeof key_path, "%s/key", tls_dir);
    make_certificate("first");
    struct http_server_opts o = {
        .tls_cert = cert_path, .tls_key = key_path, .limits.head_ms = 1500};
    harness_start(&h, o);
    assert_true(sp_starts(sp_cstr(h.url), SP_LIT("https://")));

    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    char name[64];
    for (int i = 0; i < 2; i++) {
        struct tls_client c;
        assert_true(tls_open(&c, versions[i]));
        assert_int_equal(SSL_version(c.ssl), versions[i]);
        const unsigned char *alpn;
        unsigned alpn_n;
        SSL_get0_alpn_selected(c.ssl, &alpn, &alpn_n);
        assert_true(alpn_n == 8 && memcmp(alpn, "http/1.1", 8) == 0);
        SP_AUTO_BUF struct sp_buf b = {0};
        tls_ask(&c, "GET /who HTTP/1.1" END, 10, &b);
        assert_non_null(strstr(b.p, "https://h:1 127.0.0.1 /who"));
        sp_buf_reset(&b);
        tls_ask(&c, "GET /file HTTP/1.1" END, FILE_BYTES, &b);
        size_t head = (size_t)(strstr(b.p, "\r\n\r\n") + 4 - b.p);
        assert_int_equal(b.n - head, FILE_BYTES);
        for (size_t k = 0; k < FILE_BYTES; k++)
            if ((uint8_t)b.p[head + k] != harness_byte(k))
                fail_msg("byte %zu", k);
        sp_buf_reset(&b);
        // A request in two records and two requests in one.
        assert_int_equal(SSL_write(c.ssl, "GET /small HT", 13), 13);
        tls_ask(&c, "TP/1.1" END "POST /echo HTTP/1.1\r\nContent-Length: 2" END "xy", 5, &b);
        while (!strstr(b.p, "\r\n\r\nxy")) {
            char piece[1000];
            int got = SSL_read(c.ssl, piece, sizeof piece);
            assert_true(got > 0);
            sp_buf_put(&b, piece, (size_t)got);
        }
        tls_close(&c);
    }
    struct tls_client old;
    assert_false(tls_open(&old, TLS1_1_VERSION));
    tls_close(&old);

    // A new certificate for new connections; the old connection goes on.
    struct tls_client before, after;
    assert_true(tls_open(&before, TLS1_3_VERSION));
    make_certificate("second");
    assert_int_equal(http_server_reload(h.server, NULL), 0);
    assert_true(tls_open(&after, TLS1_3_VERSION));
    peer_name(&before, name);
    assert_string_equal(name, "first");
    peer_name(&after, name);
    assert_string_equal(name, "second");
    SP_AUTO_BUF struct sp_buf b = {0};
    tls_ask(&before, "GET /small HTTP/1.1" END, 5, &b);
    tls_close(&before);
    tls_close(&after);
    // A broken file changes nothing.
    assert_int_equal(sp_file_replace(cert_path, SP_LIT("nonsense"), 0600, 0, NULL), 0);
    struct sp_err err = {0};
    assert_int_equal(http_server_reload(h.server, &err), SP_ECONFIG);
    assert_true(tls_open(&after, TLS1_3_VERSION));
    tls_close(&after);

    // Plain HTTP, and silence, on the TLS port: hung up.
    int fd = client_open(&h);
    client_send(fd, "GET /small HTTP/1.1" END);
    char waste[64];
    while (recv(fd, waste, sizeof waste, 0) > 0)
        continue; // an alert
    close(fd);
    fd = client_open(&h);
    assert_true(client_at_end(fd));
    close(fd);
    harness_stop(&h);
    unlink(cert_path);
    unlink(key_path);
    assert_int_equal(rmdir(tls_dir), 0);
}

static int cleanup(void **state)
{
    harness_cleanup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forwarding),
        cmocka_unit_test(test_proxy_protocol),
        cmocka_unit_test(test_proxy_parse),
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_base_path),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_inherited_socket),
        cmocka_unit_test(test_bad_settings),
        cmocka_unit_test(test_tls),
    };
    return cmocka_run_group_tests(tests, NULL, cleanup);
}
