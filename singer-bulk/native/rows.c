#include "rows.h"

#include <string.h>

#include "fields.h"

uint32_t native_version(void) { return NATIVE_VERSION; }
uint32_t native_token_bytes(void) { return sizeof(struct token); }

#define NO_NAME UINT32_MAX

int32_t native_prepare(struct plan *plan) {
    uint32_t mask = plan->name_slots - 1;
    for (uint32_t slot = 0; slot <= mask; slot++) plan->names[slot] = NO_NAME;
    for (uint32_t at = 0; at < plan->column_count; at++) {
        const struct column *column = &plan->columns[at], *other;
        uint32_t slot = (uint32_t)name_hash((const uint8_t *)column->name, column->name_bytes) & mask;
        for (; plan->names[slot] != NO_NAME; slot = (slot + 1) & mask) {
            other = &plan->columns[plan->names[slot]];
            if (other->name_bytes == column->name_bytes && !memcmp(other->name, column->name, column->name_bytes))
                return 0;
        }
        plan->names[slot] = at;
    }
    return 1;
}

uint64_t native_row_bound(const struct plan *plan, uint64_t line_bytes) {
    uint64_t bound = 2 * line_bytes + (uint64_t)(plan->fields + plan->added_count) * (FIELD_GROWTH + 1) + 1;
    bound += (uint64_t)(plan->fields + plan->added_count) * plan->null_bytes;
    for (uint32_t at = 0; at < plan->added_count; at++) bound += plan->added[at].bytes;
    return bound;
}

static uint32_t position_of(const struct plan *plan, const uint8_t *name, size_t bytes) {
    uint32_t mask = plan->name_slots - 1, slot = (uint32_t)name_hash(name, bytes) & mask;
    for (; plan->names[slot] != NO_NAME; slot = (slot + 1) & mask) {
        const struct column *column = &plan->columns[plan->names[slot]];
        if (column->name_bytes == bytes && !memcmp(column->name, name, bytes)) return plan->names[slot];
    }
    return NO_NAME;
}

// One line: what the call hands over, and what is found on the way.
struct line {
    const struct plan *plan;
    const uint8_t *end;      // of all lines
    struct token *tokens;
    uint64_t number;         // from 1, so that 0 marks a token of no record
    uint32_t found;          // properties that have a column
    struct token time_extracted, version;
};

static const uint8_t *read_value(const uint8_t *p, const uint8_t *end, const struct shape *shape,
                                 size_t string_max_bytes, struct token *token) {
    token->start = p;
    switch (*p) {
    case '"':
        token->type = STRING;
        p = json_string(p, end, &token->text);
        break;
    case '{': case '[':
        token->type = *p == '{' ? OBJECT : ARRAY;
        p = json_document(p, end, shape, string_max_bytes);
        break;
    case 't': case 'f': case 'n':
        p = json_word(p, end, &token->type);
        break;
    default:
        token->type = NUMBER;
        p = json_number(p, &token->number);
    }
    if (!p || !takes(shape, token->type, &token->number)) return NULL;
    token->bytes = (size_t)(p - token->start);
    return p;
}

// The name of a member and its colon; the place of its value.
static const uint8_t *read_name(const uint8_t *p, const uint8_t *end, struct text *text) {
    if (*p != '"' || !(p = json_string(p, end, text))) return NULL;
    p = blanks(p);
    return *p == ':' ? blanks(p + 1) : NULL;
}

// Behind a member: *more tells whether there is another one.
static const uint8_t *read_end(const uint8_t *p, int *more) {
    p = blanks(p);
    *more = *p == ',';
    if (*p == '}') return p + 1;
    return *more ? blanks(p + 1) : NULL;
}

// Whether the name that begins behind `p`, a quote, is that of the column, as most taps send them in one order.
static int is_next(const struct plan *plan, uint32_t next, const uint8_t *p, const uint8_t *end) {
    if (next >= plan->column_count) return 0;
    const struct column *column = &plan->columns[next];
    if ((size_t)(end - p) <= column->name_bytes || p[column->name_bytes] != '"') return 0;
    return !memcmp(p, column->name, column->name_bytes);
}

static const uint8_t *read_record(const uint8_t *p, struct line *line) {
    const struct plan *plan = line->plan;
    size_t string_max_bytes = (size_t)plan->document_string_max_bytes;
    uint32_t next = 0;
    int more = 1;
    if (*p != '{') return NULL;
    p = blanks(p + 1);
    if (*p == '}') return p + 1;
    while (more) {
        uint32_t at = next;
        if (*p == '"' && is_next(plan, next, p + 1, line->end)) {
            p = blanks(p + plan->columns[next].name_bytes + 2);
            if (*p != ':') return NULL;
            p = blanks(p + 1);
        } else {
            struct text text;
            uint8_t buffer[MAX_NAME];
            size_t bytes;
            if (!(p = read_name(p, line->end, &text))) return NULL;
            const uint8_t *name = decoded_name(&text, buffer, &bytes);
            if (!name) return NULL;
            at = position_of(plan, name, bytes);
        }
        struct token passed, *token = at == NO_NAME ? &passed : &line->tokens[at];
        if (at == NO_NAME && !plan->takes_unknown) return NULL;
        if (at != NO_NAME && token->line == line->number) return NULL;  // a name that stands twice
        const struct shape *shape = at == NO_NAME ? NULL : plan->columns[at].shape;
        if (!(p = read_value(p, line->end, shape, string_max_bytes, token))) return NULL;
        if (at != NO_NAME) {
            token->line = line->number;
            line->found += at < plan->fields;
            next = at + 1;
        }
        if (!(p = read_end(p, &more))) return NULL;
    }
    return p;
}

static int is_text(const struct token *token, const char *text, size_t bytes) {
    uint8_t buffer[MAX_NAME];
    size_t decoded_bytes;
    if (token->type != STRING) return 0;
    const uint8_t *decoded = decoded_name(&token->text, buffer, &decoded_bytes);
    return decoded && decoded_bytes == bytes && !memcmp(decoded, text, bytes);
}

enum part { OTHER = 0, TYPE = 1, STREAM = 2, RECORD = 4, TIME_EXTRACTED = 8, TABLE_VERSION = 16 };

static enum part part_of(const struct text *text) {
    static const struct {
        enum part part;
        uint32_t bytes;
        char name[16];
    } parts[] = {{TYPE, 4, "type"},
                 {STREAM, 6, "stream"},
                 {RECORD, 6, "record"},
                 {TIME_EXTRACTED, 14, "time_extracted"},
                 {TABLE_VERSION, 7, "version"}};
    for (size_t at = 0; at < sizeof parts / sizeof *parts; at++) {
        if (text->bytes == parts[at].bytes && !memcmp(text->start, parts[at].name, text->bytes)) return parts[at].part;
    }
    return OTHER;
}

#define VERSION_DIGITS 19  // of 64 bits; there are errors for longer ones

static int is_version(const struct token *token) {
    const struct number *number = &token->number;
    if (token->type != NUMBER) return token->type == NULL_VALUE;
    return !number->places && !number->has_exponent && number->whole <= VERSION_DIGITS;
}

// A RECORD of the stream, and nothing else in its line; false: not sure.
static int read_message(const uint8_t *p, struct line *line) {
    uint32_t seen = 0;
    int more = 1;
    p = blanks(p);
    if (*p != '{') return 0;
    p = blanks(p + 1);
    while (more) {
        struct text name;
        struct token token;
        if (!(p = read_name(p, line->end, &name)) || name.has_escape) return 0;
        enum part part = part_of(&name);
        if (seen & part) return 0;
        seen |= part;
        p = part == RECORD ? read_record(p, line) : read_value(p, line->end, NULL, SIZE_MAX, &token);
        if (!p) return 0;
        if (part == TYPE && !is_text(&token, "RECORD", 6)) return 0;
        if (part == STREAM && !is_text(&token, line->plan->stream, line->plan->stream_bytes)) return 0;
        if (part == TIME_EXTRACTED && !(token.type & (STRING | NULL_VALUE))) return 0;
        if (part == TABLE_VERSION && !is_version(&token)) return 0;
        if (part == TIME_EXTRACTED) line->time_extracted = token;
        if (part == TABLE_VERSION) line->version = token;
        if (!(p = read_end(p, &more))) return 0;
    }
    return *blanks(p) == '\n' && (seen & (TYPE | STREAM | RECORD)) == (TYPE | STREAM | RECORD);
}

static uint8_t *write_version(uint8_t *out, const struct token *token) {
    static const struct column whole = {.kind = INTEGER, .types = NUMBER, .least = INT64_MIN, .most = INT64_MAX};
    return write_field(out, NULL, &whole, token);
}

static uint8_t *write_added(uint8_t *out, const struct line *line, const struct added *added, int64_t sequence) {
    const struct plan *plan = line->plan;
    const struct token *token = added->kind == VERSION ? &line->version : &line->time_extracted;
    switch (added->kind) {
    case CONSTANT:
        return copied(out, added->text, added->bytes);
    case SEQUENCE:
        return write_int64(out, sequence);
    default:
        if (token->type == NULL_VALUE) return copied(out, plan->null, plan->null_bytes);
        return added->kind == VERSION ? write_version(out, token) : write_timestamp(out, plan, &token->text, 1);
    }
}

// The end of the row, NULL where not sure.
static uint8_t *write_row(uint8_t *out, const struct line *line, int64_t sequence) {
    const struct plan *plan = line->plan;
    uint8_t *start = out;
    if (plan->demands_all && line->found < plan->fields) return NULL;
    for (uint32_t at = 0; at < plan->column_count; at++) {
        const struct column *column = &plan->columns[at];
        struct token *token = &line->tokens[at];
        int is_there = token->line == line->number;
        if (!is_there && column->required) return NULL;
        if (at >= plan->fields) continue;
        if (at) *out++ = '|';
        if (is_there && token->type != NULL_VALUE) {
            token->field = out;
            if (!(out = write_field(out, plan, column, token))) return NULL;
            token->field_bytes = (size_t)(out - token->field);
        } else {
            if (is_there && !column->takes_null) return NULL;
            out = copied(out, plan->null, plan->null_bytes);
        }
    }
    for (uint32_t at = 0; at < plan->added_count; at++) {
        if (at || plan->fields) *out++ = '|';
        if (!(out = write_added(out, line, &plan->added[at], sequence))) return NULL;
    }
    if (out - start > plan->row_max_bytes) return NULL;
    *out++ = '\n';
    return out;
}

// Only what has become a row counts: what is left out may be refused.
static void note_seen(const struct line *line, struct seen *seen) {
    for (uint32_t at = 0; at < line->plan->fields; at++) {
        const struct token *token = &line->tokens[at];
        if (token->line != line->number || token->type == NULL_VALUE) continue;
        note_field(&line->plan->columns[at], token->field, token->field_bytes, &seen[at]);
    }
}

void native_encode(const struct plan *plan, struct token *tokens, const uint8_t *text, uint64_t bytes, int64_t sequence,
                   uint8_t *out, uint64_t out_bytes, struct unsure *unsure, uint64_t unsure_max, struct seen *seen,
                   struct result *result) {
    struct line line = {.plan = plan, .end = text + bytes, .tokens = tokens};
    const uint8_t *p = text;
    uint8_t *place = out, *end;
    result->unsure_count = 0;
    for (uint32_t at = 0; at < plan->column_count; at++) tokens[at].line = 0;
    while (p < line.end) {
        const uint8_t *next = memchr(p, '\n', (size_t)(line.end - p));
        if (!next) break;
        next++;
        uint64_t room = out_bytes - (uint64_t)(place - out);
        if (room < native_row_bound(plan, (uint64_t)(next - p)) || result->unsure_count == unsure_max) break;
        line.number++;
        line.found = 0;
        line.time_extracted.type = line.version.type = NULL_VALUE;
        if (read_message(p, &line) && (end = write_row(place, &line, sequence + (int64_t)line.number - 1))) {
            note_seen(&line, seen);
            place = end;
        } else {
            unsure[result->unsure_count++] = (struct unsure){
                line.number - 1, (uint64_t)(p - text), (uint64_t)(next - text), (uint64_t)(place - out)};
        }
        p = next;
    }
    result->read = (uint64_t)(p - text);
    result->written = (uint64_t)(place - out);
    result->lines = line.number;
}
