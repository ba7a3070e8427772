// RECORD lines -> rows of a pipe-delimited file, in one pass. README.md says how to read this folder.
//
// The contract: a line is written exactly as the definition in Python (singer_bulk/encode/rows.py) would write it, or it is
// left out and reported. There are no errors here, no allocation, and no state but what the caller hands over.
#ifndef ROWS_H
#define ROWS_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define NATIVE_EXPORT __declspec(dllexport)
#else
#define NATIVE_EXPORT __attribute__((visibility("default")))
#endif

// Changes with the layout of a struct or the meaning of a member; the loader refuses a library of another version.
#define NATIVE_VERSION 2

enum kind {
    BOOLEAN, INTEGER, DECIMAL, DOUBLE,
    TEXT,         // a string's text, or the JSON text of another value
    JSON_TEXT,    // the JSON text of every value, in a column of text
    DATE, TIME,
    TIMESTAMP,    // no value may have an offset
    TIMESTAMPTZ,
    DOCUMENT,
    NO_COLUMN,    // a property that is passed over
};

// JSON types of values, as bits. INTEGRAL is for shapes: a number without point and exponent.
enum json_type { STRING = 1, NUMBER = 2, OBJECT = 4, ARRAY = 8, BOOL = 16, NULL_VALUE = 32, INTEGRAL = 64 };

enum added_kind { CONSTANT, SEQUENCE, EXTRACTED_AT, VERSION };

// What a SCHEMA demands of the values in a document: their types (0: any), and the same of what they consist of.
struct shape {
    uint32_t types;
    uint32_t member_count;
    const struct member *members;  // of an object; others may be anything
    const struct shape *items;     // of an array; NULL: anything
};

struct member {
    const char *name;  // without a quote, a backslash or a control character
    uint32_t name_bytes;
    const struct shape *shape;
};

struct word {
    const char *text;
    uint32_t bytes;
};

// A property, and the column that takes its values.
struct column {
    const char *name;  // of the property, UTF-8
    uint32_t name_bytes;
    uint8_t kind;
    uint8_t types;       // those that the column takes
    uint8_t takes_null;
    uint8_t required;    // a record may not lack it
    int32_t precision, scale;  // DECIMAL
    int64_t max_bytes;   // TEXT, JSON_TEXT
    int64_t least, most; // INTEGER: of the value; TEXT: of its characters
    const struct word *choices; // TEXT: what a string may be; none: anything
    uint32_t choice_count;
    const struct shape *shape;  // DOCUMENT; NULL: anything
};

// A field behind those of the columns.
struct added {
    uint32_t kind, bytes;
    const char *text;  // CONSTANT
};

// How the rows of one stream are written. Pointers are the caller's and stay valid during a call.
struct plan {
    const struct column *columns;  // the first `fields` make a row's fields, in this order
    uint32_t column_count, fields;
    const struct added *added;
    uint32_t added_count;
    uint32_t name_slots;           // a power of two above 2 * column_count
    uint32_t *names;               // name_slots of them, filled by native_prepare
    const char *stream, *null;     // `null`: the field that means NULL
    uint32_t stream_bytes, null_bytes;
    uint32_t fraction_digits;      // of a second
    uint8_t utc;                   // offsets are converted
    uint8_t takes_unknown;         // properties that are none of the columns are passed over
    uint8_t demands_all;           // no record lacks a property
    int64_t document_max_bytes, document_string_max_bytes, row_max_bytes;
};

// What the fields of a column show, as singer_bulk/model/seen.py says it; it only grows.
struct seen {
    uint64_t values, whole_digits, digits;
    uint64_t beyond_double;  // 0 or 1
    uint64_t longest;        // of TEXT, JSON_TEXT and DOCUMENT: bytes of the longest value
};

struct token;  // one value of a record; `native_token_bytes` each

// A line that is left out: its number within the text, its bytes, and where its row belongs in the output.
struct unsure {
    uint64_t line, start, end, place;
};

struct result {
    uint64_t read, written;  // bytes
    uint64_t lines, unsure_count;
};

NATIVE_EXPORT uint32_t native_version(void);
NATIVE_EXPORT uint32_t native_token_bytes(void);

// Fill `plan->names`; the plan may not change afterwards. Returns 0 if two columns have one name.
NATIVE_EXPORT int32_t native_prepare(struct plan *plan);

// The most bytes that the row of a line of `line_bytes` can have.
NATIVE_EXPORT uint64_t native_row_bound(const struct plan *plan, uint64_t line_bytes);

// Write the rows of whole lines, each with its line end; the row of line n has the number sequence + n.
// Stops early where the rest of `out` may not hold the next row, or `unsure` is full. `tokens`: one per column.
NATIVE_EXPORT void native_encode(const struct plan *plan, struct token *tokens, const uint8_t *text, uint64_t bytes,
                                 int64_t sequence, uint8_t *out, uint64_t out_bytes, struct unsure *unsure,
                                 uint64_t unsure_max, struct seen *seen, struct result *result);

NATIVE_EXPORT uint64_t native_count_lines(const uint8_t *text, uint64_t bytes);

// Lines that belong together, each with its line end.
struct run {
    uint64_t bytes, lines;
};

// The first line of a text, and those behind it that begin with the prefix, each behind one that ends with a brace.
NATIVE_EXPORT void native_run(const uint8_t *text, uint64_t bytes, const uint8_t *prefix, uint64_t prefix_bytes,
                              struct run *run);

#endif
