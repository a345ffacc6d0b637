// sp_str: a view of bytes that somebody else owns; not NUL-terminated. {NULL,0} is the empty view.
#ifndef SPOKE_BASE_STR_H
#define SPOKE_BASE_STR_H

#include "base/mem.h"
#include <string.h>

typedef struct sp_str {
    const char *p;
    size_t n;
} sp_str;

#define SP_LIT(s) ((sp_str){(s), sizeof(s) - 1})
#define SP_FMT(s) (int)(s).n, (s).p ? (s).p : "" // printf("%.*s", SP_FMT(s))
static inline sp_str sp_cstr(const char *s)      // NULL → empty
{
    return (sp_str){s, s ? strlen(s) : 0};
}
static inline sp_str sp_str_of(const void *p, size_t n)
{
    return (sp_str){(const char *)p, n};
}
static inline bool sp_eq(sp_str a, sp_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
#define sp_eq_lit(s, lit) sp_eq((s), SP_LIT(lit))
bool sp_eq_nocase(sp_str a, sp_str b); // ASCII
int sp_cmp(sp_str a, sp_str b);        // bytewise, shorter first
bool sp_starts(sp_str s, sp_str prefix);
bool sp_ends(sp_str s, sp_str suffix);
sp_str sp_sub(sp_str s, size_t from, size_t n); // clamped
sp_str sp_from(sp_str s, size_t from);          // rest after `from`, clamped
ptrdiff_t sp_find(sp_str s, sp_str what);       // -1 = not there
ptrdiff_t sp_find_ch(sp_str s, char c);
ptrdiff_t sp_rfind_ch(sp_str s, char c);
sp_str sp_trim(sp_str s); // space, \t, \r, \n at both ends
// Cuts at the first `sep`: returns what is before, *rest = what is after ({NULL,0} at the end).
sp_str sp_cut(sp_str s, char sep, sp_str *rest);
// Splits iteratively: sp_str part, rest = s; while (sp_split(&rest, ',', &part)) …  Empty parts
// count.
bool sp_split(sp_str *rest, char sep, sp_str *part);
// The noun after a number: "1 object", "2 objects".
static inline const char *sp_noun(uint64_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}
bool sp_has_ctl(sp_str s); // any byte < 0x20 or 0x7f
bool sp_has_nul(sp_str s);
// Decimal only, whole string, no sign (i64 allows a leading '-'), no overflow; false otherwise.
bool sp_parse_u64(sp_str s, uint64_t *out);
bool sp_parse_i64(sp_str s, int64_t *out);
// "1", "on", "yes", "true" in any case are true, everything else is false: as in hf.
bool sp_parse_bool(sp_str s);
// "10", "5k", "1.5GB", "2MiB": decimal suffixes are 1000-based, with "i" 1024-based. Bytes.
bool sp_parse_size(sp_str s, uint64_t *out);
// "30", "30s", "5m", "2h", "7d", "500ms" → milliseconds.
bool sp_parse_duration(sp_str s, int64_t *ms_out);
char *sp_str_dup(sp_str s);     // heap, NUL-terminated
uint64_t sp_str_hash(sp_str s); // seeded per process; not stable across runs
// Secrets: compares in constant time for equal lengths.
bool sp_eq_secret(sp_str a, sp_str b);

#endif
