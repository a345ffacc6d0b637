// Every handler of routes.def, declared from its row.
#ifndef SPOKE_SERVER_HANDLERS_H
#define SPOKE_SERVER_HANDLERS_H

#include "server/server.h"

// A handler with several rows is declared several times: that is fine in C.
#define SRV_ROUTE(methods, pattern, handler, perm, body, client)                                   \
    int handler(struct http_req *q, struct sp_err *err);
#include "server/routes.def"
#undef SRV_ROUTE
int srv_later_answer(struct http_req *q, struct sp_err *err); // rows of later.def

#endif
