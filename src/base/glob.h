// Patterns. fnmatch: Python's fnmatch.fnmatchcase as huggingface_hub's allow/ignore lists use it:
// '*' and '?' cross '/', [seq], [!seq], no escapes. gitattr: gitattributes/gitignore rules.
// Matching is linear in pattern × text (no exponential backtracking).
#ifndef SPOKE_BASE_GLOB_H
#define SPOKE_BASE_GLOB_H

#include "base/str.h"

bool sp_fnmatch(sp_str pattern, sp_str text);
// allow: NULL = all, n = 0 with non-NULL = nothing; ignore drops. '\' → '/', "dir/" → "dir/*".
struct sp_filter {
    const char *const *allow;
    size_t allow_n;
    bool has_allow;
    const char *const *ignore;
    size_t ignore_n;
};
bool sp_filter_match(const struct sp_filter *f, sp_str path);
// One gitattributes/gitignore pattern against a path (no leading '/'), is_dir for "x/" patterns:
// '*' and '?' stop at '/', "**" crosses, a pattern without '/' matches the basename.
bool sp_gitglob(sp_str pattern, sp_str path, bool is_dir);

#endif
