// Lets a container start with a user and a token, without a shell in it.
#include "server/names.h"
#include "server/serve.h"

int srv_first_user(struct srv *s, struct sp_err *err)
{
    const char *user = getenv("SPOKE_ADMIN_USER"), *file = getenv("SPOKE_ADMIN_TOKEN_FILE");
    bool has_user = user && *user, has_file = file && *file;
    if (!has_user && !has_file)
        return 0;
    int64_t users = meta_user_count(s->meta, err);
    if (users != 0) // not the first start: the variables stay set in a container
        return users < 0 ? (int)users : 0;
    if (!has_user)
        return sp_fail(err, SP_EUSAGE, "SPOKE_ADMIN_TOKEN_FILE is set and SPOKE_ADMIN_USER is not");
    SP_AUTO_FREE char *token = NULL;
    // Everything is checked before the first row: a start that failed can be repeated.
    SP_TRY_IN(srv_user_name_check(sp_cstr(user), err), err, "SPOKE_ADMIN_USER");
    if (has_file)
        SP_TRY_IN(srv_token_read(&token, file, err), err, "SPOKE_ADMIN_TOKEN_FILE");
    SP_TRY(meta_user_add(NULL, s->meta, sp_cstr(user), err));
    sp_log("server", INFO, "made the first user, %s", user);
    if (!token)
        return 0;
    uint8_t mac[HASH_SHA256_BYTES];
    srv_token_mac(s, sp_cstr(token), mac);
    explicit_bzero(token, strlen(token));
    int rc = meta_token_add(s->meta, sp_cstr(user), SP_LIT("admin"), META_ROLE_WRITE, 0, mac, err);
    if (rc < 0)
        meta_user_remove(s->meta, sp_cstr(user), NULL); // else the next start would not try again
    return rc;
}
