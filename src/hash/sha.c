// SHA-1 and SHA-256 by OpenSSL, which uses the CPU's own instructions.
#include "hash/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sys/random.h>

#define SOURCE_BUFFER_BYTES ((size_t)256 << 10)
#define SHA256_BLOCK_BYTES  64

// EVP_sha256() looks the algorithm up at every init; fetching once saves that and is thread-safe
// afterwards (a fetched EVP_MD is immutable).
static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *md_sha1, *md_sha256;

static void __attribute__((noreturn, cold)) die(const char *what)
{
    fprintf(stderr, "spoke: %s failed in libcrypto, cannot continue\n", what);
    abort();
}

static void start(void)
{
    // openssl.cnf is for TLS policy; reading and parsing it costs a millisecond of every command.
    // No atexit handler either: the process is going away anyhow.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
    md_sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!md_sha1 || !md_sha256)
        die("fetching SHA-1 and SHA-256");
}

static const EVP_MD *md_of(enum hash_kind kind)
{
    pthread_once(&once, start);
    return kind == HASH_SHA1 ? md_sha1 : md_sha256;
}

void hash_init(struct hash_ctx *h, enum hash_kind kind)
{
    const EVP_MD *md = md_of(kind);
    if (!h->evp)
        h->evp = EVP_MD_CTX_new();
    h->kind = kind;
    if (!h->evp || EVP_DigestInit_ex2(h->evp, md, NULL) != 1)
        die("starting a digest");
}

void hash_update(struct hash_ctx *h, const void *p, size_t n)
{
    SP_ASSERT(h->evp);
    if (n && EVP_DigestUpdate(h->evp, p, n) != 1)
        die("a digest");
}

void hash_final(struct hash_ctx *h, uint8_t *out)
{
    SP_ASSERT(h->evp);
    if (EVP_DigestFinal_ex(h->evp, out, NULL) != 1)
        die("finishing a digest");
}

static size_t bytes_of(enum hash_kind kind)
{
    return kind == HASH_SHA1 ? HASH_SHA1_BYTES : HASH_SHA256_BYTES;
}

static void to_hex(char *out, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}

void hash_final_hex(struct hash_ctx *h, char *out)
{
    uint8_t raw[HASH_SHA256_BYTES];
    hash_final(h, raw);
    to_hex(out, raw, bytes_of(h->kind));
}

void hash_fini(struct hash_ctx *h)
{
    EVP_MD_CTX_free(h->evp);
    h->evp = NULL;
}

void hash_git_blob_init(struct hash_ctx *h, uint64_t size)
{
    char head[40];
    int n = snprintf(head, sizeof head, "blob %llu", (unsigned long long)size);
    hash_init(h, HASH_SHA1);
    hash_update(h, head, (size_t)n + 1); // with its NUL
}

void hash_sha256(uint8_t out[HASH_SHA256_BYTES], sp_str s)
{
    SP_AUTO(hash_fini) struct hash_ctx h = {0};
    hash_init(&h, HASH_SHA256);
    hash_update(&h, s.p, s.n);
    hash_final(&h, out);
}

void hash_sha256_hex(char out[HASH_SHA256_HEX], sp_str s)
{
    uint8_t raw[HASH_SHA256_BYTES];
    hash_sha256(raw, s);
    to_hex(out, raw, sizeof raw);
}

void hash_sha1_hex(char out[HASH_SHA1_HEX], sp_str s)
{
    SP_AUTO(hash_fini) struct hash_ctx h = {0};
    hash_init(&h, HASH_SHA1);
    hash_update(&h, s.p, s.n);
    hash_final_hex(&h, out);
}

void hash_git_blob_hex(char out[HASH_SHA1_HEX], sp_str content)
{
    SP_AUTO(hash_fini) struct hash_ctx h = {0};
    hash_git_blob_init(&h, content.n);
    hash_update(&h, content.p, content.n);
    hash_final_hex(&h, out);
}

void hash_hmac_sha256(uint8_t out[HASH_SHA256_BYTES], sp_str key, sp_str msg)
{
    // RFC 2104 over the digest above: OpenSSL's HMAC() looks MAC and digest up by name at every
    // call, which costs more than all the hashing of a short message.
    uint8_t block[SHA256_BLOCK_BYTES] = {0};
    SP_AUTO(hash_fini) struct hash_ctx h = {0};
    if (key.n > sizeof block)
        hash_sha256(block, key);
    else if (key.n)
        memcpy(block, key.p, key.n);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36;
    hash_init(&h, HASH_SHA256);
    hash_update(&h, block, sizeof block);
    hash_update(&h, msg.p, msg.n);
    hash_final(&h, out);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5c;
    hash_init(&h, HASH_SHA256);
    hash_update(&h, block, sizeof block);
    hash_update(&h, out, HASH_SHA256_BYTES);
    hash_final(&h, out);
    OPENSSL_cleanse(block, sizeof block);
}

int hash_source_hex(char *out, enum hash_kind kind, bool git_blob, struct sp_source *src,
                    struct sp_progress *progress, const struct sp_cancel *c, struct sp_err *err)
{
    SP_AUTO(hash_fini) struct hash_ctx h = {0};
    if (git_blob && kind != HASH_SHA1)
        return sp_fail(err, SP_EINVALID, "git blob ids are SHA-1");
    if (git_blob)
        hash_git_blob_init(&h, src->size);
    else
        hash_init(&h, kind);
    SP_AUTO_FREE char *buf = sp_alloc(SOURCE_BUFFER_BYTES);
    for (uint64_t off = 0; off < src->size;) {
        uint64_t left = src->size - off;
        size_t want = left < SOURCE_BUFFER_BYTES ? (size_t)left : SOURCE_BUFFER_BYTES;
        SP_TRY(sp_cancel_check(c, err));
        ssize_t got = src->ops->read_at(src, buf, want, off, c, err);
        if (got < 0)
            return (int)got;
        if (got == 0)
            return sp_fail(err, SP_EINCOMPLETE, "%s ends %llu bytes too early", src->name,
                           (unsigned long long)left);
        hash_update(&h, buf, (size_t)got);
        off += (uint64_t)got;
        if (progress)
            atomic_fetch_add_explicit(&progress->hash_done, (uint64_t)got, memory_order_relaxed);
    }
    hash_final_hex(&h, out);
    return 0;
}

int hash_file_hex(char *out, enum hash_kind kind, bool git_blob, const char *path,
                  struct sp_err *err)
{
    SP_AUTO_SOURCE struct sp_source *src = NULL;
    SP_TRY(sp_source_file(&src, path, err));
    return hash_source_hex(out, kind, git_blob, src, NULL, NULL, err);
}

void hash_random(void *p, size_t n)
{
    char *at = p;
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            fputs("spoke: the system gives no random numbers, cannot continue\n", stderr);
            abort();
        }
        at += got;
        n -= (size_t)got;
    }
}
