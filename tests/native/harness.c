// The native pass for platforms where no Python runs: reads the cases that cases.py has written, each a plan and lines,
// and writes what becomes of them: rows, the numbers of lines that are left out, and what was seen of each column.
// Numbers are decimal digits behind a blank, texts their length, a colon and their bytes.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../singer-bulk/native/rows.h"

static const char *at, *end;  // what is left of the file

static void *room(size_t bytes) {
    void *made = calloc(bytes + 1, 1);
    return made ? made : (exit(2), made);
}

static int64_t number(void) {
    int64_t value = 0;
    while (at < end && (*at == ' ' || *at == '\n')) at++;
    int is_negative = at < end && *at == '-';
    for (at += is_negative; at < end && *at >= '0' && *at <= '9'; at++) value = value * 10 - (*at - '0');
    return is_negative ? value : -value;
}

static const char *text(uint32_t *bytes) {
    *bytes = (uint32_t)number();
    const char *start = at + 1;
    at = start + *bytes;
    if (at > end) exit(2);
    return start;
}

static const struct shape *shape(void) {
    if (!number()) return NULL;  // there is none
    struct shape *made = room(sizeof *made);
    made->types = (uint32_t)number();
    made->member_count = (uint32_t)number();
    struct member *members = room(made->member_count * sizeof *members);
    for (uint32_t i = 0; i < made->member_count; i++)
        members[i].name = text(&members[i].name_bytes), members[i].shape = shape();
    made->members = members;
    made->items = shape();
    return made;
}

static struct column column(void) {
    struct column made = {0};
    made.name = text(&made.name_bytes);
    made.kind = (uint8_t)number(), made.types = (uint8_t)number();
    made.takes_null = (uint8_t)number(), made.required = (uint8_t)number();
    made.precision = (int32_t)number(), made.scale = (int32_t)number();
    made.max_bytes = number(), made.least = number(), made.most = number();
    made.choice_count = (uint32_t)number();
    struct word *choices = room(made.choice_count * sizeof *choices);
    for (uint32_t i = 0; i < made.choice_count; i++) choices[i].text = text(&choices[i].bytes);
    made.choices = choices;
    made.shape = shape();
    return made;
}

static struct plan plan(void) {
    struct plan made = {0};
    made.column_count = (uint32_t)number(), made.fields = (uint32_t)number();
    struct column *columns = room(made.column_count * sizeof *columns);
    for (uint32_t i = 0; i < made.column_count; i++) columns[i] = column();
    struct added *added = room((made.added_count = (uint32_t)number()) * sizeof *added);
    for (uint32_t i = 0; i < made.added_count; i++)
        added[i].kind = (uint32_t)number(), added[i].text = text(&added[i].bytes);
    made.columns = columns, made.added = added;
    made.name_slots = (uint32_t)number();
    made.names = room(made.name_slots * sizeof *made.names);
    made.stream = text(&made.stream_bytes), made.null = text(&made.null_bytes);
    made.fraction_digits = (uint32_t)number();
    made.utc = (uint8_t)number(), made.takes_unknown = (uint8_t)number(), made.demands_all = (uint8_t)number();
    made.document_max_bytes = number(), made.document_string_max_bytes = number(), made.row_max_bytes = number();
    return made;
}

static void run(struct plan *plan, int64_t sequence, const uint8_t *lines, uint32_t bytes) {
    struct unsure unsure[7];
    struct seen *seen = room(plan->fields * sizeof *seen);
    uint64_t out_bytes = native_row_bound(plan, bytes), read = 0, before = 0, written = 0, left_count = 0;
    uint8_t *out = room(out_bytes), *rows = NULL;
    uint64_t *left = room(bytes * sizeof *left);
    void *tokens = room((size_t)plan->column_count * native_token_bytes());
    if (!native_prepare(plan)) exit(2);
    for (struct result result; read < bytes; read += result.read, before += result.lines, written += result.written) {
        native_encode(plan, tokens, lines + read, bytes - read, sequence + (int64_t)before, out, out_bytes, unsure, 7,
                      seen, &result);
        for (uint64_t i = 0; i < result.unsure_count; i++) left[left_count++] = before + unsure[i].line;
        rows = realloc(rows, written + result.written + 1);
        if (!rows || !result.lines) exit(2);
        memcpy(rows + written, out, result.written);
    }
    printf("rows %" PRIu64 "\n", written);
    fwrite(rows, 1, written, stdout);
    for (uint64_t i = 0; i < left_count; i++) printf("left %" PRIu64 "\n", left[i]);
    for (uint32_t i = 0; i < plan->fields; i++)
        printf(" %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", seen[i].values, seen[i].whole_digits,
               seen[i].digits, seen[i].beyond_double, seen[i].longest);
}

int main(int count, char **paths) {
    FILE *file = count == 2 ? fopen(paths[1], "rb") : NULL;
    if (!file || fseek(file, 0, SEEK_END)) return 2;
    size_t bytes = (size_t)ftell(file);
    char *all = room(bytes);
    if (fseek(file, 0, SEEK_SET) || fread(all, 1, bytes, file) != bytes) return 2;
    at = all, end = all + bytes;
    for (int64_t cases = number(); cases > 0; cases--) {
        uint32_t length;
        struct plan made = plan();
        int64_t sequence = number();
        const uint8_t *lines = (const uint8_t *)text(&length);
        run(&made, sequence, lines, length);
    }
    return 0;
}
