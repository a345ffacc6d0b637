// hash: SHA-1, SHA-256, HMAC and secure random, all through OpenSSL 3 (EVP). Promises: streaming
// with bounded memory; git blob ids; hex of fixed length. A struct hash_ctx belongs to one thread.
#ifndef SPOKE_HASH_H
#define SPOKE_HASH_H

#include "base/base.h"

#define HASH_SHA1_BYTES   20
#define HASH_SHA256_BYTES 32
#define HASH_SHA1_HEX     41 // with NUL
#define HASH_SHA256_HEX   65

enum hash_kind { HASH_SHA1, HASH_SHA256 };
struct hash_ctx {
    void *evp; // EVP_MD_CTX
    enum hash_kind kind;
};
void hash_init(struct hash_ctx *h, enum hash_kind kind);
void hash_update(struct hash_ctx *h, const void *p, size_t n);
// out: 20 or 32 bytes. The context is finished; fini it or init it again.
void hash_final(struct hash_ctx *h, uint8_t *out);
void hash_final_hex(struct hash_ctx *h, char *out); // HASH_SHA1_HEX / HASH_SHA256_HEX bytes
void hash_fini(struct hash_ctx *h);
// git blob id while streaming: SHA-1 of "blob <size>\0" and the content.
void hash_git_blob_init(struct hash_ctx *h, uint64_t size);
// State that a resumed download continues from is recomputed by reading the bytes again: EVP state
// is not portable across processes.

void hash_sha256(uint8_t out[HASH_SHA256_BYTES], sp_str s);
void hash_sha256_hex(char out[HASH_SHA256_HEX], sp_str s);
void hash_sha1_hex(char out[HASH_SHA1_HEX], sp_str s);
void hash_git_blob_hex(char out[HASH_SHA1_HEX], sp_str content);
void hash_hmac_sha256(uint8_t out[HASH_SHA256_BYTES], sp_str key, sp_str msg);
// Whole file or source; *size_out may be NULL. Progress counts hash bytes when given.
int hash_source_hex(char *out, enum hash_kind kind, bool git_blob, struct sp_source *src,
                    struct sp_progress *progress, const struct sp_cancel *c, struct sp_err *err);
int hash_file_hex(char *out, enum hash_kind kind, bool git_blob, const char *path,
                  struct sp_err *err);
void hash_random(void *p, size_t n); // dies if the system has none

#endif
