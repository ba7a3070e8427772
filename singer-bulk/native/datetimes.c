#include "fields.h"

// What singer_bulk/encode/datetimes.py reads, but for escapes; NULL where a date or time does not exist.

enum zone { NO_ZONE, UTC, OFFSET };

struct clock {
    const uint8_t *fraction;
    uint32_t fraction_digits;
    int hour, minute, second;
    enum zone zone;
    int offset_minutes, is_west;
};

static int two_digits(const uint8_t *p) {
    return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

static int days_of(int year, int month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap);
}

// YYYY-MM-DD of 10 bytes.
static int read_day(const uint8_t *p, int *year, int *month, int *day) {
    int century = two_digits(p), rest = two_digits(p + 2);
    *month = two_digits(p + 5);
    *day = two_digits(p + 8);
    if (century < 0 || rest < 0 || p[4] != '-' || p[7] != '-') return 0;
    *year = century * 100 + rest;
    return *year >= 1 && *month >= 1 && *month <= 12 && *day >= 1 && *day <= days_of(*year, *month);
}

#define MAX_OFFSET_MINUTES (14 * 60 + 59)

// Z, +HH, +HHMM or +HH:MM, a blank before it.
static int read_zone(const uint8_t *p, const uint8_t *end, struct clock *clock) {
    clock->zone = NO_ZONE;
    if (p == end) return 1;
    p += *p == ' ';
    clock->zone = UTC;
    if (end - p == 1) return *p == 'Z' || *p == 'z';
    if (end - p < 3 || (*p != '+' && *p != '-')) return 0;
    clock->is_west = *p == '-';
    int hours = two_digits(p + 1), minutes = 0;
    p += 3;
    if (p < end) {
        p += *p == ':';
        if (end - p != 2) return 0;
        minutes = two_digits(p);
    }
    clock->offset_minutes = hours * 60 + minutes;
    if (hours < 0 || minutes < 0 || minutes > 59 || clock->offset_minutes > MAX_OFFSET_MINUTES) return 0;
    if (clock->offset_minutes) clock->zone = OFFSET;
    return 1;
}

// HH:MM, then :SS, then a fraction, then a zone.
static int read_clock(const uint8_t *p, const uint8_t *end, struct clock *clock) {
    clock->second = 0;
    clock->fraction_digits = 0;
    if (end - p < 4) return 0;
    int has_short_hour = p[1] == ':';  // as Python writes a timedelta
    clock->hour = has_short_hour && is_digit(*p) ? *p - '0' : two_digits(p);
    p += 2 - has_short_hour;
    if (end - p < 3 || *p != ':') return 0;
    clock->minute = two_digits(p + 1);
    p += 3;
    if (end - p >= 3 && *p == ':') {
        clock->second = two_digits(p + 1);
        p += 3;
        if (p < end && *p == '.') {
            clock->fraction = ++p;
            while (p < end && is_digit(*p)) p++;
            clock->fraction_digits = (uint32_t)(p - clock->fraction);
            if (!clock->fraction_digits) return 0;
        }
    }
    if (clock->hour < 0 || clock->hour > 23 || clock->minute < 0 || clock->minute > 59) return 0;
    return clock->second >= 0 && clock->second <= 59 && read_zone(p, end, clock);
}

static uint8_t *two(uint8_t *out, int number) {
    out[0] = (uint8_t)('0' + number / 10);
    out[1] = (uint8_t)('0' + number % 10);
    return out + 2;
}

// HH:MM:SS.f; what is beyond the digits that the warehouse keeps must be zeros.
static uint8_t *write_clock(uint8_t *out, const struct plan *plan, const struct clock *clock) {
    out = two(out, clock->hour);
    *out++ = ':';
    out = two(out, clock->minute);
    *out++ = ':';
    out = two(out, clock->second);
    *out++ = '.';
    uint32_t kept = clock->fraction_digits;
    if (!kept) *out++ = '0';
    if (kept > plan->fraction_digits) kept = plan->fraction_digits;
    for (uint32_t at = 0; at < clock->fraction_digits; at++) {
        if (at < kept) {
            *out++ = clock->fraction[at];
        } else if (clock->fraction[at] != '0') {
            return NULL;
        }
    }
    return out;
}

// Put the date and clock at UTC; the year stays between 1 and 9999, because those of the edges are left out.
static void to_utc(int *year, int *month, int *day, struct clock *clock) {
    int minutes = clock->hour * 60 + clock->minute;
    minutes += clock->is_west ? clock->offset_minutes : -clock->offset_minutes;
    int days = minutes < 0 ? -1 : minutes >= 24 * 60;
    minutes -= days * 24 * 60;
    clock->hour = minutes / 60;
    clock->minute = minutes % 60;
    *day += days;
    if (*day < 1) {
        *month = *month == 1 ? 12 : *month - 1;
        *year -= *month == 12;
        *day = days_of(*year, *month);
    } else if (*day > days_of(*year, *month)) {
        *day = 1;
        *month = *month == 12 ? 1 : *month + 1;
        *year += *month == 1;
    }
}

#define DAY_BYTES 10

static uint8_t *write_day(uint8_t *out, int year, int month, int day) {
    out = two(two(out, year / 100), year % 100);
    *out++ = '-';
    out = two(out, month);
    *out++ = '-';
    return two(out, day);
}

uint8_t *write_date(uint8_t *out, const struct text *text) {
    const uint8_t *p = text->start, *end = p + text->bytes;
    int year, month, day;
    if (text->has_escape || text->bytes < DAY_BYTES || !read_day(p, &year, &month, &day)) return NULL;
    if (text->bytes > DAY_BYTES) {
        struct clock clock;
        const uint8_t *t = p + DAY_BYTES;
        if ((*t != 'T' && *t != 't' && *t != ' ') || end - t < 3 || t[2] == ':') return NULL;
        if (!read_clock(t + 1, end, &clock)) return NULL;
        if (clock.hour || clock.minute || clock.second || clock.zone == OFFSET) return NULL;
        for (uint32_t at = 0; at < clock.fraction_digits; at++) {
            if (clock.fraction[at] != '0') return NULL;  // a time of day would be lost
        }
    }
    memcpy(out, p, DAY_BYTES);
    return out + DAY_BYTES;
}

uint8_t *write_time(uint8_t *out, const struct plan *plan, const struct text *text) {
    struct clock clock;
    if (text->has_escape || !read_clock(text->start, text->start + text->bytes, &clock)) return NULL;
    return clock.zone == OFFSET ? NULL : write_clock(out, plan, &clock);
}

uint8_t *write_timestamp(uint8_t *out, const struct plan *plan, const struct text *text, int with_offset) {
    const uint8_t *p = text->start, *end = p + text->bytes;
    struct clock clock = {.zone = NO_ZONE};
    int year, month, day;
    if (text->has_escape || text->bytes < DAY_BYTES || !read_day(p, &year, &month, &day)) return NULL;
    if (text->bytes > DAY_BYTES) {
        const uint8_t *t = p + DAY_BYTES;
        if ((*t != 'T' && *t != 't' && *t != ' ') || end - t < 3 || t[2] == ':') return NULL;
        if (!read_clock(t + 1, end, &clock)) return NULL;
    }
    if (clock.zone == OFFSET && (year == 1 || year == 9999)) return NULL;  // in UTC it may be in no year
    if (clock.zone != NO_ZONE && !with_offset) return NULL;
    if (clock.zone == OFFSET && plan->utc) to_utc(&year, &month, &day, &clock);
    out = write_day(out, year, month, day);
    *out++ = ' ';
    out = write_clock(out, plan, &clock);
    if (!out || !with_offset) return out;
    if (plan->utc) {
        memcpy(out, "+00", 3);
        return out + 3;
    }
    int minutes = clock.zone == OFFSET ? clock.offset_minutes : 0;
    *out++ = minutes && clock.is_west ? '-' : '+';
    out = two(out, minutes / 60);
    *out++ = ':';
    return two(out, minutes % 60);
}
