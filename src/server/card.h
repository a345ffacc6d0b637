// Private to server: the rules for a card's front matter (validate-yaml). No I/O: also a fuzz
// target.
#ifndef SPOKE_SERVER_CARD_H
#define SPOKE_SERVER_CARD_H

#include "meta/meta.h"

// Appends {"errors":[{"message"}…],"warnings":[{"message"}…]}. 0 = valid, 1 = there are errors.
int srv_card_check(struct sp_buf *out, sp_str readme, enum meta_repo_type type, struct sp_err *err);

#endif
