// TLS for the server side, by OpenSSL 3. TLS 1.2 and newer, no renegotiation, no compression.
#include "net/http_core.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>
#include <unistd.h>

// The reason in OpenSSL's words. The first error is the one nearest to the file; later ones only
// say who asked.
static void first_error(char out[200])
{
    const char *why = ERR_reason_error_string(ERR_peek_error());
    snprintf(out, 200, "%s", why ? why : "unknown reason");
    ERR_clear_error();
}

// OpenSSL's own words for a file that is not there or not ours to read name neither.
static int check_readable(const char *what, const char *file, struct sp_err *err)
{
    SP_AUTO_FD int fd = open(file, O_RDONLY | O_CLOEXEC); // access() would ask for the real user
    if (fd >= 0)
        return 0;
    bool denied = errno == EACCES;
    int rc = sp_fail(err, SP_ECONFIG, "%s %s: %s", what, file, strerror(errno));
    if (denied)
        sp_hint(err, "the user who runs the server must be able to read it");
    return rc;
}

// A client that only offers h2 gets no ALPN answer and falls back; http/1.1 is confirmed.
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                       const unsigned char *in, unsigned in_n, void *ud)
{
    static const unsigned char want[] = "\x08http/1.1";
    unsigned char *picked = NULL;
    if (SSL_select_next_proto(&picked, out_n, want, sizeof want - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = picked;
    return SSL_TLSEXT_ERR_OK;
}

static int load_files(SSL_CTX *ctx, const char *cert, const char *key, struct sp_err *err)
{
    char why[200];
    SP_TRY(check_readable("TLS certificate", cert, err));
    SP_TRY(check_readable("TLS key", key, err));
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1) {
        first_error(why);
        return sp_fail(err, SP_ECONFIG, "TLS certificate %s: not read as PEM: %s", cert, why);
    }
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
        // A key that is good but belongs to another certificate is refused here already.
        bool other = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
                     ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH;
        first_error(why);
        if (other)
            return sp_fail(err, SP_ECONFIG, "TLS key %s does not belong to certificate %s", key,
                           cert);
        return sp_fail(err, SP_ECONFIG, "TLS key %s: not read as a PEM private key: %s", key, why);
    }
    if (SSL_CTX_check_private_key(ctx) != 1) {
        first_error(why);
        return sp_fail(err, SP_ECONFIG, "TLS key %s does not belong to certificate %s", key, cert);
    }
    return 0;
}

int http_tls_load(SSL_CTX **out, const char *cert, const char *key, struct sp_err *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx)
        return sp_fail(err, SP_EINTERNAL, "TLS: no memory");
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_ENABLE_KTLS);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); // tickets need no memory here
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
    int rc = load_files(ctx, cert, key, err);
    if (rc < 0) {
        SSL_CTX_free(ctx);
        return rc;
    }
    *out = ctx;
    return 0;
}

// IO_WAIT with c->ssl_want, or IO_DEAD. The error queue belongs to the thread: it is emptied before
// every call, or an old entry would be taken for a new one.
static int result(struct http_conn *c, int rc)
{
    switch (SSL_get_error(c->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        c->ssl_want = POLLIN;
        c->drained = true;
        return IO_WAIT;
    case SSL_ERROR_WANT_WRITE:
        c->ssl_want = POLLOUT;
        return IO_WAIT;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        c->bye_told = true; // no close notice after a fatal error
        ERR_clear_error();
        return IO_DEAD;
    }
}

int http_tls_accept(struct http_conn *c)
{
    ERR_clear_error();
    int rc = SSL_accept(c->ssl);
    if (rc == 1)
        return 1;
    return result(c, rc) == IO_WAIT ? 0 : IO_DEAD;
}

ssize_t http_tls_recv(struct http_conn *c, void *p, size_t n)
{
    ERR_clear_error();
    c->drained = false; // only WANT_READ says that the socket is empty
    int rc = SSL_read(c->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
    return rc > 0 ? rc : result(c, rc);
}

ssize_t http_tls_send(struct http_conn *c, const void *p, size_t n)
{
    ERR_clear_error();
    int rc = SSL_write(c->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
    if (rc > 0)
        return rc;
    rc = result(c, rc);
    return rc == 0 ? IO_DEAD : rc;
}

void http_tls_bye(struct http_conn *c)
{
    if (!c->ssl || c->bye_told)
        return;
    c->bye_told = true;
    ERR_clear_error();
    if (SSL_is_init_finished(c->ssl))
        (void)SSL_shutdown(c->ssl);
    ERR_clear_error();
}
