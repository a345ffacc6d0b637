// Private to hub: parsing tree entries; the fuzz target hub_tree calls it too.
#ifndef SPOKE_HUB_TREE_H
#define SPOKE_HUB_TREE_H

#include "hub/client.h"

// More entries than any Hub keeps in one repo; each costs us some 300 bytes.
#define HUB_TREE_ENTRIES_MAX ((size_t)4000000)

struct hub_tree_seen {
    struct sp_map paths;
};
// Appends the entries of one page (a JSON array); duplicates across pages are refused.
int hub_tree_page(struct hub_files *out, struct hub_tree_seen *seen, const struct net_resp *resp,
                  const struct sp_json *page, struct sp_err *err);
void hub_tree_seen_fini(struct hub_tree_seen *s);

#endif
