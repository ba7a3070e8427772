"""Where the files are: paths, globs, directories and archives become a list of files in order of name.

A file is opened as raw bytes; `decode.py` unpacks and decodes them. Order is the order of names, so change files
that carry a date or a number in their name are read in the order in which they happened.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, Protocol

from tap_csv_extract.archives import members_of
from tap_csv_extract.errors import ConfigError, SourceError
from tap_csv_extract.globs import files_of, find, is_glob, matches
from tap_csv_extract.pipes import STANDARD_INPUT, pipe
from tap_csv_extract.source_file import SourceFile


@dataclass(frozen=True)
class LocalFile:
    """A file on this machine."""

    name: str
    tracked: ClassVar[bool] = True

    @property
    def path(self) -> str:
        return self.name

    def stamp(self) -> dict[str, int | str]:
        try:
            status = os.stat(self.name)
        except OSError as error:
            raise SourceError(
                f"{self.name}: was listed and cannot be read: {error.strerror}; run again", code="CSV-SRC-CHANGED"
            ) from error
        return {"size": status.st_size, "modified": status.st_mtime_ns, "changed": status.st_ctime_ns}

    def open(self) -> BinaryIO:
        try:
            return open(self.name, "rb")
        except OSError as error:
            raise SourceError(f"{self.name}: cannot be opened: {error.strerror}", code="CSV-SRC-OPEN") from error


def list_files(paths: Iterable[str], s3: S3 | None = None) -> list[SourceFile]:
    """List the files of one stream, each once however its path is spelt, in order of name.

    Where symbolic links lead to a file that is named without them too, it keeps that name: a link may lead elsewhere
    tomorrow. Raises ConfigError for a path without a file, because a stream that is empty by a misspelt path would go
    unseen. A glob or a directory may be empty: files may come later.
    """
    found: dict[str, list[SourceFile]] = {}
    for path in paths:
        for file in _expand(path, s3):
            found.setdefault(_place(file), []).append(file)
    files = [min(names, key=_by_own_name) for names in found.values()]
    return sorted(files, key=lambda file: file.name)


def names_rejects(paths: Iterable[str], files: Iterable[SourceFile], rejects: str) -> bool:
    """Whether a reject file is one of these files, by whatever name or link, or would be once it is written."""
    if os.path.exists(rejects):
        return any(os.path.exists(path) and os.path.samefile(path, rejects) for path in {file.path for file in files})
    return any(matches(path.removeprefix("file://"), rejects) for path in paths if not path.startswith("s3://"))


def _by_own_name(file: SourceFile) -> tuple[bool, bool, str]:
    return _place(file) != os.path.abspath(file.name), os.path.islink(file.path), file.name


def _place(file: SourceFile) -> str:
    """Where a file or a member of an archive is, whatever links lead to it."""
    if file.name.startswith("s3://"):
        return file.name
    return os.path.realpath(file.path) + file.name[len(file.path) :]


def _expand(path: str, s3: S3 | None) -> list[SourceFile]:
    if path == "-":
        return [STANDARD_INPUT]
    if path.startswith("s3://"):
        assert s3 is not None
        return [member for file in s3.list_files(path) for member in members_of(file)]
    path = path.removeprefix("file://")
    if is_glob(path) and not os.path.exists(path):
        names = list(find(path))
    elif os.path.isdir(path):
        names = list(files_of(path))
    elif os.path.isfile(path):
        names = [path]
    elif os.path.exists(path):
        return [pipe(path)]
    else:
        raise ConfigError(
            f"path {path!r}: no such file or directory; correct 'path' or write a glob", code="CSV-CFG-PATH"
        )
    for name in names:
        if not _is_text(name):
            raise SourceError(
                f"{os.fsencode(name)!r}: the name is no UTF-8, so STATE cannot hold it; rename the file",
                code="CSV-SRC-NAME",
            )
    return [member for name in names for member in members_of(LocalFile(name))]


def _is_text(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


class S3(Protocol):
    """Lists objects; `s3.py` has the real one."""

    def list_files(self, path: str) -> list[SourceFile]:
        """List the objects of `s3://bucket/key`, a glob, or a prefix that ends with a slash."""
