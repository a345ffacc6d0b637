// Private: the route table.
#ifndef SPOKE_SERVER_ROUTES_H
#define SPOKE_SERVER_ROUTES_H

#include "server/opts.h"

#define SRV_ROUTES_MAX 256 // rows of routes.def and later.def together
// All rows of routes.def and later.def; body limits from the settings. Returns the count.
size_t srv_routes(struct http_route out[SRV_ROUTES_MAX], const struct srv_limits *lim);
// Tab separated METHOD PATTERN HANDLER PERMISSION BODY_LIMIT CLIENT, or a JSON array of objects.
void srv_routes_print(struct sp_buf *out, const struct srv_limits *lim, bool json);
// What to say of a surface that comes later; NULL = not such a row.
const char *srv_later_text(const struct http_route *r);

#endif
