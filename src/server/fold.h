// fold: file names that case-insensitive (Windows, macOS) or Unicode-normalising (macOS) file
// systems take for one. Two names clash when their folded forms are equal: canonical decomposition,
// then lower case, code point by code point.
#ifndef SPOKE_SERVER_FOLD_H
#define SPOKE_SERVER_FOLD_H

#include "base/base.h"

void fold_name(struct sp_buf *out, sp_str name);
// Names by their folded form. Zero value is an empty set; views must outlive it.
struct fold_set {
    struct sp_map map;
    struct sp_buf buf;
};
// true = a name with this form is there already (*other); else it is added.
bool fold_set_add(struct fold_set *s, sp_str name, sp_str *other);
bool fold_set_find(struct fold_set *s, sp_str name, sp_str *other);
void fold_set_fini(struct fold_set *s);

#endif
