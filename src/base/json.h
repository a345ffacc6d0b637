// JSON: a strict reader (RFC 8259, UTF-8 only, bounded depth and size) into an arena tree, and a
// writer onto sp_buf. The reader refuses what Python's json refuses, plus NaN/Infinity, lone
// surrogates, NUL in keys and duplicate keys in one object (last-wins hides attacks).
#ifndef SPOKE_BASE_JSON_H
#define SPOKE_BASE_JSON_H

#include "base/buf.h"
#include "base/limits.h"

#define SP_LIM_JSON_DEPTH_W (SP_LIM_JSON_DEPTH + 2)

enum sp_json_kind {
    SP_JSON_NULL,
    SP_JSON_BOOL,
    SP_JSON_NUM,
    SP_JSON_STR,
    SP_JSON_ARR,
    SP_JSON_OBJ
};
struct sp_json {
    enum sp_json_kind kind;
    bool b;                // BOOL
    sp_str s;              // STR: decoded; NUM: the text as written
    size_t n;              // ARR, OBJ: children
    struct sp_json *child; // first child
    struct sp_json *next;  // sibling
    sp_str key;            // of a member
};
// Parses the whole text (one value, white space around). The tree and strings live in the arena;
// text may be freed. SP_EFORMAT with line and column and what was met.
int sp_json_parse(struct sp_json **out, sp_str text, struct sp_arena *arena, struct sp_err *err);
// Accessors tolerate NULL and wrong kinds: they return NULL / false and leave the out alone.
const struct sp_json *sp_json_get(const struct sp_json *obj, const char *key);
const struct sp_json *sp_json_at(const struct sp_json *arr, size_t i);
bool sp_json_str(const struct sp_json *v, sp_str *out);
bool sp_json_i64(const struct sp_json *v, int64_t *out); // integers only
bool sp_json_f64(const struct sp_json *v, double *out);
bool sp_json_bool(const struct sp_json *v, bool *out);
bool sp_json_is(const struct sp_json *v, enum sp_json_kind kind);
sp_str sp_json_get_str(const struct sp_json *obj, const char *key); // {NULL,0} when absent
int64_t sp_json_get_i64(const struct sp_json *obj, const char *key, int64_t dflt);
bool sp_json_get_bool(const struct sp_json *obj, const char *key, bool dflt);
#define SP_JSON_EACH(it, parent)                                                                   \
    for (const struct sp_json *it = (parent) ? (parent)->child : NULL; it; it = it->next)

// Writer: commas and quoting by itself. struct sp_jw w = sp_jw(&buf); sp_jw_obj(&w); sp_jw_key(&w,
// "a"); sp_jw_int(&w, 1); sp_jw_end(&w). Errors stick in the buffer.
struct sp_jw {
    struct sp_buf *b;
    uint8_t depth, indent;  // indent 0 = compact
    bool after_key, spaced; // spaced: ", " and ": " as Python's default
    bool first[SP_LIM_JSON_DEPTH_W];
    char closer[SP_LIM_JSON_DEPTH_W];
};
struct sp_jw sp_jw(struct sp_buf *b);
struct sp_jw sp_jw_pretty(struct sp_buf *b, unsigned indent);
void sp_jw_obj(struct sp_jw *w);
void sp_jw_arr(struct sp_jw *w);
void sp_jw_end(struct sp_jw *w);
void sp_jw_key(struct sp_jw *w, const char *key);
void sp_jw_key_str(struct sp_jw *w, sp_str key);
void sp_jw_str(struct sp_jw *w, sp_str s);       // invalid UTF-8 becomes U+FFFD
void sp_jw_cstr(struct sp_jw *w, const char *s); // NULL → null
void sp_jw_strf(struct sp_jw *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sp_jw_int(struct sp_jw *w, int64_t v);
void sp_jw_uint(struct sp_jw *w, uint64_t v);
void sp_jw_f64(struct sp_jw *w, double v);
void sp_jw_bool(struct sp_jw *w, bool v);
void sp_jw_null(struct sp_jw *w);
void sp_jw_raw(struct sp_jw *w, sp_str json);               // an already encoded value
void sp_jw_value(struct sp_jw *w, const struct sp_json *v); // copies a parsed tree
// Shorthands for members.
void sp_jw_kstr(struct sp_jw *w, const char *key, sp_str s);
void sp_jw_kcstr(struct sp_jw *w, const char *key, const char *s);
void sp_jw_kint(struct sp_jw *w, const char *key, int64_t v);
void sp_jw_kbool(struct sp_jw *w, const char *key, bool v);
void sp_jw_ktime(struct sp_jw *w, const char *key, int64_t ms); // ISO string

#endif
