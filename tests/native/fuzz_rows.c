// A libFuzzer target for the native pass: the first bytes of an input choose a plan, the rest are the lines.
//
// Each buffer has its exact size on the heap, so that a sanitiser sees the first byte beyond it. Besides, it demands:
// the lines all at once and each by itself come to the same rows, whatever stood in the buffers before; no row is longer
// than its bound; a row has one field for each of the plan, its quotes in pairs, UTF-8 and one line end; runs of lines are
// those that a loop over bytes finds.
// With -DREPLAY it is a program that reads files of inputs: seeds.py writes some, `make fuzz` finds others.
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../singer-bulk/native/rows.h"

#define MAX_COLUMNS 9
#define KINDS 11

#define CHECK(condition) \
    do { if (!(condition)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); abort(); } } while (0)

static const char *const NAMES[MAX_COLUMNS + 1] = {"id", "p1", "a", "b", "Z\xc3\xbcrich", "", "stream", "version",
                                                   "a long name of more than sixteen bytes", "more"};
static const int SIZES[][2] = {{18, 9}, {38, 0}, {5, 5}, {38, 37}, {3, 1}, {10, 8}, {38, 2}, {1, 0}};
static const struct word CHOICES[] = {{"red", 3}, {"", 0}, {"gr\xc3\xbcn", 6}};

static const struct shape TEXTS = {STRING | NULL_VALUE, 0, NULL, NULL}, WHOLE = {INTEGRAL, 0, NULL, NULL};
static const struct shape LIST = {ARRAY | NULL_VALUE, 0, NULL, &WHOLE}, ANYTHING = {0, 0, NULL, NULL};
static const struct member MEMBERS[] = {{"a", 1, &TEXTS}, {"b", 1, &LIST}, {"id", 2, &WHOLE}, {"", 0, &ANYTHING}};
static const struct shape SHAPE = {OBJECT | NULL_VALUE, 4, MEMBERS, NULL};

static struct column columns[MAX_COLUMNS + 1];
static struct added added[4] = {{SEQUENCE, 0, NULL}, {CONSTANT, 3, "\"x\""}, {EXTRACTED_AT, 0, NULL}, {VERSION, 0, NULL}};
static uint32_t names[64];

static struct column column_of(uint32_t at, uint8_t choice) {
    uint32_t kind = choice % KINDS, variant = choice / KINDS;   // of 23
    struct column column = {.name = NAMES[at], .name_bytes = (uint32_t)strlen(NAMES[at]), .kind = (uint8_t)kind};
    static const uint8_t types[KINDS] = {BOOL, NUMBER, NUMBER, NUMBER, STRING, 31, STRING, STRING, STRING, STRING, 31};
    column.types = types[kind];
    column.takes_null = variant % 4 != 3;
    column.required = variant % 8 == 6;
    column.max_bytes = variant % 3 ? 12 : 65535;
    column.least = kind == TEXT ? 0 : INT64_MIN;
    column.most = INT64_MAX;
    column.precision = SIZES[variant % 8][0];
    column.scale = SIZES[variant % 8][1];
    if (kind == DECIMAL && variant / 8) column.types |= STRING;
    if (kind == INTEGER && variant & 1) column.least = -5, column.most = 1000;
    if (kind == TEXT && (variant & 3) == 1) column.least = 2, column.most = 6;
    if (kind == TEXT && (variant & 3) == 2) column.choices = CHOICES, column.choice_count = 3;
    if (kind == TEXT && (variant & 3) == 3) column.types = 31;
    if (kind == DOCUMENT && variant % 3 == 1) column.types = OBJECT | ARRAY;
    if (kind == DOCUMENT && variant % 3 == 2) column.shape = &SHAPE;
    return column;
}

static struct plan plan_of(const uint8_t *header, const uint8_t *kinds, uint32_t count) {
    uint8_t flags = header[1];
    struct plan plan = {.columns = columns, .fields = count, .column_count = count + !!(flags & 32), .added = added};
    for (uint32_t at = 0; at < count; at++) columns[at] = column_of(at, kinds[at]);
    columns[count] = columns[0];
    plan.added_count = header[2] % 5;
    plan.name_slots = 64;
    plan.names = names;
    plan.stream = "s";
    plan.stream_bytes = 1;
    plan.null = flags & 16 ? "" : "@null@";
    plan.null_bytes = (uint32_t)strlen(plan.null);
    plan.fraction_digits = flags & 8 ? 3 : 9;
    plan.utc = flags & 1;
    plan.takes_unknown = !!(flags & 2);
    plan.demands_all = !!(flags & 4);
    plan.document_max_bytes = flags & 8 ? 40 : 1 << 24;
    plan.document_string_max_bytes = flags & 8 ? 10 : INT64_MAX;
    plan.row_max_bytes = flags & 128 ? 60 : INT64_MAX;
    struct plan twice = plan;
    twice.column_count = count + 1;
    CHECK(!count || native_prepare(&twice) == 0);
    columns[count] = (struct column){.name = NAMES[MAX_COLUMNS], .name_bytes = 4, .kind = NO_COLUMN};
    CHECK(native_prepare(&plan) == 1 && native_version() == NATIVE_VERSION);
    return plan;
}

struct rows {
    uint8_t *text;
    size_t bytes, lines, left;
};

static void *filled(size_t bytes, int with) {
    void *made = malloc(bytes);
    CHECK(made || !bytes);
    if (bytes) memset(made, with, bytes);
    return made;
}

// The rows of whole lines, each call with room for the longest of their rows alone; `rows` grows.
static void encode(const struct plan *plan, const uint8_t *lines, size_t bytes, int64_t sequence, size_t unsure_max,
                   int fill, struct rows *rows) {
    size_t longest = 0, begins = 0, before = rows->lines;
    for (size_t at = 0; at < bytes; at++) {
        if (lines[at] != '\n') continue;
        if (at + 1 - begins > longest) longest = at + 1 - begins;
        begins = at + 1;
    }
    uint8_t *text = filled(bytes, 0);
    memcpy(text, lines, bytes);
    size_t room = native_row_bound(plan, longest), read = 0;
    uint8_t *out = filled(room, fill);
    struct token *tokens = filled(plan->column_count * native_token_bytes(), fill);
    struct seen *seen = calloc(plan->fields ? plan->fields : 1, sizeof *seen);
    struct unsure *unsure = filled(unsure_max * sizeof *unsure, fill);
    while (read < begins) {
        struct result result;
        native_encode(plan, tokens, text + read, bytes - read, sequence + (int64_t)(rows->lines - before), out, room,
                      unsure, unsure_max, seen, &result);
        CHECK(result.lines && result.read && result.written <= room && result.unsure_count <= unsure_max);
        uint64_t place = 0;
        for (uint64_t at = 0; at < result.unsure_count; at++) {
            const struct unsure *one = &unsure[at];
            CHECK(one->line < result.lines && one->start < one->end && one->end <= result.read);
            CHECK(one->place >= place && one->place <= result.written && text[read + one->end - 1] == '\n');
            place = one->place;
        }
        rows->text = realloc(rows->text, rows->bytes + result.written + 1);
        CHECK(rows->text);
        memcpy(rows->text + rows->bytes, out, result.written);
        rows->bytes += result.written;
        rows->lines += result.lines;
        rows->left += result.unsure_count;
        read += result.read;
    }
    CHECK(read == begins);
    free(text), free(out), free(tokens), free(seen), free(unsure);
}

static void check_rows(const struct plan *plan, const struct rows *rows) {
    uint32_t fields = 1, is_quoted = 0, expected = plan->fields + plan->added_count;
    size_t count = 0, more = 0;
    for (size_t at = 0; at < rows->bytes; at++) {
        uint8_t c = rows->text[at];
        CHECK(more ? (c & 0xc0) == 0x80 : (c & 0xc0) != 0x80);
        more = more ? more - 1 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0;
        is_quoted ^= c == '"';
        CHECK(c);
        if (is_quoted) continue;
        fields += c == '|';
        if (c != '\n') continue;
        CHECK(fields == (expected ? expected : 1));
        fields = 1;
        count++;
    }
    CHECK(!is_quoted && !more && count + rows->left == rows->lines);
}

// What Python says of the runs of a text, byte by byte (model/library.py).
static void check_runs(const uint8_t *data, size_t bytes, size_t prefix_bytes) {
    uint8_t *text = filled(bytes, 0);
    memcpy(text, data, bytes);
    size_t lines = 0, begins = 0, at;
    for (at = 0; at < bytes; at++) lines += text[at] == '\n';
    CHECK(native_count_lines(text, bytes) == lines);
    while (begins < bytes) {
        struct run run;
        native_run(text + begins, bytes - begins, text, prefix_bytes, &run);
        uint8_t last = '}';
        for (at = begins, lines = 0; at < bytes && last == '}'; lines++) {
            if (lines && (bytes - at <= prefix_bytes || memcmp(text + at, text, prefix_bytes))) break;
            size_t start = at;
            while (at < bytes && text[at++] != '\n') {}
            size_t end = at - 1;  // of the line, without its end
            if (end > begins && text[end - 1] == '\r') end--;
            last = end > begins ? text[end - 1] : 0;
            CHECK(start < at);
        }
        CHECK(run.bytes == at - begins && run.lines == lines);
        begins = at;
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    uint32_t count = bytes ? data[0] % (MAX_COLUMNS + 1) : 0;
    if (bytes < 3 + count) return -1;
    struct plan plan = plan_of(data, data + 3, count);
    data += 3 + count;
    bytes -= 3 + count;
    struct rows whole = {0}, each = {0};
    encode(&plan, data, bytes, INT64_MAX - 5000000, plan.utc ? 1 : 64, 0xa5, &whole);
    check_rows(&plan, &whole);
    for (size_t begins = 0, at = 0; at < bytes; at++) {
        if (data[at] != '\n') continue;
        encode(&plan, data + begins, at + 1 - begins, INT64_MAX - 5000000 + (int64_t)each.lines, 1, 0, &each);
        begins = at + 1;
    }
    CHECK(whole.bytes == each.bytes && whole.lines == each.lines && whole.left == each.left);
    CHECK(!whole.bytes || !memcmp(whole.text, each.text, whole.bytes));
    free(whole.text), free(each.text);
    check_runs(data, bytes, bytes < 25 ? bytes : 25);
    return 0;
}

#ifdef REPLAY
int main(int count, char **paths) {
    size_t bytes = 0;
    for (int at = 1; at < count; at++) {
        FILE *file = fopen(paths[at], "rb");
        CHECK(file && !fseek(file, 0, SEEK_END));
        bytes = (size_t)ftell(file);
        rewind(file);
        uint8_t *data = filled(bytes, 0);
        CHECK(fread(data, 1, bytes, file) == bytes);
        fclose(file);
        LLVMFuzzerTestOneInput(data, bytes);
        free(data);
    }
    printf("%d inputs\n", count - 1);
    return 0;
}
#endif
