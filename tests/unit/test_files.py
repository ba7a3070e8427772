"""The files of a batch: as many as COPY wants, equal in size, each one gzip member, each row in one of them."""

from __future__ import annotations

import os
import random
import zlib
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_bulk.encode import gzip_files as files_module
from singer_bulk.encode.gzip_files import Files, PieceCompressor
from singer_bulk.encode.workers import BLOCKS
from singer_bulk.errors import StageError
from singer_bulk.model import file_format
from singer_bulk.model.file_format import MIN_BYTES, FileLayout
from singer_bulk.model.load import StagedFile
from singer_bulk.stage.memory import MemoryStage

from tests.fakes import Bench, Failure, lines, record, schema, state
from tests.unit.test_encoders import handed_over

__all__ = ["handed_over"]  # a fixture: threads take runs of any size

ORDERS = "analytics.orders"
NOTES = schema(id={"type": "integer"}, note={"type": "string"})


def files_of(layout: FileLayout) -> tuple[Files, MemoryStage]:
    """Return the files of a batch, and the stage that they are in."""
    stage = MemoryStage()
    keys = iter(f"{number:03}.gz" for number in range(1000))
    return Files(layout, lambda: next(keys), stage.open), stage


def content_of(file: bytes) -> bytes:
    """Return what one gzip member holds; zlib checks its checksum and length. Nothing may stand behind it."""
    reader = zlib.decompressobj(wbits=31)
    content = reader.decompress(file)
    assert reader.eof
    assert reader.unused_data == b""
    return content


def rows_of(count: int, seed: int) -> bytes:
    """Return rows that compress to about half, none of them twice."""
    source = random.Random(seed)
    return b"".join(b'%d|"%s"\n' % (seed, source.randbytes(40).hex().encode()) for _ in range(count))


def test_small_batch_is_one_file() -> None:
    """What compresses to less than the 1 MB that is worth dividing stays in one file, whatever the slices."""
    files, stage = files_of(FileLayout(parts=4))
    given_rows = [rows_of(1000, seed) for seed in range(20)]
    for rows in given_rows:
        files.add_rows(rows, range(1000))
    (staged,) = files.close()
    assert staged == StagedFile("000.gz", 20_000, len(stage.files["000.gz"]), zlib.crc32(b"".join(given_rows)))
    assert 500_000 < staged.byte_count < MIN_BYTES
    assert content_of(stage.files["000.gz"]) == b"".join(given_rows)


@pytest.mark.parametrize("parts", [1, 2, 4, 16])
def test_files_are_equal_and_as_many_as_the_parts(parts: int) -> None:
    """However long a batch that has outgrown its first file becomes, the sizes differ by one piece at most.

    c_best-practices-use-multiple-files: about equal, 1 MB to 1 GB, a multiple of the slices. Rows that are compressed
    here and elsewhere stand in one file side by side.
    """
    files, stage = files_of(FileLayout(parts=parts))
    elsewhere = PieceCompressor()
    given_rows: list[bytes] = []
    largest = 0
    while files.byte_count < (parts + 1) * 2.1 * MIN_BYTES:
        rows = rows_of(2000, len(given_rows))
        given_rows.append(rows)
        piece = elsewhere.piece(rows)
        largest = max(largest, len(piece.content))
        if len(given_rows) % 3:
            files.add_piece(piece, range(2000))
        else:
            files.add_rows(rows, range(2000))
    staged = files.close()
    assert len(staged) == parts
    sizes = [file.byte_count for file in staged]
    assert sizes == [len(stage.files[file.key]) for file in staged]
    assert max(sizes) - min(sizes) <= 1.1 * largest
    assert min(sizes) > MIN_BYTES
    contents = [content_of(stage.files[file.key]) for file in staged]
    assert [content.count(b"\n") for content in contents] == [file.row_count for file in staged]
    assert Counter(row for content in contents for row in content.splitlines()) == Counter(
        row for rows in given_rows for row in rows.splitlines()
    )
    assert files.byte_count == sum(map(len, contents))


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 40), st.booleans()), max_size=60),
    st.integers(1, 5),
)
def test_every_order_of_runs_and_pieces_is_a_gzip_file(moves: list[tuple[bool, int, bool]], parts: int) -> None:
    """Runs of any length, compressed by this process or another, in any order: each row is in one file, and once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(file_format, "MIN_BYTES", 100)
        patched.setattr(files_module, "PIECE_BYTES", 500)
        files, stage = files_of(FileLayout(parts=parts))
        elsewhere = PieceCompressor()
        given_rows: list[bytes] = []
        for number, (is_elsewhere, count, is_alike) in enumerate(moves):
            rows = rows_of(count, 0 if is_alike else number)
            given_rows += rows.splitlines()
            if is_elsewhere:
                files.add_piece(elsewhere.piece(rows), range(count))
            else:
                files.add_rows(rows, range(count))
        staged = files.close()
    found = [content_of(stage.files[file.key]).splitlines() for file in staged]
    assert [len(rows) for rows in found] == [file.row_count for file in staged]
    assert Counter(row for rows in found for row in rows) == Counter(given_rows)


def test_place_of_the_next_piece() -> None:
    """One file, then as many as the parts as soon as it has 1 MB, then always the smallest."""
    layout = FileLayout(parts=3)
    assert [layout.place(sizes) for sizes in ((), (MIN_BYTES - 1,), (MIN_BYTES,), (MIN_BYTES, 9))] == [0, 0, 1, 2]
    assert layout.place((MIN_BYTES, 20, 10)) == 2
    assert FileLayout().place((10 * MIN_BYTES,)) == 0


def run_of(count: int, encoders: int, layout: FileLayout, **options: Any) -> Bench:
    """Return what comes of so many records, whose rows are all different."""
    source = random.Random(7)
    records = [record(id=number, note=source.randbytes(30).hex()) for number in range(count)]
    bench = Bench()
    bench.run(lines(NOTES, *records, state("end")), encoders=encoders, layout=lambda _: layout, **options)
    return bench


def files_with_rows(bench: Bench) -> dict[str, bytes]:
    """Return the staged files with rows; a description lies beside them."""
    return {key: file for key, file in bench.stage.files.items() if key.endswith(".csv.gz")}


@pytest.mark.parametrize("encoders", [0, 1, 2, 3])
def test_threads_share_the_files(encoders: int, handed_over: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """Any number of threads: four files of about equal size, every row once and with a number of its own."""
    monkeypatch.setattr(file_format, "MIN_BYTES", 1 << 16)
    bench = run_of(40_000, encoders, FileLayout(parts=4), add_record_metadata=True)
    assert any(handed_over) == bool(encoders)
    sizes = [len(file) for file in files_with_rows(bench).values()]
    assert len(sizes) == 4
    assert max(sizes) - min(sizes) < 150_000
    assert min(sizes) > 300_000
    rows = [line.split("|") for line in bench.warehouse.rows(ORDERS)]
    assert sorted(int(row[0]) for row in rows) == list(range(40_000))
    name = [column.name for column in bench.warehouse.columns[ORDERS]].index("_sdc_sequence")
    numbers = {int(row[0]): int(row[name]) for row in rows}
    assert [numbers[n] - numbers[0] for n in range(40_000)] == list(range(40_000))
    for file in files_with_rows(bench).values():
        content_of(file)


@pytest.mark.parametrize("encoders", [0, 2])
def test_full_files_are_followed_by_others(encoders: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files end near the size that the warehouse wants at most, and others follow, in the same load.

    What is on its way to and from other threads still comes: two blocks of each, of about 140 kB compressed.
    """
    monkeypatch.setattr(file_format, "MIN_BYTES", 1 << 16)
    bench = run_of(80_000, encoders, FileLayout(parts=2, max_bytes=640_000))
    sizes = [len(file) for file in files_with_rows(bench).values()]
    assert max(sizes) < 640_000 + encoders * BLOCKS * 140_000
    copies = [sql for sql in bench.warehouse.statements if sql.startswith("COPY")]
    assert len(copies) >= 2
    assert len(sizes) == 2 * len(copies)
    assert all(size >= 600_000 for size in sizes[: 2 * len(copies) - 2])
    assert bench.warehouse.statements.count("COMMIT") == 1
    assert sorted(int(row.split("|")[0]) for row in bench.warehouse.rows(ORDERS)) == list(range(80_000))
    assert bench.emitted == ['"end"']


@pytest.mark.parametrize("position", [1, 2, 3])
def test_file_that_cannot_be_staged_leaves_none_of_the_others(position: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of the files of a batch fails: what was staged before it is removed, nothing is committed."""
    monkeypatch.setattr(file_format, "MIN_BYTES", 1 << 16)
    bench = Bench()
    bench.stage.failure = Failure(position, error=StageError("503", code="STAGE-AWAY"))
    records = [record(id=number, note=os.urandom(30).hex()) for number in range(10_000)]
    with pytest.raises(StageError):
        bench.run(lines(NOTES, *records, state(1)), layout=lambda _: FileLayout(parts=3), keep_staged_files=False)
    assert bench.stage.failure.calls == position
    assert bench.stage.files == {}
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.emitted == []


def test_layout_is_asked_for_once_and_only_when_the_warehouse_is_reached() -> None:
    """A run asks at its first SCHEMA, also when that changes before a record comes; a run without one never."""
    asked: list[Any] = []

    def layout(warehouse: Any) -> FileLayout:
        asked.append(warehouse)
        return FileLayout()

    Bench().run("", layout=layout)
    assert asked == []
    Bench().run(
        lines(schema(), NOTES, record(id=1, note="x"), state(1), record(id=2, note="y"), state(2)), layout=layout
    )
    assert len(asked) == 1
