// Retry policy, private to net.
#ifndef SPOKE_NET_RETRY_H
#define SPOKE_NET_RETRY_H

#include "net/net.h"

// Statuses after which the same request may succeed (huggingface_hub's http_backoff).
bool net_retry_status(int status);
// Pause before try number `next` (2, 3, …): 0.5, 1, 2, 4, 8, 8 … s ± 20 %.
int64_t net_retry_pause_ms(unsigned next);
// Longest wait that a server may ask for; above it the answer goes to the caller. The Hub's rate
// limits have windows of 300 s.
#define NET_RETRY_WAIT_MAX_MS ((int64_t)310 * 1000)
#define NET_RETRY_TRIES       5

#endif
