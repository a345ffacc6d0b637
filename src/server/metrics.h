// Private: counters of the server, printed by GET /metrics. Thread-safe.
#ifndef SPOKE_SERVER_METRICS_H
#define SPOKE_SERVER_METRICS_H

#include "server/server.h"

struct srv_metrics *srv_metrics_new(const struct http_route *routes, size_t n);
void srv_metrics_free(struct srv_metrics *m);
void srv_metrics_count(struct srv_metrics *m, const struct http_req *q, int64_t took_ns);

#endif
