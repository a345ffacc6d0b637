// Which proxy a URL goes through, private to net. libcurl would read the environment itself, but
// not HTTP_PROXY in capitals, and could not tell us which one it used.
#ifndef SPOKE_NET_PROXY_H
#define SPOKE_NET_PROXY_H

#include "net/net.h"

// Proxy for url from <scheme>_proxy, then all_proxy (lower case first), "" = direct because none is
// set or no_proxy matches. *var_out: the variable's name. The result is owned by the environment.
const char *net_proxy_for(const struct net_url *url, const char **var_out);
// no_proxy rules: "*", names (with their subdomains; a leading "." or "*." is ignored), addresses,
// CIDR blocks, each with an optional ":port"; separated by commas or spaces.
bool net_proxy_excluded(const struct net_url *url, sp_str no_proxy);

#endif
