// What is tried again and when: waits that the server asks for, else exponential pauses with
// jitter.
#include "net/retry.h"

bool net_retry_status(int status)
{
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
           status == 504;
}

int64_t net_retry_pause_ms(unsigned next)
{
    unsigned doublings = next < 2 ? 0 : next - 2;
    int64_t ms = doublings >= 4 ? 8000 : (int64_t)500 << doublings;
    int64_t fifth = ms / 5;
    return ms - fifth + (int64_t)(sp_random_u64() % (uint64_t)(2 * fifth + 1));
}

// `"api";r=0;t=55` (IETF draft 9 form): seconds of the parameter t, -1 = absent.
static int64_t rate_limit_seconds(sp_str header)
{
    sp_str item, params = header;
    int64_t longest = -1;
    while (sp_split(&params, ',', &item)) {
        sp_str part;
        while (sp_split(&item, ';', &part)) {
            uint64_t t;
            part = sp_trim(part);
            if (sp_starts(part, SP_LIT("t=")) && sp_parse_u64(sp_from(part, 2), &t) &&
                t <= INT32_MAX && (int64_t)t > longest)
                longest = (int64_t)t;
        }
    }
    return longest;
}

// Digits, or an HTTP date.
static int64_t retry_after_ms(sp_str header)
{
    uint64_t seconds;
    int64_t at;
    if (sp_parse_u64(header, &seconds))
        return seconds > INT32_MAX ? (int64_t)INT32_MAX * 1000 : (int64_t)seconds * 1000;
    if (!sp_time_parse_http(header, &at))
        return -1;
    int64_t left = at - sp_now_ms();
    return left < 0 ? 0 : left;
}

int64_t net_retry_after_ms(const struct net_resp *r)
{
    const char *limit = net_resp_get(r, "ratelimit");
    const char *after = net_resp_get(r, "retry-after");
    int64_t t = limit && r->status == 429 ? rate_limit_seconds(sp_cstr(limit)) : -1;
    if (t >= 0)
        return (t + 1) * 1000; // as huggingface_hub: the window ends within that second
    return after ? retry_after_ms(sp_trim(sp_cstr(after))) : -1;
}
