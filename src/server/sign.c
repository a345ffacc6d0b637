// A signed link lets whoever holds it do one thing for a while: HMAC-SHA-256 over method, path with
// its facts (query) and the end of validity. "?a=1&exp=…&sig=…": the two last parameters are ours.
#include "server/server.h"

#define SIG_HEX (2 * HASH_SHA256_BYTES)

static void mac_of(char hex[SIG_HEX + 1], const struct srv *s, sp_str method, sp_str path,
                   sp_str facts, int64_t exp)
{
    // Fields are separated by a byte that cannot be in them.
    SP_AUTO_BUF struct sp_buf text = SP_BUF_MAX(2 * SP_LIM_URL_BYTES);
    sp_buf_printf(&text, "link:%.*s\n%.*s\n%.*s\n%lld", SP_FMT(method), SP_FMT(path), SP_FMT(facts),
                  (long long)exp);
    uint8_t mac[HASH_SHA256_BYTES];
    hash_hmac_sha256(mac, sp_str_of(s->secret, sizeof s->secret), sp_buf_view(&text));
    SP_AUTO_BUF struct sp_buf out = {0};
    sp_buf_hex(&out, mac, sizeof mac);
    memcpy(hex, out.p, SIG_HEX + 1);
}

char *srv_sign(struct http_req *q, const char *method, const char *path, int64_t ttl_s)
{
    int64_t exp = sp_now_ms() / 1000 + ttl_s;
    sp_str facts, raw = sp_cut(sp_cstr(path), '?', &facts);
    char hex[SIG_HEX + 1];
    mac_of(hex, srv_ctx(q)->srv, sp_cstr(method), raw, facts, exp);
    return sp_arena_fmt(q->arena, "exp=%lld&sig=%s", (long long)exp, hex);
}

static const char *method_text(enum http_method m)
{
    switch (m) {
    case HTTP_GET:
    case HTTP_HEAD: // whoever may read the bytes may ask for their size
        return "GET";
    case HTTP_PUT:
        return "PUT";
    case HTTP_POST:
        return "POST";
    default:
        return "-";
    }
}

int srv_sign_check(struct http_req *q, struct sp_err *err)
{
    // From the end: sig, then exp, then whatever the link was made with.
    ptrdiff_t sig_at = sp_rfind_ch(q->query, '&');
    sp_str head = sig_at < 0 ? (sp_str){0} : sp_sub(q->query, 0, (size_t)sig_at);
    sp_str sig = sig_at < 0 ? (sp_str){0} : sp_from(q->query, (size_t)sig_at + 1);
    ptrdiff_t exp_at = sp_rfind_ch(head, '&');
    sp_str exp_text = sp_from(head, (size_t)(exp_at + 1));
    sp_str facts = exp_at < 0 ? (sp_str){0} : sp_sub(head, 0, (size_t)exp_at);
    int64_t exp;
    if (!sp_starts(sig, SP_LIT("sig=")) || !sp_starts(exp_text, SP_LIT("exp=")) ||
        !sp_parse_i64(sp_from(exp_text, 4), &exp))
        return sp_fail(err, SP_EFORBIDDEN, "This link is not signed");
    char hex[SIG_HEX + 1];
    mac_of(hex, srv_ctx(q)->srv, sp_cstr(method_text(q->method)), q->path, facts, exp);
    if (!sp_eq_secret(sp_from(sig, 4), sp_str_of(hex, SIG_HEX)))
        return sp_fail(err, SP_EFORBIDDEN, "The signature of this link is wrong");
    if (exp <= sp_now_ms() / 1000)
        return sp_fail(err, SP_EFORBIDDEN, "This link has expired; ask for a new one");
    return 0;
}
