// Heads and chunk lines from hostile bytes; what two readers could understand in two ways is
// refused.
#include "net/http_parse.h"

#include "base/base.h"

// Classes of bytes. TOKEN: RFC 9110 §5.6.2. VALUE: field-vchar, SP, HTAB. TARGET: what may stand in
// a request target; '#' and '"' never do, raw UTF-8 is checked afterwards.
enum { TOKEN = 1, VALUE = 2, TARGET = 4, HOST = 8, DIGIT = 16, HEX = 32 };

static const uint8_t classes[256] = {
    ['\t'] = VALUE,
    [' '] = VALUE,
    ['!'] = TOKEN | VALUE | TARGET,
    ['"'] = VALUE,
    ['#'] = TOKEN | VALUE,
    ['$' ... '\''] = TOKEN | VALUE | TARGET,
    ['('] = VALUE | TARGET,
    [')'] = VALUE | TARGET,
    ['*' ... '+'] = TOKEN | VALUE | TARGET,
    [','] = VALUE | TARGET,
    ['-' ... '.'] = TOKEN | VALUE | TARGET | HOST,
    ['/'] = VALUE | TARGET,
    ['0' ... '9'] = TOKEN | VALUE | TARGET | HOST | DIGIT | HEX,
    [':' ... '@'] = VALUE | TARGET,
    ['A' ... 'F'] = TOKEN | VALUE | TARGET | HOST | HEX,
    ['G' ... 'Z'] = TOKEN | VALUE | TARGET | HOST,
    ['[' ... ']'] = VALUE | TARGET,
    ['^'] = TOKEN | VALUE | TARGET,
    ['_'] = TOKEN | VALUE | TARGET | HOST,
    ['`'] = TOKEN | VALUE | TARGET,
    ['a' ... 'f'] = TOKEN | VALUE | TARGET | HOST | HEX,
    ['g' ... 'z'] = TOKEN | VALUE | TARGET | HOST,
    ['{'] = VALUE | TARGET,
    ['|'] = TOKEN | VALUE | TARGET,
    ['}'] = VALUE | TARGET,
    ['~'] = TOKEN | VALUE | TARGET,
    [0x80 ... 0xff] = VALUE | TARGET,
};

static bool all_of(sp_str s, uint8_t class)
{
    for (size_t i = 0; i < s.n; i++)
        if (!(classes[(uint8_t)s.p[i]] & class))
            return false;
    return true;
}

bool http_is_token(sp_str s)
{
    return s.n > 0 && all_of(s, TOKEN);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool byte_allowed(char c, bool text)
{
    return c != 0 && (text || ((uint8_t)c >= 0x20 && c != 0x7f));
}

bool http_encoding_valid(sp_str raw, bool text)
{
    bool plain = true;
    for (size_t i = 0; i < raw.n; i++) {
        if (!byte_allowed(raw.p[i], text))
            return false;
        plain = plain && raw.p[i] != '%' && (uint8_t)raw.p[i] < 0x80;
    }
    if (plain)
        return true;
    char decoded[SP_LIM_URL_BYTES];
    size_t n = 0;
    if (raw.n > sizeof decoded)
        return false;
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];
        if (c == '%') {
            if (raw.n - i < 3 || hex_value(raw.p[i + 1]) < 0 || hex_value(raw.p[i + 2]) < 0)
                return false;
            c = (char)(hex_value(raw.p[i + 1]) << 4 | hex_value(raw.p[i + 2]));
            i += 2;
            if (!byte_allowed(c, text))
                return false;
        }
        decoded[n++] = c;
    }
    return sp_utf8_valid(sp_str_of(decoded, n));
}

sp_str http_percent_decode(struct sp_arena *arena, sp_str raw, bool plus)
{
    if (sp_find_ch(raw, '%') < 0 && !(plus && sp_find_ch(raw, '+') >= 0))
        return raw;
    char *p = sp_arena_alloc(arena, raw.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        uint8_t byte = 0;
        if (raw.p[i] == '%' && sp_hex_decode(&byte, 1, sp_sub(raw, i + 1, 2))) {
            p[n++] = (char)byte;
            i += 2;
        } else {
            p[n++] = plus && raw.p[i] == '+' ? ' ' : raw.p[i];
        }
    }
    return sp_str_of(p, n);
}

bool http_host_valid(sp_str host)
{
    sp_str name = host, port = {0};
    if (host.n && host.p[0] == '[') {
        ptrdiff_t end = sp_find_ch(host, ']');
        if (end < 3)
            return false;
        for (ptrdiff_t i = 1; i < end; i++)
            if (!(classes[(uint8_t)host.p[i]] & HEX) && host.p[i] != ':' && host.p[i] != '.')
                return false;
        sp_str rest = sp_from(host, (size_t)end + 1);
        if (rest.n == 0)
            return true;
        if (rest.p[0] != ':')
            return false;
        port = sp_from(rest, 1);
    } else {
        ptrdiff_t colon = sp_find_ch(host, ':');
        if (colon >= 0) {
            name = sp_sub(host, 0, (size_t)colon);
            port = sp_from(host, (size_t)colon + 1);
        }
        if (name.n == 0 || name.n > 253 || !all_of(name, HOST))
            return false;
        if (colon < 0)
            return true;
    }
    uint64_t number = 0;
    return port.n >= 1 && port.n <= 5 && sp_parse_u64(port, &number) && number >= 1 &&
           number <= 65535;
}

static int refuse(int *status_out, int status, struct sp_err *err, const char *why)
{
    *status_out = status;
    return sp_fail(err, SP_EFORMAT, "%s", why);
}

static enum http_method method_of(sp_str s)
{
    static const struct {
        const char *name;
        size_t n;
        enum http_method method;
    } rows[] = {
        {"GET", 3, HTTP_GET},         {"HEAD", 4, HTTP_HEAD},     {"POST", 4, HTTP_POST},
        {"PUT", 3, HTTP_PUT},         {"DELETE", 6, HTTP_DELETE}, {"PATCH", 5, HTTP_PATCH},
        {"OPTIONS", 7, HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (s.n == rows[i].n && memcmp(s.p, rows[i].name, s.n) == 0)
            return rows[i].method;
    return 0;
}

// "http://host[:port]/path": what a proxy gets, and what every server must understand.
static bool take_absolute(struct http_head *h, sp_str *rest)
{
    sp_str t = h->target;
    if (t.n > 7 && sp_eq_nocase(sp_sub(t, 0, 7), SP_LIT("http://")))
        t = sp_from(t, 7);
    else if (t.n > 8 && sp_eq_nocase(sp_sub(t, 0, 8), SP_LIT("https://")))
        t = sp_from(t, 8);
    else
        return false;
    size_t end = 0;
    while (end < t.n && t.p[end] != '/' && t.p[end] != '?')
        end++;
    h->host = sp_sub(t, 0, end);
    if (!http_host_valid(h->host))
        return false;
    *rest = sp_from(t, end);
    return true;
}

static int split_target(struct http_head *h, int *status_out, struct sp_err *err)
{
    sp_str t = h->target;
    if (!all_of(t, TARGET))
        return refuse(status_out, 400, err, "the request target holds a byte that must be encoded");
    if (sp_eq_lit(t, "*") && h->method == HTTP_OPTIONS) {
        h->path = t;
        return 0;
    }
    if (t.p[0] != '/' && !take_absolute(h, &t))
        return refuse(status_out, 400, err, "the request target is neither a path nor a URL");
    ptrdiff_t q = sp_find_ch(t, '?');
    h->path = q < 0 ? t : sp_sub(t, 0, (size_t)q);
    h->query = q < 0 ? (sp_str){0} : sp_from(t, (size_t)q + 1);
    if (h->path.n == 0)
        h->path = SP_LIT("/");
    if (!http_encoding_valid(h->path, false) || !http_encoding_valid(h->query, true))
        return refuse(status_out, 400, err,
                      "the request target does not decode to UTF-8 without control bytes");
    return 0;
}

static int parse_request_line(struct http_head *h, sp_str line, const struct http_head_limits *lim,
                              int *status_out, struct sp_err *err)
{
    size_t at = 0;
    while (at < line.n && (classes[(uint8_t)line.p[at]] & TOKEN))
        at++;
    if (at == 0 || at == line.n || line.p[at] != ' ')
        return refuse(status_out, 400, err, "the request line does not begin with a method");
    sp_str method = sp_sub(line, 0, at);
    size_t from = ++at;
    while (at < line.n && line.p[at] != ' ')
        at++;
    h->target = sp_sub(line, from, at - from);
    if (h->target.n > lim->target_bytes)
        return refuse(status_out, 414, err, "the request target is too long");
    sp_str version = sp_from(line, at + 1);
    if (h->target.n == 0 || at == line.n)
        return refuse(status_out, 400, err, "the request line has no HTTP version");
    if (version.n != 8 || memcmp(version.p, "HTTP/", 5) != 0 || version.p[6] != '.' ||
        !all_of(sp_sub(version, 5, 1), DIGIT) || !all_of(sp_sub(version, 7, 1), DIGIT))
        return refuse(status_out, 400, err, "the request line does not end in an HTTP version");
    if (version.p[5] != '1')
        return refuse(status_out, 505, err, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    h->minor = version.p[7] - '0';
    h->method = method_of(method);
    if (!h->method)
        return refuse(status_out, 501, err, "unknown method");
    return split_target(h, status_out, err);
}

enum known {
    KNOWN_NONE,
    KNOWN_HOST,
    KNOWN_LENGTH,
    KNOWN_CODING,
    KNOWN_CONNECTION,
    KNOWN_EXPECT,
    KNOWN_AUTH,
    KNOWN_N
};

static enum known known_header(sp_str name)
{
    switch (name.n) {
    case 4:
        return sp_eq_nocase(name, SP_LIT("host")) ? KNOWN_HOST : KNOWN_NONE;
    case 6:
        return sp_eq_nocase(name, SP_LIT("expect")) ? KNOWN_EXPECT : KNOWN_NONE;
    case 10:
        return sp_eq_nocase(name, SP_LIT("connection")) ? KNOWN_CONNECTION : KNOWN_NONE;
    case 13:
        return sp_eq_nocase(name, SP_LIT("authorization")) ? KNOWN_AUTH : KNOWN_NONE;
    case 14:
        return sp_eq_nocase(name, SP_LIT("content-length")) ? KNOWN_LENGTH : KNOWN_NONE;
    case 17:
        return sp_eq_nocase(name, SP_LIT("transfer-encoding")) ? KNOWN_CODING : KNOWN_NONE;
    default:
        return KNOWN_NONE;
    }
}

static void connection_tokens(struct http_head *h, sp_str value)
{
    sp_str part, rest = value;
    while (sp_split(&rest, ',', &part)) {
        part = sp_trim(part);
        if (sp_eq_nocase(part, SP_LIT("close")))
            h->keep_alive = false;
        else if (sp_eq_nocase(part, SP_LIT("keep-alive")) && h->minor == 0)
            h->keep_alive = true;
    }
}

static int parse_length(struct http_head *h, sp_str v, int *status_out, struct sp_err *err)
{
    uint64_t n = 0;
    if (v.n == 0 || v.n > 18 || !all_of(v, DIGIT) || !sp_parse_u64(v, &n))
        return refuse(status_out, 400, err, "Content-Length is not one decimal number");
    h->content_length = (int64_t)n;
    return 0;
}

static int note_header(struct http_head *h, enum known k, sp_str v, unsigned *seen, int *status_out,
                       struct sp_err *err)
{
    // Two of a kind mean that two programs on the way may believe different ones.
    if (k != KNOWN_CONNECTION && (*seen & 1U << k))
        return refuse(status_out, 400, err,
                      k == KNOWN_LENGTH   ? "two Content-Length headers"
                      : k == KNOWN_CODING ? "two Transfer-Encoding headers"
                      : k == KNOWN_HOST   ? "two Host headers"
                                          : "a header that may stand once stands twice");
    *seen |= 1U << k;
    switch (k) {
    case KNOWN_HOST:
        if (!http_host_valid(v))
            return refuse(status_out, 400, err, "the Host header is not a host and port");
        if (h->host.n && !sp_eq_nocase(h->host, v))
            return refuse(status_out, 400, err, "the Host header differs from the request target");
        h->host = v;
        return 0;
    case KNOWN_LENGTH:
        return parse_length(h, v, status_out, err);
    case KNOWN_CODING:
        if (!sp_eq_nocase(v, SP_LIT("chunked")))
            return refuse(status_out, 501, err, "the only known transfer coding is chunked");
        if (h->minor == 0)
            return refuse(status_out, 400, err, "Transfer-Encoding in an HTTP/1.0 request");
        return 0;
    case KNOWN_CONNECTION:
        connection_tokens(h, v);
        return 0;
    case KNOWN_EXPECT:
        if (!sp_eq_nocase(v, SP_LIT("100-continue")))
            return refuse(status_out, 417, err, "the only known expectation is 100-continue");
        h->expect_continue = h->minor > 0;
        return 0;
    default:
        return 0;
    }
}

static int parse_header(struct http_head *h, struct http_header *out, sp_str line, unsigned *seen,
                        int *status_out, struct sp_err *err)
{
    size_t at = 0;
    while (at < line.n && (classes[(uint8_t)line.p[at]] & TOKEN))
        at++;
    if (at == 0 || at == line.n || line.p[at] != ':') {
        bool fold = line.n && (line.p[0] == ' ' || line.p[0] == '\t');
        return refuse(status_out, 400, err,
                      fold ? "a header line is folded" : "a header line has no proper name");
    }
    out->name = sp_sub(line, 0, at);
    size_t from = at + 1, end = line.n;
    while (from < end && (line.p[from] == ' ' || line.p[from] == '\t'))
        from++;
    while (end > from && (line.p[end - 1] == ' ' || line.p[end - 1] == '\t'))
        end--;
    out->value = sp_sub(line, from, end - from);
    if (!all_of(out->value, VALUE))
        return refuse(status_out, 400, err, "a header value holds a control byte");
    enum known k = known_header(out->name);
    return k == KNOWN_NONE ? 0 : note_header(h, k, out->value, seen, status_out, err);
}

static int finish_head(struct http_head *h, unsigned seen, int *status_out, struct sp_err *err)
{
    bool coding = seen & 1U << KNOWN_CODING;
    if (coding && (seen & 1U << KNOWN_LENGTH))
        return refuse(status_out, 400, err, "both Content-Length and Transfer-Encoding");
    if (coding)
        h->content_length = -1;
    if (h->host.n == 0 && h->minor > 0)
        return refuse(status_out, 400, err, "no Host header");
    if (h->content_length == 0)
        h->expect_continue = false;
    return 0;
}

// Finds the end of the head: the index behind the empty line, 0 = not there, <0 refused.
// *scan is the start of the first line that is not complete; the request line is *first_out.
static ssize_t find_end(sp_str in, size_t begin, size_t *scan, sp_str *first_out, int *status_out,
                        struct sp_err *err)
{
    size_t at = *scan > begin ? *scan : begin;
    const char *nl = memchr(in.p + begin, '\n', in.n - begin);
    if (nl)
        *first_out = sp_str_of(in.p + begin, (size_t)(nl - in.p) - begin);
    while ((nl = memchr(in.p + at, '\n', in.n - at))) {
        size_t end = (size_t)(nl - in.p);
        if (end == begin || nl[-1] != '\r')
            return refuse(status_out, 400, err, "a line ends in LF without CR");
        if (end - 1 == at)
            return (ssize_t)end + 1;
        at = end + 1;
        *scan = at;
    }
    return 0;
}

ssize_t http_head_parse(struct http_head *out, struct http_header *headers,
                        const struct http_head_limits *lim, sp_str in, size_t *scan,
                        int *status_out, struct sp_err *err)
{
    // One empty line before a request is forgiven (RFC 9112 §2.2: old clients append one to
    // bodies).
    size_t begin = in.n >= 2 && in.p[0] == '\r' && in.p[1] == '\n' ? 2 : 0;
    if (in.n == begin || (in.n == 1 && in.p[0] == '\r'))
        return 0;
    if (!(classes[(uint8_t)in.p[begin]] & TOKEN))
        return refuse(status_out, 400, err, "this does not begin like an HTTP request");
    struct http_head h = {0};
    sp_str first = {0};
    ssize_t end = find_end(in, begin, scan, &first, status_out, err);
    if (end < 0)
        return end;
    size_t have = end > 0 ? (size_t)end : in.n;
    if (!first.p && in.n - begin > lim->target_bytes + 32)
        return refuse(status_out, 414, err, "the request line is too long");
    if (first.p) {
        first.n -= 1; // the CR, checked in find_end
        SP_TRY(parse_request_line(&h, first, lim, status_out, err));
    }
    if (have - begin > lim->bytes)
        return refuse(status_out, 431, err, "the request head is too large");
    if (end == 0)
        return 0;
    h.keep_alive = h.minor > 0;
    unsigned seen = 0;
    const char *p = first.p + first.n + 2, *stop = in.p + end - 2;
    while (p < stop) {
        const char *nl = memchr(p, '\n', (size_t)(stop - p));
        SP_ASSERT(nl);
        if (h.headers_n == lim->headers_n)
            return refuse(status_out, 431, err, "too many headers");
        SP_TRY(parse_header(&h, &headers[h.headers_n], sp_str_of(p, (size_t)(nl - p) - 1), &seen,
                            status_out, err));
        h.headers_n++;
        p = nl + 1;
    }
    SP_TRY(finish_head(&h, seen, status_out, err));
    *out = h;
    return end;
}

bool http_chunk_size_parse(sp_str line, uint64_t *size_out)
{
    uint64_t size = 0;
    size_t at = 0;
    for (; at < line.n && (classes[(uint8_t)line.p[at]] & HEX); at++) {
        if (at == 15)
            return false;
        size = size << 4 | (uint64_t)hex_value(line.p[at]);
    }
    if (at == 0)
        return false;
    // A chunk extension is skipped, but it must be one: ';' at once, no control bytes.
    if (at < line.n && (line.p[at] != ';' || !all_of(sp_from(line, at), VALUE)))
        return false;
    *size_out = size;
    return true;
}

bool http_trailer_valid(sp_str line)
{
    size_t at = 0;
    while (at < line.n && (classes[(uint8_t)line.p[at]] & TOKEN))
        at++;
    return at > 0 && at < line.n && line.p[at] == ':' && all_of(sp_from(line, at), VALUE);
}
