#include "fields.h"

// The double nearest to value / 10^places is mantissa / 2^(shift + places), and
// value * 2^shift = mantissa * 5^places + rest, where the mantissa has 53 bits and the rest may be negative.
struct scale {
    uint64_t five;
    int shift;
};

struct nearest {
    uint64_t mantissa;
    uint64_t away;  // the size of the rest
};

static struct scale scale_of(uint64_t value, uint32_t places) {
    struct scale scale = {.five = 1};
    for (uint64_t power = 5; places; places >>= 1, power *= power) scale.five *= places & 1 ? power : 1;
    scale.shift = 53 + __builtin_clzll(value) - __builtin_clzll(scale.five);  // the quotient has 53 bits, or 54
    if (scale.shift > 0 && ((unsigned __int128)value << scale.shift) / scale.five >> 53) scale.shift--;
    return scale;
}

static struct nearest nearest_to(uint64_t value, const struct scale *scale) {
    unsigned __int128 shifted = (unsigned __int128)value << scale->shift;
    uint64_t mantissa = (uint64_t)(shifted / scale->five);
    uint64_t rest = (uint64_t)(shifted - (unsigned __int128)mantissa * scale->five), missing = scale->five - rest;
    int is_above = missing < rest || (missing == rest && mantissa & 1);
    return (struct nearest){mantissa + (uint64_t)is_above, is_above ? missing : rest};
}

int comes_back(uint64_t value, uint32_t places) {
    struct scale scale = scale_of(value, places);
    if (scale.shift < 1) return 0;
    // It does if the double is less than half of the last digit away.
    return (unsigned __int128)nearest_to(value, &scale).away << 1 < (unsigned __int128)1 << scale.shift;
}

uint32_t shortest_digits(uint64_t value, uint32_t places) {
    struct scale scale = scale_of(value, places);
    uint64_t mantissa = nearest_to(value, &scale).mantissa, found = value;
    // One digit less, then two: of 15 digits there is one number at most for a double.
    for (uint64_t unit = value < 10000000000000000u ? 10 : 100, step = 10; step <= unit; step *= 10) {
        uint64_t below = value - value % step, above = below + step;
        if (nearest_to(below, &scale).mantissa == mantissa) {
            found = below;
        } else if (nearest_to(above, &scale).mantissa == mantissa) {
            found = above;
        } else {
            break;
        }
    }
    uint32_t count = 0;
    while (found % 10 == 0) found /= 10;
    for (; found; found /= 10) count++;
    return count;
}
