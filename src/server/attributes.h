// Private to server: .gitattributes and .gitignore of a repository's root.
#ifndef SPOKE_SERVER_ATTRIBUTES_H
#define SPOKE_SERVER_ATTRIBUTES_H

#include "base/base.h"

// Views into the texts, which must outlive the question. Files in sub-folders are not read: the
// Hub's clients send only the root's.
bool srv_attributes_lfs(sp_str gitattributes, sp_str path); // filter=lfs applies to this file
bool srv_attributes_ignored(sp_str gitignore, sp_str path);

#endif
