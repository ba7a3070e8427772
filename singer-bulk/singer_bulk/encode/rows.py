"""Columns -> a function from records to row bytes.

The file is pipe-delimited UTF-8, one row per line end `\\n` outside quotes: text stands between double quotes, a
quote inside is doubled, NULL is the file's marker without quotes. docs/file-format.md has the grammar.

Sources: CSV and DELIMITER of Redshift's COPY, https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html,
its NULL AS, https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html,
TYPE = CSV of Snowflake's COPY INTO, https://docs.snowflake.com/en/sql-reference/sql/copy-into-table
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import msgspec

from singer_bulk.encode.documents import MAX_DEPTH
from singer_bulk.encode.fields import column_encoder, field_encoder
from singer_bulk.encode.record_decoder import (
    FEW_COLUMNS,
    MISSING,
    ByName,
    is_scattered,
    record_decoder,
    record_of,
)
from singer_bulk.encode.seen import seen_of
from singer_bulk.errors import (
    SHOWN_CHARACTERS,
    KeyPropertyMissing,
    MessageError,
    RecordInvalid,
    RecordRejected,
    StageError,
    ValueRejected,
    shown,
)
from singer_bulk.model.added import TABLE_VERSION
from singer_bulk.model.check import Check
from singer_bulk.model.columns import Column
from singer_bulk.model.file_format import ColumnOutgrown, FieldEncoder, FileFormat, Outgrown, Unfit, quoted
from singer_bulk.model.messages import Records, are_plain, mended
from singer_bulk.model.seen import ColumnSeen, merge

NULL_JSON = b"null"
# Properties that a SCHEMA lacks are named up to this many; then records may have any. Each new one makes a decoder.
MAX_PASSED = 200
# Takes decoded RECORDs and the sequence number of the first, and returns the fields of their metadata columns, a "|"
# before each. A run of records has a suffix of its own, because all its rows share one time of arrival.
Suffix = Callable[[Sequence[Any], int], list[bytes]]


class Varying(Enum):
    """A field behind those of the columns that is not the same in all rows of a run."""

    SEQUENCE = "the number of the row"
    EXTRACTED_AT = "the RECORD's time_extracted"
    TABLE_VERSION = "the RECORD's version"


class Added(Protocol):
    """The fields behind those of the columns."""

    def suffix(self) -> Suffix | None:
        """Return what writes them for a run of records; None if there are none."""

    def parts(self) -> list[bytes | Varying]:
        """Return each of them for a run of records: the field, or what it follows from."""


class NoFields:
    """A table without metadata columns."""

    def suffix(self) -> Suffix | None:
        """Return None."""
        return None

    def parts(self) -> list[bytes | Varying]:
        """Return nothing."""
        return []


class LoneField:
    """A table of one column, where NULL is an empty field: an empty second field.

    Without it a row of NULL would be a blank line, and a blank line is not a row (SKIP_BLANK_LINES). COPY INTO selects
    its fields by number, and does not select the second one."""

    def suffix(self) -> Suffix | None:
        """Return what writes it."""
        return lambda messages, sequence: [b"|"] * len(messages)

    def parts(self) -> list[bytes | Varying]:
        """Return the empty field."""
        return [b""]


@dataclass(frozen=True)
class LeftOut:
    """The column that names what a record of a partial feed left out.

    whole: by operation property, the values (JSON texts) whose records are whole, so that a property they lack is null.
    """

    column: Column
    whole: Mapping[str, frozenset[bytes]]


class RowEncoder:
    """Turns RECORD lines of one stream into rows; made once per SCHEMA.

    columns: those with a property. keys, required: properties that each record must have. on_unknown: called with the
    names of properties that the SCHEMA does not have, with each of them once. extra: the column for such properties.
    check: what the SCHEMA demands beyond its columns. left_out: the column for what a partial update leaves out.
    """

    def __init__(
        self,
        stream: str,
        columns: Sequence[Column],
        file_format: FileFormat,
        *,
        keys: frozenset[str] = frozenset(),
        required: frozenset[str] = frozenset(),
        added: Added = NoFields(),  # noqa: B008 - it has no state
        on_unknown: Callable[[Sequence[str]], None] | None = None,
        extra: Column | None = None,
        check: Check | None = None,
        left_out: LeftOut | None = None,
    ) -> None:
        self.stream = stream
        self.check = check
        self.columns = tuple(columns)
        self._null = file_format.null
        self._marker = quoted(self._null)
        self._max_bytes = file_format.row_max_bytes
        self.encoders = [column_encoder(column, file_format) for column in columns]
        self._rules = file_format.rules
        self._added = added
        self._extra = None if extra is None else (extra, field_encoder(extra.type, file_format))
        self._left_out = None if left_out is None else (left_out, field_encoder(left_out.column.type, file_format))
        self.left_out_seen: frozenset[str] = frozenset()  # columns that some record left out
        self.seen = (ColumnSeen(),) * len(self.columns)  # what the fields of all rows so far show, by column
        self._on_unknown = on_unknown
        self._keys = keys
        self.required = required = required | keys
        # The names that are known not to be in the SCHEMA; None: there may be any, and nobody is to know.
        self.passed: tuple[str, ...] | None = () if on_unknown else None
        self._by_name: bool | None = None if len(self.columns) > FEW_COLUMNS else False
        self._decoder = record_decoder(columns, required, self.passed)

    def goes_by_name(self, records: Records) -> bool:
        """Return whether properties are looked up by name, because the first record orders them in another way."""
        if self._by_name is None and records.count:
            self._by_name = is_scattered(records.lines[0], self.columns)
            if self._by_name:
                self._decoder = ByName(self.columns, self.required, self.passed)
        return bool(self._by_name)

    @property
    def takes_unknown(self) -> bool:
        """Whether any property that no column has is passed over, and nobody is to know."""
        return self.passed is None and self._extra is None

    @property
    def names_missing(self) -> bool:
        """Whether a field names what a record left out."""
        return self._left_out is not None

    def parts(self) -> list[bytes | Varying]:
        """Return the fields behind those of the columns, for records that lack nothing and have nothing unknown."""
        return [self._null] * ((self._extra is not None) + self.names_missing) + self._added.parts()

    def encode(self, records: Records, sequence: int) -> bytes:
        """Return the rows of the records; the first has the number `sequence`, each next one more.

        Raises ValueRejected or MessageError for the first record that is refused, ColumnOutgrown, or StageError.
        """
        try:
            if self.check is not None:
                self.check(records)
        except RecordInvalid as invalid:
            self.encode(records.split(records.line_numbers.index(invalid.line_number))[0], sequence)
            raise
        self.goes_by_name(records)
        rows, written = [], []
        suffix = self._added.suffix()
        for number, line in zip(records.line_numbers, records.lines, strict=True):
            message = self._decode(line, number)
            fields = self._fields(message.record, number)
            written.append(tuple(fields))
            fields += [] if self._extra is None else [self._extra_field(line, number)]
            fields += [] if self._left_out is None else [self._left_out_field(message.record, number)]
            row = b"|".join(fields)
            if self._null and self._marker in row and self._marker in fields:
                # The marker is random per batch, so this takes an adversary who reads our memory, or a bug.
                problem = f"stream {self.stream!r}: a value equals the batch's NULL marker; run again"
                raise StageError(problem, code="STAGE-MARKER")
            row += self._suffix_fields(suffix, message, number, sequence) if suffix else b""
            if self._max_bytes is not None and len(row) > self._max_bytes:
                raise self._too_long(message.record, number, len(row))
            rows += [row, b"\n"]
            sequence += 1
        self._look_at(written)
        return b"".join(rows)

    def _look_at(self, written: Sequence[tuple[bytes, ...]]) -> None:
        """Note what the fields of rows show; of a run in which a record is rejected, nothing."""
        if written:
            columns = zip(self.columns, self.seen, zip(*written, strict=True), strict=True)
            self.seen = tuple(merge(seen, seen_of(one.type, fields, self._null)) for one, seen, fields in columns)

    def _too_long(self, record: Any, line_number: int, byte_count: int) -> RecordRejected:
        values = zip(self.columns, msgspec.structs.astuple(record), strict=False)  # behind them is what is passed
        names = ", ".join(
            f"{column.property} {shown(bytes(raw))}" for column, raw in values if column.property in self._keys
        )
        return RecordRejected(
            line_number,
            f"stream {self.stream!r}: the row ({names or 'no key'}) has {byte_count} bytes, "
            f"COPY takes {self._max_bytes}",
            "split the record, or leave its largest property out by a stream map",
            code="REC-LONG",
        )

    def _fields(self, record: Any, line_number: int) -> list[bytes]:
        null = self._null
        values = [bytes(raw) for raw in msgspec.structs.astuple(record)]
        fields: list[bytes] = []
        position = 0
        try:
            for position, encode in enumerate(self.encoders):
                raw = values[position]
                if raw == MISSING:
                    fields.append(null)
                elif raw == NULL_JSON:
                    fields.append(self._null_field(position))
                else:
                    fields.append(encode(raw))
        except Unfit as unfit:
            place = f" ({_path_shown(self.columns[position], unfit)})" if unfit.path else ""
            rejected = ValueRejected(
                stream=self.stream,
                line_number=line_number,
                column=self.columns[position].name,
                expected=unfit.expected + place + self._because(self.columns[position]),
                value=values[position],
                remedy=self._remedy(self.columns[position], unfit),
            )
            if isinstance(unfit, Outgrown) and not self.columns[position].chosen:
                raise ColumnOutgrown(self.columns[position].name, unfit.needed, rejected) from unfit.bare()
            raise rejected from unfit.bare()
        return fields

    def _because(self, column: Column) -> str:
        """Return why a setting that allows to alter values does not hold for the column."""
        allowed = self._rules.of(column) == self._rules
        return "" if allowed else " (it decides what becomes of its row, so no setting lets it be altered)"

    def _remedy(self, column: Column, unfit: Unfit) -> str:
        if column.chosen and isinstance(unfit, Outgrown):
            return "mend it at its source, or give the column a type that holds it in the setting 'columns'"
        if not self._because(column):
            return unfit.remedy
        return "mend it at its source, or set on_invalid_record to reject, which sets the record aside"

    def _extra_field(self, line: bytes, line_number: int) -> bytes:
        """Return the field that holds the properties that the SCHEMA does not have, as one JSON object."""
        assert self._extra is not None
        column, encode = self._extra
        known = {column.property for column in self.columns}
        record = record_of(line)
        members = [msgspec.json.encode(name) + b":" + bytes(raw) for name, raw in record.items() if name not in known]
        if not members:
            return self._null
        return self._own_field(column, encode, b"{" + b",".join(members) + b"}", line_number)

    def _own_field(self, column: Column, encode: FieldEncoder, raw: bytes, line_number: int) -> bytes:
        """Return the field of a column that no property fills."""
        try:
            return encode(raw)
        except Unfit as unfit:
            raise ValueRejected(
                stream=self.stream,
                line_number=line_number,
                column=column.name,
                expected=unfit.expected,
                value=raw,
                remedy=unfit.remedy,
            ) from unfit.bare()

    def _left_out_field(self, record: Any, line_number: int) -> bytes:
        """Return the field that names the columns that the record left out."""
        assert self._left_out is not None
        left_out, encode = self._left_out
        values = list(zip(self.columns, map(bytes, msgspec.structs.astuple(record)), strict=False))
        names = [column.name for column, raw in values if raw == MISSING]
        whole = left_out.whole
        if not names or any(raw in whole.get(str(column.property), ()) for column, raw in values):
            return self._null
        self.left_out_seen = self.left_out_seen.union(names)
        raw = msgspec.json.encode(msgspec.json.encode(names).decode())
        return self._own_field(left_out.column, encode, raw, line_number)

    def _suffix_fields(self, suffix: Suffix, message: Any, line_number: int, sequence: int) -> bytes:
        try:
            return b"".join(suffix([message], sequence))
        except Unfit as unfit:
            # Only the version can be unfit: a time_extracted that is no date-time becomes NULL, the rest is ours.
            raise ValueRejected(
                stream=self.stream,
                line_number=line_number,
                column=TABLE_VERSION,
                expected=unfit.expected,
                value=message.version,
                remedy="send a version of 64 bits, as of a clock",
            ) from unfit.bare()

    def _null_field(self, position: int) -> bytes:
        column = self.columns[position]
        if not column.takes_null:
            remedy = "load the stream by append-only" if column.property in self._keys else "let the SCHEMA allow null"
            raise Unfit("takes no null", f"send a value, or {remedy}")
        return self._null

    def _decode(self, line: bytes, line_number: int) -> Any:
        try:
            line.decode("utf-8")  # the fields stay bytes, so nothing else checks that they are UTF-8
            message = self._decoder.decode(line)
        except msgspec.ValidationError as error:
            return self._explain(line, line_number, error)
        except RecursionError as error:
            problem = f"stream {self.stream!r}: the record is nested deeper than {MAX_DEPTH} levels"
            raise RecordRejected(line_number, problem, "flatten the record at its source", code="REC-DEEP") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._refuse_mended(line, line_number)
            raise MessageError(
                line_number,
                f"stream {self.stream!r}: broken JSON ({error})",
                "each line must be one JSON object in UTF-8",
                code="IN-JSON",
            ) from error
        if message.stream != self.stream:
            raise MessageError(
                line_number, f"two streams in one RECORD: {message.stream!r}", "check the tap", code="IN-MESSAGE"
            )
        return message

    def _refuse_mended(self, line: bytes, line_number: int) -> None:
        """Raise RecordRejected if halves of surrogates, NaN or Infinity are all that is wrong with the line."""
        whole = mended(line)
        if whole == line:
            return
        self._decode(whole, line_number)
        names = {column.property: column.name for column in self.columns}
        end = 0
        for name, raw in record_of(whole).items():
            start = whole.find(bytes(raw), end)
            if start < 0:
                break  # a name stands twice
            end = start + len(bytes(raw))
            value = line[start:end]
            if value != bytes(raw):
                text = b"\\u" in bytes(raw)
                raise ValueRejected(
                    stream=self.stream,
                    line_number=line_number,
                    column=names.get(name, name),
                    expected="takes valid unicode, not half a pair of surrogates" if text else "takes JSON numbers",
                    value=value,
                    remedy="repair the text at its source" if text else "send null for NaN and Infinity at its source",
                )
        problem = f"stream {self.stream!r}: half a pair of surrogates is no unicode, NaN and Infinity are no JSON"
        raise RecordRejected(line_number, problem, "repair the record at its source", code="REC-JSON")

    def _explain(self, line: bytes, line_number: int, error: msgspec.ValidationError) -> Any:
        if self.passed is not None and "unknown field" in str(error):
            self._pass_unknown(line)
            return self._decode(line, line_number)
        problem = _in_json_words(error)
        missing_key = any(f"missing required property '{key}'" in problem for key in self._keys)
        problem, remedy = f"stream {self.stream!r}: {problem}", "send what the SCHEMA requires"
        if missing_key:
            raise KeyPropertyMissing(line_number, problem, remedy) from error
        raise RecordRejected(line_number, problem, remedy, code="REC-REQUIRED") from error

    def _pass_unknown(self, line: bytes) -> None:
        """Report the properties of the record that the SCHEMA does not have, and take them from now on."""
        assert self.passed is not None
        assert self._on_unknown is not None
        known = {*(column.property for column in self.columns), *self.passed}
        try:
            found = [name for name in record_of(line) if name not in known]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            found = []
        if not found:
            # What is wrong with the line behind the property, or its second record, is the decoder's that takes any.
            self.passed = None
        else:
            self._on_unknown(found)
            passed = (*self.passed, *found)
            self.passed = passed if len(passed) <= MAX_PASSED and are_plain(passed) else None
        decoder = ByName if self._by_name else record_decoder
        self._decoder = decoder(self.columns, self.required, self.passed)


def _path_shown(column: Column, unfit: Unfit) -> str:
    """Return the place of the value within the record, cut like every value in a message."""
    path = f"$.{column.property}{unfit.path}"
    return path if len(path) <= SHOWN_CHARACTERS else path[: SHOWN_CHARACTERS - 3] + "..."


def _in_json_words(error: msgspec.ValidationError) -> str:
    return str(error).replace("Object missing required field", "missing required property").replace("`", "'")
