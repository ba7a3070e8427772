"""The native pass leaves a line to the definition wherever it is not certain of the row."""

from __future__ import annotations

import gc
import json
import threading
from datetime import datetime, timezone
from types import TracebackType

import pytest
from singer_bulk.encode.added_fields import MetadataFields
from singer_bulk.encode.blocks import BlockEncoder
from singer_bulk.encode.rows import LeftOut, RowEncoder
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.messages import Records
from singer_bulk.schema.json_schema import TypeRules, columns_of
from singer_bulk.schema.record_check import record_check

from tests.fuzz.rows import outcome
from tests.unit.test_blocks import FORMATS, ODD_NUMBERS, ODD_SCALARS, REDSHIFT, encoded_by, line_of, same

NOON = datetime(2024, 5, 6, 12, tzinfo=timezone.utc)
LONG_TEXT = '"' + "a" * 70_000 + '"'


@pytest.mark.parametrize("file_format", FORMATS, ids=["redshift", "snowflake", "small"])
def test_a_scalar_in_a_column_of_documents(file_format: object) -> None:
    """A number or a string that is the whole document is judged like one inside a document."""
    column = [Column("c", ColumnType(Kind.JSON), "p")]
    for scalar in [*ODD_NUMBERS, *ODD_SCALARS, LONG_TEXT]:
        same(column, [line_of(f'{{"p": {scalar}}}')], file_format)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["1", "-1", "null", "1.5", "1.0", "1e3", "1" * 20, "1" * 5000, '"1"', "true", "{}"])
def test_a_version_that_no_column_keeps(version: str) -> None:
    """The version of a RECORD has to be an integer, whether or not a column keeps it."""
    line = line_of('{"p": 1}')[:-1] + f', "version": {version}}}'
    same([Column("c", ColumnType(Kind.INTEGER), "p")], [line], REDSHIFT)


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.JSON])
def test_the_marker_of_null_inside_a_text(kind: Kind) -> None:
    """Only a field that is the marker is refused: between quotes of its text, the marker is a part of that text."""
    column, marker = [Column("c", ColumnType(kind), "p")], REDSHIFT.null.decode()
    for text in (f'x"{marker}"y', f'"{marker}"', f'"{marker}', f'{marker}"', marker * 2, f"|{marker}|"):
        for value in (json.dumps(text), json.dumps({"a": text}), json.dumps({text: marker})):
            if kind is Kind.JSON or value.startswith('"'):
                # An escape that is left to the definition, which looks for the marker once more.
                assert isinstance(same(column, [line_of(f'{{"p": {value}}}')], REDSHIFT), bytes)
                odd = line_of(f'{{"p": {value}}}, "\\u0061": 1')
                assert isinstance(same(column, [odd], REDSHIFT), bytes)
    if kind is Kind.TEXT:
        assert not isinstance(same(column, [line_of(json.dumps({"p": marker}))], REDSHIFT), bytes)


ODD_LINES = [
    line_of('{"more": 1}')[:-1] + ', "record": {"p": 2}}',
    line_of('{"p": "\\ud800", "q": 1, "p": 2}'),
    line_of('{"": [0, 1]}'),
    "5",
]


@pytest.mark.parametrize("line", ODD_LINES)
def test_a_line_that_no_tap_writes(line: str) -> None:
    """A second record, a name twice beside half a character, an empty name, no object: rows or an error of ours."""
    schema = {"properties": {"p": {"type": ["integer", "string"]}, "": {"type": "array", "items": {"enum": [0]}}}}
    columns = list(columns_of(schema, TypeRules(), {"p": "p", "": "q"}))
    same(columns, [line], REDSHIFT, check=record_check("s", schema, columns), on_unknown=lambda names: None)


def test_what_is_said_of_a_record_with_two_faults() -> None:
    """It does not depend on the records beside it."""
    schema = {"properties": {"p": {"enum": ["red", 1]}, "q": {"type": "integer"}}}
    columns = list(columns_of(schema, TypeRules(), {"p": "p", "q": "q"}))
    lines = [line_of('{"p": null}'), line_of('{"p": "blue", "q": 1}')]
    same(columns, lines, REDSHIFT, check=record_check("s", schema, columns), required=frozenset({"q"}))


@pytest.mark.parametrize(
    "number", ["1e99999999999999999999", "-1e99999999999999999999", "1e-99999999999999999999", "0e99999999999999999999"]
)
def test_an_exponent_beyond_any_decimal(number: str) -> None:
    """It is judged by what the SCHEMA demands, like one that is not as far out."""
    schema = {"properties": {"p": {"type": ["number", "string"], "maximum": 5}}}
    columns = list(columns_of(schema, TypeRules(), {"p": "p"}))
    found = same(columns, [line_of(f'{{"p": {number}}}')], REDSHIFT, check=record_check("s", schema, columns))
    assert isinstance(found, bytes) == (number[:2] != "1e" or number[2] == "-")


def test_too_many_names_of_what_a_record_left_out() -> None:
    """A list of names that the column for them cannot hold is an error that names the line and the column."""
    columns = [Column(name * 100, ColumnType(Kind.TEXT), name) for name in "ab"]
    left_out = LeftOut(Column("_sdc_missing", ColumnType(Kind.TEXT, max_bytes=150)), {})
    assert "_sdc_missing" in str(same(columns, [line_of("{}")], REDSHIFT, left_out=left_out))
    assert isinstance(same(columns, [line_of('{"a": "x"}')], REDSHIFT, left_out=left_out), bytes)


def test_lines_that_are_refused_leave_no_trace() -> None:
    """A refused value keeps neither its line nor the frames that came to it: there may be one in every record."""
    columns = [Column(kind.value, ColumnType(kind, precision=3), kind.value) for kind in Kind if kind is not Kind.OTHER]
    added = MetadataFields(["_sdc_extracted_at"], REDSHIFT, lambda: NOON, NOON)
    encoder = BlockEncoder(RowEncoder("s", columns, REDSHIFT, added=added), REDSHIFT)

    def refused(times: int) -> int:
        for number in range(times):
            for column in columns:
                line = line_of(f'{{"{column.name}": {LONG_TEXT}}}')[:-1] + f', "time_extracted": "no{number}"}}'
                outcome(encoded_by(encoder), Records.of_lines("s", [line.encode()], [0]), 0)
        gc.collect()
        return sum(isinstance(each, TracebackType) for each in gc.get_objects())

    assert refused(3) == refused(9)


def test_threads_that_meet_new_names_at_once() -> None:
    """Several threads at one encoder write the rows of one, while the first records bring names that are new."""
    column = [Column("c", ColumnType(Kind.INTEGER), "p")]
    runs = [
        Records.of_lines("s", [line_of(f'{{"p": {n}, "new{n % 7}": {at}}}').encode() for n in range(50)], range(50))
        for at in range(8)
    ]
    encoder = BlockEncoder(RowEncoder("s", column, REDSHIFT, on_unknown=lambda names: None), REDSHIFT)
    rows: list[bytes] = []
    errors: list[BaseException] = []

    def encode(records: Records) -> None:
        try:
            rows.extend(encoder.encode(records, 0, bytes) for _ in range(20))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=encode, args=[records]) for records in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert rows == [b"".join(b"%d\n" % n for n in range(50))] * 160
