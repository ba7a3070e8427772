"""Files that a BATCH names are read as the RECORDs that they stand for, or refused by name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import zstandard
from pyarrow import parquet
from singer_bulk.batch_files.bytes_of import PIECE_BYTES, decompressed
from singer_bulk.batch_files.csv_rows import rows_of_csv
from singer_bulk.batch_files.read import BatchReader
from singer_bulk.errors import BulkError, Interrupted
from singer_bulk.errors.places import line_of, places
from singer_bulk.messages import messages_of, read_blocks
from singer_bulk.model.load import OVERWRITE
from singer_bulk.model.messages import BatchFiles, Schema

from tests.fakes import Bench, lines, record, schema, state

ORDERS = "analytics.orders"
PROPERTIES = {
    "id": {"type": "integer"},
    "note": {"type": ["null", "string"]},
    "amount": {"type": ["null", "number"], "multipleOf": 0.01},
}
ROWS = [{"id": 1, "note": 'a|b"', "amount": 1.5}, {"id": 2, "note": ""}, {"id": 3, "note": None, "amount": 3}]
JSON_LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
TABLE = pa.table(
    {
        "id": [1, 2, 3],
        "note": ['a|b"', "", None],
        "amount": pa.array([Decimal("1.5"), None, Decimal(3)], pa.decimal256(40, 1)),
    }
)


def batch(*addresses: Path | str, form: str = "jsonl", **encoding: Any) -> dict[str, Any]:
    """Return a BATCH of these files."""
    named = {"format": form, **encoding}
    return {"type": "BATCH", "stream": "orders", "encoding": named, "manifest": [*map(str, addresses)]}


def loaded(*messages: Any, **settings: Any) -> list[str]:
    """Return the rows of the table behind a run."""
    bench = Bench()
    bench.run(lines(schema(**PROPERTIES), *messages, state(1)), **settings)
    assert bench.emitted == ["1"]
    return bench.warehouse.rows(ORDERS)


def refusal(*messages: Any, **settings: Any) -> str:
    """Return the error of a run, which has committed and emitted nothing."""
    bench = Bench()
    with pytest.raises(BulkError) as caught:
        bench.run(lines(schema(**PROPERTIES), *messages, state(1)), **settings)
    assert (bench.warehouse.rows(ORDERS), bench.emitted) == ([], [])
    return str(caught.value)


def arrow_stream(path: Path) -> None:
    with pa.ipc.new_stream(path, TABLE.schema) as writer:
        writer.write(TABLE)


def arrow_file(path: Path) -> None:
    with pa.ipc.new_file(path, TABLE.schema) as writer:
        writer.write(TABLE)


def zipped_arrow(path: Path) -> None:
    arrow_file(path)
    path.write_bytes(gzip.compress(path.read_bytes()))


CSV = b'id,note,amount\r\n1,"a|b""",1.5\r\n2,"",\r\n3,,3\r\n'
# How files are written -> their format and compression.
WAYS: dict[str, tuple[Callable[[Path], Any], str, str | None]] = {
    "json lines": (lambda path: path.write_bytes(JSON_LINES), "jsonl", None),
    "without the last line end": (lambda path: path.write_bytes(JSON_LINES[:-1] + b"\n\n \r\n"), "jsonl", "none"),
    "gzip": (lambda path: path.write_bytes(gzip.compress(JSON_LINES)), "jsonl", "gzip"),
    "two members": (
        lambda path: path.write_bytes(gzip.compress(JSON_LINES[:9]) + gzip.compress(JSON_LINES[9:])),
        "jsonl",
        "gzip",
    ),
    "zstd": (lambda path: path.write_bytes(zstandard.compress(JSON_LINES)), "jsonl", "zstd"),
    "csv": (lambda path: path.write_bytes(CSV), "csv", None),
    "csv with a mark": (lambda path: path.write_bytes(b"\xef\xbb\xbf" + CSV[:-2]), "csv", None),
    "csv in zstd": (lambda path: path.write_bytes(zstandard.compress(CSV)), "csv", "zstd"),
    "parquet": (lambda path: parquet.write_table(TABLE, path), "parquet", None),
    "parquet of the SDK": (lambda path: parquet.write_table(TABLE, path, compression="gzip"), "parquet", "gzip"),
    "arrow stream": (arrow_stream, "arrow", None),
    "arrow file": (arrow_file, "arrow", None),
    "arrow in gzip": (zipped_arrow, "arrow", "gzip"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("address", ["{}", "file://{}"])
def test_a_file_becomes_the_rows_of_its_records(way: str, address: str, tmp_path: Path) -> None:
    """Value by value as RECORDs of the same data; numbers are compared as numbers."""
    write, form, compression = WAYS[way]
    write(tmp_path / "file")
    before = (tmp_path / "file").read_bytes()
    found = loaded(batch(address.format(tmp_path / "file"), form=form, compression=compression))
    expected = loaded(*(record(**row) for row in ROWS))
    assert [row.replace("|3.0", "|3") for row in found] == expected
    assert (tmp_path / "file").read_bytes() == before


def test_a_file_of_the_bucket_is_read_and_stays() -> None:
    """An s3 address is read by the stage, and the run removes none but its own files."""
    bench = Bench()
    bench.stage.files["theirs/a.jsonl"] = JSON_LINES
    address = bench.stage.url("theirs/a.jsonl")
    text = lines(schema(**PROPERTIES), batch(address), state(1))
    bench.run(text, keep_staged_files=False, sweep_after_hours=1)
    assert len(bench.warehouse.rows(ORDERS)) == 3
    assert [*bench.stage.files] == ["theirs/a.jsonl"]
    bench.stage.files["theirs/bad.jsonl"] = b"{"
    with pytest.raises(BulkError, match=r"file 's3://.*bad\.jsonl', line 1: broken JSON"):
        bench.run(lines(schema(**PROPERTIES), batch(bench.stage.url("theirs/bad.jsonl"))), keep_staged_files=False)
    assert [*bench.stage.files] == ["theirs/a.jsonl", "theirs/bad.jsonl"]


def test_records_of_files_count_for_the_state(tmp_path: Path) -> None:
    """What no STATE covers, of a tap that resumes, is not loaded: as with RECORDs."""
    (tmp_path / "a").write_bytes(JSON_LINES)
    bench = Bench()
    with pytest.raises(BulkError, match="3 records of 'orders' that no STATE covers"):
        bench.run(lines(schema(**PROPERTIES), state(1), batch(tmp_path / "a")))
    assert bench.warehouse.rows(ORDERS) == []


def test_a_batch_and_records_follow_one_another(tmp_path: Path) -> None:
    """A stream may be sent in both; the version of a BATCH is that of its records."""
    (tmp_path / "a").write_bytes(b'{"id":2}\n')
    rows = loaded(record(id=1), {**batch(tmp_path / "a"), "version": 7}, record(id=3), add_record_metadata=True)
    assert [row.split("|")[0] for row in rows] == ["1", "2", "3"]
    assert [row.split("|").count("7") for row in rows] == [0, 1, 0]


def test_a_rejected_record_is_set_aside(tmp_path: Path) -> None:
    """With its file and line in the reason, and as a RECORD that can be loaded again."""
    (tmp_path / "a").write_bytes(b'{"id":1}\n{"id":"x"}\n{"id":3}\n')
    bench = Bench()
    bench.run(lines(schema(**PROPERTIES), batch(tmp_path / "a"), state(1)), on_invalid_record="reject")
    assert [row[0] for row in bench.warehouse.rows(ORDERS)] == ["1", "3"]
    (rejected,) = [content for key, content in bench.stage.files.items() if "_rejected" in key]
    told = json.loads(rejected.splitlines()[1])
    assert (told["type"], told["record"]) == ("RECORD", {"id": "x"})
    assert f"file '{tmp_path}/a', line 2: column 'id'" in told["rejected_because"]


def test_a_masked_value_is_in_no_error(tmp_path: Path) -> None:
    """A line that is shown elsewhere is not shown where values are masked."""
    for form, content in {"jsonl": b'{"note":"secret\n', "csv": b'id,note,amount\n1,"secret"x,\n'}.items():
        (tmp_path / form).write_bytes(content)
        assert "secret" not in refusal(batch(tmp_path / form, form=form), mask={"note": "redact"})


def test_a_signal_ends_the_run_between_files(tmp_path: Path) -> None:
    """A BATCH of many files is one message, which does not hold a signal up."""
    addresses = [tmp_path / str(number) for number in range(5)]
    for address in addresses:
        address.write_bytes(JSON_LINES)
    asked = iter([None] * 3)
    bench = Bench()
    with pytest.raises(Interrupted):
        bench.run(lines(schema(**PROPERTIES), batch(*addresses), state(1)), stop_signal=lambda: next(asked, 15))
    assert bench.warehouse.rows(ORDERS) == []


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ({"format": "avro"}, "files of the format 'avro'; its format may be jsonl, csv, parquet or arrow [IN-BATCH]"),
        ({}, "files of the format None"),
        ({"format": "jsonl", "compression": "bz2"}, "files of the compression 'bz2'; it may be gzip, zstd or none"),
        ({"format": "csv", "delimiter": ";"}, "says 'delimiter' of its files"),
    ],
)
def test_an_unknown_encoding_is_refused_by_name(encoding: dict[str, Any], told: str) -> None:
    """Before a file is looked at."""
    assert told in refusal({**batch("nowhere"), "encoding": encoding})


def test_a_batch_in_the_wrong_place_is_refused(tmp_path: Path) -> None:
    """Before its SCHEMA; with a file that the stream has named already."""
    (tmp_path / "a").write_bytes(JSON_LINES)
    one = batch(tmp_path / "a")
    assert "[IN-NO-SCHEMA]" in refusal({**one, "stream": "others"})
    assert "twice" in refusal(batch(tmp_path / "a", tmp_path / "a"))
    assert "line 3: the BATCH of stream 'orders' names the file" in refusal(one, one)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("missing", "cannot be read: No such file"),
        (".", "cannot be read: Is a directory"),
        ("gs://bucket/key", "is of a kind that is not read"),
        ("file://elsewhere/key", "is on another machine"),
        ("s3://bucket", "is no address of a file"),
        ("s3://bucket/missing", "there is no such file"),
    ],
)
def test_a_file_that_cannot_be_opened_is_named(address: str, told: str) -> None:
    """The message names the address and what is wrong with it."""
    text = refusal(batch(address))
    assert (told in text, address in text) == (True, True)


@pytest.mark.parametrize("way", ["gzip", "zstd", "parquet", "arrow stream", "arrow file", "csv"])
def test_a_file_that_is_cut_off_is_refused(way: str, tmp_path: Path) -> None:
    """Wherever it is cut, where the format has an end of its own; CSV inside of a row."""
    write, form, compression = WAYS[way]
    write(tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    ends = [0, 1, len(whole) // 2, len(whole) - 8, len(whole) - 1] if way != "csv" else [0, 20, 34]
    for end in ends:
        (tmp_path / "cut").write_bytes(whole[:end])
        assert "IN-BATCH" in refusal(batch(tmp_path / "cut", form=form, compression=compression))


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """A tap that goes on writing behind its BATCH."""
    path = tmp_path / "a"
    path.write_bytes(JSON_LINES * 100_000)
    bench = Bench()
    left = iter(range(3))

    def grown() -> None:
        if next(left, None) == 2:
            with path.open("ab") as file:
                file.write(JSON_LINES)

    with pytest.raises(BulkError, match="was changed while it was read"):
        bench.run(lines(schema(**PROPERTIES), batch(path), state(1)), stop_signal=grown)
    assert bench.warehouse.rows(ORDERS) == []


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    """Its STATE comes out; a full load of nothing does not empty a table."""
    (tmp_path / "a").write_bytes(b"")
    assert loaded(batch(tmp_path / "a")) == []
    bench = Bench()
    bench.run(lines(schema(**PROPERTIES), record(id=1, note="", amount=1), state(1)))
    with pytest.raises(BulkError, match="the full load has no record"):
        bench.run(lines(schema(**PROPERTIES), batch(tmp_path / "a"), state(1)), load_method=OVERWRITE)
    assert len(bench.warehouse.rows(ORDERS)) == 1


@pytest.mark.parametrize("line", ['{"id":1},"x":{}', "[1]", "1", '{"id":', '{"id":1}{"id":2}', '{"id":1}}'])
def test_a_line_that_is_no_object_is_refused(line: str, tmp_path: Path) -> None:
    """Even where it would be a member of the RECORD that is made of it."""
    (tmp_path / "a").write_text('{"id":1}\n' + line)
    assert f"file '{tmp_path}/a', line 2: broken JSON" in refusal(batch(tmp_path / "a"))


VALUES: dict[str, tuple[Any, str]] = {
    "decimal": (pa.array([Decimal("12345678901234567.89")], pa.decimal128(19, 2)), "12345678901234567.89"),
    "integer": (pa.array([2**63 - 1]), str(2**63 - 1)),
    "unsigned": (pa.array([2**63], pa.uint64()), str(2**63)),
    "double": (pa.array([0.1]), "0.1"),
    "instant": (pa.array([datetime(2020, 7, 1, 12)], pa.timestamp("us", "Europe/Berlin")), '"2020-07-01 14:00:00'),
    "nanosecond": (pa.array([1], pa.timestamp("ns")), '"1970-01-01 00:00:00.000000001"'),
    "date": (pa.array([date(2020, 2, 29)]), '"2020-02-29"'),
    "time": (pa.array([time(1, 2, 3, 4)]), '"01:02:03.000004"'),
    "dictionary": (pa.array(["a"]).dictionary_encode(), '"a"'),
    "document": (pa.array([{"x": [1, None]}]), '{"x":[1,null]}'),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_of_parquet_keeps_its_digits(name: str, tmp_path: Path) -> None:
    """Of every type that is taken, in the JSON of the record."""
    array, expected = VALUES[name]
    parquet.write_table(pa.table({"note": array}), tmp_path / "a")
    source = lines(schema(**PROPERTIES), batch(tmp_path / "a", form="parquet")).encode()

    (block,) = read_blocks(BytesIO(source))
    assert block is not None
    declared, message = messages_of(block)
    assert isinstance(declared, Schema)
    assert isinstance(message, BatchFiles)
    reader = BatchReader(lambda bucket, key: iter([]), repr)
    reader.declare(declared)
    (records,) = reader.records(message)
    assert records.text.startswith(b'{"type":"RECORD","stream":"orders","record":{"note":' + expected.encode())


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (pa.array([float("nan")]), "has nan in column 'note'"),
        (pa.array([float("inf")]), "has inf in column 'note'"),
        (pa.array([b"x"]), "of type binary"),
        (pa.array([1], pa.duration("s")), "of type duration"),
        (pa.array([[date(2020, 1, 1)]]), "of type list"),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "of type map"),
    ],
)
def test_what_json_does_not_hold_is_refused_by_its_column(array: Any, told: str, tmp_path: Path) -> None:
    """Nothing is turned into null or into a text that nobody has asked for."""
    parquet.write_table(pa.table({"note": array}), tmp_path / "a")
    assert told in refusal(batch(tmp_path / "a", form="parquet"))


def test_a_place_is_one_of_the_input_or_of_a_file() -> None:
    """The line alone for the input, with the file for what a BATCH names; two of them name both."""
    first = places.begin("s3://bucket/a", "row") + 1
    assert (places.text(7), places.span(7, 9)) == ("line 7", "lines 7 to 9")
    assert places.text(first) == "file 's3://bucket/a', row 1"
    assert places.span(7, first) == "line 7 to file 's3://bucket/a', row 1"
    assert (line_of(7), line_of(first)) == (7, 1)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_csv_is_the_same_however_it_is_cut_into_parts(size: int) -> None:
    """Quotes, line ends and characters of several bytes may lie on both sides of a cut."""
    text = 'a,b\r\n"x""y\r\nz",\n"",é\n,"€,"'.encode()
    parts = (text[start : start + size] for start in range(0, len(text), size))
    assert [*rows_of_csv("a", parts)] == [["a", "b"], ['x"y\r\nz', None], ["", "é"], [None, "€,"]]


@pytest.mark.parametrize("text", [b'a\n"x"y\n', b'a\nx"y\n', b"a\nx\ry\n", b'a\n"x', b"a\n\xff\n", b'a\n"x\n'])
def test_csv_to_the_letter(text: bytes) -> None:
    """What another reader would take in its own way is refused."""
    with pytest.raises(BulkError, match="IN-BATCH-FILE"):
        [*rows_of_csv("a", iter([text]))]


def test_decompressing_gives_parts_of_bounded_size() -> None:
    """A file of a gigabyte of zeros does not become one piece of memory."""
    packed = gzip.compress(bytes(64 << 20))
    parts = [*decompressed("a", iter([packed]), "gzip")]
    assert sum(map(len, parts)) == 64 << 20
    assert max(map(len, parts)) <= 1100 * PIECE_BYTES
