// Private to server: .gitattributes and .gitignore of a repository's root.
#ifndef SPOKE_SERVER_ATTRIBUTES_H
#define SPOKE_SERVER_ATTRIBUTES_H

#include "base/base.h"

// Rules and paths both come from users, and every rule is tried on every path: what that may cost
// is bounded. A step is about one byte of a pattern against one byte of a path.
#define SRV_RULE_STEPS ((uint64_t)400 * 1000 * 1000) // a second or two
struct srv_rule_steps {
    uint64_t left;
    bool over; // not all rules were looked at: the answers mean nothing
};
// Views into the texts, which must outlive the question. Files in sub-folders are not read: the
// Hub's clients send only the root's.
// lfs: filter=lfs applies to this file.
bool srv_attributes_lfs(sp_str gitattributes, sp_str path, struct srv_rule_steps *steps);
bool srv_attributes_ignored(sp_str gitignore, sp_str path, struct srv_rule_steps *steps);

#endif
