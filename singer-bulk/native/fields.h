// One value -> one field, exactly as the definition writes it (singer_bulk/encode/fields.py), or NULL: not sure.
#ifndef FIELDS_H
#define FIELDS_H

#include <string.h>

#include "json.h"

#define FIELD_GROWTH 48  // the most bytes of a field beyond twice those of its value; of NULL in its place, too

// One value of a record.
struct token {
    uint64_t line;          // of the record that it is from; 0: of none
    const uint8_t *start;   // of its JSON text
    size_t bytes;
    uint32_t type;
    union {
        struct text text;       // STRING
        struct number number;   // NUMBER
    };
    const uint8_t *field;   // as it stands in the row; none: NULL
    size_t field_bytes;
};

static inline uint8_t *copied(uint8_t *out, const void *start, size_t bytes) {
    memcpy(out, start, bytes);
    return out + bytes;
}

uint8_t *write_field(uint8_t *out, const struct plan *plan, const struct column *column, const struct token *token);
uint8_t *write_int64(uint8_t *out, int64_t number);

// What a field that is not NULL shows of its column's values.
void note_field(const struct column *column, const uint8_t *field, size_t bytes, struct seen *seen);

// Of value / 10^places, where value has 16 or 17 digits and no zero at its end (doubles.c):
#define MOST_PLACES 27  // 5 to the 27 fits into 64 bits
// whether the nearest double, rounded to as many digits as the value has, is the number again;
int comes_back(uint64_t value, uint32_t places);
// the digits of the shortest text of that double.
uint32_t shortest_digits(uint64_t value, uint32_t places);

uint8_t *write_date(uint8_t *out, const struct text *text);
uint8_t *write_time(uint8_t *out, const struct plan *plan, const struct text *text);
uint8_t *write_timestamp(uint8_t *out, const struct plan *plan, const struct text *text, int with_offset);

#endif
