// Log lines to stderr: text on a terminal, JSON lines with sp_log_init(json). Thread-safe.
// SPOKE_LOG=net:debug,cache or SPOKE_LOG=debug. Secrets go through sp_redact first.
#ifndef SPOKE_BASE_LOG_H
#define SPOKE_BASE_LOG_H

#include "base/buf.h"

enum sp_log_level { SP_LOG_ERROR, SP_LOG_WARN, SP_LOG_INFO, SP_LOG_DEBUG };
// spec: "debug", "net:debug,cache:info"; NULL = environment. json: one JSON object per line.
void sp_log_init(const char *spec, enum sp_log_level dflt, bool json);
bool sp_log_on(const char *category, enum sp_log_level level);
void sp_log_line(const char *category, enum sp_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
// sp_log("net", DEBUG, "…")
#define sp_log(category, level, ...)                                                               \
    do {                                                                                           \
        if (sp_log_on((category), SP_LOG_##level))                                                 \
            sp_log_line((category), SP_LOG_##level, __VA_ARGS__);                                  \
    } while (0)
// One finished line (without newline) in one write(2); used by the access log.
void sp_log_raw(sp_str line);
// Appends s with tokens (hf_…, Bearer …), signatures (?sig=…, X-Amz-Signature, token=…) masked.
void sp_redact(struct sp_buf *out, sp_str s);
// False: sp_redact would change nothing. Cheap, for lines that are written by the thousand.
bool sp_may_hold_secret(sp_str s);

#endif
