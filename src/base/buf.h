// sp_buf: growing byte buffer with a ceiling and a sticky error: append many, check once with
// sp_buf_done. A failed append leaves the content as it was. Zero value + sp_buf_max… is valid;
// a zero max means SP_BUF_DEFAULT_MAX.
#ifndef SPOKE_BASE_BUF_H
#define SPOKE_BASE_BUF_H

#include "base/str.h"
#include <stdarg.h>

struct sp_buf {
    char *p; // NUL-terminated after every append (the NUL is not counted)
    size_t n, cap;
    size_t max; // ceiling in bytes
    int bad;    // sticky: 0 or SP_ETOOBIG / SP_EINTERNAL
};
#define SP_BUF_DEFAULT_MAX ((size_t)64 << 20)
#define SP_BUF_MAX(m)      ((struct sp_buf){.max = (m)})

void sp_buf_put(struct sp_buf *b, const void *p, size_t n);
void sp_buf_str(struct sp_buf *b, sp_str s);
void sp_buf_cstr(struct sp_buf *b, const char *s);
void sp_buf_ch(struct sp_buf *b, char c);
void sp_buf_printf(struct sp_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sp_buf_vprintf(struct sp_buf *b, const char *fmt, va_list ap);
// Room for n more bytes: returns where to write (then add to b->n and call sp_buf_term), NULL if
// bad.
char *sp_buf_room(struct sp_buf *b, size_t n);
void sp_buf_added(struct sp_buf *b, size_t n);
void sp_buf_cut(struct sp_buf *b, size_t n);   // keep the first n bytes
void sp_buf_shift(struct sp_buf *b, size_t n); // drop the first n bytes
void sp_buf_reset(struct sp_buf *b);           // n = 0, bad = 0, keeps memory
void sp_buf_fini(struct sp_buf *b);
// 0, or the sticky error with "what: more than N bytes".
int sp_buf_done(const struct sp_buf *b, const char *what, struct sp_err *err);
char *sp_buf_take(struct sp_buf *b); // moves ownership, never NULL (may be "")
static inline sp_str sp_buf_view(const struct sp_buf *b)
{
    return (sp_str){b->p, b->n};
}
// Encoders. url: percent-encodes all but unreserved [A-Za-z0-9-._~] and the bytes in `safe`.
void sp_buf_url(struct sp_buf *b, sp_str s, const char *safe);
void sp_buf_hex(struct sp_buf *b, const void *p, size_t n);
void sp_buf_b64(struct sp_buf *b, const void *p, size_t n, bool url_alphabet, bool pad);
// Decoders: append decoded bytes; SP_EFORMAT on bad input. b64 accepts both alphabets, optional
// padding, and no white space.
int sp_buf_unurl(struct sp_buf *b, sp_str s, bool plus_is_space, struct sp_err *err);
int sp_buf_unb64(struct sp_buf *b, sp_str s, struct sp_err *err);
// hex.n must be 2n; any case. On false what out holds is undefined.
bool sp_hex_decode(uint8_t *out, size_t n, sp_str hex);
bool sp_is_hex(sp_str s, size_t n); // exactly n lower-case hex digits
#define SP_AUTO_BUF SP_AUTO(sp_buf_fini)

// Foreign text for people: '?' stands for what a terminal would act on (sp_utf8_acts) and for bytes
// that are not UTF-8.
void sp_buf_plain(struct sp_buf *b, sp_str s);

#endif
