// Errors: functions return 0 (or a count) on success and a negative SP_E… code on failure; the
// function that knows most fills the caller-owned struct sp_err, callers put their context in
// front. The text is for people: it names the thing, the reason and, where there is one, the
// next command. Rows are in err.def.
#ifndef SPOKE_BASE_ERR_H
#define SPOKE_BASE_ERR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

enum sp_code {
    SP_OK_ = 0,
#define SP_ERR(name, exit, http, xcode, text) SP_IDX_##name,
#include "base/err.def"
#undef SP_ERR
    SP_ERR_N
};
enum {
#define SP_ERR(name, exit, http, xcode, text) SP_##name = -SP_IDX_##name,
#include "base/err.def"
#undef SP_ERR
};

struct sp_err {
    int code;       // 0 or SP_E…
    int os;         // errno of the failing call, 0 = none
    int http;       // HTTP status that a remote server answered with, 0 = none
    char hint[160]; // next command or setting to try, "" = none
    char msg[700];  // UTF-8, outer context first: "downloading org/m: server said 404"
};

// No room for these bytes: the disk is full, or a quota, or what one file may have (by its file
// system or a limit of the user).
bool sp_errno_is_full(int os);
// Fills err (NULL allowed), returns code. sp_fail_os appends strerror(os) and maps well-known errno
// values (sp_errno_is_full → SP_ENOSPACE, EACCES/EPERM/EROFS → SP_EACCESS) over `code`.
int sp_fail(struct sp_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), cold));
int sp_fail_os(struct sp_err *err, int os, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), cold));
// Puts "text: " in front of the message; returns err->code (or `code` when err is NULL).
int sp_prefix(struct sp_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), cold));
void sp_hint(struct sp_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));
void sp_err_clear(struct sp_err *err);

struct sp_err_row {
    const char *name; // "ENOTFOUND"
    int exit, http;
    const char *xcode; // "" = none
    const char *text;
};
// Row of a code; unknown codes give the row of EINTERNAL. Never NULL.
const struct sp_err_row *sp_err_row(int code);
// Code whose X-Error-Code equals xcode ("RepoNotFound" → SP_EREPO), 0 = unknown.
int sp_err_from_xcode(const char *xcode, size_t n);

#define SP_TRY(expr)                                                                               \
    do {                                                                                           \
        int sp_try_rc_ = (expr);                                                                   \
        if (__builtin_expect(sp_try_rc_ < 0, 0))                                                   \
            return sp_try_rc_;                                                                     \
    } while (0)
#define SP_TRY_IN(expr, err, ...)                                                                  \
    do {                                                                                           \
        int sp_try_rc_ = (expr);                                                                   \
        if (__builtin_expect(sp_try_rc_ < 0, 0))                                                   \
            return sp_prefix((err), sp_try_rc_, __VA_ARGS__);                                      \
    } while (0)

// Programmer mistakes: always on, cheap, prints file:line and aborts.
void sp_assert_failed(const char *what, const char *file, int line) __attribute__((noreturn, cold));
#define SP_ASSERT(c)                                                                               \
    (__builtin_expect(!!(c), 1) ? (void)0 : sp_assert_failed(#c, __FILE__, __LINE__))

#endif
