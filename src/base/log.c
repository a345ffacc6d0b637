// Lines for people on stderr or as JSON, made harmless for terminals and stripped of secrets.
#include "base/log.h"

#include "base/time.h"
#include "base/utf8.h"

#include <pthread.h>
#include <stdatomic.h>

#define LOG_RULES_MAX  24
#define LOG_LINE_BYTES ((size_t)16 * 1024) // a longer message is cut

struct rule {
    char category[24];
    enum sp_log_level level;
};
// Written by sp_log_init at start, read-only afterwards.
static struct rule rules[LOG_RULES_MAX];
static size_t rules_n;
static enum sp_log_level level_default = SP_LOG_WARN;
static bool as_json, with_time;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static bool parse_level(sp_str s, enum sp_log_level *out)
{
    for (int i = 0; i < 4; i++) {
        if (sp_eq_nocase(s, sp_cstr(level_names[i]))) {
            *out = (enum sp_log_level)i;
            return true;
        }
    }
    if (sp_eq_nocase(s, SP_LIT("warning"))) {
        *out = SP_LOG_WARN;
        return true;
    }
    return false;
}

static void bad_item(sp_str item)
{
    fprintf(stderr,
            "Warning: SPOKE_LOG: \"%.*s\" is not a level (error, warn, info, debug) or "
            "category:level; ignored\n",
            SP_FMT(item));
}

void sp_log_init(const char *spec, enum sp_log_level dflt, bool json)
{
    level_default = dflt;
    rules_n = 0;
    as_json = json;
    sp_str item, rest = sp_cstr(spec ? spec : getenv("SPOKE_LOG"));
    // A person who asked for details wants to see when; a plain warning of a command does not.
    with_time = dflt >= SP_LOG_INFO || rest.n > 0;
    while (sp_split(&rest, ',', &item)) {
        item = sp_trim(item);
        if (item.n == 0)
            continue;
        sp_str name = {NULL, 0}, level = item;
        ptrdiff_t colon = sp_find_ch(item, ':');
        if (colon >= 0) {
            name = sp_sub(item, 0, (size_t)colon);
            level = sp_from(item, (size_t)colon + 1);
        }
        enum sp_log_level l;
        if (!parse_level(level, &l)) {
            if (colon >= 0 || sp_find_ch(item, ' ') >= 0) {
                bad_item(item);
                continue;
            }
            name = item; // a category alone means all of it
            l = SP_LOG_DEBUG;
        }
        if (name.n == 0) {
            level_default = l;
        } else if (rules_n < LOG_RULES_MAX && name.n < sizeof rules[0].category) {
            memcpy(rules[rules_n].category, name.p, name.n);
            rules[rules_n].category[name.n] = 0;
            rules[rules_n++].level = l;
        } else {
            bad_item(item);
        }
    }
}

bool sp_log_on(const char *category, enum sp_log_level level)
{
    for (size_t i = 0; i < rules_n; i++) {
        if (strcmp(rules[i].category, category) == 0)
            return level <= rules[i].level;
    }
    return level <= level_default;
}

// A message may carry foreign bytes: none may start a new line, move the cursor or turn the text
// around.
static void put_visible(struct sp_buf *b, sp_str s)
{
    for (size_t at = 0; at < s.n;) {
        size_t from = at;
        int32_t cp = sp_utf8_next(s, &at);
        if (cp < 0)
            at = from + 1;
        if (!sp_utf8_acts(cp)) {
            sp_buf_put(b, s.p + from, at - from);
            continue;
        }
        for (; from < at; from++)
            sp_buf_printf(b, "\\x%02x", (unsigned char)s.p[from]);
    }
}

static void put_json_string(struct sp_buf *b, sp_str s)
{
    sp_buf_ch(b, '"');
    for (size_t at = 0; at < s.n;) {
        size_t from = at;
        int32_t cp = sp_utf8_next(s, &at);
        if (cp < 0) {
            at = from + 1;
            sp_buf_cstr(b, "\xef\xbf\xbd");
        } else if (cp == '"' || cp == '\\') {
            sp_buf_ch(b, '\\');
            sp_buf_ch(b, (char)cp);
        } else if (cp < 0x20 || cp == 0x7f) {
            sp_buf_printf(b, "\\u%04x", (unsigned)cp);
        } else {
            sp_buf_put(b, s.p + from, at - from);
        }
    }
    sp_buf_ch(b, '"');
}

void sp_log_line(const char *category, enum sp_log_level level, const char *fmt, ...)
{
    int keep = errno;
    SP_AUTO_BUF struct sp_buf text = SP_BUF_MAX(LOG_LINE_BYTES);
    SP_AUTO_BUF struct sp_buf safe = SP_BUF_MAX(2 * LOG_LINE_BYTES);
    SP_AUTO_BUF struct sp_buf line = SP_BUF_MAX(8 * LOG_LINE_BYTES);
    va_list ap;
    va_start(ap, fmt);
    errno = keep; // for %m
    sp_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    if (text.bad)
        sp_buf_cstr(&safe, "(a log message longer than 16 KiB was dropped)");
    else
        sp_redact(&safe, sp_buf_view(&text));
    char now[SP_TIME_MAX];
    sp_time_iso(now, sp_now_ms());
    if (as_json) {
        sp_buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"module\":", now,
                      level_names[level]);
        put_json_string(&line, sp_cstr(category));
        sp_buf_cstr(&line, ",\"msg\":");
        put_json_string(&line, sp_buf_view(&safe));
        sp_buf_ch(&line, '}');
    } else if (with_time) {
        sp_buf_printf(&line, "%s %s %s: ", now, level_names[level], category);
        put_visible(&line, sp_buf_view(&safe));
    } else {
        static const char *const words[] = {"Error", "Warning", "Note", "Debug"};
        sp_buf_printf(&line, "%s: ", words[level]);
        put_visible(&line, sp_buf_view(&safe));
    }
    sp_log_raw(sp_buf_view(&line));
    errno = keep;
}

void sp_log_raw(sp_str line)
{
    // One write(2) for line and newline: lines of several threads and processes do not mix.
    char small[1024];
    SP_AUTO_FREE char *big = NULL;
    char *p = small;
    if (line.n + 1 > sizeof small)
        p = big = sp_alloc(line.n + 1);
    if (line.n)
        memcpy(p, line.p, line.n);
    p[line.n] = '\n';
    size_t done = 0;
    while (done < line.n + 1) {
        ssize_t w = write(STDERR_FILENO, p + done, line.n + 1 - done);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return; // nowhere to complain
        done += (size_t)w;
    }
}

static bool token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool word_char(char c)
{
    return token_char(c) || c == '_' || c == '-';
}

// Names of query parameters and JSON members whose values are secrets (LFS, S3 and CloudFront
// signatures, Hub tokens).
static const char *const secret_names[] = {
    "sig",
    "signature",
    "x-amz-signature",
    "x-amz-credential",
    "token",
    "x-amz-security-token",
    "access_token",
    "refresh_token",
    "policy",
    "key-pair-id",
    "x-xet-signed-range",
    "password",
    "hf_token",
    "secret",
};

// Length of "name=" at s when name is secret, else 0.
static size_t secret_param(sp_str s)
{
    for (size_t i = 0; i < sizeof secret_names / sizeof secret_names[0]; i++) {
        sp_str name = sp_cstr(secret_names[i]);
        if (s.n > name.n && s.p[name.n] == '=' && sp_eq_nocase(sp_sub(s, 0, name.n), name))
            return name.n + 1;
    }
    return 0;
}

// "Bearer " or "Basic " at s, else 0.
static size_t auth_scheme(sp_str s)
{
    if (sp_eq_nocase(sp_sub(s, 0, 7), SP_LIT("Bearer ")))
        return 7;
    if (sp_eq_nocase(sp_sub(s, 0, 6), SP_LIT("Basic ")))
        return 6;
    return 0;
}

static size_t run_of(sp_str s, bool (*is)(char))
{
    size_t n = 0;
    while (n < s.n && is(s.p[n]))
        n++;
    return n;
}

static bool value_char(char c)
{
    return (unsigned char)c > 0x20 && c != '&' && c != '"' && c != '\'' && c != ',' && c != ';' &&
           c != ')' && c != '>';
}

bool sp_may_hold_secret(sp_str s)
{
    if (sp_find_ch(s, '=') >= 0)
        return true;
    for (size_t i = 2; i < s.n; i++) {
        // hf_… and api_…: eight letters or digits after the line make a token, see sp_redact
        if (s.p[i] == '_' && (s.p[i - 1] == 'f' || s.p[i - 1] == 'i') &&
            run_of(sp_from(s, i + 1), token_char) >= 8)
            return true;
        if (s.p[i] == ' ' && (s.p[i - 1] == 'r' || s.p[i - 1] == 'R' || s.p[i - 1] == 'c' ||
                              s.p[i - 1] == 'C')) // Bearer, Basic
            return true;
    }
    return false;
}

void sp_redact(struct sp_buf *out, sp_str s)
{
    for (size_t i = 0; i < s.n;) {
        sp_str here = sp_from(s, i);
        size_t keep = 0, hide = 0;
        if (i == 0 || !word_char(s.p[i - 1])) {
            if ((keep = secret_param(here)) || (keep = auth_scheme(here))) {
                hide = run_of(sp_from(here, keep), value_char);
            } else if (sp_starts(here, SP_LIT("hf_")) || sp_starts(here, SP_LIT("api_"))) {
                // "hf_hub_download" is no token: eight letters or digits in a row make one.
                keep = here.p[0] == 'h' ? 3 : 4;
                hide = run_of(sp_from(here, keep), token_char);
                if (hide < 8)
                    hide = 0;
            }
        }
        if (hide) {
            sp_buf_put(out, here.p, keep);
            sp_buf_cstr(out, "***");
            i += keep + hide;
        } else {
            sp_buf_ch(out, s.p[i]);
            i++;
        }
    }
}
