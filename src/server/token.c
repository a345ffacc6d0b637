// New token values, and those that are imported from a file.
#include "server/serve.h"

#include "hash/hash.h"

#define TOKEN_MIN 8 // a shorter one can be guessed

char *srv_token_new(void)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const size_t letters = sizeof alphabet - 1;
    char *out = sp_alloc(SRV_TOKEN_CHARS + 1);
    memcpy(out, "hf_", 3);
    for (size_t i = 3; i < SRV_TOKEN_CHARS;) {
        uint8_t c;
        hash_random(&c, 1);
        if (c < 256 / letters * letters) // no letter is likelier than another
            out[i++] = alphabet[c % letters];
    }
    return out;
}

int srv_token_read(char **out, const char *path, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_TOKEN_BYTES + 2);
    bool is_stdin = strcmp(path, "-") == 0;
    SP_TRY(sp_file_read(&b, is_stdin ? "/dev/stdin" : path, SP_LIM_TOKEN_BYTES + 1, err));
    sp_str token = sp_trim(sp_buf_view(&b));
    const char *what = is_stdin ? "standard input" : path;
    if (token.n < TOKEN_MIN)
        return sp_fail(err, SP_EINVALID, "%s holds no token of %d characters or more", what,
                       TOKEN_MIN);
    for (size_t i = 0; i < token.n; i++)
        if (token.p[i] <= 0x20 || token.p[i] >= 0x7f)
            return sp_fail(err, SP_EINVALID, "%s: a token is one line of visible ASCII characters",
                           what);
    *out = sp_str_dup(token);
    explicit_bzero(b.p, b.n);
    return 0;
}
