"""Globs: which files of a folder, or which keys of a bucket, a pattern names.

As in a shell `*`, `?` and `[...]` stay within one name, `**` goes into folders, and names that begin with a dot are
meant only by a pattern that begins with one. Two things differ from Python's glob module: a folder that cannot be
listed is an error, because its rows would be missing without a word; and `**` enters each folder once, however many
links lead to it, else one link upwards gives every row forty times and two of them never end.
"""

from __future__ import annotations

import errno
import fnmatch
import logging
import os
import re
import stat
from collections.abc import Callable, Iterator

from tap_csv_extract.errors import SourceError

logger = logging.getLogger("tap-csv-extract")

GLOB_MARKS = ("*", "?", "[")


def is_glob(path: str) -> bool:
    """Whether the path has marks of a glob."""
    return any(mark in path for mark in GLOB_MARKS)


def find(pattern: str) -> Iterator[str]:
    """Yield the files that a pattern names, in no order; a file to which links lead may come by several names."""
    root = "/" if pattern.startswith("/") else ""
    yield from _find(root, [part for part in pattern.split("/") if part])


def files_of(folder: str) -> Iterator[str]:
    """Yield the files of a folder; names that begin with `.` or `_` are left out."""
    for entry in _entries(folder):
        if entry.name[0] not in "._" and _is_file(entry.path):
            yield entry.path


def _find(folder: str, parts: list[str]) -> Iterator[str]:
    part, rest = parts[0], parts[1:]
    if part == "**":
        for inner in _folders_below(folder):
            yield from _find(inner, rest or ["*"])
        return
    for name in _names(folder, part):
        path = os.path.join(folder, name)
        if rest and _is(stat.S_ISDIR, path):
            yield from _find(path, rest)
        elif not rest and _is_file(path):
            yield path


def _names(folder: str, part: str) -> list[str]:
    """The names in a folder that one part of a pattern means."""
    if not is_glob(part):
        return [part]
    fits = re.compile(fnmatch.translate(part)).match
    return [entry.name for entry in _entries(folder) if fits(entry.name) and (part[0] == "." or entry.name[0] != ".")]


def _folders_below(folder: str) -> Iterator[str]:
    """The folder and all below it, each once: those that are no links first, so that they keep their own names."""
    seen, folders, links = set(), [folder], list[str]()
    while folders or links:
        path = folders.pop() if folders else links.pop(0)
        status = os.stat(path or ".")
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        yield path
        for entry in sorted(_entries(path), key=lambda entry: entry.name, reverse=True):
            if entry.name[0] != "." and _is(stat.S_ISDIR, entry.path):
                (links if entry.is_symlink() else folders).append(os.path.join(path, entry.name))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder or ".") as entries:
            return list(entries)
    except OSError as error:
        raise SourceError(
            f"{folder or '.'}: cannot be listed: {error.strerror}; allow it to be read, or name the others in 'path'",
            code="CSV-SRC-OPEN",
        ) from error


def _is_file(path: str) -> bool:
    if not os.path.exists(path) and os.path.islink(path):
        logger.warning("%s: is a link that leads nowhere; it is left out", path)
    return _is(stat.S_ISREG, path)


def _is(kind: Callable[[int], bool], path: str) -> bool:
    """Whether there is something of this kind; a link that leads nowhere is nothing."""
    try:
        return kind(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link to itself
            return False
        raise SourceError(
            f"{path}: cannot be looked at: {error.strerror}; correct its rights or 'path'", code="CSV-SRC-OPEN"
        ) from error


def matches(path: str, file: str) -> bool:
    """Whether a file, of which only its name is known, would be one of those that `path` names."""
    place, name = os.path.realpath(os.path.dirname(os.path.abspath(file))), os.path.basename(file)
    if os.path.isdir(path):
        return os.path.realpath(path) == place and name[:1] not in (".", "_")
    fixed = path.split("/")
    below = next((number for number, part in enumerate(fixed) if is_glob(part)), len(fixed))
    folder = os.path.realpath("/".join(fixed[:below]) or ("/" if path.startswith("/") else "."))
    return is_glob(path) and bool(
        matcher("/".join([re.sub(r"([*?\[])", r"[\1]", folder), *fixed[below:]]))(f"{place}/{name}")
    )


def matcher(pattern: str) -> Callable[[str], object]:
    """The pattern as a test of whole keys of a bucket."""
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    text = ""
    for part in re.findall(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", pattern, re.DOTALL):
        if part in words:
            text += words[part]
        elif len(part) > 1:
            text += "[^" + part[2:] if part[1] == "!" else part
        else:
            text += re.escape(part)
    return re.compile(text, re.DOTALL).fullmatch
