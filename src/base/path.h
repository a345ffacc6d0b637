// Paths inside a repo and on disk.
#ifndef SPOKE_BASE_PATH_H
#define SPOKE_BASE_PATH_H

#include "base/buf.h"

// A path inside a repo as the wire may carry it: UTF-8, relative, no empty, "." or ".." segment
// (also with backslash), no NUL or control bytes, no leading "/" or drive letter, segment ≤ 255
// bytes, whole ≤ 4096, and nothing inside a folder called .git or what Windows and HFS+ take for
// it: a config there is commands that run at the next `git status`. `what` names the source in the
// message. SP_EFORMAT.
int sp_path_check(sp_str path, const char *what, struct sp_err *err);
char *sp_path_join(const char *a, const char *b); // heap; b absolute → copy of b
char *sp_path_join_n(const char *dir, sp_str rel);
sp_str sp_path_base(sp_str path);    // after the last '/'
sp_str sp_path_dir(sp_str path);     // before it, "" = none
char *sp_path_expand(const char *s); // "~", "~/x", "~user/x", "$VAR", "${VAR}"
char *sp_path_abs(const char *s);    // cwd + s, cleaned lexically
// As Python's Path(s).expanduser().resolve(): absolute, links followed as far as the path exists.
char *sp_path_real(const char *s);

#endif
