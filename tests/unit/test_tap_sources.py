"""Where files come from and how they are packed and encoded."""

from __future__ import annotations

import base64
import bz2
import errno
import gzip
import io
import json
import os
import tempfile
import threading
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from click.testing import CliRunner
from tap_csv_extract import sources
from tap_csv_extract.cli import TapCsvExtract
from tap_csv_extract.config import SETTINGS
from tap_csv_extract.decode import said_clearly
from tap_csv_extract.errors import ConfigError, SourceError
from tap_csv_extract.header import column_names
from tap_csv_extract.pipes import ReadOnce
from tap_csv_extract.sources import list_files

from tests.unit.tap_run import records, run_tap

TEXT = "id|name\n" + "".join(f"{number}|näme {number}\n" for number in range(50_000))


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/a.csv", data)
        archive.writestr("b.csv", b"id|name\n-1|last\n")
    return file.getvalue()


PACKED = {
    "a.csv.gz": lambda data: gzip.compress(data[:100_000]) + gzip.compress(data[100_000:]),
    "a.csv.bz2": lambda data: bz2.compress(data[:100_000]) + bz2.compress(data[100_000:]),
    "a.csv.zst": lambda data: zstandard.compress(data[:100_000]) + zstandard.compress(data[100_000:]),
    # pzstd begins each part with a frame to skip
    "parts.zst": lambda data: b"\x50\x2a\x4d\x18\x04\0\0\0size" + zstandard.compress(data),
    "gzip_by_another_name": gzip.compress,
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_files(tmp_path: Path, name: str) -> None:
    """Compression is recognised by the first bytes, whatever the file is called."""
    (tmp_path / name).write_bytes(PACKED[name](TEXT.encode()))
    got = records(run_tap({"path": str(tmp_path / name), "stream": "a"}))
    assert got[-1] == {"id": 49_999, "name": "näme 49999"}
    assert len(got) == 50_000


def test_members_of_an_archive(tmp_path: Path) -> None:
    """Every member of a zip archive is a file of its own."""
    (tmp_path / "a.zip").write_bytes(zipped(TEXT.encode()))
    got = records(run_tap({"path": str(tmp_path / "a.zip"), "add_source_columns": True}))
    assert len(got) == 50_001
    assert {record["_sdc_source_file"].removeprefix(str(tmp_path)) for record in got} == {
        "/a.zip!b.csv",
        "/a.zip!in/a.csv",
    }


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.bz2", "a.csv.zst"])
def test_packed_file_that_breaks_off(tmp_path: Path, name: str) -> None:
    """A packed file that ends early is an error, not a shorter file."""
    (tmp_path / name).write_bytes(PACKED[name](TEXT.encode())[:-2000])
    with pytest.raises(SourceError, match=f"{name}, after [0-9]+ bytes of text: "):
        run_tap({"path": str(tmp_path / name)})


def test_packed_file_with_a_wrong_checksum(tmp_path: Path) -> None:
    """A packed file whose checksum does not fit is an error."""
    data = bytearray(gzip.compress(TEXT.encode()))
    data[-6] ^= 1
    (tmp_path / "a.csv.gz").write_bytes(data)
    with pytest.raises(SourceError, match="CRC check failed"):
        run_tap({"path": str(tmp_path / "a.csv.gz")})


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1", "cp850"]
)
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """Every encoding of Python's is read; byte order marks are removed."""
    (tmp_path / "a.csv").write_bytes(TEXT.encode(encoding))
    got = records(run_tap({"path": str(tmp_path / "a.csv"), "encoding": encoding}))
    assert got[-1] == {"id": 49_999, "name": "näme 49999"}


def test_delimiters_inside_letters(tmp_path: Path) -> None:
    """In encodings whose letters hold ASCII bytes a | inside a letter is no delimiter."""
    letter = b"\x81|".decode("gbk")
    (tmp_path / "a.csv").write_bytes(f"id|name\n1|{letter}\n".encode("gbk"))
    assert records(run_tap({"path": str(tmp_path / "a.csv"), "encoding": "gbk"})) == [{"id": 1, "name": letter}]


@pytest.mark.parametrize(("encoding", "data"), [("cp1252", b"a|b\n1|\x81\n"), ("ascii", "a|b\n1|é\n".encode())])
def test_bytes_outside_an_encoding(tmp_path: Path, encoding: str, data: bytes) -> None:
    """A byte that the encoding does not know is refused, even where UTF-8 would know it."""
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(Exception, match=rf"line 2, column 'b': .* is not {encoding}"):
        run_tap({"path": str(tmp_path / "a.csv"), "encoding": encoding})


def test_surrogate_without_its_other_half(tmp_path: Path) -> None:
    """In UTF-16 too a character that is none makes its row a bad row; the file is read on."""
    path, rejects = tmp_path / "a.csv", tmp_path / "rejects"
    bad = "\ufeffid|name\n1|".encode("utf-16-le") + b"\x00\xd8"
    path.write_bytes(bad + "\n2|y\n".encode("utf-16-le"))
    entry = {"path": str(path), "encoding": "utf-16", "on_bad_row": "reject", "reject_path": str(rejects)}
    assert records(run_tap(entry)) == [{"id": 2, "name": "y"}]
    raw = base64.b64decode(json.loads(rejects.read_text())["raw_base64"])
    assert raw == "1|".encode("utf-16-le") + b"\x00\xd8" + "\n".encode("utf-16-le")


@pytest.mark.parametrize("encoding", ["base64", "rot13", "undefined"])
def test_codec_that_is_no_encoding_of_text(tmp_path: Path, encoding: str) -> None:
    """Python's codecs that are no encodings of text are wrong settings."""
    (tmp_path / "a.csv").write_text("id|name\n1|x\n")
    with pytest.raises(ConfigError, match=f"encoding '{encoding}' is unknown"):
        run_tap({"path": str(tmp_path / "a.csv"), "encoding": encoding})


def _flagged(data: bytes, local: int, central: int, value: int) -> bytes:
    """Change a field of the first member's two headers."""
    changed = bytearray(data)
    changed[data.find(b"PK\x03\x04") + local] = changed[data.find(b"PK\x01\x02") + central] = value
    return bytes(changed)


def _double() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("a.csv", "id\n1\n")
        archive.writestr("a.csv", "id\n2\n")
    return file.getvalue()


ARCHIVE = zipped(b"id|name\n1|x\n")


@pytest.mark.parametrize(
    ("name", "data", "error", "code"),
    [
        ("garbage.bz2", bz2.compress(TEXT.encode()) + b"garbage", "Invalid data stream", "BROKEN"),
        ("garbage.zst", zstandard.compress(TEXT.encode()) + b"garbage", "cannot be read", "BROKEN"),
        ("garbage.gz", gzip.compress(TEXT.encode()) + b"garbage", "cannot be read", "BROKEN"),
        ("a.xz", b"\xfd7zXZ\0", "packed with xz", "FORMAT"),
        ("a.csv", b"PK\x03\x04", "give it a name that ends with .zip", "FORMAT"),
        ("none.zip", b"id\n1\n", "is called a zip archive and is none", "BROKEN"),
        ("double.zip", _double(), "has 2 members called 'a.csv'", "MEMBERS"),
        ("encrypted.zip", _flagged(ARCHIVE, 6, 8, 1), "is encrypted", "FORMAT"),
        ("deflate64.zip", _flagged(ARCHIVE, 8, 10, 9), "not supported", "FORMAT"),
        ("checksum.zip", _flagged(ARCHIVE, 14, 16, 0), "Bad CRC-32", "BROKEN"),
    ],
)
def test_what_cannot_be_unpacked(tmp_path: Path, name: str, data: bytes, error: str, code: str) -> None:
    """What is packed otherwise, or has something behind its end, is an error that names the file."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceError, match=rf"{name}.*: .*{error}.* \[CSV-SRC-{code}\]$"):
        run_tap({"path": str(tmp_path / name), "stream": "s"})


def test_error_of_the_disk_is_told_from_a_broken_file() -> None:
    """What the operating system cannot read has a code of its own, because the file may be whole."""
    with (
        pytest.raises(SourceError, match=r"a.csv: cannot be read: .*I/O error \[CSV-SRC-READ\]$"),
        said_clearly("a.csv"),
    ):
        raise OSError(errno.EIO, "I/O error")


def test_unknown_encoding(tmp_path: Path) -> None:
    """An encoding that nobody knows is a wrong setting."""
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(ConfigError, match="encoding 'utf8mb5' is unknown"):
        run_tap({"path": str(tmp_path / "a.csv"), "encoding": "utf8mb5"})


def test_directories_and_globs(tmp_path: Path) -> None:
    """A directory is its files, hidden ones left out; ** goes into folders; a path may be given twice."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for number, name in enumerate(["a.csv", "b.csv", ".hidden", "_SUCCESS", "deep/c.csv", "deep/er/d.csv"]):
        (tmp_path / name).write_text(f"id|x\n{number}|x\n")

    def ids(*paths: str) -> list[int]:
        entry = {"path": [str(tmp_path / path) for path in paths], "stream": "s"}
        return [record["id"] for record in records(run_tap(entry))]

    assert ids("") == [0, 1]
    assert ids("*.csv", "a.csv") == [0, 1]
    assert ids("**/*.csv") == [0, 1, 4, 5]
    assert ids("deep/*") == [4]


def test_a_file_by_several_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is read once, however often and in whatever spelling it is named."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("id\n1\n")
    paths = ["in/a.csv", "./in/a.csv", str(tmp_path / "in" / "*"), "in"]
    assert records(run_tap({"path": paths, "stream": "s"})) == [{"id": 1}]


def test_symbolic_links(tmp_path: Path) -> None:
    """A file is read once, under its own name, whatever links lead to it or to its folder."""
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    (folder / "b.csv").write_text("id\n1\n")
    (folder / "deep" / "c.csv").write_text("id\n2\n")
    (folder / "a.csv").symlink_to("b.csv")
    (folder / "deep" / "up").symlink_to(folder)
    (folder / "deep" / "here").symlink_to(".")
    (folder / "also").symlink_to(tmp_path)
    (folder / "nowhere.csv").symlink_to(tmp_path / "gone")
    (folder / "round.csv").symlink_to("round.csv")

    def names(*paths: str) -> list[str]:
        return [file.name.removeprefix(f"{folder}/") for file in list_files([f"{folder}/{path}" for path in paths])]

    assert names("") == ["b.csv"]
    assert names("**/*.csv") == ["b.csv", "deep/c.csv"]
    assert names("**") == ["b.csv", "deep/c.csv"]
    assert names("a.csv") == ["a.csv"]
    assert names("deep/up/*.csv", "also/in/deep/c.csv") == ["also/in/deep/c.csv", "deep/up/b.csv"]


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_reject_file_that_is_a_link_to_a_file(tmp_path: Path, link: Any) -> None:
    """Rejected rows are not added to an input, by whatever name it is called."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("id\n1\n")
    link(tmp_path / "rejects", tmp_path / "in" / "a.csv")
    entry = {"path": str(tmp_path / "in" / "a.csv"), "on_bad_row": "reject", "reject_path": str(tmp_path / "rejects")}
    with pytest.raises(ConfigError, match="is one of the files that 'path' names"):
        run_tap(entry)
    other = {"path": str(tmp_path / "rejects"), "stream": "t"}
    with pytest.raises(ConfigError, match=r"stream 't': reject_path .* is one of the files"):
        TapCsvExtract(config={"files": [other, {**entry, "path": str(tmp_path / "b.csv")}]}).sync_all()


@pytest.mark.parametrize("path", ["in", "in/*", "**/*.csv", "in/r?jects.csv"])
def test_reject_file_that_the_next_run_would_read(tmp_path: Path, path: str) -> None:
    """A reject file that is not there yet is refused where the paths of a stream would name it."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "rajects.csv").write_text("id\n1\n")
    entry = {"path": str(tmp_path / path), "stream": "s", "on_bad_row": "reject"}
    with pytest.raises(ConfigError, match="is one of the files that 'path' names"):
        run_tap({**entry, "reject_path": str(tmp_path / "in" / "rejects.csv")})
    assert records(run_tap({**entry, "reject_path": str(tmp_path / "rejects")})) == [{"id": 1}]


@pytest.fixture
def locked_folder() -> Iterator[Path]:
    """A folder with a folder in it that may not be listed; root becomes somebody else for so long."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "no").mkdir()
        (folder / "no" / "a.csv").write_text("id\n1\n")
        (folder / "no").chmod(0)
        folder.chmod(0o755)
        if user == 0:
            os.seteuid(65534)
        yield folder
        os.seteuid(user)
        (folder / "no").chmod(0o700)


@pytest.mark.parametrize("path", ["*/a.csv", "**/*.csv", "**", "no", "n?/*"])
def test_folder_that_cannot_be_listed(locked_folder: Path, path: str) -> None:
    """A folder without rights is named: what is in it would be missing."""
    with pytest.raises(SourceError, match=r"no.*: Permission denied; "):
        list_files([str(locked_folder / path)])


def test_named_pipe(tmp_path: Path) -> None:
    """A named pipe is read once, like standard input, whether or not a catalog makes discovery needless."""
    (tmp_path / "a.csv").write_text("id\n1\n2\n")
    found = TapCsvExtract(config={"files": [{"path": str(tmp_path / "a.csv"), "stream": "s"}]}).catalog_dict
    for number, catalog in enumerate((None, found)):
        path = tmp_path / f"pipe{number}"
        os.mkfifo(path)
        writer = threading.Thread(target=path.write_text, args=("id\n1\n2\n",), daemon=True)
        writer.start()
        assert records(run_tap({"path": str(path), "stream": "s"}, catalog=catalog)) == [{"id": 1}, {"id": 2}]
        writer.join()


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    """A file name that STATE cannot hold is named."""
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv"))).write_text("id\n1\n")
    with pytest.raises(SourceError, match="the name is no UTF-8"):
        run_tap({"path": str(tmp_path), "stream": "s"})


def test_reject_file_among_the_files(tmp_path: Path) -> None:
    """A reject file that the next run would read is refused."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    (tmp_path / "rejects.csv").write_text("")
    entry = {"path": str(tmp_path), "stream": "s", "on_bad_row": "reject"}
    with pytest.raises(ConfigError, match="is one of the files that 'path' names"):
        run_tap({**entry, "reject_path": str(tmp_path / "rejects.csv")})


def test_glob_without_a_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A glob may find nothing if the columns are known: files may come later."""
    entry = {"path": str(tmp_path / "*.csv"), "stream": "s"}
    with pytest.raises(ConfigError, match="no columns, because no file matches"):
        run_tap(entry)
    messages = run_tap({**entry, "header": ["id", "name"], "replication_method": "INCREMENTAL"})
    assert [message["type"] for message in messages] == ["SCHEMA", "STATE"]
    assert "no file matches" in caplog.text


def test_full_extract_without_a_file(tmp_path: Path) -> None:
    """A full extract of no file would empty its table for a misspelt glob, so it is refused."""
    with pytest.raises(ConfigError, match=r"no file matches .*; correct 'path', or set 'replication_method'"):
        run_tap({"path": str(tmp_path / "*.csv"), "stream": "s", "header": ["id", "name"]})


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that cannot be opened is named."""
    (tmp_path / "a.csv").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"a.csv': no such file"):
        run_tap({"path": str(tmp_path / "a.csv")})


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is read once, although discovery looks at its front first."""
    reading, writing = os.pipe()
    data = TEXT[:60_000].encode()
    data = data[: data.rfind(b"\n") + 1]
    os.write(writing, data)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        monkeypatch.setattr("sys.stdin", pipe)
        monkeypatch.setattr(sources, "STANDARD_INPUT", ReadOnce("-", lambda: reading))
        got = records(run_tap({"path": "-", "stream": "s", "sample_bytes": 1000}))
    assert len(got) == data.count(b"\n") - 1
    assert got[0] == {"id": 0, "name": "näme 0"}


def test_about() -> None:
    """--about comes as text, JSON and markdown, every setting has a description, and secrets are marked."""
    runner = CliRunner()
    assert runner.invoke(TapCsvExtract.cli, ["--about"]).exit_code == 0
    assert "aws_secret_access_key" in runner.invoke(TapCsvExtract.cli, ["--about", "--format", "markdown"]).output
    about = json.loads(runner.invoke(TapCsvExtract.cli, ["--about", "--format", "json"]).output)
    settings = about["settings"]["properties"]
    assert all(settings[name].get("description") for name in settings)
    assert {name for name in settings if settings[name].get("secret")} == {
        "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
    }  # fmt: skip
    assert "batch" not in about["capabilities"]


def test_secrets_stay_out_of_messages() -> None:
    """A setting of the wrong type is named without its value where the value is a secret."""
    with pytest.raises(ConfigError, match="aws_secret_access_key") as caught:
        TapCsvExtract(config={"files": [{"path": "x.csv"}], "aws_secret_access_key": 123456789})
    assert "123456789" not in str(caught.value)


def test_settings_are_described() -> None:
    """Every setting, also inside `files`, is in the documentation."""
    page = (Path(__file__).parents[2] / "docs" / "tap-csv-extract.md").read_text()
    names = [*SETTINGS["properties"], "path", "stream"]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_unknown_settings_are_refused() -> None:
    """A misspelt setting of an entry is refused, not passed over."""
    with pytest.raises(ConfigError, match=r"has no 'delimeter'; is 'delimiter' meant\?; see .* \[CSV-CFG-VALUE\]"):
        TapCsvExtract(config={"files": [{"path": "x.csv", "delimeter": ";"}]})


def test_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With ENV the settings come from variables, `files` as JSON."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    monkeypatch.setenv("TAP_CSV_EXTRACT_FILES", json.dumps([{"path": str(tmp_path / "a.csv")}]))
    tap = TapCsvExtract(config={}, parse_env_config=True)
    assert list(tap.streams) == ["a"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"1|a|2020-06-01 12:00:00\n2|b|2020-06-02 12:00:00\n", {"delimiter": "|", "header": False}),
        (b"id,name,n\n1,a,NA\n2,b,5\n", {"delimiter": ",", "header": True, "null_values": ["", "NA"]}),
        (b"a;b\n1,5;2,5\n3,5;4,5\n", {"delimiter": ";", "header": True}),
        ("é\tb\n1\t2\n".encode("cp1252"), {"delimiter": "\t", "encoding": "cp1252", "header": True}),
        ("a,b\n1,é\n".encode("utf-16"), {"delimiter": ",", "encoding": "utf-16", "header": True}),
        (b"a,b\n'x,y',1\n'z,',2\n", {"delimiter": ",", "quote": "'", "header": True}),
        (b"Report, June\n\nid|v\n1|2\n3|4\nTotal\n",
         {"delimiter": "|", "skip_lines": 2, "skip_footer_lines": 1, "header": True}),
        (b"# made by x\nid|v\n1|2\n", {"delimiter": "|", "comment": "#", "header": True}),
        (b"insert|1|a\nupdate|1|b\ndelete|1|b\n", {"delimiter": "|", "header": False, "operation": "operation"}),
        (b"Op,id\nI,1\nD,1\n", {"delimiter": ",", "header": True, "operation": "Op"}),
        (b"name\nx\ny\n", {"delimiter": "|", "header": True}),
        (b"First Name,Last Name,City\nAnn,Lee,Bonn\n", {"delimiter": ",", "header": True}),
        (b"firstName,lastName\nAnn,Lee\n", {"delimiter": ",", "header": True}),
        ("Preis (€);A&B?;Summe $\nx;y;z\n".encode(), {"delimiter": ";", "header": True}),
        (b"Kunde;Datum;Wert\nA;31.12.2023;1.234,56\n", {"delimiter": ";", "header": True}),
        (b"A;B\nx;31.12.2023\n", {"delimiter": ";", "header": True}),
        (b"31.12.2023;x\n1.1.2024;y\n", {"delimiter": ";", "header": False}),
        (b"Ann,Lee,Bonn\nBob,Ray,Paris\n", {"delimiter": ","}),
        (b"sep=;\r\nid;name\r\n1;a,b\r\n", {"delimiter": ";", "header": True}),
        (b'id|c\n1|"say \\"hi\\""\n', {"delimiter": "|", "escape": "\\", "header": True}),
        (b'id|c\n1|"C:\\"\n2|"x"\n', {"delimiter": "|", "header": True}),
    ],
)  # fmt: skip
def test_detect(tmp_path: Path, data: bytes, expected: dict[str, Any]) -> None:
    """--detect proposes an entry of `files` that reads the file."""
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    result = CliRunner().invoke(TapCsvExtract.cli, ["--detect", str(path)])
    assert result.exit_code == 0, result.output
    entry = json.loads(result.stdout)["files"][0]
    assert entry == {"path": str(path), **expected}
    run_tap(entry)


def test_archives_stay_open_one_at_a_time(tmp_path: Path) -> None:
    """The list of members is read once for each archive and listing, and only one archive stays open."""
    for number in range(5):
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w") as archive:
            for member in range(4):
                archive.writestr(f"{member}.csv", f"id|n\n{member}|{number}\n")
    before = len(os.listdir("/proc/self/fd"))
    files = list_files([str(tmp_path / "*.zip")])
    assert len(files) == 20
    seen = []
    for file in files:
        with file.open() as opened:
            seen.append(opened.read().decode().splitlines()[1])
        assert len(os.listdir("/proc/self/fd")) <= before + 1
    assert seen == [f"{member}|{number}" for number in range(5) for member in range(4)]
    with files[0].open() as first, files[-1].open() as last:
        assert (first.read(), last.read()) == (b"id|n\n0|0\n", b"id|n\n3|4\n")


def test_many_columns_of_one_name() -> None:
    """Names are made unique in time that grows with their number; what was tried is not tried again."""
    names = column_names(["a"] * 100_000)
    assert (len(set(names)), names[-1]) == (100_000, "a_100000")
