#include <string.h>

#include "rows.h"

uint64_t native_count_lines(const uint8_t *text, uint64_t bytes) {
    uint64_t count = 0;
    for (uint64_t at = 0; at < bytes; at++) count += text[at] == '\n';
    return count;
}

// Whether the line that ends before `next` ends with a brace: behind one that does, no JSON text goes on.
static int ends_object(const uint8_t *text, const uint8_t *next) {
    const uint8_t *end = next - 1;
    if (end > text && end[-1] == '\r') end--;
    return end > text && end[-1] == '}';
}

void native_run(const uint8_t *text, uint64_t bytes, const uint8_t *prefix, uint64_t prefix_bytes, struct run *run) {
    const uint8_t *end = text + bytes, *next = text;
    run->lines = 0;
    do {
        const uint8_t *line_end = memchr(next, '\n', (size_t)(end - next));
        next = line_end ? line_end + 1 : end;
        run->lines++;
    } while (ends_object(text, next) && (uint64_t)(end - next) > prefix_bytes && !memcmp(next, prefix, prefix_bytes));
    run->bytes = (uint64_t)(next - text);
}
