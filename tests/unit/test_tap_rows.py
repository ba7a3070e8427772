"""Bad rows, drift, headers and types: what is refused, what is kept, and what the message says."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tap_csv_extract.cli import TapCsvExtract
from tap_csv_extract.errors import ConfigError, HeaderError, RowRejected
from tap_csv_extract.header import column_names

from tests.unit.tap_run import last_state, properties, records, run_lines, run_tap

BAD = b'id|name\n1|one\n2\n3|three|3\nx|four\n5|f\xefve\n"6"6|six\n7|seven\n'


@pytest.fixture
def bad(tmp_path: Path) -> dict[str, Any]:
    """A file with one bad row of each sort."""
    path = tmp_path / "bad.csv"
    path.write_bytes(BAD)
    return {"path": str(path), "types": {"id": "integer"}, "reject_path": str(tmp_path / "rejects.jsonl")}


def rejects(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(entry["reject_path"]).read_text().splitlines()]


def test_rejected_rows_keep_their_bytes(bad: dict[str, Any]) -> None:
    """Every bad row goes to the reject file with file, physical line, reason and its original bytes."""
    assert [record["id"] for record in records(run_tap({**bad, "on_bad_row": "reject"}))] == [1, 7]
    found = rejects(bad)
    assert {entry["file"] for entry in found} == {bad["path"]}
    assert sorted((entry["line"], entry.get("column"), entry.get("raw")) for entry in found if "raw" in entry) == [
        (3, None, "2\n"),
        (4, None, "3|three|3\n"),
        (5, "id", "x|four\n"),
        (7, None, '"6"6|six\n'),
    ]
    broken = next(entry for entry in found if "raw_base64" in entry)
    assert (broken["line"], broken["column"], broken["raw_base64"]) == (6, "name", "NXxm73ZlCg==")
    assert "'x' is no integer" in next(entry["reason"] for entry in found if entry["line"] == 5)
    codes = {3: "WIDTH", 4: "WIDTH", 5: "VALUE", 6: "ENCODING", 7: "QUOTE"}
    assert {entry["line"]: entry["reason"].rpartition(" ")[2] for entry in found} == {
        line: f"[CSV-ROW-{code}]" for line, code in codes.items()
    }


def test_padded_rows(bad: dict[str, Any], tmp_path: Path) -> None:
    """`pad` fills a row that is too short with NULL; the others are rejected if there is a file for them."""
    got = records(run_tap({**bad, "on_bad_row": "pad"}))
    assert got == [{"id": 1, "name": "one"}, {"id": 2, "name": None}, {"id": 7, "name": "seven"}]
    assert sorted(entry["line"] for entry in rejects(bad)) == [4, 5, 6, 7]
    with pytest.raises(RowRejected, match=r"line 4: has 3 fields, expected 2"):
        run_tap({**bad, "on_bad_row": "pad", "reject_path": None})


def test_first_bad_row_stops_the_run(bad: dict[str, Any]) -> None:
    """By default the first bad row of a block stops the run, and no row of its block is sent."""
    with pytest.raises(
        RowRejected,
        match=r"bad.csv, line 3: has 1 fields, expected 2; correct 'delimiter' if none is found in any row, correct",
    ):
        run_tap(bad)


def test_rejected_rows_count_as_done(bad: dict[str, Any]) -> None:
    """A file with rejected rows is done; the next run neither sends nor rejects anything again."""
    entry = {**bad, "on_bad_row": "reject", "replication_method": "INCREMENTAL"}
    state = last_state(run_tap(entry))
    count = len(rejects(bad))
    assert records(run_tap(entry, state)) == []
    assert len(rejects(bad)) == count


def test_reject_needs_a_file(bad: dict[str, Any]) -> None:
    """Rejected rows are never dropped: without a file for them the settings are refused."""
    with pytest.raises(ConfigError, match="set 'reject_path'"):
        run_tap({**bad, "on_bad_row": "reject", "reject_path": None})


def test_rejects_of_another_encoding_are_the_bytes_of_the_file(tmp_path: Path) -> None:
    """The reject file holds what stands in the file, not what was made of it."""
    path = tmp_path / "a.csv"
    path.write_bytes("a|b\nü|1|2\n".encode("utf-16"))
    entry = {"path": str(path), "encoding": "utf-16", "on_bad_row": "reject", "reject_path": str(tmp_path / "r")}
    run_tap(entry)
    assert base64.b64decode(rejects(entry)[0]["raw_base64"]) == "ü|1|2\n".encode("utf-16-le")


def test_a_row_behind_an_open_quote_is_read(tmp_path: Path) -> None:
    """A quote that is never closed costs the line it stands in, not the rest of the file."""
    path = tmp_path / "a.csv"
    path.write_text('a|b\n1|x\n2|"y\n3|z\n')
    entry = {"path": str(path), "on_bad_row": "reject", "reject_path": str(tmp_path / "r")}
    assert [record["a"] for record in records(run_tap(entry))] == [1, 3]
    assert rejects(entry)[0]["raw"] == '2|"y\n'


def test_a_row_may_have_so_many_bytes(tmp_path: Path) -> None:
    """`max_row_bytes` bounds a row, and lines that are skipped; the message names it."""
    path = tmp_path / "a.csv"
    path.write_text('a|b\n1|"' + "x\n" * 40 + '"\n2|y\n')
    entry = {"path": str(path), "on_bad_row": "reject", "reject_path": str(tmp_path / "r")}
    assert [record["a"] for record in records(run_tap({**entry, "max_row_bytes": 90}))] == [1, 2]
    run_tap({**entry, "max_row_bytes": 80})
    assert "a quote is opened and not closed within 80 bytes ('max_row_bytes'); " in rejects(entry)[0]["reason"]
    said = "line 1: a line of more than 2 bytes; correct 'path' if it is no text, or set"
    with pytest.raises(RowRejected, match=said):
        run_tap({**entry, "skip_lines": 1, "max_row_bytes": 2})


def test_unknown_operation_is_rejected(tmp_path: Path) -> None:
    """A row of a change file with an unknown operation goes to the reject file."""
    path = tmp_path / "a.csv"
    path.write_text("insert|1\nmerge|2\n|3\nD|4\n")
    entry = {
        "path": str(path), "operation": "op", "header": ["id"],
        "on_bad_row": "reject", "reject_path": str(tmp_path / "r"),
    }  # fmt: skip
    assert [record["id"] for record in records(run_tap(entry))] == [1, 4]
    assert [(entry["line"], entry["column"]) for entry in rejects(entry)] == [(2, "op"), (3, "op")]


def test_values_of_the_operation_by_setting(tmp_path: Path) -> None:
    """What means delete can be set; the time of the delete can come from a column."""
    path = tmp_path / "a.csv"
    path.write_text("4|1|2020-06-01 12:00:00\n1|2|2020-06-02 12:00:00\n")
    got = records(
        run_tap(
            {
                "path": str(path), "operation": "op", "header": ["id", "at"], "operation_time": "at",
                "operation_values": {"delete": ["1"], "update": ["4"]},
            }
        )
    )  # fmt: skip
    assert [record["_sdc_deleted_at"] for record in got] == [None, "2020-06-02T12:00:00"]


def two_files(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "a.csv").write_text("id|name\n1|x\n")
    (tmp_path / "b.csv").write_text("id|city|since\n2|Rome|2020-06-01\n")
    return {"path": str(tmp_path / "*.csv"), "stream": "people", "replication_method": "INCREMENTAL"}


def test_drift_is_refused(tmp_path: Path) -> None:
    """By default a file with other columns stops the run and names the difference."""
    with pytest.raises(HeaderError, match=r"b.csv, header: has \['city', 'since'\] more and lacks \['name'\]"):
        run_tap(two_files(tmp_path))


def test_drift_adds_columns(tmp_path: Path) -> None:
    """`add` takes new columns in with a new SCHEMA before their records; missing ones are left out of records."""
    entry = two_files(tmp_path)
    (tmp_path / "b.csv").rename(tmp_path / "b")
    catalog_of_a = run_tap({**entry, "drift": "add"})
    assert list(properties(catalog_of_a)) == ["id", "name"]
    (tmp_path / "b").rename(tmp_path / "b.csv")
    messages = run_tap({**entry, "drift": "add"})
    assert records(messages) == [{"id": 1, "name": "x"}, {"id": 2, "city": "Rome", "since": "2020-06-01"}]


def test_drift_during_a_run_sends_a_schema(tmp_path: Path) -> None:
    """A file with new columns that the catalog does not know brings its own SCHEMA, with types."""
    from tap_csv_extract.cli import TapCsvExtract

    entry = two_files(tmp_path)
    (tmp_path / "b.csv").rename(tmp_path / "b")
    catalog = TapCsvExtract(config={"files": [entry]}).catalog_dict
    (tmp_path / "b").rename(tmp_path / "b.csv")
    messages = run_tap({**entry, "drift": "add"}, catalog=catalog)
    kinds = [message["type"] for message in messages if message["type"] != "STATE"]
    assert kinds == ["SCHEMA", "RECORD", "SCHEMA", "RECORD"]
    assert properties(messages)["since"] == {"type": ["string", "null"], "format": "date"}
    with pytest.raises(HeaderError, match="compared with the columns of stream 'people'"):
        run_tap(entry, catalog=catalog)


def test_drift_takes_no_key_away(tmp_path: Path) -> None:
    """A file without the key, the operation or the replication key is refused even where columns may drift."""
    entry = {**two_files(tmp_path), "drift": "add", "keys": ["name"]}
    with pytest.raises(HeaderError, match=r"b.csv, header: lacks \['name'\]"):
        run_tap(entry)


def test_drift_is_quarantined(tmp_path: Path) -> None:
    """`quarantine` leaves the file unread and unmarked, so that it is read once it fits."""
    entry = {**two_files(tmp_path), "drift": "quarantine", "reject_path": str(tmp_path / "r"), "on_bad_row": "reject"}
    messages = run_tap(entry)
    assert records(messages) == [{"id": 1, "name": "x"}]
    assert rejects(entry)[0]["file"] == str(tmp_path / "b.csv")
    (tmp_path / "b.csv").write_text("name|id\ny|2\n")
    assert records(run_tap(entry, last_state(messages))) == [{"name": "y", "id": 2}]


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        (["id", "id", "id"], ("id", "id_2", "id_3")),
        (["", "a", " "], ("column_1", "a", "column_3")),
        (["id", "id", "id_2"], ("id", "id_3", "id_2")),
        (["column_2", ""], ("column_2", "column_2_2")),
    ],
)
def test_blank_and_double_headers(fields: list[str], names: tuple[str, ...]) -> None:
    """Every column gets a name of its own, the same in every run."""
    assert column_names(fields) == names


def test_a_header_may_be_called_like_null(tmp_path: Path) -> None:
    """Null markers are for values: a column may be called NA."""
    (tmp_path / "a.csv").write_text("id|NA\n1|NA\n")
    assert records(run_tap({"path": str(tmp_path / "a.csv"), "null_values": ["NA"]})) == [{"id": 1, "NA": None}]


def test_no_header(tmp_path: Path) -> None:
    """Without a header columns are called by their place."""
    (tmp_path / "a.csv").write_text("1|x\n")
    assert records(run_tap({"path": str(tmp_path / "a.csv"), "header": False})) == [{"column_1": 1, "column_2": "x"}]


def test_blank_lines(tmp_path: Path) -> None:
    """A blank line is no row, but in a file of one column it is a row that holds nothing."""
    (tmp_path / "two.csv").write_text("a|b\n\n1|x\n\n\n2|y\n\n")
    (tmp_path / "one.csv").write_text('a\n1\n\n""\n')
    assert [record["a"] for record in records(run_tap({"path": str(tmp_path / "two.csv")}))] == [1, 2]
    assert [record["a"] for record in records(run_tap({"path": str(tmp_path / "one.csv")}))] == ["1", None, ""]


def test_lines_left_out(tmp_path: Path) -> None:
    """Lines before the header, comments and a footer are no rows; physical lines are still counted."""
    (tmp_path / "a.csv").write_text('Report of\n"June\nid|name\n# no row\n1|x\n2|y\nTotal|2\n\n')
    entry = {
        "path": str(tmp_path / "a.csv"), "skip_lines": 2, "skip_footer_lines": 2, "comment": "#",
        "add_source_columns": True,
    }  # fmt: skip
    got = records(run_tap(entry))
    assert [(record["id"], record["_sdc_source_line"]) for record in got] == [(1, 5), (2, 6)]
    assert got[0]["_sdc_source_file"] == str(tmp_path / "a.csv")


def test_a_row_that_is_all_there_is(tmp_path: Path) -> None:
    """Without a header a file of one row is read, with or without a line end."""
    for end in ("", "\n"):
        (tmp_path / "a.csv").write_text("1|x" + end)
        got = records(run_tap({"path": str(tmp_path / "a.csv"), "header": False}))
        assert got == [{"column_1": 1, "column_2": "x"}]


@pytest.mark.parametrize("header", [True, False])
def test_first_row_that_cannot_be_read(tmp_path: Path, header: bool) -> None:
    """A quote that is opened in the header is an error, not a file without rows."""
    (tmp_path / "a.csv").write_text('id|"name\n1|x\n')
    with pytest.raises(RowRejected, match=r"a.csv, line 1: the first row, which tells the columns, cannot be read"):
        run_tap({"path": str(tmp_path / "a.csv"), "header": header, "replication_method": "INCREMENTAL"})


def test_columns_called_like_the_tap_s_own(tmp_path: Path) -> None:
    """A file may have _sdc_ columns of its own, unless the tap is asked to add them."""
    (tmp_path / "a.csv").write_text("id|_sdc_source_line|_sdc_deleted_at\n1|x|y\n")
    entry = {"path": str(tmp_path / "a.csv")}
    expected = [{"id": 1, "_sdc_source_line": "x", "_sdc_deleted_at": "y"}]
    assert records(run_tap(entry)) == expected
    catalog = TapCsvExtract(config={"files": [entry]}).catalog_dict
    assert records(run_tap(entry, catalog=catalog)) == expected
    with pytest.raises(ConfigError, match="have a column '_sdc_source_line', which the tap adds"):
        run_tap({**entry, "add_source_columns": True})


def test_comment_without_line_end(tmp_path: Path) -> None:
    """A file may end in a comment that has no line end."""
    (tmp_path / "a.csv").write_text("id|name\n1|x\n# end")
    entry = {"path": str(tmp_path / "a.csv"), "comment": "#", "replication_method": "INCREMENTAL"}
    messages = run_tap(entry)
    assert records(messages) == [{"id": 1, "name": "x"}]
    assert records(run_tap(entry, last_state(messages))) == []


def test_physical_lines_with_line_ends_inside_fields(tmp_path: Path) -> None:
    """_sdc_source_line is the line of the file where the row begins, not the number of the row."""
    (tmp_path / "a.csv").write_text('id|note\n1|"a\nb"\n\n2|"c\r\nd"\n3|e\n')
    got = records(run_tap({"path": str(tmp_path / "a.csv"), "add_source_columns": True}))
    assert [record["_sdc_source_line"] for record in got] == [2, 5, 7]
    assert [record["note"] for record in got] == ["a\nb", "c\r\nd", "e"]


@pytest.mark.parametrize(
    ("kind", "text", "json_text"),
    [
        ("integer", "007", "7"),
        ("integer", "+5", "5"),
        ("integer", "9223372036854775807", "9223372036854775807"),
        ("integer", "9223372036854775808", None),
        ("integer", "1.0", "1"),
        ("integer", "1.5", None),
        ("integer", "١٢", None),
        ("decimal(5,2)", "123.45", "123.45"),
        ("decimal(5,2)", "123.456", None),
        ("decimal(5,2)", "123.4500", "123.45"),
        ("decimal(5,2)", "1234", None),
        ("decimal(5,2)", "-.5", "-0.5"),
        ("decimal(5,2)", "1e2", "100"),
        ("decimal", "0.10", "0.10"),
        ("number", "1e5", "1e5"),
        ("number", "nan", None),
        ("number", "Infinity", None),
        ("number", "1_000", None),
        ("boolean", "Yes", "true"),
        ("boolean", "0", "false"),
        ("boolean", "maybe", None),
        ("date", "2020-02-29", '"2020-02-29"'),
        ("date", "2019-02-29", None),
        ("date", "0000-01-01", None),
        ({"type": "date", "format": "%d.%m.%Y"}, "01.06.2020", '"2020-06-01"'),
        ({"type": "date", "format": "%d.%m.%Y"}, "31.06.2020", None),
        ({"type": "date", "format": "%d %b %Y"}, "01 Jun 2020", '"2020-06-01"'),
        ({"type": "timestamp", "format": "%m/%d/%Y %H:%M"}, "6/1/2020 9:05", '"2020-06-01T09:05:00"'),
        ("timestamp", "2020-06-01 12:00:00", '"2020-06-01T12:00:00"'),
        ("timestamp", "2020-06-01T12:00:00.5Z", '"2020-06-01T12:00:00.5Z"'),
        ("timestamp", "2020-06-01 12:00:00+0200", '"2020-06-01T12:00:00+02:00"'),
        ("timestamp", "2020-06-01 12:00:00-05", '"2020-06-01T12:00:00-05:00"'),
        ("timestamp", "2020-06-01 12:00:60", None),
        ("timestamp", "2020-06-31 12:00:00", None),
        ("timestamp", "2020-06-01", None),
        ("time", "23:59:59", '"23:59:59"'),
        ("time", "24:00:00", None),
        ("json", '{"a": [1, 2.50]}', '{"a":[1,2.50]}'),
        ("json", "{a}", None),
        ("string", 'q"\\\t\x01é\U0001f600', '"q\\"\\\\\\t\\u0001é\U0001f600"'),
    ],
)
def test_declared_types(tmp_path: Path, kind: Any, text: str, json_text: str | None) -> None:
    """A declared type takes every spelling of its values and refuses everything else."""
    (tmp_path / "a.csv").write_text(f"k|v\n1|{text}\n")
    entry = {"path": str(tmp_path / "a.csv"), "types": {"v": kind}, "quote": ""}
    if json_text is None:
        with pytest.raises(RowRejected, match=r"line 2, column 'v': "):
            run_lines(entry)
    else:
        line = next(line for line in run_lines(entry) if '"RECORD"' in line)
        assert f'"v":{json_text}}}' in line
        json.loads(line)


CELLS = st.none() | st.text(st.sampled_from('ab|",;\n\r\\ é\x00\t01-'), max_size=5)


@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=8),
    st.sampled_from(["|", ",", "\t", "||", "§"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tables_arrive_as_they_left(
    tmp_path: Path, table: list[list[str | None]], delimiter: str, line_end: str, encoding: str, types: bool
) -> None:
    """Whatever stands in quoted cells arrives, NULL and the empty text told apart, with types and without."""

    def written(cell: str | None) -> str:
        return "" if cell is None else '"' + cell.replace('"', '""') + '"'

    path = tmp_path / "a.csv"
    lines = [delimiter.join(written(cell) for cell in row) for row in [["x", "y"], *table]]
    path.write_bytes((line_end.join(lines) + line_end).encode(encoding))
    entry = {"path": str(path), "delimiter": delimiter, "encoding": encoding, "all_text": not types}
    found = [json.loads(line, parse_int=str, parse_float=str) for line in run_lines(entry)]
    got = [[record["x"], record["y"]] for record in records(found)]
    assert got == table


def test_inferred_type_takes_only_what_reads_back_the_same(tmp_path: Path) -> None:
    """A later '007' does not become 7 because a sample has seen integers only."""
    (tmp_path / "a.csv").write_text("v|w\n" + "1|x\n" * 400_000 + "007|x\n")
    with pytest.raises(
        RowRejected, match=r"line 400002, column 'v': '007' is no integer; declare the column in 'types'"
    ):
        run_lines({"path": str(tmp_path / "a.csv"), "sample_bytes": 1000})


def test_labels_stay_text(tmp_path: Path) -> None:
    """Numbers in columns called phone or zip are text."""
    (tmp_path / "a.csv").write_text("id|home_phone|zip|phones\n1|2125551234|10115|3\n")
    found = properties(run_tap({"path": str(tmp_path / "a.csv")}))
    assert [found[name]["type"][0] for name in found] == ["integer", "string", "string", "integer"]


def test_all_text(tmp_path: Path) -> None:
    """One switch leaves every column text, but for those that `types` names."""
    (tmp_path / "a.csv").write_text("a|b|c\n1|2020-06-01|2\n")
    entry = {"path": str(tmp_path / "a.csv"), "all_text": True, "types": {"c": "integer"}}
    assert records(run_tap(entry)) == [{"a": "1", "b": "2020-06-01", "c": 2}]


def test_formats_by_setting(tmp_path: Path) -> None:
    """Dates and timestamps of another form are recognised if the settings name it."""
    (tmp_path / "a.csv").write_text("d|t|iso\n01/06/2020|01/06/2020 12:30|2020-06-01\n")
    entry = {"path": str(tmp_path / "a.csv"), "date_format": "%d/%m/%Y", "timestamp_format": "%d/%m/%Y %H:%M"}
    messages = run_tap(entry)
    assert records(messages) == [{"d": "2020-06-01", "t": "2020-06-01T12:30:00", "iso": "2020-06-01"}]
    assert [found.get("format") for found in properties(messages).values()] == ["date", "date-time", None]


def test_singer_decimal(tmp_path: Path) -> None:
    """By setting, decimals are strings of the format singer.decimal."""
    (tmp_path / "a.csv").write_text("v|w\n1.50|1\n-2|1\n|1\n")
    messages = run_tap({"path": str(tmp_path / "a.csv"), "decimals": "singer.decimal"})
    assert properties(messages)["v"] == {
        "type": ["string", "null"], "format": "singer.decimal", "precision": 38, "scale": 2,
    }  # fmt: skip
    assert [record["v"] for record in records(messages)] == ["1.50", "-2", None]
