#include "fields.h"

#include <string.h>

#define SURE_DIGITS 15   // a double keeps as many of any number
#define DOUBLE_BITS 53

// A number as it stands in a field: its digits from the first to the last that is not zero, and those before the point.
struct digits {
    uint64_t value;  // of at most 17 of them
    uint32_t count, whole, places;
};

static struct digits digits_of(const uint8_t *field, size_t bytes) {
    struct digits found = {0};
    uint32_t zeros = 0;  // that no other digit has followed yet
    int64_t exponent = 0;
    int has_point = 0;
    for (size_t at = 0; at < bytes; at++) {
        uint8_t c = field[at];
        if (c == '.') has_point = 1;
        if (c == 'e' || c == 'E') {
            int is_negative = field[at + 1] == '-';
            for (at += 1; at < bytes; at++) exponent = is_digit(field[at]) ? exponent * 10 + (field[at] - '0') : exponent;
            if (is_negative) exponent = -exponent;
            break;
        }
        if (!is_digit(c)) continue;
        found.places += (uint32_t)has_point;
        if (!has_point && (c != '0' || found.whole)) found.whole++;
        if (c == '0') {
            zeros += found.count > 0;
            continue;
        }
        for (; zeros; zeros--, found.count++) found.value *= found.count < 17 ? 10 : 1;
        if (found.count++ < 17) found.value = found.value * 10 + (uint64_t)(c - '0');
    }
    int64_t down = (int64_t)found.places - zeros - exponent;  // the number is its digits / 10^down
    found.places = down < 0 ? 0 : (uint32_t)down;
    return found;
}

// Whether a whole number is no double: without the twos in it, it has more than 53 bits.
static int is_beyond_double(const uint8_t *field, size_t bytes) {
    unsigned __int128 number = 0;
    for (size_t at = 0; at < bytes; at++) {
        if (is_digit(field[at])) number = number * 10 + (unsigned)(field[at] - '0');
    }
    while (number && !(number & 1)) number >>= 1;
    return number >> DOUBLE_BITS != 0;
}

static void at_least(uint64_t *most, uint64_t found) {
    if (found > *most) *most = found;
}

// The bytes of a text that stands between quotes; one that is doubled in the field counts once.
static uint64_t text_bytes(const uint8_t *field, size_t bytes) {
    const uint8_t *p = field + 1, *end = field + bytes - 1;
    uint64_t count = bytes - 2;
    while (p < end && (p = memchr(p, '"', (size_t)(end - p)))) count--, p += 2;
    return count;
}

void note_field(const struct column *column, const uint8_t *field, size_t bytes, struct seen *seen) {
    seen->values++;
    if (column->kind == TEXT || column->kind == JSON_TEXT || column->kind == DOCUMENT) {
        if (bytes > seen->longest + 2) at_least(&seen->longest, text_bytes(field, bytes));
        return;
    }
    if (column->kind > DOUBLE || column->kind < INTEGER) return;
    if (bytes <= seen->digits && (bytes <= seen->whole_digits || column->kind == DOUBLE) && bytes <= SURE_DIGITS) return;
    struct digits found = digits_of(field, bytes);
    if (column->kind == DOUBLE) {
        if (found.count > SURE_DIGITS && found.count > seen->digits) {
            found.count = shortest_digits(found.value, found.places);
        }
    } else {
        at_least(&seen->whole_digits, found.whole);
        if (!column->scale && bytes > SURE_DIGITS) seen->beyond_double |= (uint64_t)is_beyond_double(field, bytes);
    }
    at_least(&seen->digits, found.count);
}
