// UTF-8: strict validation (no overlongs, surrogates, > U+10FFFF), and what clash checks need.
#ifndef SPOKE_BASE_UTF8_H
#define SPOKE_BASE_UTF8_H

#include "base/str.h"

bool sp_utf8_valid(sp_str s);
// Next code point, advances *p; -1 at the end or on bad bytes.
int32_t sp_utf8_next(sp_str s, size_t *at);
size_t sp_utf8_put(char out[4], uint32_t cp);
// Terminal columns (wide = 2, combining = 0), for table layout.
size_t sp_utf8_width(sp_str s);
// A terminal may act on it instead of showing it: controls (C0, DEL, C1), line and paragraph
// separators, and what turns the order of the text around it (Unicode TR 36 §3.1, bidi).
bool sp_utf8_acts(int32_t cp);

#endif
