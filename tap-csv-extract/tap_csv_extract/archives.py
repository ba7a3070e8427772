"""Zip archives: every member is a file. The list of members is read once for all of them."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar, cast

from tap_csv_extract.errors import SourceError
from tap_csv_extract.source_file import SourceFile


class Archive:
    """An archive that is open while its members are read; only the last one used stays open meanwhile.

    Reading the list of 20,000 members takes a third of a second; for each member anew it would take hours.
    """

    _last: ClassVar[Archive | None] = None

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self._raw: BinaryIO | None = None
        self._zip: zipfile.ZipFile | None = None
        self._readers = 0

    def members(self) -> list[zipfile.ZipInfo]:
        """The members that are files."""
        try:
            return [info for info in self._opened().infolist() if not info.is_dir()]
        except zipfile.BadZipFile as error:
            raise SourceError(
                f"{self.file.name}: is called a zip archive and is none: {error}", code="CSV-SRC-BROKEN"
            ) from error

    def open(self, member: zipfile.ZipInfo) -> BinaryIO:
        """Open a member; the archive stays open until its reader is closed, and for the next one."""
        opened = self._opened()
        self._readers += 1
        try:
            return cast("BinaryIO", io.BufferedReader(_MemberReader(self, opened.open(member))))
        except BaseException:
            self.leave()
            raise

    def fileno(self) -> int:
        """The open file, to be watched."""
        assert self._raw is not None
        return self._raw.fileno()

    def leave(self) -> None:
        """A reader is done."""
        self._readers -= 1
        if Archive._last is not self:
            self._close_unless_read()

    def _opened(self) -> zipfile.ZipFile:
        last, Archive._last = Archive._last, self
        if last is not None and last is not self:
            last._close_unless_read()
        if self._zip is None:
            raw = self.file.open()
            try:
                self._zip, self._raw = zipfile.ZipFile(raw), raw
            except BaseException:
                raw.close()
                raise
        return self._zip

    def _close_unless_read(self) -> None:
        if self._readers == 0 and self._zip is not None and self._raw is not None:
            self._zip.close()
            self._raw.close()
            self._zip = self._raw = None

    def __del__(self) -> None:
        """The last archive of a run is closed with the list of its members."""
        self._readers = 0
        self._close_unless_read()


@dataclass(frozen=True)
class ZipMember:
    """One file inside a zip archive; its name is `archive!member`."""

    archive: Archive
    member: zipfile.ZipInfo
    tracked: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return f"{self.archive.file.name}!{self.member.filename}"

    @property
    def path(self) -> str:
        return self.archive.file.path

    def stamp(self) -> dict[str, int | str]:
        return {"size": self.member.file_size, "zip_crc32": self.member.CRC}

    def open(self) -> BinaryIO:
        try:
            return self.archive.open(self.member)
        except RuntimeError as error:  # encrypted, or a method that Python does not know
            raise SourceError(f"{self.name}: cannot be unpacked: {error}", code="CSV-SRC-FORMAT") from error
        except zipfile.BadZipFile as error:
            raise SourceError(f"{self.name}: cannot be unpacked: {error}", code="CSV-SRC-BROKEN") from error


class _MemberReader(io.RawIOBase):
    """Reads one member."""

    def __init__(self, archive: Archive, member: Any) -> None:
        self._archive, self._member = archive, member

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._archive.fileno()

    def readinto(self, buffer: Any) -> int:
        data = self._member.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._member.seek(offset, whence))

    def tell(self) -> int:
        return int(self._member.tell())

    def close(self) -> None:
        if not self.closed:
            self._member.close()
            self._archive.leave()
        super().close()


def members_of(file: SourceFile) -> list[SourceFile]:
    """The members of a zip archive, or the file itself."""
    if not file.name.lower().endswith(".zip"):
        return [file]
    archive = Archive(file)
    members = archive.members()
    names = [member.filename for member in members]
    if "[Content_Types].xml" in names:
        raise SourceError(
            f"{file.name}: is an Excel workbook or another Office document; export it as CSV", code="CSV-SRC-FORMAT"
        )
    for name, count in Counter(names).items():
        if count > 1:
            raise SourceError(
                f"{file.name}: has {count} members called {name!r}; pack them under names of their own",
                code="CSV-SRC-MEMBERS",
            )
    return [ZipMember(archive, member) for member in members if not _is_hidden(member.filename)]


def _is_hidden(member: str) -> bool:
    """Whether a member is none of the data: what macOS adds, and names that begin with a dot."""
    return member.startswith("__MACOSX/") or any(part[:1] == "." for part in member.split("/") if part != "..")
