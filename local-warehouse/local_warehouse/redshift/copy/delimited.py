"""How do the bytes of one file become rows?  Blocks of whole records, each read the quick way or the exact way.

The quick way (str.split, the csv module) is taken for a block in which it cannot be wrong; a block with
anything unusual is read record by record by the exact rules, which also name the line that is wrong. A test
holds both against one another. A COPY of 200,000 rows of seven fields costs the server 1.4 s of processor time,
by the exact way alone 5.0 s; without quotes 0.6 s and 4.2 s.
Sources: copy-parameters-data-format, copy-parameters-data-conversion, r_Load_Error_Reference
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from local_warehouse.redshift.copy.records import Batch, Record, bad_sequence, rejected
from local_warehouse.redshift.grammar.copy_statement import Copy

BLOCK_BYTES = 1 << 20
MAX_ROW_BYTES = 4 << 20
csv.field_size_limit(1 << 26)

_CODECS = {"UTF16": "utf-16", "UTF16LE": "utf-16-le", "UTF16BE": "utf-16-be", "ISO88591": "latin-1"}
_LONE = re.compile("[\udc80-\udcff]")
# Valid UTF-8 that is no character: loaded as it is, unless ACCEPTINVCHARS replaces it.
_NONCHARACTER = re.compile(
    "[\ufdd0-\ufdef" + "".join(chr(plane * 0x10000 + low) for plane in range(17) for low in (0xFFFE, 0xFFFF)) + "]"
)


@dataclass
class Block:
    """Whole records as bytes; `line` is the number of its first line in the file."""

    data: bytes
    line: int


class DelimitedReader:
    """Reads files by the options of one COPY statement into rows of `column_count` fields."""

    def __init__(self, copy: Copy, column_count: int) -> None:
        self.copy = copy
        self.column_count = column_count
        self.separator = copy.separator
        self.quote = copy.quote
        blank = "[ \t]*" if self.separator not in " \t" else ""
        separator, quote = re.escape(self.separator), re.escape(self.quote)
        self._quoted = re.compile(
            f"{blank}{quote}((?:[^{quote}]|{quote}{quote})*){quote}{blank}(?={separator}|\r?\n|\r?\\Z)"
        )
        self._plain = re.compile(f"[^{separator}\n]*")
        self._opening = re.compile(f"{blank}{quote}")

    def batches(self, stream: BinaryIO) -> Iterator[Batch]:
        for block in self.blocks(stream):
            yield self._batch(block)

    def blocks(self, stream: BinaryIO) -> Iterator[Block]:
        """Cut the file where a record ends, at least every BLOCK_BYTES where that is possible."""
        line, skip, pending = 1, self.copy.ignore_header, b""
        for chunk in self._chunks(stream):
            pending += chunk
            skip, line, pending = _skip_lines(pending, skip, line)
            if skip:
                continue
            end = self._end_of_records(pending)
            if end:
                yield Block(pending[:end], line)
                line += pending.count(b"\n", 0, end)
                pending = pending[end:]
        if pending and not skip:
            yield Block(pending, line)

    def _chunks(self, stream: BinaryIO) -> Iterator[bytes]:
        codec = _CODECS.get(self.copy.encoding)
        decode = codecs.getincrementaldecoder(codec)("strict").decode if codec else None
        while chunk := stream.read(BLOCK_BYTES):
            text = decode(chunk).encode() if decode else chunk
            for at in range(0, len(text), BLOCK_BYTES):  # an inflated chunk may be many times larger
                yield text[at : at + BLOCK_BYTES]

    def _end_of_records(self, data: bytes) -> int:
        """The position after the last newline that ends a record, or 0."""
        end = data.rfind(b"\n") + 1
        if self.copy.csv:
            quote = self.quote.encode()
            odd = data.count(quote, 0, end) % 2
            while end and odd:
                earlier = data.rfind(b"\n", 0, end - 1) + 1
                odd = (odd + data.count(quote, earlier, end)) % 2
                end = earlier
        elif self.copy.escape:
            while end and _escaped(data, end - 1):
                end = data.rfind(b"\n", 0, end - 1) + 1
        return end

    def _batch(self, block: Block) -> Batch:
        rows = self._quick(block.data)
        if rows is not None:
            return Batch(rows)
        batch = Batch([])
        for record in self.records(block):
            if record.fields is not None:
                batch.rows.append(record.fields)
            elif record.error is not None:
                batch.bad.append(record.error)
        return batch

    def _quick(self, data: bytes) -> list[list[str]] | None:
        """The rows of a block if it holds nothing unusual, else None."""
        if b"\0" in data or len(data) > MAX_ROW_BYTES or self.copy.accept_inv_chars:
            return None
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return None
        if self.copy.csv and self.quote in text:
            rows = self._quick_quoted(text)
        elif (self.copy.escape and "\\" in text) or self.copy.removequotes:
            return None
        else:
            rows = self._quick_plain(text)
        if rows is None or {len(row) for row in rows} - {self.column_count}:
            return None
        return rows

    def _quick_plain(self, text: str) -> list[list[str]] | None:
        if "\r" in text:
            text = text.replace("\r\n", "\n")
            if "\r" in text:
                return None
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        if "" in lines:
            return None
        separator = self.separator
        return [line.split(separator) for line in lines]

    def _quick_quoted(self, text: str) -> list[list[str]] | None:
        if "\r\r" in text or not self._encloses_whole_fields(text):
            return None
        reader = csv.reader(
            io.StringIO(text, newline="\n"),
            delimiter=self.separator,
            quotechar=self.quote,
            doublequote=True,
            strict=True,
        )
        try:
            rows = list(reader)
        except csv.Error:
            return None
        return None if [] in rows else rows

    def _encloses_whole_fields(self, text: str) -> bool:
        """Whether each quote opens a field, closes one, or is doubled inside one; Python's csv takes others too."""
        parts = text.split(self.quote)
        outside = parts[0::2]  # an empty one is a doubled quote, or an end of the text
        ends, starts = (self.separator, "\n"), (self.separator, "\n", "\r\n")
        return (
            len(parts) % 2 == 1
            and all(part.endswith(ends) for part in outside[:-1] if part)
            and all(part.startswith(starts) for part in outside[1:] if part)
        )

    def records(self, block: Block) -> Iterator[Record]:
        """The records of a block by the exact rules, one after the other."""
        text = block.data.decode("utf-8", "surrogateescape")
        at, line = 0, block.line
        while at < len(text):
            if self.copy.csv:
                fields, end, reason = self._csv_record(text, at)
            else:
                fields, end, reason = self._text_record(text, at)
            raw = text[at:end].rstrip("\r\n")
            record = self._judge(Record(line, raw, fields), reason)
            if record is not None:
                yield record
            line += text.count("\n", at, end)
            at = end

    def _csv_record(self, text: str, at: int) -> tuple[list[str], int, str]:
        fields: list[str] = []
        start = at
        while True:
            if self._opening.match(text, at):
                found = self._quoted.match(text, at)
                if not found:
                    return [], _line_end(text, start), "Invalid quote formatting for CSV"
                fields.append(found.group(1).replace(self.quote * 2, self.quote))
                at = found.end()
            else:
                found = self._plain.match(text, at)
                assert found is not None
                if self.quote in found.group():
                    return [], _line_end(text, start), "Invalid quote formatting for CSV"
                at = found.end()
                last = at >= len(text) or text[at] == "\n"
                fields.append(found.group().removesuffix("\r") if last else found.group())
            if text.startswith("\r\n", at):
                at += 1
            if at >= len(text) or text[at] == "\n":
                return fields, min(at + 1, len(text)), ""
            if text[at] != self.separator:  # a lone carriage return at the end
                return fields, at + 1, ""
            at += 1

    def _text_record(self, text: str, at: int) -> tuple[list[str], int, str]:
        end = _line_end(text, at)
        if self.copy.escape:
            while end < len(text) + 1 and _escaped_newline(text, at, end):
                end = _line_end(text, end)
        body = text[at:end].removesuffix("\n")
        if not (self.copy.escape and body.endswith("\\\r")):
            body = body.removesuffix("\r")
        if not self.copy.escape and not self.copy.removequotes:
            return body.split(self.separator), end, ""
        fields, reason = self._split(body)
        return fields, end, reason

    def _split(self, body: str) -> tuple[list[str], str]:
        """Fields of a line with ESCAPE, REMOVEQUOTES or both."""
        fields: list[str] = []
        at = 0
        while True:
            value, at, reason = self._field(body, at)
            if reason:
                return [], reason
            fields.append(value)
            if at >= len(body):
                return fields, ""
            at += 1
            if at == len(body):
                return [*fields, ""], ""

    def _field(self, body: str, at: int) -> tuple[str, int, str]:
        start, out = at, list[str]()
        closing = body[at] if self.copy.removequotes and at < len(body) and body[at] in "'\"" else ""
        at += bool(closing)
        while at < len(body):
            letter = body[at]
            if letter == "\\" and self.copy.escape and at + 1 < len(body):
                out.append(body[at + 1])
                at += 2
                continue
            if closing:
                if letter == closing and (at + 1 == len(body) or body[at + 1] == self.separator):
                    return "".join(out), at + 1, ""
            elif letter == self.separator:
                break
            out.append(letter)
            at += 1
        if closing:
            return "", at, "Delimited value missing end quote"
        raw = body[start:at]
        if raw == self.copy.null_marker:
            return raw, at, ""
        return "".join(out), at, ""

    def _judge(self, record: Record, reason: str) -> Record | None:
        """Decide whether a record can be a row; None for a line that is passed over."""
        raw = record.raw
        if not raw and self.copy.ignore_blank_lines:
            return None
        if reason:
            return rejected(record, 1216 if "quote" in reason else 1214, reason)
        if "\0" in raw:
            return rejected(record, 1216, "Invalid input line: NUL character")
        if len(raw.encode("utf-8", "surrogateescape")) > MAX_ROW_BYTES:
            return rejected(record, 1216, "Input row exceeds the maximum size of 4 MB")
        fields = record.fields or []
        if not raw and self.column_count > 1:
            return rejected(record, 1211, "Input data line is empty")
        if len(fields) == self.column_count + 1 and not fields[-1] and not self.copy.csv:
            fields.pop()  # a line may end with a delimiter, as in venue_noseats.txt (r_COPY_command_examples)
        if len(fields) > self.column_count:
            return rejected(record, 1202, "Extra column(s) found")
        if len(fields) < self.column_count:
            if not self.copy.fill_record:
                return rejected(record, 1203, "Input data had fewer columns than were defined in the DDL", len(fields))
            fields += [""] * (self.column_count - len(fields))
        record.fields = fields
        return self._check_characters(record)

    def _check_characters(self, record: Record) -> Record:
        assert record.fields is not None
        replacement = self.copy.accept_inv_chars
        for index, value in enumerate(record.fields):
            if replacement is not None:
                value = _NONCHARACTER.sub(lambda found: replacement * len(found.group().encode()), value)
                record.fields[index] = value
            if not _LONE.search(value):
                continue
            if replacement is None:
                encoded = value.encode("utf-8", "surrogateescape")
                return rejected(record, 1220, bad_sequence(encoded), index, value)
            record.fields[index] = _LONE.sub(replacement, value)
        return record


def _skip_lines(data: bytes, skip: int, line: int) -> tuple[int, int, bytes]:
    while skip:
        end = data.find(b"\n") + 1
        if not end:
            break
        data, skip, line = data[end:], skip - 1, line + 1
    return skip, line, data


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _escaped(data: bytes, at: int) -> bool:
    """Is the byte at `at` preceded by an odd number of backslashes?"""
    start = at
    while start and data[start - 1] == 0x5C:
        start -= 1
    return (at - start) % 2 == 1


def _escaped_newline(text: str, start: int, end: int) -> bool:
    if end >= len(text) and not text.endswith("\n"):
        return False
    at = end - 1
    first = at
    while first > start and text[first - 1] == "\\":
        first -= 1
    return (at - first) % 2 == 1 and end < len(text)
