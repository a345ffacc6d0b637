// Private: hooks of the HTTP server around every request.
#ifndef SPOKE_SERVER_AUTH_H
#define SPOKE_SERVER_AUTH_H

#include "server/known.h"

// Who asks, which repository, may they. Fills q->user with a struct srv_ctx.
int srv_before(struct http_req *q, void *srv, struct sp_err *err);
void srv_fail(struct http_req *q, int code, const struct sp_err *why, void *srv); // answer.c
void srv_done(struct http_req *q, void *srv);                                     // access.c
// Gives back what srv_before held. Called by srv_done.
void srv_auth_done(struct http_req *q);
// The token in an Authorization header: "Bearer T" or "Basic base64(user:T)"; {NULL,0} = none,
// SP_EAUTH = not to be understood. Decoded text is written to scratch.
int srv_auth_token(sp_str *out, sp_str header, struct sp_buf *scratch, struct sp_err *err);

#endif
