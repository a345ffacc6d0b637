// What is known of tokens and repositories, in memory, so that a request asks the database only
// once per change. Every entry carries the generation it was read in; srv_known_drop starts a new
// one, after which no older entry is used. Thread-safe.
#ifndef SPOKE_SERVER_KNOWN_H
#define SPOKE_SERVER_KNOWN_H

#include "server/memo.h"
#include "server/server.h"

struct srv_known_token {
    struct srv_memo_item item;
    uint64_t gen;
    struct sp_arena arena;
    struct meta_token t;
};
struct srv_known_repo {
    struct srv_memo_item item;
    uint64_t gen;
    struct sp_arena arena;
    struct meta_repo r;
};
struct srv_known;
struct srv_known *srv_known_new(struct meta *m);
void srv_known_free(struct srv_known *k);
// Held until released. SP_ENOTFOUND / SP_EREPO: misses are not kept.
int srv_known_token(const struct srv_known_token **out, struct srv_known *k,
                    const uint8_t mac[HASH_SHA256_BYTES], struct sp_err *err);
int srv_known_token_by_id(const struct srv_known_token **out, struct srv_known *k, int64_t id,
                          struct sp_err *err);
int srv_known_repo(const struct srv_known_repo **out, struct srv_known *k, enum meta_repo_type type,
                   sp_str ns, sp_str name, struct sp_err *err);
void srv_known_release_token(struct srv_known *k, const struct srv_known_token *t); // NULL-safe
void srv_known_release_repo(struct srv_known *k, const struct srv_known_repo *r);

#endif
