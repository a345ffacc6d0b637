// Clocks, ISO and HTTP dates without libc's locale and time zone, sleep and random numbers.
#include "base/time.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#define MS_PER_DAY ((int64_t)86400000)

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char week_days[] = "SunMonTueWedThuFriSat";

struct civil {
    int64_t year;
    unsigned month, day; // 1-based
    unsigned hour, min, sec, ms;
    unsigned week_day; // 0 = Sunday
};

int64_t sp_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t sp_mono_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t sp_mono_ms(void)
{
    return (int64_t)(sp_mono_ns() / 1000000u);
}

// Days since 1970-01-01 of a proleptic Gregorian date; the year begins in March so that the leap
// day is its last.
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static struct civil civil_of(int64_t ms)
{
    int64_t days = ms / MS_PER_DAY, rest = ms % MS_PER_DAY;
    if (rest < 0) {
        rest += MS_PER_DAY;
        days--;
    }
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    return (struct civil){
        .year = yoe + era * 400 + (month <= 2),
        .month = month,
        .day = (unsigned)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (unsigned)(rest / 3600000),
        .min = (unsigned)(rest / 60000 % 60),
        .sec = (unsigned)(rest / 1000 % 60),
        .ms = (unsigned)(rest % 1000),
        .week_day = (unsigned)(((days % 7) + 11) % 7), // 1970-01-01 was a Thursday
    };
}

static unsigned days_in_month(int64_t year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool ms_of(const struct civil *c, int64_t *out)
{
    // 60 = leap second; unix time has none, it becomes the next second.
    if (c->month < 1 || c->month > 12 || c->day < 1 || c->day > days_in_month(c->year, c->month) ||
        c->hour > 23 || c->min > 59 || c->sec > 60)
        return false;
    *out = days_of(c->year, c->month, c->day) * MS_PER_DAY + (int64_t)c->hour * 3600000 +
           (int64_t)c->min * 60000 + (int64_t)c->sec * 1000 + c->ms;
    return true;
}

// Years outside 0…9999 do not fit the formats; such a time is clamped (file systems can hold them).
static struct civil civil_clamped(int64_t ms)
{
    const int64_t least = -62167219200000, most = 253402300799999;
    return civil_of(ms < least ? least : ms > most ? most : ms);
}

static void put_digits(char *p, size_t n, unsigned v)
{
    while (n-- > 0) {
        p[n] = (char)('0' + v % 10);
        v /= 10;
    }
}

void sp_time_iso(char out[SP_TIME_MAX], int64_t ms)
{
    // By hand: every request of the server has one in its access line.
    static const char shape[] = "0000-00-00T00:00:00.000Z";
    struct civil c = civil_clamped(ms);
    memcpy(out, shape, sizeof shape);
    put_digits(out, 4, (unsigned)c.year);
    put_digits(out + 5, 2, c.month);
    put_digits(out + 8, 2, c.day);
    put_digits(out + 11, 2, c.hour);
    put_digits(out + 14, 2, c.min);
    put_digits(out + 17, 2, c.sec);
    put_digits(out + 20, 3, c.ms);
}

void sp_time_http(char out[SP_TIME_MAX], int64_t ms)
{
    struct civil c = civil_clamped(ms);
    snprintf(out, SP_TIME_MAX, "%.3s, %02u %.3s %04d %02u:%02u:%02u GMT",
             week_days + 3 * c.week_day, c.day, months + 3 * (c.month - 1), (int)c.year, c.hour,
             c.min, c.sec);
}

// Exactly n digits.
static bool take_digits(sp_str *s, size_t n, unsigned *out)
{
    uint64_t v;
    if (s->n < n || !sp_parse_u64((sp_str){s->p, n}, &v))
        return false;
    *out = (unsigned)v;
    *s = sp_from(*s, n);
    return true;
}

static bool take_ch(sp_str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = sp_from(*s, 1);
    return true;
}

static bool take_hms(sp_str *s, struct civil *c)
{
    return take_digits(s, 2, &c->hour) && take_ch(s, ':') && take_digits(s, 2, &c->min) &&
           take_ch(s, ':') && take_digits(s, 2, &c->sec);
}

// ".123456" in milliseconds, further digits dropped.
static bool take_fraction(sp_str *s, struct civil *c)
{
    unsigned scale = 100;
    size_t i = 0;
    for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
        c->ms += (unsigned)(s->p[i] - '0') * scale;
        scale /= 10;
    }
    *s = sp_from(*s, i);
    return i > 0 && i <= 12;
}

static bool take_offset(sp_str *s, int64_t *offset_ms)
{
    if (take_ch(s, 'Z') || take_ch(s, 'z')) {
        *offset_ms = 0;
        return true;
    }
    int64_t sign = take_ch(s, '+') ? 1 : take_ch(s, '-') ? -1 : 0;
    unsigned h, m = 0;
    if (sign == 0 || !take_digits(s, 2, &h))
        return false;
    if (s->n) {
        take_ch(s, ':');
        if (!take_digits(s, 2, &m))
            return false;
    }
    *offset_ms = sign * ((int64_t)h * 3600000 + (int64_t)m * 60000);
    return h <= 23 && m <= 59;
}

bool sp_time_parse_iso(sp_str s, int64_t *ms_out)
{
    struct civil c = {0};
    unsigned year;
    int64_t offset = 0, ms;
    if (!take_digits(&s, 4, &year) || !take_ch(&s, '-') || !take_digits(&s, 2, &c.month) ||
        !take_ch(&s, '-') || !take_digits(&s, 2, &c.day))
        return false;
    c.year = year;
    if (s.n) {
        if (!take_ch(&s, 'T') && !take_ch(&s, 't') && !take_ch(&s, ' '))
            return false;
        if (!take_hms(&s, &c))
            return false;
        if (take_ch(&s, '.') && !take_fraction(&s, &c))
            return false;
        if (!take_offset(&s, &offset) || s.n)
            return false;
    }
    if (!ms_of(&c, &ms))
        return false;
    *ms_out = ms - offset;
    return true;
}

static bool take_month(sp_str *s, struct civil *c)
{
    for (unsigned m = 0; m < 12; m++) {
        if (sp_starts(*s, (sp_str){months + 3 * m, 3})) {
            c->month = m + 1;
            *s = sp_from(*s, 3);
            return true;
        }
    }
    return false;
}

// The three forms of RFC 9110 §5.6.7: IMF-fixdate, RFC 850 and asctime.
bool sp_time_parse_http(sp_str s, int64_t *ms_out)
{
    struct civil c = {0};
    unsigned year = 0;
    ptrdiff_t comma = sp_find_ch(s, ',');
    bool ok;
    if (comma < 0) { // Sun Nov  6 08:49:37 1994
        s = sp_from(s, 4);
        ok = take_month(&s, &c) && take_ch(&s, ' ') &&
             (take_ch(&s, ' ') ? take_digits(&s, 1, &c.day) : take_digits(&s, 2, &c.day)) &&
             take_ch(&s, ' ') && take_hms(&s, &c) && take_ch(&s, ' ') && take_digits(&s, 4, &year);
    } else {
        s = sp_from(s, (size_t)comma + 1);
        ok = take_ch(&s, ' ') && take_digits(&s, 2, &c.day);
        if (ok && take_ch(&s, '-')) { // Sunday, 06-Nov-94 08:49:37 GMT
            ok = take_month(&s, &c) && take_ch(&s, '-') && take_digits(&s, 2, &year);
            year += year < 70 ? 2000 : 1900;
        } else { // Sun, 06 Nov 1994 08:49:37 GMT
            ok = ok && take_ch(&s, ' ') && take_month(&s, &c) && take_ch(&s, ' ') &&
                 take_digits(&s, 4, &year);
        }
        ok = ok && take_ch(&s, ' ') && take_hms(&s, &c) && sp_eq_lit(s, " GMT");
        s = (sp_str){NULL, 0};
    }
    c.year = year;
    return ok && s.n == 0 && ms_of(&c, ms_out);
}

void sp_sleep_ms(int64_t ms)
{
    if (ms <= 0)
        return;
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        ;
}

uint64_t sp_random_u64(void)
{
    uint64_t v;
    while (getrandom(&v, sizeof v, 0) != (ssize_t)sizeof v) {
        if (errno != EINTR)
            return sp_mono_ns() * 0x9e3779b97f4a7c15u; // no getrandom(2): still fine for jitter
    }
    return v;
}
