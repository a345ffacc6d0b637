// Heads of answers: collecting the lines, and refusing those that contradict themselves.
#include "net/client.h"

bool net_resp_is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

const char *net_resp_get(const struct net_resp *r, const char *name)
{
    for (size_t i = 0; i < r->headers_n; i++)
        if (strcasecmp(r->headers[i].name, name) == 0)
            return r->headers[i].value;
    return NULL;
}

void net_resp_clear_headers(struct net_resp *r)
{
    for (size_t i = 0; i < r->headers_n; i++) {
        free(r->headers[i].name);
        free(r->headers[i].value);
    }
    free(r->headers);
    r->headers = NULL;
    r->headers_n = 0;
}

void net_resp_fini(struct net_resp *r)
{
    net_resp_clear_headers(r);
    free(r->url);
    sp_buf_fini(&r->body);
    *r = (struct net_resp){0};
}

static bool token_ok(sp_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        unsigned char ch = (unsigned char)name.p[i];
        if (ch <= ' ' || ch >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", ch))
            return false;
    }
    return name.n > 0;
}

static bool value_ok(sp_str v)
{
    for (size_t i = 0; i < v.n; i++)
        if (((unsigned char)v.p[i] < ' ' && v.p[i] != '\t') || v.p[i] == 0x7f)
            return false;
    return true;
}

int net_resp_line(struct net_resp *r, size_t *bytes, sp_str line, struct sp_err *err)
{
    if (sp_starts(line, SP_LIT("HTTP/"))) { // also after 100 Continue: only the last head counts
        net_resp_clear_headers(r);
        *bytes = 0;
        return 0;
    }
    *bytes += line.n;
    if (*bytes > SP_LIM_HEADERS_BYTES || r->headers_n >= SP_LIM_HEADERS_N)
        return sp_fail(err, SP_ETOOBIG, "answer has more than %zu bytes or %d fields of header",
                       SP_LIM_HEADERS_BYTES, SP_LIM_HEADERS_N);
    if (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
        return sp_fail(err, SP_EREPLY, "answer has a folded header field");
    sp_str value, name = sp_cut(line, ':', &value);
    value = sp_trim(value);
    if (!token_ok(name) || !value_ok(value))
        return sp_fail(err, SP_EREPLY, "answer has a malformed header field");
    if (r->headers_n % 16 == 0)
        r->headers = sp_realloc(r->headers, (r->headers_n + 16) * sizeof *r->headers);
    struct net_resp_header *h = &r->headers[r->headers_n++];
    h->name = sp_str_dup(name);
    for (char *p = h->name; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + ('a' - 'A'));
    h->value = sp_str_dup(value);
    return 0;
}

// Every Content-Length must be a number, and the same one.
static int content_length(const struct net_resp *r, int64_t *out, struct sp_err *err)
{
    *out = -1;
    for (size_t i = 0; i < r->headers_n; i++) {
        uint64_t n;
        if (strcmp(r->headers[i].name, "content-length") != 0)
            continue;
        if (!sp_parse_u64(sp_cstr(r->headers[i].value), &n) || n > INT64_MAX ||
            (*out >= 0 && (uint64_t)*out != n))
            return sp_fail(err, SP_EREPLY, "answer has a bad Content-Length: \"%.80s\"",
                           r->headers[i].value);
        *out = (int64_t)n;
    }
    return 0;
}

int net_resp_check(const struct net_resp *r, bool identity, struct sp_err *err)
{
    int64_t length;
    SP_TRY(content_length(r, &length, err));
    if (r->status != 206)
        return 0;
    const char *coding = net_resp_get(r, "content-encoding");
    if (identity && coding && strcasecmp(coding, "identity") != 0)
        return sp_fail(err, SP_EREPLY, "a part of a file came with Content-Encoding \"%.40s\"",
                       coding);
    const char *range = net_resp_get(r, "content-range");
    const char *type = net_resp_get(r, "content-type");
    if (!range && type && strncasecmp(type, "multipart/byteranges", 20) == 0)
        return 0;
    uint64_t first, last, total;
    if (!range || !net_content_range_parse(sp_cstr(range), &first, &last, &total) || first > last ||
        (total != UINT64_MAX && last >= total))
        return sp_fail(err, SP_EREPLY, "status 206 with a bad Content-Range: \"%.80s\"",
                       range ? range : "");
    if (length >= 0 && !coding && (uint64_t)length != last - first + 1)
        return sp_fail(err, SP_EREPLY,
                       "Content-Range \"%.80s\" does not agree with Content-Length %lld", range,
                       (long long)length);
    return 0;
}
