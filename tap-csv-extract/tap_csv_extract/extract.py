"""The main path: the files of one stream become RECORD lines, and STATE follows the records it covers.

For each file in order of name: decide where to begin (`progress.py`) and whether its columns are those of the
stream (`drift.py`); then `file_extract.py` reads it block by block. Nothing here knows of the SDK: lines go to
`write`, where BATCH files could be written instead, and `checkpoint` is called where a STATE may stand.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from tap_csv_extract import drift
from tap_csv_extract.bookmark import ReplicationKey, order_of
from tap_csv_extract.config import FULL_TABLE, INCREMENTAL, FileSet
from tap_csv_extract.discover import Discovery
from tap_csv_extract.errors import ConfigError, HeaderError, nothing_unexpected
from tap_csv_extract.file_extract import FileExtract, Stream
from tap_csv_extract.files import OpenFile
from tap_csv_extract.kinds import Kind
from tap_csv_extract.progress import Mark, resume, same_stamp
from tap_csv_extract.source_file import SourceFile

logger = logging.getLogger("tap-csv-extract")

Bookmark = dict[str, Any]


def extract(stream: Stream, files: Sequence[SourceFile], bookmark: Bookmark) -> None:
    """Send the stream and keep `bookmark`, its part of STATE, in step with what has been written."""
    key = replication_key(stream, bookmark)
    keeps_marks = stream.file_set.replication_method != FULL_TABLE
    marks: dict[str, Any] = bookmark.setdefault("files", {}) if keeps_marks else {}
    listed = {file.name for file in files}
    gone = {name for name in marks if name not in listed}
    for file in files:
        start = _where_to_begin(stream.file_set, file, marks, gone)
        if start is None:
            stream.summary.files_unchanged += 1
        else:
            _extract_file(stream, file, start, key, marks if file.tracked else {}, bookmark)
            if file is not files[-1]:  # the stream's own STATE follows the last one
                stream.checkpoint(0)
    if key is not None:
        bookmark.pop("unfinished", None)
        if key.highest is not None:
            bookmark.update(key.as_state())


def _extract_file(
    stream: Stream,
    file: SourceFile,
    mark: Mark,
    key: ReplicationKey | None,
    marks: dict[str, Any],
    bookmark: Bookmark,
) -> None:
    def save() -> None:
        """Move what STATE says about this file; called when its rows are written."""
        marks[file.name] = mark.as_state()
        if key is not None and key.highest is not None:
            bookmark["unfinished"] = key.as_state()

    opened = OpenFile(file, stream.file_set, stream.file_set.state_every_rows)
    try:
        if opened.names is not None:
            if not _columns_fit(stream, file, opened.names):
                stream.summary.files_quarantined += 1
                return
            with nothing_unexpected(lambda: f"{file.name}, line {mark.line} or behind it"):
                FileExtract(stream, opened, mark, key).run(save)
        stream.summary.files_read += 1
        mark.done = True
        save()
    finally:
        opened.close()


def _columns_fit(stream: Stream, file: SourceFile, names: Sequence[str]) -> bool:
    """Apply the drift policy; False says that the file stays unread."""
    policy, found = stream.file_set.drift, drift.difference(stream.columns, names)
    if found is None:
        return True
    lacking = [name for name in stream.file_set.required_columns if name not in names]
    if policy == drift.ERROR or (policy == drift.ADD and lacking):
        expected = f"the columns of stream {stream.file_set.stream!r}"
        raise HeaderError(
            f"{file.name}, header: {found}, compared with {expected}; {drift.REMEDY}", code="CSV-HDR-DRIFT"
        )
    if policy == drift.QUARANTINE:
        logger.error("%s, header: %s; the file is left unread", file.name, found)
        stream.bad_rows.quarantine(file.name, f"header {found}")
        return False
    new = [name for name in names if name not in stream.columns]
    if new:
        logger.warning("%s, header: %s; a new SCHEMA is sent", file.name, found)
        if file.tracked:
            kinds = Discovery(stream.file_set).read([file])
        else:  # it cannot be read twice
            kinds = {name: stream.file_set.kinds.get(name, Kind("string")) for name in new}
        stream.columns.update({name: kinds[name] for name in new})
        stream.add_columns({name: kinds[name] for name in new})
    return True


def replication_key(stream: Stream, bookmark: Bookmark) -> ReplicationKey | None:
    """Make the filter of an INCREMENTAL stream from its settings and its part of STATE."""
    file_set = stream.file_set
    if file_set.replication_key is None or file_set.replication_method != INCREMENTAL:
        return None
    kind = stream.columns.get(file_set.replication_key, Kind("json"))
    if kind.name in ("boolean", "json"):
        raise ConfigError(
            f"stream {file_set.stream!r}: replication_key {file_set.replication_key!r} is no column that has an order; "
            f"columns are {list(stream.columns)}",
            code="CSV-CFG-KEY-ORDER",
        )
    if kind.name == "string" and file_set.replication_key not in file_set.kinds:
        raise ConfigError(
            f"stream {file_set.stream!r}: replication_key {file_set.replication_key!r} is text, whose order may not be "
            "that of time; declare its type and form in 'types', as string if its text does sort",
            code="CSV-CFG-KEY-ORDER",
        )
    unfinished = bookmark.get("unfinished") or {}
    for state in (bookmark, unfinished):
        _refuse_other_key(file_set, kind, state)
    since = bookmark.get("replication_key_value")
    since = file_set.start_value if since is None else since
    return ReplicationKey(
        file_set.replication_key, kind, since, file_set.overlap, unfinished.get("replication_key_value")
    )


def _refuse_other_key(file_set: FileSet, kind: Kind, state: Bookmark) -> None:
    """A bookmark is a value of its column: compared with those of another it leaves rows out."""
    name, order = state.get("replication_key"), state.get("replication_key_order")
    if state.get("replication_key_value") is None:
        return
    if name is not None and name != file_set.replication_key:
        found = f"is {file_set.replication_key!r}, STATE has the highest value of {name!r}"
    elif order is not None and order != order_of(kind):
        found = f"{name!r} is of type {kind.name}, STATE has its highest value as {order}"
    else:
        return
    raise ConfigError(
        f"stream {file_set.stream!r}: replication_key {found}; set it back, or take the stream's bookmark out of STATE "
        "(or give the stream another name), which sends its rows again, from 'start_value' if that is set",
        code="CSV-STATE-KEY",
    )


def _where_to_begin(file_set: FileSet, file: SourceFile, marks: dict[str, Any], gone: set[str]) -> Mark | None:
    """Return the mark to start from, None if there is nothing new in the file."""
    encoding = file_set.dialect.encoding
    stamp = file.stamp()
    if file.name not in marks:
        _follow_rename(file, stamp, marks, gone, encoding)
    known = marks.get(file.name)
    if known is None:
        return Mark(stamp)
    if known["done"] and same_stamp(known, stamp):
        return None
    mark = resume(known, file, encoding)
    if mark is None:
        logger.warning("%s: is not the file that was read before; it is read again", file.name)
        return Mark(stamp)
    if mark.done:
        marks[file.name] = {**known, **stamp}
        return None
    return mark


def _follow_rename(
    file: SourceFile, stamp: dict[str, int | str], marks: dict[str, Any], gone: set[str], encoding: str
) -> None:
    """Give the mark of a file that is gone to the file that has its bytes."""
    for old in sorted(gone):
        known = marks[old]
        if known["done"] and known.get("size") == stamp.get("size"):
            mark = resume(known, file, encoding)
            if mark is not None and mark.done:
                logger.info("%s: was read as %s", file.name, old)
                marks[file.name] = {**marks.pop(old), **stamp}
                gone.discard(old)
                return
