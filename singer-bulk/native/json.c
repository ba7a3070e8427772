#include "json.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

// The first quote, backslash or control character; *high becomes non-zero if a byte before it, or up to 15 behind it,
// is not ASCII.
static inline const uint8_t *string_stop(const uint8_t *p, const uint8_t *end, uint32_t *high) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
    while (end - p >= 16) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i stops = _mm_or_si128(_mm_cmpeq_epi8(chunk, quote), _mm_cmpeq_epi8(chunk, backslash));
        stops = _mm_or_si128(stops, _mm_cmpeq_epi8(_mm_min_epu8(chunk, control), chunk));
        uint32_t mask = (uint32_t)_mm_movemask_epi8(stops);
        *high |= (uint32_t)_mm_movemask_epi8(chunk);
        if (mask) return p + __builtin_ctz(mask);
        p += 16;
    }
#elif defined(__ARM_NEON)
    while (end - p >= 16) {
        uint8x16_t chunk = vld1q_u8(p);
        uint8x16_t stops = vorrq_u8(vceqq_u8(chunk, vdupq_n_u8('"')), vceqq_u8(chunk, vdupq_n_u8('\\')));
        stops = vorrq_u8(stops, vcltq_u8(chunk, vdupq_n_u8(0x20)));
        uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(stops), 4)), 0);
        *high |= vmaxvq_u8(chunk) >> 7;
        if (mask) return p + (__builtin_ctzll(mask) >> 2);
        p += 16;
    }
#endif
    while (p < end && *p != '"' && *p != '\\' && *p >= 0x20) *high |= *p++ >> 7;
    return p;
}

static inline int continues(uint8_t c) { return (c & 0xc0) == 0x80; }

// The length of the character that begins with a byte beyond ASCII, 0 if it is none.
// https://www.unicode.org/versions/Unicode16.0.0/core-spec/chapter-3/#G27506 (table 3-7)
static size_t character_bytes(const uint8_t *p, const uint8_t *end) {
    size_t room = (size_t)(end - p);
    if (p[0] >= 0xc2 && p[0] <= 0xdf) return room >= 2 && continues(p[1]) ? 2 : 0;
    if ((p[0] & 0xf0) == 0xe0) {
        if (room < 3 || !continues(p[1]) || !continues(p[2])) return 0;
        if (p[0] == 0xe0 && p[1] < 0xa0) return 0;                    // has a shorter form
        return p[0] == 0xed && p[1] > 0x9f ? 0 : 3;                   // half of a surrogate pair
    }
    if (p[0] < 0xf0 || p[0] > 0xf4 || room < 4) return 0;
    if (!continues(p[1]) || !continues(p[2]) || !continues(p[3])) return 0;
    if (p[0] == 0xf0 && p[1] < 0x90) return 0;
    return p[0] == 0xf4 && p[1] > 0x8f ? 0 : 4;                       // beyond U+10FFFF
}

static int is_utf8(const uint8_t *p, const uint8_t *end) {
    while (p < end) {
        if (*p < 0x80) {
            p++;
            continue;
        }
        size_t bytes = character_bytes(p, end);
        if (!bytes) return 0;
        p += bytes;
    }
    return 1;
}

static int hex_digit(uint8_t c) {
    if (is_digit(c)) return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The four digits of an escape, -1 if they are none. Stops at the first byte that is no digit, so at a line end.
static int32_t four_digits(const uint8_t *p) {
    int32_t value = 0;
    for (int at = 0; at < 4; at++) {
        int digit = hex_digit(p[at]);
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

// The escape behind a backslash: its bytes (0: none, NUL, or half of a pair), and its character.
static size_t escape(const uint8_t *p, uint32_t *character) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    for (size_t at = 0; at + 1 < sizeof letters; at++) {
        if (letters[at] != *p) continue;
        *character = (uint8_t)meanings[at];
        return 1;
    }
    if (*p != 'u') return 0;
    int32_t value = four_digits(p + 1);
    if (value <= 0) return 0;
    *character = (uint32_t)value;
    if (value < 0xd800 || value > 0xdfff) return 5;
    if (value > 0xdbff || p[5] != '\\' || p[6] != 'u') return 0;
    int32_t low = four_digits(p + 7);
    if (low < 0xdc00 || low > 0xdfff) return 0;
    *character = 0x10000 + (((uint32_t)value - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
    return 11;
}

const uint8_t *json_string(const uint8_t *p, const uint8_t *end, struct text *text) {
    uint32_t high = 0, character;
    text->start = ++p;
    text->has_escape = 0;
    for (;;) {
        p = string_stop(p, end, &high);
        if (p >= end || *p < 0x20) return NULL;
        if (*p == '"') break;
        size_t bytes = escape(p + 1, &character);
        if (!bytes) return NULL;
        text->has_escape = 1;
        p += 1 + bytes;
    }
    text->bytes = (size_t)(p - text->start);
    return high && !is_utf8(text->start, p) ? NULL : p + 1;
}

static const uint8_t *digits(const uint8_t *p) {
    while (is_digit(*p)) p++;
    return p;
}

const uint8_t *json_number(const uint8_t *p, struct number *number) {
    number->start = p;
    number->is_negative = *p == '-';
    p += number->is_negative;
    const uint8_t *start = p;
    p = digits(p);
    number->whole = (uint32_t)(p - start);
    if (!number->whole || (*start == '0' && number->whole > 1)) return NULL;
    number->places = 0;
    if (*p == '.') {
        start = ++p;
        p = digits(p);
        number->places = (uint32_t)(p - start);
        if (!number->places) return NULL;
    }
    number->exponent = 0;
    number->has_exponent = *p == 'e' || *p == 'E';
    if (number->has_exponent) {
        int is_negative = p[1] == '-';
        p += 1 + (p[1] == '-' || p[1] == '+');
        start = p;
        for (p = digits(p); start < p; start++) {
            if (number->exponent > 9) return NULL;  // three digits and more: no double need have them
            number->exponent = number->exponent * 10 + (*start - '0');
        }
        if (!is_digit(p[-1])) return NULL;
        if (is_negative) number->exponent = -number->exponent;
    }
    number->bytes = (uint32_t)(p - number->start);
    return p;
}

const uint8_t *json_word(const uint8_t *p, const uint8_t *end, uint32_t *type) {
    size_t room = (size_t)(end - p);
    *type = *p == 'n' ? NULL_VALUE : BOOL;
    if (room > 4 && (!memcmp(p, "null", 4) || !memcmp(p, "true", 4))) return p + 4;
    return room > 5 && !memcmp(p, "false", 5) ? p + 5 : NULL;
}

int takes(const struct shape *shape, uint32_t type, const struct number *number) {
    if (!shape || !shape->types) return 1;
    if (type == NUMBER && !number->places && !number->has_exponent) type |= INTEGRAL;
    return (shape->types & type) != 0;
}

#define PLAIN_DIGITS 37     // a DECIMAL of 38 digits keeps as many, wherever the point is
#define EXPONENT_BYTES 15   // a double keeps as many digits, with an exponent of two

int is_kept(const struct number *number) {
    if (!number->has_exponent) return number->whole + number->places <= PLAIN_DIGITS;
    return number->whole + number->places < EXPONENT_BYTES;
}

// A document being read: the names of the objects that are open, by their hashes. Two names with one hash are taken for
// one: not sure.
struct document {
    const uint8_t *end;
    size_t string_max_bytes;
    uint32_t name_count;
    uint64_t names[MAX_NAMES];
};

static int is_new(struct document *document, uint32_t first, uint64_t hash) {
    int found = document->name_count == MAX_NAMES;
    for (uint32_t at = first; at < document->name_count; at++) found |= document->names[at] == hash;
    if (!found) document->names[document->name_count++] = hash;
    return !found;
}

// The shape of a member; *next is where the last one was found, because objects mostly keep the order of their SCHEMA.
static const struct shape *member_shape(const struct shape *shape, const uint8_t *name, size_t bytes, uint32_t *next) {
    uint32_t count = shape ? shape->member_count : 0;
    for (uint32_t step = 0; step < count; step++) {
        uint32_t at = *next + step < count ? *next + step : *next + step - count;
        const struct member *member = &shape->members[at];
        if (member->name_bytes != bytes || memcmp(member->name, name, bytes)) continue;
        *next = at + 1 < count ? at + 1 : 0;
        return member->shape;
    }
    return NULL;
}

static const uint8_t *value(const uint8_t *p, struct document *document, const struct shape *shape, int depth);

static const uint8_t *object(const uint8_t *p, struct document *document, const struct shape *shape, int depth) {
    uint32_t first = document->name_count, next = 0;
    uint8_t buffer[MAX_NAME];
    p = blanks(p + 1);
    while (*p != '}') {
        struct text text;
        size_t bytes;
        if (*p != '"' || !(p = json_string(p, document->end, &text)) || text.bytes > document->string_max_bytes)
            return NULL;
        const uint8_t *name = decoded_name(&text, buffer, &bytes);
        if (!name || !is_new(document, first, name_hash(name, bytes))) return NULL;
        p = blanks(p);
        if (*p != ':') return NULL;
        p = value(blanks(p + 1), document, member_shape(shape, name, bytes, &next), depth);
        if (!p) return NULL;
        p = blanks(p);
        if (*p == ',') {
            p = blanks(p + 1);
            if (*p == '}') return NULL;
        } else if (*p != '}') {
            return NULL;
        }
    }
    document->name_count = first;
    return p + 1;
}

static const uint8_t *array(const uint8_t *p, struct document *document, const struct shape *shape, int depth) {
    p = blanks(p + 1);
    if (*p == ']') return p + 1;
    for (;;) {
        if (!(p = value(p, document, shape ? shape->items : NULL, depth))) return NULL;
        p = blanks(p);
        if (*p == ']') return p + 1;
        if (*p != ',') return NULL;
        p = blanks(p + 1);
    }
}

static const uint8_t *value(const uint8_t *p, struct document *document, const struct shape *shape, int depth) {
    struct text text;
    struct number number;
    uint32_t type;
    switch (*p) {
    case '"':
        if (!takes(shape, STRING, NULL) || !(p = json_string(p, document->end, &text))) return NULL;
        return text.bytes <= document->string_max_bytes ? p : NULL;
    case '{':
        return takes(shape, OBJECT, NULL) && depth < MAX_DEPTH ? object(p, document, shape, depth + 1) : NULL;
    case '[':
        return takes(shape, ARRAY, NULL) && depth < MAX_DEPTH ? array(p, document, shape, depth + 1) : NULL;
    case 't': case 'f': case 'n':
        p = json_word(p, document->end, &type);
        return takes(shape, type, NULL) ? p : NULL;
    default:
        p = json_number(p, &number);
        return p && is_kept(&number) && takes(shape, NUMBER, &number) ? p : NULL;
    }
}

const uint8_t *json_document(const uint8_t *p, const uint8_t *end, const struct shape *shape, size_t string_max_bytes) {
    struct document document;
    document.end = end;
    document.string_max_bytes = string_max_bytes;
    document.name_count = 0;
    return value(p, &document, shape, 0);
}

// UTF-8 of a character; an escape of 6 bytes becomes at most 3, one of 12 becomes 4.
static uint8_t *utf8(uint8_t *out, uint32_t character) {
    if (character < 0x80) {
        *out++ = (uint8_t)character;
    } else if (character < 0x800) {
        *out++ = (uint8_t)(0xc0 | character >> 6);
        *out++ = (uint8_t)(0x80 | (character & 63));
    } else {
        if (character < 0x10000) {
            *out++ = (uint8_t)(0xe0 | character >> 12);
        } else {
            *out++ = (uint8_t)(0xf0 | character >> 18);
            *out++ = (uint8_t)(0x80 | (character >> 12 & 63));
        }
        *out++ = (uint8_t)(0x80 | (character >> 6 & 63));
        *out++ = (uint8_t)(0x80 | (character & 63));
    }
    return out;
}

uint8_t *quoted_text(uint8_t *out, const struct text *text) {
    const uint8_t *p = text->start, *end = p + text->bytes;
    *out++ = '"';
    while (p < end) {
        const uint8_t *backslash = text->has_escape ? memchr(p, '\\', (size_t)(end - p)) : NULL;
        size_t bytes = (size_t)((backslash ? backslash : end) - p);
        memcpy(out, p, bytes);
        out += bytes;
        p += bytes;
        if (!backslash) break;
        uint32_t character = 0;
        p += 1 + escape(p + 1, &character);
        if (character == '"') *out++ = '"';
        out = utf8(out, character);
    }
    *out++ = '"';
    return out;
}

uint8_t *quoted_bytes(uint8_t *out, const uint8_t *start, size_t bytes) {
    const uint8_t *end = start + bytes;
    *out++ = '"';
    for (; start < end; start++) {
        *out++ = *start;
        if (*start == '"') *out++ = '"';
    }
    *out++ = '"';
    return out;
}

size_t characters(const uint8_t *utf8_text, size_t bytes) {
    size_t count = 0;
    for (size_t at = 0; at < bytes; at++) count += !continues(utf8_text[at]);
    return count;
}

const uint8_t *decoded_name(const struct text *text, uint8_t *buffer, size_t *bytes) {
    *bytes = text->bytes;
    if (!text->has_escape) return text->start;
    if (text->bytes > MAX_NAME) return NULL;
    const uint8_t *p = text->start, *end = p + text->bytes;
    uint8_t *out = buffer;
    while (p < end) {
        uint32_t character = *p++;
        if (character == '\\') {
            p += escape(p, &character);
            out = utf8(out, character);
        } else {
            *out++ = (uint8_t)character;
        }
    }
    *bytes = (size_t)(out - buffer);
    return buffer;
}

// Eight bytes at a time, as FNV-1a does one: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv
uint64_t name_hash(const uint8_t *name, size_t bytes) {
    uint64_t hash = 0xcbf29ce484222325u ^ bytes, part;
    for (; bytes >= 8; bytes -= 8, name += 8) {
        memcpy(&part, name, 8);
        hash = (hash ^ part) * 0x100000001b3u;
        hash ^= hash >> 32;
    }
    part = 0;
    for (size_t at = 0; at < bytes; at++) part = part << 8 | name[at];
    hash = (hash ^ part) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}
