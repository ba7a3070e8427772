#include "fields.h"

#include <string.h>

uint8_t *write_int64(uint8_t *out, int64_t number) {
    uint8_t digits[20], *p = digits + sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do *--p = (uint8_t)('0' + rest % 10); while (rest /= 10);
    if (number < 0) *out++ = '-';
    return copied(out, p, (size_t)(digits + sizeof digits - p));
}

// The value of at most 19 digits.
static uint64_t value_of(const uint8_t *digits, uint32_t count) {
    uint64_t value = 0;
    for (uint32_t at = 0; at < count; at++) value = value * 10 + (uint64_t)(digits[at] - '0');
    return value;
}

static uint32_t trailing_zeros(const uint8_t *start, uint32_t bytes) {
    uint32_t count = 0;
    while (count < bytes && start[bytes - 1 - count] == '0') count++;
    return count;
}

#define DOUBLE_DIGITS 15  // a double keeps as many of any number
#define INT64_DIGITS 19

// An integer, also one that is written 1.0.
static uint8_t *write_integer(uint8_t *out, const struct column *column, const struct number *number) {
    const uint8_t *digits = number->start + number->is_negative;
    if (number->has_exponent || number->whole > INT64_DIGITS) return NULL;
    if (trailing_zeros(digits + number->whole + 1, number->places) < number->places) return NULL;
    if (number->is_negative && *digits == '0') return NULL;
    uint64_t size = value_of(digits, number->whole);  // 19 digits fit into 64 bits without a sign
    if (size > (uint64_t)INT64_MAX + (uint64_t)number->is_negative) return NULL;
    int64_t value = (int64_t)(number->is_negative ? 0 - size : size);
    if (value < column->least || value > column->most) return NULL;
    return copied(out, number->start, number->whole + (uint32_t)number->is_negative);
}

static uint8_t *write_decimal(uint8_t *out, const struct column *column, const struct number *number) {
    int32_t whole_max = column->precision - column->scale;
    if (number->has_exponent || whole_max <= 0) return NULL;
    if ((int64_t)number->whole > whole_max || (int64_t)number->places > column->scale) return NULL;
    return copied(out, number->start, number->bytes);
}

// A decimal in a string: without the zeros at its ends.
static uint8_t *write_decimal_text(uint8_t *out, const struct column *column, const struct text *text) {
    const uint8_t *p = text->start, *end = p + text->bytes, *whole, *places;
    int is_negative = text->bytes && *p == '-';
    p += text->bytes && (*p == '-' || *p == '+');
    while (end - p > 1 && *p == '0' && is_digit(p[1])) p++;
    for (whole = p; p < end && is_digit(*p);) p++;
    int64_t whole_digits = p - whole, place_digits = 0;
    if (!whole_digits) return NULL;
    places = p;
    if (p < end) {
        if (*p++ != '.') return NULL;
        for (places = p; p < end && is_digit(*p);) p++;
        if (p < end || p == places) return NULL;
        place_digits = p - places;
        if (place_digits > UINT16_MAX) return NULL;
        place_digits -= trailing_zeros(places, (uint32_t)place_digits);
    }
    if (whole_digits > column->precision - column->scale || place_digits > column->scale) return NULL;
    if (*whole == '0' && !place_digits) is_negative = 0;
    if (is_negative) *out++ = '-';
    out = copied(out, whole, (size_t)whole_digits);
    if (!place_digits) return out;
    *out++ = '.';
    return copied(out, places, (size_t)place_digits);
}

static int is_exact_double(const struct number *number) {
    const uint8_t *whole = number->start + number->is_negative, *places = whole + number->whole + 1;
    uint32_t kept = number->places - trailing_zeros(places, number->places);
    // The digits from the first that is not zero to the last.
    uint32_t leading = 0;
    if (*whole == '0') {
        while (leading < kept && places[leading] == '0') leading++;
        if (leading == kept) return !number->has_exponent;  // zero
    }
    uint32_t digits = (*whole == '0' ? 0 : number->whole) + kept - leading;
    int64_t down = (int64_t)kept - number->exponent;  // the number is its digits / 10^down
    if (digits <= DOUBLE_DIGITS) return down < 200 && down > -200 && number->bytes < 200;
    if (digits > 17 || down < 0 || down > MOST_PLACES) return 0;
    uint64_t value = *whole == '0' ? 0 : value_of(whole, number->whole);
    for (uint32_t at = leading; at < kept; at++) value = value * 10 + (uint64_t)(places[at] - '0');
    return value % 10 && comes_back(value, (uint32_t)down);
}

static uint8_t *write_double(uint8_t *out, const struct number *number) {
    if (number->bytes > DOUBLE_DIGITS || number->has_exponent) {
        if (!is_exact_double(number)) return NULL;
    }
    return copied(out, number->start, number->bytes);
}

static int is_choice(const struct column *column, const struct text *text) {
    if (text->has_escape) return 0;
    for (uint32_t at = 0; at < column->choice_count; at++) {
        const struct word *word = &column->choices[at];
        if (word->bytes == text->bytes && !memcmp(word->text, text->start, text->bytes)) return 1;
    }
    return 0;
}

static uint8_t *write_text(uint8_t *out, const struct plan *plan, const struct column *column,
                           const struct token *token) {
    uint8_t *end;
    if (token->type == STRING && column->kind == TEXT) {
        end = quoted_text(out, &token->text);
    } else {
        end = quoted_bytes(out, token->start, token->bytes);
    }
    size_t written = (size_t)(end - out) - 2, bytes = written;
    if (token->type != STRING || column->kind != TEXT) {
        bytes = token->bytes;
    } else if (token->text.has_escape) {
        // What is doubled in the field counts once in the column.
        for (const uint8_t *p = out + 1; p < end - 1; p++) {
            if (*p == '"') bytes--, p++;
        }
    }
    if ((int64_t)bytes > column->max_bytes) return NULL;
    if (column->choice_count && !is_choice(column, &token->text)) return NULL;
    if (bytes == plan->null_bytes && bytes && !memcmp(out + 1, plan->null, bytes)) return NULL;
    if (token->type == STRING && (column->least > 0 || (int64_t)bytes > column->most)) {
        int64_t count = (int64_t)(characters(out + 1, written) - (written - bytes));
        if (count < column->least || count > column->most) return NULL;
    }
    return end;
}

uint8_t *write_field(uint8_t *out, const struct plan *plan, const struct column *column, const struct token *token) {
    if (!(token->type & column->types)) return NULL;
    switch (column->kind) {
    case BOOLEAN:
        return copied(out, token->start, token->bytes);
    case INTEGER:
        return write_integer(out, column, &token->number);
    case DECIMAL:
        if (token->type == NUMBER) return write_decimal(out, column, &token->number);
        return token->text.has_escape ? NULL : write_decimal_text(out, column, &token->text);
    case DOUBLE:
        return write_double(out, &token->number);
    case TEXT: case JSON_TEXT:
        return write_text(out, plan, column, token);
    case DATE:
        return write_date(out, &token->text);
    case TIME:
        return write_time(out, plan, &token->text);
    case TIMESTAMP: case TIMESTAMPTZ:
        return write_timestamp(out, plan, &token->text, column->kind == TIMESTAMPTZ);
    case DOCUMENT:
        if ((int64_t)token->bytes > plan->document_max_bytes) return NULL;
        if (token->type == STRING && (int64_t)token->text.bytes > plan->document_string_max_bytes) return NULL;
        if (token->type == NUMBER && !is_kept(&token->number)) return NULL;
        return quoted_bytes(out, token->start, token->bytes);
    default:
        return NULL;
    }
}
