// JSON texts: where a value ends, and what it is made of. Every function returns NULL where it is not sure.
#ifndef JSON_H
#define JSON_H

#include "rows.h"

#define MAX_NAME 256      // bytes of a name with escapes, decoded
#define MAX_DEPTH 64      // levels of a document; deeper ones are left to the definition
#define MAX_NAMES 1024    // names in the objects that are open at one time

// A string: its bytes between the quotes.
struct text {
    const uint8_t *start;
    size_t bytes;
    int has_escape;
};

// A number: digits before and behind the point, and whether it has an exponent.
struct number {
    const uint8_t *start;
    uint32_t bytes, whole, places;
    int is_negative, has_exponent;
    int32_t exponent;
};

static inline const uint8_t *blanks(const uint8_t *p) {
    while (*p == ' ' || *p == '\t' || *p == '\r') p++;
    return p;
}

static inline int is_digit(uint8_t c) { return (uint8_t)(c - '0') < 10; }

// All of them read the text up to `end`, where a line end stands before it, and return the place behind the value.
const uint8_t *json_string(const uint8_t *p, const uint8_t *end, struct text *text);
const uint8_t *json_number(const uint8_t *p, struct number *number);
const uint8_t *json_word(const uint8_t *p, const uint8_t *end, uint32_t *type);
// A value whose names stand once in their object, and whose numbers every type that a warehouse may choose keeps.
const uint8_t *json_document(const uint8_t *p, const uint8_t *end, const struct shape *shape, size_t string_max_bytes);
// Whether every type that a warehouse may choose keeps the digits of a number inside a document.
int is_kept(const struct number *number);
// Whether a shape takes a value of the type; `number` is looked at where it is one.
int takes(const struct shape *shape, uint32_t type, const struct number *number);

// Write the text of a string as a quoted field; `out` has room for twice its bytes and 2. Returns the end.
uint8_t *quoted_text(uint8_t *out, const struct text *text);
// The same for bytes that stand as they are.
uint8_t *quoted_bytes(uint8_t *out, const uint8_t *start, size_t bytes);

size_t characters(const uint8_t *utf8, size_t bytes);
// The decoded bytes of a name; `buffer` has MAX_NAME. Returns NULL where it is longer.
const uint8_t *decoded_name(const struct text *text, uint8_t *buffer, size_t *bytes);
uint64_t name_hash(const uint8_t *name, size_t bytes);

#endif
