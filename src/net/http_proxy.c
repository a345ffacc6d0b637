// Who really asks when a trusted proxy stands between: PROXY protocol and forwarding headers.
#include "net/http_proxy.h"

#include "net/http_parse.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

void http_addr_from(struct http_addr *out, const struct sockaddr_storage *ss)
{
    struct http_addr a = {0};
    if (ss->ss_family == AF_INET) {
        struct sockaddr_in in4;
        memcpy(&in4, ss, sizeof in4);
        a.family = HTTP_FAMILY_V4;
        a.port = ntohs(in4.sin_port);
        memcpy(a.bytes, &in4.sin_addr, 4);
    } else if (ss->ss_family == AF_INET6) {
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        struct sockaddr_in6 in6;
        memcpy(&in6, ss, sizeof in6);
        a.port = ntohs(in6.sin6_port);
        a.family = HTTP_FAMILY_V6;
        memcpy(a.bytes, &in6.sin6_addr, 16);
        if (memcmp(a.bytes, mapped, sizeof mapped) == 0) { // a v4 peer on a dual-stack socket
            a.family = HTTP_FAMILY_V4;
            memmove(a.bytes, a.bytes + 12, 4);
            memset(a.bytes + 4, 0, 12);
        }
    } else if (ss->ss_family == AF_UNIX) {
        a.family = HTTP_FAMILY_UNIX;
    }
    *out = a;
}

void http_addr_text(char out[HTTP_ADDR_MAX], const struct http_addr *a)
{
    if (a->family ==
        HTTP_FAMILY_V4) { // inet_ntop prints through sprintf, and this is every request
        for (size_t i = 0; i < 4; i++) {
            uint8_t v = a->bytes[i];
            if (v >= 100)
                *out++ = (char)('0' + v / 100);
            if (v >= 10)
                *out++ = (char)('0' + v / 10 % 10);
            *out++ = (char)('0' + v % 10);
            *out++ = i < 3 ? '.' : '\0';
        }
        return;
    }
    strcpy(out, a->family == HTTP_FAMILY_UNIX ? "unix" : "unknown");
    if (a->family == HTTP_FAMILY_V6)
        (void)inet_ntop(AF_INET6, a->bytes, out, HTTP_ADDR_MAX);
}

static bool parse_bare(struct http_addr *out, sp_str text)
{
    char z[INET6_ADDRSTRLEN + 1];
    struct http_addr a = {0};
    if (text.n == 0 || text.n >= sizeof z || sp_has_nul(text))
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = 0;
    if (inet_pton(AF_INET, z, a.bytes) == 1)
        a.family = HTTP_FAMILY_V4;
    else if (inet_pton(AF_INET6, z, a.bytes) == 1)
        a.family = HTTP_FAMILY_V6;
    else
        return false;
    *out = a;
    return true;
}

bool http_addr_parse(struct http_addr *out, sp_str text)
{
    sp_str port = {0};
    if (text.n && text.p[0] == '[') {
        ptrdiff_t end = sp_find_ch(text, ']');
        if (end < 0)
            return false;
        port = sp_from(text, (size_t)end + 1);
        if (port.n && port.p[0] != ':')
            return false;
        text = sp_sub(text, 1, (size_t)end - 1);
        port = sp_from(port, 1);
    } else if (sp_find_ch(text, ':') == sp_rfind_ch(text, ':') && sp_find_ch(text, ':') >= 0) {
        text = sp_cut(text, ':', &port);
    }
    uint64_t n = 0;
    if (port.n && (!sp_parse_u64(port, &n) || n > 65535))
        return false;
    if (!parse_bare(out, text))
        return false;
    out->port = (uint16_t)n;
    return true;
}

int http_trust_parse(struct http_trust *out, const char *list, struct sp_err *err)
{
    SP_VEC(struct http_trust_net) nets = {0};
    sp_str part, rest = sp_cstr(list);
    while (rest.n && sp_split(&rest, ',', &part)) {
        part = sp_trim(part);
        if (part.n == 0)
            continue;
        struct http_trust_net net = {0};
        sp_str bits, addr = sp_cut(part, '/', &bits);
        uint64_t n = 0;
        bool ok = sp_eq_lit(part, "unix");
        if (ok)
            net.addr.family = HTTP_FAMILY_UNIX;
        else
            ok = parse_bare(&net.addr, addr);
        unsigned most = net.addr.family == HTTP_FAMILY_V4 ? 32 : 128;
        net.bits = most;
        if (ok && bits.p) {
            ok = sp_parse_u64(bits, &n) && n <= most;
            net.bits = (unsigned)n;
        }
        if (!ok) {
            sp_vec_fini(&nets);
            return sp_fail(
                err, SP_ECONFIG,
                "trusted proxies: \"%.*s\" is no address, network (10.0.0.0/8) or \"unix\"",
                SP_FMT(part));
        }
        *sp_vec_push(&nets) = net;
    }
    out->v = nets.v;
    out->n = nets.n;
    return 0;
}

void http_trust_fini(struct http_trust *t)
{
    free(t->v);
    t->v = NULL;
    t->n = 0;
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    if (memcmp(a, b, bits / 8) != 0)
        return false;
    unsigned rest = bits % 8;
    return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

bool http_trust_has(const struct http_trust *t, const struct http_addr *a)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i].addr.family == a->family &&
            (a->family == HTTP_FAMILY_UNIX ||
             same_prefix(t->v[i].addr.bytes, a->bytes, t->v[i].bits)))
            return true;
    return false;
}

// ---- PROXY protocol

#define V1_MAX 107 // with CRLF, from the specification of the PROXY protocol §2.1

static ssize_t parse_v1(struct http_addr *out, sp_str in)
{
    const char *nl = memchr(in.p, '\n', in.n < V1_MAX ? in.n : V1_MAX);
    if (!nl)
        return in.n >= V1_MAX ? SP_EFORMAT : 0;
    size_t n = (size_t)(nl - in.p) + 1;
    if (n < 8 || nl[-1] != '\r')
        return SP_EFORMAT;
    sp_str field[6] = {{0}}, rest = sp_str_of(in.p, n - 2);
    size_t have = 0;
    while (have < 6 && sp_split(&rest, ' ', &field[have]))
        have++;
    if (have >= 2 && sp_eq_lit(field[1], "UNKNOWN")) {
        *out = (struct http_addr){0};
        return (ssize_t)n;
    }
    struct http_addr src, dst;
    uint64_t sport = 0, dport = 0;
    if (have != 6 || rest.p || !parse_bare(&src, field[2]) || !parse_bare(&dst, field[3]) ||
        !sp_parse_u64(field[4], &sport) || !sp_parse_u64(field[5], &dport) || sport > 65535 ||
        dport > 65535)
        return SP_EFORMAT;
    uint8_t want = sp_eq_lit(field[1], "TCP4")   ? HTTP_FAMILY_V4
                   : sp_eq_lit(field[1], "TCP6") ? HTTP_FAMILY_V6
                                                 : HTTP_FAMILY_NONE;
    if (want == HTTP_FAMILY_NONE || src.family != want || dst.family != want)
        return SP_EFORMAT;
    src.port = (uint16_t)sport;
    *out = src;
    return (ssize_t)n;
}

static ssize_t parse_v2(struct http_addr *out, sp_str in)
{
    const uint8_t *p = (const uint8_t *)in.p;
    if (in.n < 16)
        return 0;
    size_t body = (size_t)p[14] << 8 | p[15], n = 16 + body;
    unsigned version = p[12] >> 4, command = p[12] & 15, family = p[13] >> 4;
    if (version != 2 || command > 1 || n > HTTP_PROXY_HEADER_MAX)
        return SP_EFORMAT;
    if (in.n < n)
        return 0;
    struct http_addr a = {0};
    if (command == 1 && family == 1) {
        if (body < 12)
            return SP_EFORMAT;
        a.family = HTTP_FAMILY_V4;
        memcpy(a.bytes, p + 16, 4);
        a.port = (uint16_t)(p[24] << 8 | p[25]);
    } else if (command == 1 && family == 2) {
        if (body < 36)
            return SP_EFORMAT;
        a.family = HTTP_FAMILY_V6;
        memcpy(a.bytes, p + 16, 16);
        a.port = (uint16_t)(p[48] << 8 | p[49]);
    }
    *out = a;
    return (ssize_t)n;
}

ssize_t http_proxy_parse(struct http_addr *out, sp_str in)
{
    static const char v1[] = "PROXY ", v2[] = "\r\n\r\n\0\r\nQUIT\n";
    size_t n1 = sizeof v1 - 1, n2 = sizeof v2 - 1;
    if (in.n == 0)
        return 0;
    if (memcmp(in.p, v1, in.n < n1 ? in.n : n1) == 0)
        return in.n < n1 ? 0 : parse_v1(out, in);
    if (memcmp(in.p, v2, in.n < n2 ? in.n : n2) == 0)
        return in.n < n2 ? 0 : parse_v2(out, in);
    return SP_EFORMAT;
}

// ---- forwarding headers

static bool known_scheme(sp_str s, sp_str *out)
{
    if (sp_eq_nocase(s, SP_LIT("https")))
        *out = SP_LIT("https");
    else if (sp_eq_nocase(s, SP_LIT("http")))
        *out = SP_LIT("http");
    else
        return false;
    return true;
}

static sp_str unquote(sp_str s)
{
    s = sp_trim(s);
    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
        s = sp_sub(s, 1, s.n - 2);
    return s;
}

static sp_str last_of(sp_str list)
{
    ptrdiff_t comma = sp_rfind_ch(list, ',');
    return sp_trim(comma < 0 ? list : sp_from(list, (size_t)comma + 1));
}

// Walks a list of addresses from the right, past trusted proxies: the first other one is the
// client. `get` cuts one address out of an element.
static void client_from(struct http_req *q, const struct http_trust *t, sp_str list,
                        sp_str (*get)(sp_str element))
{
    struct http_addr a;
    for (;;) {
        ptrdiff_t comma = sp_rfind_ch(list, ',');
        sp_str one = get(sp_trim(comma < 0 ? list : sp_from(list, (size_t)comma + 1)));
        if (!http_addr_parse(&a, one))
            return;
        char text[HTTP_ADDR_MAX];
        http_addr_text(text, &a);
        q->peer = sp_cstr(sp_arena_dupn(q->arena, text, strlen(text)));
        if (comma < 0 || !http_trust_has(t, &a))
            return;
        list = sp_sub(list, 0, (size_t)comma);
    }
}

static sp_str forwarded_field(sp_str element, sp_str name)
{
    sp_str pair, rest = element;
    while (sp_split(&rest, ';', &pair)) {
        sp_str value, key = sp_trim(sp_cut(pair, '=', &value));
        if (sp_eq_nocase(key, name))
            return unquote(value);
    }
    return (sp_str){0};
}

static sp_str forwarded_for(sp_str element)
{
    return forwarded_field(element, SP_LIT("for"));
}

static sp_str plain_element(sp_str element)
{
    return element;
}

// All lines of one name as one list: some proxies add a line behind the client's instead of an
// element.
static sp_str whole_list(const struct http_req *q, const char *name)
{
    sp_str all = {0};
    for (size_t i = 0; i < q->headers_n; i++) {
        const struct http_header *h = &q->headers[i];
        if (!sp_eq_nocase(h->name, sp_cstr(name)))
            continue;
        if (all.p)
            all = sp_cstr(sp_arena_fmt(q->arena, "%.*s,%.*s", SP_FMT(all), SP_FMT(h->value)));
        else
            all = h->value;
    }
    return all;
}

void http_forwarded_apply(struct http_req *q, const struct http_trust *t, bool peer_known)
{
    // A proxy that sets the X- lines passes a Forwarded of the client's on as it is: where both
    // stand, the client may have written that one.
    sp_str proto = last_of(whole_list(q, "X-Forwarded-Proto"));
    sp_str host = last_of(whole_list(q, "X-Forwarded-Host"));
    sp_str clients = whole_list(q, "X-Forwarded-For");
    sp_str (*get)(sp_str element) = plain_element;
    if (!clients.n)
        clients = whole_list(q, "X-Real-IP");
    if (!clients.n && !proto.n && !host.n) {
        sp_str forwarded = whole_list(q, "Forwarded"), nearest = last_of(forwarded);
        proto = forwarded_field(nearest, SP_LIT("proto"));
        host = forwarded_field(nearest, SP_LIT("host"));
        clients = forwarded;
        get = forwarded_for;
    }
    if (!peer_known)
        client_from(q, t, clients, get);
    (void)known_scheme(proto, &q->scheme);
    if (host.n && http_host_valid(host))
        q->host = host;
}
