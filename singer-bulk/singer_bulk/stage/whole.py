"""Are staged files what they were when they were staged? Their last bytes have the checksum of their rows."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from singer_bulk.errors import StageError
from singer_bulk.model.load import StagedFile
from singer_bulk.model.runtime import Runtime
from singer_bulk.stage.base import Stage

LOOKS_AT_ONCE = 8
NAMED_FILES = 3
_TRAILER = struct.Struct("<II")  # RFC 1952: CRC-32 and length of the rows


def demand_whole(stage: Stage, runtime: Runtime, files: Sequence[StagedFile]) -> None:
    """Raise StageError unless each file is there, as it was staged."""
    found = [_problem(stage, file) for file in files[:1]]  # which makes the client that the threads share
    with runtime.threads(LOOKS_AT_ONCE, "look") as threads:
        looks = [threads.submit(_problem, stage, file) for file in files[1:]]
    problems = [problem for problem in [*found, *(look.result() for look in looks)] if problem]
    if problems:
        more = f" and {len(problems) - NAMED_FILES} more" if len(problems) > NAMED_FILES else ""
        raise StageError(
            f"{len(problems)} of {len(files)} files are not as they were staged: "
            f"{'; '.join(problems[:NAMED_FILES])}{more}; nothing was loaded. Restore them (from a version of the "
            "bucket, or a copy), or let the tap send the records again",
            code="STAGE-MISSING",
        )


def _problem(stage: Stage, file: StagedFile) -> str | None:
    """Return what is wrong with a file."""
    where = stage.url(file.key)
    try:
        byte_count, end = stage.end_of(file.key, _TRAILER.size)
    except StageError as error:
        if error.code != "STAGE-MISSING":
            raise
        return f"{where} is gone"
    if byte_count != file.byte_count:
        return f"{where} has {byte_count} bytes, {file.byte_count} were staged"
    return None if _TRAILER.unpack(end)[0] == file.checksum else f"{where} has other rows"
