"""CSV as exports write it: separator lines, marks of numbers, trailing delimiters, and what is no CSV at all."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tap_csv_extract.cli import TapCsvExtract
from tap_csv_extract.errors import ConfigError, HeaderError, RowRejected, SourceError

from tests.unit.tap_run import properties, records, run_tap


def read(tmp_path: Path, data: str | bytes, **settings: Any) -> list[dict[str, Any]]:
    (tmp_path / "a.csv").write_bytes(data if isinstance(data, bytes) else data.encode())
    return records(run_tap({"path": str(tmp_path / "a.csv"), **settings}))


ROWS = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]


@pytest.mark.parametrize("line", ["sep=;\n", "sep=;\r\n", "SEP=;\r", '"sep=;"\n', "\ufeffsep=;\n"])
def test_separator_line_is_no_row(tmp_path: Path, line: str) -> None:
    """Excel's first line is left out, with a header or without; lines are counted from it."""
    assert read(tmp_path, f"{line}id;name\n1;a\n2;b\n", delimiter=";") == ROWS
    assert read(tmp_path, f"{line}1;a\n2;b\n", delimiter=";", header=["id", "name"]) == ROWS
    assert read(tmp_path, f"{line}x;\nid;name\n1;a\n2;b\n", delimiter=";", skip_lines=2) == ROWS
    got = read(tmp_path, f"{line}id;name\n1;a\n", delimiter=";", add_source_columns=True)
    assert got[0]["_sdc_source_line"] == 3


def test_separator_line_of_another_delimiter(tmp_path: Path) -> None:
    """A file that says another delimiter than the setting is refused; sep= without one is a header."""
    with pytest.raises(
        HeaderError, match=r"a.csv, line 1: says that the delimiter is ';', .* is '\|'; set 'delimiter'"
    ):
        read(tmp_path, "sep=;\nid;name\n1;a\n")
    assert read(tmp_path, "sep=\n1\n") == [{"sep=": 1}]
    assert read(tmp_path, "sep=ab|x\n1|2\n") == [{"sep=ab": 1, "x": 2}]


@pytest.mark.parametrize(
    ("written", "mark"), [("\\t", "\t"), ("\\x1f", "\x1f"), ("\\u0001", "\x01"), ("\\001", "\x01")]
)
def test_delimiter_written_out(tmp_path: Path, written: str, mark: str) -> None:
    r"""A delimiter that keeps its backslash (YAML in single quotes, environment) is what it stands for."""
    assert read(tmp_path, f"id{mark}name\n1{mark}a\n2{mark}b\n", delimiter=written) == ROWS


def test_delimiter_written_out_that_is_none(tmp_path: Path) -> None:
    """A line end is no delimiter, however it is written; what is no escape stands for itself."""
    with pytest.raises(ConfigError, match="is empty, a line end or the quote"):
        read(tmp_path, "id\n1\n", delimiter="\\n")
    assert read(tmp_path, "id\\|name\n1\\|a\n2\\|b\n", delimiter="\\|") == ROWS


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_delimiter_that_never_occurs(tmp_path: Path, mark: str) -> None:
    """A header that is one column by the setting, and names by another delimiter, is refused with both."""
    with pytest.raises(
        HeaderError, match=r"is one column 'id.+name' by the delimiter '\|', and several by .*; set 'del"
    ):
        read(tmp_path, f"id{mark}name\n1{mark}a\n")
    with pytest.raises(RowRejected, match="has 1 fields, expected 2; correct 'delimiter' if none is found"):
        read(tmp_path, f"1{mark}a\n", header=["id", "name"])


def test_one_column_with_other_delimiters_in_it(tmp_path: Path) -> None:
    """A column of text with commas is one column, whatever stands in its rows; its name is taken from the settings."""
    assert read(tmp_path, "remark\na,b;c\n") == [{"remark": "a,b;c"}]
    assert read(tmp_path, "Smith, John\nx\n") == [{"Smith, John": "x"}]
    assert read(tmp_path, "a,b\nx\n", header=["a,b"], skip_lines=1) == [{"a,b": "x"}]


@pytest.mark.parametrize(
    ("marks", "texts", "values"),
    [
        ((",", "."), ["1.234,56", "12,5", "-1.234.567,00", "+7", "0,10"], [1234.56, 12.5, -1234567, 7, 0.1]),
        ((".", ","), ["1,234.50", "999", "1,000"], [1234.5, 999, 1000]),
        ((",", None), ["1234,56", ",5", "5,"], [1234.56, 0.5, 5]),
        ((",", " "), ["1 234,5"], [1234.5]),
        ((".", "'"), ["1'234.5"], [1234.5]),
        ((",", "\u00a0"), ["1\u00a0234,5"], [1234.5]),
    ],
)
def test_marks_of_numbers(tmp_path: Path, marks: tuple[str, str | None], texts: list[str], values: list[float]) -> None:
    """Numbers are read by the marks of the settings, of the stream or of one column, exactly."""
    settings = {"decimal_mark": marks[0], "thousands_mark": marks[1]}
    data = "n\n" + "\n".join(texts) + "\n"
    for more in (
        {"types": {"n": {"type": "decimal(20,2)", **settings}}},
        {"types": {"n": "decimal(20,2)"}, **settings},
        {"types": {"n": "number"}, **settings},
    ):
        assert [row["n"] for row in read(tmp_path, data, delimiter=";", **more)] == values


def test_a_column_has_its_own_marks(tmp_path: Path) -> None:
    """A column with marks is read by them alone, also by those that a stream without the settings has."""
    types = {"n": {"type": "number", "decimal_mark": "."}, "whole": {"type": "integer", "thousands_mark": "'"}}
    data = "n;whole;other\n1.234;1'000;1.234\n"
    (row,) = read(tmp_path, data, delimiter=";", types=types, decimal_mark=",", thousands_mark=".")
    assert row == {"n": 1.234, "whole": 1000, "other": 1234}


def test_inferred_numbers_with_marks(tmp_path: Path) -> None:
    """With marks set for the stream discovery finds numbers, and dates stay dates."""
    data = "id;n;whole;day;label\n007;1.234,56;1.234;2020-06-01;1.5\n008;0,5;12;2020-06-02;1,5\n"
    (tmp_path / "a.csv").write_text(data)
    entry = {"path": str(tmp_path / "a.csv"), "delimiter": ";", "decimal_mark": ",", "thousands_mark": "."}
    messages = run_tap(entry)
    assert records(messages)[0] == {"id": "007", "n": 1234.56, "whole": 1234, "day": "2020-06-01", "label": "1.5"}
    assert properties(messages)["n"] == {"type": ["number", "null"], "multipleOf": 0.01}
    catalog = TapCsvExtract(config={"files": [entry]}).catalog_dict
    assert records(run_tap(entry, catalog=catalog))[0]["n"] == 1234.56


@pytest.mark.parametrize("text", ["1.234.5", "1,5,5", "12.34", "1.234.56,7", "1 234", "1.5", "x", ".", "1.2345"])
def test_numbers_that_the_marks_do_not_fit(tmp_path: Path, text: str) -> None:
    """Digits that are grouped otherwise are no number: a point that groups by two is some other mark."""
    with pytest.raises(RowRejected, match=rf"{text!r} is no decimal with up to 2 places written as '1.234,5'"):
        read(
            tmp_path,
            f"n;x\n{text};1\n",
            delimiter=";",
            types={"n": "decimal(9,2)"},
            decimal_mark=",",
            thousands_mark=".",
        )


def test_number_with_marks_names_the_settings(tmp_path: Path) -> None:
    """Where a value looks like a number with marks the error names the settings for them."""
    with pytest.raises(RowRejected, match=r"'1.234,56' is no decimal .*; set 'decimal_mark' and 'thousands_mark', "):
        read(tmp_path, "n;x\n1.234,56;1\n", delimiter=";", types={"n": "decimal(9,2)"})


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"decimal_mark": ""}, "'decimal_mark' '' is empty"),
        ({"decimal_mark": ",", "thousands_mark": ","}, "the same as 'thousands_mark'"),
        ({"decimal_mark": "1"}, "is one character and no digit"),
        ({"thousands_mark": "::"}, "is one character and no digit"),
        ({"types": {"n": {"type": "date", "decimal_mark": ","}}}, "belongs to numbers, not to date"),
        ({"types": {"n": {"type": "decimal", "decimal_mark": ""}}}, "'decimal_mark' '' is empty"),
    ],
)
def test_marks_that_cannot_be_meant(tmp_path: Path, settings: dict[str, Any], error: str) -> None:
    """Marks by which no number can be read are wrong settings."""
    with pytest.raises(ConfigError, match=error):
        read(tmp_path, "n\n1\n", **settings)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("header", ["id|name", "id|name|"])
def test_trailing_delimiters(tmp_path: Path, ending: str, header: str) -> None:
    """With the setting an empty field behind the last one is none, in all rows or in some."""
    for rows in (["1|a|", "2|b|"], ["1|a", "2|b|"], ["1|a", "2|b"], ['"1"|"a"|', "2|b|"]):
        data = ending.join([header, *rows]) + ending
        assert read(tmp_path, data, trailing_delimiter=True, types={"id": "integer"}) == ROWS
    data = ending.join(["1|a|", "2|b|"]) + ending
    assert read(tmp_path, data, trailing_delimiter=True, header=["id", "name"]) == ROWS
    assert [list(row) for row in read(tmp_path, data, trailing_delimiter=True, header=False)] == [
        ["column_1", "column_2"]
    ] * 2


def test_trailing_delimiter_hides_no_value(tmp_path: Path) -> None:
    """A field too many that is not empty is refused all the same; without the setting the error names it."""
    with pytest.raises(RowRejected, match="line 3: has 3 fields, expected 2"):
        read(tmp_path, "id|name\n1|a|\n2|b|c\n", trailing_delimiter=True)
    with pytest.raises(RowRejected, match="has 3 fields, expected 2; set 'trailing_delimiter' if every row ends in"):
        read(tmp_path, "id|name\n1|a|\n")
    assert read(tmp_path, "id|name\n1|\n", trailing_delimiter=True) == [{"id": 1, "name": None}]


def test_quotes_by_backslash(tmp_path: Path) -> None:
    """The error for a quote that a backslash stands before names the setting that reads it."""
    data = 'id|c|d\n1|"say \\"hi\\""|x\n'
    with pytest.raises(RowRejected, match="set 'escape' to a backslash"):
        read(tmp_path, data)
    assert read(tmp_path, data, escape="\\") == [{"id": 1, "c": 'say "hi"', "d": "x"}]
    with pytest.raises(RowRejected) as caught:
        read(tmp_path, '1|"ab"cd\n', header=["a", "b"])
    assert "escape" not in str(caught.value)


@pytest.mark.parametrize("method", ["FULL_TABLE", "INCREMENTAL"])
def test_header_without_line_end(tmp_path: Path, method: str) -> None:
    """A header alone, without line end, is a table without rows for a full extract; else it may still be written."""
    (tmp_path / "a.csv").write_text("id|name")
    entry = {"path": str(tmp_path / "a.csv"), "replication_method": method}
    if method == "FULL_TABLE":
        messages = run_tap(entry)
        assert (list(properties(messages)), records(messages)) == (["id", "name"], [])
    else:
        with pytest.raises(ConfigError, match="a header without line end may not be complete"):
            run_tap(entry)


@pytest.mark.parametrize(
    ("encoding", "data", "error"),
    [
        ("cp1252", b"1|J\x81rg", "byte 0x81 at character 2 is not cp1252"),
        ("ascii", b"1|aJ\xf6rg", "byte 0xf6 at character 3 is not ascii"),
        ("shift_jis", b"1|\x82\xa0\xff", "byte 0xff at character 2 is not shift_jis"),
        ("utf-8", "1|ä".encode() + b"\xff", "byte 0xff at character 2 is not utf-8"),
        ("utf-16-le", "1|ab".encode("utf-16-le") + b"\x00\xd8", "character 3 is half a surrogate pair"),
    ],
)
def test_wrong_byte_is_named_as_it_stands_in_the_file(tmp_path: Path, encoding: str, data: bytes, error: str) -> None:
    """A byte that the encoding does not know is the file's, not what decoding made of it, in a row or a header."""
    line_end = "\n".encode("utf-16-le" if encoding == "utf-16-le" else "ascii")
    with pytest.raises(RowRejected, match=f"line 1, column 'name': {error}.*; set 'encoding'"):
        read(tmp_path, data + line_end, encoding=encoding, header=["id", "name"])
    with pytest.raises(HeaderError, match=f"a.csv, header: {error}.*; set 'encoding'"):
        read(tmp_path, data + line_end, encoding=encoding)


def archive(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, text in members.items():
            packed.writestr(name.replace("__dot__", ".").replace("__slash__", "/"), text)
    return file.getvalue()


WORKBOOK = archive(**{"[Content_Types].xml": "<x/>", "xl/workbook.xml": "<x/>"})
NO_CSV = {
    "xlsx": (WORKBOOK, "an Excel workbook"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an Excel workbook"),
    "ods": (archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "an OpenDocument file"),
    "parquet": (b"PAR1\x15\x04\x15" + bytes(100), "a Parquet file"),
    "avro": (b"Obj\x01\x04\x16avro.schema", "an Avro file"),
    "orc": (b"ORC\x08\x03" + bytes(100), "an ORC file"),
    "sqlite": (b"SQLite format 3\x00" + bytes(100), "a SQLite database"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\n", "a PDF"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(20), "a picture or a program"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(20), "packed with 7-Zip"),
    "Z": (b"\x1f\x9d\x90" + bytes(20), "packed with compress"),
    "sz": (b"\xff\x06\x00\x00sNaPpY" + bytes(20), "packed with snappy"),
    "html": (b"\n<!DOCTYPE html>\n<html>\n", "begins as XML or HTML does"),
    "xml": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<a/>\n', "begins as XML or HTML does"),
    "tar": (b"a.csv" + bytes(95) + b"0000644\x00\n" + bytes(300), "holds NUL characters"),
    "utf-16 without mark": ("id|name\n1|a\n".encode("utf-16-le"), "holds NUL characters"),
}


@pytest.mark.parametrize("name", NO_CSV)
def test_what_is_no_csv(tmp_path: Path, name: str) -> None:
    """A file that is no CSV is called what it is, with what to do."""
    data, error = NO_CSV[name]
    with pytest.raises((SourceError, HeaderError), match=f"a.csv.*{error}.*; "):
        read(tmp_path, data)


def test_workbook_called_a_zip_archive(tmp_path: Path) -> None:
    """A workbook is none of CSV files, whatever its name; --detect says so in one line as well."""
    (tmp_path / "a.zip").write_bytes(WORKBOOK)
    with pytest.raises(SourceError, match=r"a.zip: is an Excel workbook .*; export it as CSV"):
        run_tap({"path": str(tmp_path / "a.zip")})
    (tmp_path / "a.xlsx").write_bytes(WORKBOOK)
    result = CliRunner().invoke(TapCsvExtract.cli, ["--detect", str(tmp_path / "a.xlsx")])
    assert isinstance(result.exception, SourceError)
    assert "a.xlsx: cannot be read: it is an Excel workbook" in str(result.exception)


def test_hidden_members_of_an_archive(tmp_path: Path) -> None:
    """What macOS adds to an archive, and names that begin with a dot, are none of the files."""
    members = {
        "a.csv": "id\n1\n", "__MACOSX/._a.csv": "x", "in/__dot__DS_Store": "x", "__dot__git__slash__b": "x",
        "in/_b.csv": "id\n2\n",
    }  # fmt: skip
    (tmp_path / "a.zip").write_bytes(archive(**members))
    assert records(run_tap({"path": str(tmp_path / "a.zip")})) == [{"id": 1}, {"id": 2}]


def test_detected_configuration_reads_the_file(tmp_path: Path) -> None:
    """What --detect proposes for such files reads them."""
    for data in ("sep=;\nid;name\n1;a\n2;b\n", 'id,name\n1,"a"\n2,b\n'):
        (tmp_path / "a.csv").write_text(data)
        result = CliRunner().invoke(TapCsvExtract.cli, ["--detect", str(tmp_path / "a.csv")])
        assert records(run_tap(json.loads(result.stdout)["files"][0])) == ROWS
