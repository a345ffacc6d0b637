// Time: wall clock in unix milliseconds (int64), monotonic nanoseconds for durations.
#ifndef SPOKE_BASE_TIME_H
#define SPOKE_BASE_TIME_H

#include "base/str.h"

int64_t sp_now_ms(void); // wall
int64_t sp_mono_ms(void);
uint64_t sp_mono_ns(void);
#define SP_TIME_MAX 40
// "2026-11-21T09:55:53.123Z"; the Hub's own style (huggingface_hub refuses what lacks the Z).
void sp_time_iso(char out[SP_TIME_MAX], int64_t ms);
bool sp_time_parse_iso(sp_str s,
                       int64_t *ms_out); // Z or ±hh:mm, fraction optional, date-only = 00:00Z
void sp_time_http(char out[SP_TIME_MAX], int64_t ms); // "Sat, 21 Nov 2026 09:55:53 GMT"
bool sp_time_parse_http(sp_str s, int64_t *ms_out);
void sp_sleep_ms(int64_t ms); // plain sleep; cancellable waits are in cancel.h
uint64_t sp_random_u64(void); // getrandom; fine for jitter and ids, secrets use hash_random

#endif
