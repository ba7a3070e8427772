"""STATE knows each file: what is read again, what goes on, what is left out."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tap_csv_extract.cli import TapCsvExtract
from tap_csv_extract.errors import ConfigError, RowRejected

from tests.unit.tap_run import last_state, records, run_tap, until_state

ROWS = [f"insert|{number}|status {number}|2020-06-01 12:00:{number % 60:02d}\n" for number in range(3000)]


def entry(path: Path | str, **more: Any) -> dict[str, Any]:
    return {
        "path": str(path), "stream": "changes", "header": ["id", "status", "at"], "operation": "op",
        **more,
    }  # fmt: skip


def ids(messages: list[dict[str, Any]]) -> list[int]:
    return [record["id"] for record in records(messages)]


def test_unchanged_file_is_left_out(tmp_path: Path) -> None:
    """A file that was read and has not changed sends nothing, even if it was touched or copied over itself."""
    path = tmp_path / "a.csv"
    path.write_text("".join(ROWS[:10]))
    state = last_state(run_tap(entry(path)))
    assert ids(run_tap(entry(path), state)) == []
    os.utime(path, ns=(1, 1))
    messages = run_tap(entry(path), state)
    assert ids(messages) == []
    assert last_state(messages)["bookmarks"]["changes"]["files"][str(path)]["modified"] == 1


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_grown_file_goes_on_where_it_ended(tmp_path: Path, packed: bool, encoding: str) -> None:
    """Only the rows that were added are sent, in a plain file and in one that must be unpacked or decoded."""
    path = tmp_path / ("a.csv.gz" if packed else "a.csv")

    def write(rows: list[str]) -> None:
        data = "".join(rows).replace("status", "stätus").encode(encoding)
        path.write_bytes(gzip.compress(data) if packed else data)

    write(ROWS[:1000])
    state = last_state(run_tap(entry(path, encoding=encoding)))
    write(ROWS[:1003])
    messages = run_tap(entry(path, encoding=encoding, add_source_columns=True), state)
    assert ids(messages) == [1000, 1001, 1002]
    assert [record["_sdc_source_line"] for record in records(messages)] == [1001, 1002, 1003]
    mark = last_state(messages)["bookmarks"]["changes"]["files"][str(path)]
    assert (mark["rows"], mark["line"], mark["done"]) == (1003, 1004, True)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_short_file_with_a_header_goes_on_where_it_ended(tmp_path: Path, name: str, encoding: str) -> None:
    """Reading the header takes in more than was read before; what was taken in is read all the same."""
    path = tmp_path / name
    pack = gzip.compress if name.endswith("gz") else bytes

    def write(count: int) -> None:
        path.write_bytes(pack(("op|id|status|at\n" + "".join(ROWS[:count])).encode(encoding)))

    write(10)
    settings = entry(path, header=True, encoding=encoding)
    state = last_state(run_tap(settings))
    write(13)
    assert ids(run_tap(settings, state)) == [10, 11, 12]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("".join(ROWS[:999]), id="shorter"),
        pytest.param("".join(ROWS[1000:2001]), id="longer"),
        pytest.param("".join([*ROWS[:500], "insert|0|STATUS 500|2020-06-01 12:00:20\n", *ROWS[501:1000]]), id="middle"),
    ],
)
def test_replaced_file_is_read_again(tmp_path: Path, other: str) -> None:
    """A file whose bytes are others by now is read from the beginning, even if only a row in its middle differs."""
    path = tmp_path / "a.csv"
    path.write_text("".join(ROWS[:1000]))
    state = last_state(run_tap(entry(path)))
    path.write_text(other)
    assert len(ids(run_tap(entry(path), state))) == len(other.splitlines())


def test_replaced_file_of_the_same_size_and_time(tmp_path: Path) -> None:
    """A file replaced by one of the same size and modification time is noticed."""
    path = tmp_path / "a.csv"
    path.write_text("".join(ROWS[:10]))
    os.utime(path, ns=(10**18, 10**18))
    state = last_state(run_tap(entry(path)))
    path.write_text("".join(ROWS[:10]).replace("status", "STATUS"))
    os.utime(path, ns=(10**18, 10**18))
    assert len(ids(run_tap(entry(path), state))) == 10


def test_renamed_file_is_left_out(tmp_path: Path) -> None:
    """A file that was read under another name is not sent again, and what it grows by is."""
    old, new = tmp_path / "a.csv", tmp_path / "b.csv"
    old.write_text("".join(ROWS[:10]))
    state = last_state(run_tap(entry(tmp_path)))
    old.rename(new)
    messages = run_tap(entry(tmp_path), state)
    assert ids(messages) == []
    state = last_state(messages)
    assert list(state["bookmarks"]["changes"]["files"]) == [str(new)]
    new.write_text("".join(ROWS[:11]))
    assert ids(run_tap(entry(tmp_path), state)) == [10]


def test_copy_of_a_file_is_another_file(tmp_path: Path) -> None:
    """A second file with the same bytes is read: only a file that is gone can have been renamed."""
    (tmp_path / "a.csv").write_text("".join(ROWS[:3]))
    state = last_state(run_tap(entry(tmp_path)))
    (tmp_path / "b.csv").write_text("".join(ROWS[:3]))
    assert ids(run_tap(entry(tmp_path), state)) == [0, 1, 2]


def test_two_files_of_the_same_second(tmp_path: Path) -> None:
    """A second file of the same size, name length and time is read, whenever it comes."""
    times = (10**18, 10**18)
    for name, row in (("a.csv", ROWS[100]), ("b.csv", ROWS[101])):
        (tmp_path / name).write_text(row)
        os.utime(tmp_path / name, ns=times)
    messages = run_tap(entry(tmp_path))
    assert ids(messages) == [100, 101]
    (tmp_path / "0.csv").write_text(ROWS[102])
    os.utime(tmp_path / "0.csv", ns=times)
    assert ids(run_tap(entry(tmp_path), last_state(messages))) == [102]


def test_order_is_that_of_names_and_lines(tmp_path: Path) -> None:
    """Change files are read in order of name, whatever the order of paths and times."""
    for name, row in (("c.csv", 3), ("a.csv", 1), ("b.csv", 2)):
        (tmp_path / name).write_text(ROWS[row])
    paths = [str(tmp_path / "c.csv"), str(tmp_path / "[ab].csv"), str(tmp_path)]
    assert ids(run_tap({**entry(""), "path": paths})) == [1, 2, 3]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_last_row_without_line_end(tmp_path: Path, line_end: str) -> None:
    """A last row without line end is sent, and not again when nothing but its line end has come."""
    path = tmp_path / "a.csv"
    path.write_text(ROWS[0] + ROWS[7].rstrip())
    messages = run_tap(entry(path))
    assert ids(messages) == [0, 7]
    state = last_state(messages)
    assert ids(run_tap(entry(path), state)) == []
    path.write_bytes((ROWS[0] + ROWS[7].rstrip() + line_end + ROWS[8]).encode())
    messages = run_tap(entry(path, add_source_columns=True), state)
    assert [(record["id"], record["_sdc_source_line"]) for record in records(messages)] == [(8, 3)]


def test_last_row_that_was_not_complete(tmp_path: Path) -> None:
    """A last row without line end that has grown by the next run is sent again, whole."""
    path = tmp_path / "a.csv"
    path.write_text(ROWS[0] + "insert|7|full|2020-")
    settings = entry(path, types={"at": "string"}, add_source_columns=True)
    messages = run_tap(settings)
    assert [record["at"] for record in records(messages)][1:] == ["2020-"]
    path.write_text(ROWS[0] + "insert|7|full|2020-06-01\n" + ROWS[8])
    got = records(run_tap(settings, last_state(messages)))
    assert [(record["id"], record["at"], record["_sdc_source_line"]) for record in got] == [
        (7, "2020-06-01", 2),
        (8, "2020-06-01 12:00:08", 3),
    ]


def test_file_that_begins_empty(tmp_path: Path) -> None:
    """An empty file, half a header and a whole one are all the same file that grows."""
    path = tmp_path / "a.csv"
    settings = {"path": str(path), "stream": "s", "replication_method": "INCREMENTAL", "drift": "add"}
    state: dict[str, Any] | None = None
    path.write_text("id|name\n1|x\n")
    catalog = TapCsvExtract(config={"files": [settings]}).catalog_dict
    for length, expected in ((0, []), (5, []), (8, []), (12, [1]), (15, [2])):
        path.write_text("id|name\n1|x\n2|y"[:length])
        messages = run_tap(settings, state, catalog=catalog)
        state = last_state(messages)
        assert ids(messages) == expected


def test_crash_goes_on_at_the_last_state(tmp_path: Path) -> None:
    """From every STATE of a run the next run sends exactly what had not been sent."""
    for number in range(3):
        (tmp_path / f"{number}.csv").write_text("".join(ROWS[number * 1000 : (number + 1) * 1000]))
    settings = entry(tmp_path, state_every_rows=250)
    messages = run_tap(settings)
    assert sum(message["type"] == "STATE" for message in messages) >= 12
    for count in range(1, len(messages), 211):
        kept = until_state(messages, count)
        rest = run_tap(settings, last_state(kept) if kept else None)
        assert ids(kept) + ids(rest) == list(range(3000))


def test_crash_of_an_unsorted_incremental_stream(tmp_path: Path) -> None:
    """The bookmark of a run that did not end filters nothing: rows are sent once, whatever their order."""
    rows = [f"{number}|2020-06-{30 - number % 30:02d} 12:00:00\n" for number in range(2000)]
    (tmp_path / "a.csv").write_text("".join(rows[:1000]))
    (tmp_path / "b.csv").write_text("".join(rows[1000:]))
    settings = {
        "path": str(tmp_path), "stream": "s", "header": ["id", "at"], "replication_key": "at", "state_every_rows": 150,
    }  # fmt: skip
    messages = run_tap(settings)
    final = last_state(messages)["bookmarks"]["s"]
    assert final["replication_key_value"] == "2020-06-30T12:00:00"
    for count in range(1, len(messages), 211):
        kept = until_state(messages, count)
        rest = run_tap(settings, last_state(kept) if kept else None)
        assert ids(kept) + ids(rest) == list(range(2000))
        assert last_state(rest)["bookmarks"]["s"]["replication_key_value"] == "2020-06-30T12:00:00"


def test_full_table_is_read_whole_in_every_run(tmp_path: Path) -> None:
    """FULL_TABLE keeps no marks: a replacement that went on in the middle would lose what came before."""
    (tmp_path / "a.csv").write_text("".join(ROWS[:5]))
    settings = {"path": str(tmp_path), "stream": "s", "header": ["op", "id", "status", "at"]}
    messages = run_tap(settings)
    assert ids(run_tap(settings, last_state(messages))) == [0, 1, 2, 3, 4]


def test_incremental_without_key_sends_each_file_once(tmp_path: Path) -> None:
    """INCREMENTAL without a replication key sends every row of new and grown files."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    settings = {"path": str(tmp_path), "stream": "s", "replication_method": "INCREMENTAL"}
    state = last_state(run_tap(settings))
    (tmp_path / "a.csv").write_text("id\n1\n2\n")
    (tmp_path / "b.csv").write_text("id\n0\n")
    assert ids(run_tap(settings, state)) == [2, 0]


@pytest.mark.parametrize(
    ("kind", "values", "bookmark", "overlap", "expected"),
    [
        ("timestamp", ["2020-01-01 00:00:00", "2020-01-02 00:00:00"], "2020-01-02T00:00:00", 0, [1]),
        ("timestamp", ["2020-01-01 23:59:00", "2020-01-01 12:00:00"], "2020-01-02T00:00:00", 60, [0]),
        ("timestamp", ["2020-01-02 00:00:00+02:00", "2020-01-02 00:00:00Z"], "2020-01-02T00:00:00", 0, [1]),
        ("timestamp", ["2020-01-02 00:00:00.5", "2020-01-02 00:00:00.4"], "2020-01-02T00:00:00.5", 0, [0]),
        ("date", ["2020-01-01", "2020-01-02", ""], "2020-01-02", 0, [1, 2]),
        ("date", ["2020-01-01", "2020-01-02"], "2020-01-02", 1, [0, 1]),
        ("integer", ["9", "10", "11"], 10, 0, [1, 2]),
        ("integer", ["9", "10", "11"], 10, 1, [0, 1, 2]),
        ("decimal(9,2)", ["9.99", "10.00", "10.01"], "10.00", 0, [1, 2]),
        ("string", ["a", "b", "é"], "b", 0, [1, 2]),
    ],
)
def test_rows_from_the_bookmark_on(
    tmp_path: Path, kind: str, values: list[str], bookmark: object, overlap: float, expected: list[int]
) -> None:
    """Rows not older than the bookmark less the overlap are sent; so is a row whose key is NULL."""
    (tmp_path / "a.csv").write_text("".join(f"{number}|{value}\n" for number, value in enumerate(values)))
    settings = {
        "path": str(tmp_path), "stream": "s", "header": ["id", "k"], "replication_key": "k", "types": {"k": kind},
        "overlap": overlap, "start_value": bookmark,
    }  # fmt: skip
    assert ids(run_tap(settings)) == expected


def test_a_key_that_does_not_sort(tmp_path: Path) -> None:
    """A key that is text is refused: 01/02/2020 comes before 12/31/2019. Who declares it as text has looked."""
    (tmp_path / "a.csv").write_text("id|at\n1|12/31/2019\n")
    settings = {"path": str(tmp_path), "stream": "s", "replication_key": "at"}
    with pytest.raises(ConfigError, match="replication_key 'at' is text"):
        run_tap(settings)
    assert len(records(run_tap({**settings, "types": {"at": "string"}}))) == 1
    form = {"type": "date", "format": "%m/%d/%Y"}
    state = last_state(run_tap({**settings, "types": {"at": form}}))
    assert state["bookmarks"]["s"]["replication_key_value"] == "2019-12-31"


def test_very_many_files_do_not_drown_in_state(tmp_path: Path) -> None:
    """With more than a hundred small files STATE stays a part of the output."""
    for number in range(250):
        (tmp_path / f"{number:04d}.csv").write_text(ROWS[number])
    messages = run_tap(entry(tmp_path))
    assert ids(messages) == list(range(250))
    assert sum(message["type"] == "STATE" for message in messages) < 150
    assert len(last_state(messages)["bookmarks"]["changes"]["files"]) == 250


@pytest.mark.parametrize("method", ["FULL_TABLE", "INCREMENTAL", "LOG_BASED"])
def test_state_says_that_a_stream_is_not_whole_yet(tmp_path: Path, method: str) -> None:
    """Every STATE before the end of a stream names it in `currently_syncing`; the one at its end has null there."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("".join(ROWS[:300]))
    messages = run_tap(entry(tmp_path / "*.csv", replication_method=method, state_every_rows=100))
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    assert len(states) == (2 if method == "FULL_TABLE" else 7)  # a full extract has no middle to go on from
    assert {state["currently_syncing"] for state in states[:-1]} == {"changes"}
    assert states[-1]["currently_syncing"] is None
    assert messages[-1]["type"] == "STATE"


def test_state_within_a_stream_is_taken_back(tmp_path: Path) -> None:
    """A run goes on from a STATE that names a stream; what it writes at its end has null."""
    path = tmp_path / "a.csv"
    path.write_text("".join(ROWS[:300]))
    messages = run_tap(entry(path, state_every_rows=100))
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    messages = run_tap(entry(path), states[0])
    assert ids(messages) == list(range(100, 300))
    assert last_state(messages)["currently_syncing"] is None


def test_stream_without_rows_ends_with_its_state(tmp_path: Path) -> None:
    """A full extract of no rows ends with a STATE too: a target that waits for it may empty the table."""
    path = tmp_path / "a.csv"
    path.write_text("")
    messages = run_tap(entry(path, replication_method="FULL_TABLE"))
    assert last_state(messages) == {"currently_syncing": None, "bookmarks": {"changes": {}}}


def test_stream_that_fails_is_still_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """After an error the last STATE says that the stream is not whole."""
    (tmp_path / "a.csv").write_text("".join(ROWS[:100]))
    (tmp_path / "b.csv").write_text("oops\n")
    with pytest.raises(RowRejected):
        TapCsvExtract(config={"files": [entry(tmp_path / "*.csv")]}).sync_all()
    last = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert last["value"]["currently_syncing"] == "changes"
    assert last["value"]["bookmarks"]["changes"]["files"][str(tmp_path / "a.csv")]["rows"] == 100


@pytest.mark.parametrize("finished", [True, False])
def test_bookmark_belongs_to_its_column(tmp_path: Path, finished: bool) -> None:
    """The highest value of one column is no bookmark of another, nor of the same column as text."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("id|at|seen\n1|2020-06-01 12:00:00|2019-01-01 12:00:00\n")
    settings: dict[str, Any] = {"path": str(tmp_path / "*.csv"), "stream": "s", "replication_key": "at"}
    messages = run_tap(settings)
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    state = states[-1] if finished else states[0]
    assert ("unfinished" in state["bookmarks"]["s"]) is not finished
    assert ids(run_tap({**settings, "types": {"at": "timestamp"}}, state)) == ([] if finished else [1])
    with pytest.raises(
        ConfigError, match="replication_key is 'seen', STATE has the highest value of 'at'; set it back"
    ):
        run_tap({**settings, "replication_key": "seen"}, state)
    with pytest.raises(ConfigError, match="'at' is of type string, STATE has its highest value as timestamp"):
        run_tap({**settings, "types": {"at": "string"}}, state)


def test_bookmark_of_an_earlier_version(tmp_path: Path) -> None:
    """A STATE that does not say how its values are compared is taken as before."""
    (tmp_path / "a.csv").write_text("id|at\n1|2020-06-01 12:00:00\n2|2020-06-02 12:00:00\n")
    state = {"bookmarks": {"s": {"replication_key": "at", "replication_key_value": "2020-06-02T12:00:00"}}}
    settings = {"path": str(tmp_path / "a.csv"), "stream": "s", "replication_key": "at"}
    assert ids(run_tap(settings, state)) == [2]
    with pytest.raises(ConfigError, match="bookmark or start_value 'soon' is no timestamp; correct 'start_value'"):
        run_tap({**settings, "start_value": "soon"})
