// How a failure gets its code, its text and its hint; the rows of err.def.
#include "base/err.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sp_err_row rows[SP_ERR_N] = {
#define SP_ERR(name, exit, http, xcode, text) [SP_IDX_##name] = {#name, exit, http, xcode, text},
#include "base/err.def"
#undef SP_ERR
};

const struct sp_err_row *sp_err_row(int code)
{
    if (code >= 0 || code <= -SP_ERR_N)
        return &rows[SP_IDX_EINTERNAL];
    return &rows[-code];
}

int sp_err_from_xcode(const char *xcode, size_t n)
{
    if (n == 0)
        return 0;
    for (int i = 1; i < SP_ERR_N; i++) {
        if (strlen(rows[i].xcode) == n && memcmp(rows[i].xcode, xcode, n) == 0)
            return -i;
    }
    return 0;
}

void sp_err_clear(struct sp_err *err)
{
    if (err)
        memset(err, 0, sizeof *err);
}

// A message that was cut by the buffer must not end inside a UTF-8 sequence.
static void trim_partial_utf8(char *s)
{
    size_t n = strlen(s), back = 0;
    while (back < 4 && back < n && ((unsigned char)s[n - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back < n && back < 4 && ((unsigned char)s[n - 1 - back] & 0xc0) == 0xc0) {
        sp_str tail = {s + n - 1 - back, back + 1};
        if (!sp_utf8_valid(tail))
            s[n - 1 - back] = 0;
    }
}

static void set_message(struct sp_err *err, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
static void set_message(struct sp_err *err, const char *fmt, va_list ap)
{
    // Through a copy: an argument may be err->msg itself.
    char text[sizeof err->msg];
    int n = vsnprintf(text, sizeof text, fmt, ap);
    if (n >= (int)sizeof text)
        trim_partial_utf8(text);
    memcpy(err->msg, text, sizeof text);
}

int sp_fail(struct sp_err *err, int code, const char *fmt, ...)
{
    SP_ASSERT(code < 0);
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        set_message(err, fmt, ap);
        va_end(ap);
        err->code = code;
        err->os = 0;
        err->http = 0;
        err->hint[0] = 0;
    }
    return code;
}

bool sp_errno_is_full(int os)
{
    return os == ENOSPC || os == EDQUOT || os == EFBIG;
}

static int code_of_errno(int os)
{
    if (sp_errno_is_full(os))
        return SP_ENOSPACE;
    switch (os) {
    case EACCES:
    case EPERM:
    case EROFS:
        return SP_EACCESS;
    default: // ENOENT too: whether a missing file is the user's mistake or ours, only the caller
             // knows
        return SP_EIO;
    }
}

int sp_fail_os(struct sp_err *err, int os, const char *fmt, ...)
{
    int code = code_of_errno(os);
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        set_message(err, fmt, ap);
        va_end(ap);
        size_t n = strlen(err->msg);
        snprintf(err->msg + n, sizeof err->msg - n, ": %s", strerror(os));
        err->code = code;
        err->os = os;
        err->http = 0;
        err->hint[0] = 0;
    }
    return code;
}

int sp_prefix(struct sp_err *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    struct sp_err old = *err;
    va_list ap;
    va_start(ap, fmt);
    set_message(err, fmt, ap);
    va_end(ap);
    size_t n = strlen(err->msg);
    int w = snprintf(err->msg + n, sizeof err->msg - n, ": %s", old.msg);
    if (w >= (int)(sizeof err->msg - n))
        trim_partial_utf8(err->msg);
    if (err->code == 0)
        err->code = code;
    return err->code;
}

void sp_hint(struct sp_err *err, const char *fmt, ...)
{
    if (!err)
        return;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->hint, sizeof err->hint, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof err->hint)
        trim_partial_utf8(err->hint);
}

void sp_assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "spoke: %s:%d: this must hold: %s\n", file, line, what);
    abort();
}
