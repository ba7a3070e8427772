"""Secrets that are near: in a variable of the environment, or in a file as containers mount them.

The targets' library and the tap have the same file (docs/decisions/0008-settings-declared-once.md).
"""

from __future__ import annotations

import os

from tap_csv_extract.held import Found, NotResolved

# A larger file is no secret; what it is instead, a device among others, may have no end.
MAX_FILE_BYTES = 1 << 20


def read_variable(name: str) -> Found:
    """Return what a variable of the environment holds."""
    text = os.environ.get(name)
    if text is None:
        raise NotResolved("which is not set", "set the variable for this process")
    return Found(text)


def read_file(path: str) -> Found:
    """Return what a file holds, without the line ends that an editor leaves at its end."""
    try:
        with open(os.path.expanduser(path), "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise NotResolved(f"which cannot be read: {reason}", "correct the path, or let this user read it") from None
    if len(content) > MAX_FILE_BYTES:
        raise NotResolved(f"which is larger than {MAX_FILE_BYTES} bytes", "name the file of the secret alone")
    try:
        return Found(content.decode("utf-8-sig").rstrip("\r\n"))
    except UnicodeDecodeError:
        raise NotResolved("which is no UTF-8", "write the secret as UTF-8") from None
