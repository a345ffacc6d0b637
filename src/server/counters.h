// Private: download counters, kept in memory and written once a minute.
#ifndef SPOKE_SERVER_COUNTERS_H
#define SPOKE_SERVER_COUNTERS_H

#include "server/server.h"

struct srv_counters *srv_counters_new(void);
void srv_counters_free(struct srv_counters *c);
// Writes what was counted since the last call, in one commit. What cannot be written stays for the
// next.
int srv_counters_flush(struct srv_counters *c, struct meta *m, struct sp_err *err);

#endif
